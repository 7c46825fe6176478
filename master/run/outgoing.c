/* Messages to workers that wait for the commit of the turn: what they say is durable when they go. */
#include "run/outgoing.h"

#include <stdlib.h>

#include "base/memory.h"

struct outgoing {
    struct message {
        enum { OUT_ASSIGN, OUT_CANCEL, OUT_COMMAND } type; /* command: reason is what job.board is told */
        char worker[WORKER_NAME_MAX], reason[REASON_MAX];
        struct evaluation_job job;
    } * message;
    size_t n, capacity;
};

struct outgoing *outgoing_new(void) { return xcalloc(1, sizeof(struct outgoing)); }

void outgoing_free(struct outgoing *out)
{
    if (out)
        free(out->message);
    free(out);
}

static struct message *add(struct engine *r, const char *worker, const char *reason)
{
    struct outgoing *out = r->outgoing;
    out->message = xgrow(out->message, &out->capacity, out->n + 1, sizeof *out->message);
    struct message *o = &out->message[out->n++];
    *o = (struct message){.type = OUT_CANCEL};
    copy_string(o->worker, sizeof o->worker, worker);
    copy_string(o->reason, sizeof o->reason, reason);
    return o;
}

void outgoing_assign(struct engine *r, const char *worker, const struct evaluation_job *job)
{
    struct message *o = add(r, worker, "");
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
    struct message *o = add(r, worker, action);
    o->type = OUT_COMMAND;
    copy_string(o->job.board, sizeof o->job.board, board);
}

void outgoing_send(struct engine *r)
{
    struct outgoing *out = r->outgoing;
    for (size_t i = 0; i < out->n; i++) {
        const struct message *o = &out->message[i];
        if (o->type == OUT_CANCEL)
            r->hooks.cancel(r->hooks.user, o->worker, o->job.attempt, o->reason);
        else if (o->type == OUT_ASSIGN)
            r->hooks.assign(r->hooks.user, o->worker, &o->job);
        else if (r->hooks.command)
            r->hooks.command(r->hooks.user, o->worker, o->job.board, o->reason);
    }
    out->n = 0;
}
