/* sonata run: a search from file to front on this machine.
 *
 * Flow: read the search file → open the state folder (same search? else say what changed) → start a private master and worker → upload the supernet,
 * submit with the folder's request id (so that a second start submits nothing new) → show progress until the search ends, restarting whatever
 * dies → fetch everything, write the files, print the front. Ctrl-C stops in order; everything acknowledged is in the master's store, so the same
 * command goes on where it was, also after kill -9 of all processes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/finish.h"
#include "cli/json.h"
#include "cli/networks.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "cli/run_state.h"
#include "cli/servers.h"
#include "cli/session.h"
#include "cli/session_watch.h"
#include "cli/web_server.h"
#include "conf/search_file.h"
#include "domain/analytic.h"

enum { LOOK_EVERY_MS = 250, WATCH_S = 2, SUPPLY_PATIENCE_S = 1, FOLDER_MAX = 1024 };

struct settings {
    struct cli_common common;
    struct option_list boards;
    bool fresh, quiet, no_networks, web;
    int64_t web_port;
};

const struct option_def run_options[] = {
    {.name = "state",
     .letter = 's',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, common.state),
     .argument = "DIR",
     .help = "State and results (default: ./NAME.sonata)."},
    {.name = "board",
     .letter = 'b',
     .type = OPTION_LIST,
     .offset = offsetof(struct settings, boards),
     .argument = "BOARD",
     .help = "Board for the worker, as `sonata-worker --board`; may be repeated (default: `boards:` of FILE, else this host)."},
    {.name = "fresh",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, fresh),
     .help = "Start over; an existing state folder is moved aside, not deleted."},
    {.name = "web",
     .letter = 'w',
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, web),
     .help = "Also show it in a browser: prints a link (see `sonata web`)."},
    {.name = "web-port",
     .type = OPTION_INT,
     .offset = offsetof(struct settings, web_port),
     .argument = "PORT",
     .standard = "7180",
     .min = 0,
     .max = 65535,
     .help = "Port for --web; when it is taken, any free one."},
    {.name = "no-networks", .type = OPTION_FLAG, .offset = offsetof(struct settings, no_networks), .help = "Write no ONNX files at the end."},
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .offset = offsetof(struct settings, quiet), .help = "No progress, only the result."},
    {.name = "patience",
     .type = OPTION_DURATION,
     .offset = offsetof(struct settings, common.patience_ns),
     .argument = "TIME",
     .help = "How long the private master may be silent.",
     .standard = "60s",
     .min = 1,
     .max = 86400},
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* Everything one run works with. */
struct run {
    const struct settings *settings;
    const char *file_path;
    struct search_file file;
    char state[FOLDER_MAX];
    char host[128]; /* the board of this machine, where none is named */
    const char *board[OPTION_LIST_MAX];
    unsigned n_boards;
    struct run_state memory;
    struct servers *servers;
    struct session *session;
    struct web_server *web;
    struct progress progress;
    struct results_board seen[RESULTS_BOARDS_MAX];
    size_t n_seen;
    uint64_t id;
    int64_t unsupplied_since_ns;
    struct sonata_error servers_error; /* of a child that cannot be kept alive */
    struct watcher watcher;
};

static int tend_web(struct run *run)
{
    const char *link = NULL, *event = NULL;
    int r = run->web ? web_server_poll(run->web, &link, &event, &run->servers_error) : 0;
    if (event)
        progress_note(&run->progress, "%s", event);
    if (link)
        progress_note(&run->progress, "in a browser, once, within 15 minutes: %s", link);
    return r;
}

/* Watched while waiting for the master and between looks. */
static int tend(void *user)
{
    struct run *run = user;
    const char *event;
    if (interrupted)
        return -EINTR;
    int r = servers_poll(run->servers, &event, &run->servers_error);
    if (event)
        progress_note(&run->progress, "%s", event);
    return r ? r : tend_web(run);
}

