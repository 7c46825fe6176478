/* Shared between the parts of the agent: agent.c (life cycle), report.c (what it tells), jobs.c (what it is told to do), watch.c (health of boards).
 */
#ifndef SONATA_AGENT_INTERNAL_H
#define SONATA_AGENT_INTERNAL_H

#include "agent/agent.h"
#include "agent/blobs.h"
#include "agent/board.h"
#include "agent/outbound.h"
#include "agent/rate.h"
#include "agent/spool.h"
#include "agent/watch.h"
#include "codec/codec.h"
#include "net/net.h"

struct agent {
    struct loop *loop;
    const struct worker_config *config;
    char executable[1024];
    int lock_fd;
    uint64_t incarnation;
    struct net *net;
    struct net_socket *socket; /* NULL until every board has started */
    struct spool *spool;
    struct blobs *blobs;
    struct rate rate; /* of files in both directions */
    char model_folder[WORKER_PATH_MAX + 16];
    struct outbound *models;   /* files that boards here built */
    uv_timer_t transfer;     /* when a file may go on */
    struct board *board;     /* n_boards of the config */
    struct board_watch *watch;     /* one per board (watch.h) */
    struct spool *journal;   /* board events */
    uint64_t event_sequence; /* of the last one */
    uint32_t boards_closed;
    uv_timer_t beat;   /* heartbeat, or Hello until welcome */
    uv_timer_t second; /* what has to be asked or sent again */
    bool welcomed, stopping;
    int timers_open;
    uint64_t heartbeat_ms, master_incarnation;
    int64_t refused_ns; /* last complaint about a message */
    int64_t waiting_ns; /* since when, or since the last word about it, we wait for a Welcome */
    int exit_status;
};

/* send.c: packs and sends; 0 or -errno (-EAGAIN: the link is down). */
int agent_send(struct agent *a, Sonata__Envelope *e);
/* agent.c: files that wait for an answer or for the rate; sets the timer to when there is more to do. */
void agent_transfer(struct agent *a, bool now);

/* report.c: registers the worker with its boards and what runs. 0 or -errno, as agent_send(). */
int agent_send_hello(struct agent *a);
/* The same without what does not change: a sign of life. */
int agent_send_heartbeat(struct agent *a);
/* Tells the master that we leave, without waiting for an answer. */
void agent_send_goodbye(struct agent *a, const char *reason);
/* Sends pending results: all of them, or those not sent within 5 s. */
void agent_send_results(struct agent *a, bool all);
/* Hook of outbound files: sends a piece. 0 or -errno of sending. */
int agent_put_model(void *user, const struct model_piece *piece);
/* Hook of outbound files: results that waited for it go; the reason (NULL: it is there) is logged. */
void agent_model_done(void *user, const uint8_t hash[HASH_SIZE], const char *reason);
/* A result that is not acknowledged names it. */
bool agent_names_model(void *user, const uint8_t hash[HASH_SIZE]);
/* Spools a measurement (p, n: the same encoded), then sends it. */
void agent_keep_result(struct agent *a, const struct measurement *m, const uint8_t *p, size_t n);

/* jobs.c: a job for a board is queued, or answered at once with the reason that it cannot be done here. */
void agent_assign(struct agent *a, const Sonata__Assign *m);
/* Ends the attempt on the board that has it, or takes it out of the board's queue. */
void agent_cancel(struct agent *a, const Sonata__Cancel *m);
/* The master has the result: the spool may forget it. */
void agent_acknowledged(struct agent *a, const Sonata__ResultAck *m);
/* Hook of the blobs: a job that is queued here needs it. */
bool agent_blob_needed(void *user, const uint8_t hash[HASH_SIZE]);
/* Hook of the blobs: asks the master for a part. 0 or -errno of sending. */
int agent_blob_request(void *user, const uint8_t hash[HASH_SIZE], uint64_t offset, uint32_t max);
/* Hook of the blobs: jobs that waited for it go on, or fail with the reason (NULL: it is there). */
void agent_blob_done(void *user, const uint8_t hash[HASH_SIZE], const char *reason);

#endif
