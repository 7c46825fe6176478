/* Golden outputs of every known format, and what the parsers must refuse. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter/adapter_internal.h"
#include "base/file.h"
#include "support/cmocka.h"

typedef int parser(const struct tool_output *, struct adapter_result *, struct adapter_window *, struct sonata_error *);

static char *golden(const char *name)
{
    char path[1024];
    struct bytes b = {0};
    struct sonata_error err = {0};
    snprintf(path, sizeof path, "%s/tests/golden/adapters/%s", SONATA_SOURCE_DIR, name);
    if (file_read(path, 1 << 20, &b, &err))
        fail_msg("%s", err.text);
    bytes_put_u8(&b, 0);
    return (char *)b.data;
}

/* A folder holding the golden file under the name the tool gives it. */
static void put_file(char folder[32], const char *name, const char *as)
{
    char path[64];
    snprintf(folder, 32, "/tmp/sonata-parse-XXXXXX");
    assert_non_null(mkdtemp(folder));
    char *text = golden(name);
    snprintf(path, sizeof path, "%s/%s", folder, as);
    assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), 0);
    free(text);
}

static void remove_file(const char *folder, const char *as)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, as);
    unlink(path);
    rmdir(folder);
}

static struct adapter_result result;
static struct adapter_window window;

static void parse_ok(parser *p, const char *out, const char *err_name, const char *folder, double warmup_s)
{
    struct sonata_error err = {0};
    char *a = out ? golden(out) : strdup(""), *b = err_name ? golden(err_name) : strdup("");
    struct tool_output o = {a, b, folder, warmup_s};
    adapter_result_init(&result);
    window = window_empty();
    if (p(&o, &result, &window, &err))
        fail_msg("%s", err.text);
    free(a);
    free(b);
}

static void parse_bad(parser *p, const char *out, const char *err_text, const char *word)
{
    struct sonata_error err = {0};
    struct tool_output o = {out, err_text, NULL, 0};
    adapter_result_init(&result);
    window = window_empty();
    assert_int_equal(p(&o, &result, &window, &err), -EBADMSG);
    if (!strstr(err.text, word))
        fail_msg("'%s' is not in '%s'", word, err.text);
    assert_null(window.samples_us);
}

#define assert_near(a, b, tolerance) \
    do { \
        double x_ = (a), y_ = (b); \
        if (!(fabs(x_ - y_) <= (tolerance))) \
            fail_msg("line %d: %.9g is not %.9g", __LINE__, x_, y_); \
    } while (0)

static void trtexec_old(void **state)
{
    (void)state;
    char folder[32];
    put_file(folder, "trtexec-8.2.1.times.json", "times.json");
    parse_ok(parse_trtexec, "trtexec-8.2.1.out", NULL, folder, 0.030);
    assert_true(window.n_samples >= 99 && window.n_samples <= 101); // 20 warm-up entries dropped by time
    assert_near(window.value_us, 505, 5);
    assert_true(window.max_us < 520);                               // none of the warm-up's 1.5 ms
    assert_int_equal(result.flags, 0);
    free(window.samples_us);
    remove_file(folder, "times.json");
    parse_ok(parse_trtexec, "trtexec-8.2.1.out", NULL, NULL, 0.030); // the summary alone
    assert_near(window.value_us, 505.127, 1e-6);
    assert_near(window.p99_us, 509.888, 1e-6);
    assert_int_equal(window.n, 100);
    assert_null(window.samples_us);
}

static void trtexec_new(void **state)
{
    (void)state;
    char folder[32];
    put_file(folder, "trtexec-10.3.0.times.json", "times.json");
    parse_ok(parse_trtexec, "trtexec-10.3.0.out", NULL, folder, 3);
    assert_int_equal(window.n_samples, 60); // no warm-up in the file: nothing dropped although 3 s of warm-up were asked for
    assert_near(window.value_us, 808, 10);
    assert_int_equal(result.flags, ADAPTER_NOISY);
    free(window.samples_us);
    remove_file(folder, "times.json");
    parse_ok(parse_trtexec, "trtexec-11.0.0.out", NULL, NULL, 3);
    assert_near(window.value_us, 404.04, 1e-3);
    assert_near(window.p90_us, 407.2, 1e-3);
    assert_int_equal(result.flags, 0);
    put_file(folder, "trtexec-11.0.0.times.json", "times.json");
    parse_ok(parse_trtexec, "trtexec-11.0.0.out", NULL, folder, 3);
    assert_int_equal(window.n_samples, 60);
    assert_near(window.value_us, 404, 5);
    free(window.samples_us);
    remove_file(folder, "times.json");
}

static void trtexec_versions(void **state)
{
    (void)state;
    assert_int_equal(trtexec_version("&&&& RUNNING TensorRT.trtexec [TensorRT v8502] # x"), 80502);
    assert_int_equal(trtexec_version("&&&& RUNNING TensorRT.trtexec [TensorRT v8201] # x"), 80201);
    assert_int_equal(trtexec_version("[TensorRT v100300] [b26]"), 100300);
    assert_int_equal(trtexec_version("[TensorRT v110000]"), 110000);
    assert_int_equal(trtexec_version("[TensorRT vNext]"), 0);
    assert_int_equal(trtexec_version("usage"), 0);
}

