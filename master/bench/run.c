/* See run.h. An event simulation: workers take tasks from a queue, the earliest to finish is next, its result is told, and the search is
 * asked for as many proposals as there are idle workers (asynchronous), or for a whole round when nothing is in flight (rounds; without
 * --workers a round is --batch evaluations on as many boards). Every random draw of an evaluation comes from a stream of its own, so the
 * order of events does not change what an evaluation gives. */
#include "bench/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "bench/statistics.h"
#include "search/core.h"
#include "search/replicate.h"

enum { ATTEMPTS_MAX = 3, STRAGGLER_FACTOR = 10, SCREEN_CHUNK = 64 };

static const double COST_SLACK = 1e-9;

struct task {
    struct genotype genotype;
    uint64_t id;    // of the proposal
    uint64_t order; // its number in this run, for random streams
    unsigned attempt;
    double cost; // of the budget
    bool injected;
};

struct worker {
    bool busy;
    double end;
    struct task task;
};

/* An evaluated architecture, as the search saw it. */
struct seen {
    struct genotype genotype;
    double f[CORE_OBJECTIVES_MAX], violation;
    uint64_t order;
};

struct simulation {
    const struct bench_options *o;
    const struct problem *p;
    const struct bench_algorithm *a;
    const struct judge *judge;
    enum problem_view view;
    uint64_t seed;
    uint32_t budget;
    struct core *search;
    bool costed;                      // the budget is one of costs
    double cost[CORE_OBJECTIVES_MAX]; // of each group; the costly one is the last
    uint32_t all_groups;
    double committed; // cost of what is queued or under way
    double now, busy_time;
    double last_start, busy_at_last_start; // of a first attempt; workers are judged until then: what follows is the end of the budget
    uint32_t n_workers, in_flight;
    struct worker *worker;
    struct task *queue;
    size_t head, tail, capacity;
    uint64_t next_order;
    struct seen *archive;
    size_t n_archive, archive_capacity;
    uint64_t *key; // open-addressing set of the keys proposed, 0: free
    size_t n_keys;
    struct judge_front front; // in z
    double hv;
    struct trace trace;
    size_t trace_capacity, cost_capacity, time_capacity, hv_capacity, delay_capacity, ask_capacity;
};

void trace_fini(struct trace *t)
{
    free(t->f);
    free(t->hv);
    free(t->cost);
    free(t->time);
    free(t->delay);
    free(t->ask_ms);
    bytes_fini(&t->policy);
    *t = (struct trace){0};
}

static void put_doubles(struct bytes *out, const double *v, size_t n)
{
    bytes_put_u32(out, (uint32_t)(v ? n : 0));
    bytes_append(out, v, v ? n * sizeof *v : 0); // the same program reads it back
}

static double *take_doubles(struct reader *in, size_t *ret_n)
{
    *ret_n = reader_count(in, UINT32_MAX, sizeof(double));
    double *v = *ret_n ? xcalloc(*ret_n, sizeof *v) : NULL;
    if (v)
        reader_copy(in, v, *ret_n * sizeof *v);
    return v;
}

void trace_save(const struct trace *t, struct bytes *out)
{
    struct trace plain = *t;
    plain.f = plain.hv = plain.cost = plain.time = plain.delay = plain.ask_ms = NULL;
    plain.policy = (struct bytes){0};
    bytes_append(out, &plain, sizeof plain); // a pipe between two processes of one program, not a stored format
    put_doubles(out, t->f, (size_t)t->n * t->m);
    put_doubles(out, t->hv, t->n);
    put_doubles(out, t->cost, t->n);
    put_doubles(out, t->time, t->n);
    put_doubles(out, t->delay, t->n);
    put_doubles(out, t->ask_ms, t->n_asks);
    bytes_put_u32(out, (uint32_t)t->policy.size);
    bytes_append(out, t->policy.data, t->policy.size);
}

