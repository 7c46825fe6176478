/* The latency protocol against a scripted network on a fake clock: durations, batches, warm-up, added windows, flags, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "measure/latency.h"

#define MS INT64_C(1000000)

struct fake {
    int64_t now_ns;
    uint64_t calls;
    int64_t (*latency_ns)(struct fake *f);
    struct rng rng;
    uint64_t fail_at;
};

static int infer(void *user)
{
    struct fake *f = user;
    if (f->fail_at && f->calls == f->fail_at)
        return -ENOMEM;
    f->now_ns += f->latency_ns(f);
    f->calls++;
    return 0;
}

static int64_t now_ns(void *user)
{
    return ((struct fake *)user)->now_ns;
}

static int64_t constant_1ms(struct fake *f) { (void)f; return MS; }
static int64_t constant_7us(struct fake *f) { (void)f; return 7000; }
static int64_t constant_20ms(struct fake *f) { (void)f; return 20 * MS; }
static int64_t jitter_1ms(struct fake *f) { return (int64_t)(1e6 * exp(0.005 * rng_normal(&f->rng))); }
/* A second of decreasing latency (cold caches, rising clock), then steady. */
static int64_t slow_start(struct fake *f) { return f->now_ns < 4000 * MS ? 2 * MS - f->now_ns / 4000 : MS; }
/* Never settles: 10 % up and down with a period of about a second. */
static int64_t drifting(struct fake *f) { return (int64_t)(1e6 * (1 + 0.1 * sin((double)f->now_ns / 3e8))); }
static int64_t two_clocks(struct fake *f) { return f->calls % 2 ? 1000000 : 1500000; }
static int64_t spikes(struct fake *f) { return f->calls % 10 == 3 ? 3000000 : (int64_t)(1e6 * exp(0.01 * rng_normal(&f->rng))); }
/* Noisy for the first ten seconds of measuring, then calm: added windows help. */
static int64_t noisy_then_calm(struct fake *f)
{
    bool hog = f->now_ns > 6000 * MS && f->now_ns < 9000 * MS;
    return (int64_t)(1e6 * (hog ? 1.06 : 1) * exp(0.001 * rng_normal(&f->rng)));
}

static struct latency_result measure(enum tier tier, int64_t (*latency)(struct fake *), struct fake *f)
{
    *f = (struct fake){.latency_ns = latency, .rng = rng_seeded(11, 0)};
    struct latency_target target = {infer, now_ns, f};
    struct latency_protocol p;
    struct latency_result r = {0};
    struct sonata_error err = {0};
    p = *latency_protocol_of(tier);
    assert_int_equal(latency_protocol_check(&p, &err), 0);
    assert_int_equal(latency_measure(&p, &target, &r, &err), 0);
    return r;
}

static void search_tier_durations(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SEARCH, constant_1ms, &f);
    assert_true(r.median_us == 1000 && r.low_us == 1000 && r.high_us == 1000 && r.p99_us == 1000 && r.mad_us == 0);
    assert_int_equal(r.flags, 0);
    assert_int_equal(r.n_windows, 6);
    assert_int_equal(r.batch, 1);
    assert_true(r.coverage > 0.95);
    assert_true(r.warmup_ns >= 3000 * MS && r.warmup_ns < 3600 * MS);
    assert_true(r.measure_ns == 12000 * MS);
    assert_int_equal(r.n_samples, 12000);
    assert_int_equal(r.dropped, 0);
    latency_result_fini(&r);
}

static void fast_networks_are_batched(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SEARCH, constant_7us, &f);
    assert_int_equal(r.batch, 58); /* 400 us: 100,000 samples in 20 windows of 2 s */
    assert_true(fabs(r.median_us - 7) < 1e-9);
    assert_int_equal(r.dropped, 0);
    latency_result_fini(&r);
    r = measure(TIER_SCREEN, constant_7us, &f);
    assert_int_equal(r.batch, 15); /* 105 us */
    latency_result_fini(&r);
}

static void screen_scales_with_the_network(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SCREEN, constant_7us, &f);
    latency_result_fini(&r);
    assert_true(f.now_ns < 450 * MS);
    r = measure(TIER_SCREEN, constant_1ms, &f);
    assert_int_equal(r.n_windows, 3);
    assert_true(f.now_ns < 650 * MS);
    latency_result_fini(&r);
    r = measure(TIER_SCREEN, constant_20ms, &f);
    assert_true(r.measure_ns >= 1500 * MS && r.warmup_ns >= 1000 * MS); /* the full half-second windows */
    assert_true(r.inferences >= 10);
    latency_result_fini(&r);
}

static void a_share_of_the_warm_up(void **state)
{
    (void)state;
    struct fake f = {.latency_ns = constant_1ms, .rng = rng_seeded(11, 0)};
    struct latency_target target = {infer, now_ns, &f};
    struct latency_protocol p;
    struct latency_result r = {0};
    struct sonata_error err = {0};
    p = *latency_protocol_of(TIER_SCREEN);
    p.warmup_share = 0.25; /* of the 100 ms that 100 inferences take */
    assert_int_equal(latency_measure(&p, &target, &r, &err), 0);
    assert_true(r.warmup_ns == 75 * MS && r.measure_ns == 300 * MS);
    latency_result_fini(&r);
}

static void warm_up_waits_for_stability(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SEARCH, slow_start, &f);
    assert_int_equal(r.flags, 0);
    assert_true(r.warmup_ns > 4000 * MS && r.warmup_ns < 6500 * MS);
    assert_true(r.median_us == 1000);
    latency_result_fini(&r);
}

