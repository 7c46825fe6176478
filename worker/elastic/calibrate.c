/* See calibrate.h. Convolutions run on the engine, one layer at a time, so that memory holds one batch's living tensors and no more; the rest is
 * plain C on [batch][channels][pixels]. */
#include "elastic/calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "elastic/elastic_graph.h"
#include "elastic/layer_kernels.h"
#include "graph/executor.h"
#include "supernet/elastic_layout.h"

/* One batch on its way. */
struct pass {
    const struct supernet *supernet;
    const struct elastic_plan *plan;
    const struct calibration *how;
    size_t batch;
    float *tensor[ELASTIC_LAYERS_MAX + 1]; /* NULL when no longer needed */
    unsigned last[ELASTIC_LAYERS_MAX + 1]; /* layer that reads it last */
    double *sum;                           /* of statistics, weighted by batches */
    struct sonata_error *err;
};

static size_t floats_of(const struct elastic_plan *p, unsigned tensor)
{
    if (!tensor)
        return (size_t)p->input_channels * p->input_size * p->input_size;
    const struct elastic_layer *l = &p->layer[tensor - 1];
    return (size_t)l->out_channels * l->out_size * l->out_size;
}

/* The executor of a convolution has its input, output and work space beside the tensors, each in its own order of dimensions. */
size_t elastic_calibrate_bytes(const struct elastic_plan *p, size_t batch)
{
    size_t most = 0, weights = 0;
    for (unsigned i = 0; i < p->n_layers; i++) {
        const struct elastic_layer *l = &p->layer[i];
        size_t taps = (size_t)l->kernel * l->kernel * (l->op == ELASTIC_OP_DEPTHWISE ? 1 : l->in_channels) * l->out_channels;
        most = max_of(most, floats_of(p, (unsigned)l->input) + floats_of(p, i + 1));
        weights = max_of(weights, elastic_has_weights(l) ? 3 * taps : 0);
    }
    return 4 * (batch * ((size_t)p->peak_floats + 2 * most) + weights);
}

static void find_last(struct pass *x)
{
    for (unsigned i = 0; i < x->plan->n_layers; i++) {
        x->last[x->plan->layer[i].input] = i;
        if (x->plan->layer[i].other >= 0)
            x->last[x->plan->layer[i].other] = i;
    }
}

static void release(struct pass *x, int tensor, unsigned layer)
{
    if (tensor >= 0 && x->last[tensor] == layer) {
        free(x->tensor[tensor]);
        x->tensor[tensor] = NULL;
    }
}

static int convolve(struct pass *x, const struct elastic_layer *l, const float *in, float *out)
{
    struct graph g;
    struct executor *e = NULL;
    int r = elastic_layer_graph(x->supernet, l, x->batch, &g, x->err);
    r = r ? r : executor_engine_create(&g, max_of(x->how->threads, 1u), &e, x->err);
    if (r)
        return r;
    memcpy(e->input[0].data, in, (size_t)graph_elements(&e->input[0].shape) * sizeof *in);
    r = executor_run(e, x->err);
    if (!r)
        memcpy(out, e->output[0].data, (size_t)graph_elements(&e->output[0].shape) * sizeof *out);
    executor_free(e);
    return r;
}

static const float *values_of(const struct supernet *n, const struct elastic_layer *l, const char *tensor)
{
    char name[SUPERNET_TENSOR_NAME_MAX];
    elastic_tensor_name(l, tensor, name);
    return n->value + n->tensor[supernet_find(n, name)].offset;
}

/* Mean and variance of every channel: noted, and used. */
static void normalise(struct pass *x, const struct elastic_layer *l, float *y, double *sum)
{
    size_t pixels = (size_t)l->out_size * l->out_size, n = x->batch * pixels;
    const float *scale = values_of(x->supernet, l, "scale"), *shift = values_of(x->supernet, l, "shift");
    double wider = x->how->unbiased && n > 1 ? (double)n / (double)(n - 1) : 1;
    for (size_t c = 0; c < l->out_channels; c++) {
        const struct channel channel = {x->batch, l->out_channels, pixels, c};
        struct channel_moments m = channel_moments(y, &channel);
        sum[c] += (double)x->batch * m.mean;
        sum[l->out_channels + c] += (double)x->batch * m.variance * wider;
        double factor = scale[c] / sqrt(m.variance + x->supernet->space->network.elastic.epsilon);
        channel_affine(y, &channel, (float)factor, (float)(shift[c] - m.mean * factor));
    }
}

static int run_layer(struct pass *x, unsigned i, double *sum)
{
    const struct elastic_layer *l = &x->plan->layer[i];
    const float *in = x->tensor[l->input], *other = l->other < 0 ? NULL : x->tensor[l->other];
    size_t n = x->batch * floats_of(x->plan, i + 1);
    float *out = x->tensor[i + 1] = xcalloc(n + 1, sizeof *out);
    int r = elastic_has_weights(l) ? convolve(x, l, in, out) : 0;
    if (r)
        return r;
    if (!elastic_has_weights(l))
        layer_kernel(l, x->batch, in, other, out);
    if (l->norm)
        normalise(x, l, out, sum);
    layer_activate(l->activation, out, n);
    release(x, l->input, i);
    release(x, l->other == l->input ? -1 : l->other, i);
    return 0;
}

static int run_batch(struct pass *x, size_t first)
{
    const struct elastic_plan *p = x->plan;
    double *sum = x->sum;
    x->tensor[0] = xcalloc(x->batch * floats_of(p, 0) + 1, sizeof(float));
    int r = x->how->fill(x->how->context, first, x->batch, x->tensor[0], x->err);
    for (unsigned i = 0; i < p->n_layers && !r; i++) {
        r = run_layer(x, i, sum);
        sum += p->layer[i].norm ? 2 * p->layer[i].out_channels : 0;
    }
    for (unsigned i = 0; i <= p->n_layers; i++) {
        free(x->tensor[i]);
        x->tensor[i] = NULL;
    }
    return r;
}

int elastic_calibrate(const struct supernet *n, const struct elastic_plan *p, const struct calibration *c, float *ret_statistics,
                      struct sonata_error *err)
{
    size_t size = elastic_statistics_size(p), bytes = elastic_calibrate_bytes(p, min_of(c->batch, c->pictures));
    if (!c->batch || !c->pictures)
        return sonata_error_set(err, -EINVAL, "batch-norm statistics need at least one picture");
    if (c->bytes_max && bytes > c->bytes_max)
        return sonata_error_set(err, -ENOMEM,
                                "batch-norm statistics in batches of %zu need %zu MiB, %zu MiB are allowed; measure them on a host with more memory",
                                c->batch, bytes >> 20, c->bytes_max >> 20);
    struct pass *x = xcalloc(1, sizeof *x);
    *x = (struct pass){.supernet = n, .plan = p, .how = c, .sum = xcalloc(size + 1, sizeof *x->sum), .err = err};
    find_last(x);
    int r = 0;
    for (size_t first = 0; first < c->pictures && !r; first += c->batch) {
        x->batch = min_of(c->batch, c->pictures - first);
        r = run_batch(x, first);
    }
    for (size_t i = 0; i < size; i++)
        ret_statistics[i] = (float)(x->sum[i] / (double)c->pictures);
    free(x->sum);
    free(x);
    return r;
}
