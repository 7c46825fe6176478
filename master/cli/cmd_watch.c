/* sonata watch: follows a search. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/session_watch.h"

struct settings {
    struct cli_common common;
    bool once;
    int64_t interval_ns;
};

const struct option_def watch_options[] = {
    {.name = "once", .type = OPTION_FLAG, .offset = offsetof(struct settings, once), .help = "Print the state once and leave."},
    {.name = "interval",
     .letter = 'n',
     .type = OPTION_DURATION,
     .offset = offsetof(struct settings, interval_ns),
     .argument = "TIME",
     .help = "Least time between two looks; the master says when there is something to see.",
     .standard = "1s",
     .min = 0.1,
     .max = 3600},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

enum { WATCH_S = 5 }; /* boards change, too, of which the master says nothing */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static int stop_when_interrupted(void *user)
{
    (void)user;
    return interrupted ? -EINTR : 0;
}

static bool ended(const char *state) { return !strcmp(state, "done") || !strcmp(state, "failed") || !strcmp(state, "canceled"); }

/* What a look found. */
struct found {
    bool ended, failing; /* failing: paused because its evaluator fails */
};

/* One JSON object per look and line. */
static int look(struct session *session, uint64_t id, const struct settings *s, struct progress *p, struct found *ret, struct sonata_error *err)
{
    cleanup_results struct results *results = NULL;
    cleanup_free struct results_board *board = xcalloc(RESULTS_BOARDS_MAX, sizeof *board);
    size_t n = 0;
    int r = results_fetch_status(session, id, &results, err);
    if (!r)
        r = results_fetch_boards(session, board, RESULTS_BOARDS_MAX, &n, err);
    if (r)
        return r;
    ret->failing = !strcmp(results->status.hold, "evaluator");
    ret->ended = ret->failing || ended(results->status.state);
    if (s->common.json) {
        char *text = json_text(json_status(&results->status), true);
        fputs(text, stdout);
        fflush(stdout);
        free(text);
    } else {
        progress_update(p, &results->status, results->spec.budget_wall_ns, board, n, clock_monotonic_ns());
    }
    return 0;
}

int cmd_watch(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    struct sigaction action = {.sa_handler = on_signal};
    struct progress p;
    uint64_t id = 0;
    struct found found = {false, false};
    struct watcher watcher = {.since = 0};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    progress_init(&p, stdout, s.common.json);
    int r = session_open_common(&s.common, &session, &err);
    if (!r) {
        session_on_wait(session, stop_when_interrupted, NULL);
        r = session_find_search(session, rest < argc ? argv[rest] : NULL, &id, &err);
    }
    while (!r && !interrupted) {
        r = look(session, id, &s, &p, &found, &err);
        if (r || found.ended || s.once)
            break;
        for (int64_t left = s.interval_ns; left > 0 && !interrupted; left -= 50 * SONATA_MS)
            clock_sleep_ns(min_of(left, 50 * SONATA_MS));
        if (!interrupted)
            r = session_watch(session, &watcher, id, WATCH_S * SONATA_SECOND, &err);
    }
    progress_end(&p);
    if (interrupted)
        return CLI_INTERRUPTED;
    if (!r && found.failing && !s.once)
        return CLI_FAILURE; /* the last line says why */
    return r ? command_fail(self, exit_of(r), "%s", err.text) : CLI_OK;
}
