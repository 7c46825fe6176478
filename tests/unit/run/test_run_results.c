/* Results: idempotent, late, stale, failed, shared; error classes to the end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "farm.h"
#include "store/record.h"

static struct farm farm;

static int open_farm(void **state)
{
    (void)state;
    farm_open(&farm, 11);
    farm_add_board(&farm, "pi-1", "pi", "accuracy latency");
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    farm_close(&farm);
    return 0;
}

static uint64_t start(uint32_t budget)
{
    farm_hello(&farm);
    struct search_spec *spec = farm_spec("s", "random", budget, 3);
    uint64_t id = farm_submit(&farm, spec);
    free(spec);
    farm_turn(&farm);
    farm_turn(&farm);
    return id;
}

static void pass_time(int64_t ns)
{
    farm.now += ns;
    farm.wall += ns;
    farm_turn(&farm);
}

static void test_unknown_and_forged(void **state)
{
    (void)state;
    start(20);
    assert_true(farm.n_held >= 1);
    farm_measure(&farm, 0);
    struct measurement m = farm.held[0].result;
    m.epoch++;
    assert_int_equal(engine_result(farm.run, "w", &m), ENGINE_UNKNOWN);
    m.epoch--;
    m.attempt = 99999;
    assert_int_equal(engine_result(farm.run, "w", &m), ENGINE_UNKNOWN);
    m = farm.held[0].result;
    copy_string(m.board, sizeof m.board, "pi-9");
    assert_int_equal(engine_result(farm.run, "w", &m), ENGINE_UNKNOWN);
    assert_int_equal(engine_result(farm.run, "stranger", &farm.held[0].result), ENGINE_UNKNOWN);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    assert_string_equal(farm_send(&farm, 0), "duplicate");
}

/* The record of the attempt is as given, durable. */
static void write_attempt(uint64_t attempt, const void *value, size_t n)
{
    struct sonata_error err = {{0}};
    store_put(farm.store, STORE_ATTEMPT, key_u64(attempt), value, n);
    if (store_commit(farm.store, &err))
        fail_msg("%s", err.text);
}

/* Answered "unknown", the worker would drop the result for good. */
static void test_an_unreadable_record_is_not_taken_for_absent(void **state)
{
    (void)state;
    struct bytes good = {0};
    const char *reason;
    start(20);
    farm_measure(&farm, 0);
    uint64_t attempt = farm.held[0].job.attempt;
    assert_int_equal(store_get_committed(farm.store, STORE_ATTEMPT, key_u64(attempt), &good), 0);
    write_attempt(attempt, good.data, good.size - 3);
    engine_result(farm.run, "w", &farm.held[0].result);
    farm_turn(&farm);
    assert_true(engine_is_blocked(farm.run, &reason)); /* so no answer goes out */
    assert_non_null(strstr(reason, "attempt"));
    pass_time(3600 * SONATA_SECOND);
    assert_true(engine_is_blocked(farm.run, &reason));
    assert_int_equal(engine_result(farm.run, "w", &farm.held[0].result), ENGINE_NOT_NOW);
    farm_crash(&farm);
    struct sonata_error err = {{0}};
    assert_int_equal(store_open(farm.folder, NULL, &farm.store, &err), 0);
    write_attempt(attempt, good.data, good.size); /* as a backup has it */
    store_close(farm.store);
    farm.store = NULL;
    farm_start(&farm);
    farm_hello(&farm);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    bytes_fini(&good);
}

static void claim(uint64_t attempt)
{
    struct sched_running running = {.attempt = attempt, .epoch = 1, .board = "pi-1"};
    assert_int_equal(engine_heartbeat(farm.run, &(struct sched_report){"w", farm.incarnation, farm.board, farm.n_boards, &running, 1}), 0);
}

/* A worker that holds attempts of after the backup: the master goes on behind their numbers, across a restart, and believes no absurd ones. */
static void test_numbers_of_a_later_store_are_skipped(void **state)
{
    (void)state;
    uint64_t id = start(20), next = sched_next_attempt(engine_sched(farm.run)), later = next + 40;
    claim(next - 1);
    assert_int_equal(sched_next_attempt(engine_sched(farm.run)), next);
    claim(later);
    claim(UINT64_MAX);
    claim(later + 2000000);
    assert_int_equal(sched_next_attempt(engine_sched(farm.run)), later + 1);
    farm_turn(&farm);
    farm_crash(&farm);
    farm_start(&farm);
    farm_hello(&farm);
    assert_int_equal(sched_next_attempt(engine_sched(farm.run)), later + 1);
    farm_work(&farm, id, 2000);
    struct bytes b = {0};
    for (uint64_t a = next; a <= later; a++)
        assert_int_equal(store_get_committed(farm.store, STORE_ATTEMPT, key_u64(a), &b), -ENOENT);
    assert_int_equal(store_get_committed(farm.store, STORE_ATTEMPT, key_u64(later + 1), &b), 0);
    bytes_fini(&b);
    assert_int_equal(farm_check(&farm), 0);
}

