/* Who is to blame: a row of docs/WORKER.md, "Who is to blame", each. What happened six times, each time to other jobs of the only board: is the board
 * quarantined, do candidates fail? */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "farm.h"
#include "support/cmocka.h"

enum { ROUNDS = 6, BUDGET = 24 };

static struct farm farm;
static enum outcome end; /* of what is measured in the scripted rounds */

static void scripted(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    (void)job;
    measurement_fail(m, end, "as the row says");
}

static void pass_time(int64_t ns)
{
    farm.now += ns;
    farm.wall += ns;
    engine_set_time(farm.run, farm.now, farm.wall);
    farm_turn(&farm);
}

static void worker_is_back(void)
{
    farm_worker_restart(&farm);
    farm_hello(&farm);
    farm_turn(&farm);
}

static void worker_stops(void)
{
    engine_goodbye(farm.run, "w");
    farm_turn(&farm);
    worker_is_back();
}

static void worker_is_killed(void) { worker_is_back(); }

static void host_is_silent(void)
{
    pass_time(31 * SONATA_SECOND);
    worker_is_back();
}

/* The worker goes on and says Hello with what it has. */
static void link_is_down(void)
{
    pass_time(31 * SONATA_SECOND);
    farm_hello(&farm);
    farm_turn(&farm);
}

static void master_ends(void)
{
    farm_crash(&farm);
    farm_start(&farm);
    farm_hello(&farm);
    farm_turn(&farm);
}

/* The job at the front of the board ends in the row's way. */
static void front_ends(void)
{
    uint64_t attempt = farm.held[0].job.attempt;
    farm_measure(&farm, 0);
    assert_string_equal(farm_send(&farm, 0), "accepted");
    farm_turn(&farm);
    for (uint32_t i = farm.n_held; i-- > 0;) {
        if (farm.held[i].job.attempt == attempt)
            farm_drop(&farm, i);
    }
}

struct row {
    const char *cause;
    void (*happens)(void);
    enum outcome end;
    bool board;     /* it is quarantined */
    bool candidate; /* individuals end as infeasible or failed */
};

static const struct row rows[] = {
    {"the worker is stopped, or upgraded", worker_stops, OUTCOME_OK, false, false},
    {"the worker is killed, or its host loses power", worker_is_killed, OUTCOME_OK, false, false},
    {"the host is not heard of for longer than the lease", host_is_silent, OUTCOME_OK, false, false},
    {"the link is down for longer than the lease", link_is_down, OUTCOME_OK, false, false},
    {"the master ends", master_ends, OUTCOME_OK, false, false},
    {"the board's process ends over a job", front_ends, OUTCOME_LOST, false, false},
    {"canceled", front_ends, OUTCOME_CANCELED, false, false},
    {"the board or its tool fails", front_ends, OUTCOME_INFRA, true, false},
    {"measured under wrong conditions", front_ends, OUTCOME_INVALID, true, false},
    {"the candidate crashes, runs over its limit or does not fit", front_ends, OUTCOME_INFEASIBLE, false, true},
    {"the job cannot be asked of the board", front_ends, OUTCOME_CONFIG, false, true},
    {"the engine fails in a way of its own, twice with the same job", front_ends, OUTCOME_BUG, false, true},
};

static bool board_is_held(void)
{
    struct engine_board_health h;
    engine_board_health(farm.run, "pi-1", "pi", &h);
    return h.hold_left_ns > 0;
}

static void play(const struct row *row)
{
    farm_open(&farm, 5);
    farm.config.quarantine_ns = 300 * SONATA_SECOND;
    farm_crash(&farm);
    farm_start(&farm);
    farm_add_board(&farm, "pi-1", "pi", "accuracy latency");
    farm_hello(&farm);
    struct search_spec *spec = farm_spec("s", "random", BUDGET, 3);
    uint64_t id = farm_submit(&farm, spec);
    free(spec);
    farm_turn(&farm);
    end = row->end;
    farm.answer = scripted;
    int rounds = row->end == OUTCOME_CONFIG ? 4 : ROUNDS; /* a fifth would pause the search (run/failing.h) */
    for (int i = 0; i < rounds && !board_is_held(); i++) {
        for (int k = 0; k < 30 && !farm.n_held; k++) {
            pass_time(SONATA_SECOND);
            farm_heartbeat(&farm);
            farm_turn(&farm);
        }
        assert_true(farm.n_held);
        row->happens();
        farm.answer = NULL;
        for (int k = 0; (row->happens != front_ends || end == OUTCOME_INVALID) && farm.n_held && k < 2; k++)
            front_ends(); /* other jobs are the ones that run next time */
        farm.answer = scripted;
    }
    if (board_is_held() != row->board)
        fail_msg("%s: the board is %squarantined", row->cause, row->board ? "not " : "");
    farm.answer = NULL;
    while (board_is_held())
        pass_time(10 * SONATA_SECOND);
    farm_hello(&farm);
    farm_work(&farm, id, 10000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    if ((s->infeasible + s->failed > 0) != row->candidate)
        fail_msg("%s: %u infeasible, %u failed", row->cause, s->infeasible, s->failed);
    assert_int_equal(farm_check(&farm), 0);
    farm_close(&farm);
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        play(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
