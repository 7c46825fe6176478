/* What models measured on boards are printed as: tables for people, JSON, CSV, and two models compared. */
#ifndef SONATA_CLI_MEASURE_PRINT_H
#define SONATA_CLI_MEASURE_PRINT_H

#include <stdio.h>

#include "cli/measure_farm.h"
#include "cli/results.h"

/* Files `first` to first + n - 1 on one board type. */
struct farm_run {
    const char *board, *executor;
    unsigned threads;
    size_t first, n;
    uint64_t search;
    struct results *results; /* owned; every model is an individual */
};

/* 0; -EDOM: a latency is above the limit, or a model was not measured. */
int measure_print(const struct farm_request *r, const struct farm_run *run, size_t n, FILE *out) SONATA_MUST_CHECK;

#endif
