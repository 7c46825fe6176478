/* Rebuilds the state in memory from the store when the master starts: boards with their epochs, searches (the unfinished with their core),
 * pending individuals, open evaluations as jobs, and the attempts that had a lease when the master stopped. */
#include "run/load.h"
#include "run/artefacts.h"
#include "run/board_owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "run/board_health.h"
#include "run/disk.h"
#include "run/evaluation.h"
#include "run/evaluation_table.h"
#include "run/finish.h"
#include "run/individual.h"
#include "run/note.h"
#include "run/number.h"
#include "run/params.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/replay.h"
#include "run/search.h"
#include "run/searches.h"
#include "run/snapshot.h"
#include "run/spans.h"
#include "run/suspect_table.h"
#include "run/uploads.h"
#include "run/usage.h"

static bool load_board(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct board_record b;
    (void)key;
    (void)n_key;
    if (!board_record_decode(value, n_value, &b)) {
        sched_restore_board(r->sched, b.name, b.type, b.epoch);
        board_owners_load(r, &b);
    }
    return true;
}

static bool load_header(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct search_record s;
    uint64_t id = key_read_u64(key, n_key, 0);
    if (search_record_decode(value, n_value, &s) || s.id != id) {
        engine_note(r, true, "damaged search header is left alone", "search=%llu", (unsigned long long)id);
        return true;
    }
    struct search *rs = search_new(r, id);
    rs->record = s;
    search_header_is_stored(rs);
    return true;
}

/* In order of id. Records from before there were numbers get the ones they would have had; the first turn writes them. */
static void load_numbers(struct engine *r)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        if (searches_at(r, i)->record.number)
            number_index(searches_at(r, i));
    }
    for (uint32_t i = 0; i < searches_count(r); i++) {
        if (!searches_at(r, i)->record.number)
            number_give(searches_at(r, i));
    }
}

/* An open evaluation a pending individual waits for: job, tries and, when it had one, its lease. */
static int load_open(struct search *rs, const struct evaluation_record *record, uint64_t individual, uint32_t group)
{
    struct engine *r = rs->engine;
    struct evaluation *e = evaluation_get(r, record->id);
    if (e) {
        evaluation_wait(e, rs, individual, group);
        return 0;
    }
    e = evaluation_open(r, record);
    evaluation_wait(e, rs, individual, group);
    if (record->tries.infra)
        suspect_load(r, record->id);
    int rc = evaluation_schedule(r, e);
    struct attempt_record a;
    if (rc || !record->live || attempt_load(r, record->live, &a) || a.state != ATTEMPT_LIVE)
        return rc;
    return sched_restore(r->sched, r->now, record->id, &(struct sched_lease){a.id, a.epoch, a.board, a.incarnation});
}

/* Told, and measured again: the record is what was told, values are collected anew. */
static void prepare_again(struct individual_record *ind)
{
    ind->ruled = INDIVIDUAL_PENDING;
    ind->cause = OUTCOME_OK;
    ind->measured = ind->flags = 0;
    ind->violation = 0;
    ind->board[0] = ind->reason[0] = '\0';
}

static int load_individual(struct search *rs, uint64_t id)
{
    struct engine *r = rs->engine;
    struct pending *p = xcalloc(1, sizeof *p);
    int rc = individual_load(r, rs->record.id, id, &p->record);
    if (rc) {
        free(p);
        return rc;
    }
    if (p->record.state == INDIVIDUAL_CANCELED || p->record.state == INDIVIDUAL_SCREENED) {
        rs->n_abandoned += p->record.state == INDIVIDUAL_CANCELED; /* the search ended without it the time before */
        free(p);
        return 0;
    }
    pending_add(rs, p);
    if (p->record.told_order)
        prepare_again(&p->record);
    if (p->record.ruled != INDIVIDUAL_PENDING) { /* settled, only not told yet; its other evaluations may have become anything since */
        p->status = p->record.ruled == INDIVIDUAL_INFEASIBLE ? CORE_INFEASIBLE : CORE_FAILED;
        pending_complete(rs, p);
        return 0;
    }
    p->status = CORE_OK;
    p->n_open = individual_open_groups(&p->record);
    for (uint32_t g = 0; g < p->record.n_evaluations && !p->complete && !rc; g++) {
        struct evaluation_record e;
        rc = p->record.evaluation[g] ? evaluation_load(r, p->record.evaluation[g], &e) : 0;
        if (rc || !p->record.evaluation[g])
            continue;
        if (e.state == EVALUATION_OPEN) {
            rc = load_open(rs, &e, id, g);
            continue;
        }
        individual_answer_from_store(rs, id, g, &e);
    }
    if (!p->complete && !p->record.n_evaluations)
        pending_complete(rs, p);
    return rc;
}

/* Pending proposals in order of id. */
static int load_pending(struct search *rs)
{
    uint64_t first = UINT64_MAX;
    for (uint64_t id = 0; id < core_count(rs->core); id++) {
        struct core_proposal proposal;
        struct core_result result;
        bool told;
        if (core_get(rs->core, id, &proposal, &told, &result) || told)
            continue;
        int rc = load_individual(rs, id);
        if (rc)
            return rc;
        if (first == UINT64_MAX && pending_find(rs, id))
            first = id;
    }
    pending_tell_from(rs, first == UINT64_MAX ? core_count(rs->core) : first);
    return 0;
}

