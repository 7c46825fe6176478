/* The example evaluator for PyTorch, really run: a command board with deploy/examples/evaluators/evaluate_torch.py against the engine, on the shipped supernet and the whole
 * test set. Two implementations that share no line of code give the same network: parameters, accuracy, logits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/file.h"
#include "conf/space_file.h"
#include "process/process.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"
#include "runtime/runtime.h"
#include "supernet/build.h"
#include "support/cmocka.h"

#define DATASETS "/usr/share/datasets/fashion-mnist"
#define PYTHON "/usr/bin/python3"
enum { CLASSES = 10 };
/* Small ones, for PyTorch's sake: with and without residuals, kernels of both sizes. */
static const char *const network[] = {"d1=1 w1=8 k11=3 e11=1 d2=1 w2=8 k21=3 e21=1 d3=1 w3=8 k31=3 e31=1",
                                      "d1=2 w1=8 k11=5 e11=1 k12=3 e12=1 d2=1 w2=8 k21=3 e21=4 d3=2 w3=64 k31=5 e31=1 k32=3 e32=4"};
static const double LOGIT_TOLERANCE = 1e-4, ACCURACY_TOLERANCE = 0.02; /* percent: two pictures of 10,000 whose two best classes are that close */

static struct space space;
static struct bytes supernet;
static struct latency_protocol protocol;

static bool torch_is_here(void)
{
    const char *argv[] = {PYTHON, "-c", "import torch, numpy", NULL};
    struct process_result p;
    if (access(PYTHON, X_OK) || process_run(argv, &(struct process_limits){0}, &p, NULL))
        return false;
    bool here = p.end == PROCESS_EXITED && p.exit_code == 0;
    process_result_fini(&p);
    return here;
}

static void phase(void *user, const char *name)
{
    (void)user, (void)name;
}

/* command NULL: the engine. */
static struct board_config config_of(const char *command)
{
    struct board_config c = {.id = "lab", .type = "lab", .backend = BACKEND_COMMAND, .core = -1, .adapter = {.tool = ADAPTER_CUSTOM}};
    struct sonata_error err = {{0}};
    int r = command ? 0 : board_config_parse("host:engine", &c, &err);
    if (!r && command)
        r = board_config_set(&c, "command", command, &err);
    if (!r && command)
        r = board_config_set(&c, "offers", "latency,accuracy,params", &err);
    if (!r)
        r = board_config_check(&c, &err);
    if (r)
        fail_msg("%s", err.text);
    return c;
}

static void measure(const char *command, struct evaluation_job *job, struct measurement *m)
{
    struct board_config c = config_of(command);
    struct backend_job j = {.job = job, .space = &space, .supernet = supernet.data, .supernet_size = supernet.size, .protocol = &protocol, .phase = phase};
    struct sonata_error err = {{0}};
    void *backend = NULL;
    const struct backend_ops *ops = backend_of(c.backend);
    *m = (struct measurement){0};
    if (ops->open(&c, &backend, &err) || ops->prepare(backend, &j, &err))
        fail_msg("%s: %s", backend_kind_name(c.backend), err.text);
    ops->run(backend, &j, m);
    ops->close(backend);
    if (m->outcome != OUTCOME_OK)
        fail_msg("%s: %s", backend_kind_name(c.backend), m->reason);
}

static double value_of(const struct measurement *m, const char *name)
{
    const struct metric_value *v = measurement_metric(m, name);
    if (!v)
        fail_msg("there is no %s", name);
    return v->value;
}

