/* A search that ended goes on from where it was. */
#include "run/reopen.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "run/params.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/replay.h"
#include "run/search.h"
#include "run/snapshot.h"
#include "run/uploads.h"

/* The core as it was when the search ended. Its events must be committed: those are run again. */
static int load_core(struct search *rs, struct sonata_error *err)
{
    struct engine *r = rs->engine;
    struct core_params params;
    struct restored_core restored;
    cleanup_bytes struct bytes last = {0};
    if (!rs->spec) {
        rs->spec = xcalloc(1, sizeof *rs->spec);
        int rc = spec_load(r->store, rs->record.id, rs->spec, err);
        if (rc) {
            free(rs->spec);
            rs->spec = NULL;
            return rc;
        }
    }
    int rc = plan_params(rs->spec, r->config.threads, &params, &rs->proposal_order, &rs->window, err);
    if (!rc)
        rc = uploads_check_supernet(r, rs->spec, err);
    if (!rc && rs->record.events && store_get_committed(r->store, STORE_EVENT, key_u64_pair(rs->record.id, rs->record.events - 1), &last))
        rc = sonata_error_set(err, -EAGAIN, "the search ended this very moment: ask again");
    if (!rc)
        rc = search_restore(rs, rs->spec, &restored, err);
    if (rc)
        return rc;
    rs->core = restored.core;
    snapshot_is_at(rs, restored.event, restored.size, false);
    return 0;
}

int search_reopen(struct search *rs, struct sonata_error *err)
{
    if (!search_is_finished(rs))
        return 0;
    int rc = rs->busy ? sonata_error_set(err, -EAGAIN, "the search is computing proposals: ask again") : load_core(rs, err);
    if (rc)
        return rc;
    cleanup_bytes struct bytes space = {0};
    space_encode(&rs->spec->space, &space);
    hash_content(space.data, space.size, rs->space_hash);
    pending_tell_from(rs, core_count(rs->core));
    rs->n_abandoned = rs->record.asked - rs->record.told - rs->record.screened;
    rs->indexed = false;
    search_join_team(rs);
    rs->record.state = SEARCH_RUNNING;
    rs->record.finished_wall_ns = 0;
    rs->record.reason[0] = '\0';
    rs->dirty = true;
    return 0;
}
