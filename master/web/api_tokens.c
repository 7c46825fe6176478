/* Tokens: those one may see, and taking one back. They are made with `sonata token`, by the holder of a key. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "web/api.h"

static void write_token(struct bytes *b, const Sonata__TokenInfo *t)
{
    char hex[2 * TOKEN_ID_BYTES + 1] = "";
    if (t->id.len == TOKEN_ID_BYTES)
        hash_to_hex(t->id.data, t->id.len, hex);
    out_open(b, NULL, '{');
    out_text(b, "id", hex);
    out_text(b, "label", t->label);
    out_text(b, "scope", t->scope);
    out_unsigned(b, "search", t->search);
    out_text(b, "owner", t->owner);
    out_text(b, "team", t->team);
    out_bool(b, "once", t->once);
    out_time(b, "created", t->created_wall_ns);
    out_time(b, "expires", t->expires_wall_ns);
    out_time(b, "used", t->used_wall_ns);
    out_close(b, '}');
}

static void write_tokens(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "tokens", '[');
    for (size_t i = 0; i < reply->n_tokens; i++)
        write_token(&c->out, reply->tokens[i]);
    out_close(&c->out, ']');
    out_close(&c->out, '}');
}

static void ask(struct call *c, Sonata__Tokens *tokens, void (*write)(struct call *c, const Sonata__Reply *reply))
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_TOKENS;
    request.tokens = tokens;
    call_ask(c, &request, write);
}

void api_tokens(struct call *c)
{
    Sonata__Tokens tokens = SONATA__TOKENS__INIT;
    tokens.action = (char *)"list";
    ask(c, &tokens, write_tokens);
}

static void write_done(struct call *c, const Sonata__Reply *reply)
{
    (void)reply;
    out_open(&c->out, NULL, '{');
    out_close(&c->out, '}');
}

void api_token_revoke(struct call *c)
{
    Sonata__Tokens tokens = SONATA__TOKENS__INIT;
    tokens.action = (char *)"revoke";
    tokens.which = c->argument[0];
    ask(c, &tokens, write_done);
}
