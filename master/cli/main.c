/* `sonata`: the client. commands.def lists its commands, one file per command (cmd_*.c). */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/manual.h"
#include "base/text.h"

static int unknown_command(const char *name)
{
    const char *candidate[64];
    size_t n = 0;
    for (const struct command *c = command_table; c->name && n < 64; c++)
        candidate[n++] = c->name;
    const char *near = nearest_word(name, candidate, n);
    if (name[0] == '-')
        fprintf(stderr, "sonata: the command comes first: sonata COMMAND %s …; `sonata --help` lists them\n", name);
    else if (near)
        fprintf(stderr, "sonata: no command '%s': did you mean '%s'?\n", name, near);
    else
        fprintf(stderr, "sonata: no command '%s'; `sonata --help` lists them\n", name);
    return CLI_USAGE;
}

/* What is asked without a command; false: there is one. */
static bool answer(int argc, char **argv)
{
    const char *word = argv[1];
    if (!strcmp(word, "--help") || !strcmp(word, "-h") || (!strcmp(word, "help") && argc == 2))
        manual_usage(stdout);
    else if (!strcmp(word, "--version") && argc > 2 && !strcmp(argv[2], "--json"))
        puts("{\"sonata\": \"" SONATA_VERSION "\", \"json\": " JSON_VERSION "}");
    else if (!strcmp(word, "--version"))
        puts("sonata " SONATA_VERSION);
    else if (!strcmp(word, "--man"))
        manual_page(stdout);
    else if (!strcmp(word, "--complete"))
        complete(argc - 2, argv + 2);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        manual_usage(stderr);
        return CLI_USAGE;
    }
    if (answer(argc, argv))
        return CLI_OK;
    static char help[] = "--help";
    if (!strcmp(argv[1], "help")) { /* sonata help run = sonata run --help */
        argv[1] = argv[2];
        argv[2] = help;
    }
    const struct command *c = command_of(argv[1]);
    return c ? c->run(c, argc - 1, argv + 1) : unknown_command(argv[1]);
}
