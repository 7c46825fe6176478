/* See engine.h. This file: life, tables, the turn.
 *
 * A turn: time passes in the scheduler → searches tell and ask → free boards get jobs → headers and snapshots → one commit → send. */
#include "run/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "run/engine_internal.h"

#define STORE_ACTIVE_NS (60 * SONATA_SECOND)

struct engine_config engine_config_default(void)
{
    return (struct engine_config){.sched = sched_config_default(),
                                  .time_limit_ns = 600 * SONATA_SECOND,
                                  .quarantine_ns = 300 * SONATA_SECOND,
                                  .commit_retry_ns = SONATA_SECOND,
                                  .upload_reserve = UINT64_C(256) << 20,
                                  .searches_max = 1000,
                                  .threads = 1};
}

void engine_note(struct engine *r, bool warning, const char *msg, const char *format, ...)
{
    if (!r->hooks.note)
        return;
    char fields[700];
    va_list args;
    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    r->hooks.note(r->hooks.user, warning, msg, fields);
}

const char *search_fields(const struct search *rs, char text[NOTE_FIELDS_MAX])
{
    snprintf(text, NOTE_FIELDS_MAX, "search=%llu team=%s", (unsigned long long)rs->record.id, rs->record.team[0] ? rs->record.team : "-");
    return text;
}

const char *evaluation_fields(const struct engine *r, uint64_t evaluation, char text[NOTE_FIELDS_MAX])
{
    char search[NOTE_FIELDS_MAX] = "search=- team=-"; /* nobody waits for it any more */
    const struct evaluation *e = map_get(&r->evaluations, evaluation);
    if (e && e->n_waiters)
        search_fields(e->waiter[0].search, search);
    snprintf(text, NOTE_FIELDS_MAX, "evaluation=%llu %.120s", (unsigned long long)evaluation, search);
    return text;
}

bool search_is_finished(const struct search *rs) { return rs->record.state != SEARCH_RUNNING && rs->record.state != SEARCH_PAUSED; }

struct search *engine_get(const struct engine *r, uint64_t id) { return map_get(&r->search_by_id, id); }

struct search *engine_add_search(struct engine *r, uint64_t id)
{
    struct search *rs = xcalloc(1, sizeof *rs);
    rs->run = r;
    rs->record.id = id;
    r->search = xgrow(r->search, &r->search_capacity, r->n_searches + 1, sizeof *r->search);
    r->search[r->n_searches++] = rs;
    map_set(&r->search_by_id, id, rs);
    return rs;
}

int engine_new(struct store *store, const struct engine_config *config, const struct engine_hooks *hooks, int64_t now, int64_t wall,
               struct engine **ret_run, struct sonata_error *err)
{
    int rc = sched_config_check(&config->sched, err);
    if (rc)
        return rc;
    struct engine *r = xcalloc(1, sizeof *r);
    r->store = store;
    r->config = *config;
    r->hooks = *hooks;
    r->sched = sched_new(&config->sched);
    r->last_active_ns = now;
    engine_set_time(r, now, wall);
    rc = engine_load(r, err);
    if (rc) {
        engine_free(r);
        return rc;
    }
    *ret_run = r;
    return 0;
}

static void search_run_free(struct search *rs)
{
    uint32_t at = 0;
    for (void *p; (p = map_next(&rs->pending, &at));)
        free(p);
    map_fini(&rs->pending);
    core_free(rs->core);
    free(rs->ask_proposal);
    free(rs->complete);
    free(rs->again);
    free(rs->spec);
    free(rs);
}

void engine_free(struct engine *r)
{
    if (!r)
        return;
    uint32_t at = 0;
    for (struct evaluation *e; (e = map_next(&r->evaluations, &at));) {
        free(e->waiter);
        free(e);
    }
    map_fini(&r->evaluations);
    usage_free(r);
    uploads_free(r);
    free(r->invalid);
    free(r->scan.user);
    suspects_free(r);
    boards_free(r);
    for (uint32_t i = 0; i < r->n_searches; i++)
        search_run_free(r->search[i]);
    map_fini(&r->search_by_id);
    map_fini(&r->search_by_number);
    map_fini(&r->last_of_team);
    free(r->search);
    free(r->outgoing);
    sched_free(r->sched);
    free(r);
}

void engine_set_time(struct engine *r, int64_t now, int64_t wall)
{
    r->now = now;
    r->wall = wall;
}

void engine_stop(struct engine *r) { r->stopping = true; }

bool engine_is_working(const struct engine *r) { return r->n_working > 0; }

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
    r->retain_ns = 0;
    r->config.commit_retry_ns = config->commit_retry_ns;
    r->config.searches_max = config->searches_max;
    r->config.upload_reserve = config->upload_reserve;
}

struct store *engine_store(struct engine *r) { return r->store; }

struct engine_config engine_configuration(const struct engine *r) { return r->config; }

int64_t engine_wall(const struct engine *r) { return r->wall; }

const struct sched *engine_sched(const struct engine *r) { return r->sched; }

static struct outgoing *outgoing_add(struct engine *r, const char *worker, const char *reason)
{
    r->outgoing = xgrow(r->outgoing, &r->outgoing_capacity, r->n_outgoing + 1, sizeof *r->outgoing);
    struct outgoing *o = &r->outgoing[r->n_outgoing++];
    *o = (struct outgoing){.type = OUT_CANCEL};
    copy_string(o->worker, sizeof o->worker, worker);
    copy_string(o->reason, sizeof o->reason, reason);
    return o;
}

