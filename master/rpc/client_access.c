/* Verbs of admins: keys, teams, audit log. Secrets never come here: a client makes its key pair itself and sends the public half. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "rpc/rpc_internal.h"

enum { AUDIT_DEFAULT = 100, AUDIT_MAX = 1000 };

static Sonata__KeyInfo *key_message(const struct rpc *rpc, const struct access_key *k)
{
    Sonata__KeyInfo *m = xmalloc(sizeof *m);
    sonata__key_info__init(m);
    m->public_key = xstrdup(k->public_key);
    m->role = xstrdup(access_role_name(k->role));
    m->team = xstrdup(k->team);
    m->label = xstrdup(k->label);
    m->created_wall_ns = k->created_wall_ns;
    m->revoked_wall_ns = k->revoked_wall_ns;
    m->workers = k->role == ACCESS_WORKER ? worker_names_of(rpc, k->public_key) : 0;
    return m;
}

static void list_keys(const struct rpc *rpc, struct rpc_reply *reply)
{
    const struct access *a = rpc->config.access;
    uint32_t n = access_key_count(a);
    reply->message.keys = xcalloc(n ? n : 1, sizeof *reply->message.keys);
    for (uint32_t i = 0; i < n; i++)
        reply->message.keys[reply->message.n_keys++] = key_message(rpc, access_key_at(a, i));
}

static int add_key(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__KeyInfo *in, struct sonata_error *err)
{
    struct access_key k = {.public_key = ""};
    if (!in || access_role_parse(in->role, &k.role))
        return sonata_error_set(err, -EINVAL, "a key needs a role: worker, team or admin");
    if (!copy_string(k.public_key, sizeof k.public_key, in->public_key) || !copy_string(k.team, sizeof k.team, in->team) ||
        !copy_string(k.label, sizeof k.label, in->label) || !k.label[0])
        return sonata_error_set(err, -EINVAL, "a key needs a public key of 40 characters and a label of at most %d", KEY_LABEL_MAX - 1);
    return access_add_key(rpc->config.access, engine_wall(rpc->run), caller->label, &k, err);
}

int client_keys(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__Keys *verb, struct rpc_reply *reply)
{
    const char *reason;
    if (strcmp(verb->action, "list") && engine_is_blocked(rpc->run, &reason))
        return sonata_error_set(&reply->err, -ENOSPC, "%s", reason);
    if (!strcmp(verb->action, "list")) {
        list_keys(rpc, reply);
        return 0;
    }
    if (!strcmp(verb->action, "add"))
        return add_key(rpc, caller, verb->key, &reply->err);
    if (!strcmp(verb->action, "revoke"))
        return access_revoke_key(rpc->config.access, engine_wall(rpc->run), caller->label, verb->which, &reply->err);
    if (!strcmp(verb->action, "release"))
        return worker_release_name(rpc, caller->label, verb->which, &reply->err);
    return sonata_error_set(&reply->err, -EINVAL, "'%.40s': list, add, revoke or release is expected", verb->action);
}

static Sonata__TeamInfo *team_message(struct rpc *rpc, const struct team *t)
{
    Sonata__TeamInfo *m = xmalloc(sizeof *m);
    sonata__team_info__init(m);
    m->name = xstrdup(t->name);
    m->weight = t->weight;
    m->searches_max = t->searches_max;
    m->share = t->share;
    m->boards_max = t->boards_max;
    m->day_ns_max = t->day_ns_max;
    m->uploads_max = t->uploads_max ? t->uploads_max : UINT64_MAX;
    m->uploaded = engine_uploaded(rpc->run, t->name);
    engine_team_usage(rpc->run, t->name, &m->boards, &m->day_ns);
    m->created_wall_ns = t->created_wall_ns;
    for (uint32_t i = 0; i < engine_search_count(rpc->run); i++) {
        const struct search_record *s = engine_search_record(rpc->run, i);
        if (strcmp(s->team, t->name))
            continue;
        m->searches++;
        m->searches_unfinished += s->state == SEARCH_RUNNING || s->state == SEARCH_PAUSED;
        m->board_ns += s->board_ns;
    }
    return m;
}

/* On the wire 0 says that it stays as it is, for clients that know no quota of uploads. */
static uint64_t uploads_wanted(const struct access *a, const Sonata__TeamInfo *in)
{
    const struct team *known = access_team(a, in->name);
    if (in->uploads_max)
        return in->uploads_max == UINT64_MAX ? 0 : in->uploads_max;
    return known ? known->uploads_max : TEAM_UPLOADS_STANDARD;
}

