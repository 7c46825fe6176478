/* See measure_files.h. */
#include "model/measure_files.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "domain/metric.h"
#include "model/model.h"

/* One row: a file, an executor, a number of threads. */
struct row {
    const char *file, *executor;
    unsigned threads;
    struct executor *e;
    struct latency_result latency;
    double load_ms;
    long peak_kib; /* of the process so far */
    int layer_runs;
};

static int each_word(char *list, struct measure_request *r, int (*take)(struct measure_request *, const char *, struct sonata_error *),
                     struct sonata_error *err)
{
    int e = 0;
    for (char *next = list; next && !e;) {
        char *word = next;
        next = strchr(word, ',');
        if (next)
            *next++ = 0;
        e = take(r, word, err);
    }
    return e;
}

static int take_threads(struct measure_request *r, const char *word, struct sonata_error *err)
{
    uint64_t n;
    if (r->n_threads >= MEASURE_THREADS_MAX || parse_u64(word, 1, 64, &n))
        return sonata_error_set(err, -EINVAL, "threads '%s': up to %d numbers from 1 to 64, separated by commas", word, MEASURE_THREADS_MAX);
    r->threads[r->n_threads++] = (unsigned)n;
    return 0;
}

static int take_executor(struct measure_request *r, const char *word, struct sonata_error *err)
{
    if (r->n_executors >= MEASURE_NAMES_MAX || !*word)
        return sonata_error_set(err, -EINVAL, "executors: up to %d names, separated by commas", MEASURE_NAMES_MAX);
    r->executor[r->n_executors++] = word;
    return 0;
}

int measure_threads(struct measure_request *r, char *list, struct sonata_error *err) { return each_word(list, r, take_threads, err); }

int measure_executors(struct measure_request *r, char *list, struct sonata_error *err) { return each_word(list, r, take_executor, err); }

/* ---- text ---- */

static void print_heading(const struct measure_request *r, FILE *out)
{
    if (!r->json && !r->once)
        fprintf(out, "%-32s %-12s %7s %11s %11s %11s %11s %10s %10s\n", "model", "executor", "threads", "latency ms", "low", "high", "p90", "Mmac",
                "load ms");
}

static void print_row(const struct row *w, FILE *out)
{
    const struct latency_result *l = &w->latency;
    fprintf(out, "%-32s %-12s %7u %11.4g %11.4g %11.4g %11.4g %10.4g %10.4g%s\n", w->file, w->executor, w->threads, l->median_us * 1e-3,
            l->low_us * 1e-3, l->high_us * 1e-3, l->p90_us * 1e-3, w->e->macs * 1e-6, w->load_ms, l->flags & FLAG_NOISY ? "  noisy" : "");
}

static void print_layers(const struct row *w, FILE *out)
{
    double total = 0, runs = w->layer_runs;
    for (size_t i = 0; i < w->e->n_layers; i++)
        total += (double)w->e->layer[i].ns / runs;
    fprintf(out, "\n%-48s %-18s %-12s %10s %6s %8s\n", "layer", "operator", "by", "us", "%", "Gmac/s");
    for (size_t i = 0; i < w->e->n_layers; i++) {
        const struct executor_layer *l = &w->e->layer[i];
        double ns = (double)l->ns / runs;
        fprintf(out, "%-48.48s %-18s %-12s %10.2f %6.2f", l->name, l->op, l->how, ns * 1e-3, total > 0 ? 100 * ns / total : 0);
        fprintf(out, l->macs > 0 && ns > 0 ? " %8.2f\n" : "\n", l->macs / ns);
    }
    fprintf(out, "%-48s %-18s %-12s %10.2f\n\n", "all", "", "", total * 1e-3);
}

/* ---- JSON ---- */

static void json_ports(cJSON *o, const char *name, const struct executor_port *port, unsigned n)
{
    cJSON *list = cJSON_AddArrayToObject(o, name);
    for (unsigned i = 0; i < n; i++) {
        cJSON *p = cJSON_CreateObject(), *shape;
        cJSON_AddStringToObject(p, "name", port[i].name);
        cJSON_AddStringToObject(p, "type", port[i].type == GRAPH_F32 ? "float32" : "int64");
        shape = cJSON_AddArrayToObject(p, "shape");
        for (unsigned k = 0; k < port[i].shape.rank; k++)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)port[i].shape.dim[k]));
        cJSON_AddItemToArray(list, p);
    }
}

static void json_latency(cJSON *o, const struct latency_result *l)
{
    cJSON *v = cJSON_AddObjectToObject(o, "latency_ms");
    cJSON_AddNumberToObject(v, "median", l->median_us * 1e-3);
    cJSON_AddNumberToObject(v, "low", l->low_us * 1e-3);
    cJSON_AddNumberToObject(v, "high", l->high_us * 1e-3);
    cJSON_AddNumberToObject(v, "coverage", l->coverage);
    cJSON_AddNumberToObject(v, "p90", l->p90_us * 1e-3);
    cJSON_AddNumberToObject(v, "p99", l->p99_us * 1e-3);
    cJSON_AddNumberToObject(v, "min", l->min_us * 1e-3);
    cJSON_AddNumberToObject(v, "windows", l->n_windows);
    cJSON_AddNumberToObject(v, "inferences", (double)l->inferences);
    cJSON_AddBoolToObject(v, "noisy", (l->flags & FLAG_NOISY) != 0);
}

