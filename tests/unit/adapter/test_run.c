/* Fake tools on PATH: what they are called with, what becomes of their ends. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "adapter/adapter_internal.h"
#include "base/clock.h"
#include "base/file.h"
#include "process/process_internal.h"
#include "support/cmocka.h"
#include "support/fake_tree.h"

static struct fake_tree tree;
static struct adapter_result result;

static int setup(void **state)
{
    (void)state;
    fake_tree_open(&tree);
    fake_tree_put(&tree, "/work/model.onnx", "onnx");
    adapter_result_init(&result);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    adapter_result_fini(&result);
    fake_tree_close(&tree);
    return 0;
}

static struct adapter_job job_of(unsigned windows)
{
    static char work[80], model[96];
    snprintf(work, sizeof work, "%s/work", tree.root);
    snprintf(model, sizeof model, "%s/model.onnx", work);
    return (struct adapter_job){.model = model, .work_dir = work, .genotype = "d1=2 k11=3", .windows = windows, .warmup_s = 0.03, .window_s = 2, .min_inferences = 30};
}

/* A tool that notes its arguments (one line a call) and prints the golden file; with times: also writes that file to its --exportTimes=. */
static void fake_tool(const char *name, const char *golden, bool to_stderr, const char *times)
{
    char script[2048];
    snprintf(script, sizeof script,
             "#!/bin/sh\necho \"$@\" >> %s/calls\nG=%s/tests/golden/adapters\n"
             "for a in \"$@\"; do case $a in --exportTimes=*) [ -n '%s' ] && cp $G/%s \"${a#--exportTimes=}\" ;; --saveEngine=*) : > \"${a#--saveEngine=}\" ;; esac; done\n"
             "cat $G/%s %s\nexit 0\n",
             tree.root, SONATA_SOURCE_DIR, times ? times : "", times ? times : "none", golden, to_stderr ? ">&2" : "");
    fake_tree_tool(&tree, name, script);
}

static void calls_are(const char *expected)
{
    char path[96], text[4096], clean[4096];
    struct bytes b = {0};
    snprintf(path, sizeof path, "%s/calls", tree.root);
    assert_int_equal(file_read(path, 1 << 16, &b, NULL), 0);
    bytes_put_u8(&b, 0);
    snprintf(text, sizeof text, "%s", (char *)b.data);
    bytes_fini(&b);
    /* the temporary folder's name out of the way */
    size_t n = 0, root = strlen(tree.root);
    for (const char *p = text; *p;) {
        if (!strncmp(p, tree.root, root)) {
            clean[n++] = '~';
            p += root;
        } else {
            clean[n++] = *p++;
        }
    }
    clean[n] = '\0';
    assert_string_equal(clean, expected);
}

static void run_ok(const struct adapter_config *c, const struct adapter_job *job)
{
    struct adapter_version v;
    struct sonata_error err = {0};
    if (adapter_probe(c, &v, &err))
        fail_msg("%s", err.text);
    char path[96];
    snprintf(path, sizeof path, "%s/calls", tree.root);
    remove(path);
    adapter_run(c, &v, job, &result);
    if (result.status != ADAPTER_OK)
        fail_msg("%s: %s", adapter_status_name(result.status), result.reason);
}

static void trtexec_by_version(void **state)
{
    (void)state;
    struct adapter_config c = {.tool = ADAPTER_TRTEXEC, .precision = "fp16"};
    struct adapter_job job = job_of(2);
    fake_tool("trtexec", "trtexec-8.2.1.out", false, "trtexec-8.2.1.times.json");
    run_ok(&c, &job);
#define RUN_OLD "--loadEngine=~/work/model.engine --warmUp=30 --duration=2 --iterations=30 --percentile=99 --exportTimes=~/work/times.json --useCudaGraph --useSpinWait --noDataTransfers\n"
    calls_are("--onnx=~/work/model.onnx --saveEngine=~/work/model.engine --buildOnly --fp16\n" RUN_OLD RUN_OLD);
    assert_int_equal(result.n_windows, 2);
    assert_true(result.window[1].n_samples > 90);
    adapter_result_fini(&result);

    fake_tool("trtexec", "trtexec-10.3.0.out", false, "trtexec-10.3.0.times.json");
    job.windows = 1;
    run_ok(&c, &job);
    calls_are("--onnx=~/work/model.onnx --saveEngine=~/work/model.engine --skipInference --fp16\n"
              "--loadEngine=~/work/model.engine --warmUp=30 --duration=2 --iterations=30 --percentile=50,90,95,99 --exportTimes=~/work/times.json --useCudaGraph --useSpinWait --noDataTransfers\n");
    assert_int_equal(result.flags, ADAPTER_NOISY);
    adapter_result_fini(&result);

    fake_tool("trtexec", "trtexec-11.0.0.out", false, NULL); // writes no times.json: none of an earlier run may be read
    run_ok(&c, &job);
    calls_are("--onnx=~/work/model.onnx --saveEngine=~/work/model.engine --skipInference\n" // precision is in the ONNX file now
              "--loadEngine=~/work/model.engine --warmUp=30 --duration=2 --iterations=30 --percentile=50,90,95,99 --exportTimes=~/work/times.json\n");
    assert_null(result.window[0].samples_us);
}

