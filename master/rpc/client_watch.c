/* Watching: what changed since a commit, and when nothing did, the answer waits until something does. A client asks again with the same id every few
 * seconds as with any request; what it waits for longer than it said is then answered with nothing, so that no timer is needed here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/time.h"
#include "rpc/verbs.h"
#include "rpc/watch.h"

enum { WAIT_MAX_MS = 60000 };

void watch_add_changed(struct rpc *rpc, const struct rpc_caller *caller, uint64_t since, Sonata__Reply *m)
{
    uint64_t newest = engine_team_changed(rpc->run, caller->admin ? NULL : caller->team);
    if (newest <= since) /* so that a question that waits costs nothing in turns that do not concern it */
        return;
    uint32_t n = engine_search_count(rpc->run), *found = xcalloc(RPC_PAGE_MAX, sizeof *found), n_found = 0;
    for (uint32_t i = n; i--;) {
        const char *team;
        uint64_t changed = engine_search_changed(rpc->run, i, &team);
        if (changed <= since || !caller_sees(caller, engine_search_record(rpc->run, i)))
            continue;
        m->commit = max_of(m->commit, changed);
        m->more = n_found == RPC_PAGE_MAX;
        if (!m->more)
            found[n_found++] = i;
    }
    m->searches = xcalloc(n_found ? n_found : 1, sizeof *m->searches);
    while (n_found)
        m->searches[m->n_searches++] = client_status_message(rpc, caller, engine_search_record(rpc->run, found[--n_found]));
    free(found);
}

static struct watch *find_watch(struct rpc *rpc, const char *key, const uint8_t id[REQUEST_ID_SIZE])
{
    for (unsigned i = 0; rpc->watches && i < RPC_WATCHES_MAX; i++) {
        if (rpc->watches[i].used && !strcmp(rpc->watches[i].key, key) && !memcmp(rpc->watches[i].id, id, REQUEST_ID_SIZE))
            return &rpc->watches[i];
    }
    return NULL;
}

/* A free place, or NULL: the asker, or all together, have too many. */
static struct watch *new_watch(struct rpc *rpc)
{
    struct watch *free_one = NULL;
    unsigned own = 0;
    if (!rpc->watches)
        rpc->watches = xcalloc(RPC_WATCHES_MAX, sizeof *rpc->watches);
    for (unsigned i = 0; i < RPC_WATCHES_MAX; i++) {
        struct watch *w = &rpc->watches[i];
        own += w->used && w->paying == rpc->paying;
        if (!w->used)
            free_one = w;
    }
    return own < RPC_WATCHES_PER_ASKER ? free_one : NULL;
}

static bool hold(struct rpc_call *call)
{
    const Sonata__Watch *verb = call->request->watch;
    int64_t now = clock_monotonic_ns();
    struct watch *w = find_watch(call->rpc, call->user_id, call->request->id.data);
    if (w && now >= w->until_ns) {
        w->used = false;
        return false;
    }
    if (!w && (w = new_watch(call->rpc))) {
        *w = (struct watch){.used = true, .asking = call->rpc->asking, .since = verb->since, .seen = engine_committed(call->rpc->run)};
        memcpy(w->id, call->request->id.data, REQUEST_ID_SIZE);
        copy_string(w->key, sizeof w->key, call->user_id);
        w->until_ns = now + (int64_t)min_of(verb->wait_ms, WAIT_MAX_MS) * SONATA_MS;
    }
    if (!w)
        return false;
    w->peer = *call->peer; /* it may have come back on another connection */
    w->asking = call->rpc->asking;
    w->paying = call->rpc->paying;
    w->by_token = call->caller->by_token;
    memcpy(w->token, call->caller->token, sizeof w->token);
    return true;
}

int client_watch(struct rpc_call *call)
{
    Sonata__Reply *m = &call->reply->message;
    m->commit = call->request->watch->since;
    watch_add_changed(call->rpc, call->caller, call->request->watch->since, m);
    if (!m->n_searches && call->request->watch->wait_ms)
        call->held = hold(call);
    return 0;
}
