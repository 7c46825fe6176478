/* See model.h. */
#include "model/model.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "model/npy.h"

enum { LARGE_BYTES = 128 << 10 };

static int read_graph(const char *path, const struct model_options *o, struct graph *ret, struct sonata_error *err)
{
    cleanup_bytes struct bytes b = {0};
    struct onnx_options read = {.batch = o->batch, .dimension = o->dimension, .n_dimensions = o->n_dimensions, .consume = &b};
    int r = file_read(path, ONNX_FILE_MAX, &b, err);
    return r ? r : onnx_read(b.data, b.size, path, &read, ret, err);
}

int model_open(const char *path, const struct model_options *o, struct executor **ret, struct sonata_error *err)
{
    struct graph g = {0};
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* tensors go back to the system when they are freed; else glibc keeps up to 32 MiB of each */
    unsigned threads = o->threads ? o->threads : 1;
    const char *name = o->executor && *o->executor ? o->executor : "engine";
    bool ref = !strcmp(name, "ref");
    if (!strcmp(name, "onnxruntime"))
        return executor_onnxruntime_create(path, o, ret, err);
    if (!ref && strcmp(name, "engine"))
        return sonata_error_set(err, -ENOENT, "no executor '%s' (engine, ref, onnxruntime)", name);
    int r = read_graph(path, o, &g, err);
    if (!r)
        r = ref ? executor_ref_create(&g, ret, err) : executor_engine_create(&g, threads, ret, err);
    graph_fini(&g);
    return r;
}

static int find_port(struct executor_port *port, unsigned n, const char *name, struct executor_port **ret, struct sonata_error *err)
{
    char names[300] = "";
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        if (name ? !strcmp(port[i].name, name) : n == 1) {
            *ret = &port[i];
            return 0;
        }
        if (at < sizeof names - 1)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", port[i].name);
    }
    if (!name)
        return sonata_error_set(err, -ENOENT, "more than one; write NAME=FILE; there are: %s", names);
    return sonata_error_set(err, -ENOENT, "no input or output '%s'; there are: %s", name, names);
}

int model_input(struct executor *e, const char *name, struct executor_port **ret, struct sonata_error *err)
{
    return find_port(e->input, e->n_inputs, name, ret, err);
}

int model_output(struct executor *e, const char *name, struct executor_port **ret, struct sonata_error *err)
{
    return find_port(e->output, e->n_outputs, name, ret, err);
}

/* Splits "NAME=FILE"; the name is for free(), NULL: only a file. */
static const char *split(const char *what, char **ret_name)
{
    const char *sign = strchr(what, '=');
    *ret_name = NULL;
    if (!sign)
        return what;
    *ret_name = xstrdup(what);
    (*ret_name)[sign - what] = 0;
    return sign + 1;
}

static int copy_values(const struct graph_tensor *t, const char *path, struct executor_port *port, struct sonata_error *err)
{
    char have[160], want[160];
    if (graph_elements(&t->shape) != graph_elements(&port->shape) || t->type != port->type)
        return sonata_error_set(err, -EINVAL, "%s: %s %s, but input '%s' is %s %s", path, t->type == GRAPH_F32 ? "floats" : "integers",
                                graph_shape_text(&t->shape, have), port->name, port->type == GRAPH_F32 ? "floats" : "integers",
                                graph_shape_text(&port->shape, want));
    memcpy(port->data, t->data, graph_tensor_bytes(t));
    return 0;
}

int model_load(struct executor *e, const char *what, struct sonata_error *err)
{
    cleanup_free char *name = NULL;
    const char *path = split(what, &name);
    struct executor_port *port;
    struct graph_tensor t = {0};
    int r = model_input(e, name, &port, err);
    r = r ? r : npy_read(path, &t, err);
    r = r ? r : copy_values(&t, path, port, err);
    free(t.data);
    return r;
}

int model_store(struct executor *e, const char *what, struct sonata_error *err)
{
    cleanup_free char *name = NULL;
    const char *path = split(what, &name);
    struct executor_port *port;
    int r = model_output(e, name, &port, err);
    return r ? r : npy_write(path, port->type, &port->shape, port->data, err);
}

void model_fill(struct executor *e)
{
    struct rng rng = rng_seeded(1, 0);
    for (unsigned i = 0; i < e->n_inputs; i++) {
        int64_t n = graph_elements(&e->input[i].shape);
        for (int64_t k = 0; k < n; k++) {
            if (e->input[i].type == GRAPH_F32)
                ((float *)e->input[i].data)[k] = (float)rng_uniform(&rng);
            else
                ((int64_t *)e->input[i].data)[k] = rng_below(&rng, 2);
        }
    }
}

static int infer(void *user)
{
    struct sonata_error err = {{0}};
    return executor_run(user, &err);
}

static int64_t now(void *user)
{
    (void)user;
    return clock_raw_ns();
}

int model_latency(struct executor *e, enum tier tier, struct latency_result *ret, struct sonata_error *err)
{
    struct latency_target target = {.infer = infer, .now_ns = now, .user = e};
    return latency_measure(latency_protocol_of(tier), &target, ret, err);
}

int model_time_layers(struct executor *e, int64_t ns, struct sonata_error *err)
{
    int64_t start = clock_raw_ns();
    int runs = 0, r = executor_run(e, err); /* caches are warm */
    for (size_t i = 0; i < e->n_layers; i++)
        e->layer[i].ns = 0;
    e->now_ns = clock_raw_ns;
    while (!r && (runs < 3 || (clock_raw_ns() - start < ns && runs < 1000000))) {
        r = executor_run(e, err);
        runs++;
    }
    e->now_ns = NULL;
    return r ? r : runs;
}