static void warm_up_cap(void **state)
{
    (void)state;
    struct fake f;
    struct latency_protocol p;
    struct sonata_error err = {0};
    p = *latency_protocol_of(TIER_SEARCH);
    p.warmup_spread = 0.001;
    f = (struct fake){.latency_ns = drifting};
    struct latency_target target = {infer, now_ns, &f};
    struct latency_result r;
    assert_int_equal(latency_measure(&p, &target, &r, &err), 0);
    assert_true(r.flags & FLAG_WARMUP_NOT_STABLE);
    assert_true(r.warmup_ns >= 30000 * MS && r.warmup_ns < 31000 * MS);
    latency_result_fini(&r);
}

static void jitter_gives_an_interval_around_the_truth(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SEARCH, jitter_1ms, &f);
    assert_int_equal(r.flags, 0);
    assert_true(r.low_us <= r.median_us && r.median_us <= r.high_us);
    assert_true(fabs(r.median_us - 1000) < 2 && r.high_us - r.low_us < 5);
    assert_true(fabs(r.p90_us - 1006.4) < 1.5 && fabs(r.mad_us - 3.37) < 0.5);
    latency_result_fini(&r);
}

static void windows_are_added_until_accepted(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SEARCH, noisy_then_calm, &f);
    assert_in_range(r.n_windows, 7, 20);
    assert_int_equal(r.flags & FLAG_NOISY, 0);
    assert_true(fabs(r.median_us - 1000) < 3);
    latency_result_fini(&r);
}

static int64_t window_noise(struct fake *f)
{
    return (int64_t)(1e6 * (1 + 0.08 * (double)((f->now_ns / (2000 * MS)) % 3)));
}

static void noisy_at_the_cap(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SEARCH, window_noise, &f);
    assert_true(r.flags & FLAG_NOISY);
    assert_int_equal(r.n_windows, 20);
    latency_result_fini(&r);
    r = measure(TIER_SCREEN, drifting, &f);
    assert_int_equal(r.n_windows, 3);
    latency_result_fini(&r);
}

static void shapes_are_flagged(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SEARCH, two_clocks, &f);
    assert_true(r.flags & FLAG_BIMODAL);
    latency_result_fini(&r);
    r = measure(TIER_SEARCH, spikes, &f);
    assert_true(r.flags & FLAG_OUTLIERS);
    assert_int_equal(r.flags & FLAG_BIMODAL, 0);
    assert_true(fabs(r.median_us - 1001) < 3); /* spikes are kept, and do not move the median */
    assert_true(r.p99_us > 2900);
    latency_result_fini(&r);
}

static void an_error_ends_it(void **state)
{
    (void)state;
    const uint64_t when[] = {1, 500, 8000};
    for (size_t i = 0; i < 3; i++) {
        struct fake f = {.latency_ns = constant_1ms, .fail_at = when[i]};
        struct latency_target target = {infer, now_ns, &f};
        struct latency_protocol p;
        struct latency_result r;
        struct sonata_error err = {0};
        p = *latency_protocol_of(TIER_SEARCH);
        assert_int_equal(latency_measure(&p, &target, &r, &err), -ENOMEM);
        assert_non_null(strstr(err.text, "memory"));
    }
}

static int64_t no_time(struct fake *f) { (void)f; return 0; }

static void a_clock_that_stands_still_is_an_error(void **state)
{
    (void)state;
    struct fake f = {.latency_ns = no_time};
    struct latency_target target = {infer, now_ns, &f};
    struct latency_protocol p;
    struct latency_result r;
    struct sonata_error err = {0};
    p = *latency_protocol_of(TIER_SCREEN);
    assert_int_equal(latency_measure(&p, &target, &r, &err), -EIO);
}

static void report_moves_into_a_measurement(void **state)
{
    (void)state;
    struct fake f;
    struct latency_result r = measure(TIER_SCREEN, jitter_1ms, &f);
    uint32_t n = r.n_samples;
    struct measurement m = {0};
    latency_result_report(&r, &m);
    assert_int_equal(m.n_samples, n);
    assert_int_equal(m.n_windows, 3);
    const struct metric_value *v = measurement_metric(&m, "latency");
    assert_true(fabs(v->value - 1) < 0.01 && v->low <= v->value && v->value <= v->high);
    assert_int_equal(v->n, 3);
    assert_non_null(measurement_metric(&m, "latency_p90"));
    assert_null(r.samples_us);
    measurement_fini(&m);
}

static void bad_numbers(void **state)
{
    (void)state;
    struct latency_protocol p;
    struct sonata_error err = {0};
    p = *latency_protocol_of(TIER_REPORT);
    p.windows = 2;
    assert_int_equal(latency_protocol_check(&p, &err), -EINVAL);
    assert_non_null(strstr(err.text, "windows"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_tier_durations),
        cmocka_unit_test(fast_networks_are_batched),
        cmocka_unit_test(screen_scales_with_the_network),
        cmocka_unit_test(a_share_of_the_warm_up),
        cmocka_unit_test(warm_up_waits_for_stability),
        cmocka_unit_test(warm_up_cap),
        cmocka_unit_test(jitter_gives_an_interval_around_the_truth),
        cmocka_unit_test(windows_are_added_until_accepted),
        cmocka_unit_test(noisy_at_the_cap),
        cmocka_unit_test(shapes_are_flagged),
        cmocka_unit_test(an_error_ends_it),
        cmocka_unit_test(a_clock_that_stands_still_is_an_error),
        cmocka_unit_test(report_moves_into_a_measurement),
        cmocka_unit_test(bad_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
