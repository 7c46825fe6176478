/* sonata board: orders to one board, and its history. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"

struct settings {
    struct cli_common common;
    const char *reason, *from, *to;
    int64_t max;
};

const struct option_def board_options[] = {
    {.name = "reason",
     .letter = 'r',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, reason),
     .argument = "TEXT",
     .standard = "",
     .help = "Why; admins see it in `sonata boards` and in the history."},
    {.name = "from",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, from),
     .argument = "TIME",
     .standard = "",
     .help = "invalidate: results it began since then are taken back: 2026-01-31T12:00:00Z, or how long ago: 2h."},
    {.name = "to",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, to),
     .argument = "TIME",
     .standard = "0s",
     .help = "invalidate: and before that."},
    {.name = "max",
     .letter = 'n',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, max),
     .argument = "N",
     .standard = "50",
     .min = 1,
     .max = 10000,
     .help = "history: show the newest N events."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

/* What an order means, said when it was taken. */
static const struct {
    const char *action, *meaning;
} actions[] = {
    {"drain", "gets no new jobs and goes to maintenance when its job has ended; `release` ends that"},
    {"quarantine", "gets no new jobs; after a pause it proves itself and comes back by itself"},
    {"recalibrate", "takes a new canary reference before it works on"},
    {"power-cycle", "is switched off and on, then proves itself"},
    {"release", "may work again, after it proved itself"},
    {"retire", "gets no jobs ever again"},
    {"disown", "belongs to no key any more: the next worker that brings it has it"},
    {"invalidate", "loses what it began to measure in that time: it is taken back over the next seconds, searches are told anew"},
};

static const char *meaning_of(const char *action)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (!strcmp(actions[i].action, action))
            return actions[i].meaning;
    }
    return NULL;
}

/* The span of `invalidate`. */
static int take_span(const struct settings *s, Sonata__BoardControl *control, struct sonata_error *err)
{
    if (!s->from[0])
        return sonata_error_set(err, -EINVAL, "invalidate needs --from: since when its results are not to be trusted");
    int r = clock_parse_utc(s->from, clock_wall_ns(), &control->from_wall_ns);
    if (!r)
        r = clock_parse_utc(s->to, clock_wall_ns(), &control->to_wall_ns);
    return r ? sonata_error_set(err, r, "--from %.40s --to %.40s: a time such as 2026-01-31T12:00:00Z, or 2h for two hours ago, is expected", s->from,
                                s->to)
             : 0;
}

static int give_order(const struct command *self, const struct settings *s, struct session *session, char *board, char *action)
{
    struct sonata_error err = {{0}};
    cleanup_envelope Sonata__Envelope *reply = NULL;
    Sonata__BoardControl control = SONATA__BOARD_CONTROL__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    control.board = board;
    control.action = action;
    control.reason = (char *)(uintptr_t)s->reason;
    if (!strcmp(action, "invalidate") && take_span(s, &control, &err))
        return command_fail(self, CLI_USAGE, "%s", err.text);
    request.verb_case = SONATA__REQUEST__VERB_BOARD_CONTROL;
    request.board_control = &control;
    int r = session_call(session, &request, &reply, &err);
    if (r)
        return command_fail(self, r == -EINVAL ? CLI_REFUSED : exit_of(r), "%s", err.text);
    if (!s->common.json) {
        printf("board %s %s\n", board, meaning_of(action));
        return CLI_OK;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "board", board);
    cJSON_AddStringToObject(o, "order", action);
    return json_print(o);
}

struct history {
    Sonata__BoardEvent **event; /* newest first */
    size_t n, capacity;
    struct bytes cursor; /* where the next page begins */
    bool more;
};

static void history_free(struct history *h)
{
    for (size_t i = 0; i < h->n; i++)
        sonata__board_event__free_unpacked(h->event[i], NULL);
    free(h->event);
    bytes_fini(&h->cursor);
}

