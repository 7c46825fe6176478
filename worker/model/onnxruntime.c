/* ONNX Runtime behind struct executor. No header of the library is in Debian 12; its table of functions only ever grows at the end, so the entries
 * used are named here by their position (onnxruntime_c_api.h, API version 11, which is ONNX Runtime 1.11). */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "model/model.h"

enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_INTRA_OP_NUM_THREADS = 24,
    SET_INTER_OP_NUM_THREADS = 25,
    INPUT_COUNT = 30,
    OUTPUT_COUNT = 31,
    INPUT_TYPE = 33,
    INPUT_NAME = 36,
    OUTPUT_NAME = 37,
    CREATE_TENSOR_WITH_DATA = 49,
    TENSOR_DATA = 51,
    CAST_TO_TENSOR_INFO = 55,
    ELEMENT_TYPE = 60,
    DIMENSIONS_COUNT = 61,
    DIMENSIONS = 62,
    SYMBOLIC_DIMENSIONS = 63,
    TENSOR_SHAPE = 65,
    CREATE_CPU_MEMORY_INFO = 69,
    DEFAULT_ALLOCATOR = 78,
    RELEASE_ENV = 92,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_TYPE_INFO = 98,
    RELEASE_TENSOR_INFO = 99,
    RELEASE_OPTIONS = 100
};
enum { API_VERSION = 11, LOG_ERRORS = 3, ARENA_ALLOCATOR = 1, MEMORY_DEFAULT = 0, TYPE_FLOAT = 1, TYPE_INT64 = 7 };

#define STANDARD_LIBRARY "libonnxruntime.so.1"

typedef void *status;
typedef void (*function)(void);

struct api_base {
    const function *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
};

struct ort {
    struct executor base;
    void *library;
    const function *api;
    void *env, *options, *session, *memory, *allocator;
    void *in[GRAPH_PORTS_MAX], *out[GRAPH_PORTS_MAX]; /* OrtValue over the ports' data */
    char *in_name[GRAPH_PORTS_MAX], *out_name[GRAPH_PORTS_MAX];
    struct executor_layer layer;
};

/* A function of the table, as the type of the call. */
#define CALL(o, type, index) ((type)(o)->api[index])

static int check(struct ort *o, status s, const char *what, struct sonata_error *err)
{
    if (!s)
        return 0;
    int r = sonata_error_set(err, -EIO, "onnxruntime, %s: %s", what, CALL(o, const char *(*)(status), GET_ERROR_MESSAGE)(s));
    CALL(o, void (*)(status), RELEASE_STATUS)(s);
    return r;
}

static void release(struct ort *o, int index, void *object)
{
    if (o->api && object)
        CALL(o, void (*)(void *), index)(object);
}

static void ort_destroy(struct executor *e)
{
    struct ort *o = (struct ort *)e;
    for (unsigned i = 0; i < GRAPH_PORTS_MAX; i++) {
        release(o, RELEASE_VALUE, o->in[i]);
        release(o, RELEASE_VALUE, o->out[i]);
        free(o->in_name[i]);
        free(o->out_name[i]);
        free(e->input[i].data);
        free(e->output[i].data);
    }
    release(o, RELEASE_MEMORY_INFO, o->memory);
    release(o, RELEASE_SESSION, o->session);
    release(o, RELEASE_OPTIONS, o->options);
    release(o, RELEASE_ENV, o->env);
    free(o); /* the library stays: its threads may still be ending */
}

static status call_run(struct ort *o)
{
    typedef status (*run)(void *, const void *, const char *const *, const void *const *, size_t, const char *const *, size_t, void **);
    return CALL(o, run, RUN)(o->session, NULL, (const char *const *)o->in_name, (const void *const *)o->in, o->base.n_inputs,
                             (const char *const *)o->out_name, o->base.n_outputs, o->out);
}

static int ort_run(struct executor *e, struct sonata_error *err)
{
    struct ort *o = (struct ort *)e;
    int64_t start = e->now_ns ? e->now_ns() : 0;
    int r = check(o, call_run(o), "run", err);
    if (e->now_ns)
        o->layer.ns += e->now_ns() - start;
    return r;
}

static const struct executor_ops ort_ops = {.name = "onnxruntime", .run = ort_run, .destroy = ort_destroy};

/* A library of any name may be anything: what it calls itself is looked at first. */
static int load(struct ort *o, const char *library, struct sonata_error *err)
{
    const struct api_base *(*get_base)(void);
    o->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!o->library)
        return sonata_error_set(err, -ENOENT, "ONNX Runtime's library is not here: %s (name it with --library)", dlerror());
    void *symbol = dlsym(o->library, "OrtGetApiBase");
    memcpy(&get_base, &symbol, sizeof get_base); /* an object pointer into a function pointer, as POSIX allows */
    const struct api_base *base = symbol ? get_base() : NULL;
    o->api = base ? base->get_api(API_VERSION) : NULL;
    if (!o->api)
        return sonata_error_set(err, -ENOTSUP, "%s: not ONNX Runtime 1.11 or newer", library);
    o->base.version = base->get_version();
    return 0;
}

