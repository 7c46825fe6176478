/* Results that are measured again: retry, results of a board taken back, the front replicated; each with deaths of the master in between. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "farm.h"
#include "run/answer.h"
#include "run/records.h"

static struct farm farm;
static bool broken;      /* boards answer failures to some architectures */
static const char *liar; /* this board's latencies are ten times too high */
static double noise;     /* relative, of latency */
static bool shaky;       /* every other architecture is flagged noisy, its latency doubled */

static double noisy(const struct evaluation_job *job, double value)
{
    struct rng rng = rng_seeded(job->noise_seed, 3);
    return value * (1 + noise * (2 * rng_uniform(&rng) - 1));
}

static void answer(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    double latency = 1, accuracy = 50;
    (void)f;
    for (int i = 0; i < 6; i++) {
        latency += (7 - i) * 0.5 * job->genotype.allele[i];
        accuracy += (i + 1) * job->genotype.allele[i];
    }
    if (broken && job->genotype.allele[0] == 1) {
        m->outcome = OUTCOME_INFRA;
        copy_string(m->reason, sizeof m->reason, "infra: the board hangs");
        return;
    }
    if (broken && job->genotype.allele[0] == 2) {
        m->outcome = OUTCOME_INFEASIBLE;
        copy_string(m->reason, sizeof m->reason, "infeasible: not enough memory");
        return;
    }
    m->outcome = OUTCOME_OK;
    if (liar && !strcmp(job->board, liar))
        latency *= 10;
    if (shaky && job->genotype.allele[5] % 2) {
        latency *= 2;
        m->flags |= FLAG_NOISY;
    }
    for (uint32_t i = 0; i < job->n_metrics; i++) {
        bool is_latency = !strcmp(job->metric[i], "latency");
        double v = is_latency ? noisy(job, latency) : accuracy;
        measurement_add(m, job->metric[i], v, v, v, is_latency);
    }
}

static int open_farm(void **state)
{
    (void)state;
    broken = shaky = false;
    liar = NULL;
    noise = 0;
    farm_open(&farm, 11);
    farm.config.sched.backoff_ns = SONATA_MS;
    farm_crash(&farm);
    farm_start(&farm);
    farm.answer = answer;
    farm_add_board(&farm, "pi-1", "pi", "accuracy latency");
    farm_add_board(&farm, "pi-2", "pi", "accuracy latency");
    farm_hello(&farm);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    farm_close(&farm);
    return 0;
}

static void restart(void)
{
    farm_crash(&farm);
    farm_start(&farm);
    farm_hello(&farm);
}

/* Replayed from its first event and from the snapshot; all invariants. */
static void assert_sound(uint64_t id)
{
    struct sonata_error err = {{0}};
    uint64_t events;
    uint32_t proposals;
    farm_turn(&farm);
    assert_int_equal(store_pending(farm.store), 0);
    if (engine_replay(farm.store, id, &events, &proposals, &err))
        fail_msg("%s", err.text);
    assert_int_equal(farm_check(&farm), 0);
}

static uint64_t submit(const char *algorithm, uint32_t budget, uint32_t replicates, uint32_t replicate_budget)
{
    struct search_spec *spec = farm_spec("s", algorithm, budget, 3);
    spec->replicates = replicates;
    spec->replicate_budget = replicate_budget;
    farm_option(spec, "order", replicates ? "proposal" : "arrival");
    uint64_t id = farm_submit(&farm, spec);
    free(spec);
    return id;
}

static struct search_record header(uint64_t id) { return *engine_search_by_id(farm.run, id); }

static uint32_t retry(uint64_t id, const char *cause)
{
    uint32_t n = UINT32_MAX;
    bool more;
    struct sonata_error err = {{0}};
    engine_set_time(farm.run, farm.now, farm.wall);
    if (engine_retry(farm.run, id, cause, &n, &more, &err))
        fail_msg("%s", err.text);
    return n;
}

static uint32_t count(uint64_t id, enum individual_state state)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < header(id).asked; i++)
        n += farm_individual(&farm, id, i).state == state;
    return n;
}

/* Works with a death of the master after every third step. */
static void work_with_deaths(uint64_t id)
{
    for (int k = 0; k < 2000 && header(id).state == SEARCH_RUNNING; k++) {
        farm_work(&farm, id, 1 + rng_below(&farm.rng, 3));
        if (header(id).state != SEARCH_RUNNING)
            break;
        restart();
        if (k % 5 == 0)
            assert_int_equal(farm_check(&farm), 0);
    }
}

