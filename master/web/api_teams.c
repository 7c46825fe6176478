/* Teams and what they use, the queue by team, audit log, keys. The master decides who sees what of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "web/api.h"

static void write_team(struct bytes *b, const Sonata__TeamInfo *t)
{
    out_open(b, NULL, '{');
    out_text(b, "name", t->name);
    out_number(b, "weight", t->weight);
    out_bool(b, "share", t->share);
    out_unsigned(b, "searches", t->searches);
    out_unsigned(b, "searches_unfinished", t->searches_unfinished);
    out_unsigned(b, "searches_max", t->searches_max);
    out_unsigned(b, "boards", t->boards);
    out_unsigned(b, "boards_max", t->boards_max);
    out_number(b, "board_s", (double)t->board_ns * 1e-9);
    out_number(b, "day_s", (double)t->day_ns * 1e-9);
    out_number(b, "day_s_max", (double)t->day_ns_max * 1e-9);
    out_unsigned(b, "uploaded", t->uploaded);
    out_close(b, '}');
}

static void write_teams(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "teams", '[');
    for (size_t i = 0; i < reply->n_teams; i++)
        write_team(&c->out, reply->teams[i]);
    out_close(&c->out, ']');
    out_close(&c->out, '}');
}

static void teams_request(Sonata__Request *request, Sonata__Teams *teams)
{
    sonata__teams__init(teams);
    sonata__request__init(request);
    teams->action = (char *)"list";
    request->verb_case = SONATA__REQUEST__VERB_TEAMS;
    request->teams = teams;
}

/* A master that runs without keys has no teams: an empty list, not an error. */
static void on_teams(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct call *c = user;
    Sonata__Reply none = SONATA__REPLY__INIT;
    if (code && code != -ENOTSUP) {
        call_fail(c, code, "%s", reason);
        return;
    }
    write_teams(c, code ? &none : reply);
    call_finish(c);
}

void api_teams(struct call *c)
{
    Sonata__Request request;
    Sonata__Teams teams;
    teams_request(&request, &teams);
    upstream_ask_all(c->web->up, &request, c->token, on_teams, c);
}

static bool is_unfinished(const char *state) { return !strcmp(state, "running") || !strcmp(state, "paused"); }

/* Unfinished searches, each with its team; teams follow in a second answer. */
static void write_queue(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "searches", '[');
    for (size_t i = 0; i < reply->n_searches; i++) {
        struct results_status s;
        if (is_unfinished(reply->searches[i]->state) && !results_from_status_message(reply->searches[i], &s, NULL))
            write_status(&c->out, NULL, &s);
    }
    out_close(&c->out, ']');
}

static void on_queue_teams(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct call *c = user;
    if (code && code != -ENOTSUP) {
        call_fail(c, code, "%s", reason);
        return;
    }
    out_open(&c->out, "teams", '[');
    for (size_t i = 0; !code && i < reply->n_teams; i++)
        write_team(&c->out, reply->teams[i]);
    out_close(&c->out, ']');
    out_close(&c->out, '}');
    call_finish(c);
}

static void on_queue_list(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct call *c = user;
    Sonata__Request request;
    Sonata__Teams teams;
    if (code) {
        call_fail(c, code, "%s", reason);
        return;
    }
    write_queue(c, reply);
    teams_request(&request, &teams);
    upstream_ask_all(c->web->up, &request, c->token, on_queue_teams, c);
}

void api_queue(struct call *c)
{
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    upstream_ask_all(c->web->up, &request, c->token, on_queue_list, c);
}

static void write_audit(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "entries", '[');
    for (size_t i = 0; i < reply->n_audit; i++) {
        out_open(&c->out, NULL, '{');
        out_unsigned(&c->out, "id", reply->audit[i]->id);
        out_time(&c->out, "at", reply->audit[i]->wall_ns);
        out_text(&c->out, "actor", reply->audit[i]->actor);
        out_text(&c->out, "text", reply->audit[i]->text);
        out_close(&c->out, '}');
    }
    out_close(&c->out, ']');
    out_close(&c->out, '}');
}

void api_audit(struct call *c)
{
    Sonata__GetAudit get = SONATA__GET_AUDIT__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    uint64_t limit;
    if (!call_number(c, "limit", 1000, 200, &limit))
        return;
    get.max = (uint32_t)limit;
    request.verb_case = SONATA__REQUEST__VERB_AUDIT;
    request.audit = &get;
    call_ask(c, &request, write_audit);
}

static void write_keys(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "keys", '[');
    for (size_t i = 0; i < reply->n_keys; i++) {
        const Sonata__KeyInfo *k = reply->keys[i];
        out_open(&c->out, NULL, '{');
        out_text(&c->out, "label", k->label);
        out_text(&c->out, "role", k->role);
        out_text(&c->out, "team", k->team);
        out_text(&c->out, "public_key", k->public_key);
        out_time(&c->out, "created", k->created_wall_ns);
        out_time(&c->out, "revoked", k->revoked_wall_ns);
        out_unsigned(&c->out, "workers", k->workers);
        out_close(&c->out, '}');
    }
    out_close(&c->out, ']');
    out_close(&c->out, '}');
}

void api_keys(struct call *c)
{
    Sonata__Keys keys = SONATA__KEYS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    keys.action = (char *)"list";
    request.verb_case = SONATA__REQUEST__VERB_KEYS;
    request.keys = &keys;
    call_ask(c, &request, write_keys);
}
