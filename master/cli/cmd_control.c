/* sonata pause, resume, cancel, extend, priority: one request each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "domain/spec.h"

struct settings {
    struct cli_common common;
};

static bool parse_priority(const char *text, int32_t *ret_priority)
{
    bool minus = text[0] == '-';
    uint64_t n;
    if (parse_u64(text + minus, 0, SPEC_PRIORITY_MAX, &n))
        return false;
    *ret_priority = minus ? -(int32_t)n : (int32_t)n;
    return true;
}

/* With --state there is one search, so SEARCH may be left out. */
static int control(const struct command *self, const struct settings *s, const char *search, uint32_t evaluations, int32_t priority)
{
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_results struct results *results = NULL;
    uint64_t id = 0;
    int r = session_open_common(&s->common, &session, &err);
    if (!r)
        r = session_find_search(session, search, &id, &err);
    if (!r)
        r = session_control(session, id, self->name, evaluations, priority, &err);
    if (!r)
        r = results_fetch_status(session, id, &results, &err);
    if (r) /* the command line was right; it is the master that does not allow it */
        return command_fail(self, r == -EINVAL ? CLI_REFUSED : exit_of(r), "%s", err.text);
    if (s->common.json)
        return json_print(json_status(&results->status));
    printf("search %llu (%s): %s, %u/%u evaluations\n", (unsigned long long)id, results->status.name, results->status.state, results->status.told,
           results->status.budget);
    return CLI_OK;
}

static int control_without_number(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    if (rest == argc && !s.common.state)
        return command_fail(self, CLI_USAGE, "which search? give its number or name, or --state DIR; usage: sonata %s %s", self->name,
                            self->arguments);
    return control(self, &s, rest < argc ? argv[rest] : NULL, 0, 0);
}

int cmd_pause(const struct command *self, int argc, char **argv)
{
    return control_without_number(self, argc, argv);
}

int cmd_resume(const struct command *self, int argc, char **argv)
{
    return control_without_number(self, argc, argv);
}

int cmd_cancel(const struct command *self, int argc, char **argv)
{
    return control_without_number(self, argc, argv);
}

int cmd_extend(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    uint64_t n;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    if (parse_u64(argv[rest + 1], 1, SPEC_EVALUATIONS_MAX, &n))
        return command_fail(self, CLI_USAGE, "'%s' is here; expected a number of evaluations from 1 to %d", argv[rest + 1], SPEC_EVALUATIONS_MAX);
    return control(self, &s, argv[rest], (uint32_t)n, 0);
}

int cmd_priority(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    int32_t priority;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    if (!parse_priority(argv[rest + 1], &priority))
        return command_fail(self, CLI_USAGE, "'%s' is here; expected a priority from -%d to %d", argv[rest + 1], SPEC_PRIORITY_MAX,
                            SPEC_PRIORITY_MAX);
    return control(self, &s, argv[rest], 0, priority);
}