static void other_tools(void **state)
{
    (void)state;
    struct adapter_config c = {.tool = ADAPTER_BENCHMARK_MODEL, .threads = 4, .command = "--use_xnnpack=true"};
    struct adapter_job job = job_of(5);
    fake_tool("benchmark_model", "benchmark_model-litert.out", false, NULL);
    run_ok(&c, &job);
    assert_int_equal(result.n_windows, 5);
    assert_true(result.window[4].value_us == 2487);
    job.windows = 1;
    adapter_result_fini(&result);
    run_ok(&c, &job);
    calls_are("--graph=~/work/model.onnx --num_threads=4 --warmup_runs=10 --warmup_min_secs=0.03 --num_runs=30 --min_secs=2 --max_secs=38 --use_xnnpack=true\n");
    adapter_result_fini(&result);

    c = (struct adapter_config){.tool = ADAPTER_BENCHNCNN, .shape = "[28,28,1]"};
    fake_tool("benchncnn", "benchncnn-2021.err", true, NULL);
    run_ok(&c, &job);
    calls_are("30 1 2 -1 0 param=~/work/model.onnx shape=[28,28,1]\n");
    adapter_result_fini(&result);

    c = (struct adapter_config){.tool = ADAPTER_ORT_PERF_TEST};
    fake_tool("onnxruntime_perf_test", "ort_perf_test-1.20.out", false, NULL);
    run_ok(&c, &job);
    calls_are("-e cpu -m duration -t 4 -x 1 -y 1 -I -s ~/work/model.onnx ~/work/result.csv\n");
    assert_true(result.peak_bytes == 31457280);
    assert_non_null(strstr(result.argv, "onnxruntime_perf_test -e cpu"));
    adapter_result_fini(&result);

    c = (struct adapter_config){.tool = ADAPTER_EXECUTOR_RUNNER};
    fake_tool("executor_runner", "executor_runner-0.6.out", false, NULL);
    run_ok(&c, &job);
    calls_are("--model_path=~/work/model.onnx --num_executions=300\n");
}

static void custom_placeholders(void **state)
{
    (void)state;
    fake_tree_tool(&tree, "evaluate", "#!/bin/sh\n[ \"$1\" = 'd1=2 k11=3' ] && [ \"$2\" = '--w=0.03' ] || exit 9\nls > listing\necho 'SONATA-RESULT {\"samples_us\":[10,12,11]}'\n");
    struct adapter_config c = {.tool = ADAPTER_CUSTOM, .command = "evaluate {genotype} --w={warmup_s} {out}/{x1} ''"};
    struct adapter_job job = job_of(2);
    run_ok(&c, &job);
    assert_int_equal(result.n_windows, 2);
    char listing[96];
    snprintf(listing, sizeof listing, "%s/work/listing", tree.root);
    assert_true(file_exists(listing)); // it ran in {out}
    snprintf(c.command, sizeof c.command, "evaluate {supernet}");
    adapter_result_fini(&result);
    struct adapter_version v = {0};
    adapter_run(&c, &v, &job, &result);
    assert_int_equal(result.status, ADAPTER_BAD_CONFIG);
    assert_non_null(strstr(result.reason, "{supernet}"));
}

