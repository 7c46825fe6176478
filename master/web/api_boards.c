/* Boards: the table, what happened to one, orders. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/time.h"
#include "web/api.h"

static void write_boards(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "boards", '[');
    for (size_t i = 0; i < reply->n_boards; i++) {
        struct results_board b;
        results_board_from_message(reply->boards[i], &b);
        write_board(&c->out, &b);
    }
    out_close(&c->out, ']');
    out_close(&c->out, '}');
}

void api_boards(struct call *c)
{
    Sonata__ListBoards list = SONATA__LIST_BOARDS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_BOARDS;
    request.boards = &list;
    call_ask(c, &request, write_boards);
}

static void write_event(struct bytes *b, const Sonata__BoardEvent *e)
{
    out_open(b, NULL, '{');
    out_time(b, "at", e->wall_ns);
    out_text(b, "kind", e->kind);
    out_text(b, "state", e->state);
    out_text(b, "text", e->text);
    out_number(b, "canary_us", e->latency_us);
    out_number(b, "reference_us", e->reference_us);
    out_time(b, "invalid_from", e->invalid_from_wall_ns);
    out_time(b, "invalid_to", e->invalid_to_wall_ns);
    out_close(b, '}');
}

/* Newest first; the cursor of the next page as hexadecimal digits. */
static void write_history(struct call *c, const Sonata__Reply *reply)
{
    char hex[2 * 64 + 1];
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "events", '[');
    for (size_t i = 0; i < reply->n_board_events; i++)
        write_event(&c->out, reply->board_events[i]);
    out_close(&c->out, ']');
    bool more = reply->more && reply->cursor.len && reply->cursor.len <= 64;
    if (more)
        hash_to_hex(reply->cursor.data, reply->cursor.len, hex);
    out_text(&c->out, "next", more ? hex : NULL);
    out_close(&c->out, '}');
}

static int hex_digit(char h)
{
    const char *at = h ? strchr("0123456789abcdef", h) : NULL;
    return at ? (int)(at - "0123456789abcdef") : -1;
}

/* Bytes of a cursor; -1: not hexadecimal or too long. */
static int read_cursor(const char *text, uint8_t bytes[64])
{
    size_t n = text ? strlen(text) : 0;
    if (n % 2 || n > 128)
        return -1;
    for (size_t i = 0; i < n; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return -1;
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    return (int)(n / 2);
}

void api_board_history(struct call *c)
{
    Sonata__GetBoardHistory get = SONATA__GET_BOARD_HISTORY__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    uint8_t cursor[64];
    uint64_t limit;
    if (!call_number(c, "limit", 1000, 200, &limit))
        return;
    int n = read_cursor(http_query(c->request, "from"), cursor);
    if (n < 0) {
        call_fail(c, -EINVAL, "from: the `next` of an earlier answer is expected");
        return;
    }
    get.board = c->argument[0];
    get.max = (uint32_t)limit;
    get.cursor = (ProtobufCBinaryData){(size_t)n, cursor};
    request.verb_case = SONATA__REQUEST__VERB_BOARD_HISTORY;
    request.board_history = &get;
    call_ask(c, &request, write_history);
}

static void write_done(struct call *c, const Sonata__Reply *reply)
{
    (void)reply;
    out_open(&c->out, NULL, '{');
    out_close(&c->out, '}');
}

/* What invalidate takes back, in the API's milliseconds. */
static bool read_span(const struct call *c, Sonata__BoardControl *control)
{
    double from, to = (double)(clock_wall_ns() / SONATA_MS), most = 1e14;
    if (!call_body_number(c, "from", 0, most, &from))
        return false;
    if (cJSON_GetObjectItemCaseSensitive(c->body, "to") && !call_body_number(c, "to", 0, most, &to))
        return false;
    control->from_wall_ns = (int64_t)from * SONATA_MS;
    control->to_wall_ns = (int64_t)to * SONATA_MS;
    return from < to;
}

void api_board_control(struct call *c)
{
    Sonata__BoardControl control = SONATA__BOARD_CONTROL__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    control.board = c->argument[0];
    control.action = (char *)(uintptr_t)call_body_text(c, "action");
    control.reason = (char *)(uintptr_t)call_body_text(c, "reason");
    if (!control.action[0]) {
        call_fail(c, -EINVAL, "action: drain, quarantine, recalibrate, power-cycle, release, retire, disown or invalidate is expected");
        return;
    }
    if (!strcmp(control.action, "invalidate") && !read_span(c, &control)) {
        call_fail(c, -EINVAL, "from, to: milliseconds since 1970 are expected, in order; without `to` it is until now");
        return;
    }
    request.verb_case = SONATA__REQUEST__VERB_BOARD_CONTROL;
    request.board_control = &control;
    call_ask(c, &request, write_done);
}