static void trtexec_refused(void **state)
{
    (void)state;
    parse_bad(parse_trtexec, "[I] Latency: min = 1 ms, median = 1 ms", "", "PASSED");
    parse_bad(parse_trtexec, "&&&& PASSED", "", "neither times.json nor");
    parse_bad(parse_trtexec, "x] Latency: min = -1 ms, median = nan ms\n&&&& PASSED", "", "median");
    char *failed = golden("trtexec-failed.out"), text[200];
    assert_string_equal(failure_of_candidate(failed, "", text, sizeof text),
                        "unsupported operator: No importer registered for op: HardSwishX. Attempting to import as plugin.");
    free(failed);
    assert_null(failure_of_candidate("all well", "", text, sizeof text));
    assert_string_equal(failure_of_candidate("", "terminate called: std::bad_alloc\nx", text, sizeof text), "ram: std::bad_alloc");
}

static void benchmark_model(void **state)
{
    (void)state;
    parse_ok(parse_benchmark_model, "benchmark_model-litert.out", NULL, NULL, 0);
    assert_near(window.value_us, 2487, 0);
    assert_near(window.min_us, 2470, 0);
    assert_near(window.mean_us, 2489.7, 0);
    assert_int_equal(window.n, 803);
    assert_near(result.init_us, 1842, 0);
    assert_near(result.peak_bytes, 3.25 * 1048576, 1);
    assert_int_equal(result.flags, 0);
    parse_ok(parse_benchmark_model, "benchmark_model-2.4.out", NULL, NULL, 0);
    assert_near(window.value_us, 1.24027e6, 0);
    assert_int_equal(window.n, 30);
    assert_int_equal(result.flags, ADAPTER_MEAN_ONLY | ADAPTER_PARTIAL_DELEGATE);
    parse_ok(parse_benchmark_model, NULL, "benchmark_model-litert.out", NULL, 0); // all on stderr
    assert_near(window.value_us, 2487, 0);
    parse_bad(parse_benchmark_model, "count=1 curr=5\n", "", "no second");
    parse_bad(parse_benchmark_model, "count=1 curr=5\ncount=nan avg=x\n", "", "no numbers");
    struct tool_output o = {"count=1 curr=1357602\ncount=1 curr=1250000\n", "", NULL, 0};
    adapter_result_init(&result);
    assert_int_equal(parse_benchmark_model(&o, &result, &window, NULL), 0); // the short form
    assert_near(window.value_us, 1250000, 0);
}

static void benchmark_model_very_old(void **state)
{
    (void)state;
    char *text = golden("benchmark_model-1.14.out");
    /* "no stats" is how 1.14 labels the measurement; it must not be read as something else. */
    struct tool_output o = {text, "", NULL, 0};
    struct sonata_error err = {0};
    adapter_result_init(&result);
    assert_int_equal(parse_benchmark_model(&o, &result, &window, &err), 0);
    assert_near(window.value_us, 12010.5, 0);
    assert_int_equal(result.flags, ADAPTER_MEAN_ONLY);
    free(text);
}

static void benchncnn(void **state)
{
    (void)state;
    parse_ok(parse_benchncnn, NULL, "benchncnn-2021.err", NULL, 0);
    assert_near(window.value_us, 8530, 1e-6);
    assert_near(window.mean_us, 8610, 1e-6);
    assert_int_equal(window.n, 30);
    assert_int_equal(result.flags, ADAPTER_MIN_ONLY);
    parse_ok(parse_benchncnn, NULL, "benchncnn-2024.err", NULL, 0);
    assert_near(window.value_us, 420, 1e-6);
    assert_int_equal(result.flags, ADAPTER_MIN_ONLY | ADAPTER_NOISY); // hundredths of a ms are too coarse here
    parse_bad(parse_benchncnn, "", "a  min =  1.00  max =  1.00  avg =  1.00\nb  min =  1.00  max =  1.00  avg =  1.00\n", "2 models");
    parse_bad(parse_benchncnn, "", "a  min =  0.00  max =  0.00  avg =  0.00\n", "0.00 ms");
    parse_bad(parse_benchncnn, "", "", "no `min");
}

