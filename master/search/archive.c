/* See archive.h. The hash table holds row numbers, so that loading only has to put the rows back. */
#include "search/archive.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "search/pareto.h"

void archive_fini(struct archive *a)
{
    free(a->row);
    free(a->told);
    free(a->slot);
    free(a->front);
    free(a->front_y);
    *a = (struct archive){0};
}

static uint32_t hash_of(const struct space *space, const struct genotype *g) { return (uint32_t)hash64(g->allele, space->n_genes); }

/* The slot of the genotype, or the empty one where it belongs. Hashes are compared first: a row is looked at when it is the one. */
static uint32_t find_slot(const struct archive *a, const struct space *space, const struct genotype *g, uint32_t hash)
{
    uint32_t i = hash & (a->slots - 1);
    while (a->slot[i].row && !(a->slot[i].hash == hash && genotype_equal(space, &a->row[a->slot[i].row - 1].genotype, g)))
        i = (i + 1) & (a->slots - 1);
    return i;
}

int64_t archive_find(const struct archive *a, const struct space *space, const struct genotype *canonical)
{
    return archive_find_hashed(a, space, canonical, hash_of(space, canonical));
}

int64_t archive_find_hashed(const struct archive *a, const struct space *space, const struct genotype *canonical, uint64_t hash)
{
    return a->slots ? (int64_t)a->slot[find_slot(a, space, canonical, (uint32_t)hash)].row - 1 : -1;
}

static void grow_slots(struct archive *a)
{
    if (a->slots && a->n < a->slots / 2)
        return;
    uint32_t slots = a->slots ? 2 * a->slots : 256;
    struct archive_slot *slot = xcalloc(slots, sizeof *slot);
    for (uint32_t k = 0; k < a->slots; k++) {
        uint32_t i = a->slot[k].hash & (slots - 1);
        if (!a->slot[k].row)
            continue;
        while (slot[i].row)
            i = (i + 1) & (slots - 1);
        slot[i] = a->slot[k];
    }
    free(a->slot);
    a->slot = slot;
    a->slots = slots;
}

struct row *archive_push(struct archive *a, const struct space *space, const struct genotype *canonical, const uint8_t features[SPACE_GENES_MAX])
{
    grow_slots(a);
    a->row = xgrow(a->row, &a->capacity, (size_t)a->n + 1, sizeof *a->row);
    struct row *r = &a->row[a->n];
    memset(r, 0, sizeof *r);
    r->genotype = *canonical;
    memcpy(r->features, features, sizeof r->features);
    r->parent[0] = r->parent[1] = -1;
    uint32_t hash = hash_of(space, canonical), at = find_slot(a, space, canonical, hash);
    assert(!a->slot[at].row);
    a->slot[at] = (struct archive_slot){++a->n, hash};
    a->n_pending++;
    return r;
}

bool row_feasible(const struct row *r) { return r->state == ROW_OK && !(r->violation > 0); }

/* Equal vectors: the first one stays. */
static void front_insert(struct archive *a, uint32_t row, uint32_t m)
{
    const double *y = a->row[row].y;
    uint32_t k = 0;
    for (uint32_t i = 0; i < a->n_front; i++) {
        if (pareto_covers(a->front_y + (size_t)i * m, y, m))
            return;
    }
    for (uint32_t i = 0; i < a->n_front; i++) {
        const double *member = a->front_y + (size_t)i * m;
        if (pareto_covers(y, member, m))
            continue;
        memmove(a->front_y + (size_t)k * m, member, m * sizeof *y);
        a->front[k++] = a->front[i];
    }
    a->front = xgrow(a->front, &a->front_capacity, (size_t)k + 1, sizeof *a->front);
    a->front_y = xgrow(a->front_y, &a->front_y_capacity, ((size_t)k + 1) * m, sizeof *a->front_y);
    a->front[k] = row;
    memcpy(a->front_y + (size_t)k * m, y, m * sizeof *y);
    a->n_front = k + 1;
}

static void store_result(struct row *r, const struct core_result *result, uint32_t m)
{
    static const enum row_state state[] = {[CORE_OK] = ROW_OK, [CORE_INFEASIBLE] = ROW_INFEASIBLE, [CORE_FAILED] = ROW_FAILED};
    r->state = (uint8_t)state[result->status];
    if (!r->known)
        memset(r->y, 0, sizeof r->y); /* what was known in part stays: models were fitted to it */
    if (r->state == ROW_OK)
        memcpy(r->y, result->objective, m * sizeof *r->y);
    r->violation = r->state == ROW_OK && result->violation > 0 ? result->violation : 0;
}

void archive_tell(struct archive *a, uint32_t row, const struct core_result *result, uint32_t n_objectives)
{
    struct row *r = &a->row[row];
    assert(r->state == ROW_PENDING && a->n_pending);
    store_result(r, result, n_objectives);
    a->n_pending--;
    a->told = xgrow(a->told, &a->told_capacity, (size_t)a->n_told + 1, sizeof *a->told);
    a->told[a->n_told++] = row;
    if (row_feasible(r))
        front_insert(a, row, n_objectives);
}

bool row_told(const struct row *r) { return r->state != ROW_PENDING && r->state != ROW_SCREENED; }

bool archive_tell_part(struct archive *a, uint32_t row, const struct core_result *result, const uint8_t *group, uint32_t n_objectives)
{
    struct row *r = &a->row[row];
    assert(r->state == ROW_PENDING && a->n_pending);
    for (uint32_t o = 0; o < n_objectives; o++) {
        if (result->groups >> group[o] & 1)
            r->y[o] = result->objective[o];
    }
    r->known |= (uint8_t)result->groups;
    if (r->asked & ~r->known)
        return false;
    r->state = ROW_SCREENED;
    a->n_pending--;
    a->n_screened++;
    a->n_parts++;
    return true;
}

void archive_promote(struct archive *a, uint32_t row, uint32_t groups)
{
    struct row *r = &a->row[row];
    assert(r->state == ROW_SCREENED && a->n_screened);
    r->state = ROW_PENDING;
    r->asked |= (uint8_t)groups;
    a->n_screened--;
    a->n_pending++;
}

void archive_rebuild_front(struct archive *a, uint32_t n_objectives)
{
    a->n_front = 0;
    for (uint32_t i = 0; i < a->n_told; i++) {
        if (row_feasible(&a->row[a->told[i]]))
            front_insert(a, a->told[i], n_objectives);
    }
}

void archive_retell(struct archive *a, uint32_t row, const struct core_result *result, uint32_t n_objectives)
{
    store_result(&a->row[row], result, n_objectives);
    archive_rebuild_front(a, n_objectives);
}
