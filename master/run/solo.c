/* See solo.h. The calls of the search core are those that search_ask() and search_tell() would make, one proposal after the other; what they bring
 * goes into event log, counters and store on the loop thread, when the batch is done. */
#include "run/solo.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "run/ask.h"
#include "run/event_log.h"
#include "run/fair.h"
#include "run/individual.h"
#include "run/pending.h"
#include "run/pool.h"
#include "run/tell.h"

#define BATCH_NS (10 * SONATA_MS)
enum { BATCH_MAX = 64 };

/* One for a search, kept with it; its steps are there while it is under way. */
struct batch {
    uint32_t wanted, n; /* at most; done, the last perhaps without a proposal */
    struct solo {
        struct core_proposal proposal;
        struct pending p;
        struct core_result result;
        uint32_t got;
        int rc;
    } * solo;
};

void solo_free(struct batch *b)
{
    if (b)
        free(b->solo);
    free(b);
}

static void drop_steps(struct batch *b)
{
    free(b->solo);
    b->solo = NULL;
    b->n = 0;
}

static void work(void *arg)
{
    struct search *rs = arg;
    struct batch *b = rs->batch;
    int64_t end = fair_clock(rs->engine) + BATCH_NS;
    b->solo = xcalloc(b->wanted, sizeof *b->solo);
    do {
        struct solo *s = &b->solo[b->n++];
        s->got = core_ask(rs->core, 1, &s->proposal);
        if (!s->got)
            break;
        individual_describe(rs, &s->proposal, &s->p);
        pending_settle_measured(&s->p);
        s->result = search_result_of(rs, &s->p);
        s->rc = core_tell(rs->core, s->proposal.id, &s->result);
    } while (b->n < b->wanted && fair_clock(rs->engine) < end);
}

static void done(void *arg)
{
    struct search *rs = arg;
    struct batch *b = rs->batch;
    if (search_is_finished(rs) || rs->engine->stopping) { /* none of it happened */
        search_drop_core(rs);
        drop_steps(b);
        return;
    }
    for (uint32_t i = 0; i < b->n; i++) {
        struct solo *s = &b->solo[i];
        event_log_ask(rs, 1, &s->proposal, s->got);
        rs->record.stalled = s->got == 0;
        rs->record.asked += s->got;
        if (s->got)
            search_settle_told(rs, &s->p.record, &s->result, s->rc);
    }
    rs->dirty = true;
    drop_steps(b);
}

bool solo_step(struct search *rs)
{
    if (rs->record.n_groups || rs->proposal_order || !rs->engine->hooks.work || search_in_flight(rs) || pending_again(rs) || !search_wanted(rs))
        return false;
    if (!rs->batch)
        rs->batch = xcalloc(1, sizeof *rs->batch);
    rs->batch->wanted = min_of(rs->record.budget - search_charged(rs), (uint32_t)BATCH_MAX);
    pool_run(rs, work, done, rs);
    return true;
}
