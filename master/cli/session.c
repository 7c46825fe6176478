/* See session.h.
 *
 * A request carries a random id. It is sent again with the same id every two seconds, because a master that was restarted in between has
 * forgotten it; the master answers a repeated id with the same answer, so nothing happens twice. Answers to other ids are dropped. */
#include "cli/session.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/servers.h"
#include "net/keyfile.h"
#include "net/net.h"

enum { REQUEST_ID_SIZE = 16, REPEAT_MS = 2000, WAIT_STEP_MS = 100 };

static const int64_t PATIENCE_NS = 10 * SONATA_SECOND;

struct session {
    struct net_client *client;
    struct servers *servers; /* of --state; NULL otherwise */
    char *endpoint;
    int64_t patience_ns;
    bool with_key;
    bool waits;     /* for a master that may still be starting, whatever stands in the way: the private one of `sonata run` */
    bool patient;   /* told how long to wait: also where nothing listens yet */
    bool was_ready; /* a master that was there once may be starting again */
    int (*on_wait)(void *);
    void *user;
};

/* Our key pair and the master's public key, which --server-key overrides. */
static int read_keys(const struct cli_common *common, struct keyfile *ret_keys, struct sonata_error *err)
{
    if (!common->key)
        return sonata_error_set(err, -EINVAL, "--server-key needs --key, a file with our own key pair");
    int r = keyfile_read(common->key, ret_keys, err);
    if (r)
        return r;
    if (common->server_key && !copy_string(ret_keys->server_key, sizeof ret_keys->server_key, common->server_key))
        return sonata_error_set(err, -EINVAL, "--server-key: 40 characters (Z85) are expected");
    if (!ret_keys->secret_key[0] || !ret_keys->server_key[0])
        return sonata_error_set(err, -EINVAL, "%s: `secret:` and `server:` are needed (or give the master's key by --server-key)", common->key);
    return 0;
}

int session_open(const char *endpoint, const struct cli_common *common, struct session **ret_session, struct sonata_error *err)
{
    struct keyfile keys = {.server_key = ""};
    struct net_security security = {0}, *use = NULL;
    if (common && (common->key || common->server_key)) {
        int r = read_keys(common, &keys, err);
        if (r)
            return r;
        security = keyfile_security(&keys);
        use = &security;
    }
    struct session *s = xcalloc(1, sizeof *s);
    s->patient = common && common->patience_ns;
    s->patience_ns = s->patient ? common->patience_ns : PATIENCE_NS;
    s->with_key = use;
    s->waits = !common;
    s->endpoint = xstrdup(endpoint);
    int r = net_client_new(endpoint, use, &s->client, err);
    if (r) {
        session_close(s);
        return r;
    }
    *ret_session = s;
    return 0;
}

int session_open_common(const struct cli_common *common, struct session **ret_session, struct sonata_error *err)
{
    if (!common->state)
        return session_open(common->server, common, ret_session, err);
    struct servers *servers = NULL;
    int r = servers_attach(common->state, &servers, err);
    if (r)
        return r;
    r = session_open(servers_endpoint(servers), NULL, ret_session, err);
    if (r) {
        servers_stop(servers);
        return r;
    }
    (*ret_session)->servers = servers;
    if (common->patience_ns)
        session_set_patience(*ret_session, common->patience_ns);
    return r;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    net_client_free(s->client);
    servers_stop(s->servers);
    free(s->endpoint);
    free(s);
}

void cleanup_session_pointer(struct session **s) { session_close(*s); }

void session_on_wait(struct session *s, int (*callback)(void *), void *user)
{
    s->on_wait = callback;
    s->user = user;
}

void session_set_patience(struct session *s, int64_t patience_ns) { s->patience_ns = patience_ns; }

static int random_id(uint8_t id[REQUEST_ID_SIZE]) { return getrandom(id, REQUEST_ID_SIZE, 0) == REQUEST_ID_SIZE ? 0 : -EIO; }