/* A worker with a valid key guesses what another one was given: it neither answers for it nor keeps its lease, also under the name of its board. */
static void test_what_another_worker_was_given(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct sched_board_info own = {.id = "evil-1", .type = "evil", .state = "ready"};
    struct sched_board_info taken = farm.board[0];
    start(20);
    farm_measure(&farm, 0);
    const struct measurement *honest = &farm.held[0].result;
    struct sched_running listed = {.attempt = honest->attempt, .epoch = honest->epoch, .phase = "latency", .started = true};
    copy_string(listed.board, sizeof listed.board, honest->board);
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){"evil", 9, &own, 1, &listed, 1}, &err), 0);
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){"evil", 9, &taken, 1, &listed, 1}, &err), -EEXIST);
    assert_int_equal(engine_result(farm.run, "evil", honest), ENGINE_UNKNOWN);
    struct bytes b = {0};
    struct board_record stored;
    copy_string(taken.type, sizeof taken.type, "evil");
    copy_string(taken.id, sizeof taken.id, honest->board);
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){"evil", 9, &taken, 1, NULL, 0}, &err), -EEXIST);
    farm_turn(&farm);
    assert_int_equal(store_get(farm.store, STORE_BOARD, key_text(honest->board), &b), 0);
    assert_int_equal(board_record_decode(b.data, b.size, &stored), 0);
    assert_string_not_equal(stored.type, "evil");
    bytes_fini(&b);
    for (int i = 0; i < 40; i++) { /* the honest worker is silent, the other one lists its attempt */
        farm.now += SONATA_SECOND;
        farm.wall += SONATA_SECOND;
        farm_turn(&farm);
        assert_int_equal(engine_heartbeat(farm.run, &(struct sched_report){"evil", 9, &own, 1, &listed, 1}), 0);
    }
    assert_false(sched_is_live(engine_sched(farm.run), honest->attempt));
    assert_int_equal(engine_result(farm.run, "evil", honest), ENGINE_UNKNOWN);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    assert_int_equal(engine_result(farm.run, "evil", honest), ENGINE_UNKNOWN);
    farm_turn(&farm);
    assert_int_equal(farm_check(&farm), 0);
}

/* Boards of one worker are counted over all it ever brought. */
static void test_boards_of_a_worker_are_bounded(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct sched_board_info b = {.type = "t", .state = "ready"};
    int refused = 0;
    for (int i = 0; i < 300; i++) {
        snprintf(b.id, sizeof b.id, "b-%d", i);
        refused += engine_hello(farm.run, &(struct sched_report){"many", 9, &b, 1, NULL, 0}, &err) == -EUSERS;
    }
    assert_int_equal(refused, 300 - SCHED_BOARDS_EVER_MAX);
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_BOARD), SCHED_BOARDS_EVER_MAX);
    snprintf(b.id, sizeof b.id, "b-7");
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){"many", 9, &b, 1, NULL, 0}, &err), 0);
    snprintf(b.id, sizeof b.id, "c");
    assert_int_equal(engine_hello(farm.run, &(struct sched_report){"another", 9, &b, 1, NULL, 0}, &err), 0);
}

static void test_late_result_answers_when_board_was_not_given_away(void **state)
{
    (void)state;
    start(20);
    farm_measure(&farm, 0);
    pass_time(31 * SONATA_SECOND); /* lease gone; the worker is offline, so the board got nothing else */
    assert_string_equal(farm_send(&farm, 0), "accepted");
    farm_turn(&farm);
    assert_int_equal(farm_check(&farm), 0);
}

static void test_adoption_and_late_result(void **state)
{
    (void)state;
    start(20);
    uint32_t held = farm.n_held;
    pass_time(31 * SONATA_SECOND);
    struct sched_board_view v;
    sched_board_view(engine_sched(farm.run), 0, &v);
    assert_int_equal(v.n_attempts, 0); /* lost */
    farm_hello(&farm);                 /* comes back with what it had */
    farm_turn(&farm);
    sched_board_view(engine_sched(farm.run), 0, &v);
    assert_int_equal(v.n_attempts, held);
    assert_int_equal(farm.n_held, held); /* nothing was given out a second time */
    farm_measure(&farm, 0);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    farm_turn(&farm);
    assert_int_equal(farm_check(&farm), 0);
}

