/* See record_board.h and fields.h. */
#include "store/record_board.h"

#include "store/fields.h"

/* BOARD_VERSION 2: whose it is. BOARD_HEALTH_VERSION 2: canaries; 3: failures, loss to be told; 4: why it is held, reload. */
enum { BOARD_VERSION = 2, BOARD_EVENT_VERSION = 1, BOARD_HEALTH_VERSION = 4, INVALID_VERSION = 1 };

const char *board_order_name(enum board_order o)
{
    static const char *const name[BOARD_ORDER_COUNT] = {NULL, "drain", "quarantine", "recalibrate", "power-cycle", "release", "retire"};
    return (unsigned)o < BOARD_ORDER_COUNT ? name[o] : NULL;
}

static void walk_board(struct fields *f, struct board_record *x)
{
    field_string(f, x->name, sizeof x->name);
    field_string(f, x->type, sizeof x->type);
    field_u32(f, &x->epoch);
    field_u64(f, &x->done);
    field_u64(f, &x->failed);
    field_i64(f, &x->busy_ns);
    field_i64(f, &x->first_wall_ns);
    if (f->version >= 2)
        field_string(f, x->key, sizeof x->key);
}
FIELDS_RECORD(board_record, struct board_record, walk_board, BOARD_VERSION)

static void walk_board_event(struct fields *f, struct board_event_record *x)
{
    struct board_event *e = &x->event;
    field_u64(f, &e->sequence);
    field_string(f, e->board, sizeof e->board);
    field_i64(f, &e->wall_ns);
    field_string(f, e->kind, sizeof e->kind);
    field_string(f, e->state, sizeof e->state);
    field_string(f, e->text, sizeof e->text);
    field_f64(f, &e->latency_us);
    field_f64(f, &e->reference_us);
    field_string(f, e->fingerprint, sizeof e->fingerprint);
    field_i64(f, &e->invalid_from_wall_ns);
    field_i64(f, &e->invalid_to_wall_ns);
    field_string(f, x->worker, sizeof x->worker);
    field_i64(f, &x->stored_wall_ns);
    field_check(f, e->wall_ns >= 0);
}
FIELDS_RECORD(board_event_record, struct board_event_record, walk_board_event, BOARD_EVENT_VERSION)

static void walk_failure(struct fields *f, uint8_t *place, struct blame_entry *e)
{
    *place = (uint8_t)field_number(f, *place, UINT8_MAX + 1);
    field_u64(f, &e->job);
    field_i64(f, &e->t_ns);
    field_f64(f, &e->weight);
}

static void read_failures(struct fields *f, uint32_t n, struct blame *b)
{
    for (uint32_t i = 0; i < n; i++) {
        uint8_t place = 0;
        struct blame_entry e = {0};
        walk_failure(f, &place, &e);
        bool good = place < BLAME_RING && e.weight > 0 && e.weight <= BLAME_LIMIT;
        field_check(f, good);
        if (good)
            b->entry[place] = e;
    }
}

/* The failures alone, each with its place in the ring: of the others only how many there were matters. */
static void walk_blame(struct fields *f, struct blame *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < BLAME_RING; i++)
        n += b->entry[i].weight > 0;
    field_u32(f, &b->n);
    field_count(f, &n, BLAME_RING, 25);
    if (!f->out) {
        read_failures(f, n, b);
        return;
    }
    for (uint32_t i = 0; i < BLAME_RING; i++) {
        uint8_t place = (uint8_t)i;
        if (b->entry[i].weight > 0)
            walk_failure(f, &place, &b->entry[i]);
    }
}

static void walk_board_health(struct fields *f, struct board_health_record *x)
{
    field_string(f, x->name, sizeof x->name);
    field_u32(f, &x->n_events);
    field_u64(f, &x->n_own);
    field_string(f, x->state, sizeof x->state);
    field_f64(f, &x->latency_us);
    field_f64(f, &x->reference_us);
    field_i64(f, &x->canary_wall_ns);
    field_i64(f, &x->well_wall_ns);
    FIELD_ENUM(f, x->order, BOARD_ORDER_COUNT);
    field_bool(f, &x->given);
    field_string(f, x->by, sizeof x->by);
    field_string(f, x->reason, sizeof x->reason);
    field_i64(f, &x->order_wall_ns);
    field_i64(f, &x->hold_until_wall_ns);
    field_bool(f, &x->probation);
    field_u32(f, &x->quarantines);
    field_i64(f, &x->quarantine_wall_ns);
    if (f->version >= 2)
        field_bool(f, &x->canaries);
    else
        x->canaries = x->reference_us > 0;
    if (f->version >= 3) {
        walk_blame(f, &x->blame);
        field_bool(f, &x->tell_lost);
    }
    if (f->version >= 4) {
        field_string(f, x->hold_why, sizeof x->hold_why);
        field_bool(f, &x->reload);
    }
}
FIELDS_RECORD(board_health_record, struct board_health_record, walk_board_health, BOARD_HEALTH_VERSION)

static void walk_invalid(struct fields *f, struct invalid_record *x)
{
    field_string(f, x->board, sizeof x->board);
    field_count(f, &x->n_spans, INVALID_SPANS_MAX, 16);
    for (uint32_t i = 0; i < x->n_spans; i++) {
        field_i64(f, &x->span[i].from_wall_ns);
        field_i64(f, &x->span[i].to_wall_ns);
    }
    field_bool(f, &x->scanning);
    field_u64(f, &x->next);
    field_u64(f, &x->last);
}
FIELDS_RECORD(invalid_record, struct invalid_record, walk_invalid, INVALID_VERSION)
