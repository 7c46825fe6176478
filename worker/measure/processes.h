/* One measurement out of several fresh processes, each a whole run of the latency protocol with its share of the windows: which process is to be
 * measured again, when there are enough, and what they say together (domain/interval.h).
 *
 *     start -> next process: measure -> processes_take() -> again | more | done -> processes_finish()
 *
 * Each process is judged for itself: one that was contended, throttled or bimodal, or ended `invalid`, is measured again and does not
 * count, until there are as many bad ones as there are to be processes. Then the good ones speak alone when there are two; else all speak, with their
 * flags. Pure. */
#ifndef SONATA_MEASURE_PROCESSES_H
#define SONATA_MEASURE_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/protocol.h"

enum { PROCESS_BAD = FLAG_CONTENDED | FLAG_THROTTLED | FLAG_BIMODAL };

enum processes_step {
    PROCESSES_DONE,
    PROCESSES_MORE,  /* another process, for its latency alone */
    PROCESSES_AGAIN, /* the same, but with everything that was asked: what the first one measured beside the latency is spoilt with it */
};

struct processes {
    struct latency_protocol protocol; /* of the tier */
    struct process_prior prior;
    unsigned n, n_bad;
    bool bad[2 * PROCESSES_MAX];
    struct measurement process[2 * PROCESSES_MAX]; /* owned */
};

/* Numbers of the tier for process `index`, counted from 0: its share of the windows, none added; a process after the first finds a warm clock, so a
 * quarter of the warm-up will do. With processes = 1 the tier's own. */
struct latency_protocol processes_protocol(const struct latency_protocol *tier, unsigned index);

/* No process yet. Copies both. */
void processes_begin(struct processes *s, const struct latency_protocol *tier, const struct process_prior *prior);
/* Takes over what a process measured (*m is empty then). spoils: a bad first process spoils more than its latency (energy). */
enum processes_step processes_take(struct processes *s, struct measurement *m, bool spoils);
/* The whole measurement, of at least one process taken; what is left of the others is released, *s is as after processes_fini(). What is not latency
 * is that of the first process, or of the first that was measured whole and is good. */
void processes_finish(struct processes *s, struct measurement *ret_measurement);
/* Releases what it holds. */
void processes_fini(struct processes *s);

/* Variance components on the log scale of `n` processes with n_windows windows in all, as many of each, process by process (Kalibera and Jones 2013,
 * section 9.2: T_2^2 and S_1^2); relative standard deviations. */
void processes_components(const float *process_us, unsigned n, const float *window_us, unsigned n_windows, double *ret_process_sd,
                          double *ret_window_sd);

#endif
