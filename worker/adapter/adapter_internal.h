/* Between the runner, the argv tables and the parsers. */
#ifndef SONATA_ADAPTER_INTERNAL_H
#define SONATA_ADAPTER_INTERNAL_H

#include "adapter/adapter.h"

/* Argument vector made from templates; release with arguments_fini(). */
struct arguments {
    size_t n;
    char *argv[COMMAND_ARGS_MAX + 1];
};
enum adapter_step { STEP_CONVERT, STEP_BUILD, STEP_RUN };
/* Where a conversion puts the model. */
bool converted_path(const struct adapter_config *c, const struct adapter_job *job, char *path, size_t size);
/* False (and nothing) when the tool has no such step. err tells an unknown placeholder or a missing value. */
int arguments_make(const struct adapter_config *c, const struct adapter_version *v, const struct adapter_job *job, enum adapter_step step,
                   struct arguments *ret_args, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void arguments_fini(struct arguments *a);
/* Whether the tool itself has it; a conversion is up to the configuration. */
bool adapter_has_step(enum adapter_tool t, enum adapter_step step);
/* Blank-separated, quoted where needed. */
void arguments_format(const struct arguments *a, char *text, size_t size);

/* What an invocation left behind. */
struct tool_output {
    const char *out, *err;      /* zero-terminated */
    const char *folder;         /* {out}: files the tool wrote, or NULL */
    double warmup_s;
};
/* Parsers: 0 with the window filled (and flags, init, peak of the result), or -EBADMSG with the reason. They trust nothing: numbers are checked to be
 * finite and positive, counts are bounded. All but the files named below are pure. */
int parse_trtexec(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err);        /* times.json */
int parse_benchmark_model(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err);
int parse_benchncnn(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err);
int parse_ort(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err);            /* result.csv */
int parse_executor_runner(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err);
/* May also set the result's status and reason when the evaluator reports a failure itself; the window has n = 0 when there is no latency. */
int parse_sonata_result(const struct tool_output *o, struct adapter_result *r, struct adapter_window *w, struct sonata_error *err);
/* TensorRT's version of a banner line "[TensorRT v8502]", "[TensorRT v100300]"; 0 when there is none. */
unsigned trtexec_version(const char *text);

/* Text of both streams that makes a failed run the candidate's fault (unsupported operator, memory): ("unsupported operator: …"), or NULL. */
const char *failure_of_candidate(const char *out, const char *err, char *text, size_t size);

/* The number after label on the line at or after text; NAN when it is not there. *ret_end may be NULL. */
double number_after(const char *text, const char *label, const char **ret_end);
/* Whether v is usable as a duration. */
bool is_duration(double v);
/* Sets value (median), min, mean, max, p90, p99, n from raw samples and takes the array over. */
void window_from_samples(struct adapter_window *w, float *samples_us, size_t n);
/* All values NAN. */
struct adapter_window window_empty(void);

#endif
