/* `sonata-master --check`: the promises between the databases, verified from what is stored and nothing else. Every search is run again from its
 * event log (from the start when its algorithm is quick, else from the snapshot) and its front is recomputed from the individuals by pairwise
 * comparison. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "run/pool.h"
#include "run/records.h"
#include "run/replay.h"
#include "run/snapshot.h"
#include "run/tell.h"

enum { FINDINGS_SHOWN = 100 };

struct check {
    struct store *store;
    void (*say)(void *user, const char *line);
    void *user;
    uint64_t findings;
    struct map leases;       /* (board, epoch) of every attempt: given out once */
    struct map accepted;     /* evaluation id → its one accepted attempt + 1 */
    struct map numbers;      /* hash of team and number of a search */
    struct map board_events; /* hash of a board's name → events of it */
    uint64_t with_measurement, max_attempt, max_evaluation, again;
    /* of the search being checked */
    const struct search_record *search;
    struct individual_record *individual;
    size_t n_individuals, individual_capacity;
};

static void finding(struct check *c, const char *format, ...) SONATA_PRINTF(2, 3);

static void finding(struct check *c, const char *format, ...)
{
    char line[700] = "PROBLEM ";
    if (c->findings++ >= FINDINGS_SHOWN)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(line + 8, sizeof line - 8, format, args);
    va_end(args);
    c->say(c->user, line);
}

typedef unsigned long long ull;

static void *tag(uint64_t v) { return (void *)(uintptr_t)(v + 1); }

static bool has(struct check *c, enum store_db db, struct store_key key)
{
    cleanup_bytes struct bytes b = {0};
    return !store_get_committed(c->store, db, key, &b);
}

static bool check_attempt(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct attempt_record a;
    uint64_t id = key_read_u64(key, n_key, 0);
    if (attempt_record_decode(value, n_value, &a) || a.id != id) {
        finding(c, "attempt %llu: damaged record", (ull)id);
        return true;
    }
    if (id > c->max_attempt)
        c->max_attempt = id;
    uint64_t lease = hash64_text(a.board) + UINT64_C(0x9e3779b97f4a7c15) * a.epoch;
    if (map_get(&c->leases, lease))
        finding(c, "attempt %llu: board %s epoch %u was given out twice", (ull)id, a.board, a.epoch);
    map_set(&c->leases, lease, tag(id));
    if (!has(c, STORE_EVALUATION, key_u64(a.evaluation)))
        finding(c, "attempt %llu: its evaluation %llu does not exist", (ull)id, (ull)a.evaluation);
    c->with_measurement += a.has_measurement;
    if (a.has_measurement != has(c, STORE_MEASUREMENT, key_u64(id)))
        finding(c, "attempt %llu: its measurement %s", (ull)id, a.has_measurement ? "is missing" : "is there but not recorded");
    if (a.state != ATTEMPT_ACCEPTED)
        return true;
    if (map_get(&c->accepted, a.evaluation))
        finding(c, "evaluation %llu: two accepted attempts, %llu and another", (ull)a.evaluation, (ull)id);
    map_set(&c->accepted, a.evaluation, tag(id));
    return true;
}

static bool check_measurement(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct measurement m = {0};
    struct sonata_error err = {{0}};
    uint64_t id = key_read_u64(key, n_key, 0);
    if (measurement_decode(value, n_value, &m, &err))
        finding(c, "measurement %llu: %s", (ull)id, err.text);
    else if (m.attempt != id)
        finding(c, "measurement %llu says that it is of attempt %llu", (ull)id, (ull)m.attempt);
    measurement_fini(&m);
    return true;
}

/* A measurement that counts beside the accepted one. */
static void check_further(struct check *c, const struct evaluation_record *e, uint64_t attempt)
{
    cleanup_bytes struct bytes b = {0};
    struct attempt_record a;
    bool sound = e->accepted && !store_get_committed(c->store, STORE_ATTEMPT, key_u64(attempt), &b) && !attempt_record_decode(b.data, b.size, &a) &&
                 a.evaluation == e->id && a.state == ATTEMPT_REPLICATE && a.outcome == OUTCOME_OK && a.has_measurement;
    if (!sound)
        finding(c, "evaluation %llu rests on attempt %llu, which is not a further measurement of it", (ull)e->id, (ull)attempt);
}

