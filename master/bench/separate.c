/* See separate.h. Two pools of boards: what is measured alone at its --cost, and the rest of a whole evaluation, which takes what is left of 1. An
 * architecture that is asked for whole is two jobs and told when both are done; a screened one is the first job alone, and the second when it is
 * promoted. An idle board of a pool gets the next job of its pool, and when there is none the search is asked for one. */
#include "bench/separate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"

enum pool_kind { COSTLY, CHEAP, POOLS };
enum { ASK_MAX = 64 };

struct job {
    struct core_proposal of;
    bool whole; /* told with the other half */
};

struct slot {
    enum pool_kind pool;
    bool busy;
    double end;
    struct job job;
};

struct queue {
    struct job *job;
    uint32_t head, tail;
    size_t capacity;
};

struct farm {
    const struct run_request *order;
    struct core *core;
    double cost[CORE_GROUPS_MAX], takes[POOLS], now, busy;
    uint32_t cheap_groups, n_slots, n_of[POOLS], running[POOLS], screening, open; /* open: architectures under way that will be whole */
    struct slot *slot;
    struct queue queue[POOLS];
    uint8_t *half; /* by proposal: one half of a whole one is done */
    size_t half_capacity;
    struct judge_front front;
    double hv;
    struct trace trace;
    size_t f_capacity, hv_capacity, cost_capacity, time_capacity;
};

static uint32_t budget_of(const struct farm *f) { return f->order->algorithm->params.budget; }

static void put(struct farm *f, enum pool_kind pool, const struct core_proposal *of, bool whole)
{
    struct queue *q = &f->queue[pool];
    q->job = xgrow(q->job, &q->capacity, q->tail + 1u, sizeof *q->job);
    q->job[q->tail++] = (struct job){*of, whole};
}

static uint32_t waiting(const struct farm *f, enum pool_kind pool) { return f->queue[pool].tail - f->queue[pool].head; }

static uint32_t idle(const struct farm *f, enum pool_kind pool)
{
    uint32_t used = f->running[pool] + waiting(f, pool);
    return used < f->n_of[pool] ? f->n_of[pool] - used : 0;
}

/* Whole evaluations that may still be begun. */
static uint32_t left(const struct farm *f)
{
    uint32_t begun = f->trace.n + f->open;
    return begun < budget_of(f) ? budget_of(f) - begun : 0;
}

static uint32_t ask_whole(struct farm *f, struct core_proposal *p)
{
    uint32_t want = min_of(max_of(idle(f, COSTLY), idle(f, CHEAP)), min_of(left(f), (uint32_t)ASK_MAX));
    if (f->open >= 4 * f->n_slots) /* the quick boards do not run away */
        return 0;
    uint32_t n = core_ask(f->core, want, p);
    for (uint32_t i = 0; i < n; i++) {
        put(f, COSTLY, &p[i], true);
        put(f, CHEAP, &p[i], true);
    }
    f->open += n;
    return n;
}

static uint32_t ask_screened(struct farm *f, struct core_proposal *p)
{
    uint32_t free_slots = min_of(idle(f, COSTLY), min_of(left(f), (uint32_t)ASK_MAX));
    uint32_t ready = f->screening ? core_screened(f->core) / core_screening(f->core) : core_screened(f->core);
    uint32_t n = core_ask_promotion(f->core, min_of(free_slots, ready), p);
    for (uint32_t i = 0; i < n; i++)
        put(f, COSTLY, &p[i], false);
    f->open += n;
    if (n)
        return n;
    uint32_t due = left(f) ? core_screening_due(f->core, min_of(free_slots + 1, left(f))) : 0;
    n = core_ask_screening(f->core, min_of(min_of(due, idle(f, CHEAP)), (uint32_t)ASK_MAX), p);
    for (uint32_t i = 0; i < n; i++)
        put(f, CHEAP, &p[i], false);
    f->screening += n;
    f->trace.screened += n;
    return n;
}

static void start_jobs(struct farm *f)
{
    for (uint32_t i = 0; i < f->n_slots; i++) {
        struct slot *s = &f->slot[i];
        if (s->busy || !waiting(f, s->pool))
            continue;
        s->job = f->queue[s->pool].job[f->queue[s->pool].head++];
        struct rng rng = rng_seeded(f->order->seed ^ UINT64_C(0x5bd1e9955bd1e995), s->job.of.id * POOLS + s->pool);
        double sigma = f->order->options->delay_sigma, takes = f->takes[s->pool] * exp(sigma * rng_normal(&rng) - 0.5 * sigma * sigma);
        s->busy = true;
        s->end = f->now + takes;
        f->running[s->pool]++;
        f->busy += s->pool == COSTLY ? takes : 0;
    }
}