void engine_send_cancel(struct engine *r, const char *worker, uint64_t attempt, const char *reason)
{
    if (worker[0])
        outgoing_add(r, worker, reason)->job.attempt = attempt;
}

void engine_send_command(struct engine *r, const char *worker, const char *board, const char *action)
{
    struct outgoing *o = outgoing_add(r, worker, action);
    o->type = OUT_COMMAND;
    copy_string(o->job.board, sizeof o->job.board, board);
}

static void pass_active_time(struct engine *r)
{
    int64_t passed = r->now - r->last_active_ns;
    r->last_active_ns = r->now;
    for (uint32_t i = 0; i < r->n_searches; i++) {
        struct search *rs = r->search[i];
        if (rs->record.state != SEARCH_RUNNING || passed <= 0)
            continue;
        rs->record.active_ns += passed;
        bool counts = rs->spec && rs->spec->budget_wall_ns; /* also while no result comes that would store it */
        rs->dirty = rs->dirty || (counts && rs->record.active_ns - rs->stored_active_ns >= STORE_ACTIVE_NS);
    }
}

struct claimant {
    struct sched_claim claim;
    struct search *search;
};

static int compare_claims(const void *a, const void *b)
{
    return sched_claim_compare(&((const struct claimant *)a)->claim, &((const struct claimant *)b)->claim);
}

/* The search with the best claim to the next board asks first: who asks for the idle boards gets them. */
static bool advance_searches(struct engine *r)
{
    bool more = false;
    uint32_t n = 0;
    struct claimant *c = xcalloc(r->n_searches ? r->n_searches : 1, sizeof *c);
    for (uint32_t i = 0; i < r->n_searches; i++) {
        if (!search_is_finished(r->search[i]))
            c[n++] = (struct claimant){sched_claim(r->sched, r->search[i]->record.id), r->search[i]};
    }
    qsort(c, n, sizeof *c, compare_claims);
    for (uint32_t i = 0; i < n; i++)
        more = search_advance(c[i].search) || more;
    free(c);
    return more;
}

/* Moment when a wall-clock budget runs out. */
static int64_t next_wall_deadline(const struct engine *r)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < r->n_searches; i++) {
        const struct search *rs = r->search[i];
        if (rs->record.state != SEARCH_RUNNING || !rs->spec || !rs->spec->budget_wall_ns || rs->busy ||
            rs->record.active_ns > rs->spec->budget_wall_ns) /* it waits for results that are measured again */
            continue;
        int64_t due = r->now + rs->spec->budget_wall_ns - rs->record.active_ns;
        if (due < next)
            next = due;
    }
    return next;
}

static void send_outgoing(struct engine *r)
{
    for (size_t i = 0; i < r->n_outgoing; i++) {
        const struct outgoing *o = &r->outgoing[i];
        if (o->type == OUT_CANCEL)
            r->hooks.cancel(r->hooks.user, o->worker, o->job.attempt, o->reason);
        else if (o->type == OUT_ASSIGN)
            r->hooks.assign(r->hooks.user, o->worker, &o->job);
        else if (r->hooks.command)
            r->hooks.command(r->hooks.user, o->worker, o->job.board, o->reason);
    }
    r->n_outgoing = 0;
}

static bool commit(struct engine *r)
{
    struct sonata_error err = {{0}};
    int rc = store_commit(r->store, &err);
    if (!rc) {
        if (r->blocked)
            engine_note(r, false, "store can be written again", "searches=%u", r->n_searches);
        r->blocked = false;
        send_outgoing(r);
        return true;
    }
    if (!r->blocked || strcmp(r->blocked_reason, err.text))
        engine_note(r, true, "store cannot be written: nothing is acknowledged until it can", "reason=\"%s\" retry_s=%.1f", err.text,
                    (double)r->config.commit_retry_ns / 1e9);
    copy_string(r->blocked_reason, sizeof r->blocked_reason, err.text);
    r->blocked = true;
    r->retry_ns = r->now + r->config.commit_retry_ns;
    return false;
}

int64_t engine_turn(struct engine *r)
{
    pass_active_time(r);
    if (r->blocked && (r->now < r->retry_ns || !commit(r)))
        return r->retry_ns;
    usage_turn(r);
    sched_tick(r->sched, r->now);
    boards_turn(r);
    actions_apply(r);
    bool more = invalidate_step(r);
    more = advance_searches(r) || more;
    more = retry_step(r) || more; /* after what was told has made room */
    if (!r->stopping) {
        sched_dispatch(r->sched, r->now);
        actions_apply(r);
    }
    int64_t due = sched_tick(r->sched, r->now), retain = retain_step(r);
    actions_apply(r);
    due = retain < due ? retain : due;
    due = r->boards_due_ns < due ? r->boards_due_ns : due;
    for (uint32_t i = 0; i < r->n_searches; i++)
        search_persist(r->search[i]);
    if (!commit(r))
        return r->retry_ns;
    int64_t wall = next_wall_deadline(r), day_end = usage_day_end_ns(r);
    due = wall < due ? wall : due;
    due = day_end < due ? day_end : due;
    return more ? r->now : due;
}
