/* What clients ask: submit, pause, resume, cancel, extend, and the views. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "run/engine_internal.h"

static const char *const known_tier[] = {"screen", "search", "report"};

static int check_metric(const char *metric, const char *board, struct sonata_error *err)
{
    if (!metric[0] || strchr(metric, '@'))
        return sonata_error_set(err, -EINVAL, "'%s' is not a metric name", metric);
    if (strlen(metric) + 1 + strlen(board) >= METRIC_NAME_MAX)
        return sonata_error_set(err, -EINVAL, "'%s@%s' is longer than %d characters", metric, board, METRIC_NAME_MAX - 1);
    return 0;
}

static int check_priority(int32_t priority, struct sonata_error *err)
{
    if (priority < -SPEC_PRIORITY_MAX || priority > SPEC_PRIORITY_MAX)
        return sonata_error_set(err, -EINVAL, "a priority of -%d to %d is expected, not %d", SPEC_PRIORITY_MAX, SPEC_PRIORITY_MAX, priority);
    return 0;
}

static int check_spec(const struct search_spec *spec, struct sonata_error *err)
{
    if (!spec->name[0])
        return sonata_error_set(err, -EINVAL, "a search needs a name");
    if (!spec->budget_evaluations || spec->budget_evaluations > 10000000)
        return sonata_error_set(err, -EINVAL, "a budget of 1 to 10,000,000 evaluations is expected, not %u", spec->budget_evaluations);
    if (check_priority(spec->priority, err))
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
    for (size_t i = 0; i < sizeof known_tier / sizeof *known_tier; i++) {
        if (!strcmp(spec->tier, known_tier[i]))
            return 0;
    }
    return sonata_error_set(err, -EINVAL, "tier '%s' is not known: screen, search or report is expected", spec->tier);
}

/* team NULL: of all. */
static uint32_t count_unfinished(const struct engine *r, const char *team)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_searches; i++)
        n += !search_is_finished(r->search[i]) && (!team || !strcmp(r->search[i]->record.team, team));
    return n;
}

static int check_limits(const struct engine *r, const struct engine_owner *owner, struct sonata_error *err)
{
    if (count_unfinished(r, NULL) >= r->config.searches_max)
        return sonata_error_set(err, -EBUSY, "%u searches are unfinished, which is the limit: wait for one or cancel one", r->config.searches_max);
    if (owner->searches_max && count_unfinished(r, owner->team) >= owner->searches_max)
        return sonata_error_set(err, -EDQUOT, "your team has %u unfinished searches, which is its limit: wait for one or cancel one",
                                owner->searches_max);
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
    int rc = check_spec(spec, err);
    if (!rc)
        rc = check_limits(r, owner, err);
    if (!rc)
        rc = check_supernet(r, spec, owner->pool ? owner->pool : "", err);
    if (!rc)
        rc = supply_check(r, spec, err);
    if (!rc)
        rc = plan_params(own, r->config.threads, &params, &order, &window, err);
    if (!rc)
        rc = plan_core(own, &params, &core, err);
    if (rc)
        return rc;
    struct search *rs = engine_add_search(r, r->next_search++);
    rs->core = core;
    rs->spec = own;
    own = NULL;
    rs->proposal_order = order;
    rs->window = window;
    rs->record.priority = spec->priority;
    rs->record.budget = spec->budget_evaluations;
    rs->record.created_wall_ns = r->wall;
    copy_string(rs->record.name, sizeof rs->record.name, spec->name);
    copy_string(rs->record.algorithm, sizeof rs->record.algorithm, spec->algorithm);
    copy_string(rs->record.team, sizeof rs->record.team, owner->team ? owner->team : "");
    number_give(rs);
    search_join_team(rs);
    copy_string(rs->record.pool, sizeof rs->record.pool, owner->pool ? owner->pool : "");
    rs->dirty = true;

    cleanup_bytes struct bytes encoded = {0}, space = {0};
    spec_encode(rs->spec, &encoded);
    store_put(r->store, STORE_SPEC, key_u64(rs->record.id), encoded.data, encoded.size);
    space_encode(&spec->space, &space);
    hash_content(space.data, space.size, rs->space_hash);
    store_put(r->store, STORE_BLOB, key_bytes(rs->space_hash, HASH_SIZE), space.data, space.size);
    store_set_counter(r->store, "next_search", r->next_search);
    search_log_control(rs, "submitted");
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search submitted", "%s number=%llu name=\"%s\" algorithm=%s budget=%u", search_fields(rs, fields),
                (unsigned long long)rs->record.number, spec->name, spec->algorithm, spec->budget_evaluations);
    *ret_id = rs->record.id;
    return 0;
}

