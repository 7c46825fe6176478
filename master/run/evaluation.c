/* Evaluations: one per (space, genotype, board type, tier, data set, supernet, metrics), shared by every search that needs it.
 *
 * A request looks the key up in the store (its own uncommitted writes included): answered → the individual gets the values at once; open → it
 * waits with the others; absent → a new evaluation and a job for the scheduler. Only open evaluations live in memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "run/engine_internal.h"

enum { KEY_VERSION = 1, KEY_IDS_MAX = 4096 };

/* Measurements an evaluation of the tier rests on. At `report` each candidate is measured in passes, between which others have the board: A B C A B
 * C, in random order (MEASUREMENT 1.2). Every pass is a whole attempt: another process, another moment. */
static uint32_t passes_of(const char *tier) { return strcmp(tier, "report") ? 1 : REPORT_PASSES; }

bool evaluation_lacks_passes(struct engine *r, const struct evaluation_record *e)
{
    struct measurement m = {0};
    if (1 + e->n_further >= passes_of(e->tier) || !e->accepted || measurement_load(r, e->accepted, &m))
        return false;
    bool lacks = m.outcome == OUTCOME_OK && !metrics_are_exact(m.metric, m.n_metrics);
    measurement_fini(&m);
    return lacks;
}

/* What is evaluated where and how; metrics are compared apart, so that an answer with more metrics serves a request for fewer. */
static struct store_key key_of(const struct evaluation_record *e)
{
    cleanup_bytes struct bytes b = {0};
    bytes_append(&b, e->space_hash, sizeof e->space_hash);
    bytes_put_blob(&b, e->genotype.allele, e->n_genes);
    bytes_put_string(&b, e->need.board_type);
    bytes_put_string(&b, e->tier);
    bytes_put_string(&b, e->dataset);
    bytes_append(&b, e->supernet_hash, sizeof e->supernet_hash);
    bytes_put_string(&b, e->pool); /* a team that does not share has measurements of its own */
    uint8_t hash[HASH_SIZE];
    hash_content(b.data, b.size, hash);
    return key_bytes(hash, sizeof hash);
}

static struct evaluation_record record_for(const struct search *rs, const struct genotype *g, uint32_t group)
{
    const struct search_spec *spec = rs->spec;
    struct evaluation_record e = {.n_genes = spec->space.n_genes, .genotype = *g, .need = rs->record.group[group]};
    memcpy(e.space_hash, rs->space_hash, sizeof e.space_hash);
    memcpy(e.supernet_hash, spec->supernet_hash, sizeof e.supernet_hash);
    copy_string(e.tier, sizeof e.tier, spec->tier);
    copy_string(e.dataset, sizeof e.dataset, spec->dataset);
    copy_string(e.supernet, sizeof e.supernet, spec->supernet);
    copy_string(e.pool, sizeof e.pool, rs->record.pool);
    return e;
}

/* The same measurement gives the same simulated noise wherever and whenever it is tried again. */
static uint64_t noise_seed(const struct evaluation_record *e, const struct store_key *key)
{
    uint64_t seed = hash64(key->bytes, key->n);
    for (uint32_t i = 0; i < e->need.n_metrics; i++)
        seed = seed * 31 + hash64(e->need.metric[i], strlen(e->need.metric[i]));
    return seed;
}

int evaluation_load(struct engine *r, uint64_t id, struct evaluation_record *ret_record)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_EVALUATION, key_u64(id), &b);
    return rc ? rc : evaluation_record_decode(b.data, b.size, ret_record);
}

void evaluation_put(struct engine *r, const struct evaluation_record *record)
{
    cleanup_bytes struct bytes b = {0};
    evaluation_record_encode(record, &b);
    store_put(r->store, STORE_EVALUATION, key_u64(record->id), b.data, b.size);
}

static bool covers(const struct need_group *have, const struct need_group *want)
{
    for (uint32_t i = 0, k = 0; i < want->n_metrics; i++) {
        while (k < have->n_metrics && strcmp(have->metric[k], want->metric[i]) < 0)
            k++;
        if (k == have->n_metrics || strcmp(have->metric[k], want->metric[i]))
            return false;
    }
    return true;
}

