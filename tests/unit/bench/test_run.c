/* Runs in virtual time: accounting of time, failures, repeats, noise, proxies and warm starts; the same seed gives the same run. */
#include "bench/run.h"
#include "bench/separate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/bias.h"
#include "bench/reference.h"
#include "bench_files.h"
#include "close.h"
#include "support/cmocka.h"

static struct bench_files files;
static struct bench_options options;
static struct problem problem;
static struct judge judge;

static int open_problem(void **state)
{
    (void)state;
    bench_files_open(&files);
    options = bench_files_options(&files, "random", 40);
    return 0;
}

/* Loads what the test has set in options. */
static void load(void)
{
    struct sonata_error err = {{0}};
    struct reference reference = {.front = {0}};
    char *argv[] = {(char[]){"bench"}, NULL};
    if (problem_load(&options, &problem, &err) || reference_find(&options, &problem, 1, argv, &reference, &err) ||
        reference_judge(&problem, &reference, &judge, &err))
        fail_msg("%s", err.text);
    assert_true(reference.enumerated);
    reference_fini(&reference);
}

static int close_problem(void **state)
{
    (void)state;
    judge_fini(&judge);
    problem_fini(&problem);
    bench_files_close(&files);
    return 0;
}

static struct trace run(uint64_t seed)
{
    struct trace t;
    struct sonata_error err = {{0}};
    if (run_search(&(struct run_request){&options, &problem, &options.algorithm[0], &judge, seed}, &t, &err))
        fail_msg("%s", err.text);
    return t;
}

static void test_rounds_take_one_unit_each(void **state)
{
    (void)state;
    load();
    struct trace t = run(1);
    assert_int_equal(t.n, 40);
    assert_close(t.wall, 8, 1e-12); // 40 evaluations in rounds of 5 boards
    assert_close(t.busy, 1, 1e-12);
    assert_close(t.time[4], 1, 1e-12);
    assert_close(t.time[5], 2, 1e-12);
    assert_int_equal(t.n_proposals, 40);
    assert_int_equal(t.duplicates, 0);
    for (uint32_t i = 1; i < t.n; i++)
        assert_true(t.hv[i] >= t.hv[i - 1] && t.hv[i] <= 1 + 1e-12);
    trace_fini(&t);
}

static void test_whole_space_gives_everything_and_ends(void **state)
{
    (void)state;
    options.algorithm[0].params.budget = 100; // the space has 63
    load();
    struct trace t = run(1);
    assert_int_equal(t.n, 63);
    assert_true(t.exhausted);
    assert_close(t.hv[62], 1, 1e-9);
    trace_fini(&t);
}

static void test_same_seed_same_run(void **state)
{
    (void)state;
    options.workers = 4;
    options.algorithm[0].rounds = false;
    options.delay_sigma = 0.5;
    options.fail = 0.2;
    load();
    struct trace a = run(3), b = run(3), c = run(4);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.f, b.f, a.n * a.m * sizeof *a.f);
    assert_memory_equal(a.time, b.time, a.n * sizeof *a.time);
    assert_memory_equal(a.hv, b.hv, a.n * sizeof *a.hv);
    assert_true(memcmp(a.f, c.f, a.n * a.m * sizeof *a.f) != 0);
    trace_fini(&a);
    trace_fini(&b);
    trace_fini(&c);
}

static void test_delay_column_is_the_duration(void **state)
{
    (void)state;
    options.workers = 1;
    options.algorithm[0].rounds = false;
    copy_string(options.delay_column, sizeof options.delay_column, "lat");
    load();
    struct trace t = run(1);
    double sum = 0;
    for (uint32_t i = 0; i < t.n; i++) {
        sum += t.f[i * 2 + 1];
        assert_close(t.time[i], sum, 1e-9);
    }
    assert_close(t.wall, sum, 1e-9);
    assert_close(t.busy, 1, 1e-9);
    trace_fini(&t);
}

