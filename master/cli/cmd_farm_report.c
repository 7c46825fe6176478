/* sonata farm-report: a week of the farm for whoever keeps it: availability, use by team, outcomes by type, boards to look at. Text, HTML or JSON;
 * the page has no script and goes into a mail as it is. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/farm_week.h"
#include "cli/html_page.h"
#include "cli/json.h"
#include "cli/text_table.h"

enum { TEAMS_MAX = 200, TYPES_MAX = 64, EVENTS_MAX = 10000, PAGE = 1000 };

struct settings {
    struct cli_common common;
    bool week;
    int64_t since_ns;
    const char *output;
};

const struct option_def farm_report_options[] = {
    {.name = "week", .type = OPTION_FLAG, .offset = offsetof(struct settings, week), .help = "The last 7 days (default)."},
    {.name = "since",
     .type = OPTION_DURATION,
     .offset = offsetof(struct settings, since_ns),
     .argument = "TIME",
     .standard = "7d",
     .min = 60,
     .max = 366.0 * 86400,
     .help = "Another span of time: 24h, 30d."},
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, output),
     .argument = "FILE",
     .help = "Write a page, HTML, instead (- is standard output)."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

struct team_use {
    char name[64];
    unsigned searches, evaluations;
    int64_t board_ns;
};

struct type_use {
    char name[BOARD_NAME_MAX];
    unsigned boards, troubles;
    uint64_t done, failed;
    double available; /* mean of those that are known */
    unsigned known;
};

/* Everything that is reported. */
struct week {
    int64_t from, to;
    struct results_board board[RESULTS_BOARDS_MAX];
    struct farm_board farm[RESULTS_BOARDS_MAX];
    size_t n_boards;
    struct team_use team[TEAMS_MAX];
    size_t n_teams;
    struct type_use type[TYPES_MAX];
    size_t n_types;
};

static void take_event(const Sonata__BoardEvent *e, struct farm_event *to)
{
    *to = (struct farm_event){.wall_ns = e->wall_ns, .latency_us = e->latency_us, .reference_us = e->reference_us};
    copy_string(to->kind, sizeof to->kind, e->kind);
    copy_string(to->state, sizeof to->state, e->state);
}

/* Events from the newest back, to the first that is older than the span. */
static int fetch_events(struct session *session, const char *board, int64_t from, struct farm_event *event, size_t *ret_n, struct sonata_error *err)
{
    uint8_t cursor[64];
    size_t n_cursor = 0;
    bool more = true;
    for (*ret_n = 0; more && *ret_n < EVENTS_MAX;) {
        Sonata__GetBoardHistory get = SONATA__GET_BOARD_HISTORY__INIT;
        Sonata__Request request = SONATA__REQUEST__INIT;
        cleanup_envelope Sonata__Envelope *reply = NULL;
        get.board = (char *)(uintptr_t)board;
        get.max = PAGE;
        get.cursor = (ProtobufCBinaryData){n_cursor, cursor};
        request.verb_case = SONATA__REQUEST__VERB_BOARD_HISTORY;
        request.board_history = &get;
        int r = session_call(session, &request, &reply, err);
        if (r)
            return r;
        const Sonata__Reply *m = reply->reply;
        for (size_t i = 0; i < m->n_board_events && *ret_n < EVENTS_MAX && more; i++) {
            take_event(m->board_events[i], &event[(*ret_n)++]);
            more = m->board_events[i]->wall_ns >= from;
        }
        more = more && m->more && m->cursor.len && m->cursor.len <= sizeof cursor;
        n_cursor = more ? m->cursor.len : 0;
        if (more)
            memcpy(cursor, m->cursor.data, n_cursor);
    }
    return 0;
}

static int fetch_boards(struct session *session, struct week *w, struct sonata_error *err)
{
    cleanup_free struct farm_event *event = xcalloc(EVENTS_MAX, sizeof *event);
    int r = results_fetch_boards(session, w->board, RESULTS_BOARDS_MAX, &w->n_boards, err);
    for (size_t i = 0; !r && i < w->n_boards; i++) {
        size_t n = 0;
        w->farm[i] = (struct farm_board){.board = &w->board[i], .available = NAN, .drift = NAN};
        r = fetch_events(session, w->board[i].id, w->from, event, &n, err);
        if (r == -EACCES) /* histories are for admins */
            r = 0;
        else if (!r)
            farm_board_judge(&w->farm[i], event, n, w->from, w->to);
    }
    if (!r)
        farm_boards_compare(w->farm, w->n_boards);
    return r;
}

static struct team_use *team_of(struct week *w, const char *name)
{
    for (size_t i = 0; i < w->n_teams; i++) {
        if (!strcmp(w->team[i].name, name))
            return &w->team[i];
    }
    if (w->n_teams == TEAMS_MAX)
        return NULL;
    copy_string(w->team[w->n_teams].name, sizeof w->team[0].name, name);
    return &w->team[w->n_teams++];
}

