/* sonata bench, sonata supernet: hand over to sonata-bench and sonata-supernet, which are programs of their own (a client needs neither the search
 * core nor OpenBLAS). The one beside this program is taken before one of the PATH, so that versions stay together. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"

enum { PATH_BYTES = 1200 };

const struct option_def no_options[] = {{0}};

/* Returns only when the program could not be started. */
static int hand_over(const struct command *self, char **argv)
{
    char program[64], path[PATH_BYTES];
    snprintf(program, sizeof program, "sonata-%s", self->name);
    argv[0] = program;
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof program - 1);
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash) {
        memcpy(slash + 1, program, strlen(program) + 1);
        execv(path, argv);
    }
    execvp(program, argv);
    return command_fail(self, CLI_FAILURE, "cannot start %s: %s; it is installed with `sonata`", program, strerror(errno));
}

int cmd_bench(const struct command *self, int argc, char **argv)
{
    (void)argc;
    return hand_over(self, argv);
}

int cmd_supernet(const struct command *self, int argc, char **argv)
{
    (void)argc;
    return hand_over(self, argv);
}
