/* Numbers of searches and attempts as a team may see them. Ids of searches, attempts and epochs count what all teams do, so a team never sees them:
 * it calls its searches by its own 1, 2, 3 …, and is shown neither attempts nor what a board did for others. Admins see everything as it is stored.
 * Every request passes border_in() before its verb, every reply border_out() after it; verbs know ids only. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "rpc/verbs.h"

int border_in(const struct rpc_call *call, struct sonata_error *err)
{
    uint64_t *field = verb_search_field(call->verb, call->request);
    if (!field)
        return 0;
    uint64_t asked = *field;
    if (!call->caller->admin)
        *field = engine_search_of_team(call->rpc->run, call->caller->team, asked);
    bool other = call->caller->search && call->caller->search != *field;
    if (!*field || other || !engine_search_by_id(call->rpc->run, *field))
        return sonata_error_set(err, -ENOENT, "there is no search %llu", (unsigned long long)asked);
    return 0;
}

static uint64_t number_of(struct rpc *rpc, uint64_t id)
{
    const struct search_record *s = id ? engine_search_by_id(rpc->run, id) : NULL;
    return s ? s->number : 0;
}

#define CANARY_STEP_NS (600 * SONATA_SECOND)
#define DISK_STEP (UINT64_C(1) << 20)

/* That it is busy, and about how much of its time, is everybody's to know; with what is not. */
static void make_anonymous(Sonata__BoardStatus *b)
{
    b->anonymous = true;
    b->done = b->failed = 0;
    b->busy_share = round(b->busy_share * 20) / 20;
    if (b->attempt) {
        free(b->phase);
        b->phase = xstrdup("busy");
    }
    b->attempt = 0;
    free(b->held_why);
    b->held_why = xstrdup("");
    b->canary_wall_ns -= b->canary_wall_ns % CANARY_STEP_NS; /* one follows every so many jobs */
    if (b->info)
        b->info->epoch = 0;
}

void border_out(const struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    Sonata__Reply *m = &call->reply->message;
    if (call->caller->admin)
        return;
    m->search = number_of(rpc, m->search);
    if (m->caller)
        m->caller->search = number_of(rpc, m->caller->search);
    for (size_t i = 0; i < m->n_tokens; i++)
        m->tokens[i]->search = number_of(rpc, m->tokens[i]->search);
    if (m->task)
        m->task->search = number_of(rpc, m->task->search);
    for (size_t i = 0; i < m->n_searches; i++)
        m->searches[i]->id = m->searches[i]->number;
    for (size_t i = 0; i < m->n_measurements; i++)
        m->measurements[i]->attempt = m->measurements[i]->epoch = 0;
    for (size_t i = 0; i < m->n_boards; i++)
        make_anonymous(m->boards[i]);
    for (size_t i = 0; i < m->n_teams; i++) /* how small records are packed depends on what others have */
        m->teams[i]->disk = (m->teams[i]->disk + DISK_STEP - 1) / DISK_STEP * DISK_STEP;
}
