/* bench_latency SUPERNET [ONNXRUNTIME_LIBRARY [NETWORKS [SPACE]]]: latency of one picture on one thread for random sub-networks of SPACE,
 * fmnist-mbconv where none is named: the XNNPACK executor, and ONNX Runtime on the ONNX file of the same network. Windows of both alternate in one
 * run, so that a busy machine hits both alike. CPU time of the thread; the median of window medians. Also checks that both give the same logits, and
 * times one whole evaluation. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "conf/space_file.h"
#include "model/model.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"
#include "runtime/onnx_writer.h"
#include "runtime/runtime.h"

enum { WINDOWS = 15, RUNS = 40, PICTURES = 64, NETWORKS_MAX = 500, CLASSES_MAX = 64 };

struct bench {
    struct space space;
    struct dataset dataset;
    struct bytes supernet;
    const char *library;
    float *pictures;
};

struct row {
    double ours, theirs, evaluation_ms, macs;
};

static int64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * SONATA_SECOND + t.tv_nsec;
}

/* The logits of one picture, borrowed until the next call; NULL on failure. */
static const float *ort_run(struct executor *e, const float *picture)
{
    struct sonata_error err = {{0}};
    memcpy(e->input[0].data, picture, (size_t)graph_elements(&e->input[0].shape) * sizeof *picture);
    return executor_run(e, &err) ? NULL : e->output[0].data;
}

/* ONNX Runtime on the network as a file. */
static int ort_open(const struct bench *b, const struct network *n, struct executor **ret, struct sonata_error *err)
{
    char path[] = "/tmp/sonata-bench-XXXXXX";
    struct bytes model = {0};
    int fd = mkstemp(path);
    if (fd < 0)
        return sonata_error_set(err, -errno, "%s", path);
    close(fd);
    onnx_write(n, "bench", &model);
    int r = file_write_atomic(path, model.data, model.size, err);
    r = r ? r : executor_onnxruntime_create(path, &(struct model_options){.library = b->library}, ret, err);
    unlink(path);
    bytes_fini(&model);
    return r;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, compare);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* One window: median time of RUNS single runs, microseconds. ours: runtime; theirs: ort. */
static double window(const struct bench *b, struct runtime *ours, struct executor *theirs)
{
    double t[RUNS];
    float logits[CLASSES_MAX];
    size_t pixels = (size_t)b->dataset.size * b->dataset.size;
    for (int i = 0; i < RUNS; i++) {
        const float *x = b->pictures + (size_t)(i % PICTURES) * pixels;
        int64_t start = thread_ns();
        if (ours ? runtime_xnnpack.run(ours, x, logits) != 0 : ort_run(theirs, x) == NULL)
            exit(1);
        t[i] = (double)(thread_ns() - start) * 1e-3;
    }
    return median(t, RUNS);
}

static void check_same(const struct bench *b, struct runtime *ours, struct executor *theirs)
{
    float logits[CLASSES_MAX];
    const float *other = ort_run(theirs, b->pictures);
    if (!other || runtime_xnnpack.run(ours, b->pictures, logits))
        exit(1);
    for (unsigned c = 0; c < b->dataset.classes; c++) {
        if (fabs((double)logits[c] - (double)other[c]) > 1e-3 * (1 + fabs((double)logits[c]))) {
            fprintf(stderr, "logit %u: ours %g, onnxruntime %g\n", c, (double)logits[c], (double)other[c]);
            exit(1);
        }
    }
}

static int measure(const struct bench *b, const struct network *n, struct row *row, struct sonata_error *err)
{
    struct runtime *ours;
    struct executor *theirs = NULL;
    double a[WINDOWS], o[WINDOWS];
    int r = runtime_xnnpack.create(n, 1, NULL, &ours, err);
    if (r)
        return r;
    if (b->library) {
        r = ort_open(b, n, &theirs, err);
        if (!r)
            check_same(b, ours, theirs);
    }
    for (int w = -1; w < WINDOWS && !r; w++) {
        double x = window(b, ours, NULL), y = theirs ? window(b, NULL, theirs) : NAN;
        if (w >= 0) {
            a[w] = x;
            o[w] = y;
        }
    }
    if (!r) {
        row->ours = median(a, WINDOWS);
        row->theirs = theirs ? median(o, WINDOWS) : NAN;
    }
    runtime_xnnpack.destroy(ours);
    executor_free(theirs);
    return r;
}

