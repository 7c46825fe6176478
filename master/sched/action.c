/* Decisions that wait for the caller, and the next moment when time alone changes something. */
#include "base/memory.h"
#include "sched/sched_internal.h"

struct sched_action *sched_push_action(struct sched *s, enum sched_action_type type)
{
    s->action = xgrow(s->action, &s->action_capacity, s->n_actions + 1, sizeof *s->action);
    struct sched_action *a = &s->action[s->n_actions++];
    *a = (struct sched_action){.type = type};
    return a;
}

bool sched_next_action(struct sched *s, struct sched_action *ret_action)
{
    if (s->action_at == s->n_actions) {
        s->action_at = s->n_actions = 0;
        return false;
    }
    *ret_action = s->action[s->action_at++];
    return true;
}

void sched_due(struct sched *s, int64_t when_ns)
{
    if (when_ns < s->next_deadline_ns)
        s->next_deadline_ns = when_ns;
}
