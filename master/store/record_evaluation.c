/* See record_evaluation.h and fields.h. */
#include "store/record_evaluation.h"

#include <stdlib.h>

#include "base/memory.h"
#include "store/record_internal.h"

/* EVALUATION_VERSION 2: open again; 3: board to avoid; 4: model files. */
enum { EVALUATION_VERSION = 4, ATTEMPT_VERSION = 1, SUSPECT_VERSION = 1, IDS_VERSION = 1 };

const char *evaluation_state_name(enum evaluation_state s)
{
    static const char *const name[EVALUATION_STATE_COUNT] = {"open", "done", "infeasible", "failed", "canceled"};
    return (unsigned)s < EVALUATION_STATE_COUNT ? name[s] : NULL;
}

void walk_need_group(struct fields *f, struct need_group *g)
{
    field_string(f, g->board_type, sizeof g->board_type);
    field_count(f, &g->n_metrics, METRICS_MAX, 4);
    for (uint32_t i = 0; i < g->n_metrics; i++)
        field_string(f, g->metric[i], sizeof g->metric[i]);
}

void walk_genotype(struct fields *f, uint16_t *n_genes, struct genotype *g)
{
    field_u16(f, n_genes);
    if (*n_genes > SPACE_GENES_MAX) {
        field_check(f, false);
        *n_genes = 0;
    }
    field_bytes(f, g->allele, *n_genes);
}

static void walk_reopened(struct fields *f, struct evaluation_record *x)
{
    if (f->version < 2) {
        x->answers = x->accepted != 0;
        return;
    }
    FIELD_ENUM(f, x->reopened, REOPENED_COUNT);
    field_u32(f, &x->wanted);
    field_u32(f, &x->answers);
    field_count(f, &x->n_further, FURTHER_MAX, 8);
    for (uint32_t i = 0; i < x->n_further; i++)
        field_u64(f, &x->further[i]);
    FIELD_ENUM(f, x->cause, OUTCOME_COUNT);
    if (f->version >= 3)
        field_string(f, x->tries.avoid, sizeof x->tries.avoid);
}

static void walk_evaluation(struct fields *f, struct evaluation_record *x)
{
    field_u64(f, &x->id);
    field_bytes(f, x->space_hash, sizeof x->space_hash);
    walk_genotype(f, &x->n_genes, &x->genotype);
    field_string(f, x->tier, sizeof x->tier);
    field_string(f, x->dataset, sizeof x->dataset);
    field_string(f, x->supernet, sizeof x->supernet);
    field_bytes(f, x->supernet_hash, sizeof x->supernet_hash);
    field_string(f, x->pool, sizeof x->pool);
    walk_need_group(f, &x->need);
    FIELD_ENUM(f, x->state, EVALUATION_STATE_COUNT);
    field_u32(f, &x->tries.infra);
    field_u32(f, &x->tries.invalid);
    field_u32(f, &x->tries.bug);
    field_u32(f, &x->tries.reported);
    field_u64(f, &x->live);
    field_u64(f, &x->accepted);
    field_u32(f, &x->replicates);
    field_u64(f, &x->noise_seed);
    walk_reopened(f, x);
    if (f->version < 4)
        return;
    field_bytes(f, x->artefact, sizeof x->artefact);
    field_u32(f, &x->run.threads);
    field_string(f, x->run.executor, sizeof x->run.executor);
}
FIELDS_RECORD(evaluation_record, struct evaluation_record, walk_evaluation, EVALUATION_VERSION)

static void walk_attempt(struct fields *f, struct attempt_record *x)
{
    field_u64(f, &x->id);
    field_u64(f, &x->evaluation);
    field_string(f, x->board, sizeof x->board);
    field_string(f, x->worker, sizeof x->worker);
    field_u64(f, &x->incarnation);
    field_u32(f, &x->epoch);
    field_u32(f, &x->lost_epoch);
    FIELD_ENUM(f, x->state, ATTEMPT_STATE_COUNT);
    FIELD_ENUM(f, x->outcome, OUTCOME_COUNT);
    field_bool(f, &x->has_measurement);
    field_i64(f, &x->assigned_wall_ns);
    field_i64(f, &x->closed_wall_ns);
}
FIELDS_RECORD(attempt_record, struct attempt_record, walk_attempt, ATTEMPT_VERSION)

static void walk_suspect(struct fields *f, struct suspect_record *x)
{
    field_u64(f, &x->evaluation);
    field_count(f, &x->n, SUSPECT_MAX, 21);
    for (uint32_t i = 0; i < x->n; i++) {
        struct suspect_failure *failure = &x->failure[i];
        field_string(f, failure->board, sizeof failure->board);
        field_u64(f, &failure->attempt);
        field_i64(f, &failure->wall_ns);
        field_bool(f, &failure->well_after);
    }
}
FIELDS_RECORD(suspect_record, struct suspect_record, walk_suspect, SUSPECT_VERSION)

void ids_encode(const uint64_t *id, uint32_t n, struct bytes *out)
{
    bytes_put_u8(out, IDS_VERSION);
    bytes_put_u32(out, n);
    for (uint32_t i = 0; i < n; i++)
        bytes_put_u64(out, id[i]);
}

int ids_decode(const void *p, size_t n_bytes, uint32_t max, uint64_t **ret_ids, uint32_t *ret_n)
{
    struct fields f;
    uint32_t n;
    int rc = fields_reading(p, n_bytes, IDS_VERSION, &f);
    if (rc)
        return rc;
    field_count(&f, &n, max, sizeof **ret_ids);
    uint64_t *id = xcalloc((size_t)n + 1, sizeof *id);
    for (uint32_t i = 0; i < n; i++)
        field_u64(&f, &id[i]);
    rc = fields_end(&f);
    if (rc) {
        free(id);
        return rc;
    }
    *ret_ids = id;
    *ret_n = n;
    return 0;
}
