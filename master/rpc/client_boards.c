/* Boards for people: the table, orders, history. Boards are everybody's; what others do on them is not: border_out() takes that from the table, and
 * the history (when a board did what, with a worker's texts) is for admins, as are orders. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "rpc/verbs.h"

static char **copy_texts(const char *text, size_t stride, uint32_t n)
{
    char **copy = xcalloc(n ? n : 1, sizeof *copy);
    for (uint32_t i = 0; i < n; i++)
        copy[i] = xstrdup(text + i * stride);
    return copy;
}

static Sonata__BoardInfo *info_message(const struct sched_board_info *b, uint32_t epoch)
{
    Sonata__BoardInfo *m = xmalloc(sizeof *m);
    sonata__board_info__init(m);
    m->id = xstrdup(b->id);
    m->type = xstrdup(b->type);
    m->backend = xstrdup(b->backend);
    m->state = xstrdup(b->state);
    m->detail = xstrdup(b->detail);
    m->epoch = epoch;
    m->n_metrics = b->n_metrics;
    m->metrics = copy_texts(b->metric[0], sizeof b->metric[0], b->n_metrics);
    m->n_datasets = b->n_datasets;
    m->datasets = copy_texts(b->dataset[0], sizeof b->dataset[0], b->n_datasets);
    return m;
}

/* What keeps the master from giving it jobs, and at whose word: "drain", "by alice: fan". */
static void held_texts(const struct engine_board_health *health, char *held, char *why, size_t size)
{
    const struct board_health_record *h = health->record;
    held[0] = why[0] = '\0';
    if (h && h->order != BOARD_ORDER_NONE) {
        snprintf(held, size, "%s", board_order_name(h->order));
        if (h->by[0])
            snprintf(why, size, "by %s%s%s", h->by, h->reason[0] ? ": " : "", h->reason);
        else
            snprintf(why, size, "%s", h->reason);
    } else if (health->hold_left_ns) {
        snprintf(held, size, "quarantine for %.0f s", (double)health->hold_left_ns / 1e9);
    } else if (h && h->probation) {
        snprintf(held, size, "probation");
    }
}

static void add_health(struct rpc *rpc, const struct sched_board_view *v, Sonata__BoardStatus *m)
{
    struct engine_board_health health;
    char held[REASON_MAX + 80], why[sizeof held];
    engine_board_health(rpc->run, v->info->id, v->info->type, &health);
    held_texts(&health, held, why, sizeof held);
    m->held = xstrdup(held);
    m->held_why = xstrdup(why);
    m->warning =
        xstrdup(worker_was_cloned(rpc, v->worker) ? "two workers run with the name and key of this board's: give each its own" : health.warning);
    if (!health.record)
        return;
    m->canary_us = health.record->latency_us;
    m->reference_us = health.record->reference_us;
    m->canary_wall_ns = health.record->canary_wall_ns;
    if (!v->info->state[0]) { /* its worker has not come back since the master started */
        free(m->info->state);
        m->info->state = xstrdup(health.record->state);
    }
}

static Sonata__BoardStatus *status_message(struct rpc *rpc, bool admin, const struct sched_board_view *v)
{
    Sonata__BoardStatus *m = xmalloc(sizeof *m);
    sonata__board_status__init(m);
    m->info = info_message(v->info, v->epoch);
    m->worker = xstrdup(v->worker);
    m->online = v->online;
    m->attempt = v->attempt;
    m->phase = xstrdup(v->suspect ? "link suspect" : v->phase);
    const struct rpc_worker *worker = worker_with_name(rpc, v->worker);
    m->software = xstrdup(worker ? worker->software : "");
    char why[WHY_MAX];
    m->why = xstrdup(engine_board_waits(rpc->run, v, admin, why, sizeof why) ? why : "");
    m->silent_since_wall_ns = !v->online && v->worker[0] ? engine_wall(rpc->run) - (engine_now(rpc->run) - v->heard_ns) : 0;
    add_health(rpc, v, m);
    cleanup_bytes struct bytes b = {0};
    struct board_record record;
    if (!store_get(engine_store(rpc->run), STORE_BOARD, key_text(v->info->id), &b) && !board_record_decode(b.data, b.size, &record)) {
        int64_t known = engine_wall(rpc->run) - record.first_wall_ns;
        m->done = record.done;
        m->failed = record.failed;
        m->busy_share = known > 0 ? (double)record.busy_ns / (double)known : 0;
    }
    return m;
}

enum { PAGE_BYTES = 3 << 20 };

