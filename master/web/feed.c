/* See feed.h. While there are listeners the master is watched: its answer comes when a search changed. Boards, and the list of searches for what is
 * no change of theirs (why they wait), are asked for now and then. A search whose status changed and of which there is a mirror is brought up to date
 * before anybody is told, so that what pages then ask for is there. */
#include "web/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "web/api.h"

enum { BOARDS_EVERY = 8, LIST_EVERY = 20, WATCH_MS = 5000, REPEAT_MS = 2500 };

struct entry {
    uint64_t id, revision, hash;
    char *status; /* JSON */
};

struct feed_listener {
    struct feed_listener *next;
    void (*wake)(void *user);
    void *user;
};

struct feed {
    struct upstream *up;
    struct mirrors *mirrors;
    uv_timer_t timer;
    struct feed_listener *listeners;
    uint64_t revision, boards_revision, boards_hash, up_revision;
    size_t n, capacity;
    struct entry *entry;
    unsigned tick, asking;
    uint64_t commit; /* Watch.since */
    bool is_up, closing, watching, old_master;
};

static void tell(struct feed *f)
{
    for (struct feed_listener *l = f->listeners, *next; l; l = next) {
        next = l->next;
        l->wake(l->user);
    }
}

static void set_up(struct feed *f, bool up)
{
    if (f->is_up == up)
        return;
    f->is_up = up;
    f->revision = f->up_revision = mirrors_next_revision(f->mirrors);
}

static struct entry *entry_of(struct feed *f, uint64_t id)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->entry[i].id == id)
            return &f->entry[i];
    }
    f->entry = xgrow(f->entry, &f->capacity, f->n + 1, sizeof *f->entry);
    f->entry[f->n] = (struct entry){.id = id};
    return &f->entry[f->n++];
}

struct refreshed {
    struct feed *feed;
    uint64_t id;
};

static void publish(struct feed *f, uint64_t id)
{
    entry_of(f, id)->revision = f->revision = mirrors_next_revision(f->mirrors);
    tell(f);
}

static void on_refreshed(void *user, const struct mirror *m, int code, const char *reason)
{
    struct refreshed *x = user;
    (void)m;
    (void)reason;
    x->feed->asking--;
    if (!code && !x->feed->closing)
        publish(x->feed, x->id);
    free(x);
}

static void take_status(struct feed *f, const Sonata__SearchStatus *m)
{
    struct results_status s;
    struct bytes text = {0};
    if (results_from_status_message(m, &s, NULL))
        return;
    write_status(&text, NULL, &s);
    uint64_t hash = hash64(text.data, text.size);
    struct entry *e = entry_of(f, s.id);
    if (e->status && e->hash == hash) {
        bytes_fini(&text);
        return;
    }
    bytes_put_u8(&text, 0);
    free(e->status);
    e->status = (char *)text.data;
    e->hash = hash;
    if (!mirror_peek(f->mirrors, s.id)) {
        publish(f, s.id);
        return;
    }
    struct refreshed *x = xmalloc(sizeof *x);
    *x = (struct refreshed){f, s.id};
    f->asking++;
    mirror_get(f->mirrors, s.id, 0, on_refreshed, x);
}

/* `more` never matters: what is not in the answer is older than a thousand others. */
static void take_statuses(struct feed *f, const Sonata__Reply *reply)
{
    for (size_t i = 0; i < reply->n_searches; i++)
        take_status(f, reply->searches[i]);
}

static void on_list(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct feed *f = user;
    (void)reason;
    f->asking--;
    if (f->closing)
        return;
    set_up(f, !code || code == -EKEYREJECTED);
    if (!code)
        take_statuses(f, reply);
    tell(f);
}

/* A master that does not know the verb is asked for the list at each tick. */
static void on_watch(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct feed *f = user;
    (void)reason;
    f->watching = false;
    if (f->closing)
        return;
    f->old_master = code == -ENOSYS;
    if (!f->old_master)
        set_up(f, !code || code == -EKEYREJECTED); /* a page that is open brings another token */
    if (!code) {
        f->commit = reply->commit;
        take_statuses(f, reply);
    }
    tell(f);
}

