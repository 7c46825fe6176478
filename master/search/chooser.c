/* See chooser.h. Credit is delayed and asynchronous: a row carries its arm, what the agent saw, and how likely the choice was, so that the
 * reward finds its decision whenever the result comes.
 *
 * State features (all roughly in -1 .. 1): 1, progress, log of recent hypervolume gain, recent success rate, diversity of the
 * population, share of rank 0 in it, stagnation, 0. */
#include "search/chooser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/core_internal.h"

static const struct policy *const policies[] = {[CHOOSER_FIXED] = &policy_fixed,
                                                [CHOOSER_THOMPSON] = &policy_thompson,
                                                [CHOOSER_LINUCB] = &policy_linucb,
                                                [CHOOSER_ACTOR_CRITIC] = &policy_actor_critic,
                                                [CHOOSER_PPO] = &policy_ppo};

enum { STREAM_WEIGHTS = 77 };

static void enable(struct chooser *a, uint32_t arm, bool on)
{
    if (on)
        a->arm[a->n_arms++] = arm;
}

struct chooser *chooser_new(const struct core *s)
{
    struct chooser *a = xcalloc(1, sizeof *a);
    const struct core_settings *set = &s->set;
    a->policy = policies[set->agent];
    a->discount = set->discount;
    a->context[0] = 1;
    if (s->algorithm->option_groups & GROUP_OPERATORS) {
        enable(a, ARM_FIRST_OWN, set->arm_native);
        enable(a, ARM_FIRST_OWN + 1, set->arm_importance && set->importance);
        enable(a, ARM_FIRST_OWN + 2, set->arm_local);
        enable(a, ARM_FIRST_OWN + 3, set->arm_crossover);
    } else {
        enable(a, ARM_FIRST_OWN, set->sources != SOURCES_SCREEN);
        enable(a, ARM_FIRST_OWN + 1, set->sources != SOURCES_INNER);
    }
    struct rng rng = rng_seeded(s->params.seed, STREAM_WEIGHTS);
    for (uint32_t k = 0; k < CHOOSER_ARMS_MAX; k++) {
        a->good[k] = a->bad[k] = 1;
        for (uint32_t j = 0; j < CHOOSER_FEATURES; j++)
            a->a[k][j][j] = 1;
    }
    for (uint32_t i = 0; i < CHOOSER_WEIGHTS; i++)
        a->weight[i] = rng_normal(&rng) * (i < CHOOSER_HIDDEN * CHOOSER_FEATURES ? 0.3 : 0.01);
    return a;
}

void chooser_free(struct chooser *a) { free(a); }

uint32_t chooser_choose(struct core *s, float ret_context[CHOOSER_FEATURES], float *ret_probability)
{
    struct chooser *a = s->chooser;
    double probability = 1;
    uint32_t k = a->n_arms > 1 ? a->policy->pick(a, &s->rng, &probability) : 0;
    for (uint32_t i = 0; i < CHOOSER_FEATURES; i++)
        ret_context[i] = (float)a->context[i];
    *ret_probability = (float)fmax(1e-6, fmin(0.999, probability)); /* below 1: the row keeps its context */
    return a->arm[k];
}

static double diversity(const struct core *s)
{
    const struct population *p = &s->population;
    double total = 0;
    for (uint32_t j = 0; j < s->space.n_genes && p->n > 1; j++) {
        uint32_t count[SPACE_CHOICES_MAX + 1] = {0}, n = s->space.gene[j].n_choices;
        double entropy = 0;
        for (uint32_t i = 0; i < p->n; i++)
            count[s->archive.row[p->row[i]].features[j]]++;
        for (uint32_t v = 0; v <= n; v++) {
            double share = (double)count[v] / p->n;
            entropy -= count[v] ? share * log(share) : 0;
        }
        total += n > 1 ? entropy / log(n + 1.0) : 0;
    }
    return total / s->space.n_genes;
}

static void observe(struct core *s, double gain, double success)
{
    struct chooser *a = s->chooser;
    uint32_t first = 0;
    a->gain_average = 0.93 * a->gain_average + 0.07 * gain;
    a->success_average = 0.93 * a->success_average + 0.07 * success;
    a->stagnation = gain > 1e-9 ? 0 : a->stagnation + (a->stagnation < 1000000);
    for (uint32_t i = 0; i < s->population.n; i++)
        first += s->population.rank[i] == 0;
    a->context[1] = tanh(s->archive.n_told / (10.0 * s->set.population));
    a->context[2] = fmax(-1, fmin(1, (log10(a->gain_average + 1e-6) + 4) / 3));
    a->context[3] = a->success_average;
    a->context[4] = diversity(s);
    a->context[5] = s->population.n ? (double)first / s->population.n : 0;
    a->context[6] = tanh(a->stagnation / 30.0);
}

static bool survived(const struct core *s, uint32_t row)
{
    for (uint32_t i = 0; i < s->population.n; i++) {
        if (s->population.row[i] == row)
            return true;
    }
    return false;
}