/* A whole evaluation as a worker's child does it: open, 500 single runs, accuracy over the test set. CPU milliseconds. */
static int evaluate(const struct bench *b, const struct genotype *g, struct row *row, struct sonata_error *err)
{
    struct engine_request q = {
        .space = &b->space, .genotype = g, .supernet = b->supernet.data, .supernet_size = b->supernet.size, .dataset = &b->dataset};
    struct engine_session *s;
    struct metric_value accuracy;
    int64_t start = thread_ns();
    int r = engine_open(&q, &s, err);
    if (r)
        return r;
    for (int i = 0; i < 500 && !r; i++)
        r = engine_infer(s);
    r = r ? r : engine_accuracy(s, &accuracy, err);
    row->evaluation_ms = (double)(thread_ns() - start) * 1e-6;
    row->macs = engine_network(s)->macs;
    r = r ? r : measure(b, engine_network(s), row, err);
    if (!r)
        printf("%8.3f %9.1f %9.1f %6.2f %9.0f   %6.2f\n", row->macs * 1e-6, row->ours, row->theirs, row->theirs / row->ours, row->evaluation_ms,
               accuracy.value);
    fflush(stdout);
    engine_close(s);
    return r;
}

static void summary(struct row *row, size_t n)
{
    double ours[NETWORKS_MAX], theirs[NETWORKS_MAX], ratio[NETWORKS_MAX], evaluation[NETWORKS_MAX];
    for (size_t i = 0; i < n; i++) {
        ours[i] = row[i].ours;
        theirs[i] = row[i].theirs;
        ratio[i] = row[i].theirs / row[i].ours;
        evaluation[i] = row[i].evaluation_ms;
    }
    double m = median(ours, n), o = median(theirs, n), q = median(ratio, n), e = median(evaluation, n);
    printf("%zu networks: xnnpack median %.1f us (%.1f to %.1f)", n, m, ours[0], ours[n - 1]);
    if (!isnan(o))
        printf(", onnxruntime %.1f us (%.1f to %.1f), ratio median %.2f (%.2f to %.2f)", o, theirs[0], theirs[n - 1], q, ratio[0], ratio[n - 1]);
    printf("; one evaluation median %.0f ms CPU (%.0f to %.0f)\n", e, evaluation[0], evaluation[n - 1]);
}

int main(int argc, char **argv)
{
    struct bench *b = xcalloc(1, sizeof *b);
    static struct row row[NETWORKS_MAX];
    struct sonata_error err = {{0}};
    struct rng rng = rng_seeded(2024, 0);
    uint64_t n = 30;
    if (argc < 2 || (argc > 3 && parse_u64(argv[3], 1, NETWORKS_MAX, &n))) {
        fputs("usage: bench_latency SUPERNET [ONNXRUNTIME_LIBRARY [NETWORKS [SPACE]]]\n", stderr);
        return 2;
    }
    b->library = argc > 2 && *argv[2] ? argv[2] : NULL;
    int r = space_file_read(argc > 4 ? argv[4] : "fmnist-mbconv", &b->space, &err);
    r = r ? r : dataset_load("fashion-mnist", &b->dataset, &err);
    r = r ? r : file_read(argv[1], 1 << 26, &b->supernet, &err);
    if (!r) {
        b->pictures = xcalloc((size_t)PICTURES * b->dataset.size * b->dataset.size, sizeof(float));
        dataset_pictures(&b->dataset, &b->dataset.test, 0, PICTURES, b->pictures);
        puts("    MMAC   xnnpack onnxrt/us  ratio   eval/ms accuracy");
    }
    for (uint64_t i = 0; i < n && !r; i++) {
        struct genotype g = i == 0 ? space_last(&b->space) : i == 1 ? space_first(&b->space) : space_random(&b->space, &rng);
        r = evaluate(b, &g, &row[i], &err);
    }
    if (r)
        fprintf(stderr, "bench_latency: %s\n", err.text);
    else
        summary(row, n);
    free(b->pictures);
    bytes_fini(&b->supernet);
    dataset_fini(&b->dataset);
    free(b);
    return r ? 1 : 0;
}