struct told_ids {
    uint64_t *id;
    size_t n, capacity;
};

static bool collect_told(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct told_ids *t = user;
    (void)value;
    (void)n_value;
    t->id = xgrow(t->id, &t->capacity, t->n + 1, sizeof *t->id);
    t->id[t->n++] = key_read_u64(key, n_key, 1);
    return true;
}

/* Told individuals that are measured again. */
static int load_again(struct search *rs)
{
    struct told_ids t = {0};
    int rc = store_scan(rs->engine->store, STORE_RETELL, key_u64_pair(rs->record.id, 0), 8, collect_told, &t);
    for (size_t i = 0; i < t.n && !rc; i++)
        rc = pending_find(rs, t.id[i]) ? 0 : load_individual(rs, t.id[i]);
    free(t.id);
    return rc;
}

static int load_search(struct search *rs, struct sonata_error *err)
{
    struct engine *r = rs->engine;
    search_join_team(rs);
    rs->spec = xcalloc(1, sizeof *rs->spec);
    int rc = spec_load(r->store, rs->record.id, rs->spec, err);
    struct core_params params;
    struct restored_core restored;
    if (!rc)
        rc = plan_params(rs->spec, r->config.threads, &params, &rs->proposal_order, &rs->window, err);
    if (!rc)
        rc = search_restore(rs, rs->spec, &restored, err);
    if (rc)
        return rc;
    rs->core = restored.core;
    snapshot_is_at(rs, restored.event, restored.size, true);
    if (err->text[0])
        engine_note(r, true, "damaged snapshot: the search is rebuilt from its event log", "search=%llu reason=\"%s\"",
                    (unsigned long long)rs->record.id, err->text);
    cleanup_bytes struct bytes space = {0};
    space_encode(&rs->spec->space, &space);
    hash_content(space.data, space.size, rs->space_hash);
    rs->front_changed = true;
    rc = load_pending(rs);
    if (!rc)
        rc = load_again(rs);
    if (rc)
        return sonata_error_set(err, rc, "search %llu: a pending individual cannot be loaded: %s", (unsigned long long)rs->record.id, strerror(-rc));
    sched_pause(r->sched, rs->record.id, rs->record.state == SEARCH_PAUSED);
    return 0;
}

/* Searches that had a step under way when the process before crashed have it written down before anything of them is touched: should it happen again,
 * it counts. */
static int strike_died(struct engine *r, struct sonata_error *err)
{
    for (size_t i = 0; i < r->config.n_died; i++) {
        struct search *rs = searches_get(r, r->config.died[i]);
        if (!rs || search_is_finished(rs))
            continue;
        rs->record.strikes++;
        rs->dirty = true;
        engine_note(r, true, "the master crashed while a step of this search was under way", "search=%llu times=%u",
                    (unsigned long long)rs->record.id, rs->record.strikes);
        search_persist(rs);
    }
    r->config.died = NULL; /* the caller's */
    return r->config.n_died ? store_commit(r->store, err) : 0;
}

/* The step of coming to life; one that is parked does not. */
static int load_or_park(struct search *rs, struct sonata_error *err)
{
    const struct engine_hooks *hooks = &rs->engine->hooks;
    if (rs->record.strikes >= STRIKES_MAX)
        return sonata_error_set(err, -EINTR, PARKED);
    if (hooks->step)
        hooks->step(hooks->user, rs->record.id, true);
    int rc = load_search(rs, err);
    if (hooks->step)
        hooks->step(hooks->user, rs->record.id, false);
    return rc;
}

int engine_load(struct engine *r, struct sonata_error *err)
{
    int rc = store_scan(r->store, STORE_BOARD, (struct store_key){0}, 0, load_board, r);
    if (!rc)
        rc = store_scan(r->store, STORE_SEARCH, (struct store_key){0}, 0, load_header, r);
    if (!rc)
        rc = boards_load(r);
    if (rc)
        return sonata_error_set(err, rc, "the store cannot be read: %s", strerror(-rc));
    load_numbers(r);
    uint64_t next = store_counter(r->store, "next_attempt");
    if (spans_load(r))
        return sonata_error_set(err, -EIO, "the times when boards measured wrong cannot be read");
    if (disk_load(r))
        return sonata_error_set(err, -EIO, "the sizes of searches cannot be read");
    if (usage_load(r))
        return sonata_error_set(err, -EIO, "the board time that teams used cannot be read");
    if (uploads_load(r) || artefacts_load(r))
        return sonata_error_set(err, -EIO, "the list of uploads cannot be read");
    sched_set_next_attempt(r->sched, next ? next : 1);
    evaluations_load(r);
    searches_load(r);
    if ((rc = strike_died(r, err)))
        return rc;
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        struct sonata_error why = {{0}};
        if (search_is_finished(rs) || !load_or_park(rs, &why))
            continue;
        /* one damaged search must not keep the others from going on; its data stay for inspection */
        engine_note(r, true, "search cannot be resumed", "search=%llu reason=\"%s\"", (unsigned long long)rs->record.id, why.text);
        search_finish(rs, SEARCH_STOPPED_FAILED, why.text);
    }
    return 0;
}
