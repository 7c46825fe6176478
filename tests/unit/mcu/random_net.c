#include "random_net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct random_net_options random_net_small(void)
{
    return (struct random_net_options){
        .input_size = 12, .input_channels = 1, .classes = 10, .width = 8, .blocks = 2, .expand = 3, .kernel = 3, .head = 24,
    };
}

static void fill(struct network_layer *l, struct rng *rng)
{
    size_t fan = l->type == NETWORK_DEPTHWISE ? (size_t)l->kernel * l->kernel : (size_t)l->kernel * l->kernel * l->in_channels, n = fan * l->out_channels;

    if (l->type == NETWORK_MEAN)
        return;
    l->weight = xcalloc(n, sizeof(float));
    l->bias = xcalloc(l->out_channels, sizeof(float));
    for (size_t i = 0; i < n; i++)
        l->weight[i] = (float)(rng_normal(rng) * sqrt(2.0 / (double)fan));
    for (size_t i = 0; i < l->out_channels; i++)
        l->bias[i] = (float)(rng_normal(rng) * 0.1);
}

void random_net_fill(struct network *net, struct rng *rng)
{
    for (unsigned i = 0; i < net->n_layers; i++)
        fill(&net->layer[i], rng);
}

/* Appends a layer that reads the last tensor. */
static struct network_layer *append(struct network *net, enum network_layer_type type, unsigned out, unsigned kernel, unsigned stride, bool relu,
                                    struct rng *rng)
{
    struct network_layer *l = &net->layer[net->n_layers];
    const struct network_layer *before = net->n_layers ? l - 1 : NULL;

    *l = (struct network_layer){
        .type = type, .in_channels = before ? before->out_channels : net->input_channels, .out_channels = (uint16_t)out,
        .kernel = (uint16_t)kernel, .stride = (uint16_t)stride, .in_size = before ? before->out_size : net->input_size, .relu = relu,
        .input = (int16_t)net->n_layers, .add = -1,
    };
    l->out_size = (uint16_t)(type == NETWORK_MEAN || type == NETWORK_LINEAR ? 1 : (l->in_size + stride - 1) / stride);
    net->n_layers++;
    fill(l, rng);
    return l;
}

void random_net_init(struct network *net, const struct random_net_options *o, struct rng *rng)
{
    memset(net, 0, sizeof *net);
    net->input_size = (uint16_t)o->input_size;
    net->input_channels = (uint16_t)o->input_channels;
    net->classes = (uint16_t)o->classes;
    append(net, NETWORK_CONV, o->width, 3, 2, true, rng);
    for (unsigned b = 0; b < o->blocks; b++) {
        int16_t start = (int16_t)net->n_layers;
        bool first = b == 0;
        struct network_layer *l;

        append(net, NETWORK_POINTWISE, o->width * o->expand, 1, 1, true, rng);
        append(net, NETWORK_DEPTHWISE, o->width * o->expand, o->kernel, first ? 2 : 1, true, rng);
        l = append(net, NETWORK_POINTWISE, o->width, 1, 1, false, rng);
        if (!first)
            l->add = start;
    }
    append(net, NETWORK_POINTWISE, o->head, 1, 1, true, rng);
    append(net, NETWORK_MEAN, o->head, 1, 1, false, rng);
    append(net, NETWORK_LINEAR, o->classes, 1, 1, false, rng);
}

void random_net_fini(struct network *net)
{
    for (unsigned i = 0; i < net->n_layers; i++) {
        free(net->layer[i].weight);
        free(net->layer[i].bias);
    }
    net->n_layers = 0;
}

float *random_pictures(const struct network *net, unsigned n, struct rng *rng)
{
    unsigned side = net->input_size, channels = net->input_channels;
    float *picture = xcalloc((size_t)n * side * side * channels, sizeof(float)), *p = picture;

    for (unsigned i = 0; i < n; i++) {
        double fx = rng_uniform(rng) * 0.9, fy = rng_uniform(rng) * 0.9, phase = rng_uniform(rng) * 6;

        for (unsigned y = 0; y < side; y++)
            for (unsigned x = 0; x < side; x++)
                for (unsigned c = 0; c < channels; c++)
                    *p++ = (float)(0.5 + 0.4 * sin(fx * x + fy * y + phase + c) + 0.1 * rng_uniform(rng));
    }
    return picture;
}