static void test_spooled_result_of_a_lost_attempt(void **state)
{
    (void)state;
    start(20);
    farm_measure(&farm, 0);
    pass_time(31 * SONATA_SECOND);
    for (uint32_t i = farm.n_held; i-- > 1;)
        farm_drop(&farm, i);
    farm_worker_restart(&farm);
    farm_hello(&farm);
    assert_string_equal(farm_send(&farm, 0), "accepted"); /* same turn as the hello: the board has nothing else yet */
    farm_turn(&farm);
    assert_int_equal(farm_check(&farm), 0);
}

static void test_stale_epoch(void **state)
{
    (void)state;
    start(20);
    farm_measure(&farm, 0);
    struct farm_held old = farm.held[0];
    while (farm.n_held)
        farm_drop(&farm, 0);
    pass_time(31 * SONATA_SECOND);
    farm.incarnation++;
    farm_hello(&farm);
    pass_time(20 * SONATA_SECOND); /* hello again after the back-off, so that the board gets a job */
    farm_hello(&farm);
    farm_turn(&farm);
    farm_turn(&farm);
    assert_true(farm.n_held > 0);
    assert_true(farm.held[0].job.epoch > old.job.epoch);
    assert_int_equal(engine_result(farm.run, "w", &old.result), ENGINE_STALE_EPOCH);
    assert_int_equal(engine_result(farm.run, "w", &old.result), ENGINE_DUPLICATE);
    farm_turn(&farm);
    assert_int_equal(store_count(farm.store, STORE_MEASUREMENT), 1); /* kept for audit */
    assert_int_equal(farm_check(&farm), 0);
}

static void fail_with(struct farm *f, enum outcome outcome, const char *reason, struct measurement *m)
{
    (void)f;
    m->outcome = outcome;
    copy_string(m->reason, sizeof m->reason, reason);
}

static void answer_infra(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)job;
    fail_with(f, OUTCOME_INFRA, "infra: tty lost", m);
}

static void answer_infeasible(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)job;
    fail_with(f, OUTCOME_INFEASIBLE, "infeasible: arena 12 bytes too small", m);
}

static void answer_incomplete(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)job;
    fail_with(f, OUTCOME_OK, "", m);
    measurement_add(m, "latency", 1, 1, 1, 1);
}

static void test_infra_is_tried_three_times_more(void **state)
{
    (void)state;
    farm.answer = answer_infra;
    uint64_t id = start(5);
    farm_work(&farm, id, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->failed, 5);
    assert_int_equal(farm.measured, 5 * 4);
    assert_int_equal(farm_individual(&farm, id, 0).state, INDIVIDUAL_FAILED);
    assert_string_equal(farm_individual(&farm, id, 0).reason, "infra: tty lost");
    assert_int_equal(farm_check(&farm), 0);
}

static uint32_t invalid_times; /* of the first attempts of a job; then it is fine */
static uint32_t attempts_of[4096];

static void answer_invalid(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    uint32_t *n = &attempts_of[(job->genotype.allele[0] << 10 | job->genotype.allele[1] << 8 | job->genotype.allele[2] << 6 |
                                job->genotype.allele[3] << 4 | job->genotype.allele[4] << 2 | job->genotype.allele[5]) &
                               4095];
    bool invalid = ++*n <= invalid_times;
    fail_with(f, invalid ? OUTCOME_INVALID : OUTCOME_OK, invalid ? "invalid: contended: others had more than 3 % of the core's time" : "", m);
    for (uint32_t i = 0; i < job->n_metrics; i++)
        measurement_add(m, job->metric[i], *n, *n, *n, 1);
}

static void answer_nothing(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)job;
    fail_with(f, OUTCOME_INVALID, "invalid: too_hot: 81.0 C after 120 s of waiting, 60 C is the limit", m);
}

static struct measurement last_measurement(uint64_t id, uint64_t individual)
{
    struct individual_record ind = farm_individual(&farm, id, individual);
    struct evaluation_record e = {.id = 0};
    struct measurement m = {0};
    cleanup_bytes struct bytes b = {0}, v = {0};
    assert_int_equal(store_get(farm.store, STORE_EVALUATION, key_u64(ind.evaluation[0]), &b), 0);
    assert_int_equal(evaluation_record_decode(b.data, b.size, &e), 0);
    if (e.accepted) {
        assert_int_equal(store_get(farm.store, STORE_MEASUREMENT, key_u64(e.accepted), &v), 0);
        assert_int_equal(measurement_decode(v.data, v.size, &m, NULL), 0);
    }
    return m;
}