static int choose_boards(struct run *run, struct sonata_error *err)
{
    const struct option_list *flags = &run->settings->boards;
    const struct search_spec *spec = &run->file.spec;
    run->n_boards = flags->n ? flags->n : run->file.n_boards;
    for (unsigned i = 0; i < run->n_boards; i++)
        run->board[i] = flags->n ? flags->item[i] : run->file.board[i];
    if (run->n_boards)
        return 0;
    if (!spec->supernet[0])
        return sonata_error_set(
            err, -EINVAL,
            "%s names no supernet, so this machine cannot measure its networks; add `evaluation: {dataset: …, supernet: …}`, or give a "
            "table with --board ID:table:FILE.csv,metric=COLUMN,…",
            run->file_path);
    snprintf(run->host, sizeof run->host, "host:engine%s%s", spec->dataset[0] ? ",dataset=" : "", spec->dataset);
    run->board[0] = run->host;
    run->n_boards = 1;
    return 0;
}

static int prepare(struct run *run, struct sonata_error *err)
{
    int r = search_file_load(run->file_path, &run->file, err);
    if (!r)
        r = choose_boards(run, err);
    if (r)
        return r;
    if (run->settings->common.state)
        copy_string(run->state, sizeof run->state, run->settings->common.state);
    else
        snprintf(run->state, sizeof run->state, "%s.sonata", run->file.spec.name);
    if (run->settings->fresh) {
        char moved[FOLDER_MAX + 16];
        r = run_state_set_aside(run->state, moved, sizeof moved, err);
        if (!r && moved[0])
            progress_note(&run->progress, "the old state is now %s", moved);
        if (r)
            return r;
    }
    return 0;
}

static int start_web(struct run *run, struct sonata_error *err)
{
    struct web_server_config config = {.folder = run->state, .endpoint = servers_endpoint(run->servers), .port = run->settings->web_port};
    return run->settings->web ? web_server_start(&config, &run->web, err) : 0;
}

/* The lock is taken by servers_lock(), so the memory is read after it. */
static int start(struct run *run, struct sonata_error *err)
{
    const struct servers_config config = {.state = run->state, .worker = true, .n_boards = run->n_boards, .board = run->board};
    int r = servers_check_worker(&config, err);
    if (!r)
        r = servers_lock(run->state, &run->servers, err);
    if (!r)
        r = run_state_open(run->state, &run->file.spec, &run->memory, err);
    if (r == -EEXIST) {
        struct sonata_error changed = *err;
        return sonata_error_set(
            err, r, "%.330s.\nEither restore the file, or keep both with --state OTHER_DIR, or start over with --fresh (moves the folder aside)",
            changed.text);
    }
    if (!r)
        r = servers_run(run->servers, &config, err);
    if (!r)
        r = session_open(servers_endpoint(run->servers), NULL, &run->session, err);
    if (r)
        return r;
    session_set_patience(run->session, run->settings->common.patience_ns);
    session_on_wait(run->session, tend, run);
    return start_web(run, err);
}

static int upload(struct run *run, struct sonata_error *err)
{
    if (!run->file.supernet_path[0])
        return 0;
    cleanup_bytes struct bytes blob = {0};
    int r = file_read(run->file.supernet_path, WIRE_BLOB_MAX, &blob, err);
    return r ? r : session_put_blob(run->session, run->file.spec.supernet_hash, blob.data, blob.size, err);
}

/* The first spec is submitted again with the same id: the same search. A budget that has grown since is added. */
static int submit(struct run *run, struct sonata_error *err)
{
    int r = upload(run, err);
    if (!r)
        r = session_submit(run->session, &run->memory.spec, run->memory.request, &run->id, err);
    cleanup_results struct results *results = NULL;
    if (!r)
        r = results_fetch_status(run->session, run->id, &results, err);
    if (r)
        return r;
    uint32_t have = results->status.budget, want = run->file.spec.budget_evaluations;
    if (!strcmp(results->status.hold, "evaluator")) { /* the same command again: what failed was mended */
        progress_note(&run->progress, "trying again what failed (%s)", results->status.failure.reason);
        r = session_control(run->session, run->id, "resume", 0, 0, err);
        if (r)
            return r;
        run->progress.failure_wall_ns = results->status.failure.wall_ns; /* old news */
    }
    if (run->memory.existed)
        progress_note(&run->progress, "going on with the search in %s: %u of %u evaluations are done", run->state, results->status.told, have);
    if (want < have)
        progress_note(&run->progress, "the file asks for %u evaluations, the search has a budget of %u already; a budget only grows", want, have);
    return want > have ? session_control(run->session, run->id, "extend", want - have, 0, err) : 0;
}

