/* Requests of clients. A request that changes something is remembered by its id together with the change, in one transaction: asked again, it gets
 * the same answer and nothing happens twice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "rpc/rpc_internal.h"

enum { REQUEST_ID_SIZE = 16, REQUEST_VERSION = 1, REQUEST_KEEP_DAYS = 7, FORGET_LOOKS = 8 };

static bool changes(const Sonata__Request *q)
{
    switch (q->verb_case) {
    case SONATA__REQUEST__VERB_SUBMIT:
    case SONATA__REQUEST__VERB_CONTROL:
    case SONATA__REQUEST__VERB_BOARD_CONTROL:
        return true;
    case SONATA__REQUEST__VERB_KEYS:
        return strcmp(q->keys->action, "list") != 0;
    case SONATA__REQUEST__VERB_TEAMS:
        return strcmp(q->teams->action, "list") != 0;
    case SONATA__REQUEST__VERB_UPLOADS:
        return strcmp(q->uploads->action, "list") != 0;
    default:
        return false;
    }
}

static bool begins_upload(const Sonata__Request *q)
{
    return q->verb_case == SONATA__REQUEST__VERB_PUT_BLOB && q->put_blob->data.len && !q->put_blob->offset;
}

bool caller_sees(const struct rpc_caller *caller, const struct search_record *s) { return caller->admin || !strcmp(caller->team, s->team); }

/* About teams and keys: there are none on a master that runs without. */
static bool is_about_access(const Sonata__Request *q)
{
    return q->verb_case == SONATA__REQUEST__VERB_KEYS || q->verb_case == SONATA__REQUEST__VERB_TEAMS || q->verb_case == SONATA__REQUEST__VERB_AUDIT;
}

static bool is_for_admins(const Sonata__Request *q)
{
    switch (q->verb_case) {
    case SONATA__REQUEST__VERB_KEYS:
    case SONATA__REQUEST__VERB_AUDIT:
    case SONATA__REQUEST__VERB_BOARD_CONTROL:
    case SONATA__REQUEST__VERB_BOARD_HISTORY:
        return true;
    case SONATA__REQUEST__VERB_TEAMS:
        return strcmp(q->teams->action, "list") != 0;
    case SONATA__REQUEST__VERB_TASK:
        return !strcmp(q->task->action, "backup");
    default:
        return false;
    }
}

/* Another team's search answers as one that does not exist. */
static int authorize(struct rpc *rpc, const struct rpc_caller *caller, Sonata__Request *q, struct sonata_error *err)
{
    if (is_about_access(q) && !rpc->config.access)
        return sonata_error_set(err, -ENOTSUP, "this master runs without keys: start it with --security curve to have teams");
    if (is_for_admins(q) && !caller->admin)
        return sonata_error_set(err, -EACCES, "this needs an admin key");
    return border_in(rpc, caller, q, err);
}

/* Each change leaves records for good (reply, audit, event): a key that makes thousands a second would fill the disk. */
static int admit_change(struct rpc *rpc, const Sonata__Request *q, struct sonata_error *err)
{
    if ((!changes(q) && !begins_upload(q)) || limiter_take(&rpc->change_limit, rpc->asking, 0, clock_monotonic_ns()) == LIMIT_PASS)
        return 0;
    return sonata_error_set(err, -EBUSY, "more than %.0f changes a second: ask again later", rpc->change_limit.rates.messages);
}

static int perform(struct rpc *rpc, const struct rpc_caller *caller, Sonata__Request *q, struct rpc_reply *reply)
{
    int rc = admit_change(rpc, q, &reply->err);
    if (!rc)
        rc = authorize(rpc, caller, q, &reply->err);
    if (rc)
        return rc;
    switch (q->verb_case) {
    case SONATA__REQUEST__VERB_SUBMIT:
        return client_submit(rpc, caller, q->submit, reply);
    case SONATA__REQUEST__VERB_LIST:
        return client_list(rpc, caller, reply);
    case SONATA__REQUEST__VERB_KEYS:
        return client_keys(rpc, caller, q->keys, reply);
    case SONATA__REQUEST__VERB_TEAMS:
        return client_teams(rpc, caller, q->teams, reply);
    case SONATA__REQUEST__VERB_AUDIT:
        return client_audit(rpc, q->audit, reply);
    case SONATA__REQUEST__VERB_SHOW:
        return client_show(rpc, q->show, reply);
    case SONATA__REQUEST__VERB_INDIVIDUALS:
        return client_individuals(rpc, q->individuals, reply);
    case SONATA__REQUEST__VERB_CONTROL:
        return client_control(rpc, q->control, reply);
    case SONATA__REQUEST__VERB_BOARDS:
        return client_boards(rpc, reply);
    case SONATA__REQUEST__VERB_BOARD_CONTROL:
        return client_board_control(rpc, caller, q->board_control, reply);
    case SONATA__REQUEST__VERB_BOARD_HISTORY:
        return client_board_history(rpc, q->board_history, reply);
    case SONATA__REQUEST__VERB_PUT_BLOB:
        return client_put_blob(rpc, caller, q->put_blob, reply);
    case SONATA__REQUEST__VERB_UPLOADS:
        return client_uploads(rpc, caller, q->uploads, reply);
    case SONATA__REQUEST__VERB_MEASUREMENT:
        return client_measurement(rpc, q->measurement, reply);
    case SONATA__REQUEST__VERB_INSIGHT:
        return client_insight(rpc, q->insight, reply);
    case SONATA__REQUEST__VERB_TASK:
        return client_task(rpc, caller, q->task, reply);
    case SONATA__REQUEST__VERB_PING:
        return 0;
    default:
        return sonata_error_set(&reply->err, -ENOSYS, "this master does not know that request: upgrade it");
    }
}