/* Best known evaluation for the request: an answered one before an open one. */
static bool find_known(struct engine *r, const struct evaluation_record *want, const struct store_key *key, struct evaluation_record *ret_known)
{
    cleanup_bytes struct bytes b = {0};
    if (store_get(r->store, STORE_EVALUATION_KEY, *key, &b))
        return false;
    struct reader in = reader_of(b.data, b.size);
    reader_u8(&in);
    uint32_t n = reader_count(&in, KEY_IDS_MAX, 8);
    bool found = false;
    for (uint32_t i = 0; i < n; i++) {
        struct evaluation_record e;
        if (evaluation_load(r, reader_u64(&in), &e) || !covers(&e.need, &want->need))
            continue; /* a damaged one is for --check to tell */
        if (e.state == EVALUATION_DONE || e.state == EVALUATION_INFEASIBLE) {
            *ret_known = e;
            return true;
        }
        if (e.state == EVALUATION_OPEN && map_get(&r->evaluations, e.id)) {
            *ret_known = e;
            found = true;
        }
    }
    return found;
}

static void index_add(struct engine *r, const struct store_key *key, uint64_t id)
{
    cleanup_bytes struct bytes old = {0}, b = {0};
    uint32_t n = 0;
    struct reader in = {0};
    if (!store_get(r->store, STORE_EVALUATION_KEY, *key, &old)) {
        in = reader_of(old.data, old.size);
        reader_u8(&in);
        n = reader_count(&in, KEY_IDS_MAX - 1, 8);
    }
    bytes_put_u8(&b, KEY_VERSION);
    bytes_put_u32(&b, n + 1);
    for (uint32_t i = 0; i < n; i++)
        bytes_put_u64(&b, reader_u64(&in));
    bytes_put_u64(&b, id);
    store_put(r->store, STORE_EVALUATION_KEY, *key, b.data, b.size);
}

struct evaluation *evaluation_open(struct engine *r, const struct evaluation_record *record)
{
    struct evaluation *e = xcalloc(1, sizeof *e);
    e->record = *record;
    map_set(&r->evaluations, record->id, e);
    return e;
}

void evaluation_wait(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group)
{
    e->waiter = xgrow(e->waiter, &e->waiter_capacity, e->n_waiters + 1, sizeof *e->waiter);
    e->waiter[e->n_waiters++] = (struct waiter){rs, individual, group};
}

struct sched_need evaluation_need(const struct evaluation_record *record)
{
    struct sched_need need = {.n_metrics = record->need.n_metrics};
    copy_string(need.board_type, sizeof need.board_type, record->need.board_type);
    copy_string(need.dataset, sizeof need.dataset, record->dataset);
    memcpy(need.metric, record->need.metric, sizeof need.metric);
    return need;
}

int evaluation_schedule(struct engine *r, struct evaluation *e)
{
    if (!e->n_waiters)
        return -EINVAL;
    struct sched_need need = evaluation_need(&e->record);
    struct sched_tries tries = {e->record.tries.infra, e->record.tries.invalid, e->record.tries.bug, e->record.tries.reported, ""};
    copy_string(tries.avoid, sizeof tries.avoid, e->record.tries.avoid);
    int rc = sched_add(r->sched, e->record.id, e->waiter[0].search->record.id, &need, &tries);
    if (!rc && passes_of(e->record.tier) > 1)
        sched_shuffle(r->sched, e->record.id);
    return rc;
}

bool evaluation_is_awaited(const struct evaluation *e, const struct search *rs, uint64_t individual, uint32_t group)
{
    for (uint32_t i = 0; i < e->n_waiters; i++) {
        const struct waiter *w = &e->waiter[i];
        if (w->search == rs && w->individual == individual && w->group == group)
            return true;
    }
    return false;
}

void evaluation_join(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group)
{
    struct engine *r = rs->run;
    if (!evaluation_is_awaited(e, rs, individual, group))
        evaluation_wait(e, rs, individual, group);
    if (!sched_has_job(r->sched, e->record.id) && evaluation_schedule(r, e))
        engine_note(r, true, "evaluation cannot be scheduled", "evaluation=%llu", (unsigned long long)e->record.id);
}

struct evaluation *evaluation_reopen(struct engine *r, uint64_t id, enum reopened how, uint32_t wanted)
{
    struct evaluation *e = map_get(&r->evaluations, id);
    struct evaluation_record record;
    if (!e) {
        if (evaluation_load(r, id, &record))
            return NULL;
        record.state = EVALUATION_OPEN;
        record.live = 0;
        record.tries = (struct tries){.reported = record.tries.reported};
        record.wanted = passes_of(record.tier);
        record.reopened = REOPENED_NOT;
        record.cause = OUTCOME_OK;
        e = evaluation_open(r, &record);
    }
    if (e->record.accepted && how > e->record.reopened)
        e->record.reopened = how;
    if (wanted > e->record.wanted)
        e->record.wanted = wanted <= 1 + FURTHER_MAX ? wanted : 1 + FURTHER_MAX;
    evaluation_put(r, &e->record);
    return e;
}

