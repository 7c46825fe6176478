/* `sonata measure --board`: model files measured on the boards of a master. */
#ifndef SONATA_CLI_MEASURE_FARM_H
#define SONATA_CLI_MEASURE_FARM_H

#include "cli/cli.h"

enum { FARM_LIST_MAX = 16 };

/* Text is borrowed; lists hold what stood between commas. */
struct farm_request {
    const char *const *file;
    size_t n_files;
    const char *board[FARM_LIST_MAX], *metric[FARM_LIST_MAX], *executor[FARM_LIST_MAX]; /* executor "": as boards are configured */
    unsigned n_boards, n_metrics, n_executors, n_threads;
    unsigned threads[FARM_LIST_MAX]; /* 0: as boards are configured */
    const char *tier;
    bool json, csv, compare;
    double max_latency_ms; /* 0: no limit */
};

/* Uploads the files (what the master has is not sent), measures every one on every board type with every executor and number of threads, waits, and
 * prints a table for each metric, JSON or CSV. What was measured before is not measured again. 0; -EDOM: a latency is above the limit, or a model was
 * not measured (its row says why); else what the master or the disk said. */
int measure_farm(const struct cli_common *common, const struct farm_request *r, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
