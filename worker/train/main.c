/* sonata-supernet: trains weight-sharing networks and measures their sub-networks. `sonata supernet …` runs this program. */
#include <stdio.h>
#include <string.h>

#include "train/command.h"

static void usage(FILE *out)
{
    fputs("usage: sonata-supernet train [options] OUTPUT   train a supernet and write it as safetensors\n"
          "       sonata-supernet eval [options] SUPERNET  accuracy of its sub-networks on the test set\n"
          "       sonata-supernet import [options] FILE    weights that PyTorch saved as a supernet\n"
          "       sonata-supernet train|eval|import --help       the options\n"
          "       sonata-supernet --version\n",
          out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (!strcmp(argv[1], "train"))
        return command_train(argc - 1, argv + 1);
    if (!strcmp(argv[1], "eval"))
        return command_eval(argc - 1, argv + 1);
    if (!strcmp(argv[1], "import"))
        return command_import(argc - 1, argv + 1);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        usage(stdout);
        return 0;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("sonata-supernet " SONATA_VERSION);
        return 0;
    }
    fprintf(stderr, "sonata-supernet: '%s' is not a command; 'train', 'eval' and 'import' are\n", argv[1]);
    return 2;
}
