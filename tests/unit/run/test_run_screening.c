/* Screening in the service: accuracy takes a board of one type a hundred times as long as latency one of another. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "farm.h"

enum { BUDGET = 40 };

static struct farm farm;
static uint32_t accuracies, latencies;
static int64_t accuracy_ns, latency_ns;

static double value_of(const char *metric, const struct genotype *g)
{
    double accuracy = 50, latency = 1;
    for (int i = 0; i < 6; i++) {
        accuracy += (i + 1) * g->allele[i] * (1.0 - 0.1 * g->allele[(i + 1) % 6]);
        latency += (7 - i) * 0.5 * g->allele[i];
    }
    return metric[0] == 'a' ? accuracy : latency;
}

static void answer(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    m->outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < job->n_metrics; i++) {
        double v = value_of(job->metric[i], &job->genotype);
        bool accuracy = job->metric[i][0] == 'a';
        measurement_add(m, job->metric[i], v, v, v, 1);
        m->duration_ns = accuracy ? accuracy_ns : latency_ns;
        accuracies += accuracy;
        latencies += !accuracy;
    }
}

/* Every third architecture cannot be measured at all by the cheap boards. */
static void often_infeasible(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    answer(f, job, m);
    if (job->metric[0][0] == 'l' && (job->genotype.allele[0] + job->genotype.allele[1]) % 3 == 0)
        m->outcome = OUTCOME_INFEASIBLE;
}

static int open_farm(void **state)
{
    (void)state;
    farm_open(&farm, 21);
    farm.answer = answer;
    accuracies = latencies = 0;
    accuracy_ns = 200 * SONATA_MS; /* a longer one would be longer than it was under way */
    latency_ns = 2 * SONATA_MS;
    farm_add_board(&farm, "y1", "gpu", "accuracy");
    farm_add_board(&farm, "y2", "gpu", "accuracy");
    farm_add_board(&farm, "x1", "pi", "latency");
    farm_hello(&farm);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    farm_close(&farm);
    return 0;
}

/* As boards work: one result of the costly ones for twenty of the cheap one, when both have work. */
static void work(uint64_t id, uint32_t steps)
{
    for (uint32_t k = 0; k < steps && engine_search_by_id(farm.run, id)->state == SEARCH_RUNNING; k++) {
        farm_turn(&farm);
        uint32_t i = 0;
        while (i < farm.n_held && (k % 20 == 19) != (farm.held[i].job.board[0] == 'y'))
            i++;
        if (i == farm.n_held && !farm.n_held) {
            farm.now += 100 * SONATA_MS; /* a back-off may have to end */
            farm_heartbeat(&farm);
        }
        if (i == farm.n_held)
            continue;
        uint64_t attempt = farm.held[i].job.attempt;
        farm_measure(&farm, i);
        assert_non_null(farm_send(&farm, i));
        farm_turn(&farm);
        for (uint32_t n = farm.n_held; n-- > 0;) {
            if (farm.held[n].job.attempt == attempt)
                farm_drop(&farm, n);
        }
    }
}

static uint64_t submit(const char *option, const char *value)
{
    struct search_spec *spec = farm_spec("s", "sonata+", BUDGET, 1);
    farm_option(spec, "inner-generations", "3");
    if (option)
        farm_option(spec, option, value);
    uint64_t id = farm_submit(&farm, spec);
    free(spec);
    return id;
}

static const struct search_record *header(uint64_t id) { return engine_search_by_id(farm.run, id); }

static void replay(uint64_t id)
{
    struct sonata_error err = {{0}};
    uint64_t events;
    uint32_t proposals;
    if (engine_replay(farm.store, id, &events, &proposals, &err))
        fail_msg("%s", err.text);
    assert_int_equal(proposals, header(id)->asked);
}

static uint32_t count_state(uint64_t id, enum individual_state state)
{
    uint32_t n = 0;
    for (uint64_t i = 0; i < header(id)->asked; i++)
        n += farm_individual(&farm, id, i).state == state;
    return n;
}

