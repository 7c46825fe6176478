/* See metrics.h. Names and types follow the conventions of Prometheus: base units, _total for counters only, HELP and TYPE always, and values that
 * are there from the start. No label holds a search or an architecture; teams
 * are named for the operator only. */
#include "web/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/results.h"
#include "web/out.h"

enum { TYPES_MAX = 64 };

struct scrape {
    struct web *web;
    struct http_request *request;
    char token[TOKEN_TEXT];
    struct bytes out;
};

static void head(struct bytes *b, const char *name, const char *type, const char *help)
{
    out_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Label values have backslash, quote and newline escaped. */
static void label(struct bytes *b, const char *name, const char *value)
{
    out_printf(b, "%s=\"", name);
    for (const char *p = value; *p; p++) {
        if (*p == '"' || *p == '\\')
            bytes_append(b, "\\", 1);
        bytes_append(b, *p == '\n' ? " " : p, 1);
    }
    bytes_append(b, "\"", 1);
}

static void value(struct bytes *b, double v) { out_printf(b, " %.17g\n", v); }

struct count {
    char type[BOARD_NAME_MAX];
    unsigned n[6];
};

static const char *const board_state[] = {"ready", "busy", "held", "offline", "quarantine", "other"};

static unsigned state_of(const struct results_board *b)
{
    if (!b->online)
        return 3;
    if (!strncmp(b->held, "quarantine", 10) || !strcmp(b->state, "quarantine"))
        return 4;
    if (b->held[0] || !strcmp(b->state, "maintenance"))
        return 2;
    if (!strcmp(b->state, "busy") || !strcmp(b->state, "running") || b->phase[0])
        return 1;
    return !strcmp(b->state, "ready") ? 0 : 5;
}

static void count_boards(const Sonata__Reply *reply, struct count *list, unsigned *n)
{
    for (size_t i = 0; i < reply->n_boards; i++) {
        struct results_board b;
        unsigned k = 0;
        results_board_from_message(reply->boards[i], &b);
        while (k < *n && strcmp(list[k].type, b.type) != 0)
            k++;
        if (k == TYPES_MAX)
            continue;
        if (k == *n)
            copy_string(list[(*n)++].type, BOARD_NAME_MAX, b.type);
        list[k].n[state_of(&b)]++;
    }
}

static void write_board_counts(struct bytes *out, const Sonata__Reply *reply)
{
    struct count *list = xcalloc(TYPES_MAX, sizeof *list);
    unsigned n = 0;
    count_boards(reply, list, &n);
    head(out, "sonata_boards", "gauge", "Boards the master knows, by type and what they do.");
    for (unsigned k = 0; k < n; k++) {
        for (unsigned s = 0; s < 6; s++) {
            out_printf(out, "sonata_boards{");
            label(out, "type", list[k].type);
            out_printf(out, ",state=\"%s\"}", board_state[s]);
            value(out, list[k].n[s]);
        }
    }
    free(list);
}

/* One number of every board that has it. */
static void write_per_board(struct bytes *out, const Sonata__Reply *reply, const char *name, double (*of)(const struct results_board *b))
{
    for (size_t i = 0; i < reply->n_boards; i++) {
        struct results_board b;
        results_board_from_message(reply->boards[i], &b);
        double v = of(&b);
        if (v < 0)
            continue;
        out_printf(out, "%s{", name);
        label(out, "board", b.id);
        out_printf(out, ",");
        label(out, "type", b.type);
        out_printf(out, "}");
        value(out, v);
    }
}

static double canary_ratio(const struct results_board *b) { return b->canary_us > 0 && b->reference_us > 0 ? b->canary_us / b->reference_us : -1; }

static double canary_time(const struct results_board *b) { return b->canary_wall_ns ? (double)b->canary_wall_ns * 1e-9 : -1; }

static double busy(const struct results_board *b) { return b->anonymous ? -1 : b->busy_share; }

static double done(const struct results_board *b) { return b->anonymous ? -1 : (double)b->done; }

static double failed(const struct results_board *b) { return b->anonymous ? -1 : (double)b->failed; }

static void write_boards(struct bytes *out, const Sonata__Reply *reply)
{
    write_board_counts(out, reply);
    head(out, "sonata_board_canary_ratio", "gauge", "Latency of the board's last canary over its reference.");
    write_per_board(out, reply, "sonata_board_canary_ratio", canary_ratio);
    head(out, "sonata_board_canary_timestamp_seconds", "gauge", "When the board's last canary ran.");
    write_per_board(out, reply, "sonata_board_canary_timestamp_seconds", canary_time);
    head(out, "sonata_board_busy_ratio", "gauge", "Share of the time since it is known that the board was measuring.");
    write_per_board(out, reply, "sonata_board_busy_ratio", busy);
    head(out, "sonata_board_results_total", "counter", "Attempts of the board that gave a result.");
    write_per_board(out, reply, "sonata_board_results_total", done);
    head(out, "sonata_board_failures_total", "counter", "Attempts of the board that failed.");
    write_per_board(out, reply, "sonata_board_failures_total", failed);
}

static void write_searches(struct bytes *out, const Sonata__Reply *reply)
{
    static const char *const state[] = {"running", "paused", "done", "failed", "canceled"};
    unsigned n[5] = {0}, waiting = 0;
    double told = 0, pending = 0;
    for (size_t i = 0; i < reply->n_searches; i++) {
        const Sonata__SearchStatus *s = reply->searches[i];
        for (unsigned k = 0; k < 5; k++)
            n[k] += !strcmp(s->state, state[k]);
        waiting += !strcmp(s->state, "running") && s->reason[0];
        told += s->told;
        pending += s->pending;
    }
    head(out, "sonata_searches", "gauge", "Searches by state.");
    for (unsigned k = 0; k < 5; k++)
        out_printf(out, "sonata_searches{state=\"%s\"} %u\n", state[k], n[k]);
    head(out, "sonata_searches_waiting", "gauge", "Searches that run, want boards and get none.");
    out_printf(out, "sonata_searches_waiting %u\n", waiting);
    head(out, "sonata_evaluations", "gauge", "Evaluations told to the searches there are.");
    out_printf(out, "sonata_evaluations");
    value(out, told);
    head(out, "sonata_individuals_pending", "gauge", "Individuals proposed and not told yet.");
    out_printf(out, "sonata_individuals_pending");
    value(out, pending);
}

static void write_self(struct scrape *s, bool up)
{
    struct http_counts n = http_counts(s->web->http);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    double cpu = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
    head(&s->out, "sonata_master_up", "gauge", "Whether the master answered sonata-web.");
    out_printf(&s->out, "sonata_master_up %d\n", up);
    head(&s->out, "sonata_web_connections", "gauge", "Open HTTP connections.");
    out_printf(&s->out, "sonata_web_connections %u\n", n.connections);
    head(&s->out, "sonata_web_streams", "gauge", "Open event streams.");
    out_printf(&s->out, "sonata_web_streams %u\n", n.streams);
    head(&s->out, "sonata_web_answers_total", "counter", "HTTP answers by class of status.");
    for (unsigned k = 2; k < 6; k++)
        out_printf(&s->out, "sonata_web_answers_total{status=\"%uxx\"} %llu\n", k, (unsigned long long)n.answers[k]);
    head(&s->out, "sonata_build_info", "gauge", "Version of sonata-web.");
    out_printf(&s->out, "sonata_build_info{version=\"%s\"} 1\n", SONATA_VERSION);
    head(&s->out, "process_cpu_seconds_total", "counter", "CPU time of sonata-web.");
    out_printf(&s->out, "process_cpu_seconds_total");
    value(&s->out, cpu);
    head(&s->out, "process_start_time_seconds", "gauge", "When sonata-web started.");
    out_printf(&s->out, "process_start_time_seconds");
    value(&s->out, (double)s->web->start_wall_ns * 1e-9);
}

static void finish(struct scrape *s, bool up)
{
    write_self(s, up);
    http_answer(s->request,
                &(struct http_answer){.status = 200, .type = "text/plain; version=0.0.4; charset=utf-8", .data = s->out.data, .size = s->out.size});
    bytes_fini(&s->out);
    free(s);
}

static void gauge(struct bytes *out, const char *name, const char *help, double v)
{
    head(out, name, "gauge", help);
    out_printf(out, "%s", name);
    value(out, v);
}

/* Of the machine of the master; whose rights are the operator's. */
static void write_master(struct bytes *out, const Sonata__MasterStatus *m)
{
    gauge(out, "sonata_master_start_time_seconds", "When the master started.", (double)m->started_wall_ns * 1e-9);
    gauge(out, "sonata_store_bytes", "Bytes of disk that the store takes.", (double)m->store_bytes);
    gauge(out, "sonata_store_free_bytes", "Bytes free on the file system of the store.", (double)m->disk_free);
    gauge(out, "sonata_store_size_bytes", "Bytes of the file system of the store.", (double)m->disk_size);
    if (m->backups)
        gauge(out, "sonata_backup_timestamp_seconds", "When the newest copy of the store was written; 0: there is none.",
              (double)m->backup_wall_ns * 1e-9);
}

/* What each team used and may use. */
static void write_teams(struct bytes *out, const Sonata__Reply *reply)
{
    static const struct {
        const char *name, *type, *help;
    } metric[] = {{"sonata_team_board_seconds_total", "counter", "Board time that the searches of the team used."},
                  {"sonata_team_searches_unfinished", "gauge", "Searches of the team that are not finished."},
                  {"sonata_team_boards", "gauge", "Boards that measure for the team now."}};
    for (unsigned k = 0; k < sizeof metric / sizeof *metric; k++) {
        head(out, metric[k].name, metric[k].type, metric[k].help);
        for (size_t i = 0; i < reply->n_teams; i++) {
            const Sonata__TeamInfo *t = reply->teams[i];
            const double v[] = {(double)t->board_ns * 1e-9, t->searches_unfinished, t->boards};
            out_printf(out, "%s{", metric[k].name);
            label(out, "team", t->name);
            out_printf(out, "}");
            value(out, v[k]);
        }
    }
}

/* A master without keys has no teams. */
static void on_teams(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct scrape *s = user;
    (void)reason;
    if (!code)
        write_teams(&s->out, reply);
    finish(s, true);
}

static void on_ping(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct scrape *s = user;
    (void)reason;
    if (!code && reply->master)
        write_master(&s->out, reply->master);
    if (!code && reply->caller && reply->caller->expires_wall_ns)
        gauge(&s->out, "sonata_token_expiry_timestamp_seconds", "When the token of this scrape expires.",
              (double)reply->caller->expires_wall_ns * 1e-9);
    if (code || !reply->caller || !reply->caller->admin) {
        finish(s, !code);
        return;
    }
    Sonata__Teams teams = SONATA__TEAMS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    teams.action = (char *)"list";
    request.verb_case = SONATA__REQUEST__VERB_TEAMS;
    request.teams = &teams;
    upstream_ask_all(s->web->up, &request, s->token, on_teams, s);
}

static void on_boards(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct scrape *s = user;
    (void)reason;
    if (code) {
        finish(s, false);
        return;
    }
    write_boards(&s->out, reply);
    Sonata__Ping ping = SONATA__PING__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_PING;
    request.ping = &ping;
    upstream_ask(s->web->up, &request, s->token, on_ping, s);
}

static void on_searches(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct scrape *s = user;
    (void)reason;
    if (code) {
        finish(s, false);
        return;
    }
    write_searches(&s->out, reply);
    Sonata__ListBoards list = SONATA__LIST_BOARDS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_BOARDS;
    request.boards = &list;
    upstream_ask_all(s->web->up, &request, s->token, on_boards, s);
}

void metrics_answer(struct web *w, struct http_request *q, const char *token)
{
    struct scrape *s = xcalloc(1, sizeof *s);
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    s->web = w;
    s->request = q;
    copy_string(s->token, sizeof s->token, token);
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    upstream_ask_all(w->up, &request, s->token, on_searches, s);
}
