/* See record_search.h and fields.h. */
#include "store/record_search.h"

#include <errno.h>
#include <string.h>

#include "store/record_internal.h"

/* SEARCH_VERSION 2: priority; 3: results told anew, replicates; 4: number within the team; 5: forks; 6: events dropped; 7: retries in
 * steps; 8: strikes; 9: screening; 10: failures in a row. INDIVIDUAL_VERSION 2: what the core knows, cause, number of measurements;
 * 3: model file; 4: groups asked for. EVENT_VERSION 2:
 * RETELL, 3: INJECT, 4: HINT, 5: SCREEN, PROMOTE and COSTS, each written for nothing else. */
enum {
    SEARCH_VERSION = 10,
    INDIVIDUAL_VERSION = 4,
    EVENT_RETELL_VERSION = 2,
    EVENT_INJECT_VERSION = 3,
    EVENT_HINT_VERSION = 4,
    EVENT_VERSION = 5,
    SNAPSHOT_VERSION = 1
};

const char *search_state_name(enum search_state s)
{
    static const char *const name[SEARCH_STATE_COUNT] = {"running", "paused", "done", "failed", "canceled"};
    return (unsigned)s < SEARCH_STATE_COUNT ? name[s] : NULL;
}

const char *individual_state_name(enum individual_state s)
{
    static const char *const name[INDIVIDUAL_STATE_COUNT] = {"pending", "done", "infeasible", "failed", "canceled", "screened"};
    return (unsigned)s < INDIVIDUAL_STATE_COUNT ? name[s] : NULL;
}

/* The fields of version 1. */
static void walk_first(struct fields *f, struct search_record *x)
{
    field_u64(f, &x->id);
    field_string(f, x->name, sizeof x->name);
    field_string(f, x->algorithm, sizeof x->algorithm);
    field_string(f, x->team, sizeof x->team);
    field_string(f, x->pool, sizeof x->pool);
    FIELD_ENUM(f, x->state, SEARCH_STATE_COUNT);
    field_string(f, x->reason, sizeof x->reason);
    uint32_t *const number[] = {&x->budget, &x->asked, &x->told, &x->charged, &x->infeasible, &x->failed, &x->vetoed, &x->reused, &x->stalled};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        field_u32(f, number[i]);
    field_u64(f, &x->events);
    field_i64(f, &x->created_wall_ns);
    field_i64(f, &x->finished_wall_ns);
    field_i64(f, &x->active_ns);
    field_i64(f, &x->board_ns);
    field_u32(f, &x->front_size);
    field_f64(f, &x->hypervolume);
    field_bool(f, &x->planned);
    field_count(f, &x->n_groups, GROUPS_MAX, 8);
    for (uint32_t i = 0; i < x->n_groups; i++)
        walk_need_group(f, &x->group[i]);
}

static void walk_screening(struct fields *f, struct search_record *x)
{
    field_u32(f, &x->costly);
    field_f64(f, &x->cost_ratio);
    field_u32(f, &x->screened);
    field_u32(f, &x->screened_out);
    for (uint32_t g = 0; g < x->n_groups; g++) {
        field_u32(f, &x->timed[g]);
        field_i64(f, &x->time_ns[g]);
    }
    field_check(f, x->costly <= x->n_groups);
}

static void walk_search(struct fields *f, struct search_record *x)
{
    walk_first(f, x);
    if (f->version >= 2)
        field_i32(f, &x->priority);
    if (f->version >= 3) {
        field_u32(f, &x->retold);
        field_u32(f, &x->replicates);
    }
    if (f->version >= 4)
        field_u64(f, &x->number);
    if (f->version >= 5) {
        field_u64(f, &x->fork_of);
        field_u64(f, &x->fork_next);
        field_u64(f, &x->fork_end);
    }
    if (f->version >= 6)
        field_u64(f, &x->events_from);
    if (f->version >= 7) {
        field_string(f, x->retry_cause, sizeof x->retry_cause);
        field_u32(f, &x->retry_next);
        field_u32(f, &x->retry_end);
        field_u32(f, &x->retried);
    }
    if (f->version >= 8)
        field_u32(f, &x->strikes);
    if (f->version >= 9)
        walk_screening(f, x);
    if (f->version >= 10) {
        field_u32(f, &x->failing);
        field_u64(f, &x->failing_from);
        field_u64(f, &x->failed_attempt);
        field_bool(f, &x->worked);
        field_bool(f, &x->failing_stop);
    }
    field_check(f, x->retry_next <= x->retry_end);
}
FIELDS_RECORD(search_record, struct search_record, walk_search, SEARCH_VERSION)

static void walk_metric(struct fields *f, struct metric_value *m)
{
    field_string(f, m->name, sizeof m->name);
    field_f64(f, &m->value);
    field_f64(f, &m->low);
    field_f64(f, &m->high);
    field_u32(f, &m->n);
}

/* Version 1 had the class in the reason alone: "lost: no sign of life". */
static enum outcome cause_of_reason(const char *reason)
{
    for (int o = OUTCOME_INFEASIBLE; o < OUTCOME_COUNT; o++) {
        size_t n = strlen(outcome_name((enum outcome)o));
        if (!strncmp(reason, outcome_name((enum outcome)o), n) && reason[n] == ':')
            return (enum outcome)o;
    }
    return OUTCOME_INFRA;
}

