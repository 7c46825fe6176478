/* What numbers mean to whom. Ids of searches, attempts and epochs count what all teams do, so a team never sees them: it calls its searches by its
 * own 1, 2, 3 …, and is shown neither attempts nor what a board did for others. Admins see everything as it is stored. Every request passes
 * border_in() before its verb, every reply border_out() after it; verbs know ids only. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "rpc/rpc_internal.h"

/* The fields of a request that name a search; returns how many. */
static unsigned search_fields(Sonata__Request *q, uint64_t *field[RPC_SEARCH_FIELDS])
{
    switch (q->verb_case) {
    case SONATA__REQUEST__VERB_SUBMIT:
        field[0] = &q->submit->fork_of;
        return q->submit->fork_of ? 1 : 0;
    case SONATA__REQUEST__VERB_SHOW:
        field[0] = &q->show->search;
        return 1;
    case SONATA__REQUEST__VERB_INDIVIDUALS:
        field[0] = &q->individuals->search;
        return 1;
    case SONATA__REQUEST__VERB_CONTROL:
        field[0] = &q->control->search;
        return 1;
    case SONATA__REQUEST__VERB_MEASUREMENT:
        field[0] = &q->measurement->search;
        return 1;
    case SONATA__REQUEST__VERB_INSIGHT:
        field[0] = &q->insight->search;
        return 1;
    case SONATA__REQUEST__VERB_TASK:
        field[0] = &q->task->search;
        return q->task->search ? 1 : 0; /* not every task is about a search */
    default:
        return 0;
    }
}

int border_in(struct rpc *rpc, const struct rpc_caller *caller, Sonata__Request *q, struct sonata_error *err)
{
    uint64_t *field[RPC_SEARCH_FIELDS];
    unsigned n = search_fields(q, field);
    for (unsigned i = 0; i < n; i++) {
        uint64_t asked = *field[i];
        if (!caller->admin)
            *field[i] = engine_search_of_team(rpc->run, caller->team, asked);
        if (!*field[i] || !engine_search_by_id(rpc->run, *field[i]))
            return sonata_error_set(err, -ENOENT, "there is no search %llu", (unsigned long long)asked);
    }
    return 0;
}

static uint64_t number_of(struct rpc *rpc, uint64_t id)
{
    const struct search_record *s = id ? engine_search_by_id(rpc->run, id) : NULL;
    return s ? s->number : 0;
}

#define CANARY_STEP_NS (600 * SONATA_SECOND)

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

void border_out(struct rpc *rpc, const struct rpc_caller *caller, struct rpc_reply *reply)
{
    Sonata__Reply *m = &reply->message;
    if (caller->admin)
        return;
    m->search = number_of(rpc, m->search);
    if (m->task)
        m->task->search = number_of(rpc, m->task->search);
    for (size_t i = 0; i < m->n_searches; i++)
        m->searches[i]->id = m->searches[i]->number;
    for (size_t i = 0; i < m->n_measurements; i++)
        m->measurements[i]->attempt = m->measurements[i]->epoch = 0;
    for (size_t i = 0; i < m->n_boards; i++)
        make_anonymous(m->boards[i]);
}
