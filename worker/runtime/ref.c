/* Reference executor: one loop nest per layer type, written after the definition and for nothing else. Slow on purpose. */
#include "runtime/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/placement.h"

struct runtime {
    const struct network *n;
    struct placement *place;
    size_t batch;
    float *tensor[NETWORK_LAYERS_MAX + 1];
    size_t tensor_bytes;
};

/* One output value of a convolution, without bias. */
static float convolve_at(const struct network_layer *l, const float *x, long i, long j, size_t o)
{
    long pad = (l->kernel - 1) / 2, size = l->in_size;
    size_t in = l->in_channels, out = l->out_channels;
    double sum = 0;
    for (long u = 0; u < l->kernel; u++) {
        for (long v = 0; v < l->kernel; v++) {
            long r = i * l->stride + u - pad, s = j * l->stride + v - pad;
            if (r < 0 || s < 0 || r >= size || s >= size)
                continue;
            const float *p = x + (size_t)(r * size + s) * in;
            size_t tap = (size_t)(u * l->kernel + v);
            if (l->type == NETWORK_DEPTHWISE)
                sum += (double)p[o] * (double)l->weight[tap * out + o];
            else
                for (size_t q = 0; q < in; q++)
                    sum += (double)p[q] * (double)l->weight[(tap * in + q) * out + o];
        }
    }
    return (float)sum;
}

static int ref_convolve(void *context, const struct network_layer *l, size_t batch, const float *x, float *y)
{
    (void)context;
    for (size_t b = 0; b < batch; b++, x += (size_t)l->in_size * l->in_size * l->in_channels)
        for (long i = 0; i < l->out_size; i++)
            for (long j = 0; j < l->out_size; j++)
                for (size_t o = 0; o < l->out_channels; o++)
                    *y++ = convolve_at(l, x, i, j, o) + l->bias[o];
    return 0;
}

static void mean(const struct network_layer *l, size_t batch, const float *x, float *y)
{
    size_t places = (size_t)l->in_size * l->in_size, c = l->in_channels;
    for (size_t b = 0; b < batch; b++) {
        for (size_t q = 0; q < c; q++) {
            double sum = 0;
            for (size_t i = 0; i < places; i++)
                sum += (double)x[(b * places + i) * c + q];
            y[b * c + q] = (float)(sum / (double)places);
        }
    }
}

static int ref_run(struct runtime *r, const float *pictures, float *logits)
{
    const struct network *n = r->n;
    memcpy(r->tensor[0], pictures, r->batch * n->input_size * n->input_size * n->input_channels * sizeof(float));
    for (unsigned i = 0; i < n->n_layers; i++) {
        const struct network_layer *l = &n->layer[i];
        float *y = r->tensor[i + 1];
        size_t size = r->batch * l->out_size * l->out_size * l->out_channels;
        if (l->type == NETWORK_MEAN)
            mean(l, r->batch, r->tensor[l->input], y);
        else
            ref_convolve(NULL, l, r->batch, r->tensor[l->input], y);
        for (size_t k = 0; k < size; k++) {
            y[k] = l->relu && y[k] < 0 ? 0 : y[k];
            y[k] += l->add < 0 ? 0 : r->tensor[l->add][k];
        }
    }
    memcpy(logits, r->tensor[n->n_layers], r->batch * n->classes * sizeof(float));
    return 0;
}

static void ref_destroy(struct runtime *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i <= r->n->n_layers; i++)
        placement_drop(r->place, r->tensor[i]);
    free(r);
}

static float *tensor_new(struct runtime *r, size_t n)
{
    r->tensor_bytes += n * sizeof(float);
    return placement_take(r->place, n * sizeof(float), 0);
}

static size_t ref_tensor_bytes(const struct runtime *r)
{
    return r->tensor_bytes;
}

static int ref_create(const struct network *n, size_t batch, struct placement *place, struct runtime **ret_runtime, struct sonata_error *err)
{
    (void)err;
    struct runtime *r = xcalloc(1, sizeof *r);
    r->n = n;
    r->batch = batch;
    r->place = place;
    r->tensor[0] = tensor_new(r, batch * n->input_size * n->input_size * n->input_channels);
    for (unsigned i = 0; i < n->n_layers; i++)
        r->tensor[i + 1] = tensor_new(r, batch * n->layer[i].out_size * n->layer[i].out_size * n->layer[i].out_channels);
    *ret_runtime = r;
    return 0;
}

static const char *ref_version(void)
{
    return "";
}

const struct runtime_ops runtime_ref = {.name = "ref", .version = ref_version, .create = ref_create, .run = ref_run, .destroy = ref_destroy,
                                        .tensor_bytes = ref_tensor_bytes, .convolve = ref_convolve};

const struct runtime_ops *runtime_find(const char *name)
{
    static const struct runtime_ops *const all[] = {&runtime_xnnpack, &runtime_ref};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!name || !*name || !strcmp(name, all[i]->name))
            return all[i];
    }
    return NULL;
}
