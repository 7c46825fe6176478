/* See screening.h.
 *
 * Two kinds of boards are kept busy: an idle slot of the costly group gets the best of those that wait; an idle slot of a cheap one screens for the
 * promotion after that. What waits is never waited for: while screenings are under way, one in w of those that wait may be promoted already.
 * Costs are learned, since nobody can tell them beforehand: the first architectures are measured whole, until each group was timed TIMED_MIN times.
 * Like everything the core is told they go into the event log, so that a replay does not depend on durations. */
#include "run/screening.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "run/event_log.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/plan.h"
#include "run/values.h"

enum { TIMED_MIN = 3, ASK_MAX = 64, FLIGHT_EXTRA = 64, FLIGHT_FACTOR = 4 };

static const double SCREENING_RATIO = 10 /* of the costs, from which the core would screen one for each (search/groups.c) */,
                    RATIO_CHANGE = 1.1 /* of the costs, before the core is told again */, ANALYTIC_COST = 1e-9;

void screening_count_time(struct search *rs, uint32_t group, int64_t duration_ns)
{
    if (duration_ns <= 0 || group >= rs->record.n_groups)
        return;
    rs->record.timed[group]++;
    rs->record.time_ns[group] += duration_ns;
    rs->dirty = true;
}

/* Groups of the core and what they cost: those of the search that have objectives, and one of what is only counted. */
struct costs {
    uint32_t n, costly; /* groups; that of the search which costs most */
    uint8_t of[OBJECTIVES_MAX];
    double cost[OBJECTIVES_MAX], ratio;
};

static double mean_time(const struct search *rs, uint32_t group)
{
    const struct search_record *s = &rs->record;
    return (double)s->time_ns[group] / s->timed[group] * 1e-9;
}

/* The group of the search that measures the objective, n_groups when it is counted. */
static uint32_t group_of_objective(const struct search *rs, uint32_t objective)
{
    uint32_t g = 0;
    while (g < rs->record.n_groups && !plan_group_has(rs, g, objective))
        g++;
    return g;
}

static bool has_objective(const struct search *rs, uint32_t group)
{
    for (uint32_t o = 0; o < rs->spec->n_objectives; o++) {
        if (group_of_objective(rs, o) == group)
            return true;
    }
    return false;
}

static void group_objectives(const struct search *rs, struct costs *c)
{
    uint32_t core_group[GROUPS_MAX + 1];
    memset(core_group, 0xff, sizeof core_group);
    for (uint32_t o = 0; o < rs->spec->n_objectives; o++) {
        uint32_t g = group_of_objective(rs, o);
        if (core_group[g] == UINT32_MAX) {
            core_group[g] = c->n++;
            c->cost[core_group[g]] = g < rs->record.n_groups ? mean_time(rs, g) : ANALYTIC_COST;
        }
        c->of[o] = (uint8_t)core_group[g];
    }
}

/* false: not known yet, or the costly group has no objective that the core could choose by. */
static bool learn(const struct search *rs, struct costs *ret_costs)
{
    const struct search_record *s = &rs->record;
    struct costs c = {.n = 0};
    double total = 0, most = 0;
    for (uint32_t g = 0; g < s->n_groups; g++) {
        if (s->timed[g] < TIMED_MIN)
            return false;
        double t = mean_time(rs, g);
        total += t;
        c.costly = t > most ? g : c.costly;
        most = t > most ? t : most;
    }
    if (!has_objective(rs, c.costly) || !(total > most))
        return false;
    group_objectives(rs, &c);
    double others = 0;
    for (uint32_t g = 0; g < c.n; g++)
        others += c.cost[g] < most ? c.cost[g] : 0;
    for (uint32_t g = 0; g < c.n && others > 0; g++) /* what groups of constraints alone take is shared by the cheap ones */
        c.cost[g] *= c.cost[g] < most ? (total - most) / others : 1;
    c.ratio = most / (total - most);
    *ret_costs = c;
    return others > 0;
}

/* Architectures screened for each promoted one, as the core would have it (core_set_costs()). */
static bool would_change(const struct search *rs, const struct costs *c)
{
    double before = rs->record.cost_ratio;
    if (!rs->record.costly)
        return c->ratio >= 2 * SCREENING_RATIO;
    return c->costly + 1 != rs->record.costly || c->ratio > RATIO_CHANGE * before || c->ratio * RATIO_CHANGE < before;
}

void screening_learn_costs(struct search *rs)
{
    struct search_record *s = &rs->record;
    struct costs c;
    if (s->n_groups < 2 || rs->proposal_order || !core_can_screen(rs->core) || rs->spec->revision < 4 || !learn(rs, &c) || !would_change(rs, &c))
        return;
    bool first = !s->costly;
    int rc = first ? core_set_groups(rs->core, c.n, c.of) : 0;
    if (!rc)
        rc = core_set_costs(rs->core, c.cost);
    if (rc) {
        engine_note(rs->engine, true, "costs not taken by the search core", "search=%llu code=%d", (unsigned long long)s->id, rc);
        return;
    }
    s->costly = c.costly + 1;
    s->cost_ratio = c.ratio;
    event_log_costs(rs, c.n, first ? c.of : NULL, c.cost);
    char fields[NOTE_FIELDS_MAX];
    engine_note(rs->engine, false, "costs of measuring are known", "%s ratio=%.3g screened_for_each=%u", search_fields(rs, fields), c.ratio,
                core_screening(rs->core));
}

bool screening_is_on(const struct search *rs) { return rs->record.costly && core_screening(rs->core) > 1; }

/* Slots of the boards of the costly group, or the most that any cheap one has: idle, and in all. */
static uint32_t slots(const struct search *rs, bool costly, bool idle)
{
    uint32_t most = 0;
    for (uint32_t g = 0; g < rs->record.n_groups; g++) {
        struct sched_need need;
        if ((g + 1 == rs->record.costly) != costly)
            continue;
        group_need(rs, g, &need);
        uint32_t n = idle ? sched_open_slots(rs->engine->sched, rs->record.id, &need) : sched_total_slots(rs->engine->sched, &need);
        most = max_of(n, most);
    }
    return most;
}

static uint32_t room(const struct search *rs, bool costly, uint32_t flying)
{
    uint32_t limit = FLIGHT_FACTOR * slots(rs, costly, false) + FLIGHT_EXTRA;
    return flying < limit ? min_of(slots(rs, costly, true), limit - flying) : 0;
}

/* Of those that wait one in w may go while others are being screened. */
static uint32_t ready(const struct search *rs, bool more_come)
{
    uint32_t waiting = core_screened(rs->core);
    return more_come ? waiting / core_screening(rs->core) : waiting;
}

uint32_t screening_wanted(const struct search *rs, uint32_t left, uint32_t flying, enum ask_kind *ret_kind)
{
    uint32_t screening = pending_screening(rs);
    bool can_screen = slots(rs, false, false) > 0;
    uint32_t idle = min_of(min_of(room(rs, true, flying), left), (uint32_t)ASK_MAX), promoted = min_of(idle, ready(rs, screening && can_screen));
    *ret_kind = ASK_PROMOTION;
    if (promoted)
        return promoted;
    *ret_kind = ASK_SCREENING;
    uint32_t due = left && !rs->record.stalled ? core_screening_due(rs->core, min_of(idle + 1, left)) : 0,
             n = min_of(due, room(rs, false, screening));
    if (n)
        return min_of(n, (uint32_t)ASK_MAX);
    *ret_kind = ASK_WHOLE; /* no board is left that could screen: the costly ones go on as without */
    return can_screen || rs->record.stalled ? 0 : idle;
}