/* Of the searches that were not finished at some time of the span. */
static int fetch_teams(struct session *session, struct week *w, struct sonata_error *err)
{
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    int r = session_call_all(session, &request, &reply, err);
    for (size_t i = 0; !r && i < reply->reply->n_searches; i++) {
        struct results_status s;
        r = results_from_status_message(reply->reply->searches[i], &s, err);
        if (r || (s.finished_wall_ns && s.finished_wall_ns < w->from))
            continue;
        struct team_use *t = team_of(w, s.team);
        if (!t)
            continue;
        t->searches++;
        t->evaluations += s.told;
        t->board_ns += s.board_ns;
    }
    return r;
}

static void sum_types(struct week *w)
{
    for (size_t i = 0; i < w->n_boards; i++) {
        const struct results_board *b = &w->board[i];
        size_t k = 0;
        while (k < w->n_types && strcmp(w->type[k].name, b->type))
            k++;
        if (k == TYPES_MAX)
            continue;
        if (k == w->n_types)
            copy_string(w->type[w->n_types++].name, sizeof w->type[0].name, b->type);
        struct type_use *t = &w->type[k];
        t->boards++;
        t->done += b->done;
        t->failed += b->failed;
        t->troubles += w->farm[i].troubles;
        if (!isnan(w->farm[i].available))
            t->available += (w->farm[i].available - t->available) / ++t->known;
    }
}

static void format_share(double v, char text[24])
{
    if (isnan(v))
        copy_string(text, 24, "not known");
    else
        snprintf(text, 24, "%.1f %%", 100 * v);
}

static void print_types(const struct week *w)
{
    static const char *const heading[] = {"type", "boards", "could measure", "troubles", "results", "failed"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], i > 0);
    for (size_t i = 0; i < w->n_types; i++) {
        char share[24];
        format_share(w->type[i].known ? w->type[i].available : (double)NAN, share);
        text_table_cell(t, "%s", w->type[i].name);
        text_table_cell(t, "%u", w->type[i].boards);
        text_table_cell(t, "%s", share);
        text_table_cell(t, "%u", w->type[i].troubles);
        text_table_cell(t, "%llu", (unsigned long long)w->type[i].done);
        text_table_cell(t, "%llu", (unsigned long long)w->type[i].failed);
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static void print_teams(const struct week *w)
{
    static const char *const heading[] = {"team", "searches", "evaluations", "board time"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], i > 0);
    for (size_t i = 0; i < w->n_teams; i++) {
        char time[16];
        format_duration(w->team[i].board_ns, time);
        text_table_cell(t, "%s", w->team[i].name[0] ? w->team[i].name : "(none)");
        text_table_cell(t, "%u", w->team[i].searches);
        text_table_cell(t, "%u", w->team[i].evaluations);
        text_table_cell(t, "%s", time);
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static void print_text(const struct week *w)
{
    char from[24], to[24];
    unsigned odd = 0;
    clock_format_utc(w->from, from);
    clock_format_utc(w->to, to);
    printf("The farm from %s to %s\n\nBoards to look at:\n", from, to);
    for (size_t i = 0; i < w->n_boards; i++) {
        if (w->farm[i].look[0] && ++odd)
            printf("  %s (%s): %s\n", w->board[i].id, w->board[i].type, w->farm[i].look);
    }
    puts(odd ? "" : "  none\n");
    print_types(w);
    puts("\nSearches that ran in this time, with all they used:");
    print_teams(w);
}

static void page_boards(const struct week *w, struct bytes *out)
{
    bytes_printf(out, "<section><h2>Boards</h2>");
    html_table_begin(out, "board|type|>could measure|>canaries|>failed canaries|>troubles|>off its reference|look at it");
    for (size_t i = 0; i < w->n_boards; i++) {
        const struct farm_board *b = &w->farm[i];
        char share[24], drift[24] = "";
        format_share(b->available, share);
        if (!isnan(b->drift))
            snprintf(drift, sizeof drift, "%+.1f %%", 100 * b->drift);
        html_row_begin(out);
        html_cell(out, false, "%s", b->board->id);
        html_cell(out, false, "%s", b->board->type);
        html_cell(out, true, "%s", share);
        html_cell(out, true, "%u", b->canaries);
        html_cell(out, true, "%u", b->canaries_failed);
        html_cell(out, true, "%u", b->troubles);
        html_cell(out, true, "%s", drift);
        html_cell(out, false, "%s", b->look);
        html_row_end(out);
    }
    html_table_end(out);
    bytes_printf(out, "</section>\n");
}

static void page_types(const struct week *w, struct bytes *out)
{
    bytes_printf(out, "<section><h2>Types</h2><p class=\"note\">Results and failures since the boards are known.</p>");
    html_table_begin(out, "type|>boards|>could measure|>troubles|>results|>failed");
    for (size_t i = 0; i < w->n_types; i++) {
        char share[24];
        format_share(w->type[i].known ? w->type[i].available : (double)NAN, share);
        html_row_begin(out);
        html_cell(out, false, "%s", w->type[i].name);
        html_cell(out, true, "%u", w->type[i].boards);
        html_cell(out, true, "%s", share);
        html_cell(out, true, "%u", w->type[i].troubles);
        html_cell(out, true, "%llu", (unsigned long long)w->type[i].done);
        html_cell(out, true, "%llu", (unsigned long long)w->type[i].failed);
        html_row_end(out);
    }
    html_table_end(out);
    bytes_printf(out, "</section>\n");
}

static void page_teams(const struct week *w, struct bytes *out)
{
    bytes_printf(out, "<section><h2>Teams</h2><p class=\"note\">Searches that ran in this time, with all they used.</p>");
    html_table_begin(out, "team|>searches|>evaluations|>board time");
    for (size_t i = 0; i < w->n_teams; i++) {
        char time[16];
        format_duration(w->team[i].board_ns, time);
        html_row_begin(out);
        html_cell(out, false, "%s", w->team[i].name[0] ? w->team[i].name : "(none)");
        html_cell(out, true, "%u", w->team[i].searches);
        html_cell(out, true, "%u", w->team[i].evaluations);
        html_cell(out, true, "%s", time);
        html_row_end(out);
    }
    html_table_end(out);
    bytes_printf(out, "</section>\n");
}

static int write_page(const struct week *w, const char *path, struct sonata_error *err)
{
    cleanup_bytes struct bytes out = {0};
    char from[24], to[24], lead[120];
    clock_format_utc(w->from, from);
    clock_format_utc(w->to, to);
    snprintf(lead, sizeof lead, "From %s to %s (UTC). Written by sonata farm-report.", from, to);
    html_page_begin(&out, "The farm", lead);
    page_boards(w, &out);
    page_types(w, &out);
    page_teams(w, &out);
    html_page_end(&out);
    return write_output(path, out.data, out.size, err);
}

static cJSON *board_json(const struct farm_board *b)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "id", b->board->id);
    cJSON_AddStringToObject(o, "type", b->board->type);
    json_number(o, "available", b->available);
    cJSON_AddNumberToObject(o, "canaries", b->canaries);
    cJSON_AddNumberToObject(o, "canaries_failed", b->canaries_failed);
    cJSON_AddNumberToObject(o, "troubles", b->troubles);
    json_number(o, "drift", b->drift);
    cJSON_AddStringToObject(o, "look", b->look);
    return o;
}

