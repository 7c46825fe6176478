/* One evaluation to be measured, as the master assigns it to a board. */
#ifndef SONATA_DOMAIN_EVALUATION_H
#define SONATA_DOMAIN_EVALUATION_H

#include "domain/metric.h"
#include "domain/space.h"

/* (genotype, board type, tier, metrics) plus what the worker needs to build the network. The space travels as a blob. */
struct evaluation_job {
    uint64_t attempt;                   /* id of this try */
    uint32_t epoch;                     /* fencing number of the board's lease */
    char board[BOARD_NAME_MAX];
    struct genotype genotype;
    uint16_t n_genes;
    uint8_t space_hash[32];             /* blob: codec bytes of struct space */
    uint8_t supernet_hash[32];          /* blob: safetensors; zero when none */
    char supernet[64];
    char dataset[64];
    char tier[16];
    uint32_t n_metrics;                 /* wanted, by name */
    char metric[METRICS_MAX][METRIC_NAME_MAX];
    int64_t lease_ns;
    int64_t time_limit_ns;              /* of the whole attempt on the board */
    uint8_t artefact[32];               /* model file to run; zero: the board builds the network from the genotype */
    struct artefact_run run;            /* of the artefact */
    uint64_t noise_seed;                /* table backend: seed of simulated noise and failures of this attempt */
};

#endif
