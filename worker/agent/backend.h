/* How a board runs one network: an ops table, used only inside the board's own process (board_process.h).
 *
 *     open      once, before any job: loads what all jobs share (data set, table); children of fork() inherit the pages
 *     offer     what the board can supply
 *     prepare   in the board process, before the fork of a candidate: caches by space or supernet; cheap
 *     run       in the forked candidate: may crash, hang or eat memory; fills the measurement
 *     canary    in a forked child: does the board work, and how fast is it? Needs no job. */
#ifndef SONATA_AGENT_BACKEND_H
#define SONATA_AGENT_BACKEND_H

#include "agent/board_config.h"
#include "domain/evaluation.h"
#include "domain/metric.h"
#include "domain/space.h"
#include "measure/protocol.h"

enum { OFFER_METRICS_MAX = 24, OFFER_DETAIL_MAX = 256 };

/* What a board tells the master about itself. */
struct board_offer {
    uint32_t n_metrics;
    char metric[OFFER_METRICS_MAX][METRIC_NAME_MAX];
    uint32_t n_datasets;
    char dataset[BOARD_DATASETS_MAX][BOARD_DATASET_MAX];
    char detail[OFFER_DETAIL_MAX];
};

struct backend_job {
    const struct evaluation_job *job;
    const struct space *space;              /* job's genotype is legal in it */
    const uint8_t *supernet;                /* NULL when the job names none */
    size_t supernet_size;
    const struct latency_protocol *protocol;
    void (*phase)(void *user, const char *name); /* tells the supervisor where the candidate is */
    void *phase_user;
};

struct backend_ops {
    const char *name;
    bool measures;  /* timing counts: the candidate is pinned to the board's core and watched for contention */
    int (*open)(const struct board_config *config, void **ret_backend, struct sonata_error *err);
    void (*offer)(const void *backend, struct board_offer *ret_offer);
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
extern const struct backend_ops backend_mcu;

/* By name, or NULL. */
const struct backend_ops *backend_find(const char *name);
/* "table, engine, …" */
const char *backend_names(void);

/* Sets outcome and "class: text" as the reason. Metrics are dropped, but for OUTCOME_INVALID: the master takes them for noisy ones when the job was measured under
 * wrong conditions too often. */
void measurement_fail(struct measurement *m, enum outcome outcome, const char *format, ...) SONATA_PRINTF(3, 4);

#endif
