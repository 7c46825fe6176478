/* Executor over the XNNPACK operator API: one operator per layer, one more per residual sum, created once and set up on fixed buffers, so that a run
 * is a row of xnn_run_operator() calls. Depthwise layers go to depthwise.c where it has the kernel. */
#include "runtime/runtime.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

#include "base/memory.h"
#include "runtime/depthwise.h"
#include "runtime/placement.h"

struct runtime {
    const struct network *n;
    struct placement *place;
    size_t batch;
    float *tensor[NETWORK_LAYERS_MAX + 1];
    size_t tensor_bytes;
    xnn_operator_t layer[NETWORK_LAYERS_MAX], add[NETWORK_LAYERS_MAX];
    struct depthwise *depthwise[NETWORK_LAYERS_MAX]; /* NULL where `layer` does it */
};

/* XNNPACK's memory: where the network that is being made or released lies; else, as for the many operators of a recalibration, the heap. */
static struct placement *placing;

static void *library_allocate(void *context, size_t size)
{
    (void)context;
    return placing ? placement_take(placing, size, 0) : malloc(size);
}

static void *library_reallocate(void *context, void *memory, size_t size)
{
    (void)context;
    if (!placing)
        return realloc(memory, size);
    return memory ? NULL : placement_take(placing, size, 0); /* it never enlarges what an operator holds; if it did, the operator would fail */
}

static void *library_allocate_aligned(void *context, size_t alignment, size_t size)
{
    void *memory = NULL;
    (void)context;
    if (placing)
        return placement_take(placing, size, alignment);
    return posix_memalign(&memory, alignment, size) ? NULL : memory;
}

static void library_free(void *context, void *memory)
{
    (void)context;
    placement_drop(placing, memory);
}

static enum xnn_status library_start(void)
{
    static const struct xnn_allocator allocator = {NULL, library_allocate, library_reallocate, library_free, library_allocate_aligned, library_free};
    return xnn_initialize(&allocator); /* the first time counts */
}

static int status_error(struct sonata_error *err, enum xnn_status status, const struct network_layer *l)
{
    if (status == xnn_status_success)
        return 0;
    return sonata_error_set(err, status == xnn_status_out_of_memory ? -ENOMEM : -ENOTSUP,
                            "XNNPACK status %d for a layer of type %d, %ux%u, %u to %u channels", (int)status, (int)l->type, l->kernel, l->kernel,
                            l->in_channels, l->out_channels);
}

/* [tap][in][out] -> [out][tap][in] */
static float *output_first(const struct network_layer *l)
{
    size_t per = (size_t)l->kernel * l->kernel * l->in_channels, out = l->out_channels;
    float *w = xmalloc(per * out * sizeof *w);
    for (size_t i = 0; i < per; i++)
        for (size_t o = 0; o < out; o++)
            w[o * per + i] = l->weight[i * out + o];
    return w;
}

static enum xnn_status create_convolution(const struct network_layer *l, bool relu, xnn_operator_t *ret_op)
{
    bool depthwise = l->type == NETWORK_DEPTHWISE;
    uint32_t pad = (l->kernel - 1u) / 2, k = l->kernel, st = l->stride;
    size_t in = l->in_channels, out = l->out_channels;
    float *w = depthwise ? NULL : output_first(l);
    size_t groups = depthwise ? out : 1; /* a group for each channel, of one input and one output */
    uint32_t flags = depthwise ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0;
    const float *weight = w ? w : l->weight;
    enum xnn_status s = xnn_create_convolution2d_nhwc_f32(pad, pad, pad, pad, k, k, st, st, 1, 1, (uint32_t)groups, in / groups, out / groups, in,
                                                          out, weight, l->bias, relu ? 0.0f : -INFINITY, INFINITY, flags, ret_op);
    free(w);
    return s;
}

static enum xnn_status create_layer(struct runtime *r, unsigned i)
{
    const struct network_layer *l = &r->n->layer[i];
    const float *x = r->tensor[l->input];
    float *y = r->tensor[i + 1];
    size_t in = l->in_channels, out = l->out_channels, size = l->in_size;
    enum xnn_status s;
    switch (l->type) {
    case NETWORK_MEAN:
        s = xnn_create_global_average_pooling_nwc_f32(in, in, in, -INFINITY, INFINITY, 0, &r->layer[i]);
        return s ? s : xnn_setup_global_average_pooling_nwc_f32(r->layer[i], r->batch, size * size, x, y, NULL);
    case NETWORK_LINEAR:
        s = xnn_create_fully_connected_nc_f32(in, out, in, out, l->weight, l->bias, -INFINITY, INFINITY, XNN_FLAG_TRANSPOSE_WEIGHTS, &r->layer[i]);
        return s ? s : xnn_setup_fully_connected_nc_f32(r->layer[i], r->batch, x, y, NULL);
    default:
        if (depthwise_supports(l)) {
            r->depthwise[i] = depthwise_new(l, l->relu, r->place);
            return xnn_status_success;
        }
        s = create_convolution(l, l->relu, &r->layer[i]);
        return s ? s : xnn_setup_convolution2d_nhwc_f32(r->layer[i], r->batch, size, size, x, y, NULL);
    }
}

