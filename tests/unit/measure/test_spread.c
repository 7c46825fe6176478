/* What a board learns of its processes: the fit against known parameters, forgetting, damage, and the bars for the intervals it leads to: simulated
 * boards with normal, uneven and heavy-tailed processes, the whole decision (processes.h) included. Seeds are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "measure/processes.h"
#include "measure/spread.h"
#include "measure/statistics.h"

enum { SEED = 2013 };

static void learns_what_is_there(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(SEED, 1);
    const double f0[] = {3, 8, 1000};
    for (size_t f = 0; f < 3; f++) {
        for (unsigned n = 2; n <= 5; n++) {
            struct spread s = {0};
            for (int k = 0; k < 4000; k++) { /* 500 of them are remembered */
                double variance = 0.004 * 0.004 * f0[f] / (2 * rng_gamma(&rng, f0[f] / 2)), v[5];
                for (unsigned p = 0; p < n; p++)
                    v[p] = 1000 * exp(sqrt(variance) * rng_normal(&rng));
                spread_learn(&s, v, n);
            }
            struct process_prior prior = spread_prior(&s);
            print_message("true 0.004 %4.0f, %u processes: %.5f %.1f\n", f0[f], n, sqrt(prior.variance), prior.freedom);
            assert_true(fabs(log(sqrt(prior.variance) / 0.004)) < 0.35);
            assert_true(n < 4 || (f0[f] > 100 ? prior.freedom > 15 : fabs(log(prior.freedom / f0[f])) < 0.7));
        }
    }
}

static void unknown_boards_are_assumed_careful(void **state)
{
    (void)state;
    struct spread s = {0};
    struct process_prior p = spread_prior(&s);
    assert_true(fabs(sqrt(p.variance) - 0.015) < 1e-9 && fabs(p.freedom - 4) < 1e-9);
    const double one[] = {5}, same[] = {5, 5, 5};
    spread_learn(&s, one, 1); /* nothing to learn */
    assert_true(s.weight == 0);
    for (int i = 0; i < 10000; i++)
        spread_learn(&s, same, 3); /* a clock that never varies */
    p = spread_prior(&s);
    assert_true(sqrt(p.variance) > 5e-5 && sqrt(p.variance) < 2e-4 && p.freedom <= 20.001 && s.weight < 501);
}

static void moments_are_learned_from_the_control(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(SEED, 5);
    const double sd[] = {0, 0.003, 0.01};
    for (size_t i = 0; i < 3; i++) {
        struct spread s = {0};
        assert_true(fabs(sqrt(spread_prior(&s).moment) - 0.002) < 1e-9);
        for (int k = 0; k < 300; k++) {
            double shared = sd[i] * rng_normal(&rng), v[3];
            for (int p = 0; p < 3; p++)
                v[p] = 80 * exp(shared + 0.004 * rng_normal(&rng));
            spread_learn_control(&s, v, k % 3 ? 3 : 2);
        }
        double found = sqrt(spread_prior(&s).moment);
        print_message("true %.4f: %.4f\n", sd[i], found);
        assert_true(i ? fabs(found / sd[i] - 1) < 0.25 : found < 0.0011);
        double weight = s.control_weight;
        spread_learn_control(&s, (const double[]){80, 0, 80}, 3); /* one was not taken */
        spread_learn_control(&s, (const double[]){80}, 1);
        assert_true(s.control_weight == weight);
    }
}

static void a_board_that_changed_is_learned_anew(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(SEED, 2);
    struct spread s = {0};
    for (int k = 0; k < 4000; k++) {
        double sd = k < 2000 ? 0.002 : 0.02, v[3];
        for (unsigned p = 0; p < 3; p++)
            v[p] = exp(sd * rng_normal(&rng));
        spread_learn(&s, v, 3);
        if (k == 1999)
            assert_true(sqrt(spread_prior(&s).variance) < 0.003);
    }
    assert_true(sqrt(spread_prior(&s).variance) > 0.013);
}

