/* What the commands of `sonata` share: exit codes, common options, help, messages to the user. */
#ifndef SONATA_CLI_CLI_H
#define SONATA_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "conf/options.h"

/* Version of what --json prints (docs/JSON.md): goes up when a member is taken away or means something else. */
#define JSON_VERSION "1"

/* Exit codes, documented in sonata(1). */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILURE = 1,   /* something went wrong; stderr says what */
    CLI_USAGE = 2,     /* wrong command line, or a search or space file with a mistake */
    CLI_NOT_FOUND = 3, /* no such search, individual or file */
    CLI_NO_SERVER = 4, /* no master answers */
    CLI_REFUSED = 5,   /* the master, or the state on disk, does not allow it */
    CLI_INTERRUPTED = 130
};

/* First member of every command's settings. */
struct cli_common {
    const char *server;           /* endpoint of a master's client port */
    const char *state;            /* state folder of `sonata run`, instead of a server */
    const char *key, *server_key; /* CURVE: file with our key pair, the server's public key as Z85 text */
    int64_t patience_ns;
    bool json, help;
};

/* Entries of an option table for struct cli_common at the start of `type`. */
#define CLI_HELP_OPTION(settings_type)                                                                                                               \
    {                                                                                                                                                \
        .name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = offsetof(settings_type, common.help), .help = "Show this text."                \
    }
#define CLI_JSON_OPTION(settings_type)                                                                                                               \
    {                                                                                                                                                \
        .name = "json", .type = OPTION_FLAG, .offset = offsetof(settings_type, common.json),                                                         \
        .help = "Print JSON for programs instead of text for people."                                                                                \
    }
/* How a master is reached: also what the configuration file may hold. */
#define CLI_MASTER_OPTIONS(settings_type)                                                                                                            \
    {.name = "server",                                                                                                                               \
     .type = OPTION_TEXT,                                                                                                                            \
     .offset = offsetof(settings_type, common.server),                                                                                               \
     .argument = "ENDPOINT",                                                                                                                         \
     .help = "Client port of the master; also $SONATA_SERVER and ~/.config/sonata/client.yaml.",                                                     \
     .standard = CLI_DEFAULT_SERVER},                                                                                                                \
        {.name = "key",                                                                                                                              \
         .type = OPTION_TEXT,                                                                                                                        \
         .offset = offsetof(settings_type, common.key),                                                                                              \
         .argument = "FILE",                                                                                                                         \
         .help = "Key file made by `sonata keys new` (or the master's admin.key); also $SONATA_KEY."},                                               \
        {.name = "server-key",                                                                                                                       \
         .type = OPTION_TEXT,                                                                                                                        \
         .offset = offsetof(settings_type, common.server_key),                                                                                       \
         .argument = "KEY",                                                                                                                          \
         .help = "The master's public key instead of the one in the key file."},                                                                     \
    {                                                                                                                                                \
        .name = "patience", .type = OPTION_DURATION, .offset = offsetof(settings_type, common.patience_ns), .argument = "TIME",                      \
        .help = "How long to wait for an answer (default: 10s). When given, also for a master that is not there yet.", .min = 0.1, .max = 86400      \
    }
#define CLI_SERVER_OPTIONS(settings_type)                                                                                                            \
    CLI_MASTER_OPTIONS(settings_type),                                                                                                               \
    {                                                                                                                                                \
        .name = "state", .letter = 's', .type = OPTION_TEXT, .offset = offsetof(settings_type, common.state), .argument = "DIR",                     \
        .help = "A state folder of `sonata run` instead of a server."                                                                                \
    }

#define CLI_DEFAULT_SERVER "tcp://127.0.0.1:7102"

struct command;

/* The file of --server, --key … for every command: $XDG_CONFIG_HOME/sonata/client.yaml, ~/.config without that, or what $SONATA_CLIENT_CONFIG names.
 * A relative key file is beside it. 0, also when there is no such file, or -EINVAL and others with file and line. */
int cli_config_read(struct cli_common *common, struct sonata_error *err) SONATA_MUST_CHECK;

/* The options of a command that has nothing beyond the common ones: server, state, key, JSON. */
extern const struct option_def plain_options[];

/* Fills the settings, which begin with a struct cli_common, from the command's option table: defaults, the configuration file, environment
 * (SONATA_SERVER …), then flags. --help and --man are answered here. False: leave with *ret_exit. *ret_rest indexes the first argument that is not an
 * option. */
bool command_begin(const struct command *self, void *settings, int argc, char **argv, int *ret_rest, int *ret_exit);

/* "sonata list: reason" on stderr; returns code. */
int command_fail(const struct command *self, int code, const char *format, ...) SONATA_PRINTF(3, 4);
/* The exit code for a negative errno. */
int exit_of(int error);

/* Writes to stdout when path is NULL or "-", else atomically to the file. */
int write_output(const char *path, const void *data, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;

/* Up to 4 significant digits for people: "93.21", "0.04123", "1.2e+07" into text[24]. */
void format_value(double v, char text[24]);

#endif