static void walk_told(struct fields *f, struct individual_record *x)
{
    if (f->version >= 2) {
        FIELD_ENUM(f, x->told_state, INDIVIDUAL_STATE_COUNT);
        FIELD_ENUM(f, x->cause, OUTCOME_COUNT);
        field_u32(f, &x->measured);
        return;
    }
    x->told_state = x->told_order ? x->state : INDIVIDUAL_PENDING;
    x->cause = x->state == INDIVIDUAL_FAILED || x->ruled == INDIVIDUAL_FAILED ? cause_of_reason(x->reason) : OUTCOME_OK;
    x->measured = x->told_state == INDIVIDUAL_DONE;
}

static void walk_artefact(struct fields *f, struct artefact *a)
{
    field_bytes(f, a->hash, sizeof a->hash);
    field_u64(f, &a->bytes);
    field_string(f, a->format, sizeof a->format);
}

static void walk_predictions(struct fields *f, struct individual_record *x)
{
    field_u32(f, &x->n_objectives);
    field_bool(f, &x->predicted);
    if (x->n_objectives > OBJECTIVES_MAX) {
        field_check(f, false);
        x->n_objectives = 0;
    }
    for (uint32_t i = 0; i < x->n_objectives; i++) {
        field_f64(f, &x->mean[i]);
        field_f64(f, &x->sd[i]);
        field_f64(f, &x->objective[i]);
    }
}

static void walk_individual(struct fields *f, struct individual_record *x)
{
    field_u64(f, &x->id);
    walk_genotype(f, &x->n_genes, &x->genotype);
    field_string(f, x->arm, sizeof x->arm);
    field_i64(f, &x->parent[0]);
    field_i64(f, &x->parent[1]);
    walk_predictions(f, x);
    field_u32(f, &x->generation);
    FIELD_ENUM(f, x->state, INDIVIDUAL_STATE_COUNT);
    FIELD_ENUM(f, x->ruled, INDIVIDUAL_STATE_COUNT);
    field_bool(f, &x->vetoed);
    field_bool(f, &x->reused);
    field_count(f, &x->n_evaluations, GROUPS_MAX, 8);
    for (uint32_t i = 0; i < x->n_evaluations; i++)
        field_u64(f, &x->evaluation[i]);
    field_string(f, x->board, sizeof x->board);
    field_u32(f, &x->flags);
    field_string(f, x->reason, sizeof x->reason);
    field_count(f, &x->n_metrics, METRICS_MAX, 32);
    for (uint32_t i = 0; i < x->n_metrics; i++)
        walk_metric(f, &x->metric[i]);
    field_f64(f, &x->violation);
    field_f64(f, &x->hypervolume);
    field_i64(f, &x->told_wall_ns);
    field_u32(f, &x->told_order);
    walk_told(f, x);
    if (f->version >= 3)
        walk_artefact(f, &x->artefact);
    if (f->version >= 4)
        field_u32(f, &x->asked);
}
FIELDS_RECORD(individual_record, struct individual_record, walk_individual, INDIVIDUAL_VERSION)

static const enum event_type last_type[] = {EVENT_CONTROL, EVENT_RETELL, EVENT_INJECT, EVENT_HINT, EVENT_COSTS}; /* of version 1, 2 … */

/* The version that first had that type of event. */
static uint8_t event_version(enum event_type type)
{
    switch (type) {
    case EVENT_SCREEN:
    case EVENT_PROMOTE:
    case EVENT_COSTS:
        return EVENT_VERSION;
    case EVENT_HINT:
        return EVENT_HINT_VERSION;
    case EVENT_INJECT:
        return EVENT_INJECT_VERSION;
    case EVENT_RETELL:
        return EVENT_RETELL_VERSION;
    default:
        return 1;
    }
}

static void walk_event(struct fields *f, struct event_record *x)
{
    FIELD_ENUM(f, x->type, last_type[f->version - 1] + 1U);
    field_i64(f, &x->wall_ns);
    field_u32(f, &x->wanted);
    field_u32(f, &x->got);
    field_u64(f, &x->id);
    field_u64(f, &x->digest);
    field_u32(f, &x->status);
    field_count(f, &x->n_objectives, OBJECTIVES_MAX, 8);
    for (uint32_t i = 0; i < x->n_objectives; i++)
        field_f64(f, &x->objective[i]);
    field_f64(f, &x->violation);
    field_string(f, x->text, sizeof x->text);
    if (x->type == EVENT_INJECT || x->type == EVENT_HINT)
        walk_genotype(f, &x->n_genes, &x->genotype);
    field_check(f, x->type != 0);
}

void event_record_encode(const struct event_record *r, struct bytes *out)
{
    struct fields f = fields_writing(out, event_version(r->type));
    walk_event(&f, (struct event_record *)r);
}
FIELDS_DECODER(event_record, struct event_record, walk_event, EVENT_VERSION)

void snapshot_record_begin(uint64_t events, struct bytes *out)
{
    struct fields f = fields_writing(out, SNAPSHOT_VERSION);
    field_u64(&f, &events);
}

int snapshot_record_decode(const void *p, size_t n, struct snapshot_record *ret_record)
{
    struct fields f;
    struct snapshot_record x = {0};
    int rc = fields_reading(p, n, SNAPSHOT_VERSION, &f);
    if (rc)
        return rc;
    field_u64(&f, &x.events);
    if (f.in.bad)
        return -EBADMSG;
    x.core = f.in.p;
    x.n_core = f.in.left;
    *ret_record = x;
    return 0;
}