/* Requests are remembered per team: another team's id never brings up its answer. */
static struct store_key request_key(const struct rpc_caller *caller, const Sonata__Request *q)
{
    uint8_t key[REQUEST_ID_SIZE + 8];
    uint64_t team = hash64_text(caller->team);
    memcpy(key, q->id.data, REQUEST_ID_SIZE);
    memcpy(key + REQUEST_ID_SIZE, &team, sizeof team);
    return key_bytes(key, sizeof key);
}

/* The answer given before, when there is one. */
static bool answer_again(struct rpc *rpc, const struct net_peer *peer, const struct rpc_caller *caller, const Sonata__Request *q)
{
    cleanup_bytes struct bytes b = {0};
    if (store_get(engine_store(rpc->run), STORE_REQUEST, request_key(caller, q), &b) || b.size < 9)
        return false;
    Sonata__Reply *old = sonata__reply__unpack(NULL, b.size - 9, b.data + 9);
    if (!old)
        return false;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_REPLY;
    e.reply = old;
    rpc_send(rpc, rpc->clients, peer, &e, false);
    sonata__reply__free_unpacked(old, NULL);
    return true;
}

struct old_requests {
    struct rpc *rpc;
    int64_t before_ns;
    unsigned left; /* to be looked at now */
    bool more;     /* others follow */
};

static bool erase_if_old(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct old_requests *old = user;
    struct reader in = reader_of(value, n_value);
    old->rpc->forget_from = key_bytes(key, n_key);
    old->more = !old->left;
    if (old->more)
        return false;
    old->left--;
    reader_u8(&in);
    if ((int64_t)reader_u64(&in) < old->before_ns)
        store_erase(engine_store(old->rpc->run), STORE_REQUEST, key_bytes(key, n_key));
    return true;
}

/* With each reply that is remembered a few others are looked at, round and round, so there are never many more than a week's. Clients ask again
 * within seconds; a week is beyond any doubt. */
static void forget_some(struct rpc *rpc)
{
    struct old_requests old = {rpc, engine_wall(rpc->run) - REQUEST_KEEP_DAYS * SONATA_DAY, FORGET_LOOKS, false};
    int rc = store_scan(engine_store(rpc->run), STORE_REQUEST, rpc->forget_from, 0, erase_if_old, &old);
    if (!old.more)
        rpc->forget_from = (struct store_key){0};
    if (rc)
        log_warn("old replies cannot be read", "database=%s", store_db_name(STORE_REQUEST));
}

/* version u8, wall-clock time u64, packed reply */
static void remember(struct rpc *rpc, const struct rpc_caller *caller, const Sonata__Request *q, const Sonata__Reply *reply)
{
    cleanup_bytes struct bytes b = {0};
    bytes_put_u8(&b, REQUEST_VERSION);
    bytes_put_u64(&b, (uint64_t)engine_wall(rpc->run));
    size_t n = sonata__reply__get_packed_size(reply);
    sonata__reply__pack(reply, bytes_append(&b, NULL, n));
    store_put(engine_store(rpc->run), STORE_REQUEST, request_key(caller, q), b.data, b.size);
    forget_some(rpc);
}

