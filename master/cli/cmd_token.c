/* sonata token: new, link, list, revoke. A secret is made here and shown once; the master gets its hash. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"
#include "net/token.h"

enum { LINK_S = 300, ID_HEX = 2 * TOKEN_ID_BYTES + 1 };

struct settings {
    struct cli_common common;
    bool read, write, metrics;
    const char *search, *url;
    int64_t life_ns;
};

const struct option_def token_options[] = {
    CLI_SERVER_OPTIONS(struct settings),
    {.name = "read", .type = OPTION_FLAG, .offset = offsetof(struct settings, read), .help = "new, link: may read, not change (default of new)."},
    {.name = "write", .type = OPTION_FLAG, .offset = offsetof(struct settings, write), .help = "new, link: may steer, too (default of link)."},
    {.name = "metrics", .type = OPTION_FLAG, .offset = offsetof(struct settings, metrics), .help = "new: for a monitoring system: counts only."},
    {.name = "search",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, search),
     .argument = "SEARCH",
     .help = "new, link: may read this one search and nothing else."},
    {.name = "expires",
     .type = OPTION_DURATION,
     .offset = offsetof(struct settings, life_ns),
     .argument = "TIME",
     .standard = "90d",
     .min = 60,
     .max = 366.0 * 86400,
     .help = "new: how long it lives, at most 366d. It dies with its key in any case."},
    {.name = "url",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, url),
     .argument = "URL",
     .help = "new, link: address of the sonata-web, to print a link that logs in; the secret is behind its #, which no browser sends."},
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static int call(struct session *session, Sonata__Tokens *tokens, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_TOKENS;
    request.tokens = tokens;
    return session_call(session, &request, ret_reply, err);
}

static void print_table(const Sonata__Reply *reply)
{
    static const char *const heading[] = {"id", "label", "scope", "of key", "team", "expires", "used"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], false);
    for (size_t i = 0; i < reply->n_tokens; i++) {
        const Sonata__TokenInfo *x = reply->tokens[i];
        char hex[ID_HEX] = "", expires[24], used[24];
        if (x->id.len == TOKEN_ID_BYTES)
            hash_to_hex(x->id.data, x->id.len, hex);
        clock_format_utc(x->expires_wall_ns, expires);
        clock_format_utc(x->used_wall_ns, used);
        text_table_cell(t, "%s", hex);
        text_table_cell(t, "%s", x->label);
        text_table_cell(t, x->search ? "search %llu" : "%.0llu%s", (unsigned long long)x->search, x->scope);
        text_table_cell(t, "%s", x->owner);
        text_table_cell(t, "%s", x->team);
        text_table_cell(t, "%s", expires);
        text_table_cell(t, "%s", x->used_wall_ns ? used : "");
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static int print_json(const Sonata__Reply *reply)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < reply->n_tokens; i++) {
        const Sonata__TokenInfo *x = reply->tokens[i];
        char hex[ID_HEX] = "";
        cJSON *o = cJSON_CreateObject();
        if (x->id.len == TOKEN_ID_BYTES)
            hash_to_hex(x->id.data, x->id.len, hex);
        cJSON_AddStringToObject(o, "id", hex);
        cJSON_AddStringToObject(o, "label", x->label);
        cJSON_AddStringToObject(o, "scope", x->scope);
        json_integer(o, "search", (int64_t)x->search);
        cJSON_AddStringToObject(o, "owner", x->owner);
        cJSON_AddStringToObject(o, "team", x->team);
        cJSON_AddBoolToObject(o, "once", x->once);
        json_time(o, "created", x->created_wall_ns);
        json_time(o, "expires", x->expires_wall_ns);
        json_time(o, "used", x->used_wall_ns);
        cJSON_AddItemToArray(list, o);
    }
    return json_print(list);
}

static int list_tokens(const struct command *self, const struct settings *s, struct session *session)
{
    struct sonata_error err = {{0}};
    Sonata__Tokens tokens = SONATA__TOKENS__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    tokens.action = (char *)"list";
    int r = call(session, &tokens, &reply, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (s->common.json)
        return print_json(reply->reply);
    print_table(reply->reply);
    return CLI_OK;
}

static int revoke(const struct command *self, const struct settings *s, struct session *session, const char *which)
{
    struct sonata_error err = {{0}};
    Sonata__Tokens tokens = SONATA__TOKENS__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    tokens.action = (char *)"revoke";
    tokens.which = (char *)which;
    int r = call(session, &tokens, &reply, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (s->common.json)
        return json_done("revoke", which);
    printf("%s is revoked\n", which);
    return CLI_OK;
}

/* NULL: several were given. */
static const char *scope_of(const struct settings *s, bool once)
{
    if (s->read + s->write + s->metrics > 1 || (s->search && (s->write || s->metrics)))
        return NULL;
    if (s->search)
        return "search";
    if (s->metrics)
        return "metrics";
    return s->write || (once && !s->read) ? "write" : "read";
}

