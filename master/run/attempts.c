/* The measurement of an attempt is recorded, and who is charged with its time. */
#include "run/attempts.h"

#include "base/memory.h"
#include "health/blame.h"
#include "run/evaluation_table.h"
#include "run/records.h"
#include "run/usage.h"

/* The judge of boards knows no measurements: its classes of jobs are the outcomes, one for one. */
_Static_assert((int)JOB_OK == OUTCOME_OK && (int)JOB_INFEASIBLE == OUTCOME_INFEASIBLE && (int)JOB_INVALID == OUTCOME_INVALID &&
                   (int)JOB_INFRA == OUTCOME_INFRA && (int)JOB_LOST == OUTCOME_LOST && (int)JOB_BUG == OUTCOME_BUG &&
                   (int)JOB_CONFIG == OUTCOME_CONFIG && (int)JOB_CANCELED == OUTCOME_CANCELED,
               "classes of jobs are outcomes");

/* A failure counts to the board only when it may be the board's. */
static void charge_board(struct engine *r, const struct measurement *m)
{
    bool good = outcome_is_good(m->outcome);
    struct board_record board;
    board_load(r, m->board, &board);
    board.done += good;
    board.failed += !good && blame_weight((enum job_class)m->outcome) > 0;
    board.busy_ns += m->duration_ns > 0 ? m->duration_ns : 0;
    board_put(r, &board);
}

void attempt_record(struct engine *r, struct attempt_record *a, const struct measurement *m, enum attempt_state state, const struct evaluation *e)
{
    measurement_put(r, m);
    a->state = state;
    a->outcome = m->outcome;
    a->has_measurement = true;
    a->closed_wall_ns = r->wall;
    attempt_put(r, a);
    charge_board(r, m);
    if (e && e->n_waiters)
        usage_add(r, e->waiter[0].search->record.team, m->duration_ns);
}
