/* Promise 2: with a fixed order of results, a search killed at any moment proposes exactly what an uninterrupted one proposes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "farm.h"
#include "store/store.h"

enum { BUDGET = 120 };

struct outcome_of_run {
    uint32_t n;
    struct genotype genotype[2 * BUDGET];
    uint32_t told_order[2 * BUDGET];
    uint64_t *front;
    uint32_t n_front;
    double hypervolume;
};

static void read_outcome(struct farm *f, uint64_t id, struct outcome_of_run *out)
{
    const struct search_record *s = engine_search_by_id(f->run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->charged, BUDGET);
    *out = (struct outcome_of_run){.n = s->asked, .hypervolume = s->hypervolume};
    assert_true(s->asked <= 2 * BUDGET);
    for (uint32_t i = 0; i < s->asked; i++) {
        struct individual_record r = farm_individual(f, id, i);
        out->genotype[i] = r.genotype;
        out->told_order[i] = r.told_order;
    }
    assert_int_equal(engine_front(f->run, id, &out->front, &out->n_front, NULL), 0);
    assert_true(out->n_front > 3);
}

static void assert_same(const struct outcome_of_run *a, const struct outcome_of_run *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->genotype, b->genotype, a->n * sizeof *a->genotype);
    assert_memory_equal(a->told_order, b->told_order, a->n * sizeof *a->told_order);
    assert_int_equal(a->n_front, b->n_front);
    assert_memory_equal(a->front, b->front, a->n_front * sizeof *a->front);
    assert_true(a->hypervolume == b->hypervolume);
}

static void prepare(struct farm *f, uint64_t seed)
{
    farm_open(f, seed);
    f->config.sched.max_infra = 1000;
    f->config.sched.backoff_ns = SONATA_MS;
    farm_crash(f);
    farm_start(f);
    farm_add_board(f, "pi-1", "pi", "accuracy latency");
    farm_add_board(f, "pi-2", "pi", "accuracy latency");
    farm_hello(f);
}

static struct search_spec *spec_for(const char *algorithm)
{
    struct search_spec *spec = farm_spec("s", algorithm, BUDGET, 5);
    farm_option(spec, "order", "proposal");
    return spec;
}

/* One result on its way, with a death of the master, the worker or both somewhere in between. */
static void step_with_kills(struct farm *f)
{
    uint32_t what = rng_below(&f->rng, 12);
    if (f->n_held) {
        uint32_t i = rng_below(&f->rng, f->n_held);
        farm_measure(f, i);
        farm_send(f, i); /* what == 0: dies before the commit; the spool keeps it */
        if (what != 0) {
            uint64_t attempt = f->held[i].job.attempt;
            farm_turn(f);
            for (uint32_t n = f->n_held; n-- > 0 && what != 1;) { /* what == 1: committed, but the acknowledgement is lost */
                if (f->held[n].job.attempt == attempt)
                    farm_drop(f, n);
            }
        }
    } else {
        f->now += 50 * SONATA_MS;
        farm_turn(f);
    }
    if (what <= 2) {
        farm_crash(f);
        if (what == 2)
            farm_worker_restart(f);
        farm_start(f);
        farm_hello(f);
        farm_turn(f);
    } else if (what == 3) {
        farm_worker_restart(f);
        farm_hello(f);
    } else if (what == 4 && f->n_held) { /* a result sent twice */
        farm_measure(f, 0);
        const char *verdict = farm_send(f, 0);
        assert_true(!strcmp(verdict, "accepted") || !strcmp(verdict, "duplicate"));
        assert_string_equal(farm_send(f, 0), "duplicate");
        farm_turn(f);
        farm_drop(f, 0);
    }
}

