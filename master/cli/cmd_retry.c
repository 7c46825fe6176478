/* sonata retry: individuals that failed for a cause are measured again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"

struct settings {
    struct cli_common common;
    const char *cause;
};

const struct option_def retry_options[] = {
    {.name = "cause",
     .letter = 'c',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, cause),
     .argument = "CAUSE",
     .standard = "failed",
     .help = "infra, lost, invalid, bug or config: what was given up for that; failed: for any of them; infeasible; noisy; all."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

enum { POLL_MS = 200 };

/* Of a large search the master opens so many at a time: until it has looked at all, or waits for results. It goes on without us. */
static int fetch_end(struct session *session, uint64_t id, bool more, uint32_t *n, struct results **results, struct sonata_error *err)
{
    for (uint32_t before = UINT32_MAX;;) {
        int r = results_fetch_status(session, id, results, err);
        if (r || !more)
            return r;
        const struct results_status *status = &(*results)->status;
        *n = status->retried;
        if (!status->retry_left || status->retry_left == before)
            return 0;
        before = status->retry_left;
        results_free(*results);
        *results = NULL;
        clock_sleep_ns(POLL_MS * SONATA_MS);
    }
}

static int retry(const struct command *self, const struct settings *s, const char *search)
{
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_results struct results *results = NULL;
    uint64_t id = 0;
    uint32_t n = 0;
    bool more = false;
    int r = session_open_common(&s->common, &session, &err);
    if (!r)
        r = session_find_search(session, search, &id, &err);
    if (!r)
        r = session_retry(session, id, s->cause, &n, &more, &err);
    if (!r)
        r = fetch_end(session, id, more, &n, &results, &err);
    if (r) /* the command line was right; it is the master that does not allow it */
        return command_fail(self, r == -EINVAL ? CLI_REFUSED : exit_of(r), "%s", err.text);
    if (s->common.json) {
        cJSON *o = json_status(&results->status);
        cJSON_AddNumberToObject(o, "retried", n);
        return json_print(o);
    }
    printf("search %llu (%s): %s, %u individual%s measured again", (unsigned long long)id, results->status.name, results->status.state, n,
           n == 1 ? " is" : "s are");
    if (results->status.retry_left)
        printf(" so far; %u are still to be looked at (sonata show %llu)", results->status.retry_left, (unsigned long long)id);
    putchar('\n');
    return CLI_OK;
}

static bool is_cause(const char *text)
{
    static const char *const known[] = {"infra", "lost", "invalid", "bug", "config", "failed", "infeasible", "noisy", "all"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(text, known[i]))
            return true;
    }
    return false;
}

/* With --state there is one search, so SEARCH may be left out. */
int cmd_retry(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    if (rest == argc && !s.common.state)
        return command_fail(self, CLI_USAGE, "which search? give its number or name, or --state DIR; usage: sonata %s %s", self->name,
                            self->arguments);
    if (!is_cause(s.cause))
        return command_fail(self, CLI_USAGE, "--cause: '%s' is here; expected infra, lost, invalid, bug, config, failed, infeasible, noisy or all",
                            s.cause);
    return retry(self, &s, rest < argc ? argv[rest] : NULL);
}
