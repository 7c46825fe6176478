/* The command backend from a board's configuration to a measurement, with fake evaluators. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "support/cmocka.h"
#include "support/fake_tree.h"

static struct fake_tree tree;
static struct space space;
static struct evaluation_job job;
static struct latency_protocol protocol;
static char phases[128];

static void phase(void *user, const char *name)
{
    (void)user;
    strncat(phases, name, sizeof phases - strlen(phases) - 2);
    strncat(phases, " ", sizeof phases - strlen(phases) - 1);
}

static int setup(void **state)
{
    (void)state;
    fake_tree_open(&tree);
    setenv("TMPDIR", tree.root, 1);
    space = (struct space){.name = "two", .n_genes = 1};
    space.gene[0] = (struct gene){.name = "a", .n_choices = 2, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1, .label = {"x", "y"},
                                  .value = {NAN, NAN}};
    job = (struct evaluation_job){.attempt = 7, .n_genes = 1, .genotype = {{1}}, .n_metrics = 1, .metric = {"latency"}, .tier = "search"};
    protocol = *latency_protocol_of(TIER_SEARCH);
    phases[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unsetenv("TMPDIR");
    fake_tree_close(&tree);
    return 0;
}

static struct board_config config_of(const char *command, const char *offers)
{
    struct board_config c = {.id = "lab", .type = "lab", .backend = BACKEND_COMMAND, .core = -1, .adapter = {.tool = ADAPTER_CUSTOM}};
    struct sonata_error err = {0};
    assert_int_equal(board_config_set(&c, "command", command, &err), 0);
    assert_int_equal(board_config_set(&c, "offers", offers, &err), 0);
    if (board_config_check(&c, &err))
        fail_msg("%s", err.text);
    return c;
}

static void run(const struct board_config *c, struct measurement *m)
{
    const struct backend_ops *ops = backend_of(BACKEND_COMMAND);
    struct backend_job j = {.job = &job, .space = &space, .protocol = &protocol, .phase = phase};
    struct sonata_error err = {0};
    void *backend = NULL;
    *m = (struct measurement){0};
    if (ops->open(c, &backend, &err) || ops->prepare(backend, &j, &err))
        fail_msg("%s", err.text);
    ops->run(backend, &j, m);
    assert_int_equal(ops->canary(backend, false, NULL, &err), 0);
    ops->close(backend);
}

static void latency_and_accuracy(void **state)
{
    (void)state;
    /* Each call counts on: windows of 100, 110, 120 … µs. */
    char script[512];
    snprintf(script, sizeof script,
             "#!/bin/sh\n[ \"$1\" = a=y ] || exit 9\nn=$(cat %s/n 2>/dev/null || echo 0)\necho $((n+1)) > %s/n\n"
             "echo \"SONATA-RESULT {\\\"samples_us\\\":[1${n}0,1${n}1,1${n}2],\\\"metrics\\\":{\\\"accuracy\\\":91.5}}\"\n",
             tree.root, tree.root);
    fake_tree_tool(&tree, "evaluate", script);
    struct board_config c = config_of("evaluate {genotype}", "latency,accuracy");
    struct measurement m;
    run(&c, &m);
    assert_int_equal(m.outcome, OUTCOME_OK);
    assert_int_equal(m.n_windows, protocol.windows);
    const struct metric_value *latency = measurement_metric(&m, "latency"), *accuracy = measurement_metric(&m, "accuracy");
    assert_non_null(latency);
    double last = 0.101 + 0.010 * (protocol.windows - 1); // 101, 111, 121 … µs, in ms
    assert_true(protocol.windows >= 5 && protocol.windows < 9);
    assert_true(fabs(latency->value - (0.101 + last) / 2) < 1e-9);
    assert_true(fabs(latency->low - 0.101) < 1e-9 && fabs(latency->high - last) < 1e-9);
    assert_true(m.flags & FLAG_NOISY); // windows 10 % apart
    assert_true(accuracy && accuracy->value == 91.5);
    assert_int_equal(m.n_samples, 3 * protocol.windows);
    assert_true(m.samples_us[3] == 110);
    assert_non_null(strstr(m.fingerprint, "tool=custom binary:"));
    assert_non_null(strstr(m.fingerprint, "tool_argv=evaluate a=y"));
    assert_string_equal(phases, "build measure ");
    measurement_fini(&m);
}