/* One page; its events move into the history. */
static int fetch_page(struct session *session, char *board, uint32_t max, struct history *h, struct sonata_error *err)
{
    cleanup_envelope Sonata__Envelope *reply = NULL;
    Sonata__GetBoardHistory get = SONATA__GET_BOARD_HISTORY__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    get.board = board;
    get.max = max;
    get.cursor = (ProtobufCBinaryData){h->cursor.size, h->cursor.data};
    request.verb_case = SONATA__REQUEST__VERB_BOARD_HISTORY;
    request.board_history = &get;
    int r = session_call(session, &request, &reply, err);
    if (r)
        return r;
    Sonata__Reply *page = reply->reply;
    for (size_t i = 0; i < page->n_board_events; i++) {
        h->event = xgrow(h->event, &h->capacity, h->n + 1, sizeof *h->event);
        h->event[h->n++] = page->board_events[i];
    }
    h->more = page->more && page->n_board_events;
    page->n_board_events = 0;
    bytes_clear(&h->cursor);
    bytes_append(&h->cursor, page->cursor.data, page->cursor.len);
    return 0;
}

static int fetch_history(struct session *session, char *board, size_t max, struct history *h, struct sonata_error *err)
{
    int r = 0;
    h->more = true;
    while (h->more && h->n < max && !r)
        r = fetch_page(session, board, (uint32_t)(max - h->n), h, err);
    return r;
}

static void print_event(const Sonata__BoardEvent *e)
{
    char when[24], value[24], canary[64] = "";
    clock_format_utc(e->wall_ns, when);
    if (e->latency_us > 0 && e->reference_us > 0) {
        format_value(e->latency_us, value);
        snprintf(canary, sizeof canary, "%s us (%+.1f %%)  ", value, 100 * (e->latency_us / e->reference_us - 1));
    } else if (!strcmp(e->kind, "canary")) {
        snprintf(canary, sizeof canary, "%s  ", e->latency_us > 0 ? "answered" : "failed");
    }
    printf("%s  %-10s  %-11s  %s%s\n", when, e->kind, e->state, canary, e->text);
}

static cJSON *json_event(const Sonata__BoardEvent *e)
{
    char when[24];
    cJSON *o = cJSON_CreateObject();
    clock_format_utc(e->wall_ns, when);
    cJSON_AddStringToObject(o, "when", when);
    cJSON_AddStringToObject(o, "kind", e->kind);
    cJSON_AddStringToObject(o, "state", e->state);
    cJSON_AddStringToObject(o, "text", e->text);
    if (e->latency_us > 0)
        json_number(o, "latency_us", e->latency_us);
    if (e->reference_us > 0)
        json_number(o, "reference_us", e->reference_us);
    if (e->invalid_to_wall_ns) {
        clock_format_utc(e->invalid_from_wall_ns, when);
        cJSON_AddStringToObject(o, "invalid_from", when);
        clock_format_utc(e->invalid_to_wall_ns, when);
        cJSON_AddStringToObject(o, "invalid_to", when);
    }
    return o;
}

static int show_history(const struct command *self, const struct settings *s, struct session *session, char *board)
{
    struct sonata_error err = {{0}};
    struct history h = {0};
    int r = fetch_history(session, board, (size_t)s->max, &h, &err);
    cJSON *list = s->common.json && !r ? cJSON_CreateArray() : NULL;
    for (size_t i = h.n; i-- > 0 && !r;) {
        if (list)
            cJSON_AddItemToArray(list, json_event(h.event[i]));
        else
            print_event(h.event[i]);
    }
    if (!r && !list && !h.n)
        printf("nothing is known of board %s yet\n", board);
    history_free(&h);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    return list ? json_print(list) : CLI_OK;
}

int cmd_board(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    char *board = argv[rest], *action = argv[rest + 1];
    bool history = !strcmp(action, "history");
    if (!history && !meaning_of(action))
        return command_fail(self, CLI_USAGE,
                            "'%s' is here; expected drain, quarantine, recalibrate, power-cycle, release, retire, disown, invalidate or history",
                            action);
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    int r = session_open_common(&s.common, &session, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    return history ? show_history(self, &s, session, board) : give_order(self, &s, session, board, action);
}