static void finish(uint64_t id)
{
    work(id, 100000);
    assert_int_equal(header(id)->state, SEARCH_DONE);
    assert_int_equal(farm_check(&farm), 0);
    replay(id);
}

static void test_cheap_boards_screen_for_the_costly_ones(void **state)
{
    (void)state;
    uint64_t id = submit(NULL, NULL);
    finish(id);
    const struct search_record *s = header(id);
    assert_int_equal(s->charged, BUDGET);
    assert_int_equal(s->told, BUDGET);
    assert_int_equal(accuracies, BUDGET);
    assert_true(latencies > BUDGET + 4 * BUDGET / 2); /* whole at first, then several for each */
    assert_int_equal(latencies, s->asked);
    assert_int_equal(s->screened, s->asked - BUDGET);
    assert_int_equal(count_state(id, INDIVIDUAL_SCREENED), s->screened);
    uint64_t *front;
    uint32_t n;
    struct sonata_error err = {{0}};
    assert_int_equal(engine_front(farm.run, id, &front, &n, &err), 0);
    assert_true(n > 0);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(farm_individual(&farm, id, front[i]).state, INDIVIDUAL_DONE);
    free(front);
}

static void test_what_waits_has_its_cheap_values(void **state)
{
    (void)state;
    uint64_t id = submit(NULL, NULL);
    finish(id);
    for (uint64_t i = 0; i < header(id)->asked; i++) {
        struct individual_record r = farm_individual(&farm, id, i);
        if (r.state != INDIVIDUAL_SCREENED)
            continue;
        assert_int_equal(r.n_metrics, 1);
        assert_string_equal(r.metric[0].name, "latency@pi");
        assert_true(r.objective[1] == value_of("latency", &r.genotype));
        assert_int_equal(r.told_order, 0);
        return;
    }
    fail();
}

static void test_alike_costs_and_the_switch_leave_it_as_it_was(void **state)
{
    (void)state;
    accuracy_ns = 15 * latency_ns;
    uint64_t id = submit(NULL, NULL);
    finish(id);
    assert_int_equal(header(id)->asked, BUDGET);
    assert_int_equal(header(id)->costly, 0);
    accuracy_ns = 100 * latency_ns;
    id = submit("screening", "1");
    finish(id);
    assert_int_equal(header(id)->asked, BUDGET);
    id = submit("order", "proposal");
    finish(id);
    assert_int_equal(header(id)->asked, BUDGET);
}

/* The master dies again and again, with anything in flight: nothing is lost, nothing is measured for nothing, and the log replays. */
static void test_goes_on_after_every_crash(void **state)
{
    (void)state;
    uint64_t id = submit(NULL, NULL);
    for (int crash = 0; crash < 16 && header(id)->state == SEARCH_RUNNING; crash++) {
        work(id, 37);
        struct search_record before = *header(id);
        farm_crash(&farm);
        farm_start(&farm);
        farm_hello(&farm);
        assert_int_equal(farm_check(&farm), 0);
        assert_int_equal(header(id)->screened, before.screened);
        assert_int_equal(engine_search_pending(farm.run, id), before.asked - before.told - before.screened);
        if (crash % 8 == 7)
            replay(id);
    }
    finish(id);
    assert_int_equal(header(id)->charged, BUDGET);
    assert_int_equal(accuracies, BUDGET);
}

static void test_what_fails_in_its_screening_costs_little(void **state)
{
    (void)state;
    farm.answer = often_infeasible;
    uint64_t id = submit(NULL, NULL);
    finish(id);
    const struct search_record *s = header(id);
    assert_true(s->screened_out > 0);
    assert_true(s->charged + s->screened_out / 20 >= BUDGET);
    assert_int_equal(s->told, s->charged + s->screened_out);
    assert_true(s->charged > BUDGET - 10);
}

