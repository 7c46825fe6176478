/* A master's state with a simulated farm around it: no sockets, no clock, no threads. A crash drops everything that was not committed. */
#ifndef SONATA_TESTS_FARM_H
#define SONATA_TESTS_FARM_H

#include "base/rng.h"
#include "run/engine.h"

enum { FARM_HELD_MAX = 64, FARM_BOARDS_MAX = 4, FARM_COMMANDS_MAX = 16 };

struct farm_held {
    struct evaluation_job job;
    bool measured; /* its result waits for an acknowledgement (the worker's spool) */
    struct measurement result;
};

struct farm {
    char folder[64];
    struct store *store;
    struct engine *run;
    struct engine_config config;
    int64_t now, wall;
    uint64_t incarnation;
    uint32_t n_boards;
    struct sched_board_info board[FARM_BOARDS_MAX];
    struct farm_held held[FARM_HELD_MAX]; /* by the worker "w" */
    uint32_t n_held;
    uint64_t measured; /* runs on boards */
    uint32_t canceled;
    uint32_t n_commands;
    char command[FARM_COMMANDS_MAX][80]; /* "pi-1 drain", in order */
    uint64_t sequence;                   /* of the worker's events */
    struct rng rng;
    uint64_t disk_max; /* of team "greedy" */
    /* how a board answers; NULL: the built-in function of the genotype */
    void (*answer)(struct farm *f, const struct evaluation_job *job, struct measurement *m);
};

void farm_open(struct farm *f, uint64_t seed); /* new folder */
void farm_start(struct farm *f);               /* engine_new on the folder */
void farm_crash(struct farm *f);               /* the master dies: memory and pending writes are gone */
void farm_close(struct farm *f);               /* and the folder */
void farm_add_board(struct farm *f, const char *id, const char *type, const char *metrics /* "accuracy latency" */);
void farm_hello(struct farm *f);
void farm_heartbeat(struct farm *f);
void farm_worker_restart(struct farm *f); /* loses what it was measuring, keeps its spool */
int64_t farm_turn(struct farm *f);
/* Measures held job i (result into the spool), and sends it. Returns the verdict; the job is dropped when the turn is durable. */
void farm_measure(struct farm *f, uint32_t i);
const char *farm_send(struct farm *f, uint32_t i);
void farm_drop(struct farm *f, uint32_t i);
/* An event of one of the worker's boards at the present time; engine_board_event()'s answer. */
int farm_event(struct farm *f, const char *board, const char *kind, const char *state, double latency_us, double reference_us);
/* An order of a person; engine_board_control()'s answer. */
int farm_order(struct farm *f, const char *board, const char *action);
/* Works until the search is not running, or `steps` are used up. */
void farm_work(struct farm *f, uint64_t search, uint32_t steps);
/* Six genes of four ordinal choices; accuracy up and latency down conflict. */
struct search_spec *farm_spec(const char *name, const char *algorithm, uint32_t budget, uint64_t seed);
void farm_option(struct search_spec *spec, const char *name, const char *value);
uint64_t farm_submit(struct farm *f, const struct search_spec *spec);
struct individual_record farm_individual(struct farm *f, uint64_t search, uint64_t id);
uint64_t farm_check(struct farm *f); /* findings, printed */

#endif
