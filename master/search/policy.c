/* The policies of the agent (chooser.h): fixed mixture; discounted Thompson sampling on success or failure (Sun and Li, arXiv 2004.10874);
 * LinUCB (Li, Chu, Langford, Schapire, WWW 2010); softmax actor-critic with linear parts; PPO (Schulman et al., arXiv 1707.06347) with one
 * hidden layer. All keep a floor of exploration but the first two. */
#include <math.h>
#include <string.h>

#include "search/chooser.h"

static const double FLOOR = 0.1;

static uint32_t draw(struct rng *rng, const double *p, uint32_t n)
{
    double u = rng_uniform(rng);
    uint32_t k = 0;
    while (k + 1 < n && (u -= p[k]) >= 0)
        k++;
    return k;
}

static void uniform_weights(const struct chooser *a, double *ret)
{
    for (uint32_t k = 0; k < a->n_arms; k++)
        ret[k] = 1.0 / a->n_arms;
}

/* --- fixed --- */

static uint32_t fixed_pick(struct chooser *a, struct rng *rng, double *ret_probability)
{
    *ret_probability = 1.0 / a->n_arms;
    return rng_below(rng, a->n_arms);
}

static void fixed_update(struct chooser *a) { (void)a; }

const struct policy policy_fixed = {"fixed", fixed_pick, fixed_update, uniform_weights};

/* --- Thompson --- */

static uint32_t thompson_pick(struct chooser *a, struct rng *rng, double *ret_probability)
{
    double best = -1;
    uint32_t arm = 0;
    for (uint32_t k = 0; k < a->n_arms; k++) {
        double x = rng_beta(rng, a->good[k], a->bad[k]);
        if (x > best) {
            best = x;
            arm = k;
        }
    }
    *ret_probability = 1.0 / a->n_arms;
    return arm;
}

static void thompson_update(struct chooser *a)
{
    for (uint32_t k = 0; k < a->n_arms; k++) {
        a->good[k] = 1 + a->discount * (a->good[k] - 1);
        a->bad[k] = 1 + a->discount * (a->bad[k] - 1);
    }
    for (uint32_t i = 0; i < a->n_memory; i++) {
        a->good[a->memory[i].arm] += a->memory[i].reward;
        a->bad[a->memory[i].arm] += 1 - a->memory[i].reward;
    }
}

static void thompson_weights(const struct chooser *a, double *ret)
{
    double total = 0;
    for (uint32_t k = 0; k < a->n_arms; k++)
        total += ret[k] = a->good[k] / (a->good[k] + a->bad[k]);
    for (uint32_t k = 0; k < a->n_arms; k++)
        ret[k] /= total;
}

const struct policy policy_thompson = {"thompson", thompson_pick, thompson_update, thompson_weights};

/* --- LinUCB --- */

/* Solves the symmetric positive definite m x = b by Cholesky. */
static void solve(double m[CHOOSER_FEATURES][CHOOSER_FEATURES], const double *b, double *x)
{
    double l[CHOOSER_FEATURES][CHOOSER_FEATURES] = {{0}};
    for (int i = 0; i < CHOOSER_FEATURES; i++) {
        for (int j = 0; j <= i; j++) {
            double s = m[i][j];
            for (int k = 0; k < j; k++)
                s -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(fmax(s, 1e-12)) : s / l[j][j];
        }
    }
    for (int i = 0; i < CHOOSER_FEATURES; i++) {
        x[i] = b[i];
        for (int k = 0; k < i; k++)
            x[i] -= l[i][k] * x[k];
        x[i] /= l[i][i];
    }
    for (int i = CHOOSER_FEATURES; i-- > 0;) {
        for (int k = i + 1; k < CHOOSER_FEATURES; k++)
            x[i] -= l[k][i] * x[k];
        x[i] /= l[i][i];
    }
}

static double linucb_bound(struct chooser *a, uint32_t k)
{
    double theta[CHOOSER_FEATURES], spread[CHOOSER_FEATURES], mean = 0, var = 0;
    solve(a->a[k], a->b[k], theta);
    solve(a->a[k], a->context, spread);
    for (int i = 0; i < CHOOSER_FEATURES; i++) {
        mean += theta[i] * a->context[i];
        var += spread[i] * a->context[i];
    }
    return mean + 0.3 * sqrt(fmax(0, var));
}

static uint32_t linucb_pick(struct chooser *a, struct rng *rng, double *ret_probability)
{
    double best = -INFINITY;
    uint32_t arm = 0;
    for (uint32_t k = 0; k < a->n_arms; k++) {
        double bound = linucb_bound(a, k) + 1e-6 * rng_uniform(rng);
        if (bound > best) {
            best = bound;
            arm = k;
        }
    }
    if (rng_uniform(rng) < FLOOR)
        arm = rng_below(rng, a->n_arms);
    *ret_probability = 1.0 / a->n_arms;
    return arm;
}