static void same_after_kills(const char *algorithm)
{
    struct search_spec *spec = spec_for(algorithm);
    struct outcome_of_run calm, stormy;
    struct farm f;
    prepare(&f, 1);
    uint64_t id = farm_submit(&f, spec);
    farm_work(&f, id, 5000);
    read_outcome(&f, id, &calm);
    assert_int_equal(f.measured, BUDGET);
    assert_int_equal(farm_check(&f), 0);
    farm_close(&f);
    for (uint64_t seed = 100; seed < 104; seed++) {
        prepare(&f, seed);
        id = farm_submit(&f, spec);
        farm_turn(&f);
        for (int k = 0; k < 20000 && engine_search_by_id(f.run, id)->state == SEARCH_RUNNING; k++)
            step_with_kills(&f);
        farm_turn(&f);
        read_outcome(&f, id, &stormy);
        assert_same(&calm, &stormy);
        assert_int_equal(farm_check(&f), 0);
        farm_close(&f);
        free(stormy.front);
    }
    free(calm.front);
    free(spec);
}

static void test_nsga2(void **state)
{
    (void)state;
    same_after_kills("nsga2");
}

static void test_random(void **state)
{
    (void)state;
    same_after_kills("random");
}

static void test_surrogate(void **state)
{
    (void)state;
    same_after_kills("sonata+");
}

/* The forests lie beside the snapshot while the search runs, are those that it would grow, and go when it ends. */
static void test_forests_are_kept(void **state)
{
    (void)state;
    struct farm f;
    prepare(&f, 8);
    struct search_spec *spec = spec_for("sonata");
    uint64_t id = farm_submit(&f, spec);
    while (store_count(f.store, STORE_SURROGATE) == 0 || engine_search_by_id(f.run, id)->told < 70)
        farm_work(&f, id, 1);
    assert_int_equal(farm_check(&f), 0);
    farm_crash(&f);
    farm_start(&f);
    farm_hello(&f);
    assert_int_equal(farm_check(&f), 0);

    cleanup_bytes struct bytes b = {0};
    assert_int_equal(store_get(f.store, STORE_SURROGATE, key_u64(id), &b), 0);
    b.data[b.size / 2] ^= 1;
    store_put(f.store, STORE_SURROGATE, key_u64(id), b.data, b.size);
    assert_int_equal(store_commit(f.store, NULL), 0);
    assert_int_equal(farm_check(&f), 1); /* damage is found … */
    farm_crash(&f);
    farm_start(&f); /* … and does no harm */
    farm_hello(&f);
    farm_work(&f, id, 5000);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_DONE);
    assert_int_equal(store_count(f.store, STORE_SURROGATE), 0);
    assert_int_equal(farm_check(&f), 0);
    free(spec);
    farm_close(&f);
}

static bool count_hints(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct event_record e;
    (void)key;
    (void)n_key;
    assert_int_equal(event_record_decode(value, n_value, &e), 0);
    if (e.type == EVENT_HINT) {
        assert_int_equal(e.wanted, 0); /* the accuracy; the latency is of another board */
        assert_true(e.objective[0] < 0);
        ++*(uint32_t *)user;
    }
    return true;
}

/* A fork for another board: the parent's accuracies are hints, after a death too; the fork replays. */
static void test_fork_for_another_board_starts_warm(void **state)
{
    (void)state;
    struct farm f;
    prepare(&f, 10);
    farm_add_board(&f, "jet-1", "jet", "accuracy latency");
    farm_hello(&f);
    struct search_spec *spec = farm_spec("s", "nsga2", 40, 5);
    uint64_t parent = farm_submit(&f, spec), fork, events;
    uint32_t hints = 0, proposals;
    struct sonata_error err = {{0}};
    farm_work(&f, parent, 5000);
    assert_int_equal(engine_search_by_id(f.run, parent)->state, SEARCH_DONE);
    copy_string(spec->algorithm, sizeof spec->algorithm, "sonata+");
    copy_string(spec->objective[1].board, sizeof spec->objective[1].board, "jet");
    if (engine_fork(f.run, parent, spec, &(struct engine_owner){.team = ""}, &fork, &err))
        fail_msg("%s", err.text);
    farm_turn(&f);
    farm_crash(&f);
    farm_start(&f);
    farm_hello(&f);
    farm_work(&f, fork, 5000);
    assert_int_equal(engine_search_by_id(f.run, fork)->state, SEARCH_DONE);
    assert_int_equal(store_scan(f.store, STORE_EVENT, key_u64_pair(fork, 0), 8, count_hints, &hints), 0);
    assert_int_equal(hints, 40);
    if (engine_replay(f.store, fork, &events, &proposals, &err))
        fail_msg("%s", err.text);
    assert_int_equal(farm_check(&f), 0);
    free(spec);
    farm_close(&f);
}