static void record(struct farm *f, const double *y)
{
    struct trace *t = &f->trace;
    double z[CORE_OBJECTIVES_MAX];
    t->f = xgrow(t->f, &f->f_capacity, ((size_t)t->n + 1) * t->m, sizeof *t->f);
    t->hv = xgrow(t->hv, &f->hv_capacity, t->n + 1u, sizeof *t->hv);
    t->cost = xgrow(t->cost, &f->cost_capacity, t->n + 1u, sizeof *t->cost);
    t->time = xgrow(t->time, &f->time_capacity, t->n + 1u, sizeof *t->time);
    memcpy(t->f + (size_t)t->n * t->m, y, t->m * sizeof *y);
    judge_normalise(f->order->judge, y, z);
    f->hv += judge_gain(&f->front, z);
    (void)judge_front_add(&f->front, z);
    t->hv[t->n] = f->hv / f->order->judge->best;
    t->cost[t->n] = t->spent;
    t->time[t->n++] = f->now;
}

/* The first half of a whole one waits for the other. */
static bool is_half(struct farm *f, const struct job *job)
{
    if (!job->whole)
        return false;
    while (f->half_capacity <= job->of.id) {
        size_t before = f->half_capacity;
        f->half = xgrow(f->half, &f->half_capacity, job->of.id + 1, sizeof *f->half);
        memset(f->half + before, 0, f->half_capacity - before);
    }
    f->half[job->of.id] ^= 1;
    return f->half[job->of.id];
}

static int finish(struct farm *f, struct slot *s)
{
    struct core_result result = {.status = CORE_OK};
    bool screened = !s->job.whole && s->pool == CHEAP;
    f->now = s->end;
    s->busy = false;
    f->running[s->pool]--;
    f->trace.spent += f->takes[s->pool];
    if (is_half(f, &s->job))
        return 0;
    if (!problem_objectives(f->order->problem, &s->job.of.genotype, VIEW_SEEN, result.objective))
        result.status = CORE_FAILED;
    f->screening -= screened;
    f->open -= !screened;
    f->trace.unmeasured += result.status != CORE_OK;
    if (!screened && result.status == CORE_OK)
        record(f, result.objective);
    return core_tell(f->core, s->job.of.id, &result);
}

static struct slot *earliest(struct farm *f)
{
    struct slot *first = NULL;
    for (uint32_t i = 0; i < f->n_slots; i++) {
        if (f->slot[i].busy && (!first || f->slot[i].end < first->end))
            first = &f->slot[i];
    }
    return first;
}

static int simulate(struct farm *f)
{
    struct core_proposal *p = xcalloc(ASK_MAX, sizeof *p);
    int r = 0;
    while (!r && f->trace.n < budget_of(f)) {
        int64_t cpu = clock_cpu_ns();
        for (uint32_t n = 1; n; f->trace.n_proposals += n)
            n = core_screening(f->core) > 1 ? ask_screened(f, p) : ask_whole(f, p);
        start_jobs(f);
        struct slot *next = earliest(f);
        r = next ? finish(f, next) : 0;
        f->trace.cpu_s += (double)(clock_cpu_ns() - cpu) * 1e-9;
        if (!next)
            break;
    }
    free(p);
    for (uint32_t i = 0; i < f->n_slots; i++) /* what is under way at the end was not worked yet */
        f->busy -= f->slot[i].busy && f->slot[i].pool == COSTLY ? f->slot[i].end - f->now : 0;
    f->trace.wall = f->now;
    f->trace.busy = f->now > 0 ? f->busy / (f->now * f->n_of[COSTLY]) : 1;
    return r;
}

static int start(struct farm *f, struct sonata_error *err)
{
    const struct bench_options *o = f->order->options;
    struct core_params params = f->order->algorithm->params;
    params.n_objectives = f->trace.m = f->front.m = f->order->problem->n_objectives;
    params.seed = f->order->seed;
    uint32_t n = run_groups(f->order->problem, &params, f->cost);
    for (uint32_t g = 0; g < n; g++)
        f->takes[g + 1 < n ? CHEAP : COSTLY] += f->cost[g];
    for (unsigned i = 0; i < o->pool.n; i++)
        f->n_of[column_list_find(&o->cost, o->pool.item[i].column) ? CHEAP : COSTLY] = (uint32_t)o->pool.item[i].value;
    f->n_slots = f->n_of[COSTLY] + f->n_of[CHEAP];
    f->slot = xcalloc(f->n_slots, sizeof *f->slot);
    for (uint32_t i = 0; i < f->n_slots; i++)
        f->slot[i].pool = i < f->n_of[COSTLY] ? COSTLY : CHEAP;
    int r = core_new(&f->order->problem->space, &params, &f->core, err);
    return r ? r : core_set_costs(f->core, f->cost);
}

int run_separate(const struct run_request *order, struct trace *ret_trace, struct sonata_error *err)
{
    struct farm f = {.order = order};
    int r = start(&f, err);
    if (!r)
        r = simulate(&f);
    if (!r)
        *ret_trace = f.trace;
    else
        trace_fini(&f.trace);
    core_free(f.core);
    free(f.slot);
    free(f.queue[COSTLY].job);
    free(f.queue[CHEAP].job);
    free(f.half);
    judge_front_fini(&f.front);
    return r ? sonata_error_prefix(err, r, "algorithm %s, seed %llu", order->algorithm->label, (unsigned long long)order->seed) : 0;
}
