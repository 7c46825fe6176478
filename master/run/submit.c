/* Submissions: checks a specification and begins a search with it. */
#include "run/submit.h"
#include "run/artefact_table.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "domain/tier.h"
#include "run/disk.h"
#include "run/event_log.h"
#include "run/fair.h"
#include "run/note.h"
#include "run/number.h"
#include "run/params.h"
#include "run/search.h"
#include "run/searches.h"
#include "run/supply.h"

static int check_metric(const char *metric, const char *board, struct sonata_error *err)
{
    if (!metric[0] || strchr(metric, '@'))
        return sonata_error_set(err, -EINVAL, "'%s' is not a metric name", metric);
    if (strlen(metric) + 1 + strlen(board) >= METRIC_NAME_MAX)
        return sonata_error_set(err, -EINVAL, "'%s@%s' is longer than %d characters", metric, board, METRIC_NAME_MAX - 1);
    return 0;
}

int search_check_priority(int32_t priority, struct sonata_error *err)
{
    if (priority < -SPEC_PRIORITY_MAX || priority > SPEC_PRIORITY_MAX)
        return sonata_error_set(err, -EINVAL, "a priority of -%d to %d is expected, not %d", SPEC_PRIORITY_MAX, SPEC_PRIORITY_MAX, priority);
    return 0;
}

static int check_spec(const struct search_spec *spec, struct sonata_error *err)
{
    if (!spec->name[0])
        return sonata_error_set(err, -EINVAL, "a search needs a name");
    if (!spec->budget_evaluations || spec->budget_evaluations > SPEC_BUDGET_MAX)
        return sonata_error_set(err, -EINVAL, "a budget of 1 to %d evaluations is expected, not %u", SPEC_BUDGET_MAX, spec->budget_evaluations);
    if (search_check_priority(spec->priority, err))
        return -EINVAL;
    if (!spec->n_objectives || spec->n_objectives > OBJECTIVES_MAX || spec->n_constraints > CONSTRAINTS_MAX)
        return sonata_error_set(err, -EINVAL, "1 to %d objectives and at most %d constraints are expected", OBJECTIVES_MAX, CONSTRAINTS_MAX);
    int r = space_check(&spec->space, err);
    for (uint32_t i = 0; i < spec->n_objectives && !r; i++)
        r = check_metric(spec->objective[i].metric, spec->objective[i].board, err);
    for (uint32_t i = 0; i < spec->n_constraints && !r; i++) {
        r = check_metric(spec->constraint[i].metric, spec->constraint[i].board, err);
        if (!r && (isnan(spec->constraint[i].min) || isnan(spec->constraint[i].max)))
            r = sonata_error_set(err, -EINVAL, "constraint on %s: a limit is not a number", spec->constraint[i].metric);
    }
    if (r)
        return r;
    if (spec->tier[0] && tier_named(spec->tier) != TIER_COUNT)
        return 0;
    return sonata_error_set(err, -EINVAL, "tier '%s' is not known: screen, search or report is expected", spec->tier);
}

/* team NULL: of all. */
static uint32_t count_unfinished(const struct engine *r, const char *team)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < searches_count(r); i++)
        n += !search_is_finished(searches_at(r, i)) && (!team || !strcmp(searches_at(r, i)->record.team, team));
    return n;
}

/* Its quota may be known from none of its searches yet. */
static int check_disk(struct engine *r, const char *team, struct sonata_error *err)
{
    struct engine_team t = {.weight = 1};
    if (r->hooks.team)
        r->hooks.team(r->hooks.user, team, &t);
    disk_set_quota(r, team, t.disk_max);
    return disk_check(r, team, err);
}

static int check_limits(struct engine *r, const struct engine_owner *owner, struct sonata_error *err)
{
    uint32_t all = count_unfinished(r, NULL), own = count_unfinished(r, owner->team), limit = r->config.searches_max;
    bool named = owner->team && owner->team[0];
    int rc = named ? check_disk(r, owner->team, err) : 0;
    if (rc)
        return rc;
    if (named && all < limit && own >= limit - all)
        return sonata_error_set(
            err, -EBUSY, "your team has %u unfinished searches, as many as there are places left for all others: wait for one or cancel one", own);
    if (all >= limit)
        return sonata_error_set(err, -EBUSY, "%u searches are unfinished, which is the limit: wait for one or cancel one", r->config.searches_max);
    if (owner->searches_max && count_unfinished(r, owner->team) >= owner->searches_max)
        return sonata_error_set(err, -EDQUOT, "your team has %u unfinished searches, which is its limit: wait for one or cancel one",
                                owner->searches_max);
    if (named && !fair_may_submit(r, owner->team))
        return sonata_error_set(err, -EBUSY, "your team submitted %d searches in a short time: it may submit one every %d s", SUBMISSIONS_AT_ONCE,
                                (int)(SUBMISSION_NS / SONATA_SECOND));
    return 0;
}