static void test_asynchronous_keeps_workers_busy(void **state)
{
    (void)state;
    options.workers = 4;
    options.delay_sigma = 1;
    options.straggler = 0.1;
    load();
    options.algorithm[0].rounds = false;
    struct trace free_running = run(1);
    options.algorithm[0].rounds = true;
    struct trace rounds = run(1);
    assert_int_equal(free_running.n, 40);
    assert_int_equal(rounds.n, 40);
    assert_close(free_running.busy, 1, 1e-12); // nobody waits for anybody
    assert_true(rounds.busy < free_running.busy);
    assert_true(free_running.wall < rounds.wall);
    trace_fini(&free_running);
    trace_fini(&rounds);
}

/* Two boards take 0.9 of an evaluation each, one takes the rest: the two are never idle, and nothing is told before both halves are there. */
static void test_boards_of_their_own_for_a_cheap_column(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct trace t, again;
    options.cost = (struct column_list){.n = 1, .item = {{.column = "lat", .value = 0.1}}};
    options.pool = (struct column_list){.n = 2, .item = {{.column = "acc", .value = 2}, {.column = "lat", .value = 1}}};
    load();
    struct run_request request = {&options, &problem, &options.algorithm[0], &judge, 1};
    assert_int_equal(run_separate(&request, &t, &err), 0);
    assert_int_equal(t.n, 40);
    assert_close(t.wall, 18, 1e-9);
    assert_close(t.busy, 1, 1e-9);
    assert_close(t.spent, 40, 2);
    assert_close(t.time[1], 0.9, 1e-9);
    assert_int_equal(run_separate(&request, &again, &err), 0);
    assert_memory_equal(t.f, again.f, (size_t)t.n * 2 * sizeof *t.f);
    trace_fini(&t);
    trace_fini(&again);
}

static void test_failures_cost_time_and_are_retried(void **state)
{
    (void)state;
    options.fail = 0.3;
    load();
    struct trace t = run(1);
    assert_int_equal(t.n, 40);
    assert_true(t.retried > 5);
    assert_int_equal(t.duplicates, 0);
    assert_true(t.wall > 8);
    trace_fini(&t);
    options.fail = 0.9; // most are given up: they do not count, and the run ends when nothing is left
    t = run(1);
    assert_true(t.given_up > 20);
    assert_true(t.n + t.given_up <= 63);
    trace_fini(&t);
}

static void test_infeasible_ones_do_not_score(void **state)
{
    (void)state;
    options.n_where = 1;
    options.where[0] = (struct where){.column = "lat", .value = 6};
    load();
    struct trace t = run(1);
    unsigned infeasible = 0;
    for (uint32_t i = 0; i < t.n; i++) {
        infeasible += isinf(t.f[i * 2]) != 0;
        assert_true((isinf(t.f[i * 2]) != 0) == (t.f[i * 2 + 1] > 6));
    }
    assert_true(infeasible > 0 && infeasible < t.n);
    trace_fini(&t);
}

static void test_noise_is_judged_by_truth(void **state)
{
    (void)state;
    options.noise.n = 1;
    options.noise.item[0] = (struct column_value){.column = "lat", .value = 0.3};
    load();
    options.replicates = 0;
    struct trace once = run(1);
    options.replicates = 50;
    struct trace often = run(1);
    assert_memory_equal(once.f, often.f, once.n * 2 * sizeof *once.f); // truth, and the same proposals
    assert_int_equal(once.n_told, 1);
    assert_int_equal(once.told[0].evaluations, 40);
    assert_true(once.told[0].hv <= once.hv[39] + 1e-12);
    assert_true(often.told[0].replicates >= 50 * often.told[0].front);
    assert_true(often.told[0].hv >= once.told[0].hv); // replicates find the true front
    trace_fini(&once);
    trace_fini(&often);
}