/* Providers have functions of their own, by name: CUDA, Tensorrt, ROCM, … on device 0. */
static int add_provider(struct ort *o, const char *provider, struct sonata_error *err)
{
    char name[128];
    status (*append)(void *, int);
    snprintf(name, sizeof name, "OrtSessionOptionsAppendExecutionProvider_%s", provider);
    void *symbol = dlsym(o->library, name);
    if (!symbol)
        return sonata_error_set(err, -ENOENT, "this ONNX Runtime has no provider '%s'", provider);
    memcpy(&append, &symbol, sizeof append);
    return check(o, append(o->options, 0), provider, err);
}

static int open_session(struct ort *o, const char *path, const struct model_options *options, struct sonata_error *err)
{
    typedef status (*set_int)(void *, int);
    int threads = (int)(options->threads ? options->threads : 1);
    int r = check(o, CALL(o, status(*)(int, const char *, void **), CREATE_ENV)(LOG_ERRORS, "sonata", &o->env), "environment", err);
    r = r ? r : check(o, CALL(o, status(*)(void **), CREATE_SESSION_OPTIONS)(&o->options), "options", err);
    r = r ? r : check(o, CALL(o, set_int, SET_INTRA_OP_NUM_THREADS)(o->options, threads), "threads", err);
    r = r ? r : check(o, CALL(o, set_int, SET_INTER_OP_NUM_THREADS)(o->options, 1), "threads", err);
    if (!r && options->provider)
        r = add_provider(o, options->provider, err);
    r = r ? r
          : check(o, CALL(o, status(*)(const void *, const char *, const void *, void **), CREATE_SESSION)(o->env, path, o->options, &o->session),
                  path, err);
    r = r ? r : check(o, CALL(o, status(*)(int, int, void **), CREATE_CPU_MEMORY_INFO)(ARENA_ALLOCATOR, MEMORY_DEFAULT, &o->memory), "memory", err);
    return r ? r : check(o, CALL(o, status(*)(void **), DEFAULT_ALLOCATOR)(&o->allocator), "allocator", err);
}

static int port_name(struct ort *o, int index, size_t i, char **ret, struct sonata_error *err)
{
    char *name = NULL;
    int r = check(o, CALL(o, status(*)(const void *, size_t, void *, char **), index)(o->session, i, o->allocator, &name), "names", err);
    if (!r)
        *ret = xstrdup(name); /* the library's copy is a few bytes of its allocator */
    return r;
}

/* Type and sizes; symbolic dimensions are 0 or less. */
static int shape_of(struct ort *o, const void *info, struct executor_port *p, struct sonata_error *err)
{
    int type = 0;
    size_t rank = 0;
    int r = check(o, CALL(o, status(*)(const void *, int *), ELEMENT_TYPE)(info, &type), "type", err);
    r = r ? r : check(o, CALL(o, status(*)(const void *, size_t *), DIMENSIONS_COUNT)(info, &rank), "shape", err);
    if (!r && (rank > GRAPH_RANK_MAX || (type != TYPE_FLOAT && type != TYPE_INT64)))
        return sonata_error_set(err, -ENOTSUP, "input or output '%s': only float32 and int64 of at most 8 dimensions are known here", p->name);
    p->type = type == TYPE_FLOAT ? GRAPH_F32 : GRAPH_I64;
    p->shape.rank = (unsigned)rank;
    return r ? r : check(o, CALL(o, status(*)(const void *, int64_t *, size_t), DIMENSIONS)(info, p->shape.dim, rank), "shape", err);
}

/* Sizes of symbolic dimensions: by name, else the batch. */
static int close_shape(struct ort *o, const void *info, const struct model_options *options, struct executor_port *p, struct sonata_error *err)
{
    const char *symbol[GRAPH_RANK_MAX] = {NULL};
    int r = check(o, CALL(o, status(*)(const void *, const char **, size_t), SYMBOLIC_DIMENSIONS)(info, symbol, p->shape.rank), "shape", err);
    for (unsigned i = 0; i < p->shape.rank && !r; i++) {
        if (p->shape.dim[i] > 0)
            continue;
        int64_t size = i == 0 ? max_of((int64_t)options->batch, (int64_t)1) : 0;
        for (size_t k = 0; k < options->n_dimensions; k++)
            size = symbol[i] && !strcmp(symbol[i], options->dimension[k].name) ? options->dimension[k].size : size;
        if (size < 1)
            return sonata_error_set(err, -EINVAL, "input '%s': dimension %u ('%s') has no size; give it by name", p->name, i,
                                    symbol[i] ? symbol[i] : "");
        p->shape.dim[i] = size;
    }
    if (!r && graph_elements(&p->shape) < 0)
        r = sonata_error_set(err, -EFBIG, "input '%s' has more than 2^28 values", p->name);
    return r;
}