/* One message from the socket: 1 with the answer to `id`, 0 when it was something else, or a negative errno. */
static int receive_step(struct session *s, const ProtobufCBinaryData *id, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    cleanup_free uint8_t *data = NULL;
    size_t n = 0;
    int r = net_client_receive(s->client, WAIT_STEP_MS, &data, &n);
    if (r == -ETIMEDOUT || r == -EINTR)
        return 0;
    if (r)
        return sonata_error_set(err, r, "%s: %s", s->endpoint, strerror(-r));
    bool other_major;
    Sonata__Envelope *e = envelope_unpack(data, n, &other_major, err);
    if (!e)
        return other_major ? -EPROTONOSUPPORT : -EBADMSG;
    if (e->body_case == SONATA__ENVELOPE__BODY_FAULT) {
        r = sonata_error_set(err, e->fault->code < 0 ? e->fault->code : -EPROTO, "%s", e->fault->text);
        envelope_free(e);
        return r;
    }
    if (e->body_case != SONATA__ENVELOPE__BODY_REPLY || e->reply->id.len != id->len || memcmp(e->reply->id.data, id->data, id->len)) {
        envelope_free(e);
        return 0;
    }
    *ret_reply = e;
    return 1;
}

/* The only state folder of `sonata run` here; "": there is none, or several. */
static void find_state_here(char *name, size_t size)
{
    glob_t found;
    name[0] = '\0';
    if (!glob("*.sonata/master", 0, NULL, &found) && found.gl_pathc == 1)
        snprintf(name, size, "%.*s", (int)(strlen(found.gl_pathv[0]) - strlen("/master")), found.gl_pathv[0]);
    globfree(&found);
}

static int refused_error(const struct session *s, struct sonata_error *err)
{
    char here[256];
    int r = -ECONNREFUSED;
    find_state_here(here, sizeof here);
    if (here[0])
        return sonata_error_set(err, r, "no master answers: nothing listens at %s; the run that is here is read with --state %s", s->endpoint, here);
    return sonata_error_set(
        err, r, "no master answers: nothing listens at %s; start one with `sonata-master`, name another with --server, or use `sonata run`",
        s->endpoint);
}

/* What stands in the way of a connection that never was, as far as it is certain; 0: nothing is yet. */
static int link_error(struct session *s, struct sonata_error *err)
{
    enum net_link link = net_client_link(s->client);
    s->was_ready = s->was_ready || link == NET_LINK_READY;
    if (s->was_ready || s->waits)
        return 0;
    switch (link) {
    case NET_LINK_UNRESOLVED:
        return sonata_error_set(err, -ECONNREFUSED, "no master answers: the host of %s is not known; check --server", s->endpoint);
    case NET_LINK_REFUSED:
        return s->patient ? 0 : refused_error(s, err);
    case NET_LINK_STRANGER:
        return sonata_error_set(err, -ECONNREFUSED,
                                "no master answers: what listens at %s is not a master; check the port in --server (7102 by default)", s->endpoint);
    case NET_LINK_OTHER_SECURITY:
        if (s->with_key)
            return sonata_error_set(err, -EACCES, "the master at %s works without keys: leave --key out", s->endpoint);
        return sonata_error_set(err, -EACCES, "the master at %s wants a key: give --key FILE (`sonata keys new` made it; an admin has one)",
                                s->endpoint);
    case NET_LINK_DENIED:
        return sonata_error_set(err, -EACCES,
                                "the master at %s does not accept this key: it is revoked, not on its list, or not meant for this port; ask an admin "
                                "(`sonata keys list`)",
                                s->endpoint);
    default:
        return 0;
    }
}

/* Why nothing came within the patience. */
static int silence_error(const struct session *s, struct sonata_error *err)
{
    char patience[16];
    enum net_link link = net_client_link(s->client);
    format_duration(s->patience_ns, patience);
    if (s->was_ready || link == NET_LINK_READY)
        return sonata_error_set(err, -ETIMEDOUT,
                                "the master at %s is connected but did not answer within %s: it may be busy; wait longer with --patience",
                                s->endpoint, patience);
    if (link == NET_LINK_DROPPED && s->with_key)
        return sonata_error_set(
            err, -ETIMEDOUT,
            "no master answers: %s closes the connection: its public key is not the one of the key file or --server-key, or it is no master",
            s->endpoint);
    if (link == NET_LINK_OPEN || link == NET_LINK_DROPPED)
        return sonata_error_set(err, -ETIMEDOUT,
                                "no master answers: something listens at %s but is no master; check the port in --server (7102 by default)",
                                s->endpoint);
    return sonata_error_set(err, -ETIMEDOUT,
                            "no master answers at %s within %s; start one with `sonata-master`, name another with --server, or use `sonata run`",
                            s->endpoint, patience);
}

