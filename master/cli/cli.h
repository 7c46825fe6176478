/* What the commands of `sonata` share: exit codes, common options, help, messages to the user. */
#ifndef SONATA_CLI_CLI_H
#define SONATA_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/options.h"

/* Exit codes, documented in sonata(1). */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILURE = 1,    /* something went wrong; stderr says what */
    CLI_USAGE = 2,      /* wrong command line, or a search or space file with a mistake */
    CLI_NOT_FOUND = 3,  /* no such search, individual or file */
    CLI_NO_SERVER = 4,  /* no master answers */
    CLI_REFUSED = 5,    /* the master, or the state on disk, does not allow it */
    CLI_INTERRUPTED = 130
};

/* First member of every command's settings. */
struct cli_common {
    const char *server; /* endpoint of a master's client port */
    const char *state;  /* state folder of `sonata run`, instead of a server */
    const char *key, *server_key; /* CURVE: file with our key pair, the server's public key as Z85 text */
    int64_t patience_ns;
    bool json, help;
};

/* Entries of an option table for struct cli_common at the start of `type`. */
#define CLI_HELP_OPTION(settings_type) \
    {.name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = offsetof(settings_type, common.help), .help = "Show this text."}
#define CLI_JSON_OPTION(settings_type) \
    {.name = "json", .type = OPTION_FLAG, .offset = offsetof(settings_type, common.json), .help = "Print JSON for programs instead of text for people."}
#define CLI_SERVER_OPTIONS(settings_type) \
    {.name = "server", .type = OPTION_TEXT, .offset = offsetof(settings_type, common.server), .argument = "ENDPOINT", \
     .help = "Client port of the master; also $SONATA_SERVER.", .standard = CLI_DEFAULT_SERVER}, \
    {.name = "state", .letter = 's', .type = OPTION_TEXT, .offset = offsetof(settings_type, common.state), .argument = "DIR", \
     .help = "A state folder of `sonata run` instead of a server."}, \
    {.name = "key", .type = OPTION_TEXT, .offset = offsetof(settings_type, common.key), .argument = "FILE", \
     .help = "Key file made by `sonata keys new` (or the master's admin.key); also $SONATA_KEY."}, \
    {.name = "server-key", .type = OPTION_TEXT, .offset = offsetof(settings_type, common.server_key), .argument = "KEY", \
     .help = "The master's public key instead of the one in the key file."}, \
    {.name = "patience", .type = OPTION_DURATION, .offset = offsetof(settings_type, common.patience_ns), .argument = "TIME", \
     .help = "How long to wait for an answer.", .standard = "10s", .min = 0.1, .max = 86400}

#define CLI_DEFAULT_SERVER "tcp://127.0.0.1:7102"

/* One command. `text` is the body of its --help: what it does, in a few lines. */
struct command {
    const char *name, *arguments, *summary, *text;
    int (*run)(const struct command *self, int argc, char **argv);
};

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);
/* All commands, ended by a NULL name. */
extern const struct command command_table[];

/* Defaults, environment (SONATA_SERVER …), then flags; --help is answered here. False: leave with *ret_exit. *ret_rest indexes the first argument that is
 * not an option; there must be min_args .. max_args of them. */
bool command_begin(const struct command *self, const struct option_def *table, void *settings, int argc, char **argv, int min_args, int max_args,
                   int *ret_rest, int *ret_exit);

/* "sonata list: reason" on stderr; returns code. */
int command_fail(const struct command *self, int code, const char *format, ...) SONATA_PRINTF(3, 4);
/* The exit code for a negative errno. */
int exit_of(int error);

/* Writes to stdout when path is NULL or "-", else atomically to the file. */
int write_output(const char *path, const void *data, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;

/* "1h02m", "3m05s", "12s", "0.4s" into text[16]. */
void format_duration(int64_t ns, char text[16]);
/* Up to 4 significant digits for people: "93.21", "0.04123", "1.2e+07" into text[24]. */
void format_value(double v, char text[24]);

#define COMMAND(name) int cmd_##name(const struct command *self, int argc, char **argv)
COMMAND(init);
COMMAND(check);
COMMAND(run);
COMMAND(submit);
COMMAND(list);
COMMAND(show);
COMMAND(watch);
COMMAND(front);
COMMAND(export);
COMMAND(report);
COMMAND(pause);
COMMAND(resume);
COMMAND(cancel);
COMMAND(extend);
COMMAND(retry);
COMMAND(fork);
COMMAND(priority);
COMMAND(boards);
COMMAND(board);
COMMAND(bench);
COMMAND(supernet);
COMMAND(keys);
COMMAND(teams);
COMMAND(uploads);
COMMAND(audit);
COMMAND(replay);
COMMAND(backup);
#undef COMMAND

#endif