bool evaluation_known(const struct search *rs, const struct genotype *g, uint32_t group, struct evaluation_record *ret_record)
{
    struct evaluation_record want = record_for(rs, g, group);
    struct store_key key = key_of(&want);
    return find_known(rs->run, &want, &key, ret_record) && (ret_record->state == EVALUATION_DONE || ret_record->state == EVALUATION_INFEASIBLE);
}

void evaluation_request(struct search *rs, struct pending *p, uint32_t group)
{
    struct engine *r = rs->run;
    struct evaluation_record want = record_for(rs, &p->record.genotype, group), known;
    struct store_key key = key_of(&want);
    bool found = find_known(r, &want, &key, &known);
    if (found) {
        p->record.evaluation[group] = known.id;
        struct evaluation *more = evaluation_lacks_passes(r, &known) ? evaluation_reopen(r, known.id, REOPENED_FURTHER, REPORT_PASSES) : NULL;
        if (more) {
            p->record.reused = false;
            evaluation_join(more, rs, p->record.id, group);
            return;
        }
        if (known.reopened == REOPENED_FURTHER) /* what is known so far will do: who wants more waits for it */
            known.state = evaluation_standing(r, &known);
        if (known.state != EVALUATION_OPEN)
            individual_answer_from_store(rs, p->record.id, group, &known);
        else
            evaluation_join(map_get(&r->evaluations, known.id), rs, p->record.id, group);
        return;
    }
    p->record.reused = false;
    struct evaluation *e = p->record.evaluation[group] ? evaluation_reopen(r, p->record.evaluation[group], REOPENED_NOT, 1) : NULL;
    if (e) {
        evaluation_join(e, rs, p->record.id, group);
        return;
    }
    want.id = r->next_evaluation++;
    want.state = EVALUATION_OPEN;
    want.wanted = passes_of(want.tier);
    want.noise_seed = noise_seed(&want, &key);
    store_set_counter(r->store, "next_evaluation", r->next_evaluation);
    index_add(r, &key, want.id);
    evaluation_put(r, &want);
    p->record.evaluation[group] = want.id;
    evaluation_join(evaluation_open(r, &want), rs, p->record.id, group);
}

static void evaluation_free(struct engine *r, struct evaluation *e)
{
    map_remove(&r->evaluations, e->record.id);
    free(e->waiter);
    free(e);
}

static void settle(struct engine *r, struct evaluation *e, enum evaluation_state state)
{
    e->record.state = state;
    e->record.live = 0;
    e->record.reopened = REOPENED_NOT;
    e->record.wanted = 0;
    evaluation_put(r, &e->record);
    suspect_forget(r, e->record.id);
}

void evaluation_close(struct engine *r, struct evaluation *e, enum evaluation_state state, const char *reason)
{
    settle(r, e, state);
    struct waiter *waiter = e->waiter;
    struct evaluation_record record = e->record;
    uint32_t n = e->n_waiters;
    e->waiter = NULL;
    evaluation_free(r, e);
    struct measurement m = {0};
    bool have = record.accepted && n && !evaluation_answer(r, &record, &m);
    for (uint32_t i = 0; i < n; i++)
        individual_answer(waiter[i].search, waiter[i].individual, waiter[i].group, &record, have ? &m : NULL, reason);
    measurement_fini(&m);
    free(waiter);
}

enum evaluation_state evaluation_standing(struct engine *r, const struct evaluation_record *record)
{
    struct attempt_record a;
    if (record->state != EVALUATION_OPEN)
        return record->state;
    if (!record->accepted || attempt_load(r, record->accepted, &a))
        return EVALUATION_CANCELED;
    return a.outcome == OUTCOME_INFEASIBLE ? EVALUATION_INFEASIBLE : EVALUATION_DONE;
}

void evaluation_abandon(struct engine *r, struct evaluation *e)
{
    settle(r, e, evaluation_standing(r, &e->record));
    evaluation_free(r, e);
}

static void drop_waiter(struct engine *r, struct evaluation *e, const struct search *rs, uint64_t individual, const char *reason)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < e->n_waiters; i++) {
        if (e->waiter[i].search != rs || e->waiter[i].individual != individual)
            e->waiter[kept++] = e->waiter[i];
    }
    e->n_waiters = kept;
    if (kept) {
        sched_set_owner(r->sched, e->record.id, e->waiter[0].search->record.id);
        return;
    }
    sched_remove(r->sched, e->record.id, reason);
    evaluation_abandon(r, e);
}

void evaluation_drop_waiters(struct search *rs, struct pending *p, const char *reason)
{
    for (uint32_t g = 0; g < p->record.n_evaluations; g++) {
        struct evaluation *e = map_get(&rs->run->evaluations, p->record.evaluation[g]);
        if (e)
            drop_waiter(rs->run, e, rs, p->record.id, reason);
    }
}
