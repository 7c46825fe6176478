/* Verbs about keys and teams. Secrets never come here: a client makes its key pair itself and sends the public half. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/number.h"
#include "rpc/verbs.h"

enum { TEAMS_PAGE = 200 };

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

int client_keys_list(struct rpc_call *call)
{
    const struct access *a = call->rpc->config.access;
    Sonata__Reply *m = &call->reply->message;
    uint32_t n = access_key_count(a), from = min_of(call->request->keys->from, n), end = min_of(from + RPC_PAGE_MAX, n);
    m->keys = xcalloc(RPC_PAGE_MAX, sizeof *m->keys);
    for (uint32_t i = from; i < end; i++)
        m->keys[m->n_keys++] = key_message(call->rpc, access_key_at(a, i));
    m->more = end < n;
    return 0;
}

int client_keys_add(struct rpc_call *call)
{
    const Sonata__KeyInfo *in = call->request->keys->key;
    struct sonata_error *err = &call->reply->err;
    struct access_key k = {.public_key = ""};
    if (!in || access_role_parse(in->role, &k.role))
        return sonata_error_set(err, -EINVAL, "a key needs a role: worker, team or admin");
    if (!copy_string(k.public_key, sizeof k.public_key, in->public_key) || !copy_string(k.team, sizeof k.team, in->team) ||
        !copy_string(k.label, sizeof k.label, in->label) || !k.label[0])
        return sonata_error_set(err, -EINVAL, "a key needs a public key of 40 characters and a label of at most %d", KEY_LABEL_MAX - 1);
    return access_add_key(call->rpc->config.access, engine_wall(call->rpc->run), call->caller->label, &k, err);
}

int client_keys_revoke(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    return access_revoke_key(rpc->config.access, engine_wall(rpc->run), call->caller->label, call->request->keys->which, &call->reply->err);
}

int client_keys_release(struct rpc_call *call)
{
    return worker_release_name(call->rpc, call->caller->label, call->request->keys->which, &call->reply->err);
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
    m->disk_max = t->disk_max ? t->disk_max : UINT64_MAX;
    m->disk = engine_disk(rpc->run, t->name);
    engine_team_usage(rpc->run, t->name, &m->boards, &m->day_ns);
    m->created_wall_ns = t->created_wall_ns;
    return m;
}

/* What the searches of the teams in the answer add up to, in one pass over all. */
static void count_searches(struct rpc *rpc, Sonata__Reply *m)
{
    struct map teams = {0};
    for (size_t i = 0; i < m->n_teams; i++)
        map_set(&teams, hash64_text(m->teams[i]->name), m->teams[i]);
    for (uint32_t i = 0; i < engine_search_count(rpc->run); i++) {
        const struct search_record *s = engine_search_record(rpc->run, i);
        Sonata__TeamInfo *t = map_get(&teams, hash64_text(s->team));
        if (!t)
            continue;
        t->searches++;
        t->searches_unfinished += s->state == SEARCH_RUNNING || s->state == SEARCH_PAUSED;
        t->board_ns += s->board_ns;
    }
    map_fini(&teams);
}

/* On the wire 0 says that it stays as it is, for clients that do not know the quota. */
static uint64_t bytes_wanted(uint64_t in, uint64_t as_it_is)
{
    if (!in)
        return as_it_is;
    return in == UINT64_MAX ? 0 : in;
}

/* A team sees what it may and uses itself. */
int client_teams_list(struct rpc_call *call)
{
    const struct access *a = call->rpc->config.access;
    Sonata__Reply *m = &call->reply->message;
    uint32_t n = access_team_count(a);
    m->teams = xcalloc(TEAMS_PAGE, sizeof *m->teams);
    for (uint32_t i = call->request->teams->from; i < n && !m->more; i++) {
        const struct team *t = access_team_at(a, i);
        if (!call->caller->admin && strcmp(call->caller->team, t->name))
            continue;
        m->more = m->n_teams == TEAMS_PAGE;
        if (!m->more)
            m->teams[m->n_teams++] = team_message(call->rpc, t);
    }
    count_searches(call->rpc, m);
    return 0;
}

int client_teams_set(struct rpc_call *call)
{
    struct access *a = call->rpc->config.access;
    struct sonata_error *err = &call->reply->err;
    const Sonata__TeamInfo *in = call->request->teams->team;
    if (!in)
        return sonata_error_set(err, -EINVAL, "which team?");
    const struct team *known = access_team(a, in->name);
    struct team t = {.weight = in->weight,
                     .searches_max = in->searches_max,
                     .boards_max = in->boards_max,
                     .day_ns_max = in->day_ns_max,
                     .uploads_max = bytes_wanted(in->uploads_max, known ? known->uploads_max : TEAM_UPLOADS_STANDARD),
                     .disk_max = bytes_wanted(in->disk_max, known ? known->disk_max : TEAM_DISK_STANDARD),
                     .share = in->share};
    if (!copy_string(t.name, sizeof t.name, in->name))
        return sonata_error_set(err, -EINVAL, "a team's name has at most %d characters", TEAM_NAME_MAX - 1);
    int rc = access_set_team(a, engine_wall(call->rpc->run), call->caller->label, &t, err);
    engine_teams_changed(call->rpc->run);
    return rc;
}
