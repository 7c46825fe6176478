/* What clients are shown of a search: header, front, what the models learned, and its last failure. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "run/ask.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/replay.h"
#include "run/searches.h"
#include "run/snapshot.h"

uint32_t engine_search_count(const struct engine *r) { return searches_count(r); }

const struct search_record *engine_search_record(struct engine *r, uint32_t index)
{
    search_refresh(searches_at(r, index));
    return &searches_at(r, index)->record;
}

const struct search_record *engine_search_by_id(struct engine *r, uint64_t id)
{
    struct search *rs = searches_get(r, id);
    if (!rs)
        return NULL;
    search_refresh(rs);
    return &rs->record;
}

int engine_front(struct engine *r, uint64_t id, uint64_t **ret_ids, uint32_t *ret_n, struct sonata_error *err)
{
    struct search *rs = searches_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (!rs->core || rs->busy)
        return snapshot_front(r, id, ret_ids, ret_n);
    *ret_n = core_front(rs->core, NULL, 0);
    *ret_ids = xcalloc(*ret_n ? *ret_n : 1, sizeof **ret_ids);
    core_front(rs->core, *ret_ids, *ret_n);
    return 0;
}

int engine_insight(struct engine *r, uint64_t id, struct core_insight *ret_insight, const char *ret_arms[16], struct sonata_error *err)
{
    struct search *rs = searches_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (rs->busy)
        return sonata_error_set(err, -EAGAIN, "the search is computing proposals: ask again");
    struct core *core = rs->core;
    struct restored_core restored = {.core = NULL};
    if (!core) {
        cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
        int rc = engine_spec(r, id, spec, err);
        if (!rc)
            rc = search_restore(rs, spec, &restored, err);
        if (rc)
            return rc;
        core = restored.core;
    }
    core_insight(core, ret_insight);
    for (uint32_t i = 0; i < 16; i++)
        ret_arms[i] = i < ret_insight->n_arms ? core_arm_name(core, i) : NULL;
    core_free(restored.core);
    return 0;
}

uint32_t engine_search_pending(const struct engine *r, uint64_t id)
{
    const struct search *rs = searches_get(r, id);
    return rs && !search_is_finished(rs) ? search_in_flight(rs) + pending_again(rs) : 0;
}

bool engine_search_failure(struct engine *r, const struct search_record *s, struct measurement *ret_measurement)
{
    return s->failed_attempt && !measurement_load(r, s->failed_attempt, ret_measurement);
}
