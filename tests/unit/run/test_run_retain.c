/* Retention: samples of old measurements go, in small steps and across a restart; young ones and everything else stay. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

/* What hardly packs, as real samples do. */
static void answer_with_many_samples(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    answer_with_samples(f, job, m);
    m->n_samples = 2000;
    m->samples_us = xreallocarray(m->samples_us, m->n_samples, sizeof *m->samples_us);
    for (uint32_t i = 0; i < m->n_samples; i++)
        m->samples_us[i] = (float)(1000 * (1 + rng_uniform(&f->rng)));
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
    assert_int_equal(engine_search_by_id(f->run, id)->state, SEARCH_DONE);
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

static void open_farm(struct farm *f, uint64_t seed)
{
    farm_open(f, seed);
    farm_crash(f);
    f->wall = 1000 * DAY;
    f->answer = answer_with_samples;
    farm_start(f);
    farm_add_board(f, "b1", "pi", "accuracy latency");
    farm_hello(f);
}

static void restart_with(struct farm *f, uint64_t samples_max, int64_t keep_events_ns)
{
    farm_crash(f);
    f->config.samples_max = samples_max;
    f->config.keep_events_ns = keep_events_ns;
    farm_start(f);
    farm_hello(f);
}

static void turns(struct farm *f, int n)
{
    for (int i = 0; i < n; i++) {
        f->now += 61 * SONATA_SECOND;
        farm_heartbeat(f);
        farm_turn(f);
    }
}

/* Room: the oldest samples go until all measurements take less; the last hour's stay whatever they take. */
static void test_room_is_kept(void **state)
{
    (void)state;
    struct farm f;
    open_farm(&f, 4);
    f.answer = answer_with_many_samples;
    uint64_t n = 0;
    for (uint64_t seed = 1; seed <= 8; seed++)
        n = work(&f, seed);
    uint64_t before = store_size(f.store, STORE_MEASUREMENT), limit = before - before / 4;
    restart_with(&f, limit, 0);
    turns(&f, 50);
    assert_int_equal(count(&f).without, 0); /* all of the last hour by the wall clock */
    f.wall += 2 * 3600 * SONATA_SECOND;
    turns(&f, 200);
    struct tally t = count(&f);
    assert_true(t.without > 0 && t.with > 0);
    assert_int_equal(t.with + t.without, n);
    assert_true(store_size(f.store, STORE_MEASUREMENT) <= limit);
    uint64_t kept = t.with;
    turns(&f, 50);
    assert_int_equal(count(&f).with, kept); /* enough is enough */

    restart_with(&f, 1, 0); /* cannot be reached: all samples go, the values stay */
    turns(&f, 400);
    t = count(&f);
    assert_int_equal(t.with, 0);
    assert_int_equal(t.without, n);
    assert_int_equal(farm_check(&f), 0);
    farm_close(&f);
}

static bool count_record(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    (void)key, (void)n_key, (void)value, (void)n_value;
    ++*(uint64_t *)user;
    return true;
}

static uint64_t events_of(struct farm *f, uint64_t id)
{
    uint64_t n = 0;
    assert_int_equal(store_scan(f->store, STORE_EVENT, key_u64_pair(id, 0), 8, count_record, &n), 0);
    return n;
}

static int replay(struct farm *f, uint64_t id, struct sonata_error *err)
{
    uint64_t events;
    uint32_t proposals;
    return engine_replay(f->store, id, &events, &proposals, err);
}

/* The log of a search that ended goes in steps, across a restart. What is left says so, and the search goes on from its snapshot. */
static void test_old_events_go(void **state)
{
    (void)state;
    struct farm f;
    struct sonata_error err = {""};
    open_farm(&f, 5);
    struct search_spec *spec = farm_spec("old", "nsga2", 400, 1);
    uint64_t old = farm_submit(&f, spec);
    farm_work(&f, old, 50000);
    assert_int_equal(engine_search_by_id(f.run, old)->state, SEARCH_DONE);
    uint64_t all = engine_search_by_id(f.run, old)->events;
    assert_true(all > 400);
    f.wall += 20 * DAY;
    spec->seed = 2;
    spec->budget_evaluations = 30;
    copy_string(spec->name, sizeof spec->name, "young");
    uint64_t young = farm_submit(&f, spec);
    farm_work(&f, young, 5000);
    spec->seed = 3;
    copy_string(spec->name, sizeof spec->name, "running");
    uint64_t running = farm_submit(&f, spec);
    free(spec);
    farm_turn(&f);
    assert_int_equal(engine_control(f.run, running, ENGINE_PAUSE, 0, &err), 0);
    farm_turn(&f);
    uint64_t of_young = events_of(&f, young), of_running = events_of(&f, running);

    f.wall += 15 * DAY;
    assert_int_equal(events_of(&f, old), all);
    restart_with(&f, 0, 30 * DAY);
    turns(&f, 1);
    assert_int_equal(engine_search_by_id(f.run, old)->events_from, 256); /* one step */
    assert_int_equal(events_of(&f, old), all - 256);
    assert_int_equal(farm_check(&f), 0); /* in the middle, too */
    restart_with(&f, 0, 30 * DAY);
    turns(&f, 20);
    assert_int_equal(events_of(&f, old), 1);
    assert_int_equal(events_of(&f, young), of_young);
    assert_true(events_of(&f, running) >= of_running);
    assert_int_equal(engine_search_by_id(f.run, running)->events_from, 0);
    assert_int_equal(engine_search_by_id(f.run, old)->events_from, all - 1);
    assert_int_equal(farm_check(&f), 0);
    assert_int_equal(replay(&f, old, &err), -ENODATA);
    assert_non_null(strstr(err.text, "--keep-events"));
    assert_int_equal(replay(&f, young, &err), 0);

    assert_int_equal(engine_control(f.run, old, ENGINE_EXTEND, 20, &err), 0);
    farm_work(&f, old, 50000);
    assert_int_equal(engine_search_by_id(f.run, old)->charged, 420);
    assert_int_equal(farm_check(&f), 0);

    store_erase(f.store, STORE_EVENT, key_u64_pair(old, all + 3)); /* a lost event is not taken for a dropped one */
    assert_int_equal(store_commit(f.store, &err), 0);
    assert_true(farm_check(&f) > 0);
    farm_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_old_samples_go), cmocka_unit_test(test_room_is_kept),
                                       cmocka_unit_test(test_old_events_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