/* Largest difference of the engine's logits to those in the file, over the test set. */
static double compare_logits(const struct genotype *g, const char *path)
{
    struct dataset d = {0};
    struct network net;
    struct runtime *r = NULL;
    struct bytes theirs = {0};
    struct sonata_error err = {{0}};
    double worst = 0;
    if (dataset_load("fashion-mnist", &d, &err))
        fail_msg("%s", err.text);
    struct engine_request q = {.space = &space, .genotype = g, .supernet = supernet.data, .supernet_size = supernet.size, .dataset = &d};
    if (engine_build_network(&q, &net, &err) || runtime_xnnpack.create(&net, 1, NULL, &r, &err) || file_read(path, 1 << 20, &theirs, &err))
        fail_msg("%s", err.text);
    assert_int_equal(theirs.size, d.test.n * CLASSES * sizeof(float));
    float *picture = malloc((size_t)d.size * d.size * d.channels * sizeof *picture), ours[CLASSES], other;
    for (uint32_t i = 0; i < d.test.n; i++) {
        dataset_picture(&d, &d.test, i, picture);
        assert_int_equal(runtime_xnnpack.run(r, picture, ours), 0);
        for (int k = 0; k < CLASSES; k++) {
            memcpy(&other, theirs.data + (i * CLASSES + (unsigned)k) * sizeof other, sizeof other);
            worst = fmax(worst, fabs((double)ours[k] - (double)other));
        }
    }
    free(picture);
    runtime_xnnpack.destroy(r);
    network_free(&net);
    bytes_fini(&theirs);
    dataset_fini(&d);
    return worst;
}

static void torch_and_engine_agree(void **state)
{
    (void)state;
    char logits[] = "/tmp/sonata-torch-XXXXXX", command[1024];
    int fd = mkstemp(logits);
    assert_true(fd >= 0);
    close(fd);
    snprintf(command, sizeof command,
             PYTHON " " SONATA_SOURCE_DIR "/deploy/examples/evaluators/evaluate_torch.py "
             "--genotype {genotype} --supernet {supernet} --dataset " DATASETS " --threads {threads} --inferences {min_inferences} --warmup {warmup_s} --logits %s",
             logits);
    for (size_t i = 0; i < sizeof network / sizeof *network; i++) {
        struct evaluation_job job = {.attempt = 1, .n_genes = space.n_genes, .n_metrics = 2, .metric = {"accuracy", "latency"}, .tier = "screen", .dataset = "fashion-mnist"};
        struct sonata_error err = {{0}};
        if (genotype_parse(&space, network[i], &job.genotype, &err))
            fail_msg("%s", err.text);
        struct measurement torch, engine;
        measure(command, &job, &torch);
        measure(NULL, &job, &engine);
        double difference = compare_logits(&job.genotype, logits);
        print_message("accuracy %.2f %% and %.2f %%, latency %.3f and %.3f ms, logits within %.2g\n", value_of(&torch, "accuracy"), value_of(&engine, "accuracy"),
                      value_of(&torch, "latency"), value_of(&engine, "latency"), difference);
        assert_true(difference < LOGIT_TOLERANCE);
        assert_true(fabs(value_of(&torch, "accuracy") - value_of(&engine, "accuracy")) <= ACCURACY_TOLERANCE);
        assert_true(value_of(&torch, "params") == value_of(&engine, "params"));
        assert_int_equal(measurement_metric(&torch, "accuracy")->n, measurement_metric(&engine, "accuracy")->n);
        assert_int_equal(torch.n_windows, protocol.windows);
        measurement_fini(&torch);
        measurement_fini(&engine);
    }
    unlink(logits);
}

int main(void)
{
    struct sonata_error err = {{0}};
    if (access(DATASETS, R_OK) || file_read(SONATA_SOURCE_DIR "/deploy/supernets/fmnist-mbconv-v1.safetensors", 64 << 20, &supernet, &err) || !torch_is_here()) {
        fprintf(stderr, "skipped: PyTorch (Debian: python3-torch), the data set or the supernet is not there\n");
        return 77;
    }
    if (space_file_read(SONATA_SOURCE_DIR "/deploy/spaces/fmnist-mbconv.yaml", &space, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    protocol = *latency_protocol_of(TIER_SCREEN);
    protocol.windows = protocol.windows_max = 1; /* an invocation takes seconds */
    protocol.warmup_ns = 100000000;
    const struct CMUnitTest tests[] = {cmocka_unit_test(torch_and_engine_agree)};
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    bytes_fini(&supernet);
    return r;
}