static int make_tensor(struct ort *o, struct executor_port *p, void **ret, struct sonata_error *err)
{
    typedef status (*create)(const void *, void *, size_t, const int64_t *, size_t, int, void **);
    size_t bytes = (size_t)graph_elements(&p->shape) * graph_type_size(p->type);
    p->data = xcalloc_line(bytes + 8, 1);
    o->base.tensor_bytes += bytes;
    return check(o,
                 CALL(o, create, CREATE_TENSOR_WITH_DATA)(o->memory, p->data, bytes, p->shape.dim, p->shape.rank,
                                                          p->type == GRAPH_F32 ? TYPE_FLOAT : TYPE_INT64, ret),
                 "tensor", err);
}

static int open_input(struct ort *o, size_t i, const struct model_options *options, struct sonata_error *err)
{
    struct executor_port *p = &o->base.input[i];
    void *type = NULL;
    const void *info = NULL;
    int r = port_name(o, INPUT_NAME, i, &o->in_name[i], err);
    p->name = o->in_name[i];
    r = r ? r : check(o, CALL(o, status(*)(const void *, size_t, void **), INPUT_TYPE)(o->session, i, &type), "type", err);
    r = r ? r : check(o, CALL(o, status(*)(const void *, const void **), CAST_TO_TENSOR_INFO)(type, &info), "type", err);
    if (!r && !info)
        r = sonata_error_set(err, -ENOTSUP, "input '%s' is not a tensor", p->name);
    r = r ? r : shape_of(o, info, p, err);
    r = r ? r : close_shape(o, info, options, p, err);
    release(o, RELEASE_TYPE_INFO, type);
    return r ? r : make_tensor(o, p, &o->in[i], err);
}

/* The library made the value in a first run: what it looks like is what a place of our own must look like. */
static int own_output(struct ort *o, size_t i, struct sonata_error *err)
{
    struct executor_port *p = &o->base.output[i];
    void *info = NULL, *first = o->out[i], *from = NULL;
    int r = check(o, CALL(o, status(*)(const void *, void **), TENSOR_SHAPE)(first, &info), "output", err);
    r = r ? r : shape_of(o, info, p, err);
    release(o, RELEASE_TENSOR_INFO, info);
    r = r ? r : check(o, CALL(o, status(*)(void *, void **), TENSOR_DATA)(first, &from), "output", err);
    o->out[i] = NULL;
    r = r ? r : make_tensor(o, p, &o->out[i], err);
    release(o, RELEASE_VALUE, first);
    return r;
}

static int open_ports(struct ort *o, const struct model_options *options, struct sonata_error *err)
{
    size_t inputs = 0, outputs = 0;
    int r = check(o, CALL(o, status(*)(const void *, size_t *), INPUT_COUNT)(o->session, &inputs), "inputs", err);
    r = r ? r : check(o, CALL(o, status(*)(const void *, size_t *), OUTPUT_COUNT)(o->session, &outputs), "outputs", err);
    if (!r && (inputs > GRAPH_PORTS_MAX || outputs > GRAPH_PORTS_MAX))
        return sonata_error_set(err, -EFBIG, "more than %d inputs or outputs", GRAPH_PORTS_MAX);
    o->base.n_inputs = (unsigned)inputs;
    o->base.n_outputs = (unsigned)outputs;
    for (size_t i = 0; i < inputs && !r; i++)
        r = open_input(o, i, options, err);
    for (size_t i = 0; i < outputs && !r; i++) {
        r = port_name(o, OUTPUT_NAME, i, &o->out_name[i], err);
        o->base.output[i].name = o->out_name[i];
    }
    r = r ? r : check(o, call_run(o), "first run", err);
    for (size_t i = 0; i < outputs && !r; i++)
        r = own_output(o, i, err);
    return r;
}

int onnxruntime_version(const char *library, char *text, size_t size, struct sonata_error *err)
{
    struct ort *o = xcalloc(1, sizeof *o);
    int r = load(o, library ? library : STANDARD_LIBRARY, err);
    if (!r)
        copy_string(text, size, o->base.version);
    if (o->library)
        dlclose(o->library);
    free(o);
    return r;
}

int executor_onnxruntime_create(const char *path, const struct model_options *options, struct executor **ret, struct sonata_error *err)
{
    struct ort *o = xcalloc(1, sizeof *o);
    o->base =
        (struct executor){.ops = &ort_ops, .version = "", .threads = options->threads ? options->threads : 1, .layer = &o->layer, .n_layers = 1};
    o->layer = (struct executor_layer){.name = "", .op = "network", .how = "onnxruntime"};
    int r = load(o, options->library ? options->library : STANDARD_LIBRARY, err);
    r = r ? r : open_session(o, path, options, err);
    r = r ? r : open_ports(o, options, err);
    if (r) {
        ort_destroy(&o->base);
        return r;
    }
    *ret = &o->base;
    return 0;
}
