/* Board or candidate: the quarantine window, the poison rule, retries. */
#include "health/blame.h"

#include <string.h>

#include "support/cmocka.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)

static void three_failures_on_three_jobs(void **state)
{
    (void)state;
    struct blame b = {0};
    blame_add(&b, 1, 1, 0);
    blame_add(&b, 1, 1, 1);
    blame_add(&b, 1, 1, 2);
    assert_false(blame_exceeded(&b, 3)); // one bad candidate
    blame_add(&b, 2, 1, 3);
    assert_false(blame_exceeded(&b, 4));
    blame_add(&b, 3, 1, 4);
    assert_true(blame_exceeded(&b, 5));
    assert_true(blame_forgive(&b, 1));
    assert_false(blame_forgive(&b, 1) || blame_forgive(&b, 99));
    assert_false(blame_exceeded(&b, 5)); // the poisonous one does not count
}

static void invalid_counts_half(void **state)
{
    (void)state;
    struct blame b = {0};
    for (uint64_t job = 1; job <= 5; job++)
        blame_add(&b, job, 0.5, 0);
    assert_false(blame_exceeded(&b, 0));
    blame_add(&b, 6, 0.5, 0);
    assert_true(blame_exceeded(&b, 0));
}

static void window_is_twenty_jobs_or_an_hour(void **state)
{
    (void)state;
    struct blame b = {0};
    for (uint64_t job = 1; job <= 3; job++)
        blame_add(&b, job, 1, 0);
    for (uint64_t job = 10; job < 27; job++)
        blame_add(&b, job, 0, 2 * HOUR);
    assert_true(blame_exceeded(&b, 2 * HOUR)); // the third is the 20th last
    blame_add(&b, 27, 0, 2 * HOUR);
    assert_false(blame_exceeded(&b, 2 * HOUR));
    assert_true(blame_counts(&b, 2 * HOUR));
    assert_true(blame_exceeded(&b, HOUR)); // fast jobs: within the hour they still count
    for (uint64_t job = 30; job < 200; job++)
        blame_add(&b, job, 0, 0);
    assert_false(blame_exceeded(&b, 0) || blame_counts(&b, 0)); // out of the ring
}

static void board_was_well(struct poison *p, uint64_t board)
{
    for (unsigned i = 0; i < p->n; i++)
        p->failure[i].well_after |= p->failure[i].board == board;
}

static void poison(void **state)
{
    (void)state;
    struct poison p = {0};
    poison_add(&p, 7);
    poison_add(&p, 8);
    assert_false(poison_proven(&p, 4));
    board_was_well(&p, 7);
    assert_false(poison_proven(&p, 4)); // the other board did not come back: it may be the board
    board_was_well(&p, 8);
    assert_true(poison_proven(&p, 4));
    struct poison q = {0};
    for (int i = 0; i < 3; i++) {
        assert_false(poison_proven(&q, 1));
        poison_add(&q, 7);
        assert_false(poison_proven(&q, 1));
        board_was_well(&q, 7);
    }
    assert_true(poison_proven(&q, 1));
    assert_false(poison_proven(&q, 2)); // there is another board to try
    for (int i = 0; i < 100; i++)
        poison_add(&q, 9);
    assert_int_equal(q.n, POISON_MAX);
}

static void classes(void **state)
{
    (void)state;
    assert_true(blame_weight(JOB_INFRA) == 1 && blame_weight(JOB_INVALID) == 0.5);
    for (enum job_class c = JOB_OK; c < JOB_CLASS_COUNT; c++)
        assert_true(c == JOB_INFRA || c == JOB_INVALID || blame_weight(c) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(three_failures_on_three_jobs), cmocka_unit_test(invalid_counts_half),
                                       cmocka_unit_test(window_is_twenty_jobs_or_an_hour), cmocka_unit_test(poison), cmocka_unit_test(classes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