static void test_retry_of_a_done_search(void **state)
{
    (void)state;
    broken = true;
    uint64_t id = submit("nsga2", 60, 0, 0);
    farm_work(&farm, id, 3000);
    struct search_record before = header(id);
    assert_int_equal(before.state, SEARCH_DONE);
    assert_true(before.failed > 3 && before.infeasible > 3);
    assert_int_equal(count(id, INDIVIDUAL_FAILED), before.failed);
    for (uint32_t i = 0; i < before.asked; i++)
        assert_true((farm_individual(&farm, id, i).state == INDIVIDUAL_FAILED) == (farm_individual(&farm, id, i).cause == OUTCOME_INFRA));

    uint32_t n = 7;
    bool more;
    assert_int_equal(engine_retry(farm.run, id, "weather", &n, &more, NULL), -EINVAL);
    assert_int_equal(engine_retry(farm.run, 99, "all", &n, &more, NULL), -ENOENT);
    assert_int_equal(retry(id, "lost"), 0);
    assert_int_equal(header(id).state, SEARCH_DONE); /* nothing to do: not even opened */
    broken = false;
    assert_int_equal(retry(id, "infra"), before.failed);
    assert_int_equal(retry(id, "infra"), 0); /* they are on their way */
    assert_int_equal(header(id).state, SEARCH_RUNNING);
    assert_int_equal(engine_search_pending(farm.run, id), before.failed);
    assert_sound(id);
    work_with_deaths(id);
    struct search_record after = header(id);
    assert_int_equal(after.state, SEARCH_DONE);
    assert_int_equal(after.failed, 0);
    assert_int_equal(after.infeasible, before.infeasible);
    assert_int_equal(after.charged, before.charged); /* paid when they failed */
    assert_int_equal(after.asked, before.asked);
    assert_int_equal(after.retold, before.failed);
    assert_int_equal(count(id, INDIVIDUAL_DONE) + count(id, INDIVIDUAL_INFEASIBLE), after.asked);
    assert_sound(id);

    assert_int_equal(retry(id, "all"), before.infeasible);
    farm_work(&farm, id, 3000);
    assert_int_equal(header(id).infeasible, 0);
    assert_int_equal(count(id, INDIVIDUAL_DONE), after.asked);
    assert_sound(id);
    assert_int_equal(engine_control(farm.run, id, ENGINE_EXTEND, 20, NULL), 0); /* and it goes on from the new values */
    farm_work(&farm, id, 3000);
    assert_int_equal(header(id).charged, 80);
    assert_sound(id);
}

static void test_retry_of_a_running_search(void **state)
{
    (void)state;
    broken = true;
    uint64_t id = submit("sonata+", 60, 0, 0);
    for (int k = 0; k < 3000 && header(id).failed < 3; k++)
        farm_work(&farm, id, 1);
    uint32_t failed = header(id).failed;
    assert_true(failed > 0 && header(id).state == SEARCH_RUNNING);
    broken = false;
    assert_int_equal(retry(id, ""), failed);
    work_with_deaths(id);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).failed, 0);
    assert_int_equal(header(id).charged, 60);
    assert_sound(id);
}

/* What fails again is failed again; an infeasible one that cannot be measured now stays what it was. */
static void test_retry_in_vain(void **state)
{
    (void)state;
    broken = true;
    uint64_t id = submit("random", 40, 0, 0);
    farm_work(&farm, id, 3000);
    struct search_record before = header(id);
    assert_int_equal(retry(id, "all"), before.failed + before.infeasible);
    farm_work(&farm, id, 3000);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).failed, before.failed);
    assert_int_equal(header(id).infeasible, before.infeasible);
    assert_int_equal(header(id).retold, 0); /* nothing changed, so the core heard nothing */
    assert_sound(id);
}

