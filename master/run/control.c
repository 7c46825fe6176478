/* What clients ask of a search they have: pause, resume, extend, cancel, priority. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/actions.h"
#include "run/disk.h"
#include "run/event_log.h"
#include "run/failing.h"
#include "run/finish.h"
#include "run/note.h"
#include "run/reopen.h"
#include "run/searches.h"
#include "run/submit.h"

int engine_set_priority(struct engine *r, uint64_t id, int32_t priority, struct sonata_error *err)
{
    struct search *rs = searches_get(r, id);
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (search_check_priority(priority, err))
        return -EINVAL;
    if (search_is_finished(rs))
        return sonata_error_set(err, -EINVAL, "the search is %s: it wants no more boards", search_state_name(rs->record.state));
    if (disk_check(r, rs->record.team, err))
        return -EDQUOT;
    rs->record.priority = priority;
    sched_set_priority(r->sched, id, priority);
    char text[64];
    snprintf(text, sizeof text, "priority %d", priority);
    event_log_control(rs, text);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search controlled", "%s action=priority priority=%d", search_fields(rs, fields), priority);
    return 0;
}

static int resume(struct search *rs, struct sonata_error *err)
{
    if (search_is_finished(rs))
        return sonata_error_set(err, -EINVAL, "the search is %s: only a paused one can be resumed", search_state_name(rs->record.state));
    rs->record.state = SEARCH_RUNNING;
    rs->record.reason[0] = '\0';
    sched_pause(rs->engine->sched, rs->record.id, false);
    if (rs->record.failing_stop)
        failing_resume(rs);
    return 0;
}

static int pause_search(struct search *rs, struct sonata_error *err)
{
    if (search_is_finished(rs))
        return sonata_error_set(err, -EINVAL, "the search is %s: it cannot be paused", search_state_name(rs->record.state));
    rs->record.state = SEARCH_PAUSED;
    sched_pause(rs->engine->sched, rs->record.id, true);
    return 0;
}

/* More budget; a search that was done goes on from where it was. */
static int extend(struct search *rs, uint32_t evaluations, struct sonata_error *err)
{
    if (!evaluations || evaluations > SPEC_BUDGET_MAX - rs->record.budget)
        return sonata_error_set(err, -EINVAL, "extend by 1 evaluation or more, up to %d in all", SPEC_BUDGET_MAX);
    if (rs->record.state == SEARCH_CANCELED || rs->record.state == SEARCH_STOPPED_FAILED)
        return sonata_error_set(err, -EINVAL, "the search is %s: it cannot be extended", search_state_name(rs->record.state));
    if (rs->record.state == SEARCH_DONE) {
        if (rs->record.asked != rs->record.told + rs->record.screened)
            return sonata_error_set(err, -EINVAL, "the search ended with proposals unfinished: submit it anew (known results are reused)");
        int rc = search_reopen(rs, err);
        if (rc)
            return rc;
        rs->record.stalled = 0;
    }
    rs->record.budget += evaluations;
    return 0;
}

const char *engine_action_name(enum engine_action action)
{
    static const char *const name[ENGINE_ACTION_COUNT] = {"pause", "resume", "cancel", "extend"};
    return (unsigned)action < ENGINE_ACTION_COUNT ? name[action] : NULL;
}

static int perform(struct search *rs, enum engine_action action, uint32_t evaluations, struct sonata_error *err)
{
    switch (action) {
    case ENGINE_PAUSE:
        return pause_search(rs, err);
    case ENGINE_RESUME:
        return resume(rs, err);
    case ENGINE_EXTEND:
        return extend(rs, evaluations, err);
    default:
        if (!search_is_finished(rs))
            search_finish(rs, SEARCH_CANCELED, "canceled by request");
        return 0;
    }
}

/* Ends something: needed most of all by who has no room for more. */
static bool ends_something(const struct search *rs, enum engine_action action)
{
    return action == ENGINE_CANCEL ? !search_is_finished(rs) : action == ENGINE_PAUSE && rs->record.state == SEARCH_RUNNING;
}

int engine_control(struct engine *r, uint64_t id, enum engine_action action, uint32_t evaluations, struct sonata_error *err)
{
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    struct search *rs = searches_get(r, id);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    int rc = ends_something(rs, action) ? 0 : disk_check(r, rs->record.team, err);
    if (!rc)
        rc = perform(rs, action, evaluations, err);
    if (rc)
        return rc;
    event_log_control(rs, engine_action_name(action));
    actions_apply(r);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, false, "search controlled", "%s action=%s state=%s", search_fields(rs, fields), engine_action_name(action),
                search_state_name(rs->record.state));
    return 0;
}
