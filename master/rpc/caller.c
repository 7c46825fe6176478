/* Who asks, and what it may see. See call.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "net/token.h"
#include "rpc/call.h"

static void become(const struct rpc *rpc, const struct access_key *k, struct rpc_caller *c)
{
    *c = (struct rpc_caller){.admin = k->role == ACCESS_ADMIN, .scope = SCOPE_WRITE};
    copy_string(c->key, sizeof c->key, k->public_key);
    copy_string(c->team, sizeof c->team, k->team);
    copy_string(c->label, sizeof c->label, k->label);
    const struct team *team = access_team(rpc->config.access, k->team);
    copy_string(c->pool, sizeof c->pool, team && !team->share ? team->name : "");
}

bool caller_is_web(const struct rpc *rpc, const char *user_id)
{
    const struct access_key *k = rpc->config.access ? access_who(rpc->config.access, user_id) : NULL;
    return k && k->role == ACCESS_WEB;
}

bool caller_identify(const struct rpc *rpc, const char *user_id, struct rpc_caller *ret_caller)
{
    *ret_caller = (struct rpc_caller){.admin = true, .scope = SCOPE_WRITE};
    if (!rpc->config.access)
        return true;
    const struct access_key *k = access_who(rpc->config.access, user_id);
    if (!k || k->role == ACCESS_WORKER)
        return false;
    become(rpc, k, ret_caller);
    return true;
}

static void become_token(const struct rpc *rpc, const struct tokens *tokens, const struct token_record *t, struct rpc_caller *c)
{
    char hex[2 * TOKEN_ID_SIZE + 1];
    become(rpc, tokens_key(tokens, t), c);
    c->scope = t->scope;
    c->by_token = true;
    c->once = t->once;
    c->search = t->search;
    c->expires_wall_ns = t->expires_wall_ns;
    memcpy(c->token, t->id, sizeof c->token);
    hash_to_hex(t->id, sizeof t->id, hex);
    size_t n = strlen(c->label);
    snprintf(c->label + n, sizeof c->label - n, "/%s", t->label[0] ? t->label : hex);
}

int caller_present(const struct rpc *rpc, const char *text, struct rpc_caller *caller, struct sonata_error *err)
{
    struct token given;
    if (!rpc->config.access)
        return text[0] ? sonata_error_set(err, -ENOTSUP, "this master runs without keys: start it with --security curve to have tokens") : 0;
    if (!text[0])
        return caller_is_web(rpc, caller->key) ? sonata_error_set(err, -EKEYREJECTED, "a web key may do nothing by itself: a token is needed") : 0;
    struct tokens *tokens = rpc->tokens;
    int64_t now = engine_wall(rpc->run);
    const struct token_record *t = token_parse(text, &given) ? NULL : tokens_find(tokens, now, given.id, given.hash);
    if (!t)
        return sonata_error_set(err, -EKEYREJECTED,
                                "this token is not, or no longer, good: it is unknown, has expired, or it or its key was revoked");
    tokens_note_use(tokens, t, now);
    become_token(rpc, tokens, t, caller);
    return 0;
}

bool caller_again(const struct rpc *rpc, const uint8_t id[TOKEN_ID_SIZE], struct rpc_caller *ret_caller)
{
    const struct tokens *tokens = rpc->tokens;
    const struct token_record *t = tokens ? tokens_find(tokens, engine_wall(rpc->run), id, NULL) : NULL;
    if (t)
        become_token(rpc, tokens, t, ret_caller);
    return t != NULL;
}

bool caller_sees(const struct rpc_caller *caller, const struct search_record *s)
{
    return (caller->admin || !strcmp(caller->team, s->team)) && (!caller->search || caller->search == s->id);
}