bool trace_load(struct reader *in, struct trace *ret_trace)
{
    struct trace t;
    size_t n[6];
    reader_copy(in, &t, sizeof t);
    t.f = take_doubles(in, &n[0]);
    t.hv = take_doubles(in, &n[1]);
    t.cost = take_doubles(in, &n[5]);
    t.time = take_doubles(in, &n[2]);
    t.delay = take_doubles(in, &n[4]);
    t.ask_ms = take_doubles(in, &n[3]);
    uint32_t n_policy = reader_count(in, UINT32_MAX, 1);
    t.policy = (struct bytes){0};
    bytes_append(&t.policy, reader_take(in, n_policy), n_policy);
    if (in->bad || t.m > CORE_OBJECTIVES_MAX || t.n_told > BENCH_CHECKPOINTS_MAX || n[0] != (size_t)t.n * t.m || (n[1] && n[1] != t.n) ||
        n[2] != t.n || n[3] != t.n_asks || (n[4] && n[4] != t.n) || (n[5] && n[5] != t.n)) {
        trace_fini(&t);
        return false;
    }
    *ret_trace = t;
    return true;
}

static void simulation_fini(struct simulation *s)
{
    core_free(s->search);
    free(s->worker);
    free(s->queue);
    free(s->archive);
    free(s->key);
    judge_front_fini(&s->front);
    trace_fini(&s->trace);
}

/* Stream of one use (0: duration and failure of an attempt, 1: noise, 2…: replicates) of one evaluation. */
static struct rng task_stream(const struct simulation *s, uint64_t order, unsigned use)
{
    return rng_seeded(s->seed ^ UINT64_C(0x5bd1e9955bd1e995), order * 256 + use);
}

static bool remember_key(struct simulation *s, uint64_t key)
{
    key = key ? key : 1;
    size_t at = key & (s->n_keys - 1);
    for (; s->key[at]; at = (at + 1) & (s->n_keys - 1)) {
        if (s->key[at] == key)
            return false;
    }
    s->key[at] = key;
    return true;
}

static void enqueue(struct simulation *s, const struct task *task)
{
    s->queue = xgrow(s->queue, &s->capacity, s->tail + 1, sizeof *s->queue);
    s->queue[s->tail++] = *task;
}

/* Puts a failed task back as the next one to start; the slot before head is the one it left. */
static void enqueue_first(struct simulation *s, const struct task *task)
{
    if (s->head > 0)
        s->queue[--s->head] = *task;
    else
        enqueue(s, task);
}

uint32_t trace_count(const struct trace *t, double budget)
{
    if (!t->cost)
        return budget < t->n ? (uint32_t)budget : t->n;
    uint32_t n = 0;
    while (n < t->n && t->cost[n] <= budget + COST_SLACK)
        n++;
    return n;
}

/* What a whole evaluation costs of the budget. */
static double spent(const struct simulation *s) { return s->costed ? s->trace.spent : s->trace.n; }

static bool is_late(const struct simulation *s) { return spent(s) >= s->budget - s->budget / 5; }

static double add_cpu(struct simulation *s, int64_t since_ns)
{
    double spent = (double)(clock_cpu_ns() - since_ns) * 1e-9;
    s->trace.cpu_s += spent;
    s->trace.late_cpu_s += is_late(s) ? spent : 0;
    return spent;
}

typedef uint32_t ask_fn(struct core *s, uint32_t n, struct core_proposal *ret_proposals);

static double cost_of(const struct simulation *s, uint32_t groups)
{
    double sum = 0;
    for (uint32_t g = 0; g < CORE_GROUPS_MAX; g++)
        sum += groups >> g & 1 ? s->cost[g] : 0;
    return s->costed ? sum : 1;
}

