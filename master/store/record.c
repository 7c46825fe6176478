/* See record.h. Each record: version u8, then the fields in the order of the struct. Encode and decode stand side by side so that a change of
 * one is seen in the other. */
#include "store/record.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

/* SEARCH_VERSION 2: priority; 3: results told anew, replicates; 4: number within the team; 5: forks; 6: events dropped; 7: retries in
 * steps. INDIVIDUAL_VERSION 2: what the core knows, cause, number of measurements. EVALUATION_VERSION 2: open again; 3: board to avoid. EVENT_VERSION
 * 2: RETELL, 3: INJECT, 4: HINT, each written for nothing else. BOARD_HEALTH_VERSION 2: canaries; 3: failures, loss to be told. UPLOAD_VERSION 2:
 * team, size, time. */
enum {
    RECORD_VERSION = 1,
    SEARCH_VERSION = 7,
    INDIVIDUAL_VERSION = 2,
    EVALUATION_VERSION = 3,
    EVENT_RETELL_VERSION = 2,
    EVENT_INJECT_VERSION = 3,
    EVENT_VERSION = 4,
    BOARD_HEALTH_VERSION = 3,
    UPLOAD_VERSION = 2
};

const char *search_state_name(enum search_state s)
{
    static const char *const name[SEARCH_STATE_COUNT] = {"running", "paused", "done", "failed", "canceled"};
    return (unsigned)s < SEARCH_STATE_COUNT ? name[s] : NULL;
}

const char *individual_state_name(enum individual_state s)
{
    static const char *const name[INDIVIDUAL_STATE_COUNT] = {"pending", "done", "infeasible", "failed", "canceled"};
    return (unsigned)s < INDIVIDUAL_STATE_COUNT ? name[s] : NULL;
}

const char *evaluation_state_name(enum evaluation_state s)
{
    static const char *const name[EVALUATION_STATE_COUNT] = {"open", "done", "infeasible", "failed", "canceled"};
    return (unsigned)s < EVALUATION_STATE_COUNT ? name[s] : NULL;
}

const char *attempt_state_name(enum attempt_state s)
{
    static const char *const name[ATTEMPT_STATE_COUNT] = {"live",     "accepted",  "failed",      "lost",       "released",
                                                          "canceled", "replicate", "stale_epoch", "invalidated"};
    return (unsigned)s < ATTEMPT_STATE_COUNT ? name[s] : NULL;
}

/* Opens a record of version 1 to `latest`: the version and the reader behind it, or a negative code. */
static int open_version(const void *p, size_t n, uint8_t latest, struct reader *ret_reader)
{
    *ret_reader = reader_of(p, n);
    uint8_t version = reader_u8(ret_reader);
    if (ret_reader->bad || !version)
        return -EBADMSG;
    return version > latest ? -EPROTONOSUPPORT : version;
}

static int open_record(const void *p, size_t n, struct reader *ret_reader)
{
    int version = open_version(p, n, RECORD_VERSION, ret_reader);
    return version < 0 ? version : 0;
}

/* A number below `count`, else 0 and bad. */
static uint8_t read_enum(struct reader *r, unsigned count)
{
    uint8_t v = reader_u8(r);
    if (v >= count) {
        r->bad = true;
        return 0;
    }
    return v;
}

static void put_group(const struct need_group *g, struct bytes *out)
{
    bytes_put_string(out, g->board_type);
    bytes_put_u32(out, g->n_metrics);
    for (uint32_t i = 0; i < g->n_metrics; i++)
        bytes_put_string(out, g->metric[i]);
}

static void read_group(struct reader *r, struct need_group *g)
{
    reader_string(r, g->board_type, sizeof g->board_type);
    g->n_metrics = reader_count(r, METRICS_MAX, 4);
    for (uint32_t i = 0; i < g->n_metrics; i++)
        reader_string(r, g->metric[i], sizeof g->metric[i]);
}

static void put_genotype(uint16_t n_genes, const struct genotype *g, struct bytes *out)
{
    bytes_put_u16(out, n_genes);
    bytes_append(out, g->allele, n_genes);
}