static int check_supernet(struct engine *r, const struct search_spec *spec, const char *pool, struct sonata_error *err)
{
    static const uint8_t none[HASH_SIZE];
    if (!memcmp(spec->supernet_hash, none, sizeof none))
        return 0;
    char hex[HASH_HEX];
    hash_to_hex(spec->supernet_hash, HASH_SIZE, hex);
    return engine_has_upload(r, spec->supernet_hash, pool)
               ? 0
               : sonata_error_set(err, -ENOENT, "supernet '%s' (%.16s…) is not on the master: upload it first", spec->supernet, hex);
}

static int check_models(struct engine *r, const struct search_spec *spec, const char *pool, struct sonata_error *err)
{
    for (uint32_t i = 0; i < spec->n_models; i++) {
        if (engine_has_upload(r, spec->model[i].hash, pool) && artefact_is_here(r, spec->model[i].hash))
            continue;
        return sonata_error_set(err, -ENOENT, "model '%s' is not on the master: upload it first", spec->space.gene[0].label[i]);
    }
    return 0;
}

/* Everything that can be said against it before it exists. */
static int check_submission(struct engine *r, const struct search_spec *spec, const struct engine_owner *owner, struct sonata_error *err)
{
    int rc = check_spec(spec, err);
    if (!rc)
        rc = check_limits(r, owner, err);
    if (!rc)
        rc = check_supernet(r, spec, owner->pool ? owner->pool : "", err);
    if (!rc)
        rc = check_models(r, spec, owner->pool ? owner->pool : "", err);
    return rc ? rc : supply_check(r, spec, err);
}

/* Fields of the record that come from the specification and its owner; the number and the team's share follow. */
static void fill_record(struct search *rs, const struct engine_owner *owner)
{
    struct search_record *s = &rs->record;
    s->priority = rs->spec->priority;
    s->budget = rs->spec->budget_evaluations;
    s->created_wall_ns = rs->engine->wall;
    copy_string(s->name, sizeof s->name, rs->spec->name);
    copy_string(s->algorithm, sizeof s->algorithm, rs->spec->algorithm);
    copy_string(s->team, sizeof s->team, owner->team ? owner->team : "");
    copy_string(s->pool, sizeof s->pool, owner->pool ? owner->pool : "");
    number_give(rs);
    search_join_team(rs);
    rs->dirty = true;
}

/* Specification and space, as everything else about it rests on them. */
static void put_spec(struct search *rs)
{
    struct store *store = rs->engine->store;
    cleanup_bytes struct bytes encoded = {0}, space = {0};
    spec_encode(rs->spec, &encoded);
    store_put(store, STORE_SPEC, key_u64(rs->record.id), encoded.data, encoded.size);
    space_encode(&rs->spec->space, &space);
    hash_content(space.data, space.size, rs->space_hash);
    store_put(store, STORE_BLOB, key_bytes(rs->space_hash, HASH_SIZE), space.data, space.size);
}

int engine_submit(struct engine *r, const struct search_spec *spec, const struct engine_owner *owner, uint64_t *ret_id, struct sonata_error *err)
{
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    struct core_params params;
    struct core *core;
    bool order;
    uint32_t window;
    cleanup_free struct search_spec *own = xmemdup(spec, sizeof *spec);
    own->revision = CORE_REVISION;
    int rc = check_submission(r, spec, owner, err);
    if (!rc)
        rc = plan_params(own, r->config.threads, &params, &order, &window, err);
    if (!rc)
        rc = plan_core(own, &params, &core, err);
    if (rc)
        return rc;
    struct search *rs = search_new(r, searches_new_id(r));
    rs->core = core;
    rs->spec = own;
    own = NULL;
    rs->proposal_order = order;
    rs->window = window;
    fill_record(rs, owner);
    put_spec(rs);
    event_log_control(rs, "submitted");
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search submitted", "%s number=%llu name=\"%s\" algorithm=%s budget=%u", search_fields(rs, fields),
                (unsigned long long)rs->record.number, spec->name, spec->algorithm, spec->budget_evaluations);
    *ret_id = rs->record.id;
    return 0;
}
