/* Several processes make one measurement: shares of the protocol, bad ones measured again, more where the interval is too wide, what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "measure/processes.h"

static const struct process_prior prior = {.variance = 0.004 * 0.004, .freedom = 8};

static struct processes *begin(enum tier tier)
{
    struct processes *s = calloc(1, sizeof *s);
    processes_begin(s, latency_protocol_of(tier), &prior);
    return s;
}

static struct measurement process(double us, uint32_t windows, uint32_t flags)
{
    struct measurement m = {.n_windows = windows,
                            .flags = flags,
                            .n_samples = 4,
                            .samples_us = xcalloc(4, sizeof(float)),
                            .fingerprint = "kernel=6\nwindows=2\nbatch=1\n"};
    for (uint32_t w = 0; w < windows; w++)
        m.window_median_us[w] = (float)us;
    for (int i = 0; i < 4; i++)
        m.samples_us[i] = (float)(us + i);
    measurement_add(&m, "latency", us / 1e3, us / 1e3, us / 1e3, windows);
    measurement_add(&m, "latency_p90", us / 1e3, us / 1e3, us / 1e3, 4);
    measurement_add(&m, "latency_min", us / 1e3, us / 1e3, us / 1e3, 4);
    return m;
}

static enum processes_step take(struct processes *s, double us, uint32_t flags)
{
    struct measurement m = process(us, 2, flags);
    return processes_take(s, &m, false);
}

static void shares(void **state)
{
    (void)state;
    struct latency_protocol tier, first, next;
    tier = *latency_protocol_of(TIER_SEARCH);
    first = processes_protocol(&tier, 0);
    next = processes_protocol(&tier, 1);
    assert_true(first.windows == 2 && first.windows_max == 2 && first.min_inferences == 10 && first.warmup_ns == tier.warmup_ns);
    assert_true(first.accept_cv == 0 && first.accept_half_width == 0 && first.samples_max == SAMPLES_MAX / 5);
    assert_true(next.windows == 2 && next.window_ns == tier.window_ns && next.warmup_share == 0.25 && first.warmup_share == 1);
    tier = *latency_protocol_of(TIER_SCREEN);
    assert_true(processes_protocol(&tier, 0).windows == 2 && tier.processes == 2);
    tier = *latency_protocol_of(TIER_REPORT);
    first = processes_protocol(&tier, 0); /* whole attempts are its processes */
    assert_true(first.windows == tier.windows && first.windows_max == tier.windows_max && first.accept_cv == tier.accept_cv);
}

static void three_good_ones(void **state)
{
    (void)state;
    struct processes *s = begin(TIER_SEARCH);
    struct measurement m = process(1000, 2, 0), all;
    measurement_add(&m, "accuracy", 90, 89, 91, 10000);
    assert_int_equal(processes_take(s, &m, false), PROCESSES_MORE);
    assert_int_equal(take(s, 1004, FLAG_OUTLIERS), PROCESSES_MORE);
    assert_int_equal(take(s, 996, 0), PROCESSES_DONE);
    processes_finish(s, &all);
    const struct metric_value *v = measurement_metric(&all, "latency");
    struct process_interval i;
    process_interval((const double[]){1000, 1004, 996}, 3, &prior, &i);
    assert_true(fabs(v->value - i.value / 1e3) < 1e-9 && fabs(v->low - i.low / 1e3) < 1e-9 && fabs(v->high - i.high / 1e3) < 1e-9);
    assert_true(v->n == 6 && all.n_windows == 6 && all.n_processes == 3 && all.n_samples == 12 && all.flags == FLAG_OUTLIERS);
    assert_true(all.process_median_us[1] == 1004 && all.window_median_us[4] == 996 && all.process_prior.freedom == 8);
    assert_true(measurement_metric(&all, "latency_min")->value == 0.996 && measurement_metric(&all, "accuracy")->n == 10000);
    assert_null(strstr(all.fingerprint, "windows=2"));
    assert_non_null(strstr(all.fingerprint, "kernel=6\nbatch=1\nprocesses=3\nprocesses_again=0\nwindows=6\n"));
    measurement_fini(&all);
    free(s);
}