static bool check_evaluation(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct evaluation_record e;
    uint64_t id = key_read_u64(key, n_key, 0);
    if (evaluation_record_decode(value, n_value, &e) || e.id != id) {
        finding(c, "evaluation %llu: damaged record", (ull)id);
        return true;
    }
    if (id > c->max_evaluation)
        c->max_evaluation = id;
    bool answered = e.state == EVALUATION_DONE || e.state == EVALUATION_INFEASIBLE;
    bool may = answered || e.state == EVALUATION_OPEN;                                          /* measured again: its answer stands meanwhile */
    bool kills_boards = e.state == EVALUATION_INFEASIBLE && has(c, STORE_SUSPECT, key_u64(id)); /* no board lived to measure it */
    if ((answered && !e.accepted && !kills_boards) || (!may && e.accepted))
        finding(c, "evaluation %llu is %s but its accepted attempt is %llu", (ull)id, evaluation_state_name(e.state), (ull)e.accepted);
    if (map_get(&c->accepted, id) != (e.accepted ? tag(e.accepted) : NULL))
        finding(c, "evaluation %llu: the attempt that says it was accepted is not %llu", (ull)id, (ull)e.accepted);
    for (uint32_t i = 0; i < e.n_further; i++)
        check_further(c, &e, e.further[i]);
    return true;
}

static bool check_invalid(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct invalid_record r;
    (void)key;
    (void)n_key;
    if (invalid_record_decode(value, n_value, &r)) {
        finding(c, "a record of times when a board measured wrong is damaged");
        return true;
    }
    for (uint32_t i = 0; i < r.n_spans; i++) {
        if (r.span[i].from_wall_ns >= r.span[i].to_wall_ns || (i && r.span[i].from_wall_ns <= r.span[i - 1].to_wall_ns))
            finding(c, "board %s: the times when it measured wrong overlap or are out of order", r.board);
    }
    return true;
}

static bool check_index(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct reader in = reader_of(value, n_value);
    (void)key;
    (void)n_key;
    reader_u8(&in);
    uint32_t n = reader_count(&in, UINT32_MAX, 8);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t id = reader_u64(&in);
        if (!has(c, STORE_EVALUATION, key_u64(id)))
            finding(c, "the index of evaluations names %llu, which does not exist", (ull)id);
    }
    if (!reader_done(&in))
        finding(c, "the index of evaluations has a damaged entry");
    return true;
}

static bool check_board_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct board_event_record e;
    if (board_event_record_decode(value, n_value, &e) || n_key != 24 || key_read_u64(key, n_key, 0) != hash64_text(e.event.board) ||
        key_read_u64(key, n_key, 1) != (uint64_t)e.event.wall_ns) {
        finding(c, "an event of a board is damaged");
        return true;
    }
    uint64_t id = hash64_text(e.event.board);
    uintptr_t n = (uintptr_t)map_get(&c->board_events, id);
    map_set(&c->board_events, id, tag(n));
    return true;
}

static bool check_board_health(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct board_health_record h;
    if (board_health_record_decode(value, n_value, &h) || n_key != strlen(h.name) || memcmp(key, h.name, n_key)) {
        finding(c, "the health of board %.*s: damaged record", (int)n_key, (const char *)key);
        return true;
    }
    uintptr_t n = (uintptr_t)map_remove(&c->board_events, hash64_text(h.name));
    if (n != h.n_events)
        finding(c, "board %s: %u events are counted but %llu are stored", h.name, h.n_events, (ull)n);
    return true;
}

static bool check_suspect(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct suspect_record s;
    uint64_t id = key_read_u64(key, n_key, 0);
    if (suspect_record_decode(value, n_value, &s) || s.evaluation != id)
        finding(c, "failures of evaluation %llu: damaged record", (ull)id);
    else if (!has(c, STORE_EVALUATION, key_u64(id)))
        finding(c, "failures are kept of evaluation %llu, which does not exist", (ull)id);
    return true;
}

static bool check_blob(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    uint8_t hash[HASH_SIZE];
    hash_content(value, n_value, hash);
    if (n_key != HASH_SIZE || memcmp(key, hash, HASH_SIZE))
        finding(user, "a blob of %zu bytes does not have the hash of its key", n_value);
    return true;
}

static bool collect_individual(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    uint64_t id = key_read_u64(key, n_key, 1);
    c->individual = xgrow(c->individual, &c->individual_capacity, c->n_individuals + 1, sizeof *c->individual);
    struct individual_record *r = &c->individual[c->n_individuals];
    if (individual_record_decode(value, n_value, r) || r->id != id)
        finding(c, "search %llu individual %llu: damaged record", (ull)c->search->id, (ull)id);
    else if (r->id != c->n_individuals)
        finding(c, "search %llu: individual %zu is missing", (ull)c->search->id, c->n_individuals);
    c->n_individuals++;
    return true;
}

