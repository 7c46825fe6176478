/* Independent jobs on several processes. */
#ifndef SONATA_BENCH_POOL_H
#define SONATA_BENCH_POOL_H

#include "base/bytes.h"
#include "base/error.h"

/* Does job `index` in a child process (or in this one when only one process is allowed) and appends its answer to `out`. */
typedef int (*pool_work)(void *context, unsigned index, struct bytes *out, struct sonata_error *err);
/* Takes the answer of job `index`, in this process, in order of completion. */
typedef int (*pool_done)(void *context, unsigned index, struct reader *answer, struct sonata_error *err);

/* Runs n jobs, at most n_processes at a time. Stops at the first failure (children still at work are ended) and returns it. */
int pool_run_all(unsigned n, unsigned n_processes, pool_work work, pool_done done, void *context, struct sonata_error *err) SONATA_MUST_CHECK;
/* Cores this process may use, at least 1. */
unsigned pool_cores(void);

#endif