static bool supplies(const struct results_board *b, const char *metric, const char *board)
{
    size_t n = strlen(metric);
    if (board[0] && strcmp(b->type, board))
        return false;
    for (const char *p = b->metrics; p; p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL) {
        if (!strncmp(p, metric, n) && (!p[n] || p[n] == ','))
            return true;
    }
    return false;
}

/* The first measured metric that no board of the worker supplies; false when all are. */
static bool find_unsupplied(const struct run *run, const char **ret_metric, const char **ret_board)
{
    const struct search_spec *s = &run->file.spec;
    for (uint32_t i = 0; i < s->n_objectives + s->n_constraints; i++) {
        bool objective = i < s->n_objectives;
        const char *metric = objective ? s->objective[i].metric : s->constraint[i - s->n_objectives].metric;
        const char *board = objective ? s->objective[i].board : s->constraint[i - s->n_objectives].board;
        bool found = analytic_computes(&s->space, metric, board);
        for (size_t k = 0; k < run->n_seen && !found; k++)
            found = supplies(&run->seen[k], metric, board);
        if (!found) {
            *ret_metric = metric;
            *ret_board = board;
            return true;
        }
    }
    return false;
}

/* The worker says hello when all its boards have started; before, the master knows them from an earlier run at most. */
static bool has_come(const struct run *run)
{
    for (size_t k = 0; k < run->n_seen; k++) {
        if (run->seen[k].online)
            return true;
    }
    return false;
}

/* No other board will ever come to a private master: a metric nobody supplies is an error, said soon. */
static int check_supply(struct run *run, struct sonata_error *err)
{
    const char *metric, *board;
    int64_t now = clock_monotonic_ns();
    if (!has_come(run) || !find_unsupplied(run, &metric, &board)) {
        run->unsupplied_since_ns = 0;
        return 0;
    }
    if (!run->unsupplied_since_ns)
        run->unsupplied_since_ns = now;
    if (now - run->unsupplied_since_ns < SUPPLY_PATIENCE_S * SONATA_SECOND)
        return 0;
    char have[400];
    struct text_builder t = text_begin(have, sizeof have);
    for (size_t i = 0; i < run->n_seen; i++)
        text_join(&t, "; ", "type '%.40s' supplies %.200s", run->seen[i].type, run->seen[i].metrics);
    return sonata_error_set(err, -EINVAL, "no board supplies '%s'%s%s; %s. Change `objectives:` or `constraints:`, or give another --board", metric,
                            board[0] ? " on a board of type " : "", board, have);
}

static bool ended(const char *state) { return !strcmp(state, "done") || !strcmp(state, "failed") || !strcmp(state, "canceled"); }

/* A master that is being restarted is silent for a moment; session_call() repeats the request until it is back. */
static int watch(struct run *run, struct sonata_error *err)
{
    for (;;) {
        cleanup_results struct results *results = NULL;
        int r = results_fetch_status(run->session, run->id, &results, err);
        if (!r)
            r = results_fetch_boards(run->session, run->seen, RESULTS_BOARDS_MAX, &run->n_seen, err);
        if (r)
            return r;
        progress_update(&run->progress, &results->status, run->file.spec.budget_wall_ns, run->seen, run->n_seen, clock_monotonic_ns());
        if (ended(results->status.state) || !strcmp(results->status.hold, "evaluator"))
            return 0;
        r = check_supply(run, err);
        for (int64_t until = clock_monotonic_ns() + LOOK_EVERY_MS * SONATA_MS; !r && clock_monotonic_ns() < until;) {
            clock_sleep_ns(50 * SONATA_MS);
            r = tend(run);
        }
        if (!r)
            r = session_watch(run->session, &run->watcher, run->id, WATCH_S * SONATA_SECOND, err);
        if (r)
            return r;
    }
}

static void print_written(const struct run *run, unsigned n_networks)
{
    printf("\nresults in %s: front.csv, front.json, all.csv, report.html", run->state);
    if (n_networks)
        printf(", %u networks as ONNX in networks/", n_networks);
    putchar('\n');
}

