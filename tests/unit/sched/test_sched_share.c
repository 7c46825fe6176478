/* Fair share: a simulated week of teams with weights 2:1:1 and very different job lengths. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/rng.h"
#include "sched/sched.h"

enum { BOARDS = 8, TEAMS = 3, WAITING = 6 };

struct busy {
    struct sched_action lease;
    unsigned team;
    int64_t ends_ns, took_ns;
    bool live;
};

struct farm {
    struct sched *s;
    int64_t now;
    struct rng rng;
    struct busy board[BOARDS];
    uint64_t next_job;
    double used_s[TEAMS];
};

static const struct sched_need need = {.n_metrics = 1, .metric = {"latency"}};
static const double length_s[TEAMS] = {5, 60, 15}, weight[TEAMS] = {2, 1, 1};

static void start(struct farm *f)
{
    struct sched_config c = sched_config_default();
    struct sched_board_info b[BOARDS];
    c.prefetch = 0;
    *f = (struct farm){.s = sched_new(&c), .now = SONATA_SECOND, .rng = rng_seeded(4, 0), .next_job = 1};
    for (int i = 0; i < BOARDS; i++) {
        b[i] = (struct sched_board_info){.n_metrics = 1, .metric = {"latency"}, .state = "ready", .type = "pi"};
        snprintf(b[i].id, sizeof b[i].id, "%d", i);
    }
    assert_int_equal(sched_hello(f->s, f->now, &(struct sched_report){"w", 1, b, BOARDS, NULL, 0}, NULL), 0);
    for (unsigned t = 0; t < TEAMS; t++)
        sched_set_team(f->s, 10 + t, t, weight[t]);
}

/* Job ids carry their team. */
static void add(struct farm *f, unsigned team)
{
    static const struct sched_tries fresh;
    assert_int_equal(sched_add(f->s, f->next_job++ * TEAMS + team, 10 + team, &need, &fresh), 0);
}

static void give_out(struct farm *f)
{
    struct sched_action a;
    sched_dispatch(f->s, f->now);
    while (sched_next_action(f->s, &a)) {
        if (a.type != SCHED_ASSIGN)
            continue;
        struct busy *b = &f->board[a.board[0] - '0'];
        unsigned team = (unsigned)(a.job % TEAMS);
        double s = length_s[team] * (0.5 + rng_uniform(&f->rng));
        *b = (struct busy){a, team, f->now + (int64_t)(s * 1e9), (int64_t)(s * 1e9), true};
        add(f, team); /* always more to do */
    }
}

static void finish_next(struct farm *f)
{
    struct busy *first = NULL;
    for (int i = 0; i < BOARDS; i++) {
        if (f->board[i].live && (!first || f->board[i].ends_ns < first->ends_ns))
            first = &f->board[i];
    }
    assert_non_null(first);
    enum sched_verdict v;
    f->now = first->ends_ns;
    for (int i = 0; i < BOARDS; i++) { /* heartbeats */
        struct sched_running r = {.attempt = f->board[i].lease.attempt, .epoch = f->board[i].lease.epoch, .started = true};
        copy_string(r.board, sizeof r.board, f->board[i].lease.board);
        if (f->board[i].live)
            sched_renew(f->s, f->now, &r);
    }
    assert_int_equal(sched_alive(f->s, f->now, "w"), 0);
    sched_tick(f->s, f->now);
    sched_measured(f->s, first->lease.attempt, first->took_ns);
    assert_int_equal(sched_result(f->s, f->now, &(struct sched_result){first->lease.attempt, first->lease.epoch, first->lease.board, OUTCOME_OK, ""}, &v), 0);
    f->used_s[first->team] += (double)first->took_ns / 1e9;
    first->live = false;
}