static void check_individual_evaluations(struct check *c, const struct individual_record *r)
{
    for (uint32_t g = 0; g < r->n_evaluations; g++) {
        cleanup_bytes struct bytes b = {0};
        struct evaluation_record e;
        if (!r->evaluation[g] && r->state != INDIVIDUAL_DONE)
            continue; /* ruled out before this group was asked for */
        if (store_get_committed(c->store, STORE_EVALUATION, key_u64(r->evaluation[g]), &b) || evaluation_record_decode(b.data, b.size, &e))
            finding(c, "search %llu individual %llu: its evaluation %llu does not exist", (ull)c->search->id, (ull)r->id, (ull)r->evaluation[g]);
        else if (r->state == INDIVIDUAL_DONE && e.state != EVALUATION_DONE && !(e.state == EVALUATION_OPEN && e.accepted))
            finding(c, "search %llu individual %llu is done but its evaluation %llu is %s", (ull)c->search->id, (ull)r->id, (ull)e.id,
                    evaluation_state_name(e.state));
        else if (memcmp(e.genotype.allele, r->genotype.allele, r->n_genes))
            finding(c, "search %llu individual %llu: evaluation %llu is of another architecture", (ull)c->search->id, (ull)r->id, (ull)e.id);
    }
}

static void expect(struct check *c, const char *what, uint64_t stored, uint64_t counted)
{
    if (stored != counted)
        finding(c, "search %llu: %s is %llu but %llu are stored", (ull)c->search->id, what, (ull)stored, (ull)counted);
}

/* Told and pending is the state of one that is measured again, and that is listed. */
static void check_again(struct check *c, const struct individual_record *r)
{
    bool listed = has(c, STORE_RETELL, key_u64_pair(c->search->id, r->id)), again = r->state == INDIVIDUAL_PENDING;
    bool goes_on = c->search->state == SEARCH_RUNNING || c->search->state == SEARCH_PAUSED;
    c->again += again;
    if (listed != again)
        finding(c, "search %llu individual %llu is %s and told but %s measured again", (ull)c->search->id, (ull)r->id,
                individual_state_name(r->state), listed ? "listed as" : "not listed as");
    else if (again && !goes_on)
        finding(c, "search %llu is over but individual %llu waits to be measured again", (ull)c->search->id, (ull)r->id);
    if (r->told_state == INDIVIDUAL_PENDING || (!again && r->state != r->told_state && r->state != INDIVIDUAL_CANCELED))
        finding(c, "search %llu individual %llu is %s but was told as %s", (ull)c->search->id, (ull)r->id, individual_state_name(r->state),
                individual_state_name(r->told_state));
}

static void check_counters(struct check *c)
{
    const struct search_record *s = c->search;
    uint32_t told = 0, charged = 0, infeasible = 0, failed = 0, vetoed = 0;
    struct map order = {0};
    for (size_t i = 0; i < c->n_individuals; i++) {
        const struct individual_record *r = &c->individual[i];
        check_individual_evaluations(c, r);
        if (!r->told_order)
            continue;
        told++;
        charged += individual_is_charged(r);
        vetoed += r->vetoed;
        infeasible += r->told_state == INDIVIDUAL_INFEASIBLE;
        failed += r->told_state == INDIVIDUAL_FAILED;
        check_again(c, r);
        if (r->told_order > s->told || map_get(&order, r->told_order))
            finding(c, "search %llu individual %llu: told as number %u, which is taken or too large", (ull)s->id, (ull)r->id, r->told_order);
        map_set(&order, r->told_order, tag(r->id));
    }
    map_fini(&order);
    expect(c, "the number of proposals", s->asked, c->n_individuals);
    expect(c, "the number of results", s->told, told);
    expect(c, "the budget used", s->charged, charged);
    expect(c, "the number of infeasible ones", s->infeasible, infeasible);
    expect(c, "the number of failed ones", s->failed, failed);
    expect(c, "the number of vetoed ones", s->vetoed, vetoed);
}

static bool count_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    uint64_t *next = user;
    (void)value;
    (void)n_value;
    if (key_read_u64(key, n_key, 1) != *next)
        return false;
    ++*next;
    return true;
}

static bool dominates(const struct individual_record *a, const struct individual_record *b)
{
    bool better = false;
    for (uint32_t o = 0; o < a->n_objectives; o++) {
        if (a->objective[o] > b->objective[o])
            return false;
        better = better || a->objective[o] < b->objective[o];
    }
    return better;
}

static bool same_vector(const struct individual_record *a, const struct individual_record *b)
{
    return !dominates(a, b) && !dominates(b, a) && !memcmp(a->objective, b->objective, a->n_objectives * sizeof *a->objective);
}

