/* External measuring tools as instruments: what to call (argv by tool version), what they answer (parsers by format), how a run ends. One process
 * invocation is one window, so that the spread between processes is part of the interval. docs/ADAPTERS.md is the contract for users. */
#ifndef SONATA_ADAPTER_ADAPTER_H
#define SONATA_ADAPTER_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/option.h"
#include "process/process.h"

enum {
    ADAPTER_WINDOWS_MAX = 32,
    ADAPTER_METRICS_MAX = 16,
    ADAPTER_NAME_MAX = 48,
    ADAPTER_REASON_MAX = 160,
    ADAPTER_OUTPUT_MAX = 1200,
    ADAPTER_SAMPLES_MAX = 100000
};

enum adapter_tool {
    ADAPTER_TRTEXEC,
    ADAPTER_BENCHMARK_MODEL,
    ADAPTER_BENCHNCNN,
    ADAPTER_ORT_PERF_TEST,
    ADAPTER_EXECUTOR_RUNNER,
    ADAPTER_CUSTOM,
    ADAPTER_TOOL_COUNT
};
/* "trtexec", "benchmark_model", "benchncnn", "onnxruntime_perf_test", "executor_runner", "custom". */
const char *adapter_tool_name(enum adapter_tool t);

/* As configured for a board. Zeroed but for tool is valid (custom needs a command). */
struct adapter_config {
    enum adapter_tool tool;
    char program[512];  /* path, or name on PATH; "" = the tool's name */
    char command[1024]; /* custom: the whole command line with placeholders; others: further arguments */
    char convert[1024]; /* run once before: turns {model} (ONNX) into the tool's format at {converted}; "" none */
    char offers[256];   /* comma list of metrics the evaluator gives; "" = latency */
    char precision[8];  /* trtexec: "fp32" (default), "fp16", "int8": needs a flag before TensorRT 11 */
    char provider[16];  /* onnxruntime_perf_test -e, default "cpu" */
    char shape[64];     /* benchncnn shape=[...], e.g. "[28,28,1]" */
    unsigned threads;   /* 0: 1 */
};
/* The keys of struct adapter_config. */
extern const struct option_def adapter_keys[];
/* What belongs together is there. -EINVAL with the reason. */
int adapter_config_check(const struct adapter_config *c, struct sonata_error *err) SONATA_MUST_CHECK;

struct adapter_version {
    unsigned number; /* 10000 major + 100 minor + patch; 0 when the tool does not tell */
    char text[64];   /* "10.3.0 binary:1f2e3d4c": goes into the fingerprint, changes with every new binary */
};
/* Finds the program and its version (trtexec's banner; a content hash for all). -ENOENT: not installed, with the remedy. */
int adapter_probe(const struct adapter_config *c, struct adapter_version *ret_version, struct sonata_error *err) SONATA_MUST_CHECK;

/* What is to be measured. Strings are borrowed; NULL where absent. */
struct adapter_job {
    const char *model;    /* file in the tool's format: ONNX, TFLite, ncnn .param */
    const char *genotype; /* "d1=2 k11=3 …" */
    const char *space, *supernet, *dataset, *tier;
    const char *work_dir; /* private, existing; {out} */
    double warmup_s, window_s;
    unsigned windows;        /* 1 .. ADAPTER_WINDOWS_MAX */
    unsigned min_inferences; /* per window */
    uint64_t seed;
    struct process_limits limits;                /* of each invocation; time_ns 0: chosen from the windows */
    void (*phase)(void *user, const char *name); /* "convert", "build", "measure"; may be NULL */
    void *phase_user;
};

enum adapter_status {
    ADAPTER_OK,
    ADAPTER_INFEASIBLE, /* the candidate cannot run: unsupported operator, memory */
    ADAPTER_INVALID,    /* the tool says the conditions were wrong */
    ADAPTER_INFRA,      /* the tool or device failed */
    ADAPTER_BUG,        /* ended well, answer not understood; or the user's own program exited non-zero or crashed */
    ADAPTER_BAD_CONFIG, /* not installed, wrong arguments */
    ADAPTER_TIMEOUT,    /* killed at its limit: infeasible if the board's canary is well afterwards */
    ADAPTER_CANCELED,
    ADAPTER_STUCK, /* did not die: the board needs recovery */
};
/* "ok", "infeasible", "invalid", "infra", "bug", "config", "timeout", "canceled", "stuck". */
const char *adapter_status_name(enum adapter_status s);

enum adapter_flag {
    ADAPTER_NOISY = 1,            /* the tool itself calls its numbers unstable */
    ADAPTER_PARTIAL_DELEGATE = 2, /* only part of the network ran on the accelerator */
    ADAPTER_MEAN_ONLY = 4,        /* this version gives no median: the window's value is a mean */
    ADAPTER_MIN_ONLY = 8,         /* benchncnn: the window's value is the minimum, as its authors advise */
};

struct adapter_window {
    double value_us;                                /* what the window counts as: the median where there is one */
    double min_us, mean_us, max_us, p90_us, p99_us; /* NAN: not told */
    uint64_t n;                                     /* inferences */
    size_t n_samples;
    float *samples_us; /* raw, owned; NULL for aggregates */
};

struct adapter_metric {
    char name[ADAPTER_NAME_MAX];
    double value, low, high;
    uint32_t n;
};

struct adapter_result {
    enum adapter_status status;
    char reason[ADAPTER_REASON_MAX]; /* "" when OK */
    char output[ADAPTER_OUTPUT_MAX]; /* last lines it said when it failed, of stderr before stdout */
    unsigned flags;
    unsigned n_windows;
    struct adapter_window window[ADAPTER_WINDOWS_MAX];
    unsigned n_metrics; /* of the escape hatch: accuracy, energy, … in the tree's units */
    struct adapter_metric metric[ADAPTER_METRICS_MAX];
    double init_us;    /* loading, NAN unknown */
    double peak_bytes; /* NAN unknown */
    int stuck_pid;     /* when STUCK: process_reap() it */
    char argv[1024];   /* of the measuring invocation, for the record */
};
/* Empty, what is unknown NAN. */
void adapter_result_init(struct adapter_result *r);
/* Releases what it holds. */
void adapter_result_fini(struct adapter_result *r);

/* Whether the tool reads the ONNX file itself (or a conversion is configured). */
bool adapter_reads_onnx(const struct adapter_config *c);
/* Converts where configured ({converted} = {out}/model.tflite, .param, .pte, .bin), builds where the tool needs it, then runs one invocation per
 * window until all are there or one fails. Never returns an error: how it ended is the result. */
void adapter_run(const struct adapter_config *c, const struct adapter_version *v, const struct adapter_job *job, struct adapter_result *ret_result);

#endif
