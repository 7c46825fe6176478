/* How a board runs one network: an ops table, used only inside the board's own process (board_process.h).
 *
 *     open      once, before any job: loads what all jobs share (data set, table); children of fork() inherit the pages
 *     offer     what the board can supply
 *     prepare   in the board process, before the fork of a candidate: caches by space or supernet; cheap
 *     run       in the forked candidate: may crash, hang or eat memory; fills the measurement
 *     canary    in a forked child: does the board work, and how fast is it? Needs no job. */
#ifndef SONATA_BACKEND_BACKEND_H
#define SONATA_BACKEND_BACKEND_H

#include <sys/types.h>

#include "board_config/board_offer.h"
#include "domain/evaluation.h"
#include "domain/metric.h"
#include "domain/space.h"
#include "domain/tier.h"
#include "measure/protocol.h"

struct backend_job {
    const struct evaluation_job *job;
    const struct space *space; /* job's genotype is legal in it */
    const uint8_t *supernet;   /* NULL when the job names none */
    size_t supernet_size;
    enum tier tier;
    const char *model;        /* path of the model file to run; NULL: the network of the genotype */
    const char *model_folder; /* where a model that is built is put (model_file.h) */
    const struct latency_protocol *protocol;
    uint64_t seed;                               /* of the candidate's place in memory (runtime/placement.h) */
    bool latency_only;                           /* a further process of an attempt: all else was measured in another */
    void (*phase)(void *user, const char *name); /* tells the supervisor where the candidate is */
    void (*died)(void *user, const char *why); /* there will be no result, for this reason; then run() calls _exit() */
    void *phase_user;
};

enum { BACKEND_KEEPS_MAX = 2 };

struct backend_ops {
    int (*open)(const struct board_config *config, void **ret_backend, struct sonata_error *err);
    void (*offer)(const void *backend, struct board_offer *ret_offer);
    /* Processes the backend keeps below the board process (its evaluator); how many. NULL: it keeps none. What such a one is said to have died
     * over is believed the second time: it may have been killed by others. */
    size_t (*keeps)(const void *backend, pid_t pid[BACKEND_KEEPS_MAX]);
    /* In the board process, before a canary: what the backend keeps is started anew where it ended. NULL: nothing is kept. */
    void (*revive)(void *backend);
    /* In the board process, after revive: the program of the user's that it keeps fails by itself, and why; NULL (or no function): it does not. */
    const char *(*fault)(const void *backend);
    /* The last lines that a kept program said on stderr since the last job was prepared. NULL: nothing is kept. */
    void (*said)(void *backend, char *text, size_t size);
    /* -EINVAL etc. make the job a config error. */
    int (*prepare)(void *backend, const struct backend_job *job, struct sonata_error *err);
    /* Sets outcome, reason, flags, metrics, samples; appends key=value lines to the fingerprint. */
    void (*run)(void *backend, const struct backend_job *job, struct measurement *m);
    /* A fixed small network of its own, whatever is searched for. timed: *ret_latency_us gets the latency of one inference, measured for about
     * config.health.canary_ns; else only whether it answers, and right, matters and *ret_latency_us is left alone. */
    int (*canary)(void *backend, bool timed, double *ret_latency_us, struct sonata_error *err);
    void (*close)(void *backend);
};

extern const struct backend_ops backend_table;
extern const struct backend_ops backend_engine;
extern const struct backend_ops backend_command;
extern const struct backend_ops backend_evaluator;
extern const struct backend_ops backend_mcu;
extern const struct backend_ops backend_model;

/* The ops of a kind; never NULL for a value of the enum. */
const struct backend_ops *backend_of(enum backend_kind kind);

#endif