static void linucb_update(struct chooser *a)
{
    for (uint32_t i = 0; i < a->n_memory; i++) {
        const struct chooser_decision *d = &a->memory[i];
        for (int j = 0; j < CHOOSER_FEATURES; j++) {
            a->b[d->arm][j] += d->reward * d->context[j];
            for (int k = 0; k < CHOOSER_FEATURES; k++)
                a->a[d->arm][j][k] += d->context[j] * d->context[k];
        }
    }
}

static void linucb_weights(const struct chooser *a, double *ret)
{
    struct chooser copy = *a;
    double total = 0;
    for (uint32_t k = 0; k < a->n_arms; k++)
        total += ret[k] = fmax(1e-3, linucb_bound(&copy, k));
    for (uint32_t k = 0; k < a->n_arms; k++)
        ret[k] /= total;
}

const struct policy policy_linucb = {"linucb", linucb_pick, linucb_update, linucb_weights};

/* --- shared by the policy gradients --- */

static void softmax(const double *logit, uint32_t n, double *ret)
{
    double top = logit[0], total = 0;
    for (uint32_t k = 1; k < n; k++)
        top = fmax(top, logit[k]);
    for (uint32_t k = 0; k < n; k++)
        total += ret[k] = exp(logit[k] - top);
    for (uint32_t k = 0; k < n; k++)
        ret[k] /= total;
}

static void with_floor(const double *p, uint32_t n, double *ret)
{
    for (uint32_t k = 0; k < n; k++)
        ret[k] = (1 - FLOOR) * p[k] + FLOOR / n;
}

static void reward_moments(const struct chooser *a, double *ret_mean, double *ret_sd)
{
    double sum = 0, square = 0;
    for (uint32_t i = 0; i < a->n_memory; i++) {
        sum += a->memory[i].reward;
        square += a->memory[i].reward * a->memory[i].reward;
    }
    *ret_mean = sum / a->n_memory;
    *ret_sd = sqrt(fmax(0, square / a->n_memory - *ret_mean * *ret_mean)) + 1e-6;
}

/* --- actor-critic --- */

static void actor_probabilities(const struct chooser *a, const double *context, double *ret)
{
    double logit[CHOOSER_ARMS_MAX] = {0};
    for (uint32_t k = 0; k < a->n_arms; k++) {
        for (int i = 0; i < CHOOSER_FEATURES; i++)
            logit[k] += a->theta[k][i] * context[i];
    }
    softmax(logit, a->n_arms, ret);
}

static void actor_weights(const struct chooser *a, double *ret)
{
    double p[CHOOSER_ARMS_MAX];
    actor_probabilities(a, a->context, p);
    with_floor(p, a->n_arms, ret);
}

static uint32_t actor_pick(struct chooser *a, struct rng *rng, double *ret_probability)
{
    double p[CHOOSER_ARMS_MAX];
    actor_weights(a, p);
    uint32_t k = draw(rng, p, a->n_arms);
    *ret_probability = p[k];
    return k;
}

static void actor_update(struct chooser *a)
{
    double mean, sd, rate = 0.06;
    reward_moments(a, &mean, &sd);
    for (uint32_t i = 0; i < a->n_memory; i++) {
        const struct chooser_decision *d = &a->memory[i];
        double p[CHOOSER_ARMS_MAX], value = 0;
        for (int j = 0; j < CHOOSER_FEATURES; j++)
            value += a->critic[j] * d->context[j];
        double advantage = fmax(-3, fmin(3, (d->reward - value) / sd));
        for (int j = 0; j < CHOOSER_FEATURES; j++)
            a->critic[j] += 0.05 * (d->reward - value) * d->context[j] / CHOOSER_FEATURES;
        actor_probabilities(a, d->context, p);
        for (uint32_t k = 0; k < a->n_arms; k++) {
            double g = ((k == d->arm) - p[k]) * advantage - 0.02 * p[k] * log(p[k] * a->n_arms + 1e-12);
            for (int j = 0; j < CHOOSER_FEATURES; j++)
                a->theta[k][j] += rate * g * d->context[j];
        }
    }
}

const struct policy policy_actor_critic = {"actor-critic", actor_pick, actor_update, actor_weights};

/* --- PPO: CHOOSER_FEATURES inputs, CHOOSER_HIDDEN tanh units, one logit per arm and a value --- */

/* Layout of the weight vector: hidden weights, hidden biases, output weights, output biases (value last). */
enum {
    HIDDEN_BIAS = CHOOSER_HIDDEN * CHOOSER_FEATURES,
    OUT = HIDDEN_BIAS + CHOOSER_HIDDEN,
    OUT_BIAS = OUT + (CHOOSER_ARMS_MAX + 1) * CHOOSER_HIDDEN
};

