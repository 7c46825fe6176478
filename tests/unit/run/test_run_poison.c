/* Candidates that bring boards down: proven by canaries afterwards, over restarts, in any order of messages; and what proves nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "farm.h"
#include "support/cmocka.h"

static struct farm farm;
static struct genotype killer; /* brings down any board */
static bool have_killer;

static void answer(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    if (have_killer && !memcmp(job->genotype.allele, killer.allele, job->n_genes)) {
        m->outcome = OUTCOME_INFRA;
        copy_string(m->reason, sizeof m->reason, "infra: the board does not answer");
        return;
    }
    m->outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < job->n_metrics; i++)
        measurement_add(m, job->metric[i], 10, 10, 10, 1);
}

static void open_with(uint32_t n_boards, bool canaries)
{
    static const char *const name[] = {"pi-1", "pi-2", "pi-3"};
    farm_open(&farm, 5);
    farm.answer = answer;
    have_killer = false;
    for (uint32_t i = 0; i < n_boards; i++)
        farm_add_board(&farm, name[i], "pi", "accuracy latency");
    farm_hello(&farm);
    for (uint32_t i = 0; i < n_boards && canaries; i++)
        assert_int_equal(farm_event(&farm, name[i], "calibrated", "ready", 0, 100), 0);
    farm_turn(&farm);
}

static int close_farm(void **state)
{
    (void)state;
    assert_int_equal(farm_check(&farm), 0);
    farm_close(&farm);
    return 0;
}

static uint64_t submit(const char *name, uint32_t budget)
{
    struct search_spec *spec = farm_spec(name, "random", budget, 3);
    uint64_t id = farm_submit(&farm, spec);
    free(spec);
    farm_turn(&farm);
    farm_turn(&farm);
    return id;
}

static void restart_master(void)
{
    farm_crash(&farm);
    farm_start(&farm);
    farm_hello(&farm);
    farm_turn(&farm);
}

static void pass_time(int64_t ns)
{
    farm.now += ns;
    farm.wall += ns;
    farm_heartbeat(&farm);
    farm_turn(&farm);
}

static void canary(const char *board, double latency_us)
{
    farm.wall += SONATA_SECOND;
    farm.now += SONATA_SECOND;
    assert_int_equal(farm_event(&farm, board, "canary", "ready", latency_us, 100), 0);
    farm_turn(&farm);
}

static bool is_killer(const struct evaluation_job *job) { return !memcmp(job->genotype.allele, killer.allele, job->n_genes); }

/* Works until the killer failed once more; the board it failed on. */
static const char *fail_once(void)
{
    static char board[BOARD_NAME_MAX];
    for (int step = 0; step < 2000; step++) {
        if (!farm.n_held) {
            pass_time(2 * SONATA_SECOND);
            continue;
        }
        bool killed = is_killer(&farm.held[0].job);
        copy_string(board, sizeof board, farm.held[0].job.board);
        farm_measure(&farm, 0);
        assert_string_equal(farm_send(&farm, 0), "accepted");
        farm_drop(&farm, 0);
        farm_turn(&farm);
        if (killed)
            return board;
    }
    fail_msg("the killer did not come");
    return NULL;
}

static void choose_killer(void)
{
    assert_true(farm.n_held > 0);
    killer = farm.held[0].job.genotype;
    have_killer = true;
}

/* The individual of that genotype. */
static struct individual_record victim(uint64_t search)
{
    uint32_t n = engine_search_by_id(farm.run, search)->asked;
    for (uint64_t id = 0; id < n; id++) {
        struct individual_record r = farm_individual(&farm, search, id);
        if (!memcmp(r.genotype.allele, killer.allele, r.n_genes))
            return r;
    }
    fail_msg("no individual has the killer's genes");
    return (struct individual_record){0};
}

