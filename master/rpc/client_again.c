/* Answers that are given again. A request that changes something is remembered by its id together with the change, in one transaction: asked again,
 * it gets the same answer and nothing happens twice. */
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "rpc/call.h"
#include "store/record_team.h"
#include "store/store.h"

enum { REQUEST_KEEP_DAYS = 7, FORGET_LOOKS = 8 };

/* Requests are remembered per team: another team's id never brings up its answer; and with what they ask: an id that is used again for something else
 * is another request. Those of an older master are remembered without. */
static struct store_key request_key(const struct rpc_call *call, bool with_question)
{
    uint8_t key[REQUEST_ID_SIZE + 16];
    uint64_t team = hash64_text(call->caller->team);
    memcpy(key, call->request->id.data, REQUEST_ID_SIZE);
    memcpy(key + REQUEST_ID_SIZE, &team, sizeof team);
    memcpy(key + REQUEST_ID_SIZE + 8, &call->question, sizeof call->question);
    return key_bytes(key, with_question ? sizeof key : REQUEST_ID_SIZE + 8);
}

static Sonata__Reply *find(const struct rpc_call *call, bool with_question)
{
    cleanup_bytes struct bytes b = {0};
    struct answer_record old;
    if (store_get(engine_store(call->rpc->run), STORE_REQUEST, request_key(call, with_question), &b) || answer_record_decode(b.data, b.size, &old))
        return NULL;
    return sonata__reply__unpack(NULL, old.n_reply, old.reply);
}

Sonata__Reply *again_find(const struct rpc_call *call)
{
    Sonata__Reply *old = find(call, true);
    return old ? old : find(call, false);
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
    struct answer_record answer;
    old->rpc->forget_from = key_bytes(key, n_key);
    old->more = !old->left;
    if (old->more)
        return false;
    old->left--;
    if (answer_record_decode(value, n_value, &answer) || answer.wall_ns < old->before_ns)
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

void again_remember(const struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    const Sonata__Reply *reply = &call->reply->message;
    cleanup_bytes struct bytes packed = {0}, b = {0};
    sonata__reply__pack(reply, bytes_append(&packed, NULL, sonata__reply__get_packed_size(reply)));
    answer_record_encode(&(struct answer_record){engine_wall(rpc->run), packed.data, packed.size}, &b);
    store_put(engine_store(rpc->run), STORE_REQUEST, request_key(call, true), b.data, b.size);
    forget_some(rpc);
}
