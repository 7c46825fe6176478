/* sonata status: one page about a master. Everything is asked for first, then written as text or JSON. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
    int64_t since_ns;
};

const struct option_def status_options[] = {
    {.name = "since",
     .type = OPTION_DURATION,
     .offset = offsetof(struct settings, since_ns),
     .argument = "TIME",
     .standard = "7d",
     .min = 1,
     .max = 1e10,
     .help = "How far back searches that ended are looked at."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

/* A board that does not work, and the last that happened to it (for admins). */
struct away {
    const struct results_board *board;
    int64_t since_wall_ns;
    char last[200];
};

struct page {
    Sonata__Envelope *ping, *teams;
    struct results_status *failed, *queue;
    size_t n_failed, failed_capacity, n_queue, queue_capacity;
    struct results_board *board;
    size_t n_boards, n_away;
    struct away *away;
};

static void page_free(struct page *p)
{
    if (p->ping)
        envelope_free(p->ping);
    if (p->teams)
        envelope_free(p->teams);
    free(p->failed);
    free(p->queue);
    free(p->board);
    free(p->away);
}

/* Ended without what was asked for: failed, or done with nothing but failures. */
static bool ended_badly(const struct results_status *s)
{
    return !strcmp(s->state, "failed") || (!strcmp(s->state, "done") && s->failed && s->failed >= s->told);
}

static int fetch_searches(struct session *session, int64_t since_ns, struct page *p, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    int r = session_call_all(session, &request, &reply, err);
    for (size_t i = 0; !r && i < reply->reply->n_searches; i++) {
        struct results_status s;
        r = results_from_status_message(reply->reply->searches[i], &s, err);
        if (r)
            break;
        if (!strcmp(s.state, "running") || !strcmp(s.state, "paused")) {
            p->queue = xgrow(p->queue, &p->queue_capacity, p->n_queue + 1, sizeof *p->queue);
            p->queue[p->n_queue++] = s;
        } else if (ended_badly(&s) && s.finished_wall_ns >= clock_wall_ns() - since_ns) {
            p->failed = xgrow(p->failed, &p->failed_capacity, p->n_failed + 1, sizeof *p->failed);
            p->failed[p->n_failed++] = s;
        }
    }
    return r;
}

static bool works(const struct results_board *b)
{
    bool fit = !strcmp(b->state, "ready") || !strcmp(b->state, "busy") || !strcmp(b->state, "calibrating");
    return b->online && fit && !b->held[0];
}

/* Only admins may ask: for others `since` stays unknown. */
static void fetch_last_event(struct session *session, struct away *away)
{
    struct sonata_error err = {{0}};
    Sonata__Request request = SONATA__REQUEST__INIT;
    Sonata__GetBoardHistory history = SONATA__GET_BOARD_HISTORY__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    history.board = (char *)(uintptr_t)away->board->id;
    history.max = 1;
    request.verb_case = SONATA__REQUEST__VERB_BOARD_HISTORY;
    request.board_history = &history;
    if (session_call(session, &request, &reply, &err) || !reply->reply->n_board_events)
        return;
    const Sonata__BoardEvent *e = reply->reply->board_events[0];
    away->since_wall_ns = e->wall_ns;
    snprintf(away->last, sizeof away->last, "%s%s%s", e->kind, e->text[0] ? ": " : "", e->text);
}

static int fetch_boards(struct session *session, struct page *p, struct sonata_error *err)
{
    int r = results_fetch_all_boards(session, &p->board, &p->n_boards, err);
    p->away = xcalloc(p->n_boards ? p->n_boards : 1, sizeof *p->away);
    for (size_t i = 0; !r && i < p->n_boards; i++) {
        if (works(&p->board[i]))
            continue;
        struct away *away = &p->away[p->n_away++];
        away->board = &p->board[i];
        fetch_last_event(session, away);
    }
    return r;
}

static int fetch(struct session *session, const struct settings *s, struct page *p, struct sonata_error *err)
{
    Sonata__Request ping = SONATA__REQUEST__INIT, teams = SONATA__REQUEST__INIT;
    Sonata__Ping nothing = SONATA__PING__INIT;
    Sonata__Teams list = SONATA__TEAMS__INIT;
    struct sonata_error ignored = {{0}};
    ping.verb_case = SONATA__REQUEST__VERB_PING;
    ping.ping = &nothing;
    list.action = (char *)"list";
    teams.verb_case = SONATA__REQUEST__VERB_TEAMS;
    teams.teams = &list;
    int r = session_call(session, &ping, &p->ping, err);
    if (!r)
        r = fetch_searches(session, s->since_ns, p, err);
    if (!r)
        r = fetch_boards(session, p, err);
    if (!r && session_call_all(session, &teams, &p->teams, &ignored)) /* a master without keys has none */
        p->teams = NULL;
    return r;
}

static void print_master(const struct page *p)
{
    const Sonata__MasterStatus *m = p->ping->reply->master;
    char when[24];
    double gib = 1 << 30;
    printf("master    %s", p->ping->reply->server);
    if (m) {
        clock_format_utc(m->started_wall_ns, when);
        printf(", up since %s\n", when);
        printf("disk      %.1f of %.1f GiB free; store %.1f MiB\n", (double)m->disk_free / gib, (double)m->disk_size / gib,
               (double)m->store_bytes / (1 << 20));
        clock_format_utc(m->backup_wall_ns, when);
        printf("backup    %s", m->backup_wall_ns ? when : "none yet: `sonata backup`");
    }
    putchar('\n');
}