static int await(struct session *s, const struct bytes *message, const ProtobufCBinaryData *id, Sonata__Envelope **ret_reply,
                 struct sonata_error *err)
{
    int64_t start = clock_monotonic_ns(), next_send = start;
    for (;;) {
        int64_t now = clock_monotonic_ns();
        if (now >= next_send) {
            int r = net_client_send(s->client, message->data, message->size);
            if (r && r != -EAGAIN)
                return sonata_error_set(err, r, "%s: cannot send: %s", s->endpoint, strerror(-r));
            next_send = now + REPEAT_MS * SONATA_MS;
        }
        int r = receive_step(s, id, ret_reply, err);
        if (r)
            return min_of(r, 0);
        r = link_error(s, err);
        if (r)
            return r;
        r = s->on_wait ? s->on_wait(s->user) : 0;
        if (r)
            return sonata_error_set(err, r, "interrupted while waiting for the master");
        if (clock_monotonic_ns() - start > s->patience_ns)
            return silence_error(s, err);
    }
}

int session_call(struct session *s, Sonata__Request *request, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    uint8_t id[REQUEST_ID_SIZE];
    if (!request->id.len) {
        int r = random_id(id);
        if (r)
            return sonata_error_set(err, r, "no random numbers from the kernel");
        request->id = (ProtobufCBinaryData){REQUEST_ID_SIZE, id};
    }
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
    e.request = request;
    cleanup_bytes struct bytes message = {0};
    envelope_pack(&e, &message);
    Sonata__Envelope *reply = NULL;
    int r = await(s, &message, &request->id, &reply, err);
    if (request->id.data == id)
        request->id = (ProtobufCBinaryData){0, NULL};
    if (r)
        return r;
    if (reply->reply->code < 0) {
        r = reply->reply->code;
        sonata_error_set(err, r, "%s", reply->reply->text[0] ? reply->reply->text : strerror(-r));
        envelope_free(reply);
        return r;
    }
    *ret_reply = reply;
    return 0;
}

int session_call_all(struct session *s, Sonata__Request *request, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    cleanup_envelope Sonata__Envelope *whole = NULL, *last = NULL; /* what the request asks for next may lie in the last answer */
    int r = session_call(s, request, &whole, err);
    for (bool more = !r && pages_next(request, whole->reply); more;) {
        Sonata__Envelope *page;
        r = session_call(s, request, &page, err);
        if (r)
            return r;
        more = pages_next(request, page->reply);
        pages_join(whole->reply, page->reply);
        cleanup_envelope_pointer(&last);
        last = page;
    }
    *ret_reply = whole;
    whole = NULL;
    return r;
}

int session_call_held(struct session *s, Sonata__Request *request, int64_t held_ns, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    s->patience_ns += held_ns;
    int r = session_call(s, request, ret_reply, err);
    s->patience_ns -= held_ns;
    return r;
}

int session_put_blob(struct session *s, const uint8_t hash[32], const void *data, size_t n, struct sonata_error *err)
{
    for (size_t offset = 0;;) {
        Sonata__PutBlob put = SONATA__PUT_BLOB__INIT;
        size_t chunk = min_of(n - offset, WIRE_BLOB_CHUNK);
        put.hash = (ProtobufCBinaryData){32, (uint8_t *)(uintptr_t)hash};
        put.offset = offset;
        put.total = n;
        put.data = (ProtobufCBinaryData){chunk, (uint8_t *)(uintptr_t)data + offset};
        Sonata__Request request = SONATA__REQUEST__INIT;
        request.verb_case = SONATA__REQUEST__VERB_PUT_BLOB;
        request.put_blob = &put;
        Sonata__Envelope *reply = NULL;
        int r = session_call(s, &request, &reply, err);
        if (r)
            return sonata_error_prefix(err, r, "uploading the supernet");
        bool have = reply->reply->have_blob;
        envelope_free(reply);
        offset += chunk;
        if (have)
            return 0;
        if (offset >= n)
            return sonata_error_set(err, -EIO, "the master did not accept the uploaded supernet");
    }
}

/* "vision/2": number 2 of team vision. */
static bool is_of_team(const Sonata__SearchStatus *st, const char *text)
{
    const char *slash = strrchr(text, '/');
    uint64_t number;
    return slash && !parse_u64(slash + 1, 1, UINT64_MAX, &number) && st->number == number && strlen(st->team) == (size_t)(slash - text) &&
           !strncmp(st->team, text, (size_t)(slash - text));
}