static uint32_t timed_ask(struct simulation *s, ask_fn *how, uint32_t n, struct core_proposal *proposals)
{
    int64_t wall = clock_monotonic_ns(), cpu = clock_cpu_ns();
    uint32_t got = how(s->search, n, proposals);
    double spent_ms = 1e3 * add_cpu(s, cpu);
    if (!got)
        return 0;
    s->trace.ask_ms = xgrow(s->trace.ask_ms, &s->ask_capacity, s->trace.n_asks + 1u, sizeof *s->trace.ask_ms);
    s->trace.ask_ms[s->trace.n_asks++] = s->o->threads > 1 ? (double)(clock_monotonic_ns() - wall) * 1e-6 : spent_ms;
    return got;
}

static void enqueue_proposals(struct simulation *s, const struct core_proposal *proposals, uint32_t n)
{
    s->trace.n_proposals += n;
    s->trace.n_late_proposals += is_late(s) ? n : 0;
    if (s->head == s->tail)
        s->head = s->tail = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct task task = {
            .genotype = proposals[i].genotype, .id = proposals[i].id, .order = s->next_order++, .cost = cost_of(s, proposals[i].groups)};
        s->trace.duplicates += !remember_key(s, genotype_key(&s->p->space, &task.genotype));
        s->committed += task.cost;
        enqueue(s, &task);
    }
}

/* Measures the cheap columns of further architectures, at once: what they take beside a whole evaluation is left out. */
static int screen(struct simulation *s, uint32_t n, struct core_proposal *proposals)
{
    int r = 0;
    for (uint32_t k = core_screening_due(s->search, n); k && !r;) {
        uint32_t got = timed_ask(s, core_ask_screening, k < SCREEN_CHUNK ? k : SCREEN_CHUNK, proposals);
        for (uint32_t i = 0; i < got && !r; i++) {
            struct core_result result = {.status = CORE_OK, .groups = proposals[i].groups};
            bool known = problem_objectives(s->p, &proposals[i].genotype, s->view, result.objective);
            s->trace.spent += cost_of(s, proposals[i].groups);
            s->trace.screened++;
            result.status = known ? CORE_OK : CORE_FAILED;
            r = core_tell(s->search, proposals[i].id, &result);
        }
        k -= got;
        if (!got)
            break;
    }
    return r;
}

static int ask(struct simulation *s, uint32_t n, struct core_proposal *proposals)
{
    bool screens = core_screening(s->search) > 1;
    int r = screens ? screen(s, n, proposals) : 0;
    if (r)
        return r;
    uint32_t got = timed_ask(s, screens ? core_ask_promotion : core_ask, n, proposals);
    s->trace.exhausted = got < n && core_exhausted(s->search);
    enqueue_proposals(s, proposals, got);
    return 0;
}

static double task_duration(struct simulation *s, const struct task *task, struct rng *rng)
{
    double d = s->p->delay >= 0 ? problem_delay(s->p, &task->genotype)
                                : exp(s->o->delay_sigma * rng_normal(rng) - 0.5 * s->o->delay_sigma * s->o->delay_sigma);
    if (!(d >= 0))
        d = 0; // not measured: the proposal is answered at once
    return rng_uniform(rng) < s->o->straggler ? d * STRAGGLER_FACTOR : d;
}

static void start_tasks(struct simulation *s)
{
    double at_work = s->busy_time;
    bool started = false;
    for (uint32_t w = 0; w < s->n_workers && s->head < s->tail; w++) {
        struct worker *worker = &s->worker[w];
        if (worker->busy)
            continue;
        worker->task = s->queue[s->head++];
        struct rng rng = task_stream(s, worker->task.order, worker->task.attempt * 2);
        double d = task_duration(s, &worker->task, &rng);
        worker->end = s->now + d;
        worker->busy = true;
        started |= !worker->task.attempt; // a retry after the budget is given out says nothing about the search
        s->busy_time += d;
        s->in_flight++;
        at_work += d;
    }
    if (!started)
        return;
    for (uint32_t w = 0; w < s->n_workers; w++)
        at_work -= s->worker[w].busy ? s->worker[w].end - s->now : 0;
    s->last_start = s->now;
    s->busy_at_last_start = at_work;
}