static void json_layers(cJSON *o, const struct row *w)
{
    cJSON *list = cJSON_AddArrayToObject(o, "layers");
    for (size_t i = 0; i < w->e->n_layers; i++) {
        const struct executor_layer *l = &w->e->layer[i];
        cJSON *v = cJSON_CreateObject();
        cJSON_AddStringToObject(v, "name", l->name);
        cJSON_AddStringToObject(v, "operator", l->op);
        cJSON_AddStringToObject(v, "by", l->how);
        cJSON_AddNumberToObject(v, "us", (double)l->ns * 1e-3 / w->layer_runs);
        cJSON_AddNumberToObject(v, "macs", l->macs);
        cJSON_AddItemToArray(list, v);
    }
}

static cJSON *json_row(const struct measure_request *r, const struct row *w)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "model", w->file);
    cJSON_AddStringToObject(o, "executor", w->executor);
    cJSON_AddStringToObject(o, "version", w->e->version);
    cJSON_AddNumberToObject(o, "threads", w->threads);
    cJSON_AddNumberToObject(o, "load_ms", w->load_ms);
    cJSON_AddNumberToObject(o, "macs", w->e->macs);
    cJSON_AddNumberToObject(o, "params", w->e->params);
    cJSON_AddNumberToObject(o, "tensor_bytes", (double)w->e->tensor_bytes);
    cJSON_AddNumberToObject(o, "peak_memory_kib", (double)w->peak_kib);
    json_ports(o, "inputs", w->e->input, w->e->n_inputs);
    json_ports(o, "outputs", w->e->output, w->e->n_outputs);
    if (!r->once)
        json_latency(o, &w->latency);
    if (r->layers)
        json_layers(o, w);
    return o;
}

/* ---- measuring ---- */

static int feed(const struct measure_request *r, struct row *w, struct sonata_error *err)
{
    int e = 0;
    model_fill(w->e);
    for (unsigned i = 0; i < r->n_inputs && !e; i++)
        e = model_load(w->e, r->input[i], err);
    e = e ? e : executor_run(w->e, err);
    for (unsigned i = 0; i < r->n_outputs && !e; i++)
        e = model_store(w->e, r->output[i], err);
    return e;
}

static int measure_row(const struct measure_request *r, struct row *w, struct sonata_error *err)
{
    struct model_options o = {.executor = w->executor,
                              .threads = w->threads,
                              .batch = r->batch,
                              .dimension = r->dimension,
                              .n_dimensions = r->n_dimensions,
                              .library = r->library,
                              .provider = r->provider};
    struct rusage usage;
    int64_t start = clock_raw_ns();
    int e = model_open(w->file, &o, &w->e, err);
    w->load_ms = (double)(clock_raw_ns() - start) * 1e-6;
    e = e ? e : feed(r, w, err);
    if (!e && !r->once)
        e = model_latency(w->e, r->tier, &w->latency, err);
    if (!e && r->layers) {
        w->layer_runs = model_time_layers(w->e, SONATA_SECOND, err);
        e = w->layer_runs < 0 ? w->layer_runs : 0;
    }
    getrusage(RUSAGE_SELF, &usage);
    w->peak_kib = usage.ru_maxrss;
    return e;
}

static void print_result(const struct measure_request *r, const struct row *w, FILE *out, cJSON *list)
{
    if (list) {
        cJSON_AddItemToArray(list, json_row(r, w));
        return;
    }
    if (!r->once)
        print_row(w, out);
    if (r->layers)
        print_layers(w, out);
    fflush(out);
}

static int one(const struct measure_request *r, struct row *w, FILE *out, cJSON *list)
{
    struct sonata_error err = {{0}};
    int e = measure_row(r, w, &err);
    if (e && list) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "model", w->file);
        cJSON_AddStringToObject(o, "executor", w->executor);
        cJSON_AddStringToObject(o, "error", err.text);
        cJSON_AddItemToArray(list, o);
    } else if (e) {
        fprintf(out, "%s: %s\n", w->executor, err.text);
    }
    return e;
}

static int finish(const struct measure_request *r, struct row *w, FILE *out, cJSON *list)
{
    print_result(r, w, out, list);
    return r->max_latency_ms > 0 && !r->once && w->latency.median_us * 1e-3 > r->max_latency_ms ? -EDOM : 0;
}

int measure_files(const struct measure_request *r, FILE *out, FILE *messages)
{
    cJSON *list = r->json ? cJSON_CreateArray() : NULL;
    int worst = 0;
    print_heading(r, out);
    for (size_t i = 0; i < r->n_files; i++)
        for (unsigned k = 0; k < (r->n_executors ? r->n_executors : 1); k++)
            for (unsigned t = 0; t < (r->n_threads ? r->n_threads : 1); t++) {
                struct row w = {.file = r->file[i], .executor = "engine", .threads = r->n_threads ? r->threads[t] : 1};
                if (r->n_executors)
                    w.executor = r->executor[k];
                int e = one(r, &w, messages, list);
                e = e ? e : finish(r, &w, out, list);
                worst = worst ? worst : e;
                latency_result_fini(&w.latency);
                executor_free(w.e);
            }
    if (list) {
        char *text = cJSON_Print(list);
        fprintf(out, "%s\n", text);
        free(text);
        cJSON_Delete(list);
    }
    return worst;
}