static void end_of(const char *script, enum adapter_status status, const char *word)
{
    struct adapter_config c = {.tool = ADAPTER_CUSTOM, .command = "evaluate"};
    struct adapter_job job = job_of(2);
    job.limits = (struct process_limits){.time_ns = 300 * SONATA_MS, .grace_ns = 100 * SONATA_MS, .output_max = 4096};
    char text[1024];
    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
    fake_tree_tool(&tree, "evaluate", text);
    adapter_run(&c, &(struct adapter_version){0}, &job, &result);
    if (result.status != status || !strstr(result.reason, word))
        fail_msg("%s: %s: %s", script, adapter_status_name(result.status), result.reason);
    adapter_result_fini(&result);
}

static void ends(void **state)
{
    (void)state;
    end_of("echo no device >&2; exit 3", ADAPTER_BUG, "exit code 3: no device");
    end_of("echo Traceback >&2; echo 'ZeroDivisionError: division by zero' >&2; echo >&2; exit 1", ADAPTER_BUG, "exit code 1: ZeroDivisionError: division by zero");
    end_of("/no/such/tool", ADAPTER_INFRA, "exit code 127");
    end_of("echo 'SONATA-RESULT {\"outcome\":\"infra\",\"reason\":\"no device\"}'; exit 1", ADAPTER_INFRA, "no device");
    end_of("echo 'RuntimeError: CUDA out of memory. Tried to allocate' >&2; exit 1", ADAPTER_INFEASIBLE, "ram: out of memory");
    end_of("echo hello", ADAPTER_BUG, "SONATA-RESULT");
    end_of("sleep 20", ADAPTER_TIMEOUT, "its limit");
    end_of("trap '' TERM; sleep 20", ADAPTER_TIMEOUT, "its limit");
    end_of("kill -ABRT $$", ADAPTER_BUG, "signal 6");   // it crashed by itself
    end_of("kill -KILL $$", ADAPTER_INFRA, "signal 9"); // somebody killed it
    end_of("echo 'numpy.core._exceptions._ArrayMemoryError: Unable to allocate' >&2; exit 1", ADAPTER_INFEASIBLE, "ram: MemoryError");
    end_of("echo 'SONATA-RESULT {\"metrics\":{\"accuracy\":NaN}}'", ADAPTER_BUG, "numbers must be finite");
    end_of("exec yes", ADAPTER_BUG, "floods");
    end_of("echo 'SONATA-RESULT {\"outcome\":\"infeasible\",\"reason\":\"operator missing\"}'; exit 1", ADAPTER_INFEASIBLE, "operator missing");
    end_of("echo 'SONATA-RESULT {\"outcome\":\"invalid\",\"reason\":\"hot\"}'", ADAPTER_INVALID, "hot");
    end_of("echo 'SONATA-RESULT {\"samples_us\":[1]}'; exit 1", ADAPTER_BUG, "exit code 1"); // a good line does not make up for a bad end
    end_of("head -c 100000 /dev/zero | tr '\\0' 'x'; echo; echo 'SONATA-RESULT {\"metrics\":{\"accuracy\":1}}'", ADAPTER_OK, ""); // long logs are cut, the end counts
}

static int deaf(pid_t group, int sig)
{
    (void)group;
    (void)sig;
    return 0;
}

static void stuck(void **state)
{
    (void)state;
    fake_tree_tool(&tree, "evaluate", "#!/bin/sh\nexec sleep 30\n");
    struct adapter_config c = {.tool = ADAPTER_CUSTOM, .command = "evaluate"};
    struct adapter_job job = job_of(1);
    job.limits = (struct process_limits){.time_ns = 50 * SONATA_MS, .grace_ns = 50 * SONATA_MS, .dead_ns = 50 * SONATA_MS};
    int (*saved)(pid_t, int) = process_kill_group;
    process_kill_group = deaf;
    adapter_run(&c, &(struct adapter_version){0}, &job, &result);
    process_kill_group = saved;
    assert_int_equal(result.status, ADAPTER_STUCK);
    assert_true(result.stuck_pid > 1);
    kill(-(pid_t)result.stuck_pid, SIGKILL);
    for (int i = 0; i < 200 && !process_reap((pid_t)result.stuck_pid); i++)
        clock_sleep_ns(5 * SONATA_MS);
}

