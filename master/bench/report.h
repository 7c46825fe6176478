/* The outcome of a benchmark: text on stdout, JSON, one self-contained HTML page. */
#ifndef SONATA_BENCH_REPORT_H
#define SONATA_BENCH_REPORT_H

#include <stdio.h>

#include "bench/options.h"
#include "bench/problem.h"
#include "bench/reference.h"
#include "bench/summary.h"

struct report {
    const struct bench_options *o;
    const struct problem *p;
    const struct reference *reference;
    const struct judge *judge;
    const struct summary *summary;
};

/* Space, table, fits, judge: before the runs. */
void report_problem(const struct report *r, FILE *out);
void report_text(const struct report *r, FILE *out);
/* The same as JSON into a file ("-": stdout). 0 or -errno of writing. */
int report_json(const struct report *r, const char *path, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same as one HTML page with pictures in it. 0 or -errno of writing. */
int report_plot(const struct report *r, const char *path, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
