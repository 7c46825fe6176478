/* See cli.h: option parsing, help and messages that are the same for every command. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/manual.h"

struct plain_settings {
    struct cli_common common;
};

const struct option_def plain_options[] = {
    CLI_SERVER_OPTIONS(struct plain_settings),
    CLI_JSON_OPTION(struct plain_settings),
    CLI_HELP_OPTION(struct plain_settings),
    {0},
};

static bool asks_a_master(const struct option_def *table)
{
    for (const struct option_def *d = table; d->name; d++) {
        if (!strcmp(d->name, "server"))
            return true;
    }
    return false;
}

static int read_settings(const struct command *self, void *settings, int argc, char **argv, int *ret_rest, struct sonata_error *err)
{
    options_defaults(self->options, settings);
    int r = asks_a_master(self->options) ? cli_config_read(settings, err) : 0; /* the common options come first, by contract */
    if (!r)
        r = options_environment(self->options, "SONATA", settings, err);
    return r ? r : options_parse(self->options, argc, argv, settings, ret_rest, err);
}

bool command_begin(const struct command *self, void *settings, int argc, char **argv, int *ret_rest, int *ret_exit)
{
    struct sonata_error err = {{0}};
    const struct cli_common *common = settings;
    *ret_exit = CLI_OK;
    if (argc == 2 && !strcmp(argv[1], "--man")) {
        manual_command_page(self, stdout);
        return false;
    }
    if (read_settings(self, settings, argc, argv, ret_rest, &err)) {
        *ret_exit = command_fail(self, CLI_USAGE, "%s", err.text);
        return false;
    }
    if (common->help) {
        manual_help(self, stdout);
        return false;
    }
    int n = argc - *ret_rest;
    if (n >= self->least && n <= self->most)
        return true;
    const char *what = n < self->least ? "an argument is missing" : "too many arguments";
    *ret_exit = command_fail(self, CLI_USAGE, "%s; usage: sonata %s %s", what, self->name, self->arguments);
    return false;
}

int command_fail(const struct command *self, int code, const char *format, ...)
{
    va_list args;
    fflush(stdout);
    fprintf(stderr, "sonata %s: ", self->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

int exit_of(int error)
{
    switch (error) {
    case 0:
        return CLI_OK;
    case -ENOENT:
        return CLI_NOT_FOUND;
    case -EINVAL:
    case -ENAMETOOLONG:
        return CLI_USAGE;
    case -ETIMEDOUT:
    case -ECONNREFUSED:
        return CLI_NO_SERVER;
    case -EBUSY:
    case -EDQUOT:
    case -EPERM:
    case -EACCES:
    case -EKEYREJECTED:
    case -EEXIST:
    case -EALREADY:
        return CLI_REFUSED;
    case -EINTR:
        return CLI_INTERRUPTED;
    default:
        return CLI_FAILURE;
    }
}

int write_output(const char *path, const void *data, size_t n, struct sonata_error *err)
{
    if (path && strcmp(path, "-"))
        return file_write_atomic(path, data, n, err);
    if (fwrite(data, 1, n, stdout) != n || fflush(stdout))
        return sonata_error_set(err, -EIO, "standard output: %s", strerror(errno));
    return 0;
}

void format_value(double v, char text[24])
{
    double a = fabs(v);
    if (isnan(v))
        snprintf(text, 24, "-");
    else if (a >= 1e7 || (a > 0 && a < 1e-4))
        snprintf(text, 24, "%.3g", v);
    else if (v == nearbyint(v) && a < 1e7)
        snprintf(text, 24, "%.0f", v);
    else if (a >= 100)
        snprintf(text, 24, "%.1f", v);
    else if (a >= 10)
        snprintf(text, 24, "%.2f", v);
    else
        snprintf(text, 24, "%.4g", v);
}