static void onnxruntime(void **state)
{
    (void)state;
    char folder[32];
    put_file(folder, "ort_perf_test-1.20.csv", "result.csv");
    parse_ok(parse_ort, "ort_perf_test-1.20.out", NULL, folder, 0.060);
    assert_int_equal(window.n_samples, 40); // 12 rows of 5.2 ms make up the 60 ms of warm-up
    assert_near(window.value_us, 2420, 0.01);
    assert_near(window.max_us, 2440, 0.01);
    assert_near(result.init_us, 12100, 1e-6);
    assert_near(result.peak_bytes, 31457280, 0);
    free(window.samples_us);
    char *text = golden("ort_perf_test-1.20.out");
    struct tool_output o = {text, "", folder, 10};
    struct sonata_error err = {0};
    assert_int_equal(parse_ort(&o, &result, &window, &err), -EBADMSG); // all of it would be warm-up
    free(text);
    remove_file(folder, "result.csv");
    parse_ok(parse_ort, "ort_perf_test-1.20.out", NULL, NULL, 0);
    assert_near(window.value_us, 2430, 1e-6);
    assert_int_equal(window.n, 52);
    parse_ok(parse_ort, "ort_perf_test-1.10.out", NULL, NULL, 0);
    assert_near(window.value_us, 2400, 1e-6);
    assert_int_equal(result.flags, ADAPTER_MEAN_ONLY);
    parse_bad(parse_ort, "Session creation time cost: 0.01 s\n", "", "neither");
}

static void executor_runner(void **state)
{
    (void)state;
    parse_ok(parse_executor_runner, "executor_runner-0.6.out", NULL, NULL, 0.2);
    assert_int_equal(window.n_samples, 15); // five of 40 ms are the warm-up
    assert_near(window.value_us, 8010, 0.01);
    free(window.samples_us);
    parse_bad(parse_executor_runner, "Model executed successfully 20 time(s) in 3 ms.\n", "", "no `Iteration");
}

static int hatch(const char *out)
{
    struct tool_output o = {out, "", NULL, 0};
    adapter_result_init(&result);
    window = window_empty();
    return parse_sonata_result(&o, &result, &window, NULL);
}

static void escape_hatch(void **state)
{
    (void)state;
    assert_int_equal(hatch("log\nSONATA-RESULT {\"samples_us\":[3,1,2]}\n"), 0);
    assert_int_equal(window.n_samples, 3);
    assert_near(window.value_us, 2, 0);
    assert_near((double)window.samples_us[0], 3, 0); // in the order given
    free(window.samples_us);
    assert_int_equal(hatch("SONATA-RESULT {\"min\":1,\"median\":2,\"p90\":3,\"max\":9,\"n\":50,\"metrics\":{\"accuracy\":{\"value\":91.5,\"low\":91,\"high\":92,\"n\":1000},"
                           "\"energy\":12.5}}"), 0);
    assert_near(window.value_us, 2, 0);
    assert_int_equal(window.n, 50);
    assert_int_equal(result.n_metrics, 2);
    assert_string_equal(result.metric[0].name, "accuracy");
    assert_near(result.metric[0].low, 91, 0);
    assert_int_equal(result.metric[0].n, 1000);
    assert_near(result.metric[1].high, 12.5, 0);
    assert_int_equal(hatch("SONATA-RESULT {\"metrics\":{\"accuracy\":50}}\n"), 0);
    assert_int_equal(window.n, 0);
    assert_int_equal(hatch("SONATA-RESULT {\"samples_us\":[1]}\nSONATA-RESULT {\"outcome\":\"infeasible\",\"reason\":\"ram: 4 KiB missing\"}\n"), 0); // the last counts
    assert_int_equal(result.status, ADAPTER_INFEASIBLE);
    assert_string_equal(result.reason, "ram: 4 KiB missing");
}

static void escape_hatch_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "nothing here\n", "x SONATA-RESULT {\"samples_us\":[1]}\n", "SONATA-RESULT\n", "SONATA-RESULT [1]\n", "SONATA-RESULT {\n\"samples_us\":[1]}\n",
        "SONATA-RESULT {}", "SONATA-RESULT {\"samples_us\":[]}", "SONATA-RESULT {\"samples_us\":[0]}", "SONATA-RESULT {\"samples_us\":[1,\"2\"]}",
        "SONATA-RESULT {\"samples_us\":[1e999]}", "SONATA-RESULT {\"median\":2}", "SONATA-RESULT {\"min\":3,\"median\":2,\"p90\":3,\"max\":9,\"n\":50}",
        "SONATA-RESULT {\"metrics\":{\"Bad Name\":1}}", "SONATA-RESULT {\"metrics\":{\"accuracy\":null}}",
        "SONATA-RESULT {\"metrics\":{\"accuracy\":{\"value\":5,\"low\":6}}}", "SONATA-RESULT {\"outcome\":\"lost\"}",
        "SONATA-RESULT {\"samples_us\":[1,2],\"metrics\":{\"x\":\"y\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (hatch(bad[i]) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
        assert_null(window.samples_us);
    }
    char *deep = malloc(20100);
    memcpy(deep, "SONATA-RESULT ", 14);
    memset(deep + 14, '[', 20000);
    deep[20014] = '\0';
    assert_int_equal(hatch(deep), -EBADMSG);
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trtexec_old), cmocka_unit_test(trtexec_new), cmocka_unit_test(trtexec_versions), cmocka_unit_test(trtexec_refused),
        cmocka_unit_test(benchmark_model), cmocka_unit_test(benchmark_model_very_old), cmocka_unit_test(benchncnn), cmocka_unit_test(onnxruntime),
        cmocka_unit_test(executor_runner), cmocka_unit_test(escape_hatch), cmocka_unit_test(escape_hatch_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
