/* Messages to workers that wait for the commit of the turn: what they say is durable when they go. */
#include "run/outgoing.h"

#include "base/memory.h"

static struct outgoing *add(struct engine *r, const char *worker, const char *reason)
{
    r->outgoing = xgrow(r->outgoing, &r->outgoing_capacity, r->n_outgoing + 1, sizeof *r->outgoing);
    struct outgoing *o = &r->outgoing[r->n_outgoing++];
    *o = (struct outgoing){.type = OUT_CANCEL};
    copy_string(o->worker, sizeof o->worker, worker);
    copy_string(o->reason, sizeof o->reason, reason);
    return o;
}

void outgoing_assign(struct engine *r, const char *worker, const struct evaluation_job *job)
{
    struct outgoing *o = add(r, worker, "");
    o->type = OUT_ASSIGN;
    o->job = *job;
}

void outgoing_cancel(struct engine *r, const char *worker, uint64_t attempt, const char *reason)
{
    if (worker[0])
        add(r, worker, reason)->job.attempt = attempt;
}

void outgoing_command(struct engine *r, const char *worker, const char *board, const char *action)
{
    struct outgoing *o = add(r, worker, action);
    o->type = OUT_COMMAND;
    copy_string(o->job.board, sizeof o->job.board, board);
}

void outgoing_send(struct engine *r)
{
    for (size_t i = 0; i < r->n_outgoing; i++) {
        const struct outgoing *o = &r->outgoing[i];
        if (o->type == OUT_CANCEL)
            r->hooks.cancel(r->hooks.user, o->worker, o->job.attempt, o->reason);
        else if (o->type == OUT_ASSIGN)
            r->hooks.assign(r->hooks.user, o->worker, &o->job);
        else if (r->hooks.command)
            r->hooks.command(r->hooks.user, o->worker, o->job.board, o->reason);
    }
    r->n_outgoing = 0;
}
