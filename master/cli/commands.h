/* The commands of `sonata`: commands.def as a table. */
#ifndef SONATA_CLI_COMMANDS_H
#define SONATA_CLI_COMMANDS_H

#include "conf/options.h"

enum command_takes { TAKES_NOTHING, TAKES_FILE, TAKES_SEARCH, TAKES_BOARD };

struct command {
    const char *name, *arguments, *summary, *text;
    const struct option_def *options; /* empty: it is the program sonata-NAME, which has its own */
    enum command_takes takes;
    const char *words; /* "list|new", NULL: none */
    int least, most;   /* arguments */
    int (*run)(const struct command *self, int argc, char **argv);
};

/* All commands in the order of the help, ended by a NULL name. */
extern const struct command command_table[];
/* The command of that name, or NULL. */
const struct command *command_of(const char *name);

/* cmd_NAME(self, argc, argv) runs a command; argv[0] is its name. Returns the exit code (enum cli_exit). */
#define COMMAND(name, ...) int cmd_##name(const struct command *self, int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* Option tables; several commands may share one. An empty one: the program sonata-NAME has its own. */
#define COMMAND(name, options, ...) extern const struct option_def options##_options[];
#include "cli/commands.def"
#undef COMMAND

#endif