static void too_wide_takes_more(void **state)
{
    (void)state;
    struct processes *s = begin(TIER_SEARCH);
    struct measurement all;
    assert_int_equal(take(s, 1000, 0), PROCESSES_MORE);
    assert_int_equal(take(s, 1100, 0), PROCESSES_MORE);
    assert_int_equal(take(s, 900, 0), PROCESSES_MORE);
    assert_int_equal(take(s, 1050, 0), PROCESSES_MORE);
    assert_int_equal(take(s, 950, 0), PROCESSES_DONE);
    processes_finish(s, &all);
    assert_true(all.n_processes == 5 && all.flags == FLAG_NOISY && all.outcome == OUTCOME_OK);
    measurement_fini(&all);
    free(s);
}

static void only_the_bad_one_is_measured_again(void **state)
{
    (void)state;
    struct processes *s = begin(TIER_SEARCH);
    struct measurement all, m = process(1700, 2, FLAG_CONTENDED);
    measurement_add(&m, "accuracy", 90, 89, 91, 10000);
    m.outcome = OUTCOME_INVALID;
    copy_string(m.reason, sizeof m.reason, "contended: x");
    assert_int_equal(processes_take(s, &m, false), PROCESSES_MORE); /* its accuracy stands */
    assert_int_equal(take(s, 1000, 0), PROCESSES_MORE);
    assert_int_equal(take(s, 1500, FLAG_BIMODAL), PROCESSES_MORE);
    assert_int_equal(take(s, 1001, 0), PROCESSES_MORE);
    assert_int_equal(take(s, 1002, 0), PROCESSES_DONE);
    processes_finish(s, &all);
    assert_true(all.outcome == OUTCOME_OK && !all.reason[0] && !all.flags && all.n_processes == 3);
    assert_true(fabs(measurement_metric(&all, "latency")->value - 1.001) < 1e-6 && measurement_metric(&all, "accuracy")->value == 90);
    assert_true(measurement_metric(&all, "latency_min")->value == 1.0);
    assert_non_null(strstr(all.fingerprint, "processes_again=2\n"));
    measurement_fini(&all);
    free(s);
}

static void where_all_are_bad_it_is_told(void **state)
{
    (void)state;
    struct processes *s = begin(TIER_SEARCH);
    struct measurement all;
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(s, 1000 + 10 * i, FLAG_CONTENDED), i < 2 ? PROCESSES_MORE : PROCESSES_DONE);
    processes_finish(s, &all);
    assert_true(all.flags & FLAG_CONTENDED && all.n_processes == 3);
    measurement_fini(&all);
    /* two good ones speak, one does not */
    s->n = 0;
    for (int i = 0; i < 5; i++) {
        enum processes_step step = take(s, 1000, i == 1 || i == 3 ? 0 : FLAG_CONTENDED);
        assert_int_equal(step, i < 4 ? PROCESSES_MORE : PROCESSES_DONE);
    }
    processes_finish(s, &all);
    assert_true(!(all.flags & FLAG_CONTENDED) && all.n_processes == 2);
    measurement_fini(&all);
    for (int i = 0; i < 4; i++)
        assert_int_equal(take(s, 1000, i == 1 ? 0 : FLAG_CONTENDED), i < 3 ? PROCESSES_MORE : PROCESSES_DONE);
    processes_finish(s, &all);
    assert_true(all.flags & FLAG_CONTENDED && all.n_processes == 4);
    measurement_fini(&all);
    free(s);
}