static void test_week_of_teams(void **state)
{
    (void)state;
    struct farm f;
    start(&f);
    for (unsigned t = 0; t < TEAMS; t++) {
        for (int i = 0; i < WAITING; i++)
            add(&f, t);
    }
    give_out(&f);
    while (f.now < 7 * 86400 * SONATA_SECOND) {
        finish_next(&f);
        give_out(&f);
    }
    double total = f.used_s[0] + f.used_s[1] + f.used_s[2];
    for (unsigned t = 0; t < TEAMS; t++) {
        double share = f.used_s[t] / total, fair = weight[t] / 4;
        print_message("team %u: %.2f %% of the board time, %.0f %% is fair\n", t, 100 * share, 100 * fair);
        assert_true(fabs(share / fair - 1) < 0.05);
    }
    sched_free(f.s);
}

/* A team that was away for a day comes back: it gets its share from now on, not the day. */
static void test_absence_is_not_saved_up(void **state)
{
    (void)state;
    struct farm f;
    start(&f);
    for (int i = 0; i < WAITING; i++) {
        add(&f, 1);
        add(&f, 2);
    }
    give_out(&f);
    while (f.now < 86400 * SONATA_SECOND) {
        finish_next(&f);
        give_out(&f);
    }
    f.used_s[0] = f.used_s[1] = f.used_s[2] = 0;
    for (int i = 0; i < WAITING; i++)
        add(&f, 0);
    while (f.now < (86400 + 14400) * SONATA_SECOND) {
        finish_next(&f);
        give_out(&f);
    }
    double share = f.used_s[0] / (f.used_s[0] + f.used_s[1] + f.used_s[2]);
    assert_true(share > 0.45 && share < 0.55);
    sched_free(f.s);
}

/* One team may use two boards, another half an hour a day: for a week of simulated time neither goes over, and the third gets the rest. */
static void test_quotas_hold_for_a_week(void **state)
{
    (void)state;
    struct farm f;
    const struct sched_quota boards = {.boards = 2}, hours = {.day_ns = 1800 * SONATA_SECOND};
    int64_t day = 0;
    double day_used_s = 0, worst_day_s = 0, idle = 0;
    unsigned most_boards = 0;
    start(&f);
    sched_set_quota(f.s, 0, &boards);
    sched_set_quota(f.s, 1, &hours);
    for (unsigned t = 0; t < TEAMS; t++) {
        for (int i = 0; i < WAITING + BOARDS; i++)
            add(&f, t);
    }
    give_out(&f);
    while (f.now < 7 * 86400 * SONATA_SECOND) {
        unsigned now = 0;
        for (int i = 0; i < BOARDS; i++) {
            now += f.board[i].live && f.board[i].team == 0;
            idle += !f.board[i].live;
        }
        most_boards = now > most_boards ? now : most_boards;
        assert_int_equal(sched_team_boards(f.s, 0), now);
        double before = f.used_s[1];
        finish_next(&f);
        if (f.now / (86400 * SONATA_SECOND) != day) {
            day = f.now / (86400 * SONATA_SECOND);
            worst_day_s = fmax(worst_day_s, day_used_s);
            day_used_s = 0;
        }
        day_used_s += f.used_s[1] - before;
        sched_set_day_used(f.s, 1, (int64_t)(day_used_s * 1e9));
        give_out(&f);
    }
    print_message("two boards: at most %u; half an hour a day: at most %.0f s; %.0f boards idle\n", most_boards, worst_day_s, idle);
    assert_int_equal(most_boards, 2);
    /* what runs is counted by the mean of what ran before, which is off by half of it at most */
    assert_true(worst_day_s > 1800 - length_s[1] && worst_day_s < 1800 + (BOARDS / 2 + 1) * length_s[1]);
    assert_true(idle == 0); /* what they may not use goes to the others */
    assert_int_equal(sched_held(f.s, 10), SCHED_HELD_BOARDS);
    assert_int_equal(sched_held(f.s, 12), SCHED_NOT_HELD);
    sched_free(f.s);
}