static void read_genotype(struct reader *r, uint16_t *n_genes, struct genotype *g)
{
    *n_genes = reader_u16(r);
    if (*n_genes > SPACE_GENES_MAX) {
        *n_genes = 0;
        r->bad = true;
    }
    reader_copy(r, g->allele, *n_genes);
}

void search_record_encode(const struct search_record *r, struct bytes *out)
{
    bytes_put_u8(out, SEARCH_VERSION);
    bytes_put_u64(out, r->id);
    bytes_put_string(out, r->name);
    bytes_put_string(out, r->algorithm);
    bytes_put_string(out, r->team);
    bytes_put_string(out, r->pool);
    bytes_put_u8(out, (uint8_t)r->state);
    bytes_put_string(out, r->reason);
    const uint32_t n[] = {r->budget, r->asked, r->told, r->charged, r->infeasible, r->failed, r->vetoed, r->reused, r->stalled};
    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        bytes_put_u32(out, n[i]);
    bytes_put_u64(out, r->events);
    bytes_put_u64(out, (uint64_t)r->created_wall_ns);
    bytes_put_u64(out, (uint64_t)r->finished_wall_ns);
    bytes_put_u64(out, (uint64_t)r->active_ns);
    bytes_put_u64(out, (uint64_t)r->board_ns);
    bytes_put_u32(out, r->front_size);
    bytes_put_f64(out, r->hypervolume);
    bytes_put_u8(out, r->planned);
    bytes_put_u32(out, r->n_groups);
    for (uint32_t i = 0; i < r->n_groups; i++)
        put_group(&r->group[i], out);
    bytes_put_u32(out, (uint32_t)r->priority);
    bytes_put_u32(out, r->retold);
    bytes_put_u32(out, r->replicates);
    bytes_put_u64(out, r->number);
    bytes_put_u64(out, r->fork_of);
    bytes_put_u64(out, r->fork_next);
    bytes_put_u64(out, r->fork_end);
    bytes_put_u64(out, r->events_from);
    bytes_put_string(out, r->retry_cause);
    bytes_put_u32(out, r->retry_next);
    bytes_put_u32(out, r->retry_end);
    bytes_put_u32(out, r->retried);
}

