/* Runs in which cheap columns and the rest of an evaluation are measured by boards of their own (--pool), in virtual time. */
#ifndef SONATA_BENCH_SEPARATE_H
#define SONATA_BENCH_SEPARATE_H

#include "bench/run.h"

/* As run_search(), asked as the service asks (master/run/screening.c); trace->busy is that of the boards of the costly columns. Costs must be told.
 */
int run_separate(const struct run_request *order, struct trace *ret_trace, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