static void test_proxy_is_searched_truth_is_judged(void **state)
{
    (void)state;
    options.proxy.n = 1;
    options.proxy.item[0] = (struct column_value){.column = "lat"};
    copy_string(options.proxy.item[0].other, BENCH_COLUMN_MAX, "other");
    load();
    struct trace t = run(1);
    for (uint32_t i = 0; i < t.n; i++)
        assert_true(t.f[i * 2 + 1] > 1); // lat, not other
    assert_int_equal(t.n_told, 1);
    assert_true(t.told[0].hv <= t.hv[39] + 1e-12);
    trace_fini(&t);
}

static void test_warm_start_measures_the_best_first(void **state)
{
    (void)state;
    options.warm_start.n = 1;
    options.warm_start.item[0] = (struct column_value){.column = "lat"};
    copy_string(options.warm_start.item[0].other, BENCH_COLUMN_MAX, "other");
    options.warm_budget = 60;
    options.algorithm[0].warm = true;
    load();
    struct trace warm = run(1);
    options.algorithm[0].warm = false;
    struct trace cold = run(1);
    assert_int_equal(warm.injected, 4);
    assert_int_equal(cold.injected, 0);
    assert_int_equal(warm.n, 40);
    assert_int_equal(warm.duplicates, 0);
    assert_true(warm.hv[3] > cold.hv[3]);
    trace_fini(&warm);
    trace_fini(&cold);
}

static void test_traces_survive_the_pipe(void **state)
{
    (void)state;
    load();
    struct trace t = run(1), back;
    struct bytes b = {0};
    trace_save(&t, &b);
    struct reader in = reader_of(b.data, b.size);
    assert_true(trace_load(&in, &back));
    assert_true(reader_done(&in));
    assert_memory_equal(t.hv, back.hv, t.n * sizeof *t.hv);
    trace_fini(&back);
    for (size_t cut = 0; cut < b.size; cut += 97) {
        in = reader_of(b.data, cut);
        assert_false(trace_load(&in, &back));
    }
    bytes_fini(&b);
    trace_fini(&t);
}

/* By hand: slow and mean delays, at equal evaluations and at equal time. */
static void test_bias_is_counted(void **state)
{
    (void)state;
    options.workers = 4;
    options.algorithm[0].rounds = false;
    copy_string(options.delay_column, sizeof options.delay_column, "lat");
    load();
    struct trace t = run(1);
    double sum = 0, by_half = 0;
    uint32_t done = 0;
    for (uint32_t i = 0; i < t.n; i++) {
        assert_close(t.delay[i], t.f[i * 2 + 1], 1e-12);
        sum += i < 20 ? t.delay[i] : 0;
        if (t.time[i] <= t.wall / 2) {
            by_half += t.delay[i];
            done++;
        }
    }
    struct bias_point at = bias_at(&problem, &judge, &t, 1, 20, 0), timed = bias_at(&problem, &judge, &t, 1, 0, t.wall / 2),
                      end = bias_at(&problem, &judge, &t, 1, t.n, 0);
    assert_close(at.evaluations, 20, 0);
    assert_close(at.delay, sum / 20, 1e-12);
    assert_close(at.hv, t.hv[19], 0);
    assert_close(timed.evaluations, done, 0);
    assert_close(timed.delay, by_half / done, 1e-12);
    assert_true(at.slow_igd >= end.slow_igd && end.slow_igd >= 0);
    trace_fini(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_problem, close_problem)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bias_is_counted, open_problem, close_problem),
        T(test_rounds_take_one_unit_each),
        T(test_whole_space_gives_everything_and_ends),
        T(test_same_seed_same_run),
        T(test_delay_column_is_the_duration),
        T(test_asynchronous_keeps_workers_busy),
        T(test_boards_of_their_own_for_a_cheap_column),
        T(test_failures_cost_time_and_are_retried),
        T(test_infeasible_ones_do_not_score),
        T(test_noise_is_judged_by_truth),
        T(test_proxy_is_searched_truth_is_judged),
        T(test_warm_start_measures_the_best_first),
        T(test_traces_survive_the_pipe),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