static void test_retry_then_cancel(void **state)
{
    (void)state;
    broken = true;
    uint64_t id = submit("random", 40, 0, 0);
    farm_work(&farm, id, 3000);
    struct search_record before = header(id);
    assert_true(retry(id, "all") > 0);
    farm_turn(&farm);
    assert_int_equal(engine_control(farm.run, id, ENGINE_CANCEL, 0, NULL), 0);
    farm_turn(&farm);
    assert_int_equal(header(id).state, SEARCH_CANCELED);
    assert_int_equal(count(id, INDIVIDUAL_FAILED), before.failed);
    assert_int_equal(count(id, INDIVIDUAL_INFEASIBLE), before.infeasible);
    assert_sound(id);
    uint32_t n;
    bool more;
    assert_int_equal(engine_retry(farm.run, id, "all", &n, &more, NULL), -EINVAL);
}

/* More than is opened in one turn: the others follow by themselves, the master may die after each step, and none is opened twice. */
static void test_retry_in_steps(void **state)
{
    (void)state;
    enum { STEP = 64 };
    uint32_t n;
    bool more;
    broken = true;
    uint64_t id = submit("random", 1200, 0, 0);
    farm_work(&farm, id, 20000);
    struct search_record before = header(id);
    assert_int_equal(before.state, SEARCH_DONE);
    assert_true(before.failed > 3 * STEP);
    broken = false;
    assert_int_equal(retry(id, "failed"), STEP);
    assert_int_equal(engine_retry(farm.run, id, "all", &n, &more, NULL), -EBUSY);
    restart(); /* before the commit, so before the reply */
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).retry_end, 0);
    assert_int_equal(retry(id, "failed"), STEP);
    uint32_t steps = 1;
    for (farm_turn(&farm); header(id).retry_next < header(id).retry_end; farm_turn(&farm)) {
        uint32_t pending = engine_search_pending(farm.run, id);
        assert_true(pending <= ++steps * STEP);
        restart();
        assert_int_equal(engine_search_pending(farm.run, id), pending);
        assert_int_equal(farm_check(&farm), 0);
    }
    assert_true(steps >= 3);
    assert_int_equal(header(id).retried, before.failed);
    assert_int_equal(engine_search_pending(farm.run, id), before.failed);
    farm_work(&farm, id, 20000);
    struct search_record after = header(id);
    assert_int_equal(after.state, SEARCH_DONE);
    assert_int_equal(after.failed, 0);
    assert_int_equal(after.retold, before.failed);
    assert_int_equal(after.charged, before.charged);
    assert_sound(id);

    assert_int_equal(retry(id, "all"), STEP); /* infeasible ones; and in the middle somebody thinks better of it */
    farm_turn(&farm);
    assert_int_equal(engine_control(farm.run, id, ENGINE_CANCEL, 0, NULL), 0);
    farm_turn(&farm);
    assert_int_equal(header(id).state, SEARCH_CANCELED);
    assert_int_equal(header(id).infeasible, before.infeasible);
    assert_int_equal(header(id).retry_end, 0);
    assert_sound(id);
}

/* A thousand are open at a time, the others follow as these are told: nothing grows with the size of the search. */
static void test_retry_of_very_many(void **state)
{
    (void)state;
    enum { OPEN = 1024 + 64 + 4 * 4, STEP = 64 }; /* 4 slots */
    broken = true;
    uint64_t id = submit("random", 2800, 0, 0);
    farm_work(&farm, id, 40000);
    struct search_record before = header(id);
    assert_true(before.failed + before.infeasible > OPEN + 2 * STEP);
    broken = false;
    retry(id, "all");
    for (int i = 0; i < 100; i++)
        farm_turn(&farm);
    assert_in_range(engine_search_pending(farm.run, id), OPEN, OPEN + STEP - 1);
    assert_true(header(id).retry_next < header(id).retry_end && header(id).retried == engine_search_pending(farm.run, id));
    restart();
    for (int k = 0; k < 200; k++) {
        farm_work(&farm, id, 10);
        assert_true(engine_search_pending(farm.run, id) < OPEN + STEP);
    }
    farm_work(&farm, id, 40000);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).retried, before.failed + before.infeasible);
    assert_int_equal(header(id).failed + header(id).infeasible, 0);
    assert_sound(id);
}

static uint32_t count_lies(uint64_t id);

