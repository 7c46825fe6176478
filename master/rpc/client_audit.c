/* The audit log of a master with keys: reading it, and the texts of the table of verbs that go into it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "rpc/verbs.h"

enum { AUDIT_DEFAULT = 100, AUDIT_MAX = 1000 };

/* "search 7 (vision/2)" */
static void describe_search(struct rpc *rpc, uint64_t id, char *text, size_t size)
{
    const struct search_record *s = engine_search_by_id(rpc->run, id);
    if (s && s->team[0])
        snprintf(text, size, "search %llu (%s/%llu)", (unsigned long long)id, s->team, (unsigned long long)s->number);
    else
        snprintf(text, size, "search %llu", (unsigned long long)id);
}

void audit_submit(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    char search[80], parent[80];
    const Sonata__Submit *verb = call->request->submit;
    uint64_t id = call->reply->message.search;
    describe_search(call->rpc, id, search, sizeof search);
    const struct search_record *s = engine_search_by_id(call->rpc->run, id);
    if (!verb->fork_of) {
        snprintf(text, AUDIT_TEXT_MAX, "%s submitted: %.60s", search, s ? s->name : "");
        return;
    }
    describe_search(call->rpc, verb->fork_of, parent, sizeof parent);
    snprintf(text, AUDIT_TEXT_MAX, "%s forked from %.60s: %.40s", search, parent, s ? s->name : "");
}

static void describe_control(const struct rpc_call *call, const char *what, char text[AUDIT_TEXT_MAX])
{
    char search[80];
    describe_search(call->rpc, call->request->control->search, search, sizeof search);
    snprintf(text, AUDIT_TEXT_MAX, "%s: %s", search, what);
}

void audit_control(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    char what[60];
    const Sonata__Control *verb = call->request->control;
    snprintf(what, sizeof what, "%.16s%s%.16s", verb->action, verb->cause[0] ? " " : "", verb->cause);
    describe_control(call, what, text);
}

void audit_priority(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    char what[60];
    snprintf(what, sizeof what, "priority %d", call->request->control->priority);
    describe_control(call, what, text);
}

void audit_extend(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    char what[60];
    snprintf(what, sizeof what, "extend by %u", call->request->control->evaluations);
    describe_control(call, what, text);
}

void audit_board(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    const Sonata__BoardControl *verb = call->request->board_control;
    char reason[REASON_MAX];
    if (client_order_reason(verb->reason, reason, NULL))
        reason[0] = '\0';
    snprintf(text, AUDIT_TEXT_MAX, "board %.48s: %.16s%s%.120s", verb->board, verb->action, reason[0] ? ": " : "", reason);
}

void audit_upload(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    char hex[HASH_HEX];
    hash_to_hex(call->request->uploads->hash.data, HASH_SIZE, hex);
    snprintf(text, AUDIT_TEXT_MAX, "upload %.16s removed", hex);
}

void audit_backup(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    snprintf(text, AUDIT_TEXT_MAX, "backup to %.150s", call->reply->message.task->path);
}

void audit_by_handler(const struct rpc_call *call, char text[AUDIT_TEXT_MAX])
{
    (void)call;
    text[0] = '\0';
}

int client_audit(struct rpc_call *call)
{
    const Sonata__GetAudit *verb = call->request->audit;
    Sonata__Reply *m = &call->reply->message;
    uint32_t want = verb->max ? verb->max : AUDIT_DEFAULT;
    want = want < AUDIT_MAX ? want : AUDIT_MAX;
    struct audit_entry *entry = xcalloc(want, sizeof *entry);
    uint32_t n = access_read_audit(call->rpc->config.access, verb->before, entry, want);
    m->more = n && entry[0].id > 0;
    m->audit = xcalloc(n ? n : 1, sizeof *m->audit);
    for (uint32_t i = 0; i < n; i++) {
        Sonata__AuditEntry *e = xmalloc(sizeof *m);
        sonata__audit_entry__init(e);
        e->id = entry[i].id;
        e->wall_ns = entry[i].wall_ns;
        e->actor = xstrdup(entry[i].actor);
        e->text = xstrdup(entry[i].text);
        m->audit[m->n_audit++] = e;
    }
    free(entry);
    return 0;
}