static void record(struct simulation *s, const struct genotype *g, const double *truth, bool feasible)
{
    struct trace *t = &s->trace;
    unsigned m = t->m;
    double z[CORE_OBJECTIVES_MAX];
    t->f = xgrow(t->f, &s->trace_capacity, ((size_t)t->n + 1) * m, sizeof *t->f);
    t->time = xgrow(t->time, &s->time_capacity, t->n + 1u, sizeof *t->time);
    memcpy(t->f + (size_t)t->n * m, truth, m * sizeof *truth);
    if (!feasible)
        t->f[(size_t)t->n * m] = INFINITY;
    t->time[t->n] = s->now;
    if (s->p->delay >= 0) {
        t->delay = xgrow(t->delay, &s->delay_capacity, t->n + 1u, sizeof *t->delay);
        t->delay[t->n] = fmax(0, problem_delay(s->p, g));
    }
    if (s->judge) {
        judge_normalise(s->judge, truth, z);
        if (feasible) {
            s->hv += judge_gain(&s->front, z);
            judge_front_add(&s->front, z);
        }
        t->hv = xgrow(t->hv, &s->hv_capacity, t->n + 1u, sizeof *t->hv);
        t->hv[t->n] = s->hv / s->judge->best;
    }
    if (s->costed) {
        t->cost = xgrow(t->cost, &s->cost_capacity, t->n + 1u, sizeof *t->cost);
        t->cost[t->n] = t->spent;
    }
    t->n++;
}

/* Indices of the archive's non-dominated feasible members by the values in f (n x CORE_OBJECTIVES_MAX); returns their number. */
static size_t told_front(const struct simulation *s, const double *f, uint32_t *ret_index)
{
    unsigned m = s->trace.m;
    size_t n = 0;
    for (uint32_t i = 0; i < s->n_archive; i++) {
        const double *fi = f + (size_t)i * CORE_OBJECTIVES_MAX;
        bool covered = s->archive[i].violation > 0;
        for (size_t k = 0; k < n && !covered; k++)
            covered = judge_covers(m, f + (size_t)ret_index[k] * CORE_OBJECTIVES_MAX, fi);
        if (covered)
            continue;
        size_t kept = 0;
        for (size_t k = 0; k < n; k++) {
            if (!judge_covers(m, fi, f + (size_t)ret_index[k] * CORE_OBJECTIVES_MAX))
                ret_index[kept++] = ret_index[k];
        }
        ret_index[kept] = i;
        n = kept + 1;
    }
    return n;
}

/* Mean of the first measurement in f and n more. */
static void replicate(const struct simulation *s, uint32_t i, uint32_t n, double *f)
{
    const struct seen *seen = &s->archive[i];
    double value[CORE_OBJECTIVES_MAX][REPLICATES_MAX];
    for (unsigned j = 0; j < s->trace.m; j++)
        value[j][0] = f[j];
    for (unsigned r = 0; r < n; r++) {
        double again[CORE_OBJECTIVES_MAX];
        struct rng rng = task_stream(s, seen->order, 16 + r);
        problem_objectives(s->p, &seen->genotype, s->view, again);
        problem_add_noise(s->p, &rng, again);
        for (unsigned j = 0; j < s->trace.m; j++)
            value[j][r + 1] = again[j];
    }
    for (unsigned j = 0; j < s->trace.m; j++)
        f[j] = replicate_mean(value[j], n + 1, NULL);
}

/* Measures again what the front lacks; false: it is sure. `measured` counts measurements by archive index. */
static bool replicate_members(const struct simulation *s, const uint32_t *index, size_t n, uint32_t *measured, double *f, struct told *told)
{
    struct replicate_member *member = xcalloc(2 * n + 1, sizeof *member), *due = member + n;
    for (size_t k = 0; k < n; k++)
        member[k] = (struct replicate_member){index[k], measured[index[k]]};
    uint32_t n_due = replicate_round(member, (uint32_t)n, 1 + s->o->replicates, UINT64_MAX, due);
    for (uint32_t k = 0; k < n_due; k++) {
        replicate(s, (uint32_t)due[k].id, due[k].measured, f + due[k].id * CORE_OBJECTIVES_MAX);
        told->replicates += due[k].measured;
        measured[due[k].id] += due[k].measured;
    }
    free(member);
    return n_due > 0;
}

