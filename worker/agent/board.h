/* The daemon's side of a board: starts and restarts its process, queues jobs, carries orders (canaries, recovery), hands results and answers over.
 * What the board does next is decided by others (watch.h), after every hook. Runs on the loop; never blocks.
 *
 * Board: STARTING -> READY <-> BUSY; the process ends: RECOVERING (restart after 1, 2, 4 … 60 s), the running attempt is an infra result. */
#ifndef SONATA_AGENT_BOARD_H
#define SONATA_AGENT_BOARD_H

#include <uv.h>

#include "agent/health_driver.h"
#include "board/frame.h"
#include "board/link.h"
#include "loop/loop.h"

enum { BOARD_QUEUE = 4 };
enum board_state { BOARD_STARTING, BOARD_READY, BOARD_BUSY, BOARD_RECOVERING, BOARD_STOPPED };
/* "starting", "ready", "busy", "recovering", "stopped". */
const char *board_state_name(enum board_state s);

struct board_job {
    struct job_frame frame;
    bool have_blobs;
    bool canceled;
    int64_t arrived_ns;
};

struct board;
struct board_hooks {
    void (*started)(void *user, struct board *b);                    /* the offer is there */
    void (*failed)(void *user, struct board *b, const char *reason); /* the process ended or could not start */
    void (*result)(void *user, struct board *b, const uint8_t *p,
                   size_t n); /* encoded measurement of a job that is out of the queue now; b->killed */
    void (*answer)(void *user, struct board *b, const struct board_answer *answer); /* of an order; when the process dies over it, `failed` is all */
    void (*closed)(void *user, struct board *b);                                    /* after board_close(): all handles are gone */
    void *user;
};

struct board {
    struct board_config config;
    struct board_offer offer;
    enum board_state state;
    uint32_t epoch;                      /* last lease epoch seen */
    struct board_job queue[BOARD_QUEUE]; /* front is the one that runs */
    unsigned n_queue;
    char phase[32]; /* of the front job */
    /* process */
    struct loop *loop;
    struct board_hooks hooks;
    const char *launcher, *executable;
    uv_process_t process;
    uv_pipe_t pipe;
    uv_timer_t timer; /* restart, or the kill of a process that does not end */
    struct frame_reader in;
    bool process_open, pipe_open, timer_open, front_sent, closing, offered;
    bool ordered;   /* an order is being carried out: the process is busy, without a job */
    bool replacing; /* its end is ours */
    bool killed;    /* the candidate of the result died or had to be killed */
    bool reload;    /* its process is to be replaced once it is idle: programs and tables may have changed */
    unsigned restarts;
    char trouble[OFFER_DETAIL_MAX]; /* why its process does not come up; "" when it did */
};

/* Starts the process of config on the loop, as `executable …` or, unless launcher is "", as `launcher executable …`; both are borrowed. The memory is
 * the caller's until hooks.closed. */
void board_start(struct board *b, struct loop *loop, const struct board_config *config, const char *launcher, const char *executable,
                 struct board_hooks hooks);
/* Queues a job. -ENOBUFS when the queue is full. */
int board_enqueue(struct board *b, const struct job_frame *frame, bool have_blobs);
/* Whether the process is there and does nothing. */
bool board_is_idle(const struct board *b);
/* Sends the front job to the idle process; false when there is none, or its blobs are not there yet. */
bool board_run_front(struct board *b);
/* Gives an order to the idle process. */
void board_order(struct board *b, const struct health_order *order);
/* Kills the process and starts another at once: what runs is lost (an infra result). hooks.started when it is there; hooks.failed only if it cannot
 * start. */
void board_replace(struct board *b);
/* Has the process replaced as soon as it does nothing; at once where it waits for its restart. */
void board_reload(struct board *b);
/* Takes a waiting job out, or has the running one killed (its result comes as canceled). False when it is unknown. */
bool board_cancel(struct board *b, uint64_t attempt);
/* The queued job of that attempt, or NULL. */
struct board_job *board_find(struct board *b, uint64_t attempt);
/* Removes a job that does not run. */
void board_remove(struct board *b, struct board_job *job);
/* Ends the process (what runs is lost) and closes the handles. */
void board_close(struct board *b);

#endif
