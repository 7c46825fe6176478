/* Results of a board that was found to measure wrong are taken back.
 *
 * The span of time is kept with its board (database `invalid`), so that results which come later are refused (result.c). What was accepted before is
 * looked for among the attempts, whose numbers follow the time: from a day before the span on (clocks of workers and master differ) to the last one
 * given out when the span was reported, a bounded number per turn; where the scan got to is in the same transaction as what it changed. Taking back
 * one attempt is one step: attempt, evaluation and every individual that was told its value change together.
 *
 * Which individuals those are is not stored. Unfinished searches answer it by the genotype (the core's archive), for which no core may be away with
 * another thread. Finished searches that may have used such a result are read once into an index, in memory and in bounded steps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/time.h"
#include "run/engine_internal.h"

enum { STEP_ATTEMPTS = 256, STEP_INDIVIDUALS = 2000 };
#define AHEAD_NS (3600 * SONATA_SECOND) /* a worker's clock may be ahead; more would refuse results for ever */

/* --- spans --- */

static struct invalid_record *record_of(const struct engine *r, const char *board)
{
    for (uint32_t i = 0; i < r->n_invalid; i++) {
        if (!strcmp(r->invalid[i].board, board))
            return &r->invalid[i];
    }
    return NULL;
}

static void record_put(struct engine *r, const struct invalid_record *record)
{
    cleanup_bytes struct bytes b = {0};
    invalid_record_encode(record, &b);
    store_put(r->store, STORE_INVALID, key_text(record->board), b.data, b.size);
}

static bool covers(const struct invalid_record *record, int64_t wall_ns)
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
    return record && covers(record, m->started_wall_ns);
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
        r->invalid = xgrow(r->invalid, &r->invalid_capacity, r->n_invalid + 1, sizeof *r->invalid);
        record = &r->invalid[r->n_invalid++];
        *record = (struct invalid_record){.n_spans = 0};
        copy_string(record->board, sizeof record->board, board);
    }
    merge_span(record, from_wall_ns, to);
    uint64_t first = first_attempt_since(r, from_wall_ns > SONATA_DAY ? from_wall_ns - SONATA_DAY : 0);
    record->next = record->scanning && record->next < first ? record->next : first;
    record->last = sched_next_attempt(r->sched) - 1;
    record->scanning = true;
    record_put(r, record);
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
    r->invalid = xgrow(r->invalid, &r->invalid_capacity, r->n_invalid + 1, sizeof *r->invalid);
    r->invalid[r->n_invalid++] = record;
    return true;
}

int invalidate_load(struct engine *r) { return store_scan(r->store, STORE_INVALID, (struct store_key){0}, 0, load_record, r); }

/* --- who was told --- */

static int compare_users(const void *pa, const void *pb)
{
    const struct user *a = pa, *b = pb;
    if (a->evaluation != b->evaluation)
        return a->evaluation < b->evaluation ? -1 : 1;
    if (a->search != b->search)
        return a->search < b->search ? -1 : 1;
    return (a->individual > b->individual) - (a->individual < b->individual);
}

static void index_add(struct user_index *x, uint64_t evaluation, uint64_t search, uint64_t individual)
{
    if (!evaluation)
        return;
    x->user = xgrow(x->user, &x->capacity, x->n + 1, sizeof *x->user);
    x->user[x->n++] = (struct user){evaluation, search, individual};
    x->sorted = false;
}

static void index_free(struct engine *r)
{
    free(r->scan.user);
    r->scan = (struct user_index){.n = 0};
    for (uint32_t i = 0; i < r->n_searches; i++)
        r->search[i]->indexed = false;
}

/* A finished search that is not in the index yet and may have been told results since then. */
static struct search *next_to_index(const struct engine *r, int64_t since)
{
    for (uint32_t i = 0; i < r->n_searches; i++) {
        struct search *rs = r->search[i];
        if (search_is_finished(rs) && !rs->indexed && rs->record.finished_wall_ns >= since)
            return rs;
    }
    return NULL;
}

/* true: the index holds every search it must. */
static bool fill_index(struct engine *r, int64_t since)
{
    struct user_index *x = &r->scan;
    struct search *rs;
    uint32_t room = STEP_INDIVIDUALS;
    while ((rs = next_to_index(r, since))) {
        uint64_t id = x->search == rs->record.id ? x->next : 0;
        for (; id < rs->record.asked && room; id++, room--) {
            struct individual_record ind;
            if (individual_load(r, rs->record.id, id, &ind) || !ind.told_order)
                continue;
            for (uint32_t g = 0; g < ind.n_evaluations; g++)
                index_add(x, ind.evaluation[g], rs->record.id, id);
        }
        x->search = rs->record.id;
        x->next = id;
        if (id < rs->record.asked)
            return false;
        rs->indexed = true;
        x->search = 0;
    }
    if (!x->sorted && x->n)
        qsort(x->user, x->n, sizeof *x->user, compare_users);
    x->sorted = true;
    return true;
}

static size_t first_user(const struct user_index *x, uint64_t evaluation)
{
    size_t low = 0, high = x->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x->user[middle].evaluation < evaluation)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool uses(const struct individual_record *ind, uint64_t evaluation)
{
    for (uint32_t g = 0; g < ind->n_evaluations; g++) {
        if (ind->evaluation[g] == evaluation)
            return true;
    }
    return false;
}

/* --- taking back --- */

/* The search is over for good: what it was told is marked, and that is all. */
static void mark(struct search *rs, uint64_t id)
{
    struct individual_record ind;
    if (individual_load(rs->run, rs->record.id, id, &ind) || ind.state != INDIVIDUAL_DONE)
        return;
    ind.state = INDIVIDUAL_CANCELED;
    copy_string(ind.reason, sizeof ind.reason, "its measurement was taken back after the search had ended");
    individual_put(rs, &ind);
}