/* The front the user is told after the evaluations so far, judged by truth. Front members are re-measured until all of them are. */
static void tell_user(struct simulation *s)
{
    bool noisy = false;
    for (unsigned j = 0; j < s->p->n_objectives; j++)
        noisy = noisy || s->p->objective[j].noise > 0;
    struct told *told = &s->trace.told[s->trace.n_told++];
    *told = (struct told){.evaluations = s->trace.n};
    double *f = xcalloc(s->n_archive, CORE_OBJECTIVES_MAX * sizeof *f);
    uint32_t *index = xcalloc(2 * s->n_archive, sizeof *index), *measured = index + s->n_archive;
    for (size_t i = 0; i < s->n_archive; i++) {
        measured[i] = 1;
        memcpy(f + i * CORE_OBJECTIVES_MAX, s->archive[i].f, sizeof s->archive[i].f);
    }
    size_t n = told_front(s, f, index);
    while (noisy && replicate_members(s, index, n, measured, f, told))
        n = told_front(s, f, index);
    double *z = xcalloc(n ? n : 1, s->trace.m * sizeof *z);
    for (size_t k = 0; k < n; k++) {
        double truth[CORE_OBJECTIVES_MAX];
        problem_objectives(s->p, &s->archive[index[k]].genotype, VIEW_TRUTH, truth);
        judge_normalise(s->judge, truth, z + k * s->trace.m);
    }
    told->front = (uint32_t)n;
    told->hv = judge_hypervolume(s->trace.m, z, n) / s->judge->best;
    free(z);
    free(index);
    free(f);
}

static bool told_differs(const struct simulation *s)
{
    bool differs = false;
    for (unsigned j = 0; j < s->p->n_objectives; j++)
        differs = differs || s->p->objective[j].noise > 0 || s->p->objective[j].seen != s->p->objective[j].truth;
    return differs && s->judge && s->view == VIEW_SEEN;
}

static void after_evaluation(struct simulation *s)
{
    for (unsigned c = 0; told_differs(s) && c < s->o->n_at; c++) {
        if (s->o->at[c] <= spent(s) + COST_SLACK && s->trace.n_told == c && s->trace.n_told < BENCH_CHECKPOINTS_MAX)
            tell_user(s);
    }
}

static int tell(struct simulation *s, const struct task *task, const struct core_result *result)
{
    int64_t cpu = clock_cpu_ns();
    uint64_t id;
    int r = task->injected ? core_inject(s->search, &task->genotype, result, &id) : core_tell(s->search, task->id, result);
    add_cpu(s, cpu);
    return r == -EALREADY && task->injected ? 0 : r;
}

/* A measured architecture: what the search sees, what is true. */
static int finish_measured(struct simulation *s, const struct task *task, const double *truth, const double *clean)
{
    struct core_result result = {.status = CORE_OK, .violation = problem_violation(s->p, &task->genotype)};
    struct rng rng = task_stream(s, task->order, 1);
    memcpy(result.objective, clean, sizeof result.objective);
    problem_add_noise(s->p, &rng, result.objective);
    s->archive = xgrow(s->archive, &s->archive_capacity, s->n_archive + 1, sizeof *s->archive);
    struct seen *seen = &s->archive[s->n_archive++];
    *seen = (struct seen){.genotype = task->genotype, .violation = result.violation, .order = task->order};
    memcpy(seen->f, result.objective, sizeof seen->f);
    record(s, &task->genotype, truth, !(result.violation > 0));
    int r = tell(s, task, &result);
    after_evaluation(s);
    return r;
}