static void build_fails(void **state)
{
    (void)state;
    char script[512];
    snprintf(script, sizeof script, "#!/bin/sh\ncat %s/tests/golden/adapters/trtexec-failed.out\nexit 1\n", SONATA_SOURCE_DIR);
    fake_tree_tool(&tree, "trtexec", script);
    struct adapter_config c = {.tool = ADAPTER_TRTEXEC};
    struct adapter_job job = job_of(1);
    struct adapter_version v;
    assert_int_equal(adapter_probe(&c, &v, NULL), 0);
    assert_int_equal(v.number, 80601);
    adapter_run(&c, &v, &job, &result);
    assert_int_equal(result.status, ADAPTER_INFEASIBLE);
    assert_non_null(strstr(result.reason, "HardSwishX"));
}

static void probing(void **state)
{
    (void)state;
    struct adapter_version v, w;
    struct sonata_error err = {0};
    struct adapter_config c = {.tool = ADAPTER_BENCHMARK_MODEL, .program = "/nowhere/benchmark_model"};
    assert_int_equal(adapter_probe(&c, &v, &err), -ENOENT);
    assert_non_null(strstr(err.text, "install it"));
    fake_tree_tool(&tree, "trtexec", "#!/bin/sh\necho usage\n");
    c = (struct adapter_config){.tool = ADAPTER_TRTEXEC};
    assert_int_equal(adapter_probe(&c, &v, &err), -EBADMSG);
    fake_tool("benchmark_model", "benchmark_model-2.4.out", false, NULL);
    c = (struct adapter_config){.tool = ADAPTER_BENCHMARK_MODEL};
    assert_int_equal(adapter_probe(&c, &v, &err), 0);
    fake_tool("benchmark_model", "benchmark_model-litert.out", false, NULL);
    assert_int_equal(adapter_probe(&c, &w, &err), 0);
    assert_string_not_equal(v.text, w.text); // another binary is another instrument
}

static void configuration(void **state)
{
    (void)state;
    struct adapter_config c = {.tool = ADAPTER_CUSTOM};
    struct sonata_error err = {0};
    assert_int_equal(adapter_config_check(&c, &err), -EINVAL);
    assert_int_equal(option_put(adapter_keys, &c, "command", "a 'b", &err), -EINVAL);
    assert_int_equal(adapter_config_check(&c, &err), -EINVAL);
    assert_int_equal(option_put(adapter_keys, &c, "tool", "benchncnn", &err), 0);
    assert_int_equal(option_put(adapter_keys, &c, "command", "", &err), -EINVAL);
    assert_int_equal(adapter_config_check(&c, &err), -EINVAL);
    assert_int_equal(option_put(adapter_keys, &c, "shape", "[1,2,3]", &err), 0);
    assert_int_equal(adapter_config_check(&c, &err), 0);
    assert_int_equal(option_put(adapter_keys, &c, "threads", "0", &err), -EINVAL);
    assert_int_equal(option_put(adapter_keys, &c, "tool", "tvm", &err), -EINVAL);
    assert_int_equal(option_put(adapter_keys, &c, "tol", "x", &err), -ENOENT);
    assert_int_equal(option_put(adapter_keys, &c, "precision", "fp8", &err), -EINVAL);
    for (enum adapter_tool t = 0; t < ADAPTER_TOOL_COUNT; t++) { /* the words and the enum are in the same order */
        assert_int_equal(option_put(adapter_keys, &c, "tool", adapter_tool_name(t), &err), 0);
        assert_int_equal(c.tool, t);
    }
}

static void conversion(void **state)
{
    (void)state;
    struct adapter_config c = {.tool = ADAPTER_BENCHMARK_MODEL, .convert = "onnx2tf {model} {converted}"};
    struct adapter_job job = job_of(1);
    assert_true(adapter_reads_onnx(&c));
    fake_tool("benchmark_model", "benchmark_model-litert.out", false, NULL);
    fake_tree_tool(&tree, "onnx2tf", "#!/bin/sh\ncp \"$1\" \"$2\"\n");
    run_ok(&c, &job);
    calls_are("--graph=~/work/converted.tflite --num_threads=1 --warmup_runs=10 --warmup_min_secs=0.03 --num_runs=30 --min_secs=2 --max_secs=38\n");
    adapter_result_fini(&result);
    fake_tree_tool(&tree, "onnx2tf", "#!/bin/sh\nexit 0\n"); // writes nothing: the earlier file must not be taken
    adapter_run(&c, &(struct adapter_version){0}, &job, &result);
    assert_int_equal(result.status, ADAPTER_BUG);
    fake_tree_tool(&tree, "onnx2tf", "#!/bin/sh\necho op Foo: NOT_IMPLEMENTED >&2\nexit 1\n");
    adapter_run(&c, &(struct adapter_version){0}, &job, &result);
    assert_int_equal(result.status, ADAPTER_INFEASIBLE);
    c.convert[0] = '\0';
    assert_false(adapter_reads_onnx(&c));
}

