/* See routes.h. */
#include "web/routes.h"

#include <string.h>

#include "base/memory.h"
#include "base/parse.h"
#include "web/api.h"

const struct route routes[] = {
    {"GET", "/openapi.json", ROUTE_OPEN, api_openapi},
    {"POST", "/login", ROUTE_OPEN, api_login},
    {"POST", "/logout", ROUTE_OPEN, api_logout},
    {"GET", "/me", ROUTE_READ, api_me},
    {"GET", "/searches", ROUTE_READ, api_searches},
    {"POST", "/searches", ROUTE_CHANGE, api_submit},
    {"POST", "/searches/check", ROUTE_READ, api_search_check},
    {"GET", "/searches/{search}", ROUTE_READ, api_search},
    {"POST", "/searches/{search}/control", ROUTE_CHANGE, api_control},
    {"GET", "/searches/{search}/individuals", ROUTE_READ, api_individuals},
    {"GET", "/searches/{search}/individuals/{individual}", ROUTE_READ, api_individual},
    {"GET", "/searches/{search}/individuals/{individual}/network.onnx", ROUTE_READ, api_network},
    {"GET", "/searches/{search}/front", ROUTE_READ, api_front},
    {"GET", "/searches/{search}/genes", ROUTE_READ, api_genes},
    {"GET", "/searches/{search}/insight", ROUTE_READ, api_insight},
    {"GET", "/boards", ROUTE_READ, api_boards},
    {"GET", "/boards/{board}/history", ROUTE_READ, api_board_history},
    {"POST", "/boards/{board}/control", ROUTE_CHANGE, api_board_control},
    {"GET", "/queue", ROUTE_READ, api_queue},
    {"GET", "/teams", ROUTE_READ, api_teams},
    {"GET", "/audit", ROUTE_READ, api_audit},
    {"GET", "/keys", ROUTE_READ, api_keys},
    {"GET", "/tokens", ROUTE_READ, api_tokens},
    {"POST", "/tokens/{token}/revoke", ROUTE_CHANGE, api_token_revoke},
    {"GET", "/events", ROUTE_READ, api_events},
    {0},
};

/* One {argument} of the pattern against one part of the path. */
static bool take_argument(const char *name, size_t n_name, const char *part, size_t n_part, struct call *c, unsigned *n)
{
    char *to = c->argument[*n < CALL_ARGUMENTS ? *n : CALL_ARGUMENTS - 1];
    if (!n_part || n_part >= CALL_ARGUMENT_MAX)
        return false;
    memcpy(to, part, n_part);
    to[n_part] = 0;
    ++*n;
    if (n_name == 6 && !strncmp(name, "search", 6))
        return !parse_u64(to, 0, UINT64_MAX, &c->search);
    if (n_name == 10 && !strncmp(name, "individual", 10))
        return !parse_u64(to, 0, UINT64_MAX, &c->individual);
    return true;
}

static bool matches(const char *pattern, const char *path, struct call *c)
{
    unsigned n = 0;
    for (;;) {
        size_t a = strcspn(pattern + 1, "/") + 1, b = strcspn(path + 1, "/") + 1;
        if (pattern[1] == '{') {
            if (!take_argument(pattern + 2, a - 3, path + 1, b - 1, c, &n))
                return false;
        } else if (a != b || strncmp(pattern, path, a) != 0) {
            return false;
        }
        pattern += a;
        path += b;
        if (!*pattern || !*path)
            return !*pattern && !*path;
    }
}

const struct route *route_find(const char *method, const char *path, struct call *c, bool *ret_other)
{
    *ret_other = false;
    for (const struct route *r = routes; path[0] == '/' && r->method; r++) {
        if (!matches(r->pattern, path, c))
            continue;
        if (!strcmp(r->method, method))
            return r;
        *ret_other = true;
    }
    return NULL;
}