static int finish(struct simulation *s, struct worker *worker)
{
    struct task task = worker->task;
    double truth[CORE_OBJECTIVES_MAX] = {0}, clean[CORE_OBJECTIVES_MAX] = {0};
    s->now = worker->end;
    worker->busy = false;
    s->in_flight--;
    bool known = problem_objectives(s->p, &task.genotype, VIEW_TRUTH, truth) && problem_objectives(s->p, &task.genotype, s->view, clean) &&
                 isfinite(problem_violation(s->p, &task.genotype));
    struct rng rng = task_stream(s, task.order, 8 + task.attempt);
    bool failed = known && rng_uniform(&rng) < s->o->fail;
    if (failed && ++task.attempt < ATTEMPTS_MAX) {
        s->trace.retried++;
        enqueue_first(s, &task);
        return 0;
    }
    s->committed -= task.cost;
    if (known && !failed) /* what the table does not hold costs nothing */
        s->trace.spent += task.cost;
    if (known && !failed)
        return finish_measured(s, &task, truth, clean);
    s->trace.given_up += failed;
    s->trace.unmeasured += !known;
    return task.injected ? 0 : tell(s, &task, &(struct core_result){.status = CORE_FAILED});
}

static struct worker *earliest(struct simulation *s)
{
    struct worker *first = NULL;
    for (uint32_t w = 0; w < s->n_workers; w++) {
        struct worker *worker = &s->worker[w];
        if (worker->busy && (!first || worker->end < first->end || (!(worker->end > first->end) && worker->task.order < first->task.order)))
            first = worker;
    }
    return first;
}

static int refill(struct simulation *s, struct core_proposal *proposals)
{
    uint32_t waiting = (uint32_t)(s->tail - s->head), idle = s->n_workers - s->in_flight, want = 0;
    double open = spent(s) + s->committed, left = s->budget - open, each = cost_of(s, s->all_groups);
    if (s->a->rounds)
        want = s->in_flight + waiting ? 0 : (max_of(s->a->batch, s->n_workers));
    else if (idle > waiting)
        want = idle - waiting;
    if (left < each - COST_SLACK || s->next_order >= 4 * (uint64_t)s->budget + 1000) // the second: a table that holds too little of what is proposed
        return 0;
    want = want < left / each + COST_SLACK ? want : (uint32_t)(left / each + COST_SLACK);
    return want ? ask(s, want, proposals) : 0;
}

static int simulate(struct simulation *s)
{
    uint32_t most = max_of(max_of(s->a->batch, s->n_workers), SCREEN_CHUNK);
    struct core_proposal *proposals = xcalloc(most, sizeof *proposals);
    int r = 0;
    while (!r && spent(s) < s->budget) {
        r = refill(s, proposals);
        start_tasks(s);
        struct worker *next = r ? NULL : earliest(s);
        if (!next)
            break; // exhausted, or a search that will not go on: the trace is shorter than the budget
        r = finish(s, next);
    }
    free(proposals);
    s->trace.wall = s->now;
    s->trace.busy = s->last_start > 0 ? fmin(1, s->busy_at_last_start / (s->last_start * s->n_workers)) : 1;
    return r;
}

uint32_t run_groups(const struct problem *problem, struct core_params *params, double *ret_cost)
{
    double rest = 1;
    uint32_t n = 0;
    for (unsigned i = 0; i < problem->n_objectives; i++) {
        if (!(problem->objective[i].cost > 0))
            continue;
        ret_cost[n] = problem->objective[i].cost;
        params->group[i] = (uint8_t)n;
        rest -= ret_cost[n++];
    }
    if (n < problem->n_objectives && n) {
        ret_cost[n] = rest;
        for (unsigned i = 0; i < problem->n_objectives; i++)
            params->group[i] = problem->objective[i].cost > 0 ? params->group[i] : (uint8_t)n;
        n++;
    }
    return params->n_groups = n;
}