static void energy_is_spoilt_with_its_process(void **state)
{
    (void)state;
    struct processes *s = begin(TIER_SEARCH);
    struct measurement all, m = process(1700, 2, FLAG_CONTENDED);
    measurement_add(&m, "energy", 7, 6, 8, 5);
    assert_int_equal(processes_take(s, &m, true), PROCESSES_AGAIN);
    m = process(1000, 2, 0);
    measurement_add(&m, "energy", 3, 2, 4, 5);
    assert_int_equal(processes_take(s, &m, true), PROCESSES_MORE);
    assert_int_equal(take(s, 1000, FLAG_CONTENDED), PROCESSES_MORE);
    assert_int_equal(take(s, 1000, 0), PROCESSES_MORE);
    assert_int_equal(take(s, 1000, 0), PROCESSES_DONE);
    processes_finish(s, &all);
    assert_true(measurement_metric(&all, "energy")->value == 3 && all.n_processes == 3);
    measurement_fini(&all);
    free(s);
}

static void other_ends_stand_alone(void **state)
{
    (void)state;
    struct processes *s = begin(TIER_SEARCH);
    struct measurement all, m = {.outcome = OUTCOME_INFEASIBLE, .reason = "too big"};
    assert_int_equal(take(s, 1000, 0), PROCESSES_MORE);
    assert_int_equal(processes_take(s, &m, false), PROCESSES_DONE);
    processes_finish(s, &all);
    assert_true(all.outcome == OUTCOME_INFEASIBLE && !all.n_samples && !strcmp(all.reason, "too big"));
    m = (struct measurement){0}; /* no latency was wanted */
    measurement_add(&m, "accuracy", 90, 89, 91, 10000);
    assert_int_equal(processes_take(s, &m, false), PROCESSES_DONE);
    processes_finish(s, &all);
    assert_true(all.outcome == OUTCOME_OK && all.n_metrics == 1 && !all.n_processes);
    m = (struct measurement){.outcome = OUTCOME_INVALID, .reason = "too_hot: 99 C"}; /* nothing was measured */
    assert_int_equal(processes_take(s, &m, false), PROCESSES_DONE);
    processes_finish(s, &all);
    assert_int_equal(all.outcome, OUTCOME_INVALID);
    assert_int_equal(take(s, 1000, 0), PROCESSES_MORE); /* given up in the middle */
    processes_fini(s);
    free(s);
}

static void one_pass_of_report(void **state)
{
    (void)state;
    struct processes *s = begin(TIER_REPORT);
    struct measurement all, m = process(1000, 3, FLAG_BIMODAL);
    assert_int_equal(processes_take(s, &m, false), PROCESSES_DONE);
    processes_finish(s, &all);
    const struct metric_value *v = measurement_metric(&all, "latency");
    assert_true(all.n_processes == 1 && all.flags == FLAG_BIMODAL && all.n_windows == 3);
    assert_true(fabs(log(v->high / v->value) - student_quantile(8) * 0.004) < 1e-6); /* what the board knows of one process */
    measurement_fini(&all);
    free(s);
}

static void components(void **state)
{
    (void)state;
    const float process_us[] = {100, 104}, window_us[] = {99, 101, 103, 105};
    double process_sd, window_sd;
    processes_components(process_us, 2, window_us, 4, &process_sd, &window_sd);
    double within = (pow(log(101. / 99), 2) / 2 + pow(log(105. / 103), 2) / 2) / 2, between = pow(log(1.04), 2) / 2;
    assert_true(fabs(window_sd - sqrt(within)) < 1e-7 && fabs(process_sd - sqrt(between - within / 2)) < 1e-7);
    processes_components(process_us, 1, window_us, 2, &process_sd, &window_sd);
    assert_true(process_sd == 0 && window_sd > 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shares),
                                       cmocka_unit_test(three_good_ones),
                                       cmocka_unit_test(too_wide_takes_more),
                                       cmocka_unit_test(only_the_bad_one_is_measured_again),
                                       cmocka_unit_test(where_all_are_bad_it_is_told),
                                       cmocka_unit_test(energy_is_spoilt_with_its_process),
                                       cmocka_unit_test(other_ends_stand_alone),
                                       cmocka_unit_test(one_pass_of_report),
                                       cmocka_unit_test(components)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