static void is_saved(void **state)
{
    (void)state;
    struct spread s[2] = {{0}}, back[2];
    struct sonata_error err;
    const double v[] = {10, 10.1, 10.3};
    for (int i = 0; i < 30; i++) {
        spread_learn(&s[1], v, 3);
        spread_learn_control(&s[1], v, 3);
    }
    cleanup_bytes struct bytes b = {0};
    spreads_encode(s, 2, &b);
    struct reader in = reader_of(b.data, b.size);
    assert_int_equal(spreads_decode(&in, 2, back, &err), 0);
    assert_true(reader_done(&in) && !memcmp(s, back, sizeof s));
    in = reader_of(b.data, b.size - 1);
    assert_int_equal(spreads_decode(&in, 2, back, &err), -EBADMSG);
    const uint8_t other[] = {1, 2, 0, 0};
    for (size_t n = 0; n <= sizeof other; n += sizeof other) { /* nothing there, as before there were any; of a later version */
        in = reader_of(other, n);
        assert_int_equal(spreads_decode(&in, 2, back, &err), 0);
        assert_true(back[0].weight == 0 && back[1].weight == 0);
    }
    struct rng rng = rng_seeded(SEED, 3);
    for (int i = 0; i < 20000; i++) { /* whatever is read gives a usable prior */
        for (int k = 0; k < 8; k++) {
            uint64_t noise = rng_u64(&rng) >> (rng_below(&rng, 3) * 8);
            memcpy(b.data + 2 + 8 * k, &noise, sizeof noise);
        }
        in = reader_of(b.data, b.size);
        if (!spreads_decode(&in, 2, back, &err)) {
            struct process_prior p = spread_prior(&back[0]);
            assert_true(isfinite(p.variance) && p.variance > 0 && p.freedom > 0 && isfinite(p.freedom) && isfinite(p.moment) && p.moment > 0);
        }
    }
}

/* ---- simulated boards */

struct board {
    const char *name;
    double process_sd, uneven; /* of a network: process_sd times lognormal(uneven) */
    double moment_sd;          /* of what the processes of one measurement share */
    double window_sd, drift;   /* windows of one process are correlated by drift */
    int shape;                 /* of the process effect: 0 normal, 1 one in five processes is 3 sd slow, 2 Student's t with 3 degrees of freedom */
};

static double process_effect(const struct board *b, double sd, struct rng *rng)
{
    double z = rng_normal(rng);
    if (b->shape == 1)
        return sd * (0.5 * z + 3 * (rng_uniform(rng) < 0.2));
    if (b->shape == 2)
        return sd * z / sqrt(2 * rng_gamma(rng, 1.5) / 3);
    return sd * z;
}

static void simulate_process(const struct board *b, double sd, double moment, unsigned windows, struct rng *rng, struct measurement *m)
{
    double effect = process_effect(b, sd, rng), drift = 0;
    *m = (struct measurement){.n_windows = windows};
    m->process_control_us[0] = (float)(80 * exp(moment + b->process_sd * rng_normal(rng)));
    for (unsigned w = 0; w < windows; w++) {
        drift = b->drift * drift + b->window_sd * rng_normal(rng);
        m->window_median_us[w] = (float)(1000 * exp(moment + effect + drift));
    }
    measurement_add(m, "latency", 1, 1, 1, windows);
}

/* One measurement as a worker makes it, learned from. */
static void simulate_measurement(const struct board *b, double sd, const struct latency_protocol *tier, struct spread *spread, struct rng *rng,
                                 struct processes *s, struct measurement *ret_m)
{
    struct process_prior prior = spread_prior(spread);
    double value[PROCESSES_MAX], moment = b->moment_sd * rng_normal(rng);
    struct measurement one;
    processes_begin(s, tier, &prior);
    do
        simulate_process(b, sd, moment, processes_protocol(tier, s->n).windows, rng, &one);
    while (processes_take(s, &one, false) != PROCESSES_DONE);
    processes_finish(s, ret_m);
    for (uint32_t p = 0; p < ret_m->n_processes; p++)
        value[p] = (double)ret_m->process_median_us[p];
    spread_learn(spread, value, ret_m->n_processes);
    for (uint32_t p = 0; p < ret_m->n_processes; p++)
        value[p] = (double)ret_m->process_control_us[p];
    spread_learn_control(spread, value, ret_m->n_processes);
}