static void print_searches(const char *title, const struct results_status *s, size_t n, const char *none)
{
    static const char *const heading[] = {"  id", "team", "name", "state", "evaluations", "failed", "why"};
    printf("\n%s\n", n ? title : none);
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], i == 0 || i == 4 || i == 5);
    for (size_t i = 0; i < n; i++) {
        text_table_cell(t, "  %llu", (unsigned long long)s[i].id);
        text_table_cell(t, "%s", s[i].team[0] ? s[i].team : "-");
        text_table_cell(t, "%s", s[i].name);
        text_table_cell(t, "%s", s[i].state);
        text_table_cell(t, "%u/%u", s[i].told, s[i].budget);
        text_table_cell(t, "%u", s[i].failed);
        text_table_cell(t, "%s", s[i].reason);
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static void print_away(const struct page *p)
{
    static const char *const heading[] = {"  board", "worker", "state", "version", "since", "held, last event"};
    printf("\n%zu of %zu boards work%s\n", p->n_boards - p->n_away, p->n_boards, p->n_away ? "; these do not" : "");
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], false);
    for (size_t i = 0; i < p->n_away; i++) {
        const struct away *a = &p->away[i];
        char since[24] = "-";
        if (a->since_wall_ns)
            clock_format_utc(a->since_wall_ns, since);
        text_table_cell(t, "  %s", a->board->id);
        text_table_cell(t, "%s", a->board->worker);
        text_table_cell(t, "%s", a->board->online ? a->board->state : "offline");
        text_table_cell(t, "%s", a->board->software);
        text_table_cell(t, "%s", since);
        text_table_cell(t, "%s %s%s%s", a->board->held, a->board->held_why, a->last[0] && a->board->held[0] ? "; " : "", a->last);
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static void print_teams(const struct page *p)
{
    size_t n = p->teams ? p->teams->reply->n_teams : 0;
    if (!n)
        return;
    puts("\nteams");
    for (size_t i = 0; i < n; i++) {
        const Sonata__TeamInfo *m = p->teams->reply->teams[i];
        char today[16], all[16];
        format_duration(m->day_ns, today);
        format_duration(m->board_ns, all);
        bool full = m->disk_max && m->disk >= m->disk_max;
        printf("  %-16s %u unfinished, %u boards now, board time %s today, %s in all, %.4g MiB of the store%s\n", m->name, m->searches_unfinished,
               m->boards, today, all, (double)m->disk / (1 << 20), full ? ": all that it may" : "");
    }
}

static cJSON *status_list(const struct results_status *s, size_t n)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, json_status(&s[i]));
    return list;
}

static cJSON *master_json(const struct page *p)
{
    const Sonata__MasterStatus *m = p->ping->reply->master;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "server", p->ping->reply->server);
    if (!m)
        return o;
    json_time(o, "started", m->started_wall_ns);
    json_integer(o, "disk_free", (int64_t)m->disk_free);
    json_integer(o, "disk_size", (int64_t)m->disk_size);
    json_integer(o, "store_bytes", (int64_t)m->store_bytes);
    json_time(o, "backup", m->backup_wall_ns);
    return o;
}

static int print_json(const struct page *p)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "master", master_json(p));
    cJSON_AddItemToObject(o, "ended_badly", status_list(p->failed, p->n_failed));
    cJSON_AddItemToObject(o, "queue", status_list(p->queue, p->n_queue));
    cJSON_AddNumberToObject(o, "boards", (double)p->n_boards);
    cJSON_AddNumberToObject(o, "boards_ready", (double)(p->n_boards - p->n_away));
    cJSON *away = cJSON_AddArrayToObject(o, "boards_away"), *teams = cJSON_AddArrayToObject(o, "teams");
    for (size_t i = 0; i < p->n_away; i++) {
        cJSON *a = cJSON_CreateObject();
        cJSON_AddItemToObject(a, "board", json_board(p->away[i].board));
        json_time(a, "since", p->away[i].since_wall_ns);
        cJSON_AddStringToObject(a, "last", p->away[i].last);
        cJSON_AddItemToArray(away, a);
    }
    for (size_t i = 0; p->teams && i < p->teams->reply->n_teams; i++)
        cJSON_AddItemToArray(teams, json_team(p->teams->reply->teams[i]));
    return json_print(o);
}

int cmd_status(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    struct page page = {0};
    cleanup_session struct session *session = NULL;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = fetch(session, &s, &page, &err);
    if (r) {
        code = command_fail(self, exit_of(r), "%s", err.text);
    } else if (s.common.json) {
        code = print_json(&page);
    } else {
        print_master(&page);
        print_searches("searches that ended badly", page.failed, page.n_failed, "no search ended badly");
        print_searches("unfinished searches", page.queue, page.n_queue, "no search is unfinished");
        print_away(&page);
        print_teams(&page);
    }
    page_free(&page);
    return code;
}
