/* sonata report: the HTML page of a search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/finish.h"
#include "cli/session.h"

struct settings {
    struct cli_common common;
    const char *output;
};

const struct option_def report_options[] = {
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, output),
     .argument = "FILE",
     .help = "Where to write (- is standard output).",
     .standard = "report.html"},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

int cmd_report(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_free struct collection *c = xcalloc(1, sizeof *c);
    uint64_t id = 0;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = session_find_search(session, rest < argc ? argv[rest] : NULL, &id, &err);
    if (!r)
        r = collect(session, id, c, &err);
    if (!r)
        r = write_report(c, s.output, &err);
    collection_fini(c);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (strcmp(s.output, "-"))
        printf("%s written\n", s.output);
    return CLI_OK;
}