int engine_set_priority(struct engine *r, uint64_t id, int32_t priority, struct sonata_error *err)
{
    struct search *rs = engine_get(r, id);
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (check_priority(priority, err))
        return -EINVAL;
    if (search_is_finished(rs))
        return sonata_error_set(err, -EINVAL, "the search is %s: it wants no more boards", search_state_name(rs->record.state));
    rs->record.priority = priority;
    sched_set_priority(r->sched, id, priority);
    char text[64];
    snprintf(text, sizeof text, "priority %d", priority);
    search_log_control(rs, text);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search controlled", "%s action=priority priority=%d", search_fields(rs, fields), priority);
    return 0;
}

/* A type of board it needs is not to be had: offline, in quarantine, held by an order … */
static bool waits_for_boards(const struct search *rs, char *text, size_t size)
{
    for (uint32_t g = 0; g < rs->record.n_groups; g++) {
        struct sched_need need;
        group_need(rs, g, &need);
        if (sched_total_slots(rs->run->sched, &need) || !sched_can_serve(rs->run->sched, &need))
            continue;
        snprintf(text, size, "waits: no board%s%s that could measure it is ready (sonata boards says why)", need.board_type[0] ? " of type " : "",
                 need.board_type);
        return true;
    }
    return false;
}

bool engine_search_waits(const struct engine *r, uint64_t id, char *text, size_t size)
{
    const struct search *rs = engine_get(r, id);
    struct engine_team team = {.weight = 1};
    if (!rs || rs->record.state != SEARCH_RUNNING || !rs->record.planned || !rs->record.n_groups)
        return false;
    const struct search_record *s = &rs->record;
    if (s->charged + (s->asked - s->told) >= s->budget && !sched_waiting(r->sched, id))
        return false; /* all that it wants is on boards */
    if (r->hooks.team)
        r->hooks.team(r->hooks.user, s->team, &team);
    switch (sched_held(r->sched, id)) {
    case SCHED_HELD_BOARDS:
        snprintf(text, size, "waits: team quota of %u board%s is in use", team.quota.boards, team.quota.boards == 1 ? "" : "s");
        return true;
    case SCHED_HELD_DAY:
        snprintf(text, size, "waits: team quota of %.4g board-hours per day is used (a day begins at 00:00 UTC)", (double)team.quota.day_ns / 3600e9);
        return true;
    case SCHED_NOT_HELD:
        break;
    }
    return waits_for_boards(rs, text, size);
}

static int resume(struct search *rs, struct sonata_error *err)
{
    if (search_is_finished(rs))
        return sonata_error_set(err, -EINVAL, "the search is %s: only a paused one can be resumed", search_state_name(rs->record.state));
    rs->record.state = SEARCH_RUNNING;
    rs->record.reason[0] = '\0';
    sched_pause(rs->run->sched, rs->record.id, false);
    return 0;
}

static int pause_search(struct search *rs, struct sonata_error *err)
{
    if (search_is_finished(rs))
        return sonata_error_set(err, -EINVAL, "the search is %s: it cannot be paused", search_state_name(rs->record.state));
    rs->record.state = SEARCH_PAUSED;
    sched_pause(rs->run->sched, rs->record.id, true);
    return 0;
}

/* The core as it was when the search ended. Its events must be committed: those are run again. */
static int load_core(struct search *rs, struct sonata_error *err)
{
    struct engine *r = rs->run;
    struct core_params params;
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
        rc = replay_core(r->store, rs->spec, rs->record.id, r->config.threads, rs->record.events, false, &rs->core, &rs->snapshot_event,
                         &rs->snapshot_size, err);
    return rc;
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
    rs->next_tell = core_count(rs->core);
    rs->n_abandoned = rs->record.asked - rs->record.told;
    rs->indexed = false;
    rs->forests_stored = 0;
    search_join_team(rs);
    rs->record.state = SEARCH_RUNNING;
    rs->record.finished_wall_ns = 0;
    rs->record.reason[0] = '\0';
    rs->dirty = true;
    return 0;
}