/* What moves all the time is no news. */
static void on_boards(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct feed *f = user;
    struct bytes text = {0};
    (void)reason;
    f->asking--;
    for (size_t i = 0; !code && i < reply->n_boards; i++) {
        struct results_board b;
        results_board_from_message(reply->boards[i], &b);
        b.busy_share = 0;
        write_board(&text, &b);
    }
    uint64_t hash = text.size ? hash64(text.data, text.size) : 1;
    if (!code && !f->closing && hash != f->boards_hash) {
        f->boards_hash = hash;
        f->boards_revision = f->revision = mirrors_next_revision(f->mirrors);
        tell(f);
    }
    bytes_fini(&text);
}

static void ask_list(struct feed *f)
{
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    f->asking++;
    upstream_ask_all(f->up, &request, mirrors_token(f->mirrors), on_list, f);
}

static void ask_watch(struct feed *f)
{
    Sonata__Watch watch = SONATA__WATCH__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    watch.since = f->commit;
    watch.wait_ms = WATCH_MS;
    request.verb_case = SONATA__REQUEST__VERB_WATCH;
    request.watch = &watch;
    f->watching = true;
    upstream_ask_held(f->up, &request, mirrors_token(f->mirrors), (WATCH_MS + REPEAT_MS) * SONATA_MS, on_watch, f);
}

static void ask_boards(struct feed *f)
{
    Sonata__ListBoards list = SONATA__LIST_BOARDS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_BOARDS;
    request.boards = &list;
    f->asking++;
    upstream_ask_all(f->up, &request, mirrors_token(f->mirrors), on_boards, f);
}

static void on_tick(uv_timer_t *t)
{
    struct feed *f = t->data;
    if (!f->listeners)
        return;
    if (!f->watching && !f->old_master)
        ask_watch(f);
    unsigned tick = f->tick++;
    if (!f->asking && tick % BOARDS_EVERY == 0)
        ask_boards(f);
    if (!f->asking && (f->old_master || tick % LIST_EVERY == 0))
        ask_list(f);
    tell(f);
}

struct feed *feed_new(struct loop *loop, struct upstream *up, struct mirrors *mirrors, int64_t poll_ns)
{
    struct feed *f = xcalloc(1, sizeof *f);
    f->up = up;
    f->mirrors = mirrors;
    f->is_up = true;
    f->revision = mirrors_revision(mirrors);
    uv_timer_init(&loop->uv, &f->timer);
    f->timer.data = f;
    uint64_t ms = (uint64_t)(poll_ns / SONATA_MS);
    uv_timer_start(&f->timer, on_tick, ms, ms);
    return f;
}

bool feed_is_idle(const struct feed *f) { return !f->listeners && !f->asking && !f->watching; }

static void on_closed(uv_handle_t *h)
{
    struct feed *f = h->data;
    for (size_t i = 0; i < f->n; i++)
        free(f->entry[i].status);
    free(f->entry);
    free(f);
}

void feed_close(struct feed *f)
{
    if (!f)
        return;
    f->closing = true;
    uv_close((uv_handle_t *)&f->timer, on_closed);
}

struct feed_listener *feed_listen(struct feed *f, void (*wake)(void *user), void *user)
{
    struct feed_listener *l = xcalloc(1, sizeof *l);
    *l = (struct feed_listener){f->listeners, wake, user};
    f->listeners = l;
    return l;
}

void feed_leave(struct feed *f, struct feed_listener *l)
{
    for (struct feed_listener **at = &f->listeners; *at; at = &(*at)->next) {
        if (*at == l) {
            *at = l->next;
            free(l);
            return;
        }
    }
}

uint64_t feed_revision(const struct feed *f) { return f->revision; }

void feed_write(const struct feed *f, uint64_t since, struct bytes *out)
{
    out_open(out, NULL, '{');
    out_unsigned(out, "revision", f->revision);
    out_bool(out, "up", f->is_up);
    out_open(out, "searches", '[');
    for (size_t i = 0; i < f->n; i++) {
        if (f->entry[i].revision > since)
            out_raw(out, NULL, f->entry[i].status);
    }
    out_close(out, ']');
    out_bool(out, "boards", f->boards_revision > since);
    out_close(out, '}');
}