static void test_two_boards_that_are_well_afterwards(void **state)
{
    (void)state;
    open_with(2, true);
    uint64_t id = submit("s", 12);
    choose_killer();
    char first[BOARD_NAME_MAX], second[BOARD_NAME_MAX];
    copy_string(first, sizeof first, fail_once());
    canary(first, 101);
    copy_string(second, sizeof second, fail_once());
    assert_string_not_equal(first, second);
    assert_int_equal(victim(id).state, INDIVIDUAL_PENDING);
    restart_master(); /* what is known of it survives */
    farm.n_commands = 0;
    canary(second, 99);
    struct individual_record r = victim(id);
    assert_int_equal(r.ruled, INDIVIDUAL_INFEASIBLE);
    assert_non_null(strstr(r.reason, "infeasible:kills_board"));
    assert_non_null(strstr(r.reason, first));
    assert_non_null(strstr(r.reason, second));
    restart_master(); /* the verdict too */
    farm_work(&farm, id, 10000);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
    assert_int_equal(engine_search_by_id(farm.run, id)->infeasible, 1);
    assert_int_equal(engine_search_by_id(farm.run, id)->failed, 0);
    assert_int_equal(store_count(farm.store, STORE_SUSPECT), 1);

    uint64_t measured = farm.measured, again = submit("again", 12); /* the same proposals: nobody runs the killer once more */
    farm_work(&farm, again, 10000);
    assert_int_equal(farm.measured, measured);
    assert_int_equal(engine_search_by_id(farm.run, again)->infeasible, 1);
    assert_string_equal(victim(again).reason, r.reason);
}

/* The worker's result comes behind the canary that followed it. */
static void test_messages_in_the_other_order(void **state)
{
    (void)state;
    open_with(2, true);
    uint64_t id = submit("s", 12);
    choose_killer();
    canary(fail_once(), 100);
    uint32_t at = FARM_HELD_MAX;
    for (int step = 0; step < 2000 && at == FARM_HELD_MAX; step++) {
        pass_time(SONATA_SECOND);
        for (uint32_t i = 0; i < farm.n_held; i++)
            at = is_killer(&farm.held[i].job) ? i : at;
        if (at == FARM_HELD_MAX && farm.n_held) {
            farm_measure(&farm, 0);
            assert_string_equal(farm_send(&farm, 0), "accepted");
            farm_drop(&farm, 0);
        }
    }
    assert_true(at < FARM_HELD_MAX);
    for (uint32_t i = farm.n_held; i-- > 0;) { /* the board must be at it, not at one before it */
        if (i == at || strcmp(farm.held[i].job.board, farm.held[at].job.board))
            continue;
        farm_measure(&farm, i);
        assert_string_equal(farm_send(&farm, i), "accepted");
        farm_drop(&farm, i);
        at -= at > i;
    }
    farm_measure(&farm, at);
    canary(farm.held[at].job.board, 100);
    assert_int_equal(victim(id).ruled, INDIVIDUAL_PENDING);
    assert_string_equal(farm_send(&farm, at), "accepted");
    farm_drop(&farm, at);
    farm_turn(&farm);
    assert_int_equal(victim(id).ruled, INDIVIDUAL_INFEASIBLE);
}

static void test_bad_canaries_and_one_board_prove_nothing(void **state)
{
    (void)state;
    open_with(2, true);
    uint64_t id = submit("s", 12);
    choose_killer();
    char first[BOARD_NAME_MAX];
    copy_string(first, sizeof first, fail_once());
    canary(first, 101);
    canary(first, 102); /* well twice: still one board */
    assert_int_equal(victim(id).ruled, INDIVIDUAL_PENDING);
    const char *second = fail_once();
    canary(second, 120); /* it is the board that is sick */
    canary(second, 0);
    assert_int_equal(victim(id).ruled, INDIVIDUAL_PENDING);
    have_killer = false; /* and elsewhere it runs */
    farm_work(&farm, id, 10000);
    assert_int_equal(engine_search_by_id(farm.run, id)->infeasible, 0);
    assert_int_equal(engine_search_by_id(farm.run, id)->failed, 0);
    assert_int_equal(store_count(farm.store, STORE_SUSPECT), 0);
}