enum { NETWORKS = 30, REPEATS = 40, BOARDS_OF_A_KIND = 4 };

struct tally {
    unsigned held, n, n_half, n_processes;
    double half[NETWORKS * REPEATS * BOARDS_OF_A_KIND];
};

/* The bench's judgement: whether an interval holds the median over the repeats of its network. */
static void simulate_board(const struct board *b, const struct latency_protocol *tier, struct rng *rng, struct processes *s, struct tally *t)
{
    static double value[NETWORKS][REPEATS], low[NETWORKS][REPEATS], high[NETWORKS][REPEATS];
    struct spread spread = {0};
    double sd[NETWORKS];
    for (int k = 0; k < NETWORKS; k++)
        sd[k] = b->process_sd * exp(b->uneven * rng_normal(rng));
    for (int i = 0; i < REPEATS; i++) {
        for (int k = 0; k < NETWORKS; k++) {
            struct measurement m;
            simulate_measurement(b, sd[k], tier, &spread, rng, s, &m);
            value[k][i] = m.metric[0].value;
            low[k][i] = m.metric[0].low;
            high[k][i] = m.metric[0].high;
            t->n_processes += m.n_processes;
            t->half[t->n_half++] = (high[k][i] - low[k][i]) / 2 / value[k][i];
        }
    }
    for (int k = 0; k < NETWORKS; k++) {
        double sorted[REPEATS];
        for (int i = 0; i < REPEATS; i++)
            sorted[i] = value[k][i];
        sort_doubles(sorted, REPEATS);
        double truth = sorted_median(sorted, REPEATS);
        for (int i = 0; i < REPEATS; i++, t->n++)
            t->held += low[k][i] <= truth && truth <= high[k][i];
    }
}

static void bar(enum tier tier, double least)
{
    static const struct board boards[] = {
        {"even", 0.006, 0, 0, 0.002, 0, 0},
        {"calm", 0.001, 0.2, 0, 0.001, 0, 0},
        {"uneven", 0.006, 0.6, 0.001, 0.003, 0, 0},
        {"wild", 0.02, 0.5, 0.002, 0.01, 0, 0},
        {"drifting windows", 0.002, 0.3, 0, 0.004, 0.8, 0},
        {"one in five slow", 0.005, 0.4, 0.001, 0.002, 0, 1},
        {"heavy tails", 0.004, 0.4, 0.001, 0.002, 0, 2},
        {"good and bad times", 0.003, 0.4, 0.006, 0.002, 0, 0},
    };
    const struct latency_protocol *protocol = latency_protocol_of(tier);
    struct rng rng = rng_seeded(SEED, 4);
    struct processes *s = calloc(1, sizeof *s);
    struct tally *t = malloc(sizeof *t);
    print_message("%s, seed %d\n", tier_name(tier), SEED);
    for (size_t i = 0; i < sizeof boards / sizeof *boards; i++) {
        *t = (struct tally){0};
        for (int k = 0; k < BOARDS_OF_A_KIND; k++)
            simulate_board(&boards[i], protocol, &rng, s, t);
        sort_doubles(t->half, t->n_half);
        double held = t->held / (double)t->n;
        print_message("  %-18s %5.1f %% held, half width %.2f %%, %.2f processes\n", boards[i].name, 100 * held,
                      100 * sorted_median(t->half, t->n_half), t->n_processes / (double)t->n);
        assert_true(held >= least);
    }
    free(t);
    free(s);
}

static void intervals_hold_at_search(void **state)
{
    (void)state;
    bar(TIER_SEARCH, 0.93);
}

static void intervals_hold_at_screen(void **state)
{
    (void)state;
    bar(TIER_SCREEN, 0.90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(moments_are_learned_from_the_control),
                                       cmocka_unit_test(learns_what_is_there),
                                       cmocka_unit_test(unknown_boards_are_assumed_careful),
                                       cmocka_unit_test(a_board_that_changed_is_learned_anew),
                                       cmocka_unit_test(is_saved),
                                       cmocka_unit_test(intervals_hold_at_search),
                                       cmocka_unit_test(intervals_hold_at_screen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