/* A search starts with a policy, is resumed and replayed with it; one of another algorithm is refused. */
static void test_policy_is_part_of_the_search(void **state)
{
    (void)state;
    struct farm f;
    prepare(&f, 9);
    struct search_spec *spec = spec_for("sonata");
    struct core_params params = {.algorithm = "sonata", .n_objectives = 2, .budget = BUDGET, .seed = 77};
    struct sonata_error err = {{0}};
    struct core *teacher;
    cleanup_bytes struct bytes policy = {0};
    assert_int_equal(core_new(&spec->space, &params, &teacher, &err), 0);
    for (uint32_t i = 0; i < 80; i++) {
        struct core_proposal p;
        assert_int_equal(core_ask(teacher, 1, &p), 1);
        double x = p.genotype.allele[0] + p.genotype.allele[1], y = p.genotype.allele[2];
        assert_int_equal(core_tell(teacher, p.id, &(struct core_result){.objective = {x - y, 6 - x + 0.1 * y}}), 0);
    }
    core_policy_save(teacher, &policy);
    core_free(teacher);
    assert_true(policy.size > 0 && policy.size <= SPEC_POLICY_MAX);
    spec->policy_size = (uint32_t)policy.size;
    memcpy(spec->policy, policy.data, policy.size);
    uint64_t id = farm_submit(&f, spec), events;
    farm_work(&f, id, 30); /* no snapshot may hold it yet, or one may */
    farm_crash(&f);
    farm_start(&f);
    farm_hello(&f);
    farm_work(&f, id, 5000);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_DONE);
    uint32_t proposals;
    if (engine_replay(f.store, id, &events, &proposals, &err))
        fail_msg("%s", err.text);
    copy_string(spec->algorithm, sizeof spec->algorithm, "sonata+");
    uint64_t refused;
    assert_int_equal(engine_submit(f.run, spec, &(struct engine_owner){.team = ""}, &refused, &err), -EINVAL);
    assert_non_null(strstr(err.text, "another algorithm"));
    copy_string(spec->algorithm, sizeof spec->algorithm, "sonata");
    spec->policy[5] ^= 1;
    assert_int_equal(engine_submit(f.run, spec, &(struct engine_owner){.team = ""}, &refused, &err), -EINVAL);
    assert_non_null(strstr(err.text, "damaged"));
    free(spec);
    farm_close(&f);
}

static void test_uncommitted_submission_is_gone(void **state)
{
    (void)state;
    struct farm f;
    prepare(&f, 3);
    struct search_spec *spec = spec_for("nsga2");
    farm_submit(&f, spec);
    farm_crash(&f);
    farm_start(&f);
    assert_int_equal(engine_search_count(f.run), 0);
    farm_submit(&f, spec);
    farm_turn(&f);
    farm_crash(&f);
    farm_start(&f);
    assert_int_equal(engine_search_count(f.run), 1);
    free(spec);
    farm_close(&f);
}

static void test_extend_goes_on(void **state)
{
    (void)state;
    struct farm f;
    prepare(&f, 4);
    struct search_spec *spec = farm_spec("s", "nsga2", 40, 9);
    uint64_t id = farm_submit(&f, spec);
    farm_work(&f, id, 2000);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_DONE);
    assert_int_equal(engine_control(f.run, id, ENGINE_EXTEND, 20, NULL), 0);
    farm_work(&f, id, 2000);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_DONE);
    assert_int_equal(engine_search_by_id(f.run, id)->charged, 60);
    assert_int_equal(farm_check(&f), 0);
    free(spec);
    farm_close(&f);
}