/* More budget; a search that was done goes on from where it was. */
static int extend(struct search *rs, uint32_t evaluations, struct sonata_error *err)
{
    if (!evaluations || evaluations > 10000000 - rs->record.budget)
        return sonata_error_set(err, -EINVAL, "extend by 1 evaluation or more, up to 10,000,000 in all");
    if (rs->record.state == SEARCH_CANCELED || rs->record.state == SEARCH_STOPPED_FAILED)
        return sonata_error_set(err, -EINVAL, "the search is %s: it cannot be extended", search_state_name(rs->record.state));
    if (rs->record.state == SEARCH_DONE) {
        if (rs->record.asked != rs->record.told)
            return sonata_error_set(err, -EINVAL, "the search ended with proposals unfinished: submit it anew (known results are reused)");
        int rc = search_reopen(rs, err);
        if (rc)
            return rc;
        rs->record.stalled = 0;
    }
    rs->record.budget += evaluations;
    return 0;
}

int engine_control(struct engine *r, uint64_t id, const char *action, uint32_t evaluations, struct sonata_error *err)
{
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    struct search *rs = engine_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    int rc = 0;
    if (!strcmp(action, "pause"))
        rc = pause_search(rs, err);
    else if (!strcmp(action, "resume"))
        rc = resume(rs, err);
    else if (!strcmp(action, "extend"))
        rc = extend(rs, evaluations, err);
    else if (strcmp(action, "cancel"))
        return sonata_error_set(err, -EINVAL, "'%s' is not an action: pause, resume, cancel or extend is expected", action);
    else if (!search_is_finished(rs))
        search_finish(rs, SEARCH_CANCELED, "canceled by request");
    if (rc)
        return rc;
    search_log_control(rs, action);
    actions_apply(r);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search controlled", "%s action=%s state=%s", search_fields(rs, fields), action, search_state_name(rs->record.state));
    return 0;
}

uint32_t engine_search_count(const struct engine *r) { return r->n_searches; }

const struct search_record *engine_search_record(struct engine *r, uint32_t index)
{
    search_refresh(r->search[index]);
    return &r->search[index]->record;
}

const struct search_record *engine_search_by_id(struct engine *r, uint64_t id)
{
    struct search *rs = engine_get(r, id);
    if (!rs)
        return NULL;
    search_refresh(rs);
    return &rs->record;
}

int engine_spec(struct engine *r, uint64_t id, struct search_spec *ret_spec, struct sonata_error *err)
{
    struct search *rs = engine_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (!rs->spec)
        return spec_load(r->store, id, ret_spec, err);
    *ret_spec = *rs->spec;
    return 0;
}

/* The stored front of the last snapshot serves while the core is away. */
static int stored_front(struct engine *r, uint64_t id, uint64_t **ret_ids, uint32_t *ret_n)
{
    cleanup_bytes struct bytes b = {0};
    *ret_ids = NULL;
    *ret_n = 0;
    if (store_get(r->store, STORE_FRONT, key_u64(id), &b))
        return 0;
    struct reader in = reader_of(b.data, b.size);
    reader_u8(&in);
    uint32_t n = reader_count(&in, UINT32_MAX, 8);
    *ret_ids = xcalloc(n ? n : 1, sizeof **ret_ids);
    for (uint32_t i = 0; i < n; i++)
        (*ret_ids)[i] = reader_u64(&in);
    *ret_n = n;
    return 0;
}

int engine_front(struct engine *r, uint64_t id, uint64_t **ret_ids, uint32_t *ret_n, struct sonata_error *err)
{
    struct search *rs = engine_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (!rs->core || rs->busy)
        return stored_front(r, id, ret_ids, ret_n);
    *ret_n = core_front(rs->core, NULL, 0);
    *ret_ids = xcalloc(*ret_n ? *ret_n : 1, sizeof **ret_ids);
    core_front(rs->core, *ret_ids, *ret_n);
    return 0;
}

int engine_insight(struct engine *r, uint64_t id, struct core_insight *ret_insight, const char *ret_arms[16], struct sonata_error *err)
{
    struct search *rs = engine_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (rs->busy)
        return sonata_error_set(err, -EAGAIN, "the search is computing proposals: ask again");
    struct core *core = rs->core, *loaded = NULL;
    if (!core) {
        cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
        uint64_t event;
        size_t size;
        int rc = engine_spec(r, id, spec, err);
        if (!rc)
            rc = replay_core(r->store, spec, id, r->config.threads, rs->record.events, false, &loaded, &event, &size, err);
        if (rc)
            return rc;
        core = loaded;
    }
    core_insight(core, ret_insight);
    for (uint32_t i = 0; i < 16; i++)
        ret_arms[i] = i < ret_insight->n_arms ? core_arm_name(core, i) : NULL;
    core_free(loaded);
    return 0;
}