int search_record_decode(const void *p, size_t n, struct search_record *ret_record)
{
    struct reader r;
    struct search_record x = {0};
    int version = open_version(p, n, SEARCH_VERSION, &r);
    if (version < 0)
        return version;
    x.id = reader_u64(&r);
    reader_string(&r, x.name, sizeof x.name);
    reader_string(&r, x.algorithm, sizeof x.algorithm);
    reader_string(&r, x.team, sizeof x.team);
    reader_string(&r, x.pool, sizeof x.pool);
    x.state = read_enum(&r, SEARCH_STATE_COUNT);
    reader_string(&r, x.reason, sizeof x.reason);
    uint32_t *const number[] = {&x.budget, &x.asked, &x.told, &x.charged, &x.infeasible, &x.failed, &x.vetoed, &x.reused, &x.stalled};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        *number[i] = reader_u32(&r);
    x.events = reader_u64(&r);
    x.created_wall_ns = (int64_t)reader_u64(&r);
    x.finished_wall_ns = (int64_t)reader_u64(&r);
    x.active_ns = (int64_t)reader_u64(&r);
    x.board_ns = (int64_t)reader_u64(&r);
    x.front_size = reader_u32(&r);
    x.hypervolume = reader_f64(&r);
    x.planned = reader_u8(&r) != 0;
    x.n_groups = reader_count(&r, GROUPS_MAX, 8);
    for (uint32_t i = 0; i < x.n_groups; i++)
        read_group(&r, &x.group[i]);
    if (version >= 2)
        x.priority = (int32_t)reader_u32(&r);
    if (version >= 3) {
        x.retold = reader_u32(&r);
        x.replicates = reader_u32(&r);
    }
    if (version >= 4)
        x.number = reader_u64(&r);
    if (version >= 5) {
        x.fork_of = reader_u64(&r);
        x.fork_next = reader_u64(&r);
        x.fork_end = reader_u64(&r);
    }
    if (version >= 6)
        x.events_from = reader_u64(&r);
    if (version >= 7) {
        reader_string(&r, x.retry_cause, sizeof x.retry_cause);
        x.retry_next = reader_u32(&r);
        x.retry_end = reader_u32(&r);
        x.retried = reader_u32(&r);
    }
    if (!reader_done(&r) || x.retry_next > x.retry_end)
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

static void put_metric(const struct metric_value *m, struct bytes *out)
{
    bytes_put_string(out, m->name);
    bytes_put_f64(out, m->value);
    bytes_put_f64(out, m->low);
    bytes_put_f64(out, m->high);
    bytes_put_u32(out, m->n);
}

static void read_metric(struct reader *r, struct metric_value *m)
{
    reader_string(r, m->name, sizeof m->name);
    m->value = reader_f64(r);
    m->low = reader_f64(r);
    m->high = reader_f64(r);
    m->n = reader_u32(r);
}

void individual_record_encode(const struct individual_record *r, struct bytes *out)
{
    bytes_put_u8(out, INDIVIDUAL_VERSION);
    bytes_put_u64(out, r->id);
    put_genotype(r->n_genes, &r->genotype, out);
    bytes_put_string(out, r->arm);
    bytes_put_u64(out, (uint64_t)r->parent[0]);
    bytes_put_u64(out, (uint64_t)r->parent[1]);
    bytes_put_u32(out, r->n_objectives);
    bytes_put_u8(out, r->predicted);
    for (uint32_t i = 0; i < r->n_objectives; i++) {
        bytes_put_f64(out, r->mean[i]);
        bytes_put_f64(out, r->sd[i]);
        bytes_put_f64(out, r->objective[i]);
    }
    bytes_put_u32(out, r->generation);
    bytes_put_u8(out, (uint8_t)r->state);
    bytes_put_u8(out, (uint8_t)r->ruled);
    bytes_put_u8(out, r->vetoed);
    bytes_put_u8(out, r->reused);
    bytes_put_u32(out, r->n_evaluations);
    for (uint32_t i = 0; i < r->n_evaluations; i++)
        bytes_put_u64(out, r->evaluation[i]);
    bytes_put_string(out, r->board);
    bytes_put_u32(out, r->flags);
    bytes_put_string(out, r->reason);
    bytes_put_u32(out, r->n_metrics);
    for (uint32_t i = 0; i < r->n_metrics; i++)
        put_metric(&r->metric[i], out);
    bytes_put_f64(out, r->violation);
    bytes_put_f64(out, r->hypervolume);
    bytes_put_u64(out, (uint64_t)r->told_wall_ns);
    bytes_put_u32(out, r->told_order);
    bytes_put_u8(out, (uint8_t)r->told_state);
    bytes_put_u8(out, (uint8_t)r->cause);
    bytes_put_u32(out, r->measured);
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

static void read_individual_2(struct reader *r, int version, struct individual_record *x)
{
    if (version >= 2) {
        x->told_state = read_enum(r, INDIVIDUAL_STATE_COUNT);
        x->cause = read_enum(r, OUTCOME_COUNT);
        x->measured = reader_u32(r);
        return;
    }
    x->told_state = x->told_order ? x->state : INDIVIDUAL_PENDING;
    x->cause = x->state == INDIVIDUAL_FAILED || x->ruled == INDIVIDUAL_FAILED ? cause_of_reason(x->reason) : OUTCOME_OK;
    x->measured = x->told_state == INDIVIDUAL_DONE;
}

int individual_record_decode(const void *p, size_t n, struct individual_record *ret_record)
{
    struct reader r;
    struct individual_record x = {0};
    int version = open_version(p, n, INDIVIDUAL_VERSION, &r);
    if (version < 0)
        return version;
    x.id = reader_u64(&r);
    read_genotype(&r, &x.n_genes, &x.genotype);
    reader_string(&r, x.arm, sizeof x.arm);
    x.parent[0] = (int64_t)reader_u64(&r);
    x.parent[1] = (int64_t)reader_u64(&r);
    x.n_objectives = reader_u32(&r);
    x.predicted = reader_u8(&r) != 0;
    if (x.n_objectives > OBJECTIVES_MAX)
        return -EBADMSG;
    for (uint32_t i = 0; i < x.n_objectives; i++) {
        x.mean[i] = reader_f64(&r);
        x.sd[i] = reader_f64(&r);
        x.objective[i] = reader_f64(&r);
    }
    x.generation = reader_u32(&r);
    x.state = read_enum(&r, INDIVIDUAL_STATE_COUNT);
    x.ruled = read_enum(&r, INDIVIDUAL_STATE_COUNT);
    x.vetoed = reader_u8(&r) != 0;
    x.reused = reader_u8(&r) != 0;
    x.n_evaluations = reader_count(&r, GROUPS_MAX, 8);
    for (uint32_t i = 0; i < x.n_evaluations; i++)
        x.evaluation[i] = reader_u64(&r);
    reader_string(&r, x.board, sizeof x.board);
    x.flags = reader_u32(&r);
    reader_string(&r, x.reason, sizeof x.reason);
    x.n_metrics = reader_count(&r, METRICS_MAX, 32);
    for (uint32_t i = 0; i < x.n_metrics; i++)
        read_metric(&r, &x.metric[i]);
    x.violation = reader_f64(&r);
    x.hypervolume = reader_f64(&r);
    x.told_wall_ns = (int64_t)reader_u64(&r);
    x.told_order = reader_u32(&r);
    read_individual_2(&r, version, &x);
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void evaluation_record_encode(const struct evaluation_record *r, struct bytes *out)
{
    bytes_put_u8(out, EVALUATION_VERSION);
    bytes_put_u64(out, r->id);
    bytes_append(out, r->space_hash, sizeof r->space_hash);
    put_genotype(r->n_genes, &r->genotype, out);
    bytes_put_string(out, r->tier);
    bytes_put_string(out, r->dataset);
    bytes_put_string(out, r->supernet);
    bytes_append(out, r->supernet_hash, sizeof r->supernet_hash);
    bytes_put_string(out, r->pool);
    put_group(&r->need, out);
    bytes_put_u8(out, (uint8_t)r->state);
    bytes_put_u32(out, r->tries.infra);
    bytes_put_u32(out, r->tries.invalid);
    bytes_put_u32(out, r->tries.bug);
    bytes_put_u32(out, r->tries.reported);
    bytes_put_u64(out, r->live);
    bytes_put_u64(out, r->accepted);
    bytes_put_u32(out, r->replicates);
    bytes_put_u64(out, r->noise_seed);
    bytes_put_u8(out, (uint8_t)r->reopened);
    bytes_put_u32(out, r->wanted);
    bytes_put_u32(out, r->answers);
    bytes_put_u32(out, r->n_further);
    for (uint32_t i = 0; i < r->n_further; i++)
        bytes_put_u64(out, r->further[i]);
    bytes_put_u8(out, (uint8_t)r->cause);
    bytes_put_string(out, r->tries.avoid);
}

static void read_evaluation_2(struct reader *r, int version, struct evaluation_record *x)
{
    if (version < 2) {
        x->answers = x->accepted != 0;
        return;
    }
    x->reopened = read_enum(r, REOPENED_COUNT);
    x->wanted = reader_u32(r);
    x->answers = reader_u32(r);
    x->n_further = reader_count(r, FURTHER_MAX, 8);
    for (uint32_t i = 0; i < x->n_further; i++)
        x->further[i] = reader_u64(r);
    x->cause = read_enum(r, OUTCOME_COUNT);
    if (version >= 3)
        reader_string(r, x->tries.avoid, sizeof x->tries.avoid);
}

int evaluation_record_decode(const void *p, size_t n, struct evaluation_record *ret_record)
{
    struct reader r;
    struct evaluation_record x = {0};
    int version = open_version(p, n, EVALUATION_VERSION, &r);
    if (version < 0)
        return version;
    x.id = reader_u64(&r);
    reader_copy(&r, x.space_hash, sizeof x.space_hash);
    read_genotype(&r, &x.n_genes, &x.genotype);
    reader_string(&r, x.tier, sizeof x.tier);
    reader_string(&r, x.dataset, sizeof x.dataset);
    reader_string(&r, x.supernet, sizeof x.supernet);
    reader_copy(&r, x.supernet_hash, sizeof x.supernet_hash);
    reader_string(&r, x.pool, sizeof x.pool);
    read_group(&r, &x.need);
    x.state = read_enum(&r, EVALUATION_STATE_COUNT);
    x.tries.infra = reader_u32(&r);
    x.tries.invalid = reader_u32(&r);
    x.tries.bug = reader_u32(&r);
    x.tries.reported = reader_u32(&r);
    x.live = reader_u64(&r);
    x.accepted = reader_u64(&r);
    x.replicates = reader_u32(&r);
    x.noise_seed = reader_u64(&r);
    read_evaluation_2(&r, version, &x);
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void attempt_record_encode(const struct attempt_record *r, struct bytes *out)
{
    bytes_put_u8(out, RECORD_VERSION);
    bytes_put_u64(out, r->id);
    bytes_put_u64(out, r->evaluation);
    bytes_put_string(out, r->board);
    bytes_put_string(out, r->worker);
    bytes_put_u64(out, r->incarnation);
    bytes_put_u32(out, r->epoch);
    bytes_put_u32(out, r->lost_epoch);
    bytes_put_u8(out, (uint8_t)r->state);
    bytes_put_u8(out, (uint8_t)r->outcome);
    bytes_put_u8(out, r->has_measurement);
    bytes_put_u64(out, (uint64_t)r->assigned_wall_ns);
    bytes_put_u64(out, (uint64_t)r->closed_wall_ns);
}

int attempt_record_decode(const void *p, size_t n, struct attempt_record *ret_record)
{
    struct reader r;
    struct attempt_record x = {0};
    int rc = open_record(p, n, &r);
    if (rc)
        return rc;
    x.id = reader_u64(&r);
    x.evaluation = reader_u64(&r);
    reader_string(&r, x.board, sizeof x.board);
    reader_string(&r, x.worker, sizeof x.worker);
    x.incarnation = reader_u64(&r);
    x.epoch = reader_u32(&r);
    x.lost_epoch = reader_u32(&r);
    x.state = read_enum(&r, ATTEMPT_STATE_COUNT);
    x.outcome = read_enum(&r, OUTCOME_COUNT);
    x.has_measurement = reader_u8(&r) != 0;
    x.assigned_wall_ns = (int64_t)reader_u64(&r);
    x.closed_wall_ns = (int64_t)reader_u64(&r);
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void board_record_encode(const struct board_record *r, struct bytes *out)
{
    bytes_put_u8(out, RECORD_VERSION);
    bytes_put_string(out, r->name);
    bytes_put_string(out, r->type);
    bytes_put_u32(out, r->epoch);
    bytes_put_u64(out, r->done);
    bytes_put_u64(out, r->failed);
    bytes_put_u64(out, (uint64_t)r->busy_ns);
    bytes_put_u64(out, (uint64_t)r->first_wall_ns);
}

int board_record_decode(const void *p, size_t n, struct board_record *ret_record)
{
    struct reader r;
    struct board_record x = {0};
    int rc = open_record(p, n, &r);
    if (rc)
        return rc;
    reader_string(&r, x.name, sizeof x.name);
    reader_string(&r, x.type, sizeof x.type);
    x.epoch = reader_u32(&r);
    x.done = reader_u64(&r);
    x.failed = reader_u64(&r);
    x.busy_ns = (int64_t)reader_u64(&r);
    x.first_wall_ns = (int64_t)reader_u64(&r);
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void board_event_record_encode(const struct board_event_record *r, struct bytes *out)
{
    const struct board_event *e = &r->event;
    bytes_put_u8(out, RECORD_VERSION);
    bytes_put_u64(out, e->sequence);
    bytes_put_string(out, e->board);
    bytes_put_u64(out, (uint64_t)e->wall_ns);
    bytes_put_string(out, e->kind);
    bytes_put_string(out, e->state);
    bytes_put_string(out, e->text);
    bytes_put_f64(out, e->latency_us);
    bytes_put_f64(out, e->reference_us);
    bytes_put_string(out, e->fingerprint);
    bytes_put_u64(out, (uint64_t)e->invalid_from_wall_ns);
    bytes_put_u64(out, (uint64_t)e->invalid_to_wall_ns);
    bytes_put_string(out, r->worker);
    bytes_put_u64(out, (uint64_t)r->stored_wall_ns);
}

int board_event_record_decode(const void *p, size_t n, struct board_event_record *ret_record)
{
    struct reader r;
    struct board_event_record x = {.worker = ""};
    int rc = open_record(p, n, &r);
    if (rc)
        return rc;
    struct board_event *e = &x.event;
    e->sequence = reader_u64(&r);
    reader_string(&r, e->board, sizeof e->board);
    e->wall_ns = (int64_t)reader_u64(&r);
    reader_string(&r, e->kind, sizeof e->kind);
    reader_string(&r, e->state, sizeof e->state);
    reader_string(&r, e->text, sizeof e->text);
    e->latency_us = reader_f64(&r);
    e->reference_us = reader_f64(&r);
    reader_string(&r, e->fingerprint, sizeof e->fingerprint);
    e->invalid_from_wall_ns = (int64_t)reader_u64(&r);
    e->invalid_to_wall_ns = (int64_t)reader_u64(&r);
    reader_string(&r, x.worker, sizeof x.worker);
    x.stored_wall_ns = (int64_t)reader_u64(&r);
    if (!reader_done(&r) || e->wall_ns < 0)
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

const char *board_order_name(enum board_order o)
{
    static const char *const name[BOARD_ORDER_COUNT] = {NULL, "drain", "quarantine", "recalibrate", "power-cycle", "release", "retire"};
    return (unsigned)o < BOARD_ORDER_COUNT ? name[o] : NULL;
}

/* The failures alone, each with its place in the ring: of the others only how many there were matters. */
static void put_blame(const struct blame *b, struct bytes *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < BLAME_RING; i++)
        n += b->entry[i].weight > 0;
    bytes_put_u32(out, b->n);
    bytes_put_u32(out, n);
    for (uint32_t i = 0; i < BLAME_RING; i++) {
        const struct blame_entry *e = &b->entry[i];
        if (e->weight <= 0)
            continue;
        bytes_put_u8(out, (uint8_t)i);
        bytes_put_u64(out, e->job);
        bytes_put_u64(out, (uint64_t)e->t_ns);
        bytes_put_f64(out, e->weight);
    }
}

static void read_blame(struct reader *r, struct blame *b)
{
    b->n = reader_u32(r);
    uint32_t n = reader_count(r, BLAME_RING, 25);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t at = reader_u8(r);
        struct blame_entry e = {.job = reader_u64(r)};
        e.t_ns = (int64_t)reader_u64(r);
        e.weight = reader_f64(r);
        if (at >= BLAME_RING || !(e.weight > 0 && e.weight <= BLAME_LIMIT))
            r->bad = true;
        else
            b->entry[at] = e;
    }
}

void board_health_record_encode(const struct board_health_record *r, struct bytes *out)
{
    bytes_put_u8(out, BOARD_HEALTH_VERSION);
    bytes_put_string(out, r->name);
    bytes_put_u32(out, r->n_events);
    bytes_put_u64(out, r->n_own);
    bytes_put_string(out, r->state);
    bytes_put_f64(out, r->latency_us);
    bytes_put_f64(out, r->reference_us);
    bytes_put_u64(out, (uint64_t)r->canary_wall_ns);
    bytes_put_u64(out, (uint64_t)r->well_wall_ns);
    bytes_put_u8(out, (uint8_t)r->order);
    bytes_put_u8(out, r->given);
    bytes_put_string(out, r->by);
    bytes_put_string(out, r->reason);
    bytes_put_u64(out, (uint64_t)r->order_wall_ns);
    bytes_put_u64(out, (uint64_t)r->hold_until_wall_ns);
    bytes_put_u8(out, r->probation);
    bytes_put_u32(out, r->quarantines);
    bytes_put_u64(out, (uint64_t)r->quarantine_wall_ns);
    bytes_put_u8(out, r->canaries);
    put_blame(&r->blame, out);
    bytes_put_u8(out, r->tell_lost);
}

int board_health_record_decode(const void *p, size_t n, struct board_health_record *ret_record)
{
    struct reader r;
    struct board_health_record x = {.name = ""};
    int version = open_version(p, n, BOARD_HEALTH_VERSION, &r);
    if (version < 0)
        return version;
    reader_string(&r, x.name, sizeof x.name);
    x.n_events = reader_u32(&r);
    x.n_own = reader_u64(&r);
    reader_string(&r, x.state, sizeof x.state);
    x.latency_us = reader_f64(&r);
    x.reference_us = reader_f64(&r);
    x.canary_wall_ns = (int64_t)reader_u64(&r);
    x.well_wall_ns = (int64_t)reader_u64(&r);
    x.order = read_enum(&r, BOARD_ORDER_COUNT);
    x.given = reader_u8(&r) != 0;
    reader_string(&r, x.by, sizeof x.by);
    reader_string(&r, x.reason, sizeof x.reason);
    x.order_wall_ns = (int64_t)reader_u64(&r);
    x.hold_until_wall_ns = (int64_t)reader_u64(&r);
    x.probation = reader_u8(&r) != 0;
    x.quarantines = reader_u32(&r);
    x.quarantine_wall_ns = (int64_t)reader_u64(&r);
    x.canaries = version >= 2 ? reader_u8(&r) != 0 : x.reference_us > 0;
    if (version >= 3) {
        read_blame(&r, &x.blame);
        x.tell_lost = reader_u8(&r) != 0;
    }
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void suspect_record_encode(const struct suspect_record *r, struct bytes *out)
{
    bytes_put_u8(out, RECORD_VERSION);
    bytes_put_u64(out, r->evaluation);
    bytes_put_u32(out, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        bytes_put_string(out, r->failure[i].board);
        bytes_put_u64(out, r->failure[i].attempt);
        bytes_put_u64(out, (uint64_t)r->failure[i].wall_ns);
        bytes_put_u8(out, r->failure[i].well_after);
    }
}

int suspect_record_decode(const void *p, size_t n, struct suspect_record *ret_record)
{
    struct reader r;
    struct suspect_record x = {0};
    int rc = open_record(p, n, &r);
    if (rc)
        return rc;
    x.evaluation = reader_u64(&r);
    x.n = reader_count(&r, SUSPECT_MAX, 21);
    for (uint32_t i = 0; i < x.n; i++) {
        reader_string(&r, x.failure[i].board, sizeof x.failure[i].board);
        x.failure[i].attempt = reader_u64(&r);
        x.failure[i].wall_ns = (int64_t)reader_u64(&r);
        x.failure[i].well_after = reader_u8(&r) != 0;
    }
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void usage_record_encode(const struct usage_record *r, struct bytes *out)
{
    bytes_put_u8(out, RECORD_VERSION);
    bytes_put_string(out, r->team);
    bytes_put_u64(out, (uint64_t)r->board_ns);
    bytes_put_u64(out, r->attempts);
}

int usage_record_decode(const void *p, size_t n, struct usage_record *ret_record)
{
    struct reader r;
    struct usage_record x = {.team = ""};
    int rc = open_record(p, n, &r);
    if (rc)
        return rc;
    reader_string(&r, x.team, sizeof x.team);
    x.board_ns = (int64_t)reader_u64(&r);
    x.attempts = reader_u64(&r);
    if (!reader_done(&r) || x.board_ns < 0)
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void upload_record_encode(const struct upload_record *r, struct bytes *out)
{
    bytes_put_u8(out, UPLOAD_VERSION);
    bytes_put_string(out, r->pool);
    bytes_put_string(out, r->team);
    bytes_put_u64(out, r->bytes);
    bytes_put_u64(out, (uint64_t)r->wall_ns);
}

int upload_record_decode(const void *p, size_t n, struct upload_record *ret_record)
{
    struct reader r;
    struct upload_record x = {.pool = ""};
    int version = open_version(p, n, UPLOAD_VERSION, &r);
    if (version < 0)
        return version;
    reader_string(&r, x.pool, sizeof x.pool);
    copy_string(x.team, sizeof x.team, x.pool);
    if (version >= 2) {
        reader_string(&r, x.team, sizeof x.team);
        x.bytes = reader_u64(&r);
        x.wall_ns = (int64_t)reader_u64(&r);
    }
    if (!reader_done(&r) || x.bytes > UPLOAD_BYTES_MAX)
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void invalid_record_encode(const struct invalid_record *r, struct bytes *out)
{
    bytes_put_u8(out, RECORD_VERSION);
    bytes_put_string(out, r->board);
    bytes_put_u32(out, r->n_spans);
    for (uint32_t i = 0; i < r->n_spans; i++) {
        bytes_put_u64(out, (uint64_t)r->span[i].from_wall_ns);
        bytes_put_u64(out, (uint64_t)r->span[i].to_wall_ns);
    }
    bytes_put_u8(out, r->scanning);
    bytes_put_u64(out, r->next);
    bytes_put_u64(out, r->last);
}

int invalid_record_decode(const void *p, size_t n, struct invalid_record *ret_record)
{
    struct reader r;
    struct invalid_record x = {.board = ""};
    int rc = open_record(p, n, &r);
    if (rc)
        return rc;
    reader_string(&r, x.board, sizeof x.board);
    x.n_spans = reader_count(&r, INVALID_SPANS_MAX, 16);
    for (uint32_t i = 0; i < x.n_spans; i++) {
        x.span[i].from_wall_ns = (int64_t)reader_u64(&r);
        x.span[i].to_wall_ns = (int64_t)reader_u64(&r);
    }
    x.scanning = reader_u8(&r) != 0;
    x.next = reader_u64(&r);
    x.last = reader_u64(&r);
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}

void event_record_encode(const struct event_record *r, struct bytes *out)
{
    bytes_put_u8(out, r->type == EVENT_HINT     ? EVENT_VERSION
                      : r->type == EVENT_INJECT ? EVENT_INJECT_VERSION
                      : r->type == EVENT_RETELL ? EVENT_RETELL_VERSION
                                                : RECORD_VERSION);
    bytes_put_u8(out, (uint8_t)r->type);
    bytes_put_u64(out, (uint64_t)r->wall_ns);
    bytes_put_u32(out, r->wanted);
    bytes_put_u32(out, r->got);
    bytes_put_u64(out, r->id);
    bytes_put_u64(out, r->digest);
    bytes_put_u32(out, r->status);
    bytes_put_u32(out, r->n_objectives);
    for (uint32_t i = 0; i < r->n_objectives; i++)
        bytes_put_f64(out, r->objective[i]);
    bytes_put_f64(out, r->violation);
    bytes_put_string(out, r->text);
    if (r->type == EVENT_INJECT || r->type == EVENT_HINT)
        put_genotype(r->n_genes, &r->genotype, out);
}

int event_record_decode(const void *p, size_t n, struct event_record *ret_record)
{
    struct reader r;
    struct event_record x = {0};
    int version = open_version(p, n, EVENT_VERSION, &r);
    if (version < 0)
        return version;
    x.type = read_enum(&r, version >= 4 ? EVENT_HINT + 1 : version >= 3 ? EVENT_INJECT + 1 : version >= 2 ? EVENT_RETELL + 1 : EVENT_CONTROL + 1);
    x.wall_ns = (int64_t)reader_u64(&r);
    x.wanted = reader_u32(&r);
    x.got = reader_u32(&r);
    x.id = reader_u64(&r);
    x.digest = reader_u64(&r);
    x.status = reader_u32(&r);
    x.n_objectives = reader_u32(&r);
    if (x.n_objectives > OBJECTIVES_MAX || !x.type)
        return -EBADMSG;
    for (uint32_t i = 0; i < x.n_objectives; i++)
        x.objective[i] = reader_f64(&r);
    x.violation = reader_f64(&r);
    reader_string(&r, x.text, sizeof x.text);
    if (x.type == EVENT_INJECT || x.type == EVENT_HINT)
        read_genotype(&r, &x.n_genes, &x.genotype);
    if (!reader_done(&r))
        return -EBADMSG;
    *ret_record = x;
    return 0;
}
