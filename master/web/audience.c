/* See audience.h. */
#include "web/audience.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"

enum { AUDIENCES_MAX = 64, KNOWN_MAX = 1024, KNOWN_MS = 1000, IDLE_S = 60 };

/* What the master said of a token. */
struct known {
    uint8_t hash[HASH_SIZE];
    int64_t checked_ns; /* 0: free */
    char name[160];
    bool admin;
};

struct audiences {
    struct loop *loop;
    struct upstream *up;
    int64_t poll_ns;
    struct audience *list;
    struct known known[KNOWN_MAX];
};

struct audiences *audiences_new(struct loop *loop, struct upstream *up, int64_t poll_ns)
{
    struct audiences *all = xcalloc(1, sizeof *all);
    all->loop = loop;
    all->up = up;
    all->poll_ns = poll_ns;
    return all;
}

void audiences_close(struct audiences *all)
{
    for (struct audience *a = all ? all->list : NULL; a; a = a->next)
        feed_close(a->feed);
}

void audiences_free(struct audiences *all)
{
    if (!all)
        return;
    for (struct audience *a = all->list, *next; a; a = next) {
        next = a->next;
        mirrors_free(a->mirrors);
        free(a);
    }
    free(all);
}

static bool is_idle(const struct audience *a, int64_t now)
{
    return !a->users && now - a->used_ns > IDLE_S * SONATA_SECOND && feed_is_idle(a->feed) && mirrors_are_idle(a->mirrors);
}

/* Lets go of those that nobody looks at, when there are many. */
static unsigned make_room(struct audiences *all, int64_t now)
{
    unsigned n = 0;
    for (struct audience *a = all->list; a; a = a->next)
        n++;
    for (struct audience **at = &all->list; n >= AUDIENCES_MAX && *at;) {
        struct audience *a = *at;
        if (!is_idle(a, now)) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        feed_close(a->feed);
        mirrors_free(a->mirrors);
        free(a);
        n--;
    }
    return n;
}

/* NULL: there are too many that are in use. */
static struct audience *audience_named(struct audiences *all, const char *name, int64_t now)
{
    for (struct audience *a = all->list; a; a = a->next) {
        if (!strcmp(a->name, name))
            return a;
    }
    if (make_room(all, now) >= AUDIENCES_MAX)
        return NULL;
    struct audience *a = xcalloc(1, sizeof *a);
    copy_string(a->name, sizeof a->name, name);
    a->mirrors = mirrors_new(all->up, (uint64_t)(clock_wall_ns() / SONATA_MS), a->token);
    a->feed = feed_new(all->loop, all->up, a->mirrors, all->poll_ns);
    a->next = all->list;
    return all->list = a;
}

static void give(struct audiences *all, const struct known *k, const char *token, audience_done done, void *user)
{
    int64_t now = clock_monotonic_ns();
    struct audience *a = audience_named(all, k->name, now);
    if (!a) {
        done(user, NULL, -ENOBUFS, "too many different rights are in use at once: try again later");
        return;
    }
    copy_string(a->token, sizeof a->token, token);
    a->admin = k->admin;
    a->used_ns = now;
    done(user, a, 0, NULL);
}

static struct known *find_known(struct audiences *all, const uint8_t hash[HASH_SIZE])
{
    for (unsigned i = 0; i < KNOWN_MAX; i++) {
        if (all->known[i].checked_ns && !memcmp(all->known[i].hash, hash, HASH_SIZE))
            return &all->known[i];
    }
    return NULL;
}

static struct known *place_for(struct audiences *all, const uint8_t hash[HASH_SIZE])
{
    struct known *k = find_known(all, hash), *oldest = all->known;
    for (unsigned i = 0; !k && i < KNOWN_MAX; i++) {
        if (all->known[i].checked_ns < oldest->checked_ns)
            oldest = &all->known[i];
    }
    k = k ? k : oldest;
    memcpy(k->hash, hash, HASH_SIZE);
    return k;
}

struct question {
    struct audiences *all;
    char token[TOKEN_TEXT];
    audience_done done;
    void *user;
};

/* Read and write see the same. */
static void name_rights(const Sonata__Caller *c, char name[160])
{
    const char *metrics = !strcmp(c->scope, "metrics") ? "/metrics" : "";
    snprintf(name, 160, "%s/%.60s/%llu%s", c->admin ? "admin" : "team", c->team, (unsigned long long)c->search, metrics);
}

static void on_answer(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct question q = *(struct question *)user;
    uint8_t hash[HASH_SIZE];
    free(user);
    hash_content(q.token, strlen(q.token), hash);
    if (!code && !reply->caller) {
        code = -ENOSYS;
        reason = "this master knows no tokens: upgrade it";
    }
    if (code) {
        struct known *k = find_known(q.all, hash);
        if (k && code == -EKEYREJECTED)
            k->checked_ns = 0;
        q.done(q.user, NULL, code, reason);
        return;
    }
    struct known *k = place_for(q.all, hash);
    name_rights(reply->caller, k->name);
    k->admin = reply->caller->admin;
    k->checked_ns = clock_monotonic_ns();
    give(q.all, k, q.token, q.done, q.user);
}

static void ask(struct audiences *all, const char *token, audience_done done, void *user)
{
    Sonata__Ping ping = SONATA__PING__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    struct question *q = xcalloc(1, sizeof *q);
    *q = (struct question){.all = all, .done = done, .user = user};
    copy_string(q->token, sizeof q->token, token);
    request.verb_case = SONATA__REQUEST__VERB_PING;
    request.ping = &ping;
    upstream_ask(all->up, &request, q->token, on_answer, q);
}

void audience_get(struct audiences *all, const char *token, audience_done done, void *user)
{
    static const struct known own = {.name = "own", .admin = true};
    uint8_t hash[HASH_SIZE];
    if (!token[0]) {
        give(all, &own, token, done, user);
        return;
    }
    hash_content(token, strlen(token), hash);
    struct known *k = find_known(all, hash);
    if (k && clock_monotonic_ns() - k->checked_ns < KNOWN_MS * SONATA_MS)
        give(all, k, token, done, user);
    else
        ask(all, token, done, user);
}
