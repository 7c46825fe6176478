/* Retention: samples of old measurements go, in small steps and across a restart; young ones and everything else stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "farm.h"

#define DAY (86400 * SONATA_SECOND)

static void answer_with_samples(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    for (uint32_t i = 0; i < job->n_metrics; i++) {
        double v = 1 + job->genotype.allele[i];
        measurement_add(m, job->metric[i], v, v, v, 1);
    }
    m->n_samples = 50;
    m->samples_us = xcalloc(50, sizeof *m->samples_us);
}

struct tally {
    uint32_t with, without;
};

static bool tally(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct tally *t = user;
    struct measurement m;
    (void)key;
    (void)n_key;
    assert_int_equal(measurement_decode(value, n_value, &m, NULL), 0);
    assert_true(m.n_metrics > 0);
    t->with += m.n_samples > 0;
    t->without += m.n_samples == 0;
    measurement_fini(&m);
    return true;
}

static struct tally count(struct farm *f)
{
    struct tally t = {0};
    assert_int_equal(store_scan(f->store, STORE_MEASUREMENT, (struct store_key){0}, 0, tally, &t), 0);
    return t;
}

static uint64_t work(struct farm *f, uint64_t seed)
{
    struct search_spec *spec = farm_spec("s", "random", 30, seed);
    uint64_t id = farm_submit(f, spec);
    free(spec);
    farm_heartbeat(f);
    farm_work(f, id, 5000);
    assert_int_equal(run_search_by_id(f->run, id)->state, SEARCH_DONE);
    return count(f).with;
}

static void test_old_samples_go(void **state)
{
    (void)state;
    struct farm f;
    farm_open(&f, 3);
    farm_crash(&f);
    f.config.keep_samples_ns = 30 * DAY;
    f.wall = 1000 * DAY;
    f.answer = answer_with_samples;
    farm_start(&f);
    farm_add_board(&f, "b1", "pi", "accuracy latency");
    farm_hello(&f);
    uint64_t old = work(&f, 1);
    assert_true(old >= 30);
    f.wall += 20 * DAY;
    uint64_t both = work(&f, 2), young = both - old;
    assert_true(young > 0);
    assert_int_equal(count(&f).without, 0);

    f.wall += 15 * DAY; /* the first are 35 days old, the second 15 */
    f.now += 61 * SONATA_SECOND;
    farm_turn(&f);
    assert_int_equal(count(&f).without, 8); /* one step */
    farm_crash(&f);
    farm_start(&f);
    for (int i = 0; i < 20; i++) {
        f.now += 11 * SONATA_MS;
        farm_turn(&f);
    }
    struct tally t = count(&f);
    assert_int_equal(t.without, old);
    assert_int_equal(t.with, young);
    assert_int_equal(farm_check(&f), 0);

    f.now += 61 * SONATA_SECOND;
    farm_turn(&f);
    uint64_t reached = store_counter(f.store, "samples_dropped");
    f.wall += 100 * DAY;
    for (int i = 0; i < 200; i++) {
        f.now += SONATA_SECOND;
        farm_turn(&f);
    }
    assert_int_equal(count(&f).with, 0);
    assert_true(store_counter(f.store, "samples_dropped") > reached);
    assert_int_equal(farm_check(&f), 0);
    farm_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_old_samples_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
