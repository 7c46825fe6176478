/* What is known of an architecture: evaluations are found by what was evaluated where and how (space, genotype, board type, tier, data set, supernet,
 * pool of measurements). Metrics are compared apart, so that an answer with more metrics serves a request for fewer. */
#include "run/known.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "run/evaluation_table.h"
#include "run/records.h"
#include "run/values.h"

enum { KEY_IDS_MAX = 4096 };

/* What is evaluated where and how; metrics are compared apart, so that an answer with more metrics serves a request for fewer. */
struct store_key evaluation_key(const struct evaluation_record *e)
{
    cleanup_bytes struct bytes b = {0};
    if (hash_is_zero(e->artefact)) {
        bytes_append(&b, e->space_hash, sizeof e->space_hash);
        bytes_put_blob(&b, e->genotype.allele, e->n_genes);
    } else { /* the same file is the same network, whatever architecture it was built of */
        bytes_put_string(&b, "model");
        bytes_append(&b, e->artefact, sizeof e->artefact);
        bytes_put_u32(&b, e->run.threads);
        bytes_put_string(&b, e->run.executor);
    }
    bytes_put_string(&b, e->need.board_type);
    bytes_put_string(&b, e->tier);
    bytes_put_string(&b, e->dataset);
    bytes_append(&b, e->supernet_hash, sizeof e->supernet_hash);
    bytes_put_string(&b, e->pool); /* a team that does not share has measurements of its own */
    uint8_t hash[HASH_SIZE];
    hash_content(b.data, b.size, hash);
    return key_bytes(hash, sizeof hash);
}

struct evaluation_record evaluation_wanted(const struct search *rs, const struct individual_record *ind, uint32_t group)
{
    const struct search_spec *spec = rs->spec;
    struct evaluation_record e = {.n_genes = spec->space.n_genes, .genotype = ind->genotype, .need = rs->record.group[group]};
    memcpy(e.space_hash, rs->space_hash, sizeof e.space_hash);
    copy_string(e.dataset, sizeof e.dataset, plan_dataset(spec, &e.need));
    if (!plan_is_build(rs, group)) /* built once, for all tiers */
        copy_string(e.tier, sizeof e.tier, spec->tier);
    if (plan_runs_model(rs, group)) {
        memcpy(e.artefact, ind->artefact.hash, sizeof e.artefact);
        e.run = spec->run;
    } else {
        memcpy(e.supernet_hash, spec->supernet_hash, sizeof e.supernet_hash);
        copy_string(e.supernet, sizeof e.supernet, spec->supernet);
    }
    copy_string(e.pool, sizeof e.pool, rs->record.pool);
    return e;
}

/* The same measurement gives the same simulated noise wherever and whenever it is tried again. */
uint64_t evaluation_seed(const struct evaluation_record *e, const struct store_key *key)
{
    uint64_t seed = hash64(key->bytes, key->n);
    for (uint32_t i = 0; i < e->need.n_metrics; i++)
        seed = seed * 31 + hash64(e->need.metric[i], strlen(e->need.metric[i]));
    return seed;
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

/* Ids of the index under the key, with room for one more; to be freed. */
static uint64_t *read_index(struct engine *r, const struct store_key *key, uint32_t *ret_n)
{
    cleanup_bytes struct bytes b = {0};
    uint64_t *id = NULL;
    int rc = store_get(r->store, STORE_EVALUATION_KEY, *key, &b);
    *ret_n = 0;
    if (!rc && (rc = ids_decode(b.data, b.size, KEY_IDS_MAX, &id, ret_n)))
        store_report_damage(r->store, STORE_EVALUATION_KEY, *key, rc);
    return id ? id : xcalloc(1, sizeof *id);
}

/* Best known evaluation for the request: an answered one before an open one. */
bool evaluation_find(struct engine *r, const struct evaluation_record *want, const struct store_key *key, struct evaluation_record *ret_known)
{
    uint32_t n;
    cleanup_free uint64_t *id = read_index(r, key, &n);
    bool found = false;
    for (uint32_t i = 0; i < n; i++) {
        struct evaluation_record e;
        if (evaluation_load(r, id[i], &e) || !covers(&e.need, &want->need))
            continue; /* a damaged one is for --check to tell */
        if (e.state == EVALUATION_DONE || e.state == EVALUATION_INFEASIBLE) {
            *ret_known = e;
            return true;
        }
        if (e.state == EVALUATION_OPEN && evaluation_get(r, e.id)) {
            *ret_known = e;
            found = true;
        }
    }
    return found;
}

/* It answers, or will. */
static bool is_of_use(struct engine *r, uint64_t id)
{
    struct evaluation_record e;
    if (evaluation_get(r, id))
        return true;
    return !evaluation_load(r, id, &e) && (e.state == EVALUATION_DONE || e.state == EVALUATION_INFEASIBLE);
}

/* Drops evaluations without a usable answer; when all have one, the oldest. Returns how many are left. */
static uint32_t make_room(struct engine *r, uint64_t *id, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (is_of_use(r, id[i]))
            id[kept++] = id[i];
    }
    if (kept == KEY_IDS_MAX)
        memmove(id, id + 1, --kept * sizeof *id);
    return kept;
}

void evaluation_index(struct engine *r, const struct store_key *key, uint64_t id)
{
    cleanup_bytes struct bytes b = {0};
    uint32_t n;
    cleanup_free uint64_t *ids = read_index(r, key, &n);
    if (n == KEY_IDS_MAX)
        n = make_room(r, ids, n);
    ids[n++] = id;
    ids_encode(ids, n, &b);
    store_put(r->store, STORE_EVALUATION_KEY, *key, b.data, b.size);
}

bool evaluation_known(const struct search *rs, const struct individual_record *ind, uint32_t group, struct evaluation_record *ret_record)
{
    struct evaluation_record want = evaluation_wanted(rs, ind, group);
    struct store_key key = evaluation_key(&want);
    return evaluation_find(rs->engine, &want, &key, ret_record) &&
           (ret_record->state == EVALUATION_DONE || ret_record->state == EVALUATION_INFEASIBLE);
}
