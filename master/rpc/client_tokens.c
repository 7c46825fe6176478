/* Verbs about tokens. The holder of a key makes the secret itself and sends its hash; the secret comes here only to be presented. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "rpc/verbs.h"

static ProtobufCBinaryData copy_of(const uint8_t *p, size_t n) { return (ProtobufCBinaryData){n, xmemdup(p, n)}; }

static Sonata__TokenInfo *token_message(const struct tokens *tokens, const struct token_record *t, const struct access_key *k)
{
    Sonata__TokenInfo *m = xmalloc(sizeof *m);
    sonata__token_info__init(m);
    m->id = copy_of(t->id, sizeof t->id);
    m->scope = xstrdup(token_scope_name(t->scope));
    m->search = t->search;
    m->label = xstrdup(t->label);
    m->created_wall_ns = t->created_wall_ns;
    m->expires_wall_ns = t->expires_wall_ns;
    m->once = t->once;
    m->owner = xstrdup(k->label);
    m->team = xstrdup(k->team);
    m->used_wall_ns = tokens_used(tokens, t);
    return m;
}

/* An admin sees all, a team those of its own keys. */
int client_tokens_list(struct rpc_call *call)
{
    const struct tokens *tokens = call->rpc->tokens;
    Sonata__Reply *m = &call->reply->message;
    int64_t now = engine_wall(call->rpc->run);
    uint32_t n = tokens_count(tokens);
    m->tokens = xcalloc(n ? n : 1, sizeof *m->tokens);
    for (uint32_t i = 0; i < n; i++) {
        const struct token_record *t = tokens_at(tokens, i);
        const struct access_key *k = tokens_key(tokens, t);
        if (k && t->expires_wall_ns > now && (call->caller->admin || !strcmp(k->team, call->caller->team)))
            m->tokens[m->n_tokens++] = token_message(tokens, t, k);
    }
    return 0;
}

/* id and hash of a message. */
static int take_secret(const Sonata__TokenInfo *in, struct token_record *t, struct sonata_error *err)
{
    if (!in || in->id.len != sizeof t->id || in->hash.len != sizeof t->hash)
        return sonata_error_set(err, -EINVAL, "a token needs an id of %zu bytes and a hash of %zu", sizeof t->id, sizeof t->hash);
    memcpy(t->id, in->id.data, sizeof t->id);
    memcpy(t->hash, in->hash.data, sizeof t->hash);
    t->expires_wall_ns = in->expires_wall_ns;
    return 0;
}

int client_tokens_new(struct rpc_call *call)
{
    const Sonata__Tokens *verb = call->request->tokens;
    struct sonata_error *err = &call->reply->err;
    struct token_record t = {.search = verb->search};
    int rc = take_secret(verb->token, &t, err);
    if (rc)
        return rc;
    if (token_scope_parse(verb->token->scope, &t.scope))
        return sonata_error_set(err, -EINVAL, "scope '%.20s': search, read, write or metrics is expected", verb->token->scope);
    if (!copy_string(t.label, sizeof t.label, verb->token->label))
        return sonata_error_set(err, -EINVAL, "a label has at most %zu characters", sizeof t.label - 1);
    t.once = verb->token->once;
    copy_string(t.public_key, sizeof t.public_key, call->caller->key);
    return tokens_add(call->rpc->tokens, engine_wall(call->rpc->run), call->caller->label, &t, err);
}

int client_tokens_revoke(struct rpc_call *call)
{
    const struct rpc_caller *c = call->caller;
    return tokens_revoke(call->rpc->tokens, engine_wall(call->rpc->run), c->label, call->request->tokens->which, c->admin ? NULL : c->team,
                         &call->reply->err);
}

/* The code is gone afterwards, and the caller has a token that lives as long as it asked for. */
int client_tokens_enter(struct rpc_call *call)
{
    struct tokens *tokens = call->rpc->tokens;
    struct sonata_error *err = &call->reply->err;
    struct token_record session = {.once = false};
    if (!call->caller->once)
        return sonata_error_set(err, -EALREADY, "this token is no code that works once: it can be used as it is");
    int rc = take_secret(call->request->tokens->token, &session, err);
    if (rc)
        return rc;
    int64_t now = engine_wall(call->rpc->run);
    return tokens_enter(tokens, now, call->caller->label, tokens_find(tokens, now, call->caller->token, NULL), &session, err);
}
