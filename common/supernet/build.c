/* See build.h. A tensor is freed after the last layer that reads or adds it. */
#include "supernet/build.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void network_free(struct network *n)
{
    for (unsigned i = 0; i < n->n_layers; i++) {
        free(n->layer[i].weight);
        free(n->layer[i].bias);
    }
    *n = (struct network){0};
}

/* Copies the slice of one layer into dense weights. */
static void slice_layer(const struct supernet *n, const struct supernet_layer *from, struct network_layer *l)
{
    size_t out = l->out_channels, taps = l->kernel, per_tap = l->type == NETWORK_DEPTHWISE ? 1 : l->in_channels;
    l->weight = xcalloc(taps * taps * per_tap * out, sizeof(float));
    l->bias = xcalloc(out, sizeof(float));
    float *to = l->weight;
    for (size_t u = 0; u < taps; u++) {
        for (size_t v = 0; v < taps; v++) {
            const float *tap = n->value + from->weight + u * from->kernel_row + v * supernet_tap(from);
            for (size_t q = 0; q < per_tap; q++, to += out)
                memcpy(to, tap + q * from->ld, out * sizeof(float));
        }
    }
    if (l->type == NETWORK_LINEAR)
        memcpy(l->bias, n->value + from->bias, out * sizeof(float));
}

static void slice_plan(const struct supernet *n, const struct supernet_plan *plan, struct network *net)
{
    const struct space_network *s = &n->space->network;
    *net = (struct network){.input_size = s->input_size, .input_channels = s->input_channels, .classes = s->classes,
                            .n_layers = (uint16_t)plan->n_layers, .macs = plan->macs, .params = plan->params};
    for (unsigned i = 0; i < plan->n_layers; i++) {
        net->layer[i] = plan->layer[i].shape;
        if (net->layer[i].type != NETWORK_MEAN)
            slice_layer(n, &plan->layer[i], &net->layer[i]);
    }
}

int supernet_slice(const struct supernet *n, const struct genotype *g, struct network *ret_network, struct sonata_error *err)
{
    struct supernet_plan plan;
    int r = supernet_plan(n, g, &plan, err);
    if (!r)
        slice_plan(n, &plan, ret_network);
    return r;
}

/* Mean of every channel, then variance around it: two passes, so that a large mean costs no digits. */
static void statistics(const float *x, size_t rows, size_t c, double *mean, double *variance)
{
    memset(mean, 0, c * sizeof *mean);
    memset(variance, 0, c * sizeof *variance);
    for (size_t i = 0; i < rows; i++)
        for (size_t q = 0; q < c; q++)
            mean[q] += (double)x[i * c + q];
    for (size_t q = 0; q < c; q++)
        mean[q] /= (double)rows;
    for (size_t i = 0; i < rows; i++) {
        for (size_t q = 0; q < c; q++) {
            double d = (double)x[i * c + q] - mean[q];
            variance[q] += d * d;
        }
    }
    for (size_t q = 0; q < c; q++)
        variance[q] /= (double)rows;
}

/* Folds by the statistics of y and brings y itself to what the folded layer would have given, with ReLU and residual. */
static void fold_layer(struct network_layer *l, const float *scale, const float *shift, size_t rows, const float *add, float *y)
{
    size_t c = l->out_channels, n_weights = (size_t)l->kernel * l->kernel * (l->type == NETWORK_DEPTHWISE ? 1 : l->in_channels);
    double *mean = xcalloc(c, sizeof *mean), *variance = xcalloc(c, sizeof *variance);
    float *factor = xcalloc(c, sizeof *factor);
    statistics(y, rows, c, mean, variance);
    for (size_t q = 0; q < c; q++) {
        factor[q] = (float)((double)scale[q] / sqrt(variance[q] + (double)SUPERNET_EPSILON));
        l->bias[q] = (float)((double)shift[q] - mean[q] * (double)factor[q]);
    }
    for (size_t i = 0; i < n_weights; i++)
        for (size_t q = 0; q < c; q++)
            l->weight[i * c + q] *= factor[q];
    for (size_t i = 0; i < rows; i++) {
        for (size_t q = 0; q < c; q++) {
            float v = y[i * c + q] * factor[q] + l->bias[q];
            v = l->relu && v < 0 ? 0 : v;
            y[i * c + q] = add ? v + add[i * c + q] : v;
        }
    }
    free(mean);
    free(variance);
    free(factor);
}

static void last_uses(const struct network *n, int last_use[NETWORK_LAYERS_MAX + 1])
{
    for (int i = 0; i < n->n_layers; i++) {
        last_use[n->layer[i].input] = i;
        if (n->layer[i].add >= 0)
            last_use[n->layer[i].add] = i;
    }
}

static int calibrate(const struct supernet *n, const struct supernet_plan *plan, struct network *net, const struct build_statistics *from,
                     struct sonata_error *err)
{
    size_t count = from->n_pictures;
    float *tensor[NETWORK_LAYERS_MAX + 1] = {0};
    int last_use[NETWORK_LAYERS_MAX + 1] = {0}, r = 0;
    last_uses(net, last_use);
    size_t picture_bytes = count * net->input_size * net->input_size * net->input_channels * sizeof(float);
    tensor[0] = xmalloc(picture_bytes + BUILD_SLACK);
    memcpy(tensor[0], from->pictures, picture_bytes);
    for (unsigned i = 0; i < net->n_layers && !r && net->layer[i].type != NETWORK_MEAN; i++) {
        struct network_layer *l = &net->layer[i];
        size_t rows = count * l->out_size * l->out_size;
        tensor[i + 1] = xmalloc(rows * l->out_channels * sizeof(float) + BUILD_SLACK);
        r = from->convolve(from->context, l, count, tensor[l->input], tensor[i + 1]);
        if (r)
            sonata_error_set(err, r, "layer %u of the network: the runtime cannot run a %ux%u convolution of %u to %u channels", i, l->kernel,
                             l->kernel, l->in_channels, l->out_channels);
        else
            fold_layer(l, n->value + plan->layer[i].scale, n->value + plan->layer[i].shift, rows, l->add < 0 ? NULL : tensor[l->add], tensor[i + 1]);
        for (unsigned t = 0; t <= i; t++) {
            if (last_use[t] == (int)i) {
                free(tensor[t]);
                tensor[t] = NULL;
            }
        }
    }
    for (unsigned t = 0; t <= net->n_layers; t++)
        free(tensor[t]);
    return r;
}

int supernet_build(const struct supernet *n, const struct genotype *g, const struct build_statistics *from, struct network *ret_network,
                   struct sonata_error *err)
{
    struct supernet_plan plan;
    struct network net;
    if (from->n_pictures < 2 || from->n_pictures > BUILD_PICTURES_MAX)
        return sonata_error_set(err, -EINVAL, "batch-norm statistics need 2 to %d pictures, not %zu", BUILD_PICTURES_MAX, from->n_pictures);
    int r = supernet_plan(n, g, &plan, err);
    if (r)
        return r;
    slice_plan(n, &plan, &net);
    r = calibrate(n, &plan, &net, from, err);
    if (r)
        network_free(&net);
    else
        *ret_network = net;
    return r;
}
