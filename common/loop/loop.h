/* Thin libuv glue shared by the daemons: one loop, an end-of-turn hook, signals, watchdog, orderly close. Handles are uv_*_t embedded by users. */
#ifndef SONATA_LOOP_LOOP_H
#define SONATA_LOOP_LOOP_H

#include <stdbool.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_signal_t on_term, on_int, on_hup;
    uv_prepare_t prepare;           /* runs before the loop blocks: the end of a turn */
    uv_timer_t watchdog;            /* signs of life to the service manager when it wants them: a loop that hangs gives none */
    void (*turn)(void *);           /* called once per turn before blocking, after all inputs were handled; may be NULL */
    void (*stop)(void *);           /* SIGTERM, SIGINT or loop_stop(): begin an orderly end; loop_finish() completes it */
    void (*reload)(void *);         /* SIGHUP; may be NULL */
    void *user;
    bool stopping;
};

/* Makes the loop, with `user` for its hooks. From now on SIGPIPE is ignored. 0, or a code of libuv. */
int loop_init(struct loop *l, void *user);
/* Runs until loop_finish(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* Closes the loop's own handles; the loop ends when the users' handles are closed too. */
void loop_finish(struct loop *l);
/* After loop_run(): uv_loop_close must return 0, else -EBUSY (a leak: asserted in tests). */
int loop_fini(struct loop *l);

#endif
