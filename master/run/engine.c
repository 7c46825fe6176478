/* See engine.h. This file: the life of the engine, its clock, and what is asked of it from outside. The turn is in turn.c. */
#include "run/engine.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "run/artefact_table.h"
#include "run/board_health.h"
#include "run/board_owners.h"
#include "run/board_table.h"
#include "run/commits.h"
#include "run/disk.h"
#include "run/engine_internal.h"
#include "run/evaluation_table.h"
#include "run/fair.h"
#include "run/load.h"
#include "run/number.h"
#include "run/outgoing.h"
#include "run/pool.h"
#include "run/retain.h"
#include "run/search.h"
#include "run/searches.h"
#include "run/spans.h"
#include "run/spread.h"
#include "run/suspect_table.h"
#include "run/turn.h"
#include "run/uploads.h"
#include "run/usage.h"
#include "run/users.h"
#include "run/workers.h"

struct engine_config engine_config_default(void)
{
    return (struct engine_config){.sched = sched_config_default(),
                                  .time_limit_ns = 600 * SONATA_SECOND,
                                  .quarantine_ns = QUARANTINE_NS,
                                  .commit_retry_ns = SONATA_SECOND,
                                  .upload_reserve = UINT64_C(256) << 20,
                                  .artefacts_max = UINT64_C(16) << 30,
                                  .searches_max = 1000,
                                  .threads = 1,
                                  .pool = 2};
}

static void make_parts(struct engine *r)
{
    r->searches = searches_new();
    r->numbers = numbers_new();
    r->evaluations = evaluations_new();
    r->suspects = suspects_new();
    r->boards = boards_new();
    r->board_health = board_health_new();
    r->spreads = spreads_new();
    r->spans = spans_new();
    r->users = users_new();
    r->usage = usage_new();
    r->uploads = uploads_new();
    r->artefacts = artefacts_new();
    r->retention = retention_new();
    r->workers = workers_new();
    r->board_owners = board_owners_new();
    r->fair = fair_new();
    r->pool = pool_new();
    r->outgoing = outgoing_new();
    r->commits = commits_new();
    r->disk = disk_new();
    r->turn = turn_new(r->now);
}

int engine_new(const struct engine_setup *setup, struct engine **ret_engine, struct sonata_error *err)
{
    int rc = sched_config_check(&setup->config->sched, err);
    if (rc)
        return rc;
    struct engine *r = xcalloc(1, sizeof *r);
    r->store = setup->store;
    r->config = *setup->config;
    r->hooks = *setup->hooks;
    r->sched = sched_new(&setup->config->sched);
    engine_set_time(r, setup->now, setup->wall);
    make_parts(r);
    rc = engine_load(r, err);
    if (rc) {
        engine_free(r);
        return rc;
    }
    *ret_engine = r;
    return 0;
}

void engine_free(struct engine *r)
{
    if (!r)
        return;
    for (uint32_t i = 0; i < searches_count(r); i++)
        search_free(searches_at(r, i));
    searches_free(r->searches);
    numbers_free(r->numbers);
    evaluations_free(r->evaluations);
    suspects_free(r->suspects);
    boards_free(r->boards);
    board_health_free(r->board_health);
    spreads_free(r->spreads);
    spans_free(r->spans);
    users_free(r->users);
    usage_free(r->usage);
    uploads_free(r->uploads);
    artefacts_free(r->artefacts);
    retention_free(r->retention);
    workers_free(r->workers);
    board_owners_free(r->board_owners);
    fair_free(r->fair);
    pool_free(r->pool);
    outgoing_free(r->outgoing);
    commits_free(r->commits);
    disk_free(r->disk);
    turn_free(r->turn);
    sched_free(r->sched);
    free(r);
}

void engine_set_time(struct engine *r, int64_t now, int64_t wall)
{
    r->now = now;
    r->wall = wall;
}

void engine_stop(struct engine *r)
{
    r->stopping = true;
    pool_stop(r);
}

bool engine_is_working(const struct engine *r) { return pool_is_at_work(r); }

bool engine_is_blocked(const struct engine *r, const char **ret_reason)
{
    if (ret_reason)
        *ret_reason = r->blocked_reason;
    return r->blocked;
}

void engine_reconfigure(struct engine *r, const struct engine_config *config)
{
    r->config.time_limit_ns = config->time_limit_ns;
    r->config.keep_samples_ns = config->keep_samples_ns;
    r->config.samples_max = config->samples_max;
    r->config.keep_events_ns = config->keep_events_ns;
    retention_restart(r);
    r->config.commit_retry_ns = config->commit_retry_ns;
    r->config.searches_max = config->searches_max;
    r->config.upload_reserve = config->upload_reserve;
    r->config.artefacts_max = config->artefacts_max;
}

struct store *engine_store(struct engine *r) { return r->store; }

struct engine_config engine_configuration(const struct engine *r) { return r->config; }

int64_t engine_wall(const struct engine *r) { return r->wall; }

int64_t engine_now(const struct engine *r) { return r->now; }

const struct sched *engine_sched(const struct engine *r) { return r->sched; }
