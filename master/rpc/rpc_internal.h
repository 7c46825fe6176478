/* Layout shared by the files of this module. */
#ifndef SONATA_RPC_INTERNAL_H
#define SONATA_RPC_INTERNAL_H

#include "base/map.h"
#include "codec/codec.h"
#include "rpc/limit.h"
#include "rpc/queue.h"
#include "rpc/receipts.h"
#include "rpc/rpc.h"
#include "rpc/task.h"

enum {
    REQUEST_ID_SIZE = 16,
    RPC_UPLOADS_MAX = 8,
    RPC_UPLOADS_PER_POOL = 2,
    RPC_PAGE_MAX = 1000,
    RPC_PEERS_MAX = 20000,
    RPC_WORKERS_PER_KEY = 10000,
    RPC_UPLOAD_IDLE_S = 600,
    RPC_UPLOAD_OWN_IDLE_S = 30,
    RPC_MUTE_S = 10,
    RPC_RECEIVE_QUEUE = 16,
    RPC_WATCHES_MAX = 1024,
    RPC_WATCHES_PER_ASKER = 32,
    RPC_SERVED_MAX = 8
};

struct rpc_worker {
    struct net_peer peer; /* of its last hello; size 0: none since the start */
    char name[WORKER_NAME_MAX];
    char key[KEY_TEXT_MAX]; /* public key that the name belongs to; "" on a plain port */
    uint64_t incarnation;   /* of its last hello that was taken; 0: none since the start */
    uint64_t past[4];       /* of the ones before, newest first */
    int64_t clone_wall_ns;  /* when two of that name and key were found to run at once; 0: never */
    int64_t since_wall_ns;  /* when the name was given to the key */
    bool measured;          /* a result of it was taken */
    char software[48];      /* as it said Hello; "": not since the start */
};

struct rpc_upload {
    uint8_t hash[32];
    char pool[OWNER_NAME_MAX]; /* whose upload: struct engine_owner */
    char team[OWNER_NAME_MAX]; /* whose quota it counts for */
    uint64_t total;            /* 0: free */
    struct bytes data;
    int64_t touched_ns;
};

struct rpc {
    struct engine *run;
    struct net_socket *workers, *clients;
    struct net_zap *zap;
    struct rpc_config config;
    struct tokens *tokens; /* NULL without keys */
    struct map by_peer; /* hash64 of the peer id → struct rpc_worker */
    struct map by_name; /* hash64 of the name → the same */
    struct task_table tasks;
    struct watch *watches; /* client_watch.c */
    struct limiter worker_limit, client_limit, change_limit; /* the last: of requests that change something, each leaves records */
    struct queues worker_queue, client_queue;
    struct store_key forget_from; /* the remembered reply to be looked at next, whether it is old; zeroed: the first */
    uint64_t paying;            /* whose limits the message counts for: the key, also when a token stands for it */
    uint64_t asking;              /* peer number of the client whose message is being handled */
    struct rpc_counts counts;
    int64_t names_due_ns; /* worker_names_turn() looks again */
    int64_t garbage_logged_ns, refused_told_ns;
    uint64_t refused_told; /* of the connections refused, by the log */
    struct rpc_out {
        struct net_socket *socket;
        struct net_peer peer;
        uint64_t number; /* of the peer, for its queue */
        struct bytes data;
    } * outbox;
    size_t n_outbox, outbox_capacity;
    struct rpc_upload upload[RPC_UPLOADS_MAX];
    uint8_t cached_hash[32]; /* blob served last */
    struct bytes cached;
    struct receipts receipts; /* model files on their way in */
    struct rpc_served {
        uint8_t hash[32];
        int fd; /* of a model file; 0: none (it is never our standard input) */
    } served[RPC_SERVED_MAX];
    unsigned serve_next;
};

/* outbox.c */
/* Number of the peer for limits and queues. */
uint64_t rpc_peer_number(const struct rpc *rpc, const struct net_socket *socket, const struct net_peer *peer, const char *user_id);
/* Packs and queues until the turn is durable; at once while the store is blocked and `reads_only` says that nothing was changed. */
void rpc_send(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, Sonata__Envelope *e, bool reads_only);
/* A message Fault; text is borrowed for the call. */
void rpc_fault(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, int code, const char *text);
/* Sends what waits, in order. */
void outbox_send(struct rpc *rpc);
/* Drops what waits. */
void outbox_fini(struct rpc *rpc);