static void test_pause_and_cancel(void **state)
{
    (void)state;
    struct farm f;
    prepare(&f, 6);
    struct search_spec *spec = farm_spec("s", "random", 50, 9);
    uint64_t id = farm_submit(&f, spec);
    farm_work(&f, id, 10);
    assert_int_equal(engine_control(f.run, id, ENGINE_PAUSE, 0, NULL), 0);
    farm_work(&f, id, 10);
    while (f.n_held) {
        farm_measure(&f, 0);
        assert_string_equal(farm_send(&f, 0), "accepted");
        farm_turn(&f);
        farm_drop(&f, 0);
    }
    farm_turn(&f);
    assert_int_equal(f.n_held, 0); /* nothing new is given out */
    farm_crash(&f);
    farm_start(&f);
    farm_hello(&f);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_PAUSED);
    assert_int_equal(engine_control(f.run, id, ENGINE_RESUME, 0, NULL), 0);
    farm_turn(&f);
    farm_turn(&f);
    assert_true(f.n_held > 0);
    assert_int_equal(engine_control(f.run, id, ENGINE_CANCEL, 0, NULL), 0);
    farm_turn(&f);
    assert_int_equal(f.n_held, 0); /* canceled on the board as well */
    assert_true(f.canceled > 0);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_CANCELED);
    assert_int_not_equal(engine_control(f.run, id, ENGINE_RESUME, 0, NULL), 0);
    assert_int_equal(farm_check(&f), 0);
    free(spec);
    farm_close(&f);
}

/* No result comes that would store the header: the time it ran counts all the same. */
static void test_wall_clock_budget_goes_on(void **state)
{
    (void)state;
    struct farm f;
    prepare(&f, 5);
    struct search_spec *spec = spec_for("random");
    spec->budget_wall_ns = 600 * SONATA_SECOND;
    uint64_t id = farm_submit(&f, spec);
    free(spec);
    for (int minute = 0; minute < 9; minute++) {
        farm_turn(&f);
        assert_true(farm_turn(&f) <= f.now + 600 * SONATA_SECOND); /* somebody wakes it in time */
        f.now += 60 * SONATA_SECOND;
        f.wall += 60 * SONATA_SECOND;
        farm_turn(&f);
        farm_crash(&f);
        farm_start(&f);
    }
    assert_true(engine_search_by_id(f.run, id)->active_ns >= 540 * SONATA_SECOND);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_RUNNING);
    f.now += 60 * SONATA_SECOND;
    f.wall += 60 * SONATA_SECOND;
    farm_turn(&f);
    farm_turn(&f);
    assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_DONE);
    farm_close(&f);
}

/* Bytes of the snapshot become others; the search proposes what it would have, from its event log. */
static void test_damaged_snapshot_is_no_loss(void **state)
{
    (void)state;
    struct search_spec *spec = spec_for("sonata");
    struct outcome_of_run calm, mended;
    struct farm f;
    for (int damaged = 0; damaged < 2; damaged++) {
        prepare(&f, 1);
        uint64_t id = farm_submit(&f, spec);
        farm_work(&f, id, 80);
        if (damaged) {
            cleanup_bytes struct bytes b = {0};
            farm_turn(&f);
            assert_int_equal(store_get(f.store, STORE_POPULATION, key_u64(id), &b), 0);
            b.data[b.size / 2] ^= 0x10;
            store_put(f.store, STORE_POPULATION, key_u64(id), b.data, b.size);
            farm_turn(&f);
            farm_crash(&f);
            farm_start(&f);
            assert_int_equal(engine_search_by_id(f.run, id)->state, SEARCH_RUNNING);
            farm_hello(&f);
        }
        farm_work(&f, id, 5000);
        read_outcome(&f, id, damaged ? &mended : &calm);
        assert_int_equal(farm_check(&f), 0);
        farm_close(&f);
    }
    assert_same(&calm, &mended);
    free(calm.front);
    free(mended.front);
    free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nsga2),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_surrogate),
        cmocka_unit_test(test_uncommitted_submission_is_gone),
        cmocka_unit_test(test_fork_for_another_board_starts_warm),
        cmocka_unit_test(test_forests_are_kept),
        cmocka_unit_test(test_policy_is_part_of_the_search),
        cmocka_unit_test(test_extend_goes_on),
        cmocka_unit_test(test_wall_clock_budget_goes_on),
        cmocka_unit_test(test_pause_and_cancel),
        cmocka_unit_test(test_damaged_snapshot_is_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