static bool counts_for_front(const struct individual_record *r) { return r->told_state == INDIVIDUAL_DONE && r->told_order && r->violation <= 0; }

/* Non-dominated and the first of its objective vector. */
static bool belongs_to_front(const struct check *c, size_t i)
{
    const struct individual_record *r = &c->individual[i];
    if (!counts_for_front(r))
        return false;
    for (size_t k = 0; k < c->n_individuals; k++) {
        const struct individual_record *other = &c->individual[k];
        if (k != i && counts_for_front(other) && (dominates(other, r) || (k < i && same_vector(other, r))))
            return false;
    }
    return true;
}

static void check_front(struct check *c, const struct core *core)
{
    uint32_t n = core_front(core, NULL, 0), expected = 0;
    cleanup_free uint64_t *id = xcalloc(n ? n : 1, sizeof *id);
    core_front(core, id, n);
    for (size_t i = 0; i < c->n_individuals; i++)
        expected += belongs_to_front(c, i);
    expect(c, "the size of the front", n, expected);
    for (uint32_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < c->n_individuals && !found && id[i] < c->n_individuals; k++)
            found = counts_for_front(&c->individual[id[i]]) && (k == id[i] || same_vector(&c->individual[k], &c->individual[id[i]])) &&
                    belongs_to_front(c, k);
        if (!found)
            finding(c, "search %llu: individual %llu is not on the recomputed front", (ull)c->search->id, (ull)id[i]);
    }
    if (c->search->state == SEARCH_DONE)
        expect(c, "the stored size of the front", c->search->front_size, n);
}

static void check_core(struct check *c)
{
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    struct sonata_error err = {{0}};
    struct restored_core restored;
    if (spec_load(c->store, c->search->id, spec, &err)) {
        finding(c, "%s", err.text);
        return;
    }
    bool whole = !c->search->events_from && search_is_quick(spec);
    for (int from_start = 0; from_start <= (whole ? 1 : 0); from_start++) {
        if (replay_core(&(struct core_origin){c->store, spec, c->search->id, c->search->events, 1, from_start}, &restored, &err)) {
            finding(c, "%s", err.text);
            return;
        }
        expect(c, "the number of proposals of the search core", c->search->asked, core_count(restored.core));
        expect(c, "the number of results of the search core", c->search->told, core_told(restored.core));
        check_front(c, restored.core);
        core_free(restored.core);
    }
}

/* The forests in the store must be those that the snapshot would grow. */
static void check_forests(struct check *c)
{
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    cleanup_bytes struct bytes stored = {0}, state = {0}, grown = {0};
    struct sonata_error err = {{0}};
    struct core *again = NULL;
    struct restored_core restored;
    if (store_get_committed(c->store, STORE_SURROGATE, key_u64(c->search->id), &stored))
        return;
    int r = spec_load(c->store, c->search->id, spec, &err);
    if (!r)
        r = snapshot_load(&(struct core_origin){c->store, spec, c->search->id, c->search->events, 1, false}, &restored, &err);
    if (r) {
        finding(c, "search %llu: there are forests but no snapshot: %s", (ull)c->search->id, err.text);
        return;
    }
    core_save(restored.core, &state);
    if (!restored.forests && !core_load(&spec->space, state.data, state.size, &again, &err))
        core_forests_save(again, SIZE_MAX, &grown);
    if (grown.size != stored.size || memcmp(grown.data, stored.data, stored.size))
        finding(c, "search %llu: the stored forests are not those of its snapshot", (ull)c->search->id);
    core_free(restored.core);
    core_free(again);
}

static bool check_surrogate(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    uint64_t id = key_read_u64(key, n_key, 0);
    (void)value;
    (void)n_value;
    if (!has(c, STORE_SEARCH, key_u64(id)))
        finding(c, "there are forests of search %llu, which does not exist", (ull)id);
    return true;
}

/* No two searches of a team have one number (0: a master of before there were numbers wrote the header last). */
static void check_number(struct check *c, const struct search_record *s)
{
    struct bytes b = {0};
    bytes_put_string(&b, s->team);
    bytes_put_u64(&b, s->number);
    uint64_t key = hash64(b.data, b.size);
    bytes_fini(&b);
    if (s->number && map_get(&c->numbers, key))
        finding(c, "search %llu is number %llu of team '%s', and so is another", (ull)s->id, (ull)s->number, s->team);
    map_set(&c->numbers, key, tag(s->id));
}

