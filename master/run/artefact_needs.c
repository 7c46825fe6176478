/* See artefact_needs.h. */
#include "run/artefact_needs.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "run/artefact_table.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/searches.h"

static void need(struct map *needed, const struct artefact *a)
{
    if (!hash_is_zero(a->hash))
        map_set(needed, artefact_key(a->hash), needed);
}

static void need_front(struct engine *r, uint64_t search, struct map *needed)
{
    uint64_t *id = NULL;
    uint32_t n = 0;
    struct individual_record ind;
    struct sonata_error err = {{0}};
    if (engine_front(r, search, &id, &n, &err))
        return;
    for (uint32_t i = 0; i < n; i++) {
        if (!individual_load(r, search, id[i], &ind))
            need(needed, &ind.artefact);
    }
    free(id);
}

static void need_pending(const struct search *rs, struct map *needed)
{
    uint32_t at = 0;
    for (struct pending *p; (p = pending_next(rs, &at));)
        need(needed, &p->record.artefact);
    for (uint32_t i = 0; i < rs->spec->n_models; i++)
        need(needed, &rs->spec->model[i]);
}

/* The record alone says it: the specification of a finished search is in the store. */
static bool builds(const struct search_record *s)
{
    return s->n_groups && s->group[0].n_metrics == 1 && !strcmp(s->group[0].metric[0], METRIC_MODEL);
}

bool artefacts_front_is_moving(const struct engine *r)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        const struct search *rs = searches_at(r, i);
        if (rs->busy && builds(&rs->record))
            return true;
    }
    return false;
}

void artefacts_needed(struct engine *r, unsigned by, struct map *ret_needed)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        const struct search_record *s = &rs->record;
        if (by & NEEDED_UNDER_WAY && !search_is_finished(rs) && rs->spec)
            need_pending(rs, ret_needed);
        if (builds(s) && by & (search_is_finished(rs) ? NEEDED_FINISHED : NEEDED_OPEN))
            need_front(r, s->id, ret_needed);
    }
}