/* A noisy answer stands until another takes its place. */
static void test_noisy_results_are_replaced(void **state)
{
    (void)state;
    shaky = true;
    uint64_t id = submit("nsga2", 40, 0, 0);
    farm_work(&farm, id, 3000);
    uint32_t lies = count_lies(id);
    assert_true(lies > 5);
    shaky = false;
    assert_int_equal(retry(id, "failed"), 0);
    assert_int_equal(retry(id, "noisy"), lies);
    assert_sound(id);
    work_with_deaths(id);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).retold, lies);
    assert_int_equal(count_lies(id), 0);
    for (uint32_t i = 0; i < header(id).asked; i++) {
        assert_int_equal(farm_individual(&farm, id, i).flags, 0);
        assert_int_equal(farm_individual(&farm, id, i).measured, 1);
    }
    assert_int_equal(retry(id, "noisy"), 0);
    assert_sound(id);
}

/* --- results taken back --- */

static double latency_of(const struct individual_record *ind)
{
    for (uint32_t i = 0; i < ind->n_metrics; i++) {
        if (!strcmp(ind->metric[i].name, "latency@pi"))
            return ind->metric[i].value;
    }
    return -1;
}

static double true_latency(const struct individual_record *ind)
{
    double latency = 1;
    for (int i = 0; i < 6; i++)
        latency += (7 - i) * 0.5 * ind->genotype.allele[i];
    return latency;
}

static uint32_t count_lies(uint64_t id)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < header(id).asked; i++) {
        struct individual_record ind = farm_individual(&farm, id, i);
        n += ind.told_order && latency_of(&ind) > 1.5 * true_latency(&ind);
    }
    return n;
}

static void invalidate(const char *board, int64_t from, int64_t to)
{
    engine_set_time(farm.run, farm.now, farm.wall);
    assert_int_equal(engine_invalidate(farm.run, board, from, to), 0);
}

/* A search that is done, one that runs and one that was canceled were told lies of one board; the others were not. */
static void test_results_are_taken_back(void **state)
{
    (void)state;
    uint64_t honest = submit("random", 20, 0, 0);
    farm_work(&farm, honest, 3000);
    struct search_record untouched = header(honest);
    int64_t from = farm.wall + SONATA_MS;
    farm_turn(&farm);
    farm_turn(&farm);
    liar = "pi-2";
    struct search_spec *spec = farm_spec("done", "nsga2", 60, 8);
    uint64_t done = farm_submit(&farm, spec);
    farm_work(&farm, done, 3000);
    spec->seed = 9;
    uint64_t canceled = farm_submit(&farm, spec);
    farm_work(&farm, canceled, 25);
    assert_int_equal(engine_control(farm.run, canceled, ENGINE_CANCEL, 0, NULL), 0);
    spec->seed = 10;
    uint64_t running = farm_submit(&farm, spec);
    free(spec);
    farm_work(&farm, running, 25);
    assert_int_equal(header(done).state, SEARCH_DONE);
    assert_int_equal(header(running).state, SEARCH_RUNNING);
    uint32_t lies = count_lies(done);
    assert_true(lies > 10 && count_lies(running) > 5 && count_lies(canceled) > 3);

    liar = NULL;
    assert_int_equal(engine_invalidate(farm.run, "", from, farm.wall), -EINVAL);
    assert_int_equal(engine_invalidate(farm.run, "pi-2", from, from), -EINVAL);
    invalidate("pi-2", from, farm.wall + 1);
    restart(); /* before the turn: as if it had not been reported */
    assert_int_equal(count_lies(done), lies);
    invalidate("pi-2", from, farm.wall + 1);
    invalidate("pi-2", from, farm.wall + 1); /* the journal says it twice */
    farm_turn(&farm);
    assert_int_equal(header(done).state, SEARCH_RUNNING);
    assert_int_equal(engine_search_pending(farm.run, done), lies);
    assert_sound(done);
    restart();
    work_with_deaths(done);
    work_with_deaths(running);
    assert_int_equal(header(done).state, SEARCH_DONE);
    assert_int_equal(header(running).state, SEARCH_DONE);
    assert_int_equal(count_lies(done), 0);
    assert_int_equal(count_lies(running), 0);
    assert_int_equal(header(done).retold, lies);
    assert_int_equal(header(done).charged, 60);
    assert_int_equal(header(canceled).state, SEARCH_CANCELED);
    assert_int_equal(header(honest).retold, 0);
    assert_int_equal(header(honest).events, untouched.events);
    assert_sound(done);
    assert_sound(running);
    assert_sound(canceled);
    restart();
    assert_sound(running);
}

