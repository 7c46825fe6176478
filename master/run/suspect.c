/* Candidates that bring boards down. Failures of an open evaluation on boards with canaries, and losses on any, are kept in the store; when the
 * boards turn out to be well afterwards, or it was the one running at too many losses, it was the candidate: the evaluation is infeasible,
 * `infeasible:kills_board`, without any measurement, in the transaction of the canary that proved it, and the boards are not blamed. The rule itself
 * is health/blame.h.
 *
 * A loss by itself says nothing (docs/WORKER.md, "Who is to blame"). A failure that a worker reports and the canary after it have times of the same
 * clock, so they may arrive in any order. */
#include "run/suspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "health/blame.h"
#include "run/board_health.h"
#include "run/board_table.h"
#include "run/evaluation.h"
#include "run/evaluation_table.h"
#include "run/note.h"
#include "run/outgoing.h"
#include "run/records.h"
#include "run/suspect_table.h"

/* It only was interrupted. */
static bool was_interrupted(const struct attempt_record *a) { return a->has_measurement ? a->outcome == OUTCOME_LOST : a->state == ATTEMPT_LOST; }

static bool is_loss(struct engine *r, const struct suspect_failure *f)
{
    struct attempt_record a;
    return !attempt_load(r, f->attempt, &a) && was_interrupted(&a);
}

static struct poison poison_of(struct engine *r, const struct suspect_record *s, bool as_if_well)
{
    struct poison p = {0};
    for (uint32_t i = 0; i < s->n; i++) {
        if (is_loss(r, &s->failure[i])) {
            p.losses++;
            continue;
        }
        poison_add(&p, hash64_text(s->failure[i].board));
        p.failure[p.n - 1].well_after = as_if_well || s->failure[i].well_after;
    }
    return p;
}

/* The record stays in the store: it is what the verdict rests on. What ran before and is only measured again keeps its answer. */
static void condemn(struct engine *r, struct evaluation *e, struct suspect_record *s)
{
    char reason[REASON_MAX];
    suspect_reason_of(s, reason);
    for (uint32_t i = 0; i < s->n; i++)
        boards_forgive(r, s->failure[i].board, s->evaluation);
    char fields[NOTE_FIELDS_MAX];
    engine_note(r, true, "architecture brings boards down", "%s reason=\"%s\" failures=%u", evaluation_fields(r, s->evaluation, fields), reason,
                s->n);
    sched_remove(r->sched, e->record.id, reason);
    if (e->record.accepted) {
        evaluation_close(r, e, evaluation_standing(r, &e->record), "");
        return;
    }
    suspect_keep_record(r, s->evaluation);
    evaluation_close(r, e, EVALUATION_INFEASIBLE, reason);
}

/* Suspected enough that canaries decide: the boards that have not passed one yet are asked to. */
static void ask_for_canaries(struct engine *r, const struct suspect_record *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct sched_board_view v;
        if (!s->failure[i].well_after && suspect_is_first_of_board(s, i) && sched_board_named(r->sched, s->failure[i].board, &v) && v.online)
            outgoing_command(r, v.worker, s->failure[i].board, "canary");
    }
}

static void judge(struct engine *r, struct suspect_record *s, bool ask)
{
    struct evaluation *e = evaluation_get(r, s->evaluation);
    if (!e)
        return;
    struct sched_need need = evaluation_need(&e->record);
    unsigned boards = sched_count_boards(r->sched, &need);
    struct poison as_known = poison_of(r, s, false), if_well = poison_of(r, s, true);
    if (poison_proven(&as_known, boards))
        condemn(r, e, s);
    else if (ask && poison_proven(&if_well, boards))
        ask_for_canaries(r, s);
}

void suspect_add(struct engine *r, const struct attempt_record *a, int64_t wall_ns, bool own_clock)
{
    const struct watched *w = watched_find(r, a->board);
    bool lost = was_interrupted(a);
    if ((!lost && !watched_has_canary(w)) || !evaluation_get(r, a->evaluation))
        return;
    struct suspect_record *s = suspect_get(r, a->evaluation);
    if (s->n == SUSPECT_MAX)
        memmove(&s->failure[0], &s->failure[1], --s->n * sizeof *s->failure);
    struct suspect_failure *f = &s->failure[s->n++];
    *f = (struct suspect_failure){.attempt = a->id, .wall_ns = wall_ns, .well_after = !lost && own_clock && w->record.well_wall_ns > wall_ns};
    copy_string(f->board, sizeof f->board, a->board);
    suspect_put(r, s);
    judge(r, s, true);
}

void suspect_clear(struct engine *r, const struct attempt_record *a)
{
    struct suspect_record *s = suspect_find(r, a->evaluation);
    boards_forgive(r, a->board, a->evaluation);
    for (uint32_t i = 0; s && i < s->n; i++) {
        if (s->failure[i].attempt != a->id)
            continue;
        memmove(&s->failure[i], &s->failure[i + 1], (--s->n - i) * sizeof *s->failure);
        suspect_put(r, s);
        return;
    }
}

static bool mark_well(struct suspect_record *s, const char *board, int64_t wall_ns)
{
    bool changed = false;
    for (uint32_t i = 0; i < s->n; i++) {
        struct suspect_failure *f = &s->failure[i];
        if (f->well_after || strcmp(f->board, board) || f->wall_ns >= wall_ns)
            continue;
        f->well_after = changed = true;
    }
    return changed;
}

void suspects_well(struct engine *r, const char *board, int64_t wall_ns)
{
    uint32_t at = 0;
    size_t n = 0, capacity = 0;
    uint64_t *changed = NULL;
    for (struct suspect_record *s; (s = suspect_next(r, &at));) {
        if (!mark_well(s, board, wall_ns))
            continue;
        suspect_put(r, s);
        changed = xgrow(changed, &capacity, n + 1, sizeof *changed);
        changed[n++] = s->evaluation;
    }
    for (size_t i = 0; i < n; i++) { /* a verdict may settle others: look each up again */
        struct suspect_record *s = suspect_find(r, changed[i]);
        if (s)
            judge(r, s, false);
    }
    free(changed);
}