static int print_json(const struct week *w)
{
    cJSON *o = cJSON_CreateObject();
    json_time(o, "from", w->from);
    json_time(o, "to", w->to);
    cJSON *boards = cJSON_AddArrayToObject(o, "boards"), *types = cJSON_AddArrayToObject(o, "types"), *teams = cJSON_AddArrayToObject(o, "teams");
    for (size_t i = 0; i < w->n_boards; i++)
        cJSON_AddItemToArray(boards, board_json(&w->farm[i]));
    for (size_t i = 0; i < w->n_types; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddStringToObject(x, "type", w->type[i].name);
        cJSON_AddNumberToObject(x, "boards", w->type[i].boards);
        json_number(x, "available", w->type[i].known ? w->type[i].available : (double)NAN);
        cJSON_AddNumberToObject(x, "troubles", w->type[i].troubles);
        json_integer(x, "results", (int64_t)w->type[i].done);
        json_integer(x, "failed", (int64_t)w->type[i].failed);
        cJSON_AddItemToArray(types, x);
    }
    for (size_t i = 0; i < w->n_teams; i++) {
        cJSON *x = cJSON_CreateObject();
        cJSON_AddStringToObject(x, "team", w->team[i].name);
        cJSON_AddNumberToObject(x, "searches", w->team[i].searches);
        cJSON_AddNumberToObject(x, "evaluations", w->team[i].evaluations);
        json_number(x, "board_s", (double)w->team[i].board_ns * 1e-9);
        cJSON_AddItemToArray(teams, x);
    }
    return json_print(o);
}

static int show(const struct settings *s, const struct week *w, struct sonata_error *err)
{
    if (s->output)
        return write_page(w, s->output, err);
    if (s->common.json)
        print_json(w);
    else
        print_text(w);
    return 0;
}

int cmd_farm_report(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_free struct week *w = xcalloc(1, sizeof *w);
    w->to = clock_wall_ns();
    w->from = w->to - (s.week ? 7 * SONATA_DAY : s.since_ns);
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = fetch_boards(session, w, &err);
    if (!r)
        r = fetch_teams(session, w, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    sum_types(w);
    r = show(&s, w, &err);
    return r ? command_fail(self, exit_of(r), "%s", err.text) : CLI_OK;
}
