/* See pool.h. The hook takes any number of jobs; they are given to it only when a thread of our share is free, so that a job of another team never
 * waits behind twenty of one. */
#include "run/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "run/fair.h"
#include "run/searches.h"

#define OVERRUN_NS (60 * SONATA_SECOND)

struct pool_job {
    struct pool_job *next;
    struct search *search;
    void (*fn)(void *), (*done)(void *);
    void *arg;
    bool beside;
    int64_t (*clock)(void *);
    void (*step)(void *, uint64_t, bool);
    void *clock_user;
    int64_t took_ns;
};

struct pool {
    struct pool_job *waiting; /* in order of their coming */
    uint32_t running;
    uint32_t under_way, beside; /* steps of search cores, waiting ones too; what is computed beside them */
    uint64_t served;
    bool hold;
};

struct pool *pool_new(void) { return xcalloc(1, sizeof(struct pool)); }

/* Nothing runs; what still waits was dropped by pool_stop(). */
void pool_free(struct pool *p) { free(p); }

void pool_hold(struct engine *r, bool hold) { r->pool->hold = hold; }

bool pool_is_held(const struct engine *r) { return r->pool->hold; }

uint32_t pool_under_way(const struct engine *r) { return r->pool->under_way; }

bool pool_is_at_work(const struct engine *r) { return r->pool->under_way || r->pool->beside; }

bool search_is_quick(const struct search_spec *spec) { return core_algorithm_is_quick(spec->algorithm); }

void search_drop_core(struct search *rs)
{
    core_free(rs->core);
    rs->core = NULL;
    if (!search_is_finished(rs)) /* the master stops: results still come, and are stored */
        return;
    free(rs->spec);
    rs->spec = NULL;
}

bool pool_is_for(const struct search *rs)
{
    return rs->engine->hooks.work && (!search_is_quick(rs->spec) || rs->slow || (rs->record.planned && !rs->record.n_groups));
}

static void work(void *arg)
{
    struct pool_job *j = arg;
    int64_t from = j->clock ? j->clock(j->clock_user) : 0;
    if (j->step)
        j->step(j->clock_user, j->search->record.id, true);
    j->fn(j->arg);
    if (j->step)
        j->step(j->clock_user, j->search->record.id, false);
    j->took_ns = j->clock ? j->clock(j->clock_user) - from : 0;
}

static void start_some(struct engine *r);

static void work_done(void *arg)
{
    struct pool_job *j = arg;
    struct search *rs = j->search;
    struct engine *r = rs->engine;
    struct team_time *t = fair_team(rs);
    int64_t from = fair_clock(r);
    rs->dirty = rs->dirty || j->took_ns > OVERRUN_NS;
    r->pool->running--;
    t->running--;
    if (j->beside) {
        r->pool->beside--;
    } else {
        r->pool->under_way--;
        rs->busy = false;
    }
    j->done(j->arg);
    if (j->took_ns > OVERRUN_NS)
        rs->record.strikes++;
    fair_charge(rs, fair_clock(r) - from, !rs->record.n_groups);
    free(j);
    start_some(r);
}

/* The next job that may begin, as a link to it; NULL: none. */
static struct pool_job **next_job(struct engine *r)
{
    uint32_t slots = max_of(r->config.pool, 1u), most = fair_is_shared(r) && slots > 1 ? slots - 1 : slots;
    struct pool_job **best = NULL;
    if (r->pool->running >= slots)
        return NULL;
    for (struct pool_job **at = &r->pool->waiting; *at; at = &(*at)->next) {
        const struct team_time *t = fair_team((*at)->search);
        if (t->running < most && (!best || t->served < fair_team((*best)->search)->served))
            best = at;
    }
    return best;
}

static void start_some(struct engine *r)
{
    for (struct pool_job **at; (at = next_job(r));) {
        struct pool_job *j = *at;
        struct team_time *t = fair_team(j->search);
        *at = j->next;
        t->running++;
        t->served = ++r->pool->served;
        r->pool->running++;
        r->hooks.work(r->hooks.user, work, work_done, j);
    }
}

static void enqueue(struct search *rs, void (*fn)(void *), void (*done)(void *), void *arg, bool beside)
{
    struct engine *r = rs->engine;
    struct pool_job *j = xmalloc(sizeof *j), **at = &r->pool->waiting;
    *j = (struct pool_job){.search = rs,
                           .fn = fn,
                           .done = done,
                           .arg = arg,
                           .beside = beside,
                           .clock = r->hooks.clock,
                           .step = r->hooks.step,
                           .clock_user = r->hooks.user};
    while (*at)
        at = &(*at)->next;
    *at = j;
    start_some(r);
}

void pool_run(struct search *rs, void (*fn)(void *), void (*done)(void *), void *arg)
{
    rs->busy = true;
    rs->engine->pool->under_way++;
    enqueue(rs, fn, done, arg, false);
}

void pool_run_beside(struct search *rs, void (*fn)(void *), void (*done)(void *), void *arg)
{
    rs->engine->pool->beside++;
    enqueue(rs, fn, done, arg, true);
}

void pool_withdraw(struct search *rs)
{
    struct engine *r = rs->engine;
    for (struct pool_job **at = &r->pool->waiting; *at; at = &(*at)->next) {
        struct pool_job *j = *at;
        if (j->search != rs || j->beside)
            continue;
        *at = j->next;
        rs->busy = false;
        r->pool->under_way--;
        free(j);
        break;
    }
    if (rs->busy)
        core_cancel(rs->core);
}

void pool_stop(struct engine *r)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        if (rs->busy)
            pool_withdraw(rs);
    }
    struct pool_job *waiting = r->pool->waiting; /* beside a search: only progress for people */
    r->pool->waiting = NULL;
    for (struct pool_job *j = waiting, *next; j; j = next) {
        next = j->next;
        r->pool->beside--;
        free(j);
    }
}
