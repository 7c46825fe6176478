/* Server-sent events: a stream for each open page. At most two messages a second, each with everything that changed meanwhile; a comment every
 * 15 s keeps proxies from closing the stream and finds the peers that are gone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "web/api.h"

enum { APART_MS = 450, COMMENT_S = 15, CHECK_S = 5 };

struct events {
    struct audiences *audiences;
    struct audience *audience;
    struct feed *feed;
    char token[TOKEN_TEXT];
    int64_t checked_ns;
    bool checking, closed, refused;
    struct feed_listener *listener;
    struct http_stream *stream;
    struct bytes text; /* to be sent */
    size_t sent;       /* of it */
    uint64_t since;    /* number the page has */
    int64_t last_message_ns, last_byte_ns;
};

static void write_message(struct events *e)
{
    struct bytes json = {0};
    uint64_t revision = feed_revision(e->feed);
    feed_write(e->feed, e->since, &json);
    out_printf(&e->text, "id: %llu\nevent: change\ndata: ", (unsigned long long)revision);
    bytes_append(&e->text, json.data, json.size);
    out_printf(&e->text, "\n\n");
    bytes_fini(&json);
    e->since = revision;
}

/* Something to send now? */
static bool compose(struct events *e)
{
    int64_t now = clock_monotonic_ns();
    if (feed_revision(e->feed) > e->since && now - e->last_message_ns >= APART_MS * SONATA_MS) {
        write_message(e);
        e->last_message_ns = now;
    } else if (now - e->last_byte_ns >= COMMENT_S * SONATA_SECOND) {
        out_printf(&e->text, ": still here\n\n");
    }
    if (e->text.size)
        e->last_byte_ns = now;
    return e->text.size > 0;
}

static long pull(void *user, char *to, size_t max)
{
    struct events *e = user;
    if (e->refused)
        return HTTP_STREAM_END;
    if (e->sent == e->text.size) {
        bytes_clear(&e->text);
        e->sent = 0;
        if (!compose(e))
            return 0;
    }
    size_t n = e->text.size - e->sent < max ? e->text.size - e->sent : max;
    memcpy(to, e->text.data + e->sent, n);
    e->sent += n;
    return (long)n;
}

static void closed(void *user)
{
    struct events *e = user;
    feed_leave(e->feed, e->listener);
    bytes_fini(&e->text);
    e->audience->users--;
    e->closed = true;
    if (!e->checking)
        free(e);
}

/* Who holds a stream open has to be somebody still. */
static void on_checked(void *user, struct audience *a, int code, const char *reason)
{
    struct events *e = user;
    (void)reason;
    e->checking = false;
    if (e->closed) {
        free(e);
        return;
    }
    e->refused = code == -EKEYREJECTED || (!code && a != e->audience);
    if (e->refused)
        http_stream_wake(e->stream);
}

static void check(struct events *e, int64_t now)
{
    e->checking = true;
    e->checked_ns = now;
    audience_get(e->audiences, e->token, on_checked, e);
}

static void wake(void *user)
{
    struct events *e = user;
    int64_t now = clock_monotonic_ns();
    if (e->token[0] && !e->checking && now - e->checked_ns >= CHECK_S * SONATA_SECOND)
        check(e, now);
    if (e->sent < e->text.size || (feed_revision(e->feed) > e->since && now - e->last_message_ns >= APART_MS * SONATA_MS) ||
        now - e->last_byte_ns >= COMMENT_S * SONATA_SECOND)
        http_stream_wake(e->stream);
}

/* Where the page left off: the header a browser sends when it comes back, or ?since= when it begins. */
static uint64_t wanted_since(const struct call *c)
{
    uint64_t since = feed_revision(c->audience->feed);
    const char *text = http_header(c->request, "Last-Event-ID");
    if (!text)
        text = http_query(c->request, "since");
    if (text && parse_u64(text, 0, UINT64_MAX, &since))
        since = feed_revision(c->audience->feed);
    return since;
}

void api_events(struct call *c)
{
    struct events *e = xcalloc(1, sizeof *e);
    e->audiences = c->web->audiences;
    e->audience = c->audience;
    e->audience->users++;
    e->feed = c->audience->feed;
    copy_string(e->token, sizeof e->token, c->token);
    e->checked_ns = clock_monotonic_ns();
    e->since = wanted_since(c);
    e->last_byte_ns = clock_monotonic_ns();
    out_printf(&e->text, "retry: 2000\n\n");
    e->listener = feed_listen(e->feed, wake, e);
    e->stream = http_stream(c->request, "text/event-stream", (struct http_source){pull, closed, e});
    call_drop(c);
}