/* Measured again without the search knowing; a fourth time it is taken as noisy, a restart in between forgets nothing. */
static void fail_infra(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    (void)job;
    m->outcome = OUTCOME_INFRA;
    copy_string(m->reason, sizeof m->reason, "infra: no answer");
}

/* The board that failed is the idle one, and it said hello first: the job waits for the other all the same. */
static void test_another_board_first_also_after_a_restart(void **state)
{
    (void)state;
    farm_add_board(&farm, "pi-2", "pi", "accuracy latency");
    uint64_t id = start(4);
    while (farm.n_held && strcmp(farm.held[0].job.board, "pi-1"))
        farm_drop(&farm, 0);
    assert_true(farm.n_held > 0);
    struct genotype failed = farm.held[0].job.genotype;
    farm.answer = fail_infra;
    farm_measure(&farm, 0);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    farm_turn(&farm);
    while (farm.n_held)
        farm_drop(&farm, 0);
    farm_crash(&farm);
    farm_start(&farm);
    farm_worker_restart(&farm);
    farm_hello(&farm);
    for (int i = 0; i < 2000; i++) {
        farm_turn(&farm);
        farm.now += 10 * SONATA_MS;
        farm_heartbeat(&farm);
        for (uint32_t k = 0; k < farm.n_held; k++) {
            if (!memcmp(&farm.held[k].job.genotype, &failed, sizeof failed)) {
                assert_string_equal(farm.held[k].job.board, "pi-2");
                farm.answer = NULL;
                farm_work(&farm, id, 10000);
                assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
                return;
            }
        }
    }
    fail_msg("the failed job was never given out again");
}

static void test_invalid_is_measured_again(void **state)
{
    (void)state;
    memset(attempts_of, 0, sizeof attempts_of);
    invalid_times = 2;
    farm.answer = answer_invalid;
    uint64_t id = start(5);
    farm_work(&farm, id, 12);
    farm_crash(&farm);
    farm_start(&farm);
    farm_hello(&farm);
    farm_work(&farm, id, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->told, 5);
    assert_int_equal(s->failed + s->infeasible, 0);
    struct individual_record ind = farm_individual(&farm, id, 0);
    assert_true(ind.metric[0].value == 3); /* the third attempt's */
    assert_int_equal(ind.flags, 0);
    assert_int_equal(farm_check(&farm), 0);
}

static void test_never_valid_is_noisy(void **state)
{
    (void)state;
    memset(attempts_of, 0, sizeof attempts_of);
    invalid_times = 1000;
    farm.answer = answer_invalid;
    uint64_t id = start(5);
    farm_work(&farm, id, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->failed, 0);
    assert_int_equal(farm.measured, 5 * 4);
    struct individual_record ind = farm_individual(&farm, id, 0);
    assert_int_equal(ind.state, INDIVIDUAL_DONE);
    assert_true(ind.metric[0].value == 4 && ind.flags & FLAG_NOISY);
    struct measurement m = last_measurement(id, 0);
    assert_int_equal(m.outcome, OUTCOME_OK);
    assert_string_equal(m.reason, "noisy: never valid in 4 attempts, the last: invalid: contended: others had more than 3 % of the core's time");
    measurement_fini(&m);
    assert_int_equal(farm_check(&farm), 0);
}

static void test_never_measured_is_unmeasurable(void **state)
{
    (void)state;
    farm.answer = answer_nothing;
    uint64_t id = start(3);
    farm_work(&farm, id, 3000);
    assert_int_equal(engine_search_by_id(farm.run, id)->failed, 3);
    assert_int_equal(farm.measured, 3 * 4);
    assert_non_null(strstr(farm_individual(&farm, id, 0).reason, "invalid: unmeasurable, not valid in 4 attempts, the last: invalid: too_hot"));
    assert_int_equal(farm_check(&farm), 0);
}

static void test_infeasible_is_final(void **state)
{
    (void)state;
    farm.answer = answer_infeasible;
    uint64_t id = start(5);
    farm_work(&farm, id, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->infeasible, 5);
    assert_int_equal(farm.measured, 5);
    assert_int_equal(farm_individual(&farm, id, 4).state, INDIVIDUAL_INFEASIBLE);
    assert_int_equal(farm_check(&farm), 0);
}

static void test_missing_metric_is_a_bug_tried_once_more(void **state)
{
    (void)state;
    farm.answer = answer_incomplete;
    uint64_t id = start(3);
    farm_work(&farm, id, 3000);
    assert_int_equal(engine_search_by_id(farm.run, id)->failed, 3);
    assert_int_equal(farm.measured, 6);
    assert_string_equal(farm_individual(&farm, id, 0).reason, "bug: the result lacks accuracy");
}