/* 0 .. 1. Gains are measured against the largest recent one. */
static double reward_of(struct core *s, uint32_t row)
{
    const struct row *r = &s->archive.row[row];
    if (s->set.reward == REWARD_SURVIVAL)
        return survived(s, row);
    if (s->set.reward == REWARD_FRONT)
        return r->gain > 1e-12;
    struct chooser *a = s->chooser;
    a->gain_largest = fmax(r->gain, 0.9 * a->gain_largest);
    return a->gain_largest > 0 ? sqrt(r->gain / a->gain_largest) : 0;
}

static void remember(struct chooser *a, const struct row *r, double reward)
{
    for (uint32_t k = 0; k < a->n_arms; k++) {
        if (a->arm[k] != r->arm)
            continue;
        struct chooser_decision *d = &a->memory[a->n_memory++];
        *d = (struct chooser_decision){.arm = k, .probability = (double)r->probability, .reward = reward};
        for (uint32_t i = 0; i < CHOOSER_FEATURES; i++)
            d->context[i] = (double)r->context[i];
    }
    if (a->n_memory == CHOOSER_MEMORY) {
        a->policy->update(a);
        a->n_memory = 0;
    }
}

void chooser_reward(struct core *s, const uint32_t *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct row *r = &s->archive.row[rows[i]];
        if (r->injected || r->state == ROW_FAILED)
            continue;
        double reward = reward_of(s, rows[i]);
        remember(s->chooser, r, reward);
        observe(s, r->gain, reward);
    }
}

void chooser_start(struct chooser *a)
{
    memset(a->context, 0, sizeof a->context);
    a->context[0] = 1;
    a->gain_average = a->success_average = a->gain_largest = 0;
    a->stagnation = a->n_memory = 0;
}

/* --- bytes: plain numbers in the order of the struct --- */

typedef void number_fn(void *io, double *v);

static void each_number(struct chooser *a, number_fn *fn, void *io)
{
    double *const single[] = {&a->gain_average, &a->success_average, &a->gain_largest};
    for (uint32_t i = 0; i < sizeof single / sizeof *single; i++)
        fn(io, single[i]);
    for (uint32_t i = 0; i < CHOOSER_FEATURES; i++) {
        fn(io, &a->context[i]);
        fn(io, &a->critic[i]);
    }
    for (uint32_t k = 0; k < a->n_arms; k++) {
        fn(io, &a->good[k]);
        fn(io, &a->bad[k]);
        for (uint32_t i = 0; i < CHOOSER_FEATURES && a->policy == &policy_linucb; i++) {
            fn(io, &a->b[k][i]);
            for (uint32_t j = 0; j < CHOOSER_FEATURES; j++)
                fn(io, &a->a[k][i][j]);
        }
        for (uint32_t i = 0; i < CHOOSER_FEATURES && a->policy == &policy_actor_critic; i++)
            fn(io, &a->theta[k][i]);
    }
    for (uint32_t i = 0; i < CHOOSER_WEIGHTS && a->policy == &policy_ppo; i++) {
        fn(io, &a->weight[i]);
        fn(io, &a->moment[0][i]);
        fn(io, &a->moment[1][i]);
    }
}

static void write_number(void *io, double *v) { bytes_put_f64(io, *v); }

struct number_reader {
    struct reader *in;
    bool ok;
};

static void read_number(void *io, double *v)
{
    struct number_reader *r = io;
    *v = reader_f64(r->in);
    r->ok &= isfinite(*v) && fabs(*v) < 1e12;
}

void chooser_save(const struct chooser *a, struct bytes *out)
{
    struct chooser copy = *a;
    bytes_put_u32(out, a->n_arms);
    bytes_put_u32(out, a->stagnation);
    bytes_put_u32(out, a->steps);
    each_number(&copy, write_number, out);
    bytes_put_u32(out, a->n_memory);
    for (uint32_t i = 0; i < a->n_memory; i++) {
        struct chooser_decision *d = &copy.memory[i];
        bytes_put_u32(out, d->arm);
        bytes_put_f64(out, d->probability);
        bytes_put_f64(out, d->reward);
        for (uint32_t j = 0; j < CHOOSER_FEATURES; j++)
            bytes_put_f64(out, d->context[j]);
    }
}

bool chooser_load(struct chooser *a, struct reader *in)
{
    struct number_reader r = {in, true};
    if (reader_u32(in) != a->n_arms)
        return false;
    a->stagnation = reader_u32(in);
    a->steps = reader_u32(in);
    each_number(a, read_number, &r);
    for (uint32_t k = 0; k < a->n_arms; k++)
        r.ok &= a->good[k] > 0 && a->bad[k] > 0;
    a->n_memory = reader_count(in, CHOOSER_MEMORY - 1, 20);
    for (uint32_t i = 0; i < a->n_memory; i++) {
        struct chooser_decision *d = &a->memory[i];
        d->arm = reader_u32(in);
        r.ok &= d->arm < a->n_arms;
        read_number(&r, &d->probability);
        read_number(&r, &d->reward);
        r.ok &= d->probability > 0;
        for (uint32_t j = 0; j < CHOOSER_FEATURES; j++)
            read_number(&r, &d->context[j]);
    }
    return r.ok && !in->bad;
}