int client_teams(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__Teams *verb, struct rpc_reply *reply)
{
    struct access *a = rpc->config.access;
    const char *reason;
    if (!strcmp(verb->action, "list")) {
        uint32_t n = access_team_count(a);
        reply->message.teams = xcalloc(n ? n : 1, sizeof *reply->message.teams);
        for (uint32_t i = 0; i < n; i++) {
            const struct team *t = access_team_at(a, i);
            if (caller->admin || !strcmp(caller->team, t->name)) /* a team sees what it may and uses itself */
                reply->message.teams[reply->message.n_teams++] = team_message(rpc, t);
        }
        return 0;
    }
    if (strcmp(verb->action, "set") || !verb->team)
        return sonata_error_set(&reply->err, -EINVAL, "'%.40s': list or set is expected", verb->action);
    if (engine_is_blocked(rpc->run, &reason))
        return sonata_error_set(&reply->err, -ENOSPC, "%s", reason);
    struct team t = {.weight = verb->team->weight,
                     .searches_max = verb->team->searches_max,
                     .boards_max = verb->team->boards_max,
                     .day_ns_max = verb->team->day_ns_max,
                     .uploads_max = uploads_wanted(a, verb->team),
                     .share = verb->team->share};
    if (!copy_string(t.name, sizeof t.name, verb->team->name))
        return sonata_error_set(&reply->err, -EINVAL, "a team's name has at most %d characters", TEAM_NAME_MAX - 1);
    int rc = access_set_team(a, engine_wall(rpc->run), caller->label, &t, &reply->err);
    engine_teams_changed(rpc->run);
    return rc;
}

/* "search 7 (vision/2)" */
static void describe_search(struct rpc *rpc, uint64_t id, char *text, size_t size)
{
    const struct search_record *s = engine_search_by_id(rpc->run, id);
    if (s && s->team[0])
        snprintf(text, size, "search %llu (%s/%llu)", (unsigned long long)id, s->team, (unsigned long long)s->number);
    else
        snprintf(text, size, "search %llu", (unsigned long long)id);
}

static void describe_submission(struct rpc *rpc, const Sonata__Submit *verb, uint64_t id, char text[AUDIT_TEXT_MAX])
{
    char search[80], parent[80];
    describe_search(rpc, id, search, sizeof search);
    const struct search_record *s = engine_search_by_id(rpc->run, id);
    if (!verb->fork_of) {
        snprintf(text, AUDIT_TEXT_MAX, "%s submitted: %.60s", search, s ? s->name : "");
        return;
    }
    describe_search(rpc, verb->fork_of, parent, sizeof parent);
    snprintf(text, AUDIT_TEXT_MAX, "%s forked from %.60s: %.40s", search, parent, s ? s->name : "");
}

static void describe_control(struct rpc *rpc, const Sonata__Control *verb, char text[AUDIT_TEXT_MAX])
{
    char search[80], what[60];
    describe_search(rpc, verb->search, search, sizeof search);
    if (!strcmp(verb->action, "priority"))
        snprintf(what, sizeof what, "priority %d", verb->priority);
    else if (!strcmp(verb->action, "extend"))
        snprintf(what, sizeof what, "extend by %u", verb->evaluations);
    else
        snprintf(what, sizeof what, "%.16s%s%.16s", verb->action, verb->cause[0] ? " " : "", verb->cause);
    snprintf(text, AUDIT_TEXT_MAX, "%s: %s", search, what);
}

void client_audit_change(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__Request *q, const Sonata__Reply *reply)
{
    char text[AUDIT_TEXT_MAX];
    if (!rpc->config.access)
        return;
    if (q->verb_case == SONATA__REQUEST__VERB_SUBMIT)
        describe_submission(rpc, q->submit, reply->search, text);
    else if (q->verb_case == SONATA__REQUEST__VERB_CONTROL)
        describe_control(rpc, q->control, text);
    else
        return; /* written where it is done: more is known there */
    access_audit(rpc->config.access, engine_wall(rpc->run), caller->label, text);
}

int client_audit(struct rpc *rpc, const Sonata__GetAudit *verb, struct rpc_reply *reply)
{
    uint32_t want = verb->max ? verb->max : AUDIT_DEFAULT;
    want = want < AUDIT_MAX ? want : AUDIT_MAX;
    struct audit_entry *entry = xcalloc(want, sizeof *entry);
    uint32_t n = access_read_audit(rpc->config.access, entry, want);
    reply->message.audit = xcalloc(n ? n : 1, sizeof *reply->message.audit);
    for (uint32_t i = 0; i < n; i++) {
        Sonata__AuditEntry *m = xmalloc(sizeof *m);
        sonata__audit_entry__init(m);
        m->id = entry[i].id;
        m->wall_ns = entry[i].wall_ns;
        m->actor = xstrdup(entry[i].actor);
        m->text = xstrdup(entry[i].text);
        reply->message.audit[reply->message.n_audit++] = m;
    }
    free(entry);
    return 0;
}