/* The newest match on a page of the list, 0: none. */
static uint64_t pick(const Sonata__Reply *page, const char *text)
{
    uint64_t id = 0, wanted = 0;
    bool number = text && parse_u64(text, 0, UINT64_MAX, &wanted) == 0;
    for (size_t i = 0; i < page->n_searches; i++) {
        const Sonata__SearchStatus *st = page->searches[i];
        if (!text || (number && st->id == wanted) || is_of_team(st, text) || !strcmp(st->name, text))
            id = max_of(id, st->id);
    }
    return id;
}

/* On no page; some of those that there are, as the last page has them. */
static int not_found(const Sonata__Reply *page, const char *text, struct sonata_error *err)
{
    char names[300];
    struct text_builder t = text_begin(names, sizeof names);
    for (size_t i = 0; i < page->n_searches; i++)
        text_join(&t, ", ", "%llu (%.60s)", (unsigned long long)page->searches[i]->id, page->searches[i]->name);
    if (!page->n_searches)
        return sonata_error_set(err, -ENOENT, "the master has no searches; submit one with `sonata submit FILE`");
    return sonata_error_set(err, -ENOENT, "no search '%s'; there are: %s", text ? text : "", names);
}

int session_find_search(struct session *s, const char *text, uint64_t *ret_id, struct sonata_error *err)
{
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    for (;;) { /* the newest page first */
        cleanup_envelope Sonata__Envelope *page = NULL;
        int r = session_call(s, &request, &page, err);
        if (r)
            return r;
        uint64_t id = pick(page->reply, text);
        if (!id && pages_next(&request, page->reply))
            continue;
        *ret_id = id ? id : *ret_id;
        return id ? 0 : not_found(page->reply, text, err);
    }
}

static int submit_spec(struct session *s, uint64_t fork_of, const struct search_spec *spec, const uint8_t *request_id, uint64_t *ret_id,
                       struct sonata_error *err)
{
    Sonata__Submit submit = SONATA__SUBMIT__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    submit.spec = spec_to_message(spec);
    submit.fork_of = fork_of;
    request.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    request.submit = &submit;
    if (request_id)
        request.id = (ProtobufCBinaryData){REQUEST_ID_SIZE, (uint8_t *)(uintptr_t)request_id};
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int r = session_call(s, &request, &reply, err);
    sonata__search_spec__free_unpacked(submit.spec, NULL);
    if (!r)
        *ret_id = reply->reply->search;
    return r;
}

int session_submit(struct session *s, const struct search_spec *spec, const uint8_t *request_id, uint64_t *ret_id, struct sonata_error *err)
{
    return submit_spec(s, 0, spec, request_id, ret_id, err);
}

int session_fork(struct session *s, uint64_t of, const struct search_spec *spec, uint64_t *ret_id, struct sonata_error *err)
{
    return submit_spec(s, of, spec, NULL, ret_id, err);
}

/* *ret_n: individuals it is about, with *ret_more so far; both may be NULL. */
static int send_control(struct session *s, const Sonata__Control *verb, uint32_t *ret_n, bool *ret_more, struct sonata_error *err)
{
    Sonata__Control control = *verb;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_CONTROL;
    request.control = &control;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int r = session_call(s, &request, &reply, err);
    if (!r && ret_n)
        *ret_n = reply->reply->count;
    if (!r && ret_more)
        *ret_more = reply->reply->more;
    return r;
}

int session_control(struct session *s, uint64_t search, const char *action, uint32_t evaluations, int32_t priority, struct sonata_error *err)
{
    Sonata__Control control = SONATA__CONTROL__INIT;
    control.search = search;
    control.action = (char *)(uintptr_t)action;
    control.evaluations = evaluations;
    control.priority = priority;
    return send_control(s, &control, NULL, NULL, err);
}

int session_retry(struct session *s, uint64_t search, const char *cause, uint32_t *ret_n, bool *ret_more, struct sonata_error *err)
{
    Sonata__Control control = SONATA__CONTROL__INIT;
    control.search = search;
    control.action = (char *)"retry";
    control.cause = (char *)(uintptr_t)cause;
    return send_control(s, &control, ret_n, ret_more, err);
}
