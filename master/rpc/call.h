/* One request of a client on its way through the client port: who asks, what, and the reply that is being filled. */
#ifndef SONATA_RPC_CALL_H
#define SONATA_RPC_CALL_H

#include "access/tokens.h"
#include "codec/codec.h"
#include "rpc/rpc_internal.h"

/* Who asks. On a master without keys everybody is an admin without a team. */
struct rpc_caller {
    bool admin;
    enum token_scope scope;       /* what is allowed of that; SCOPE_WRITE with a key */
    bool by_token, once;          /* a token stands for the key; it only logs in */
    uint8_t token[TOKEN_ID_SIZE]; /* its id */
    uint64_t search;              /* the only one it sees; 0: not restricted */
    int64_t expires_wall_ns;      /* 0: never */
    char key[KEY_TEXT_MAX];       /* public key */
    char team[TEAM_NAME_MAX];
    char pool[TEAM_NAME_MAX]; /* struct engine_owner */
    char label[KEY_LABEL_MAX];
};

/* The caller behind a connection's public key ("": a master without keys). false: the key is not, or no longer, a client's. */
bool caller_identify(const struct rpc *rpc, const char *user_id, struct rpc_caller *ret_caller);
/* A key that only carries requests of tokens. */
bool caller_is_web(const struct rpc *rpc, const char *user_id);
/* Whom a token stands for; text "": the caller stays who it is. -EKEYREJECTED: unknown, expired, revoked, or missing where a web key needs one. */
int caller_present(const struct rpc *rpc, const char *token, struct rpc_caller *caller, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same by the id of a token that was presented before; false: it is not in force any longer. */
bool caller_again(const struct rpc *rpc, const uint8_t id[TOKEN_ID_SIZE], struct rpc_caller *ret_caller);
/* Admins see every search, a team its own, a token of one search that. */
bool caller_sees(const struct rpc_caller *caller, const struct search_record *s);

struct rpc_reply {
    Sonata__Reply message;
    struct sonata_error err;
    uint8_t cursor[ENGINE_UPLOAD_CURSOR_SIZE]; /* message.cursor may point here */
};
/* Frees what the verbs allocated for the message; id, text and cursor are borrowed. */
void reply_release(struct rpc_reply *reply);

struct verb;
struct rpc_call {
    struct rpc *rpc;
    const struct rpc_caller *caller;
    Sonata__Request *request; /* after border_in(): its searches are ids, not the caller's numbers */
    const struct verb *verb;  /* the row of the request */
    uint64_t question;        /* hash of the request as it came */
    struct rpc_reply *reply;
    const struct net_peer *peer;
    const char *user_id; /* public key of the connection; "" without keys */
    bool held;           /* by the verb: it is answered later (client_watch.c) */
};

/* client_port.c: to the asker (rpc->asking). */
void client_send_reply(struct rpc *rpc, const struct net_peer *peer, Sonata__Reply *reply, bool reads_only);

/* watch_answer.c */
/* Answers the questions that wait for a change of what their askers may see. After a commit. */
void watches_turn(struct rpc *rpc);

/* client_border.c */
/* The search that the request names (struct verb says where) becomes an id; -ENOENT: not a search the caller may see. */
int border_in(const struct rpc_call *call, struct sonata_error *err) SONATA_MUST_CHECK;
/* The reply as the caller may see it: a team neither sees ids nor what boards did for others. */
void border_out(const struct rpc_call *call);

/* client_again.c: answers to requests that changed something, by the id of the request. */
/* The envelope given before to that id and that same question of that team, packed in *ret_reply (to be freed with sonata__reply__free_unpacked());
 * NULL: none. */
Sonata__Reply *again_find(const struct rpc_call *call);
/* Written with the turn of the change. Some that are older than a week are erased with each. */
void again_remember(const struct rpc_call *call);

#endif