/* A result from the wrong time that comes late is refused, its attempt is over, and its job goes on. */
static void test_late_results_are_refused(void **state)
{
    (void)state;
    uint64_t id = submit("random", 20, 0, 0);
    farm_turn(&farm);
    farm_turn(&farm);
    assert_true(farm.n_held >= 2);
    struct farm_held *held = &farm.held[0];
    char board[BOARD_NAME_MAX];
    copy_string(board, sizeof board, held->job.board);
    liar = board;
    farm_measure(&farm, 0);
    liar = NULL;
    farm_turn(&farm);
    invalidate(board, farm.wall - 10 * SONATA_SECOND, farm.wall);
    assert_string_equal(farm_send(&farm, 0), "invalidated");
    assert_string_equal(farm_send(&farm, 0), "duplicate");
    farm_turn(&farm);
    farm_drop(&farm, 0);
    assert_int_equal(farm_check(&farm), 0);
    farm_work(&farm, id, 3000);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).charged, 20);
    assert_int_equal(header(id).failed, 0);
    assert_int_equal(count_lies(id), 0);
    assert_sound(id);
}

/* --- the front measured again --- */

static void test_front_is_measured_again(void **state)
{
    (void)state;
    noise = 0.2;
    uint64_t id = submit("nsga2", 60, 4, 1000);
    for (int k = 0; k < 5000 && !header(id).replicates; k++)
        farm_work(&farm, id, 1);
    assert_int_equal(header(id).charged, 60);
    assert_int_equal(header(id).state, SEARCH_RUNNING);
    assert_sound(id);
    work_with_deaths(id);
    struct search_record s = header(id);
    assert_int_equal(s.state, SEARCH_DONE);
    assert_int_equal(s.charged, 60);
    assert_true(s.replicates >= 3 * s.front_size && s.retold >= s.front_size);
    uint64_t *front;
    uint32_t n;
    assert_int_equal(engine_front(farm.run, id, &front, &n, NULL), 0);
    assert_true(n > 3);
    for (uint32_t i = 0; i < n; i++) {
        struct individual_record ind = farm_individual(&farm, id, front[i]);
        assert_int_equal(ind.measured, 4);
        for (uint32_t k = 0; k < ind.n_metrics; k++) {
            if (strcmp(ind.metric[k].name, "latency@pi"))
                continue;
            assert_int_equal(ind.metric[k].n, 4);
            assert_true(ind.metric[k].low < ind.metric[k].value && ind.metric[k].value < ind.metric[k].high);
        }
    }
    free(front);
    assert_sound(id);

    farm_work(&farm, submit("random", 40, 4, 1000), 3000);
    uint64_t measured = farm.measured, again = submit("random", 40, 4, 1000); /* the same: everything is known, and nothing is measured */
    farm_work(&farm, again, 3000);
    assert_int_equal(header(again).state, SEARCH_DONE);
    assert_int_equal(farm.measured, measured);
    assert_sound(again);
}

static void test_replicates_keep_to_their_budget(void **state)
{
    (void)state;
    noise = 0.2;
    uint64_t id = submit("nsga2", 60, 8, 0); /* a fifth of the budget */
    farm_work(&farm, id, 5000);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).replicates, 12);
    assert_int_equal(farm.measured, 72);
    assert_sound(id);
    noise = 0;
    uint64_t off = submit("random", 20, 1, 0);
    farm_work(&farm, off, 3000);
    assert_int_equal(header(off).replicates, 0);
    assert_sound(off);
}

/* Who only wants a value does not wait for the further measurements that another search wants. */
static void test_others_need_not_wait(void **state)
{
    (void)state;
    noise = 0.2;
    uint64_t id = submit("random", 40, 6, 1000);
    while (!header(id).replicates)
        farm_work(&farm, id, 1);
    uint64_t measured = farm.measured, other = submit("random", 40, 1, 0);
    for (int k = 0; k < 300; k++)
        farm_turn(&farm); /* nobody measures */
    assert_int_equal(header(other).state, SEARCH_DONE);
    assert_int_equal(header(other).reused, 40);
    assert_int_equal(farm.measured, measured);
    assert_sound(other);
    farm_work(&farm, id, 3000);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_sound(id);
}