/* intake.c */
/* Unpacks; garbage is counted, logged now and then, and ignored; another major version is answered. NULL: nothing to handle. */
Sonata__Envelope *rpc_unpack(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, const uint8_t *data, size_t n);
/* Counts a message that is ignored and logs it, one in a few seconds. */
void rpc_garbage(struct rpc *rpc, const char *port, const char *why);
/* Whether a message of n bytes may be read at all; the peer is told when not. */
bool rpc_admit(struct rpc *rpc, struct net_socket *socket, const struct net_peer *peer, const char *user_id, size_t n);

/* worker_port.c */
/* Handler of the worker port (struct net_handler); user is the struct rpc. */
void worker_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n);
/* worker_names.c */
/* The bindings in the store. -EBADMSG: one is damaged. */
int worker_load_names(struct rpc *rpc, struct sonata_error *err) SONATA_MUST_CHECK;
/* NULL: the peer did not say hello with that key. */
struct rpc_worker *worker_of_peer(const struct rpc *rpc, const struct net_peer *peer, const char *key);
/* NULL: nobody has had that name. */
struct rpc_worker *worker_with_name(const struct rpc *rpc, const char *name);
/* Not revoked; without keys every one is. */
bool worker_key_is_in_force(const struct rpc *rpc, const char *key);
/* An incarnation that another one followed says hello again while that is online: two run under the name, with a copy of the key. Both are told. */
bool worker_is_clone(struct rpc *rpc, const struct net_peer *peer, const char *name, uint64_t incarnation);
/* The worker of that name was one of two not long ago. */
bool worker_was_cloned(const struct rpc *rpc, const char *name);
/* The incarnation of a hello that is taken. */
void worker_note_incarnation(struct rpc_worker *w, uint64_t incarnation);
/* By another key, in force. */
bool worker_name_is_taken(const struct rpc *rpc, const char *name, const char *key);
/* The peer speaks for that name from now on, which is not taken; a binding is part of this turn. NULL: no room for another name. */
struct rpc_worker *worker_take_name(struct rpc *rpc, const struct net_peer *peer, const char *name, const char *key);
/* Any key may have it then. -ENOENT; -EBUSY: its worker is online. */
int worker_release_name(struct rpc *rpc, const char *actor, const char *name, struct sonata_error *err) SONATA_MUST_CHECK;
/* A result of it was taken: the name is its key's for good. */
void worker_note_measured(struct rpc *rpc, struct rpc_worker *w);
/* From time to time: names of workers that are away and never measured are forgotten a day after they were given. */
void worker_names_turn(struct rpc *rpc);
/* How many names belong to the key. */
uint32_t worker_names_of(const struct rpc *rpc, const char *key);
/* worker_blob.c */
/* Answers with the chunk asked for, or that the content is missing. */
void worker_blob_get(struct rpc *rpc, const struct net_peer *peer, const Sonata__BlobGet *get);

/* Files that are kept open for serving are closed. */
void worker_blob_fini(struct rpc *rpc);
/* worker_artefact.c */
/* Takes a chunk of a model file and says where to go on, or why it is not wanted. */
void worker_blob_put(struct rpc *rpc, const struct net_peer *peer, const struct rpc_worker *w, const Sonata__BlobPut *put);
/* Whether there is room for it, with all others that are on their way (engine_artefact_room()); once there is, it keeps it. */
int rpc_artefact_admit(struct rpc *rpc, struct receipt *r, struct sonata_error *err) SONATA_MUST_CHECK;
/* A chunk of a model file; its size in *ret_total. -ENOENT: there is none; -EIO. */
int rpc_artefact_read(struct rpc *rpc, const uint8_t hash[32], uint64_t offset, uint32_t max, struct bytes *ret_data,
                      uint64_t *ret_total) SONATA_MUST_CHECK;

/* client_port.c */
/* Handler of the client port (struct net_handler); user is the struct rpc. */
void client_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n);

#endif