static bool check_search(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct search_record s;
    uint64_t id = key_read_u64(key, n_key, 0), events;
    if (search_record_decode(value, n_value, &s) || s.id != id) {
        finding(c, "search %llu: damaged header", (ull)id);
        return true;
    }
    check_number(c, &s);
    if (s.retry_next > s.retry_end || s.retry_end > s.asked)
        finding(c, "search %llu: a retry looks at individuals %u to %u of %u", (ull)id, s.retry_next, s.retry_end, s.asked);
    uint64_t before = c->findings;
    c->search = &s;
    events = s.events_from;
    c->n_individuals = 0;
    if (store_scan(c->store, STORE_INDIVIDUAL, key_u64_pair(id, 0), 8, collect_individual, c) ||
        store_scan(c->store, STORE_EVENT, key_u64_pair(id, 0), 8, count_event, &events))
        finding(c, "search %llu cannot be read", (ull)id);
    expect(c, "the length of the event log", s.events, events);
    if (c->findings == before)
        check_counters(c);
    if (c->findings == before)
        check_core(c);
    if (c->findings == before)
        check_forests(c);
    char line[300], dropped[60] = "";
    if (s.events_from)
        snprintf(dropped, sizeof dropped, ", the first %llu dropped", (ull)s.events_from);
    snprintf(line, sizeof line,
             "search %llu %s: %s, %u proposals, %u results (%u charged, %u infeasible, %u failed, %u reused), front %u, %llu events%s", (ull)id,
             s.name, search_state_name(s.state), s.asked, s.told, s.charged, s.infeasible, s.failed, s.reused, s.front_size, (ull)s.events, dropped);
    c->say(c->user, line);
    return true;
}

static bool check_blob_pool(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct upload_record record;
    if (upload_record_decode(value, n_value, &record))
        finding(c, "the record of an upload is damaged");
    if (n_key < HASH_SIZE || !has(c, STORE_BLOB, key_bytes(key, HASH_SIZE)))
        finding(c, "an upload is noted whose content is not stored");
    return true;
}

static void check_counter(struct check *c, const char *name, uint64_t largest)
{
    uint64_t next = store_counter(c->store, name);
    if (largest && next <= largest)
        finding(c, "%s is %llu but %llu exists: ids would be given twice", name, (ull)next, (ull)largest);
}

static void check_counts(struct check *c)
{
    uint64_t measurements = store_count(c->store, STORE_MEASUREMENT), again = store_count(c->store, STORE_RETELL);
    if (c->with_measurement != measurements)
        finding(c, "%llu attempts have a measurement but %llu measurements are stored", (ull)c->with_measurement, (ull)measurements);
    if (c->again != again)
        finding(c, "%llu individuals are measured again but %llu are listed", (ull)c->again, (ull)again);
    if (c->board_events.count)
        finding(c, "there are events of boards that are not known");
    check_counter(c, "next_attempt", c->max_attempt);
    check_counter(c, "next_evaluation", c->max_evaluation);
}

static void say_counts(const struct check *c)
{
    char line[200];
    for (unsigned db = 0; db < STORE_DB_COUNT; db++) {
        snprintf(line, sizeof line, "%-16s %llu", store_db_name((enum store_db)db), (ull)store_count(c->store, (enum store_db)db));
        c->say(c->user, line);
    }
    snprintf(line, sizeof line, c->findings ? "%llu problems found" : "no problems found", (ull)c->findings);
    c->say(c->user, line);
}

uint64_t engine_check(struct store *store, void (*say)(void *user, const char *line), void *user)
{
    struct check c = {.store = store, .say = say, .user = user};
    const struct {
        enum store_db db;
        bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t);
    } pass[] = {{STORE_ATTEMPT, check_attempt},
                {STORE_MEASUREMENT, check_measurement},
                {STORE_EVALUATION, check_evaluation},
                {STORE_EVALUATION_KEY, check_index},
                {STORE_BLOB, check_blob},
                {STORE_BLOB_POOL, check_blob_pool},
                {STORE_SURROGATE, check_surrogate},
                {STORE_SEARCH, check_search},
                {STORE_INVALID, check_invalid},
                {STORE_BOARD_EVENT, check_board_event},
                {STORE_BOARD_HEALTH, check_board_health},
                {STORE_SUSPECT, check_suspect}};
    for (size_t i = 0; i < sizeof pass / sizeof *pass; i++) {
        if (store_scan(store, pass[i].db, (struct store_key){0}, 0, pass[i].each, &c))
            finding(&c, "database %s cannot be read", store_db_name(pass[i].db));
    }
    check_counts(&c);
    map_fini(&c.leases);
    map_fini(&c.accepted);
    map_fini(&c.numbers);
    map_fini(&c.board_events);
    free(c.individual);
    say_counts(&c);
    return c.findings;
}
