/* Long looks at the whole store (replay of a search, backup): each runs in a process of its own, a sonata-master that only reads the store, so that
 * the service goes on, and that ends with it. Clients start one and ask how it stands. At most one backup, one replay of
 * a search and one of a team, and RPC_TASKS_MAX tasks in all, of which one place is left for what is no replay. */
#ifndef SONATA_RPC_TASK_H
#define SONATA_RPC_TASK_H

#include "base/error.h"
#include "loop/loop.h"

enum { RPC_TASKS_MAX = 8, RPC_TASK_TEXT_MAX = 512, RPC_TASK_PATH_MAX = 1024, RPC_TASK_HOURS = 6 };

enum task_kind { TASK_REPLAY, TASK_BACKUP };
/* "replay", "backup". */
const char *task_kind_name(enum task_kind kind);

enum task_state { TASK_RUNNING, TASK_DONE, TASK_FAILED };
/* "running", "done", "failed". */
const char *task_state_name(enum task_state state);

struct task {
    uint64_t id; /* random, so that it tells nothing; 0: this place is free */
    enum task_kind kind;
    enum task_state state;
    uint64_t search;              /* replay */
    char owner[40];               /* team that asked; "" an admin */
    char path[RPC_TASK_PATH_MAX]; /* backup: where to */
    char text[RPC_TASK_TEXT_MAX]; /* what the process said: the outcome, or why it failed */
    size_t n_text;
    int64_t started_ns, ended_ns; /* monotonic */
    uv_process_t process;
    uv_pipe_t out;
    uv_timer_t limit;
    int n_open;   /* process and pipe still to end */
    bool handles; /* the three handles are in use */
    int n_closing;
};

struct task_table {
    struct loop *loop;
    const char *state; /* state folder of the master */
    struct task task[RPC_TASKS_MAX];
};

/* A task to be; text is copied. */
struct task_request {
    enum task_kind kind;
    uint64_t search;   /* of a replay */
    const char *path;  /* of a backup */
    const char *owner; /* team that asked for a replay */
};
/* Starts one, or finds the one that runs for the same thing. -EBUSY: too many run. *ret_task is the table's. */
int task_start(struct task_table *t, const struct task_request *request, struct task **ret_task, struct sonata_error *err) SONATA_MUST_CHECK;
/* NULL: no such task (any more: places of ended ones are used again). */
struct task *task_find(struct task_table *t, uint64_t id);
/* Kills what runs and closes the handles; the loop must turn once more before the table's memory goes. */
void task_close_all(struct task_table *t);

#endif
