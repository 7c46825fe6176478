/* Questions that wait for a change: kept by client_watch.c, answered by watch_answer.c. */
#ifndef SONATA_RPC_WATCH_H
#define SONATA_RPC_WATCH_H

#include "rpc/call.h"

/* A question that waits. */
struct watch {
    bool used;
    struct net_peer peer;
    uint64_t asking;        /* peer number: whose limits it counts for */
    char key[KEY_TEXT_MAX]; /* public key of the asker, looked up again at the answer; "" without keys */
    uint8_t id[REQUEST_ID_SIZE];
    bool by_token; /* a token stood for the key of the asker */
    uint8_t token[TOKEN_ID_SIZE];
    uint64_t paying;
    uint64_t since, seen; /* seen: the last commit that was looked at */
    int64_t until_ns;     /* asked again after it, it is answered */
};

/* Adds the searches the caller may see that changed after `since`, the newest RPC_PAGE_MAX, oldest first, and the number of the newest change. */
void watch_add_changed(struct rpc *rpc, const struct rpc_caller *caller, uint64_t since, Sonata__Reply *m);

#endif