/* The example evaluators, as a user would configure them. */
static void example_shell(void **state)
{
    (void)state;
    struct adapter_config c = {.tool = ADAPTER_CUSTOM};
    struct adapter_job job = job_of(2);
    snprintf(c.command, sizeof c.command, "%s/deploy/examples/evaluators/evaluate.sh {model} 3 -- cat", SONATA_SOURCE_DIR);
    run_ok(&c, &job);
    assert_int_equal(result.n_windows, 2);
    assert_int_equal(result.window[0].n_samples, 3);
    assert_true(result.window[0].value_us > 1);
    adapter_result_fini(&result);
    snprintf(c.command, sizeof c.command, "%s/deploy/examples/evaluators/evaluate.sh {model} 3 -- no-such-program", SONATA_SOURCE_DIR);
    adapter_run(&c, &(struct adapter_version){0}, &job, &result);
    assert_int_equal(result.status, ADAPTER_BAD_CONFIG);
    assert_string_equal(result.reason, "the program is not installed");
    adapter_result_fini(&result);
    snprintf(c.command, sizeof c.command, "%s/deploy/examples/evaluators/evaluate.sh {model} 3 -- false", SONATA_SOURCE_DIR);
    adapter_run(&c, &(struct adapter_version){0}, &job, &result);
    assert_int_equal(result.status, ADAPTER_BUG);
}

static void example_python(void **state)
{
    (void)state;
    char path[32];
    if (!command_find("/usr/bin/python3", path, sizeof path))
        skip();
    const char *argv[] = {"/usr/bin/python3", "-c", "import torch, numpy", NULL};
    struct process_result p;
    assert_int_equal(process_run(argv, &(struct process_limits){0}, &p, NULL), 0);
    bool torch = p.exit_code == 0;
    process_result_fini(&p);
    struct adapter_config c = {.tool = ADAPTER_CUSTOM};
    struct adapter_job job = job_of(1);
    job.supernet = job.model;
    snprintf(c.command, sizeof c.command, "%s/deploy/examples/evaluators/evaluate_torch.py --genotype {genotype} --supernet {supernet} --dataset {out}", SONATA_SOURCE_DIR);
    adapter_run(&c, &(struct adapter_version){0}, &job, &result);
    if (torch) { /* the "supernet" of this test is no safetensors file */
        assert_int_equal(result.status, ADAPTER_BUG);
        return;
    }
    assert_int_equal(result.status, ADAPTER_BAD_CONFIG);
    assert_non_null(strstr(result.reason, "apt install python3-torch"));
}

/* Who submits a search names its space and genes; the tool's options are the operator's. */
static void names_are_no_options(void **state)
{
    (void)state;
    struct adapter_config c = {.tool = ADAPTER_CUSTOM, .command = "evaluator {space} {genotype} {dataset} --data={dataset}"};
    struct adapter_job job = job_of(1);
    struct arguments args = {0};
    job.space = "--config=/etc/passwd";
    job.genotype = "-x=1 y=-2";
    job.dataset = "-d";
    assert_int_equal(arguments_make(&c, &(struct adapter_version){0}, &job, STEP_RUN, &args, NULL), 0);
    assert_string_equal(args.argv[1], "_-config=/etc/passwd");
    assert_string_equal(args.argv[2], "_x=1 y=-2");
    assert_string_equal(args.argv[3], "_d");
    assert_string_equal(args.argv[4], "--data=_d");
    arguments_fini(&args);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(trtexec_by_version), T(other_tools), T(custom_placeholders), T(names_are_no_options), T(ends), T(stuck), T(build_fails), T(probing), T(configuration),
                                       T(conversion), T(example_shell), T(example_python)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