static void tell_anew(struct search *rs, uint64_t id)
{
    struct sonata_error err = {{0}};
    bool goes_on = !search_is_finished(rs) || (rs->record.state == SEARCH_DONE && !rs->closed);
    if (goes_on && search_is_finished(rs)) {
        goes_on = !search_reopen(rs, &err);
        rs->closed = !goes_on;
        if (goes_on)
            search_log_control(rs, "results taken back");
        engine_note(rs->run, !goes_on, goes_on ? "search goes on: results were taken back" : "search cannot go on although results were taken back",
                    "search=%llu reason=\"%s\"", (unsigned long long)rs->record.id, err.text);
    }
    if (!goes_on || individual_reopen(rs, id))
        mark(rs, id);
}

static void tell_unfinished(struct engine *r, const struct evaluation_record *e)
{
    for (uint32_t i = 0; i < r->n_searches; i++) {
        struct search *rs = r->search[i];
        if (search_is_finished(rs) || !rs->core || rs->spec->space.n_genes != e->n_genes ||
            memcmp(rs->space_hash, e->space_hash, sizeof e->space_hash))
            continue;
        int64_t id = core_find(rs->core, &e->genotype);
        struct pending *p = id < 0 ? NULL : map_get(&rs->pending, (uint64_t)id);
        struct individual_record ind;
        if (id < 0 || (!p && individual_load(r, rs->record.id, (uint64_t)id, &ind)) || !uses(p ? &p->record : &ind, e->id))
            continue;
        if (p && p->complete && p->status == CORE_FAILED)
            continue; /* another of its evaluations failed: this one is not needed */
        tell_anew(rs, (uint64_t)id);
    }
}

static void tell_finished(struct engine *r, uint64_t evaluation)
{
    const struct user_index *x = &r->scan;
    for (size_t i = first_user(x, evaluation); i < x->n && x->user[i].evaluation == evaluation; i++) {
        struct search *rs = engine_get(r, x->user[i].search);
        if (rs && search_is_finished(rs))
            tell_anew(rs, x->user[i].individual);
    }
}

/* The evaluation without that measurement; what is left of several goes on counting. false: it did not rest on it. */
static bool take_from(struct engine *r, struct evaluation_record *e, uint64_t attempt)
{
    struct attempt_record a;
    uint32_t k = 0;
    bool had = e->accepted == attempt;
    for (uint32_t i = 0; i < e->n_further; i++) {
        had = had || e->further[i] == attempt;
        if (e->further[i] != attempt)
            e->further[k++] = e->further[i];
    }
    e->n_further = k;
    if (e->accepted != attempt)
        return had;
    e->accepted = k ? e->further[0] : 0;
    if (k) {
        memmove(e->further, e->further + 1, (k - 1) * sizeof *e->further);
        e->n_further = k - 1;
        if (!attempt_load(r, e->accepted, &a)) {
            a.state = ATTEMPT_ACCEPTED;
            attempt_put(r, &a);
        }
    }
    return true;
}

static void reopen_without(struct engine *r, uint64_t id, uint64_t attempt)
{
    struct evaluation *e = map_get(&r->evaluations, id);
    struct evaluation_record record;
    if (e)
        record = e->record;
    else if (evaluation_load(r, id, &record))
        return;
    uint32_t rested_on = 1 + record.n_further;
    if (!take_from(r, &record, attempt))
        return;
    evaluation_put(r, &record);
    if (e)
        e->record = record;
    e = evaluation_reopen(r, id, REOPENED_FURTHER, rested_on);
    if (e && !e->record.accepted)
        e->record.reopened = REOPENED_NOT;
    if (!e)
        return;
    evaluation_put(r, &e->record);
    record = e->record;
    tell_unfinished(r, &record);
    tell_finished(r, id);
    if ((e = map_get(&r->evaluations, id)) && !e->n_waiters)
        evaluation_abandon(r, e); /* nobody was told, or nobody who goes on */
}

static void look_at(struct engine *r, const struct invalid_record *record, uint64_t id)
{
    struct attempt_record a;
    struct measurement m = {0};
    if (attempt_load(r, id, &a) || strcmp(a.board, record->board) || !a.has_measurement ||
        (a.state != ATTEMPT_ACCEPTED && a.state != ATTEMPT_REPLICATE) || measurement_load(r, id, &m))
        return;
    int64_t started = m.started_wall_ns;
    measurement_fini(&m);
    if (!covers(record, started))
        return;
    a.state = ATTEMPT_INVALIDATED;
    attempt_put(r, &a);
    reopen_without(r, a.evaluation, id);
}

static struct invalid_record *next_scan(const struct engine *r)
{
    for (uint32_t i = 0; i < r->n_invalid; i++) {
        if (r->invalid[i].scanning)
            return &r->invalid[i];
    }
    return NULL;
}

bool invalidate_step(struct engine *r)
{
    struct invalid_record *record = r->stopping ? NULL : next_scan(r);
    struct attempt_record a;
    r->hold_asks = false;
    if (!record) {
        if (r->scan.sorted || r->scan.search)
            index_free(r);
        return false;
    }
    int64_t since = record->next <= record->last && !attempt_load(r, record->next, &a) ? a.assigned_wall_ns : 0;
    if (record->next <= record->last && !fill_index(r, since))
        return true;
    if (r->n_working) { /* every core must be here */
        r->hold_asks = true;
        return false;
    }
    for (uint32_t n = 0; n < STEP_ATTEMPTS && record->next <= record->last; n++)
        look_at(r, record, record->next++);
    record->scanning = record->next <= record->last;
    record_put(r, record);
    return true;
}
