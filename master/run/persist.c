/* What a search writes in a turn: its event log (always), its header, and from time to time a snapshot of the search core.
 *
 * The core is a function of its parameters and the log, so log + snapshot in one transaction keep promise 2 of DESIGN: the state after any
 * commit is the snapshot with the later events run again. A snapshot is due when the events since the last one outweigh it, so its cost stays a
 * constant factor, and after at most SNAPSHOT_EVENTS events (algorithms that compute for long; more when the snapshot is large, so that a search of
 * 100,000 evaluations does not write 20 MB for every 32 of them) or QUICK_EVENTS, so that a start does not have to run many proposals again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "run/engine_internal.h"

enum {
    SNAPSHOT_EVENTS = 64,
    SNAPSHOT_BYTES_PER_EVENT = 32768,
    QUICK_EVENTS = 8192,
    SNAPSHOT_EVENT_BYTES = 1024,
    SNAPSHOT_VERSION = 1,
    FORESTS_BYTES_MAX = 4 << 20
};

static void put_event(struct search *rs, struct event_record *e)
{
    cleanup_bytes struct bytes b = {0};
    e->wall_ns = rs->run->wall;
    event_record_encode(e, &b);
    store_put(rs->run->store, STORE_EVENT, key_u64_pair(rs->record.id, rs->record.events++), b.data, b.size);
    rs->dirty = true;
}

uint64_t proposals_digest(const struct space *space, const struct core_proposal *proposal, uint32_t n)
{
    cleanup_bytes struct bytes b = {0};
    for (uint32_t i = 0; i < n; i++) {
        bytes_put_u64(&b, proposal[i].id);
        bytes_append(&b, proposal[i].genotype.allele, space->n_genes);
    }
    return n ? hash64(b.data, b.size) : 0;
}

void search_log_ask(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got)
{
    struct event_record e = {
        .type = EVENT_ASK, .wanted = wanted, .got = got, .id = got ? proposal[0].id : 0, .digest = proposals_digest(&rs->spec->space, proposal, got)};
    put_event(rs, &e);
}

static void log_result(struct search *rs, enum event_type type, uint64_t id, const struct core_result *result)
{
    struct event_record e = {
        .type = type, .id = id, .status = (uint32_t)result->status, .n_objectives = rs->spec->n_objectives, .violation = result->violation};
    for (uint32_t i = 0; i < e.n_objectives; i++)
        e.objective[i] = result->objective[i];
    put_event(rs, &e);
}

void search_log_tell(struct search *rs, uint64_t id, const struct core_result *result) { log_result(rs, EVENT_TELL, id, result); }

void search_log_retell(struct search *rs, uint64_t id, const struct core_result *result) { log_result(rs, EVENT_RETELL, id, result); }

void search_log_inject(struct search *rs, const struct individual_record *ind, const struct core_result *result)
{
    struct event_record e = {.type = EVENT_INJECT,
                             .id = ind->id,
                             .status = (uint32_t)result->status,
                             .n_objectives = rs->spec->n_objectives,
                             .violation = result->violation,
                             .n_genes = ind->n_genes,
                             .genotype = ind->genotype};
    memcpy(e.objective, result->objective, sizeof e.objective);
    put_event(rs, &e);
}

void search_log_hint(struct search *rs, const struct individual_record *ind, uint32_t objective, double value)
{
    struct event_record e = {
        .type = EVENT_HINT, .wanted = objective, .n_objectives = 1, .objective = {value}, .n_genes = ind->n_genes, .genotype = ind->genotype};
    put_event(rs, &e);
}

void search_log_control(struct search *rs, const char *text)
{
    struct event_record e = {.type = EVENT_CONTROL};
    snprintf(e.text, sizeof e.text, "%s", text);
    put_event(rs, &e);
}

/* The forests of the same moment, so that a start needs not grow them; too large ones are grown again. */
static void snapshot_forests(struct search *rs)
{
    uint64_t number = core_forests_number(rs->core);
    if (number == rs->forests_stored)
        return;
    cleanup_bytes struct bytes b = {0};
    if (number)
        core_forests_save(rs->core, FORESTS_BYTES_MAX, &b);
    if (b.size)
        store_put(rs->run->store, STORE_SURROGATE, key_u64(rs->record.id), b.data, b.size);
    else
        store_erase(rs->run->store, STORE_SURROGATE, key_u64(rs->record.id));
    rs->forests_stored = number;
}

void search_snapshot(struct search *rs)
{
    cleanup_bytes struct bytes b = {0}, front = {0};
    bytes_put_u8(&b, SNAPSHOT_VERSION);
    bytes_put_u64(&b, rs->record.events);
    core_save(rs->core, &b);
    store_put(rs->run->store, STORE_POPULATION, key_u64(rs->record.id), b.data, b.size);
    rs->snapshot_event = rs->record.events;
    rs->snapshot_size = b.size;
    if (!search_is_finished(rs)) /* which predicts nothing more */
        snapshot_forests(rs);

    uint32_t n = core_front(rs->core, NULL, 0);
    uint64_t *id = xcalloc(n ? n : 1, sizeof *id);
    core_front(rs->core, id, n);
    bytes_put_u8(&front, SNAPSHOT_VERSION);
    bytes_put_u32(&front, n);
    for (uint32_t i = 0; i < n; i++)
        bytes_put_u64(&front, id[i]);
    store_put(rs->run->store, STORE_FRONT, key_u64(rs->record.id), front.data, front.size);
    free(id);
}

static bool snapshot_is_due(const struct search *rs)
{
    uint64_t since = rs->record.events - rs->snapshot_event, enough = rs->snapshot_size / SNAPSHOT_EVENT_BYTES;
    uint64_t most = search_is_quick(rs->spec) ? QUICK_EVENTS : SNAPSHOT_EVENTS + rs->snapshot_size / SNAPSHOT_BYTES_PER_EVENT;
    return since > 0 && since >= (enough < most ? enough : most);
}

void search_persist(struct search *rs)
{
    if (!rs->dirty)
        return;
    if (rs->core && !rs->busy) {
        search_refresh(rs);
        if (snapshot_is_due(rs))
            search_snapshot(rs);
    }
    cleanup_bytes struct bytes b = {0};
    search_record_encode(&rs->record, &b);
    store_put(rs->run->store, STORE_SEARCH, key_u64(rs->record.id), b.data, b.size);
    rs->stored_active_ns = rs->record.active_ns;
    rs->dirty = false;
}