/* One of several measurements is taken back: the others go on counting, and another takes its place. */
static void test_a_replicate_is_taken_back(void **state)
{
    (void)state;
    noise = 0.2;
    uint64_t id = submit("nsga2", 40, 3, 1000);
    while (!header(id).replicates)
        farm_work(&farm, id, 1);
    int64_t from = farm.wall;
    farm_turn(&farm);
    liar = "pi-2";
    farm_work(&farm, id, 3000);
    liar = NULL;
    assert_int_equal(header(id).state, SEARCH_DONE);
    uint32_t charged = header(id).charged;
    invalidate("pi-2", from, farm.wall + 1);
    farm_turn(&farm);
    assert_int_equal(header(id).state, SEARCH_RUNNING);
    assert_sound(id);
    work_with_deaths(id);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).charged, charged);
    assert_int_equal(count_lies(id), 0);
    assert_sound(id);
}

static void test_cancel_while_the_front_is_measured(void **state)
{
    (void)state;
    noise = 0.2;
    uint64_t id = submit("nsga2", 40, 5, 1000);
    while (!header(id).replicates)
        farm_work(&farm, id, 1);
    assert_int_equal(engine_control(farm.run, id, ENGINE_CANCEL, 0, NULL), 0);
    farm_turn(&farm);
    assert_int_equal(count(id, INDIVIDUAL_DONE), 40); /* what was known stands */
    assert_sound(id);
}

static struct {
    char board[BOARD_NAME_MAX];
    uint64_t candidate;
} given[4096]; /* by attempt: the order of dispatch */

static void answer_and_note(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    assert_true(job->attempt < 4096);
    copy_string(given[job->attempt].board, BOARD_NAME_MAX, job->board);
    given[job->attempt].candidate = 0;
    for (int i = 0; i < 6; i++)
        given[job->attempt].candidate = given[job->attempt].candidate * 4 + job->genotype.allele[i] + (i == 0 ? 4 : 0);
    answer(f, job, m);
}

static void answer_exactly(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    m->outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < job->n_metrics; i++)
        measurement_add(m, job->metric[i], 1 + job->genotype.allele[i], 1 + job->genotype.allele[i], 1 + job->genotype.allele[i], 0);
}

/* Tier report: six passes for each candidate, others have the board in between, the value is the mean of the passes. */
static void test_report_is_interleaved(void **state)
{
    (void)state;
    noise = 0.05;
    memset(given, 0, sizeof given);
    farm.answer = answer_and_note;
    struct search_spec *spec = farm_spec("s", "random", 20, 3);
    copy_string(spec->tier, sizeof spec->tier, "report");
    farm_option(spec, "order", "proposal");
    uint64_t id = farm_submit(&farm, spec);
    work_with_deaths(id);
    assert_int_equal(header(id).state, SEARCH_DONE);
    assert_int_equal(header(id).charged, 20); /* budgets count architectures */
    uint32_t attempts = 0, follows = 0, other = 0;
    uint64_t last[2] = {0};
    for (uint32_t a = 0; a < 4096; a++) {
        if (!given[a].candidate)
            continue;
        uint64_t *before = &last[!strcmp(given[a].board, "pi-2")];
        attempts++;
        follows += given[a].candidate == *before;
        other += given[a].candidate != *before;
        *before = given[a].candidate;
    }
    print_message("%u attempts, %u directly after one of the same candidate\n", attempts, follows);
    assert_true(attempts >= 20 * REPORT_PASSES && other > 0);
    assert_true(follows * 5 < attempts); /* one candidate after itself: only when nothing else waits */
    for (uint32_t i = 0; i < 20; i++) {
        struct individual_record r = farm_individual(&farm, id, i);
        assert_int_equal(r.measured, REPORT_PASSES);
        for (uint32_t k = 0; k < r.n_metrics; k++)
            assert_int_equal(r.metric[k].low < r.metric[k].high, !strncmp(r.metric[k].name, "latency", 7)); /* accuracy is exact */
    }
    assert_sound(id);

    /* a search of the same architectures costs nothing; one whose values are exact is measured once */
    uint64_t measured = farm.measured, again = farm_submit(&farm, spec);
    farm_work(&farm, again, 3000);
    assert_true(farm.measured == measured && header(again).state == SEARCH_DONE);
    farm.answer = answer_exactly;
    copy_string(spec->dataset, sizeof spec->dataset, "other");
    uint64_t exact = farm_submit(&farm, spec);
    farm_work(&farm, exact, 3000);
    assert_int_equal(header(exact).charged, 20);
    assert_int_equal(farm.measured, measured + 20);
    assert_sound(exact);
    free(spec);
}

