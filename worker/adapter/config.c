/* Tools by name, and the keys of a board that uses one. */
#include <errno.h>
#include <stddef.h>

#include "adapter/adapter.h"

const char *adapter_tool_name(enum adapter_tool t)
{
    static const char *const name[ADAPTER_TOOL_COUNT] = {
        [ADAPTER_TRTEXEC] = "trtexec",
        [ADAPTER_BENCHMARK_MODEL] = "benchmark_model",
        [ADAPTER_BENCHNCNN] = "benchncnn",
        [ADAPTER_ORT_PERF_TEST] = "onnxruntime_perf_test",
        [ADAPTER_EXECUTOR_RUNNER] = "executor_runner",
        [ADAPTER_CUSTOM] = "custom",
    };
    return t < ADAPTER_TOOL_COUNT ? name[t] : "?";
}

const char *adapter_status_name(enum adapter_status s)
{
    static const char *const name[] = {"ok", "infeasible", "invalid", "infra", "bug", "config", "timeout", "canceled", "stuck"};
    return name[s];
}

#define AT(member) .offset = offsetof(struct adapter_config, member)
#define TEXT(member) .type = OPTION_BUFFER, AT(member), .size = sizeof((struct adapter_config *)0)->member
const struct option_def adapter_keys[] = {
    {.name = "tool",
     .type = OPTION_WORD,
     AT(tool),
     .choices = "trtexec|benchmark_model|benchncnn|onnxruntime_perf_test|executor_runner|custom",
     .argument = "TOOL",
     .help = "trtexec, benchmark_model, benchncnn, onnxruntime_perf_test, executor_runner, or custom: a program of your own"},
    {.name = "program", TEXT(program), .argument = "PATH", .help = "the tool, when it is not on PATH"},
    {.name = "command",
     TEXT(command),
     .check = command_check,
     .argument = "LINE",
     .help = "custom and evaluator: the command line; known tools: further arguments, appended"},
    {.name = "convert",
     TEXT(convert),
     .check = command_check,
     .argument = "LINE",
     .help = "command line that turns {model} (ONNX) into the tool's format at {converted}"},
    {.name = "offers", TEXT(offers), .joins = true, .argument = "METRIC,...", .help = "metrics your program gives; default latency"},
    {.name = "precision", TEXT(precision), .choices = "fp32|fp16|int8", .argument = "KIND", .help = "trtexec before version 11: fp32, fp16 or int8"},
    {.name = "provider", TEXT(provider), .argument = "NAME", .help = "onnxruntime_perf_test -e; default cpu"},
    {.name = "shape", TEXT(shape), .argument = "[W,H,C]", .help = "benchncnn: the input's shape"},
    {.name = "threads", .type = OPTION_COUNT, AT(threads), .min = 1, .max = 256, .argument = "N", .help = "each on a core of its own; default 1"},
    {0}};
#undef TEXT
#undef AT

int adapter_config_check(const struct adapter_config *c, struct sonata_error *err)
{
    if (c->tool == ADAPTER_CUSTOM && !c->command[0])
        return sonata_error_set(err, -EINVAL, "tool custom needs a command");
    if (c->tool == ADAPTER_BENCHNCNN && !c->shape[0])
        return sonata_error_set(err, -EINVAL, "tool benchncnn needs the input's shape, such as [28,28,1]");
    return 0;
}

bool adapter_reads_onnx(const struct adapter_config *c)
{
    return c->convert[0] || c->tool == ADAPTER_TRTEXEC || c->tool == ADAPTER_ORT_PERF_TEST || c->tool == ADAPTER_CUSTOM;
}
