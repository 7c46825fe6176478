/* The event log of a search: what its search core was asked and told, in order. With the parameters it determines the core (replay.c). */
#include "run/event_log.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

static void put_event(struct search *rs, struct event_record *e)
{
    cleanup_bytes struct bytes b = {0};
    e->wall_ns = rs->engine->wall;
    event_record_encode(e, &b);
    store_put(rs->engine->store, STORE_EVENT, key_u64_pair(rs->record.id, rs->record.events++), b.data, b.size);
    rs->dirty = true;
}

uint64_t event_log_digest(const struct space *space, const struct core_proposal *proposal, uint32_t n)
{
    cleanup_bytes struct bytes b = {0};
    for (uint32_t i = 0; i < n; i++) {
        bytes_put_u64(&b, proposal[i].id);
        bytes_append(&b, proposal[i].genotype.allele, space->n_genes);
    }
    return n ? hash64(b.data, b.size) : 0;
}

static void log_ask(struct search *rs, enum event_type type, uint32_t wanted, const struct core_proposal *proposal, uint32_t got)
{
    struct event_record e = {
        .type = type, .wanted = wanted, .got = got, .id = got ? proposal[0].id : 0, .digest = event_log_digest(&rs->spec->space, proposal, got)};
    put_event(rs, &e);
}

void event_log_ask(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got)
{
    log_ask(rs, EVENT_ASK, wanted, proposal, got);
}

void event_log_screen(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got)
{
    log_ask(rs, EVENT_SCREEN, wanted, proposal, got);
}

void event_log_promote(struct search *rs, uint32_t wanted, const struct core_proposal *proposal, uint32_t got)
{
    log_ask(rs, EVENT_PROMOTE, wanted, proposal, got);
}

void event_log_costs(struct search *rs, uint32_t n, const uint8_t *group, const double *cost)
{
    struct event_record e = {.type = EVENT_COSTS, .wanted = n, .got = group != NULL, .n_objectives = n};
    for (uint32_t o = 0; o < rs->spec->n_objectives && group; o++)
        e.id |= (uint64_t)group[o] << (8 * o);
    memcpy(e.objective, cost, n * sizeof *cost);
    put_event(rs, &e);
}

static void log_result(struct search *rs, enum event_type type, uint64_t id, const struct core_result *result)
{
    struct event_record e = {.type = type,
                             .wanted = result->groups,
                             .id = id,
                             .status = (uint32_t)result->status,
                             .n_objectives = rs->spec->n_objectives,
                             .violation = result->violation};
    for (uint32_t i = 0; i < e.n_objectives; i++)
        e.objective[i] = result->objective[i];
    put_event(rs, &e);
}

void event_log_tell(struct search *rs, uint64_t id, const struct core_result *result) { log_result(rs, EVENT_TELL, id, result); }

void event_log_retell(struct search *rs, uint64_t id, const struct core_result *result) { log_result(rs, EVENT_RETELL, id, result); }

void event_log_inject(struct search *rs, const struct individual_record *ind, const struct core_result *result)
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

void event_log_hint(struct search *rs, const struct individual_record *ind, uint32_t objective, double value)
{
    struct event_record e = {
        .type = EVENT_HINT, .wanted = objective, .n_objectives = 1, .objective = {value}, .n_genes = ind->n_genes, .genotype = ind->genotype};
    put_event(rs, &e);
}

void event_log_control(struct search *rs, const char *text)
{
    struct event_record e = {.type = EVENT_CONTROL};
    snprintf(e.text, sizeof e.text, "%s", text);
    put_event(rs, &e);
}
