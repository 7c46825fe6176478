/* bench_models ONNXRUNTIME_LIBRARY MODEL.onnx...: the engine and ONNX Runtime on the same files, one thread. Windows of both alternate, so that a
 * busy machine hits both alike; CPU time of the thread; the median of window medians, and the quartiles of the ratio over pairs of windows. With "-"
 * for the library: the engine alone, and where its time goes, by operator and by what computes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "model/model.h"

enum { WINDOWS = 21, MODELS_MAX = 200, KINDS_MAX = 100 };

static int64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * SONATA_SECOND + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *v, size_t n, double q)
{
    qsort(v, n, sizeof *v, compare);
    return v[(size_t)(q * (double)(n - 1) + 0.5)];
}

/* Median of single runs, milliseconds. */
static double window(struct executor *e, int runs)
{
    double t[64];
    struct sonata_error err = {{0}};
    for (int i = 0; i < runs; i++) {
        int64_t start = thread_ns();
        if (executor_run(e, &err)) {
            fprintf(stderr, "%s\n", err.text);
            exit(1);
        }
        t[i] = (double)(thread_ns() - start) * 1e-6;
    }
    return quantile(t, (size_t)runs, 0.5);
}

static struct executor *opened(const char *path, const char *executor, const char *library)
{
    struct executor *e;
    struct sonata_error err = {{0}};
    if (model_open(path, &(struct model_options){.executor = executor, .library = library}, &e, &err)) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        exit(1);
    }
    model_fill(e);
    return e;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static double compare_both(const char *path, const char *library)
{
    struct executor *ours = opened(path, "engine", NULL), *theirs = opened(path, "onnxruntime", library);
    double a[WINDOWS], b[WINDOWS], ratio[WINDOWS];
    int runs = (int)(30 / (window(ours, 3) + 0.1)) + 3;
    runs = runs > 64 ? 64 : runs;
    window(theirs, 3);
    for (int w = 0; w < WINDOWS; w++) {
        a[w] = window(ours, runs);
        b[w] = window(theirs, runs);
        ratio[w] = b[w] / a[w];
    }
    double middle = quantile(ratio, WINDOWS, 0.5);
    printf("%-28s %9.3f %9.3f   %5.2f (%.2f to %.2f)\n", name_of(path), quantile(a, WINDOWS, 0.5), quantile(b, WINDOWS, 0.5), middle,
           quantile(ratio, WINDOWS, 0.25), quantile(ratio, WINDOWS, 0.75));
    fflush(stdout);
    executor_free(ours);
    executor_free(theirs);
    return middle;
}

/* Layers of one operator and one way. */
struct kind {
    char name[64];
    double us, macs;
    int layers;
};

static struct kind *kind_of(struct kind *k, const struct executor_layer *l)
{
    char name[64];
    snprintf(name, sizeof name, "%s, %s", l->op, l->how);
    while (k->layers && strcmp(k->name, name))
        k++;
    snprintf(k->name, sizeof k->name, "%s", name);
    return k;
}

static int slower(const void *a, const void *b) { return compare(&((const struct kind *)b)->us, &((const struct kind *)a)->us); }

static void where_time_goes(const char *path)
{
    struct executor *e = opened(path, "engine", NULL);
    static struct kind kind[KINDS_MAX];
    int n = 0, runs = 30;
    memset(kind, 0, sizeof kind);
    window(e, 3);
    e->now_ns = thread_ns;
    window(e, runs);
    for (size_t i = 0; i < e->n_layers; i++) {
        struct kind *k = kind_of(kind, &e->layer[i]);
        k->us += (double)e->layer[i].ns * 1e-3 / runs;
        k->macs += e->layer[i].macs;
        k->layers++;
    }
    while (n < KINDS_MAX && kind[n].layers)
        n++;
    qsort(kind, (size_t)n, sizeof *kind, slower);
    printf("%s\n", name_of(path));
    for (int i = 0; i < n; i++)
        printf("  %-36s %4d layers %10.1f us %8.1f Gmac/s\n", kind[i].name, kind[i].layers, kind[i].us, kind[i].macs * 1e-3 / kind[i].us);
    if (getenv("SONATA_LAYERS"))
        for (size_t i = 0; i < e->n_layers; i++)
            printf("    %-50s %-14s %-14s %9.1f us %7.1f\n", e->layer[i].name, e->layer[i].op, e->layer[i].how, (double)e->layer[i].ns * 1e-3 / runs,
                   e->layer[i].macs * runs / (double)(e->layer[i].ns + 1));
    executor_free(e);
}

int main(int argc, char **argv)
{
    double ratio[MODELS_MAX];
    size_t n = 0;
    if (argc < 3 || argc - 2 > MODELS_MAX) {
        fputs("usage: bench_models ONNXRUNTIME_LIBRARY|- MODEL.onnx...\n", stderr);
        return 2;
    }
    bool alone = !strcmp(argv[1], "-");
    if (!alone)
        printf("%-28s %9s %9s   %s\n", "model", "engine", "onnxrt ms", "ratio (quartiles)");
    for (int i = 2; i < argc; i++) {
        if (alone)
            where_time_goes(argv[i]);
        else
            ratio[n++] = compare_both(argv[i], argv[1]);
    }
    if (n)
        printf("median of the ratios %.2f, smallest %.2f\n", quantile(ratio, n, 0.5), quantile(ratio, n, 0));
    return 0;
}