static int start(struct simulation *s, struct sonata_error *err)
{
    struct core_params params = s->a->params;
    params.n_objectives = s->p->n_objectives;
    params.seed = s->seed;
    params.budget = max_of(20, s->budget);
    s->costed = run_groups(s->p, &params, s->cost) > 0;
    s->all_groups = (1u << (params.n_groups ? params.n_groups : 1)) - 1;
    s->trace.m = s->front.m = s->p->n_objectives;
    s->n_workers = s->o->workers ? s->o->workers : s->a->batch;
    s->worker = xcalloc(s->n_workers, sizeof *s->worker);
    for (s->n_keys = 1024; s->n_keys < 4u * (size_t)s->budget;)
        s->n_keys *= 2;
    s->n_keys *= 2;
    s->key = xcalloc(s->n_keys, sizeof *s->key);
    int r = core_new(&s->p->space, &params, &s->search, err);
    if (!r && s->costed)
        r = core_set_costs(s->search, s->cost);
    if (r || !s->o->policy.size || !s->a->policy || !core_has_agent(s->search))
        return r;
    r = core_policy_load(s->search, s->o->policy.data, s->o->policy.size);
    return r == -EINVAL ? sonata_error_set(err, r, "the policy of --policy-in is that of another algorithm or agent; policy=0 goes without it")
           : r          ? sonata_error_set(err, r, "the file of --policy-in holds no policy, or is damaged")
                        : 0;
}

/* Warm start: the other device's run of the same algorithm and seed hands over its knowledge. */
static int warm_start(struct simulation *s, struct sonata_error *err)
{
    struct simulation source = {.o = s->o, .p = s->p, .a = s->a, .view = VIEW_SOURCE, .seed = s->seed, .budget = s->o->warm_budget};
    unsigned m = s->p->n_objectives;
    int r = start(&source, err);
    if (!r)
        r = simulate(&source);
    size_t n = source.n_archive, first = min_of(s->o->warm_first, n);
    double *f = xcalloc(n ? n : 1, m * sizeof *f);
    uint32_t *order = xcalloc(n ? n : 1, sizeof *order);
    for (size_t i = 0; i < n; i++)
        memcpy(f + i * m, source.archive[i].f, m * sizeof *f);
    bench_rank_order(m, f, n, order);
    for (size_t k = 0; k < n && !r; k++) {
        const struct seen *seen = &source.archive[order[k]];
        if (k < first) {
            struct task task = {.genotype = seen->genotype, .order = s->next_order++, .injected = true};
            remember_key(s, genotype_key(&s->p->space, &task.genotype));
            enqueue(s, &task);
            s->trace.injected++;
        }
        for (unsigned j = 0; j < m && k >= first && !r; j++) {
            if (s->p->objective[j].source == s->p->objective[j].seen)
                r = core_hint(s->search, &seen->genotype, j, seen->f[j]);
        }
    }
    free(order);
    free(f);
    simulation_fini(&source);
    return r;
}

int run_search(const struct run_request *request, struct trace *ret_trace, struct sonata_error *err)
{
    const struct bench_algorithm *a = request->algorithm;
    struct simulation s = {.o = request->options,
                           .p = request->problem,
                           .a = a,
                           .judge = request->judge,
                           .view = VIEW_SEEN,
                           .seed = request->seed,
                           .budget = a->params.budget};
    int r = start(&s, err);
    if (!r && a->warm)
        r = warm_start(&s, err);
    if (!r)
        r = simulate(&s);
    if (r && err && !err->text[0])
        sonata_error_set(err, r, "the search library refused a result: %s", strerror(-r));
    if (!r && request->options->policy_out[0])
        core_policy_save(s.search, &s.trace.policy);
    if (!r) {
        *ret_trace = s.trace;
        s.trace = (struct trace){0};
    } else {
        sonata_error_prefix(err, r, "algorithm %s, seed %llu", a->label, (unsigned long long)request->seed);
    }
    simulation_fini(&s);
    return r;
}
