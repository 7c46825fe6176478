/* Attempts: their measurement is recorded here, board and team are charged for the time, and the tries of the job are kept. */
#include "run/attempts.h"

#include "base/memory.h"
#include "run/evaluation_table.h"
#include "run/records.h"
#include "run/usage.h"

static void charge_board(struct engine *r, const struct measurement *m, bool good)
{
    struct board_record board;
    board_load(r, m->board, &board);
    board.done += good;
    board.failed += !good;
    board.busy_ns += m->duration_ns > 0 ? m->duration_ns : 0;
    board_put(r, &board);
}

void attempt_record_measurement(struct engine *r, struct attempt_record *a, const struct measurement *m, enum attempt_state state)
{
    measurement_put(r, m);
    a->state = state;
    a->outcome = m->outcome;
    a->has_measurement = true;
    a->closed_wall_ns = r->wall;
    attempt_put(r, a);
    charge_board(r, m, m->outcome == OUTCOME_OK || m->outcome == OUTCOME_INFEASIBLE);
}

void attempt_take_tries(const struct engine *r, struct evaluation_record *e)
{
    struct sched_tries t = sched_tries(r->sched, e->id);
    e->tries = (struct tries){t.infra, t.invalid, t.bug, t.reported, ""};
    copy_string(e->tries.avoid, sizeof e->tries.avoid, t.avoid);
}

void attempt_save_tries(struct engine *r, struct evaluation *e)
{
    attempt_take_tries(r, &e->record);
    e->record.live = 0;
    evaluation_put(r, &e->record);
}

/* Several searches may wait for it; it is charged once, to the first. */
void attempt_charge_team(struct engine *r, const struct evaluation *e, const struct measurement *m)
{
    if (e->n_waiters)
        usage_add(r, e->waiter[0].search->record.team, m->duration_ns);
}
