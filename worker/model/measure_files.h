/* `sonata measure` on this machine: files through executors and numbers of threads, as a table or as JSON. */
#ifndef SONATA_MODEL_MEASURE_FILES_H
#define SONATA_MODEL_MEASURE_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "domain/tier.h"
#include "graph/graph.h"
#include "onnx/onnx_reader.h"

enum { MEASURE_THREADS_MAX = 8, MEASURE_NAMES_MAX = 16 };

struct measure_request {
    const char *const *file; /* borrowed, n_files of them */
    size_t n_files;
    const char *executor[MEASURE_NAMES_MAX];
    unsigned n_executors;
    unsigned threads[MEASURE_THREADS_MAX], n_threads;
    int64_t batch;
    struct onnx_dimension dimension[MEASURE_NAMES_MAX];
    size_t n_dimensions;
    const char *library, *provider;
    enum tier tier;
    const char *input[GRAPH_PORTS_MAX], *output[GRAPH_PORTS_MAX]; /* "FILE" or "NAME=FILE" */
    unsigned n_inputs, n_outputs;
    bool layers, json;
    bool once;             /* one run for its output, no latency */
    double max_latency_ms; /* 0: no limit */
};

/* Takes "1,4" or "engine,onnxruntime" apart; text is cut in place and borrowed. -EINVAL */
int measure_threads(struct measure_request *r, char *list, struct sonata_error *err) SONATA_MUST_CHECK;
int measure_executors(struct measure_request *r, char *list, struct sonata_error *err) SONATA_MUST_CHECK;

/* Measures every file with every executor and number of threads, one after the other, and prints to `out`. 0; -EDOM when a latency is above
 * max_latency_ms; the first error of a file (others are still measured; messages go to `messages`). */
int measure_files(const struct measure_request *r, FILE *out, FILE *messages) SONATA_MUST_CHECK;

#endif