static int show(const struct settings *s, const char *secret, const struct token *token, int64_t expires_wall_ns, bool once)
{
    char id[ID_HEX], link[400], until[24];
    size_t n = s->url ? strlen(s->url) : 0;
    hash_to_hex(token->id, sizeof token->id, id);
    clock_format_utc(expires_wall_ns, until);
    const char *slash = n && s->url[n - 1] == '/' ? "" : "/";
    snprintf(link, sizeof link, "%s%s#login=%s", s->url ? s->url : "", slash, secret);
    if (s->common.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "id", id);
        cJSON_AddStringToObject(o, "token", secret);
        json_time(o, "expires", expires_wall_ns);
        if (s->url)
            cJSON_AddStringToObject(o, "link", link);
        return json_print(o);
    }
    printf("%s\n", s->url ? link : secret);
    fprintf(stderr, "%s, until %s; this is the only time it is shown. Take it back: sonata token revoke %s\n",
            once ? "works once" : "whoever has it may use it", until, id);
    return CLI_OK;
}

static int make(const struct command *self, const struct settings *s, struct session *session, const char *label, bool once)
{
    struct sonata_error err = {{0}};
    char secret[TOKEN_TEXT];
    struct token token;
    Sonata__Tokens tokens = SONATA__TOKENS__INIT;
    Sonata__TokenInfo info = SONATA__TOKEN_INFO__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int r = s->search ? session_find_search(session, s->search, &tokens.search, &err) : 0;
    token_new(secret, &token);
    tokens.action = (char *)"new";
    tokens.token = &info;
    info.id = (ProtobufCBinaryData){sizeof token.id, token.id};
    info.hash = (ProtobufCBinaryData){sizeof token.hash, token.hash};
    info.scope = (char *)scope_of(s, once);
    info.label = (char *)(label ? label : "");
    info.once = once;
    info.expires_wall_ns = clock_wall_ns() + (once ? LINK_S * SONATA_SECOND : s->life_ns);
    if (!r)
        r = call(session, &tokens, &reply, &err);
    return r ? command_fail(self, exit_of(r), "%s", err.text) : show(s, secret, &token, info.expires_wall_ns, once);
}

int cmd_token(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    const char *action = argv[rest], *name = rest + 1 < argc ? argv[rest + 1] : NULL;
    bool list = !strcmp(action, "list"), once = !strcmp(action, "link"), back = !strcmp(action, "revoke"), new = !strcmp(action, "new");
    if (!list && !once && !back && !new)
        return command_fail(self, CLI_USAGE, "'%s': list, new, link or revoke is expected", action);
    if (back && !name)
        return command_fail(self, CLI_USAGE, "revoke needs a label or the first digits of an id (`sonata token list`)");
    if ((new || once) && !scope_of(&s, once))
        return command_fail(self, CLI_USAGE, "one of --read, --write and --metrics; --search NUMBER reads only");
    if (once && !s.url)
        return command_fail(self, CLI_USAGE, "link needs --url: the address of the sonata-web that it logs in to");
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    int r = session_open_common(&s.common, &session, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (list)
        return list_tokens(self, &s, session);
    return back ? revoke(self, &s, session, name) : make(self, &s, session, name, once);
}