/* Cancelled between passes: what there is stands, and whoever asks next has the rest measured. */
static void test_report_cut_short(void **state)
{
    (void)state;
    noise = 0.05;
    struct search_spec *spec = farm_spec("s", "random", 20, 3);
    copy_string(spec->tier, sizeof spec->tier, "report");
    uint64_t first = farm_submit(&farm, spec);
    farm_work(&farm, first, 7);
    assert_true(farm.measured > 2);
    assert_int_equal(engine_control(farm.run, first, ENGINE_CANCEL, 0, NULL), 0);
    farm_turn(&farm);
    assert_int_equal(farm_check(&farm), 0);
    uint64_t second = farm_submit(&farm, spec);
    work_with_deaths(second);
    assert_int_equal(header(second).state, SEARCH_DONE);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(farm_individual(&farm, second, i).measured, REPORT_PASSES);
    assert_sound(second);
    free(spec);
}

/* The interval of several measurements on one board is made of all their processes, by the model the board uses (domain/interval.h); where boards differ
 * or do not tell, whole measurements are the unit. */
static void test_processes_are_joined(void **state)
{
    (void)state;
    enum { N = 3, FIRST = 9001 };
    struct evaluation_record e = {.accepted = FIRST, .n_further = N - 1, .further = {FIRST + 1, FIRST + 2}};
    double us[2 * N];
    for (uint64_t k = 0; k < N; k++) {
        struct measurement m = {.attempt = FIRST + k, .board = "pi-1", .board_type = "pi", .n_processes = 2, .process_prior = {1e-5, 5, 4e-6}};
        measurement_add(&m, "latency", 1 + 0.001 * (double)k, 0.9, 99, 6);
        measurement_add(&m, "latency_p90", 2 + 0.1 * (double)k, 0.9, 99, 6);
        for (uint64_t p = 0; p < 2; p++)
            us[2 * k + p] = (double)(m.process_median_us[p] = (float)(1000 + k * k + 4 * p));
        measurement_put(farm.run, &m);
    }
    for (int apart = 0; apart < 3; apart++) {
        struct measurement m = {0};
        struct process_prior prior = {1e-5, 5, 4e-6 / N};
        struct process_interval i;
        process_interval(us, 2 * N, &prior, &i);
        assert_int_equal(evaluation_answer(farm.run, &e, &m), 0);
        const struct metric_value *v = measurement_metric(&m, "latency"), *other = measurement_metric(&m, "latency_p90");
        assert_true(v->n == 18 && fabs(other->value - 2.1) < 1e-9 && fabs(other->high - other->value - 4.303 * 0.1 / sqrt(3)) < 1e-3);
        if (!apart)
            assert_true(fabs(v->value - i.value / 1e3) < 1e-9 && fabs(v->low - i.low / 1e3) < 1e-9 && fabs(v->high - i.high / 1e3) < 1e-9);
        else
            assert_true(fabs(v->value - 1.001) < 1e-9 && fabs(v->high - v->value - 4.303 * 0.001 / sqrt(3)) < 1e-5);
        measurement_fini(&m);
        assert_int_equal(measurement_load(farm.run, FIRST + 1, &m), 0);
        copy_string(m.board, sizeof m.board, apart ? "pi-1" : "pi-2"); /* the second on another board; then one that does not tell */
        m.n_processes = apart ? 0 : 2;
        measurement_put(farm.run, &m);
        measurement_fini(&m);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_farm, close_farm)
    const struct CMUnitTest tests[] = {T(test_retry_of_a_done_search),
                                       T(test_retry_of_a_running_search),
                                       T(test_retry_in_vain),
                                       T(test_retry_in_steps),
                                       T(test_retry_of_very_many),
                                       T(test_retry_then_cancel),
                                       T(test_noisy_results_are_replaced),
                                       T(test_others_need_not_wait),
                                       T(test_results_are_taken_back),
                                       T(test_late_results_are_refused),
                                       T(test_front_is_measured_again),
                                       T(test_replicates_keep_to_their_budget),
                                       T(test_a_replicate_is_taken_back),
                                       T(test_cancel_while_the_front_is_measured),
                                       T(test_report_is_interleaved),
                                       T(test_report_cut_short),
                                       T(test_processes_are_joined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
