/* The user's program fails: the search is paused before its budget is burnt, says why, and after the program was mended ends as if it had never
 * failed; with deaths of the master at every step. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "farm.h"
#include "support/cmocka.h"

enum { BUDGET = 40 };

static struct farm farm;
static enum { WORKS, FAILS, DIES, REFUSES, FAILS_AT_SOME } program;
static bool deaths; /* of the master, between all steps */

static void answer(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    double latency = 1, accuracy = 50;
    for (int i = 0; i < 6; i++) {
        latency += (7 - i) * 0.5 * job->genotype.allele[i];
        accuracy += (i + 1) * job->genotype.allele[i];
    }
    if (program == FAILS || (program == FAILS_AT_SOME && job->genotype.allele[0] == 1)) {
        measurement_fail(m, OUTCOME_BUG, "evaluator: ZeroDivisionError: architecture %d (my.py:7)", job->genotype.allele[1]);
        copy_string(m->output, sizeof m->output, "Traceback\n  my.py, line 7\nZeroDivisionError");
    } else if (program == DIES) {
        measurement_fail(m, OUTCOME_INFEASIBLE, "died of signal 11");
        m->flags = FLAG_DIED;
    } else if (program == REFUSES) {
        measurement_fail(m, OUTCOME_CONFIG, "no column for gene 'kernel'");
    } else {
        m->outcome = OUTCOME_OK;
        for (uint32_t i = 0; i < job->n_metrics; i++) {
            double v = strcmp(job->metric[i], "latency") ? accuracy : latency;
            measurement_add(m, job->metric[i], v, v, v, 1);
        }
    }
}

static int open_farm(void **state)
{
    (void)state;
    deaths = false;
    program = WORKS;
    farm_open(&farm, 11);
    farm.config.quarantine_ns = 300 * SONATA_SECOND;
    farm_crash(&farm);
    farm_start(&farm);
    farm.answer = answer;
    farm_add_board(&farm, "pi-1", "pi", "accuracy latency");
    farm_hello(&farm);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    assert_int_equal(farm_check(&farm), 0);
    farm_close(&farm);
    return 0;
}

static struct search_record header(uint64_t id) { return *engine_search_by_id(farm.run, id); }

static uint64_t submit(uint32_t budget, const char *order)
{
    struct search_spec *spec = farm_spec("mine", "random", budget, strcmp(order, "arrival") ? 4 : 3);
    farm_option(spec, "order", order);
    uint64_t id = farm_submit(&farm, spec);
    free(spec);
    return id;
}

static void work(uint64_t id, uint32_t steps)
{
    for (uint32_t k = 0; k < steps && header(id).state == SEARCH_RUNNING; k++) {
        farm_work(&farm, id, deaths ? 1 : 10);
        if (!deaths)
            continue;
        farm_crash(&farm);
        farm_start(&farm);
        farm_hello(&farm);
    }
    farm_turn(&farm);
}

static bool board_is_held(void)
{
    struct engine_board_health h;
    engine_board_health(farm.run, "pi-1", "pi", &h);
    return h.hold_left_ns > 0;
}

static void assert_paused(uint64_t id)
{
    struct search_record s = header(id);
    assert_int_equal(s.state, SEARCH_PAUSED);
    if (strncmp(s.reason, "evaluator fails: ", 17) || !strstr(s.reason, "; mend it and `sonata resume mine`"))
        fail_msg("the reason is '%s'", s.reason);
    assert_false(board_is_held());
    assert_true(s.failed_attempt > 0);
}

static void resume(uint64_t id)
{
    struct sonata_error err = {{0}};
    if (engine_control(farm.run, id, ENGINE_RESUME, 0, &err))
        fail_msg("%s", err.text);
    farm_turn(&farm);
}

/* As if nothing had ever failed. */
static void assert_whole(uint64_t id, uint32_t budget)
{
    struct sonata_error err = {{0}};
    struct search_record s = header(id);
    uint64_t events;
    uint32_t proposals;
    assert_int_equal(s.state, SEARCH_DONE);
    assert_int_equal(s.charged, budget);
    assert_int_equal(s.failed + s.infeasible, 0);
    for (uint32_t i = 0; i < s.asked; i++)
        assert_int_equal(farm_individual(&farm, id, i).state, INDIVIDUAL_DONE);
    if (engine_replay(farm.store, id, &events, &proposals, &err))
        fail_msg("%s", err.text);
}