static int write_networks(const struct run *run, const struct results *r, unsigned *ret_n, struct sonata_error *err)
{
    char folder[FOLDER_MAX + 16];
    bool files = run->file.spec.model_board[0];
    bool builds = files || (run->file.supernet_path[0] && !strcmp(run->file.spec.space.network.family, "mbconv"));
    if (run->settings->no_networks || !builds || !r->n_front)
        return 0;
    snprintf(folder, sizeof folder, "%s/networks", run->state);
    if (files)
        return networks_fetch(run->session, r, false, folder, ret_n, err);
    return networks_write(r, false, run->file.supernet_path, folder, ret_n, err);
}

/* Whether the search came to what was asked for. */
static int judge(const struct run *run, const struct results_status *s, size_t n_front, struct sonata_error *err)
{
    if (s->hold[0])
        return sonata_error_set(err, -ECANCELED, "the search is paused: %s. Here that is the same command again: sonata run %s", s->reason,
                                run->file_path);
    if (strcmp(s->state, "done"))
        return sonata_error_set(err, -ECANCELED, "the search ended as '%s'%s%s", s->state, s->reason[0] ? ": " : "", s->reason);
    if (!n_front && s->infeasible + s->failed >= s->told)
        return sonata_error_set(err, -ECANCELED,
                                "no network could be measured: %u infeasible, %u failed%s%s; `sonata show -i ID --state %s` says why", s->infeasible,
                                s->failed, s->failure.reason[0] ? ", the last: " : "", s->failure.reason, run->state);
    return 0;
}

static int finish(struct run *run, struct sonata_error *err)
{
    cleanup_free struct collection *c = xcalloc(1, sizeof *c);
    unsigned n_networks = 0;
    int r = collect(run->session, run->id, c, err);
    progress_end(&run->progress);
    if (!r)
        r = write_files(c, run->state, err);
    if (!r)
        r = write_networks(run, c->results, &n_networks, err);
    if (!r && run->settings->common.json) {
        json_print(json_results(c->results, false));
    } else if (!r) {
        char active[16];
        format_duration(c->results->status.active_ns, active);
        printf("%s: %s, %u evaluations in %s, %zu networks on the front\n\n", c->results->status.name, c->results->status.state,
               c->results->status.told, active, c->results->n_front);
        front_table(c->results, stdout);
        print_written(run, n_networks);
    }
    if (!r)
        r = judge(run, &c->results->status, c->results->n_front, err);
    collection_fini(c);
    return r;
}

static int explain_interrupt(const struct run *run)
{
    fprintf(stderr, "stopped; everything measured so far is kept. Go on with: sonata run %s", run->file_path);
    if (run->settings->common.state)
        fprintf(stderr, " --state %s", run->settings->common.state);
    fputc('\n', stderr);
    return CLI_INTERRUPTED;
}

/* A hang-up ends the run in order, unless who started it (nohup) wants it to go on. */
static void take_hangup(const struct sigaction *action)
{
    struct sigaction was;
    if (!sigaction(SIGHUP, NULL, &was) && was.sa_handler != SIG_IGN)
        sigaction(SIGHUP, action, NULL);
}

int cmd_run(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_free struct run *run = xcalloc(1, sizeof *run);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}; /* a second Ctrl-C ends at once */
    run->settings = &s;
    run->file_path = argv[rest];
    progress_init(&run->progress, stderr, s.quiet);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    take_hangup(&action);
    int r = prepare(run, &err);
    if (!r)
        r = start(run, &err);
    if (!r)
        r = submit(run, &err);
    if (!r)
        r = watch(run, &err);
    if (!r)
        r = finish(run, &err);
    progress_end(&run->progress);
    session_close(run->session);
    web_server_stop(run->web);
    servers_stop(run->servers);
    if (r == -EINTR || (r && interrupted))
        return explain_interrupt(run);
    if (r == -ECHILD)
        return command_fail(self, CLI_FAILURE, "%s", run->servers_error.text);
    if (!r)
        return CLI_OK;
    return command_fail(self, r == -EEXIST ? CLI_REFUSED : exit_of(r), "%s", err.text);
}