static void failures_by_class(void **state)
{
    (void)state;
    const struct {
        const char *script;
        enum outcome outcome;
        const char *reason;
    } cases[] = {
        {"echo 'SONATA-RESULT {\"outcome\":\"infeasible\",\"reason\":\"ram: 4 KiB missing\"}'", OUTCOME_INFEASIBLE, "infeasible: ram: 4 KiB missing"},
        {"echo 'SONATA-RESULT {\"outcome\":\"invalid\",\"reason\":\"hot\"}'", OUTCOME_INVALID, "invalid: hot"},
        {"exit 3", OUTCOME_BUG, "exit code 3"},
        {"echo nothing", OUTCOME_BUG, "SONATA-RESULT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char script[256];
        struct measurement m;
        snprintf(script, sizeof script, "#!/bin/sh\n%s\n", cases[i].script);
        fake_tree_tool(&tree, "evaluate", script);
        struct board_config c = config_of("evaluate", "latency");
        run(&c, &m);
        assert_int_equal(m.outcome, cases[i].outcome);
        if (!strstr(m.reason, cases[i].reason))
            fail_msg("%s", m.reason);
        measurement_fini(&m);
    }
}

static void leaves_no_folder(void **state)
{
    (void)state;
    fake_tree_tool(&tree, "evaluate", "#!/bin/sh\nmkdir -p a/b; echo x > a/b/c; echo 'SONATA-RESULT {\"metrics\":{\"latency\":1}}'\n");
    struct board_config c = config_of("evaluate", "latency");
    struct measurement m;
    run(&c, &m);
    measurement_fini(&m);
    char command[128];
    snprintf(command, sizeof command, "test -z \"$(ls -d %s/sonata-* 2>/dev/null)\"", tree.root);
    assert_int_equal(system(command), 0);
}

static void refused_before_anything_runs(void **state)
{
    (void)state;
    const struct backend_ops *ops = backend_of(BACKEND_COMMAND);
    struct backend_job j = {.job = &job, .space = &space, .protocol = &protocol, .phase = phase};
    struct sonata_error err = {0};
    void *backend = NULL;
    struct board_config c = config_of("no-such-evaluator", "latency");
    assert_true(ops->open(&c, &backend, &err) < 0);
    assert_non_null(strstr(err.text, "no-such-evaluator"));
    fake_tree_tool(&tree, "evaluate", "#!/bin/sh\n");
    c = config_of("evaluate", "accuracy");
    assert_int_equal(ops->open(&c, &backend, &err), 0);
    assert_true(ops->prepare(backend, &j, &err) < 0);
    assert_non_null(strstr(err.text, "does not supply metric 'latency'"));
    ops->close(backend);
    c = config_of("evaluate", "latency,,accuracy");
    assert_true(ops->open(&c, &backend, &err) < 0);
    fake_tree_tool(&tree, "onnxruntime_perf_test", "#!/bin/sh\n");
    c.adapter = (struct adapter_config){.tool = ADAPTER_ORT_PERF_TEST};
    assert_int_equal(ops->open(&c, &backend, &err), 0);
    assert_true(ops->prepare(backend, &j, &err) < 0); // the space describes no network
    assert_non_null(strstr(err.text, "needs a network"));
    ops->close(backend);
}

static void the_tool_changed(void **state)
{
    (void)state;
    const struct backend_ops *ops = backend_of(BACKEND_COMMAND);
    struct sonata_error err = {0};
    void *backend = NULL;
    fake_tree_tool(&tree, "evaluate", "#!/bin/sh\n");
    struct board_config c = config_of("evaluate", "latency");
    assert_int_equal(ops->open(&c, &backend, &err), 0);
    fake_tree_tool(&tree, "evaluate", "#!/bin/sh\n# another one\n");
    assert_true(ops->canary(backend, false, NULL, &err) < 0);
    assert_non_null(strstr(err.text, "changed"));
    ops->close(backend);
}

/* canary.command is an evaluator of its own network: the middle one of its windows is the canary's latency. */
static void canary_command(void **state)
{
    (void)state;
    const struct backend_ops *ops = backend_of(BACKEND_COMMAND);
    struct sonata_error err = {0};
    void *backend = NULL;
    double us = 0;
    char script[512];
    snprintf(script, sizeof script, "#!/bin/sh\nn=$(cat %s/n 2>/dev/null || echo 1)\necho $((n+1)) > %s/n\n[ $n -lt 5 ] || exit 4\n"
             "echo \"SONATA-RESULT {\\\"samples_us\\\":[${n}00]}\"\n", tree.root, tree.root);
    fake_tree_tool(&tree, "evaluate", "#!/bin/sh\n");
    fake_tree_tool(&tree, "pinned", script);
    struct board_config c = config_of("evaluate", "latency");
    assert_int_equal(board_config_set(&c, "canary.command", "pinned", &err), 0);
    assert_int_equal(board_config_set(&c, "canary", "1s", &err), 0);
    assert_int_equal(board_config_check(&c, &err), 0);
    assert_int_equal(ops->open(&c, &backend, &err), 0);
    if (ops->canary(backend, true, &us, &err))
        fail_msg("%s", err.text);
    assert_true(us == 200); /* windows of 100, 200 and 300 */
    assert_int_equal(ops->canary(backend, false, NULL, &err), 0);
    assert_true(ops->canary(backend, true, &us, &err) < 0); /* the fifth call fails */
    assert_non_null(strstr(err.text, "canary.command"));
    ops->close(backend);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(latency_and_accuracy), T(failures_by_class), T(leaves_no_folder), T(refused_before_anything_runs), T(the_tool_changed), T(canary_command)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