static enum xnn_status create_add(struct runtime *r, unsigned i)
{
    const struct network_layer *l = &r->n->layer[i];
    size_t shape[1] = {r->batch * l->out_size * l->out_size * l->out_channels};
    enum xnn_status s = xnn_create_add_nd_f32(-INFINITY, INFINITY, 0, &r->add[i]);
    return s ? s : xnn_setup_add_nd_f32(r->add[i], 1, shape, 1, shape, r->tensor[i + 1], r->tensor[l->add], r->tensor[i + 1], NULL);
}

static void xnnpack_destroy(struct runtime *r)
{
    if (!r)
        return;
    placing = r->place;
    for (unsigned i = 0; i < r->n->n_layers; i++) {
        if (r->layer[i])
            xnn_delete_operator(r->layer[i]);
        if (r->add[i])
            xnn_delete_operator(r->add[i]);
        depthwise_free(r->depthwise[i]);
    }
    for (unsigned i = 0; i <= r->n->n_layers; i++)
        placement_drop(r->place, r->tensor[i]);
    placing = NULL;
    free(r);
}

static float *tensor_new(struct runtime *r, size_t n)
{
    r->tensor_bytes += n * sizeof(float) + XNN_EXTRA_BYTES;
    return placement_take(r->place, n * sizeof(float) + XNN_EXTRA_BYTES, 0);
}

static size_t xnnpack_tensor_bytes(const struct runtime *r)
{
    return r->tensor_bytes;
}

static int xnnpack_create(const struct network *n, size_t batch, struct placement *place, struct runtime **ret_runtime, struct sonata_error *err)
{
    if (library_start() != xnn_status_success)
        return sonata_error_set(err, -ENOTSUP, "XNNPACK does not support this processor; use the executor 'ref'");
    struct runtime *r = xcalloc(1, sizeof *r);
    r->n = n;
    r->batch = batch;
    r->place = placing = place;
    r->tensor[0] = tensor_new(r, batch * n->input_size * n->input_size * n->input_channels);
    int e = 0;
    for (unsigned i = 0; i < n->n_layers && !e; i++) {
        const struct network_layer *l = &n->layer[i];
        r->tensor[i + 1] = tensor_new(r, batch * l->out_size * l->out_size * l->out_channels);
        e = status_error(err, create_layer(r, i), l);
        if (!e && l->add >= 0)
            e = status_error(err, create_add(r, i), l);
    }
    placing = NULL;
    if (e) {
        xnnpack_destroy(r);
        return e;
    }
    *ret_runtime = r;
    return 0;
}

static int xnnpack_run(struct runtime *r, const float *pictures, float *logits)
{
    const struct network *n = r->n;
    memcpy(r->tensor[0], pictures, r->batch * n->input_size * n->input_size * n->input_channels * sizeof(float));
    for (unsigned i = 0; i < n->n_layers; i++) {
        const struct network_layer *l = &n->layer[i];
        if (r->depthwise[i])
            depthwise_run(r->depthwise[i], r->batch, r->tensor[l->input], r->tensor[i + 1]);
        else if (xnn_run_operator(r->layer[i], NULL) != xnn_status_success)
            return -EIO;
        if (r->add[i] && xnn_run_operator(r->add[i], NULL) != xnn_status_success)
            return -EIO;
    }
    memcpy(logits, r->tensor[n->n_layers], r->batch * n->classes * sizeof(float));
    return 0;
}

static int xnnpack_convolve(void *context, const struct network_layer *l, size_t batch, const float *x, float *y)
{
    (void)context;
    if (depthwise_supports(l)) {
        struct depthwise *d = depthwise_new(l, false, NULL);
        depthwise_run(d, batch, x, y);
        depthwise_free(d);
        return 0;
    }
    xnn_operator_t op = NULL;
    if (library_start() != xnn_status_success || create_convolution(l, false, &op) != xnn_status_success)
        return -ENOTSUP;
    enum xnn_status s = xnn_setup_convolution2d_nhwc_f32(op, batch, l->in_size, l->in_size, x, y, NULL);
    s = s ? s : xnn_run_operator(op, NULL);
    xnn_delete_operator(op);
    return s == xnn_status_success ? 0 : -EIO;
}

/* The library has no version function; this is the snapshot Debian 12 ships and the code is written for. */
static const char *xnnpack_version(void)
{
    return "20220216";
}

const struct runtime_ops runtime_xnnpack = {.name = "xnnpack", .version = xnnpack_version, .create = xnnpack_create, .run = xnnpack_run,
                                            .destroy = xnnpack_destroy, .tensor_bytes = xnnpack_tensor_bytes, .convolve = xnnpack_convolve};