static void test_a_measured_constraint_is_looked_at_first(void **state)
{
    (void)state;
    struct search_spec *spec = farm_spec("s", "sonata+", BUDGET, 1);
    farm_option(spec, "inner-generations", "3");
    spec->n_constraints = 1;
    spec->constraint[0] = (struct constraint){.metric = "latency", .board = "pi", .min = -INFINITY, .max = 20};
    uint64_t id = farm_submit(&farm, spec);
    finish(id);
    for (uint64_t i = 0; i < header(id)->asked; i++) {
        struct individual_record r = farm_individual(&farm, id, i);
        if (value_of("latency", &r.genotype) > 20)
            assert_int_equal(r.state, INDIVIDUAL_INFEASIBLE);
    }
    assert_true(header(id)->screened > 0);
    free(spec);
}

/* The board that screened measured wrong for a while: what waits is screened again. */
static void test_screenings_that_are_taken_back(void **state)
{
    (void)state;
    uint64_t id = submit(NULL, NULL);
    int64_t from = farm.wall;
    while (header(id)->state == SEARCH_RUNNING && header(id)->told < BUDGET / 2)
        work(id, 33);
    assert_true(header(id)->screened > 0);
    uint32_t before = latencies;
    assert_int_equal(engine_invalidate(farm.run, "x1", from, farm.wall), 0);
    farm.wall += SONATA_SECOND; /* good again */
    finish(id);
    assert_int_equal(header(id)->charged, BUDGET);
    assert_true(latencies > before + header(id)->screened / 2);
    assert_int_equal(count_state(id, INDIVIDUAL_SCREENED), header(id)->screened);
}

/* With the boards that screen gone the others go on. */
static void test_costly_boards_do_not_wait_for_cheap_ones(void **state)
{
    (void)state;
    uint64_t id = submit(NULL, NULL);
    while (header(id)->told < BUDGET / 2)
        work(id, 30);
    copy_string(farm.board[2].state, sizeof farm.board[2].state, "drained");
    farm_hello(&farm);
    uint32_t done = accuracies;
    for (int i = 0; i < 300; i++) {
        farm_turn(&farm);
        for (uint32_t k = farm.n_held; k-- > 0;) {
            if (!strcmp(farm.held[k].job.board, "x1"))
                continue;
            farm_measure(&farm, k);
            assert_non_null(farm_send(&farm, k));
            farm_turn(&farm);
            farm_drop(&farm, k);
        }
    }
    assert_true(accuracies >= done + 5);
    copy_string(farm.board[2].state, sizeof farm.board[2].state, "ready");
    farm_hello(&farm);
    finish(id);
}

/* A store of before there was screening, with a search of two kinds of boards half done: it goes on as it would have. */
static void test_an_older_search_goes_on_without(void **state)
{
    (void)state;
    struct bytes data = {0};
    struct sonata_error err = {{0}};
    char path[128];
    farm_crash(&farm);
    if (file_read(SONATA_SOURCE_DIR "/tests/golden/store-two-boards/data.mdb.gz", 16 << 20, &data, &err))
        fail_msg("%s", err.text);
    snprintf(path, sizeof path, "%s/data.mdb", farm.folder);
    assert_int_equal(file_write_atomic(path, data.data, data.size, &err), 0);
    bytes_fini(&data);
    farm_start(&farm);
    assert_int_equal(farm_check(&farm), 0);
    replay(1);
    assert_int_equal(header(1)->told, 30);
    farm_hello(&farm);
    finish(1);
    assert_int_equal(header(1)->asked, 60);
    assert_int_equal(header(1)->costly, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cheap_boards_screen_for_the_costly_ones, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_what_waits_has_its_cheap_values, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_alike_costs_and_the_switch_leave_it_as_it_was, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_goes_on_after_every_crash, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_what_fails_in_its_screening_costs_little, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_a_measured_constraint_is_looked_at_first, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_screenings_that_are_taken_back, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_costly_boards_do_not_wait_for_cheap_ones, open_farm, close_farm),
        cmocka_unit_test_setup_teardown(test_an_older_search_goes_on_without, open_farm, close_farm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