static void test_known_results_are_reused(void **state)
{
    (void)state;
    uint64_t first = start(30);
    farm_work(&farm, first, 3000);
    assert_int_equal(farm.measured, 30);
    struct search_spec *spec = farm_spec("again", "random", 30, 3);
    uint64_t second = farm_submit(&farm, spec);
    farm_work(&farm, second, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, second);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->reused, 30);
    assert_int_equal(farm.measured, 30); /* no board was used */
    assert_true(farm_individual(&farm, second, 7).reused);
    assert_int_equal(farm_check(&farm), 0);
    /* another data set is another measurement */
    copy_string(spec->dataset, sizeof spec->dataset, "other");
    uint64_t third = farm_submit(&farm, spec);
    farm_work(&farm, third, 3000);
    assert_int_equal(farm.measured, 60);
    free(spec);
}

struct found_key {
    struct store_key key;
    uint64_t evaluation;
};

static bool take_key(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct found_key *f = user;
    assert_int_equal(n_value, 1 + 4 + 8);
    f->key = key_bytes(key, n_key);
    struct reader in = reader_of(value + 5, 8);
    f->evaluation = reader_u64(&in);
    return true;
}

/* The index of one architecture is full, most of it of evaluations that came to nothing: a further one must not cost those that are answered. */
static void test_a_full_index_keeps_answers(void **state)
{
    (void)state;
    enum { FULL = 4096 };
    farm_add_board(&farm, "pi-2", "pi", "accuracy energy latency");
    uint64_t first = start(2);
    farm_work(&farm, first, 100);
    assert_int_equal(farm.measured, 2);
    struct found_key f;
    assert_int_equal(store_scan(farm.store, STORE_EVALUATION_KEY, (struct store_key){0}, 0, take_key, &f), 0);
    cleanup_bytes struct bytes full = {0};
    bytes_put_u8(&full, 1);
    bytes_put_u32(&full, FULL);
    for (uint32_t i = 0; i + 1 < FULL; i++)
        bytes_put_u64(&full, 1000000 + i);
    bytes_put_u64(&full, f.evaluation);
    store_put(farm.store, STORE_EVALUATION_KEY, f.key, full.data, full.size);
    farm_turn(&farm);
    struct search_spec *spec = farm_spec("energy", "random", 2, 3);
    copy_string(spec->objective[1].metric, sizeof spec->objective[1].metric, "energy");
    farm_work(&farm, farm_submit(&farm, spec), 100);
    assert_int_equal(farm.measured, 4); /* the same architectures with another metric */
    free(spec);
    spec = farm_spec("again", "random", 2, 3);
    uint64_t third = farm_submit(&farm, spec);
    farm_work(&farm, third, 100);
    assert_int_equal(engine_search_by_id(farm.run, third)->reused, 2);
    assert_int_equal(farm.measured, 4);
    assert_int_equal(farm_check(&farm), 0); /* what was of no use is gone */
    free(spec);
}

static void test_open_evaluation_is_shared(void **state)
{
    (void)state;
    uint64_t first = start(12);
    struct search_spec *spec = farm_spec("twin", "random", 12, 3);
    uint64_t second = farm_submit(&farm, spec);
    farm_work(&farm, first, 3000);
    farm_work(&farm, second, 3000);
    assert_int_equal(engine_search_by_id(farm.run, first)->charged, 12);
    assert_int_equal(engine_search_by_id(farm.run, second)->charged, 12);
    assert_int_equal(farm.measured, 12);
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_farm, close_farm)
        T(test_unknown_and_forged),
        T(test_an_unreadable_record_is_not_taken_for_absent),
        T(test_numbers_of_a_later_store_are_skipped),
        T(test_what_another_worker_was_given),
        T(test_boards_of_a_worker_are_bounded),
        T(test_late_result_answers_when_board_was_not_given_away),
        T(test_adoption_and_late_result),
        T(test_spooled_result_of_a_lost_attempt),
        T(test_stale_epoch),
        T(test_infra_is_tried_three_times_more),
        T(test_another_board_first_also_after_a_restart),
        T(test_invalid_is_measured_again),
        T(test_never_valid_is_noisy),
        T(test_never_measured_is_unmeasurable),
        T(test_infeasible_is_final),
        T(test_missing_metric_is_a_bug_tried_once_more),
        T(test_known_results_are_reused),
        T(test_a_full_index_keeps_answers),
        T(test_open_evaluation_is_shared),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
