/* A made-up problem on disk: 4 genes of 3 choices, one of them conditional, and a table of the whole space. */
#ifndef SONATA_TESTS_BENCH_FILES_H
#define SONATA_TESTS_BENCH_FILES_H

#include "bench/options.h"
#include "bench/problem.h"

struct bench_files {
    char folder[64], space[96], table[96];
};

void bench_files_open(struct bench_files *f);
void bench_files_close(struct bench_files *f);
/* Replaces the table. */
void bench_files_table(const struct bench_files *f, const char *text);
/* The full table: acc = percentage, lat = cost, other = another device's cost. */
void bench_files_full_table(const struct bench_files *f);
/* Options for it: acc:max, lat:min, one algorithm. */
struct bench_options bench_files_options(const struct bench_files *f, const char *algorithm, uint32_t budget);

#endif
