/* The commands of sonata-supernet. Exit status: 0 done, 1 failed (reason on stderr), 2 wrong usage. */
#ifndef SONATA_TRAIN_COMMAND_H
#define SONATA_TRAIN_COMMAND_H

#include "base/error.h"
#include "conf/options.h"
#include "domain/space.h"

/* argv[0] is the command's name. */
int command_train(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_import(int argc, char **argv);

/* Shared by the commands: reads options into settings (environment SONATA_SUPERNET_…, then flags) and handles --help and --version, which must be the
 * first two entries of `table` and stand for bools at the start of settings. Returns -1 to go on, else the exit status. *ret_rest: first operand. */
int command_options(const struct option_def *table, const char *usage, int argc, char **argv, void *settings, int *ret_rest);
/* "sonata-supernet: reason" on stderr; returns 1. */
int train_fail(const struct sonata_error *err);

#endif