static void play_first(int how, const char *order)
{
    program = how;
    uint64_t before = farm.measured, id = submit(BUDGET, order);
    work(id, 400);
    assert_paused(id);
    assert_true(header(id).told <= 8); /* the budget is not burnt */
    uint64_t measured = farm.measured;
    assert_true(measured - before <= 20); /* five or so, each twice when it is the program's failure, and what was ahead */
    work(id, 5);
    assert_int_equal(farm.measured, measured);
    program = WORKS;
    farm.n_commands = 0;
    resume(id);
    assert_true(farm.n_commands > 0);
    assert_string_equal(farm.command[0], "pi-1 reload");
    assert_int_equal(header(id).reason[0], 0);
    work(id, 2000);
    assert_whole(id, BUDGET);
}

static void test_first_evaluations(void **state)
{
    (void)state;
    play_first(FAILS, "arrival");
    play_first(FAILS, "proposal");
}

static void test_first_evaluations_with_deaths(void **state)
{
    (void)state;
    deaths = true;
    play_first(FAILS, "arrival");
}

static void test_candidates_that_die(void **state)
{
    (void)state;
    deaths = true;
    play_first(DIES, "arrival");
}

static void test_cannot_be_asked(void **state)
{
    (void)state;
    play_first(REFUSES, "arrival");
}

static void test_later_in_a_row(void **state)
{
    (void)state;
    uint64_t id = submit(60, "arrival");
    farm_work(&farm, id, 12);
    assert_true(header(id).told > 5);
    program = FAILS;
    work(id, 400);
    assert_paused(id);
    assert_true(header(id).told < 60);
    program = WORKS;
    resume(id);
    work(id, 2000);
    assert_whole(id, 60);
}

/* A part of the space that fails is no reason to stop. */
static void test_some_fail(void **state)
{
    (void)state;
    program = FAILS_AT_SOME;
    uint64_t id = submit(BUDGET, "arrival");
    work(id, 2000);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_true(header(id).failed > 0);
    assert_true(header(id).failed_attempt > 0);
    assert_false(board_is_held());
}

static void test_small_budget(void **state)
{
    (void)state;
    program = FAILS;
    uint64_t id = submit(3, "arrival");
    work(id, 400);
    assert_paused(id); /* not done with nothing */
    program = WORKS;
    resume(id);
    work(id, 400);
    assert_whole(id, 3);
}

static void test_still_broken(void **state)
{
    (void)state;
    program = FAILS;
    uint64_t id = submit(BUDGET, "arrival");
    for (int k = 0; k < 3; k++) {
        work(id, 400);
        assert_paused(id);
        assert_true(header(id).told <= 8 * (uint32_t)(k + 1));
        resume(id);
    }
    work(id, 400);
    program = WORKS;
    resume(id);
    work(id, 2000);
    assert_whole(id, BUDGET);
}

/* What another search knows to fail is known, not failing. */
static void test_answers_from_the_store(void **state)
{
    (void)state;
    program = DIES;
    uint64_t first = submit(BUDGET, "arrival");
    work(first, 400);
    assert_paused(first);
    program = WORKS;
    uint64_t second = submit(BUDGET, "arrival");
    work(second, 2000);
    assert_int_equal(header(second).state, SEARCH_DONE);
    assert_true(header(second).infeasible >= 5);
    assert_int_equal(header(second).failing, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_farm, close_farm)
    const struct CMUnitTest tests[] = {TEST(test_first_evaluations),     TEST(test_first_evaluations_with_deaths),
                                       TEST(test_candidates_that_die),   TEST(test_cannot_be_asked),
                                       TEST(test_later_in_a_row),        TEST(test_some_fail),
                                       TEST(test_small_budget),          TEST(test_still_broken),
                                       TEST(test_answers_from_the_store)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
