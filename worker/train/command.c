/* See command.h. */
#include "train/command.h"

#include <stdio.h>

int train_fail(const struct sonata_error *err)
{
    fprintf(stderr, "sonata-supernet: %s\n", err->text);
    return 1;
}

int command_options(const struct option_def *table, const char *usage, int argc, char **argv, void *settings, int *ret_rest)
{
    struct sonata_error err = {{0}};
    options_defaults(table, settings);
    if (options_environment(table, "SONATA_SUPERNET", settings, &err) || options_parse(table, argc, argv, settings, ret_rest, &err)) {
        train_fail(&err);
        return 2;
    }
    const bool *first = settings;
    if (first[0]) {
        printf("usage: sonata-supernet %s\n\n", usage);
        options_help(table, stdout);
        return 0;
    }
    if (first[1]) {
        puts("sonata-supernet " SONATA_VERSION);
        return 0;
    }
    return -1;
}