int client_boards(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const struct sched *s = engine_sched(rpc->run);
    uint32_t n = sched_board_count(s), from = call->request->boards->from;
    size_t bytes = 0;
    reply->message.boards = xcalloc(RPC_PAGE_MAX, sizeof *reply->message.boards);
    for (uint32_t i = from; i < n && !reply->message.more; i++) {
        struct sched_board_view v;
        sched_board_view(s, i, &v);
        Sonata__BoardStatus *m = reply->message.boards[reply->message.n_boards++] = status_message(rpc, call->caller->admin, &v);
        bytes += sonata__board_status__get_packed_size(m);
        reply->message.more = i + 1 < n && (bytes > PAGE_BYTES || reply->message.n_boards == RPC_PAGE_MAX);
    }
    return 0;
}

int client_order_reason(const char *text, char ret_reason[REASON_MAX], struct sonata_error *err)
{
    if (!copy_string(ret_reason, REASON_MAX, text))
        return sonata_error_set(err, -EINVAL, "a reason has at most %d characters", REASON_MAX - 1);
    for (char *p = ret_reason; *p; p++)
        *p = (unsigned char)*p < 32 || *p == 127 ? ' ' : *p;
    return 0;
}

int client_board_control(struct rpc_call *call)
{
    char reason[REASON_MAX];
    const Sonata__BoardControl *verb = call->request->board_control;
    int rc = client_order_reason(verb->reason, reason, &call->reply->err);
    if (rc)
        return rc;
    struct engine_order order = {.board = verb->board, .order = (enum board_order)call->verb->what, .reason = reason, .by = call->caller->label};
    return engine_board_control(call->rpc->run, &order, &call->reply->err);
}

static int check_known(struct rpc_call *call)
{
    struct sched_board_view v;
    const char *board = call->request->board_control->board;
    return sched_board_named(engine_sched(call->rpc->run), board, &v)
               ? 0
               : sonata_error_set(&call->reply->err, -ENOENT, "there is no board '%.40s'", board);
}

int client_board_invalidate(struct rpc_call *call)
{
    const Sonata__BoardControl *verb = call->request->board_control;
    int rc = check_known(call);
    if (!rc && (verb->from_wall_ns < 0 || verb->from_wall_ns >= verb->to_wall_ns))
        rc = sonata_error_set(&call->reply->err, -EINVAL, "the time whose results are taken back ends before it begins");
    if (!rc && (rc = engine_invalidate(call->rpc->run, verb->board, verb->from_wall_ns, verb->to_wall_ns)))
        sonata_error_set(&call->reply->err, rc, "no results are taken back: %s",
                         rc == -EAGAIN ? "the store cannot be written" : "the time lies ahead");
    return rc;
}

int client_board_disown(struct rpc_call *call)
{
    int rc = check_known(call);
    if (!rc)
        engine_board_bind(call->rpc->run, call->request->board_control->board, "");
    return rc;
}

enum { HISTORY_DEFAULT = 100 };

struct history {
    struct rpc_reply *reply;
    size_t bytes; /* left for the answer */
};

static bool add_event(void *user, const struct board_event_record *e)
{
    struct history *h = user;
    Sonata__Reply *m = &h->reply->message;
    Sonata__BoardEvent *event = board_event_to_message(&e->event);
    size_t n = sonata__board_event__get_packed_size(event) + 8;
    if (n > h->bytes) {
        sonata__board_event__free_unpacked(event, NULL);
        return false;
    }
    h->bytes -= n;
    m->board_events[m->n_board_events++] = event;
    return true;
}

int client_board_history(struct rpc_call *call)
{
    const struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const Sonata__GetBoardHistory *verb = call->request->board_history;
    struct sched_board_view v;
    struct history h = {.reply = reply, .bytes = WIRE_MESSAGE_MAX / 2};
    uint32_t max = verb->max ? verb->max : HISTORY_DEFAULT;
    if (!sched_board_named(engine_sched(rpc->run), verb->board, &v))
        return sonata_error_set(&reply->err, -ENOENT, "there is no board '%.40s'", verb->board);
    if (verb->cursor.len && verb->cursor.len != ENGINE_CURSOR_SIZE)
        return sonata_error_set(&reply->err, -EINVAL, "a cursor is %d bytes of an earlier answer", ENGINE_CURSOR_SIZE);
    max = max < RPC_PAGE_MAX ? max : RPC_PAGE_MAX;
    reply->message.board_events = xcalloc(max, sizeof *reply->message.board_events);
    struct engine_page page = {.from = verb->cursor.len ? verb->cursor.data : NULL, .max = max, .user = &h};
    int rc = engine_board_history(rpc->run, verb->board, &page, add_event);
    if (rc)
        return sonata_error_set(&reply->err, rc, "the store cannot be read: %s", strerror(-rc));
    reply->message.more = page.more;
    memcpy(reply->cursor, page.next, sizeof reply->cursor);
    if (page.more)
        reply->message.cursor = (ProtobufCBinaryData){ENGINE_CURSOR_SIZE, reply->cursor};
    return 0;
}