static void test_boards_without_canaries_prove_nothing(void **state)
{
    (void)state;
    open_with(2, false);
    uint64_t id = submit("s", 6);
    choose_killer();
    farm_work(&farm, id, 100000);
    assert_int_equal(engine_search_by_id(farm.run, id)->infeasible, 0);
    assert_int_equal(engine_search_by_id(farm.run, id)->failed, 1); /* given up, as ever */
}

static void test_a_single_board_takes_three(void **state)
{
    (void)state;
    open_with(1, true);
    uint64_t id = submit("s", 12);
    choose_killer();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(victim(id).ruled, INDIVIDUAL_PENDING);
        canary(fail_once(), 100);
    }
    assert_int_equal(victim(id).ruled, INDIVIDUAL_INFEASIBLE);
}

/* A whole host goes down with the board, time and again with the same job: it is found by that, without a canary too. The one that was only ahead is
 * no suspect. */
static void test_lost_attempts(void **state)
{
    (void)state;
    open_with(1, false);
    uint64_t id = submit("s", 12);
    choose_killer();
    assert_int_equal(farm.n_held, 2);
    struct genotype ahead = farm.held[1].job.genotype;
    for (unsigned i = 0; i < POISON_LOSSES; i++) {
        assert_int_equal(victim(id).ruled, 0);
        for (int step = 0; step < 200 && !(farm.n_held && is_killer(&farm.held[0].job)); step++) {
            if (farm.n_held && !is_killer(&farm.held[0].job)) {
                farm_measure(&farm, 0);
                assert_string_equal(farm_send(&farm, 0), "accepted");
                farm_drop(&farm, 0);
            }
            pass_time(2 * SONATA_SECOND);
        }
        assert_true(farm.n_held && is_killer(&farm.held[0].job));
        farm_worker_restart(&farm);
        farm_hello(&farm);
        farm_turn(&farm);
    }
    assert_int_equal(victim(id).ruled, INDIVIDUAL_INFEASIBLE);
    farm_work(&farm, id, 10000);
    assert_int_equal(engine_search_by_id(farm.run, id)->infeasible, 1);
    killer = ahead;
    assert_int_equal(victim(id).state, INDIVIDUAL_DONE);
}

/* Thought lost, but it comes back: no failure. */
static void test_an_adopted_attempt_is_forgiven(void **state)
{
    (void)state;
    open_with(2, true);
    uint64_t id = submit("s", 12);
    choose_killer();
    farm.now += 31 * SONATA_SECOND;
    farm.wall += 31 * SONATA_SECOND;
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_SUSPECT), 2); /* what the two boards were at */
    farm_hello(&farm);
    farm_turn(&farm);
    canary("pi-1", 100);
    canary("pi-2", 100);
    have_killer = false;
    farm_work(&farm, id, 10000);
    assert_int_equal(engine_search_by_id(farm.run, id)->infeasible, 0);
    assert_int_equal(store_count(farm.store, STORE_SUSPECT), 0);
}

static void test_suspected_boards_are_asked_for_canaries(void **state)
{
    (void)state;
    open_with(2, true);
    submit("s", 12);
    choose_killer();
    fail_once();
    assert_int_equal(farm.n_commands, 0); /* one failure: its worker knows what to do */
    fail_once();
    farm_turn(&farm);
    assert_int_equal(farm.n_commands, 2);
    assert_non_null(strstr(farm.command[0], " canary"));
    assert_non_null(strstr(farm.command[1], " canary"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, close_farm)
        T(test_two_boards_that_are_well_afterwards),
        T(test_messages_in_the_other_order),
        T(test_bad_canaries_and_one_board_prove_nothing),
        T(test_boards_without_canaries_prove_nothing),
        T(test_a_single_board_takes_three),
        T(test_lost_attempts),
        T(test_an_adopted_attempt_is_forgiven),
        T(test_suspected_boards_are_asked_for_canaries),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