static double ppo_forward(const struct chooser *a, const double *context, double *ret_hidden, double *ret_logit)
{
    double out[CHOOSER_ARMS_MAX + 1];
    for (uint32_t h = 0; h < CHOOSER_HIDDEN; h++) {
        double z = a->weight[HIDDEN_BIAS + h];
        for (uint32_t j = 0; j < CHOOSER_FEATURES; j++)
            z += a->weight[h * CHOOSER_FEATURES + j] * context[j];
        ret_hidden[h] = tanh(z);
    }
    for (uint32_t k = 0; k <= CHOOSER_ARMS_MAX; k++) {
        out[k] = a->weight[OUT_BIAS + k];
        for (uint32_t h = 0; h < CHOOSER_HIDDEN; h++)
            out[k] += a->weight[OUT + k * CHOOSER_HIDDEN + h] * ret_hidden[h];
    }
    memcpy(ret_logit, out, CHOOSER_ARMS_MAX * sizeof *out);
    return out[CHOOSER_ARMS_MAX];
}

static void ppo_weights(const struct chooser *a, double *ret)
{
    double hidden[CHOOSER_HIDDEN], logit[CHOOSER_ARMS_MAX], p[CHOOSER_ARMS_MAX];
    (void)ppo_forward(a, a->context, hidden, logit);
    softmax(logit, a->n_arms, p);
    with_floor(p, a->n_arms, ret);
}

static uint32_t ppo_pick(struct chooser *a, struct rng *rng, double *ret_probability)
{
    double p[CHOOSER_ARMS_MAX];
    ppo_weights(a, p);
    uint32_t k = draw(rng, p, a->n_arms);
    *ret_probability = p[k];
    return k;
}

/* Adds the gradient of one output unit's loss: d is dloss/dout. */
static void ppo_backward(const struct chooser *a, uint32_t unit, double d, const double *hidden, double *hidden_gradient, double *gradient)
{
    gradient[OUT_BIAS + unit] += d;
    for (uint32_t h = 0; h < CHOOSER_HIDDEN; h++) {
        gradient[OUT + unit * CHOOSER_HIDDEN + h] += d * hidden[h];
        hidden_gradient[h] += d * a->weight[OUT + unit * CHOOSER_HIDDEN + h];
    }
}

static void ppo_gradient(const struct chooser *a, const struct chooser_decision *d, double mean, double sd, double *gradient)
{
    double hidden[CHOOSER_HIDDEN], logit[CHOOSER_ARMS_MAX], p[CHOOSER_ARMS_MAX], hidden_gradient[CHOOSER_HIDDEN] = {0}, n = a->n_memory;
    double value = ppo_forward(a, d->context, hidden, logit);
    softmax(logit, a->n_arms, p);
    double ratio = ((1 - FLOOR) * p[d->arm] + FLOOR / a->n_arms) / d->probability, advantage = (d->reward - mean) / sd;
    bool clipped = (advantage > 0 && ratio > 1.2) || (advantage < 0 && ratio < 0.8);
    double pull = clipped ? 0 : advantage * (1 - FLOOR) * p[d->arm] / d->probability;
    for (uint32_t k = 0; k < a->n_arms; k++) {
        double loss = -pull * ((k == d->arm) - p[k]) / n + 0.01 * p[k] * log(p[k] * a->n_arms + 1e-12) / n;
        ppo_backward(a, k, loss, hidden, hidden_gradient, gradient);
    }
    ppo_backward(a, CHOOSER_ARMS_MAX, 0.5 * (value - d->reward) / n, hidden, hidden_gradient, gradient);
    for (uint32_t h = 0; h < CHOOSER_HIDDEN; h++) {
        double z = hidden_gradient[h] * (1 - hidden[h] * hidden[h]);
        gradient[HIDDEN_BIAS + h] += z;
        for (uint32_t j = 0; j < CHOOSER_FEATURES; j++)
            gradient[h * CHOOSER_FEATURES + j] += z * d->context[j];
    }
}

static void ppo_update(struct chooser *a)
{
    double mean, sd, rate = 0.02;
    reward_moments(a, &mean, &sd);
    for (int epoch = 0; epoch < 4; epoch++) {
        double gradient[CHOOSER_WEIGHTS] = {0};
        for (uint32_t i = 0; i < a->n_memory; i++)
            ppo_gradient(a, &a->memory[i], mean, sd, gradient);
        a->steps++;
        double c1 = 1 - pow(0.9, a->steps), c2 = 1 - pow(0.999, a->steps);
        for (uint32_t i = 0; i < CHOOSER_WEIGHTS; i++) {
            a->moment[0][i] = 0.9 * a->moment[0][i] + 0.1 * gradient[i];
            a->moment[1][i] = 0.999 * a->moment[1][i] + 0.001 * gradient[i] * gradient[i];
            a->weight[i] -= rate * a->moment[0][i] / c1 / (sqrt(a->moment[1][i] / c2) + 1e-8);
        }
    }
}

const struct policy policy_ppo = {"ppo", ppo_pick, ppo_update, ppo_weights};
