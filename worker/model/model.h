/* A model file that runs on this machine: by the engine, by its plain C oracle or by ONNX Runtime, behind one struct executor; its latency by the
 * protocol that boards use. */
#ifndef SONATA_MODEL_MODEL_H
#define SONATA_MODEL_MODEL_H

#include "base/error.h"
#include "graph/executor.h"
#include "measure/latency.h"
#include "onnx/onnx_reader.h"

struct model_options {
    const char *executor; /* "engine" (also NULL), "ref", "onnxruntime" */
    unsigned threads;     /* 0: 1 */
    int64_t batch;        /* 0: 1 */
    const struct onnx_dimension *dimension;
    size_t n_dimensions;
    const char *library;  /* of ONNX Runtime; NULL: libonnxruntime.so.1 where the system finds it */
    const char *provider; /* of ONNX Runtime; NULL: its processor kernels */
};

/* Reads and prepares the file. -ENOENT no such file or executor; else what onnx_read() and the executors say. */
int model_open(const char *path, const struct model_options *o, struct executor **ret, struct sonata_error *err) SONATA_MUST_CHECK;

/* ONNX Runtime by its C library, version 1.11 or newer, through dlopen. -ENOENT no library; -ENOTSUP too old, or values of other types. */
int executor_onnxruntime_create(const char *path, const struct model_options *o, struct executor **ret, struct sonata_error *err) SONATA_MUST_CHECK;

/* Version of the library into text[size]; errors as above. It is not kept open. */
int onnxruntime_version(const char *library, char *text, size_t size, struct sonata_error *err) SONATA_MUST_CHECK;

/* An input by name (NULL: the only one), or an output. -ENOENT with the names that there are. */
int model_input(struct executor *e, const char *name, struct executor_port **ret, struct sonata_error *err) SONATA_MUST_CHECK;
int model_output(struct executor *e, const char *name, struct executor_port **ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* "FILE" or "NAME=FILE": fills an input from a .npy file, writes an output to one. */
int model_load(struct executor *e, const char *what, struct sonata_error *err) SONATA_MUST_CHECK;
int model_store(struct executor *e, const char *what, struct sonata_error *err) SONATA_MUST_CHECK;
/* Uniform values 0 to 1 in every float input, 0 or 1 in every other; the same every time. */
void model_fill(struct executor *e);

/* Latency of one run, by the tier's protocol (measure/protocol.h); release with latency_result_fini(). */
int model_latency(struct executor *e, enum tier tier, struct latency_result *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* Time of every layer: sums over at least `ns` nanoseconds of runs (and 3 of them) land in e->layer; returns the number of runs or -errno. */
int model_time_layers(struct executor *e, int64_t ns, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
