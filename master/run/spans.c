/* Times when boards measured wrong. The span of time is kept with its board (database `invalid`), so that results which come later are refused
 * (result.c); what was accepted before is taken back (invalidate.c). */
#include "run/spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "run/note.h"
#include "run/records.h"

#define AHEAD_NS (3600 * SONATA_SECOND) /* a worker's clock may be ahead; more would refuse results for ever */

struct spans {
    struct invalid_record *record; /* one for each board that measured wrong for a time */
    uint32_t n;
    size_t capacity;
};

struct spans *spans_new(void) { return xcalloc(1, sizeof(struct spans)); }

void spans_free(struct spans *s)
{
    if (s)
        free(s->record);
    free(s);
}

static struct invalid_record *add(struct spans *s)
{
    s->record = xgrow(s->record, &s->capacity, s->n + 1, sizeof *s->record);
    s->record[s->n] = (struct invalid_record){.n_spans = 0};
    return &s->record[s->n++];
}

static struct invalid_record *record_of(const struct engine *r, const char *board)
{
    for (uint32_t i = 0; i < r->spans->n; i++) {
        if (!strcmp(r->spans->record[i].board, board))
            return &r->spans->record[i];
    }
    return NULL;
}

void span_put(struct engine *r, const struct invalid_record *record)
{
    cleanup_bytes struct bytes b = {0};
    invalid_record_encode(record, &b);
    store_put(r->store, STORE_INVALID, key_text(record->board), b.data, b.size);
}

bool span_covers(const struct invalid_record *record, int64_t wall_ns)
{
    for (uint32_t i = 0; i < record->n_spans; i++) {
        if (wall_ns >= record->span[i].from_wall_ns && wall_ns < record->span[i].to_wall_ns)
            return true;
    }
    return false;
}

bool measured_wrong(const struct engine *r, const struct measurement *m)
{
    const struct invalid_record *record = record_of(r, m->board);
    return record && span_covers(record, m->started_wall_ns);
}

/* Joins what touches; the oldest span goes when there are too many. */
static void merge_span(struct invalid_record *record, int64_t from, int64_t to)
{
    struct invalid_span kept[INVALID_SPANS_MAX + 1];
    uint32_t n = 0, at = 0;
    for (uint32_t i = 0; i < record->n_spans; i++) {
        const struct invalid_span *s = &record->span[i];
        if (s->to_wall_ns >= from && s->from_wall_ns <= to) {
            from = s->from_wall_ns < from ? s->from_wall_ns : from;
            to = s->to_wall_ns > to ? s->to_wall_ns : to;
        } else {
            kept[n++] = *s;
        }
    }
    while (at < n && kept[at].from_wall_ns < from)
        at++;
    memmove(&kept[at + 1], &kept[at], (n - at) * sizeof *kept);
    kept[at] = (struct invalid_span){from, to};
    n++;
    uint32_t drop = n > INVALID_SPANS_MAX ? n - INVALID_SPANS_MAX : 0;
    record->n_spans = n - drop;
    memcpy(record->span, kept + drop, record->n_spans * sizeof *kept);
}

/* First attempt given out at `wall` or later; the numbers follow the master's clock, but for what people do to it. */
static uint64_t first_attempt_since(struct engine *r, int64_t wall_ns)
{
    uint64_t low = 1, high = sched_next_attempt(r->sched);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct attempt_record a;
        if (!attempt_load(r, middle, &a) && a.assigned_wall_ns < wall_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int engine_invalidate(struct engine *r, const char *board, int64_t from_wall_ns, int64_t to_wall_ns)
{
    if (r->blocked)
        return -EAGAIN;
    int64_t latest = r->wall + AHEAD_NS, to = to_wall_ns < latest ? to_wall_ns : latest;
    if (!board[0] || strlen(board) >= BOARD_NAME_MAX || from_wall_ns < 0 || from_wall_ns >= to)
        return -EINVAL;
    struct invalid_record *record = record_of(r, board);
    if (!record) {
        record = add(r->spans);
        copy_string(record->board, sizeof record->board, board);
    }
    merge_span(record, from_wall_ns, to);
    uint64_t first = first_attempt_since(r, from_wall_ns > SONATA_DAY ? from_wall_ns - SONATA_DAY : 0);
    record->next = record->scanning && record->next < first ? record->next : first;
    record->last = sched_next_attempt(r->sched) - 1;
    record->scanning = true;
    span_put(r, record);
    engine_note(r, true, "results of a board are taken back", "board=%s from=%lld to=%lld attempts_to_look_at=%llu", board, (long long)from_wall_ns,
                (long long)to, (unsigned long long)(record->last >= record->next ? record->last - record->next + 1 : 0));
    return 0;
}

static bool load_record(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct invalid_record record;
    (void)key;
    (void)n_key;
    if (invalid_record_decode(value, n_value, &record))
        return true; /* --check tells */
    *add(r->spans) = record;
    return true;
}

int spans_load(struct engine *r) { return store_scan(r->store, STORE_INVALID, (struct store_key){0}, 0, load_record, r); }

struct invalid_record *spans_next(const struct engine *r)
{
    for (uint32_t i = 0; i < r->spans->n; i++) {
        if (r->spans->record[i].scanning)
            return &r->spans->record[i];
    }
    return NULL;
}