/* A team at its quota has jobs of every board type waiting: others are asked and served as if it were not there. */
static void test_a_held_team_blocks_nobody(void **state)
{
    (void)state;
    struct farm f;
    const struct sched_quota one = {.boards = 1};
    start(&f);
    sched_set_quota(f.s, 0, &one);
    for (int i = 0; i < 50; i++) {
        static const struct sched_tries fresh;
        assert_int_equal(sched_add(f.s, f.next_job++, 10, &need, &fresh), 0);
    }
    assert_int_equal(sched_open_slots(f.s, 10, &need), 0);
    assert_int_equal(sched_open_slots(f.s, 11, &need), BOARDS - 1); /* one is spoken for, whatever waits behind it */
    struct sched_action a;
    unsigned given = 0;
    sched_dispatch(f.s, f.now);
    while (sched_next_action(f.s, &a))
        given += a.type == SCHED_ASSIGN;
    assert_int_equal(given, 1);
    assert_int_equal(sched_held(f.s, 10), SCHED_HELD_BOARDS);
    assert_int_equal(sched_open_slots(f.s, 11, &need), BOARDS - 1);
    const struct sched_quota none = {.boards = 0};
    sched_set_quota(f.s, 0, &none); /* lifted */
    assert_int_equal(sched_held(f.s, 10), SCHED_NOT_HELD);
    sched_dispatch(f.s, f.now);
    while (sched_next_action(f.s, &a))
        given += a.type == SCHED_ASSIGN;
    assert_int_equal(given, BOARDS);
    sched_free(f.s);
}

/* Within a team the higher priority goes first, always; between teams it changes nothing. */
static void test_priority_is_strict_within_a_team(void **state)
{
    (void)state;
    struct farm f;
    static const struct sched_tries fresh;
    start(&f);
    sched_set_team(f.s, 20, 0, 1); /* a second search of team 0 */
    sched_set_priority(f.s, 20, 5);
    sched_set_priority(f.s, 11, 100); /* another team's */
    sched_set_team(f.s, 10, 0, 1);
    for (uint64_t i = 0; i < 40; i++) {
        assert_int_equal(sched_add(f.s, 1000 + i, 10, &need, &fresh), 0);
        assert_int_equal(sched_add(f.s, 2000 + i, 11, &need, &fresh), 0);
        if (i < 12)
            assert_int_equal(sched_add(f.s, 3000 + i, 20, &need, &fresh), 0);
    }
    assert_int_equal(sched_open_slots(f.s, 10, &need), 0); /* its own wait already */
    unsigned of[4] = {0}, turn = 0;
    for (struct sched_action a; turn < 24; turn += BOARDS) {
        sched_dispatch(f.s, f.now);
        while (sched_next_action(f.s, &a)) {
            enum sched_verdict v;
            if (a.type != SCHED_ASSIGN)
                continue;
            of[a.job / 1000]++;
            sched_measured(f.s, a.attempt, SONATA_SECOND);
            assert_int_equal(sched_result(f.s, f.now, &(struct sched_result){a.attempt, a.epoch, a.board, OUTCOME_OK, ""}, &v), 0);
        }
        if (of[3] < 12)
            assert_int_equal(of[1], 0); /* nothing of the lower one before the higher one is done */
    }
    assert_int_equal(of[3], 12);
    assert_in_range(of[2], 11, 13); /* half of the boards, in spite of its 100 */
    struct sched_claim high = sched_claim(f.s, 20), low = sched_claim(f.s, 10);
    assert_true(sched_claim_compare(&high, &low) < 0);
    sched_free(f.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_week_of_teams), cmocka_unit_test(test_absence_is_not_saved_up),
                                       cmocka_unit_test(test_quotas_hold_for_a_week), cmocka_unit_test(test_a_held_team_blocks_nobody),
                                       cmocka_unit_test(test_priority_is_strict_within_a_team)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
