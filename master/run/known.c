/* What is known of an architecture: evaluations are found by what was evaluated where and how (space, genotype, board type, tier, data set, supernet,
 * pool of measurements). Metrics are compared apart, so that an answer with more metrics serves a request for fewer. */
#include "run/known.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "run/evaluation_table.h"
#include "run/records.h"

enum { KEY_VERSION = 1, KEY_IDS_MAX = 4096 };

/* What is evaluated where and how; metrics are compared apart, so that an answer with more metrics serves a request for fewer. */
struct store_key evaluation_key(const struct evaluation_record *e)
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

struct evaluation_record evaluation_wanted(const struct search *rs, const struct genotype *g, uint32_t group)
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

/* Best known evaluation for the request: an answered one before an open one. */
bool evaluation_find(struct engine *r, const struct evaluation_record *want, const struct store_key *key, struct evaluation_record *ret_known)
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
        if (e.state == EVALUATION_OPEN && evaluation_get(r, e.id)) {
            *ret_known = e;
            found = true;
        }
    }
    return found;
}

/* Ids of the index under the key, room for one more. A damaged one begins anew: --check tells. */
static uint64_t *read_index(struct engine *r, const struct store_key *key, uint32_t *ret_n)
{
    cleanup_bytes struct bytes b = {0};
    struct reader in = {0};
    uint32_t n = 0;
    if (!store_get(r->store, STORE_EVALUATION_KEY, *key, &b)) {
        in = reader_of(b.data, b.size);
        reader_u8(&in);
        n = reader_count(&in, KEY_IDS_MAX, 8);
    }
    uint64_t *id = xcalloc((size_t)n + 1, sizeof *id);
    for (uint32_t i = 0; i < n; i++)
        id[i] = reader_u64(&in);
    *ret_n = n;
    return id;
}

/* It answers, or will. */
static bool is_of_use(struct engine *r, uint64_t id)
{
    struct evaluation_record e;
    if (evaluation_get(r, id))
        return true;
    return !evaluation_load(r, id, &e) && (e.state == EVALUATION_DONE || e.state == EVALUATION_INFEASIBLE);
}

/* Evaluations that came to nothing make room; when all are of use, the oldest. Returns how many are left. */
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
    bytes_put_u8(&b, KEY_VERSION);
    bytes_put_u32(&b, n);
    for (uint32_t i = 0; i < n; i++)
        bytes_put_u64(&b, ids[i]);
    store_put(r->store, STORE_EVALUATION_KEY, *key, b.data, b.size);
}

bool evaluation_known(const struct search *rs, const struct genotype *g, uint32_t group, struct evaluation_record *ret_record)
{
    struct evaluation_record want = evaluation_wanted(rs, g, group);
    struct store_key key = evaluation_key(&want);
    return evaluation_find(rs->engine, &want, &key, ret_record) &&
           (ret_record->state == EVALUATION_DONE || ret_record->state == EVALUATION_INFEASIBLE);
}