void reply_release(struct rpc_reply *reply)
{
    Sonata__Reply *m = &reply->message;
    for (size_t i = 0; i < m->n_searches; i++)
        sonata__search_status__free_unpacked(m->searches[i], NULL);
    for (size_t i = 0; i < m->n_individuals; i++)
        sonata__individual__free_unpacked(m->individuals[i], NULL);
    for (size_t i = 0; i < m->n_boards; i++)
        sonata__board_status__free_unpacked(m->boards[i], NULL);
    for (size_t i = 0; i < m->n_board_events; i++)
        sonata__board_event__free_unpacked(m->board_events[i], NULL);
    free(m->board_events);
    for (size_t i = 0; i < m->n_measurements; i++)
        sonata__measurement__free_unpacked(m->measurements[i], NULL);
    free(m->searches);
    free(m->individuals);
    free(m->boards);
    for (size_t i = 0; i < m->n_keys; i++)
        sonata__key_info__free_unpacked(m->keys[i], NULL);
    for (size_t i = 0; i < m->n_teams; i++)
        sonata__team_info__free_unpacked(m->teams[i], NULL);
    for (size_t i = 0; i < m->n_audit; i++)
        sonata__audit_entry__free_unpacked(m->audit[i], NULL);
    for (size_t i = 0; i < m->n_uploads; i++)
        sonata__upload_info__free_unpacked(m->uploads[i], NULL);
    free(m->uploads);
    free(m->measurements);
    free(m->keys);
    free(m->teams);
    free(m->audit);
    if (m->task)
        sonata__task_status__free_unpacked(m->task, NULL);
    if (m->insight)
        sonata__insight__free_unpacked(m->insight, NULL);
}

static void on_request(struct rpc *rpc, const struct net_peer *peer, const struct rpc_caller *caller, Sonata__Request *q)
{
    if (q->id.len != REQUEST_ID_SIZE) {
        rpc_garbage(rpc, "client", "a request without an id of 16 bytes");
        return;
    }
    if (changes(q) && answer_again(rpc, peer, caller, q))
        return;
    struct rpc_reply reply = {.message = SONATA__REPLY__INIT};
    reply.message.id = q->id;
    reply.message.server = (char *)"sonata-master " SONATA_VERSION;
    reply.message.code = perform(rpc, caller, q, &reply);
    if (changes(q) && !reply.message.code)
        client_audit_change(rpc, caller, q, &reply.message);
    border_out(rpc, caller, &reply);
    if (reply.message.code)
        reply.message.text = reply.err.text;
    if (changes(q) && !reply.message.code)
        remember(rpc, caller, q, &reply.message);
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_REPLY;
    e.reply = &reply.message;
    rpc_send(rpc, rpc->clients, peer, &e, !changes(q) || reply.message.code);
    reply_release(&reply);
}

static bool identify(const struct rpc *rpc, const char *user_id, struct rpc_caller *ret_caller)
{
    *ret_caller = (struct rpc_caller){.admin = true};
    if (!rpc->config.access)
        return true;
    const struct access_key *k = access_who(rpc->config.access, user_id);
    if (!k || k->role == ACCESS_WORKER)
        return false;
    ret_caller->admin = k->role == ACCESS_ADMIN;
    copy_string(ret_caller->team, sizeof ret_caller->team, k->team);
    copy_string(ret_caller->label, sizeof ret_caller->label, k->label);
    const struct team *team = access_team(rpc->config.access, k->team);
    copy_string(ret_caller->pool, sizeof ret_caller->pool, team && !team->share ? team->name : "");
    return true;
}

static void handle(struct rpc *rpc, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct rpc_caller caller;
    if (!identify(rpc, user_id, &caller)) {
        rpc_fault(rpc, rpc->clients, peer, -EACCES, "your key was revoked");
        return;
    }
    cleanup_envelope Sonata__Envelope *e = rpc_unpack(rpc, rpc->clients, peer, data, n);
    if (!e)
        return;
    if (e->body_case != SONATA__ENVELOPE__BODY_REQUEST) {
        rpc_fault(rpc, rpc->clients, peer, -EINVAL, "this is the client port: requests are expected; workers connect to the worker port");
        rpc_garbage(rpc, "client", "a message that is not for this port");
        return;
    }
    on_request(rpc, peer, &caller, e->request);
}

/* The time a request takes is its sender's: nobody keeps the master from the others by asking for what is slow. */
void client_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct rpc *rpc = user;
    rpc->counts.client_messages++;
    if (!rpc_admit(rpc, rpc->clients, peer, user_id, n))
        return;
    int64_t start = clock_monotonic_ns();
    handle(rpc, peer, user_id, data, n);
    int64_t end = clock_monotonic_ns();
    limiter_charge_time(&rpc->client_limit, rpc->asking, end - start, end);
}
