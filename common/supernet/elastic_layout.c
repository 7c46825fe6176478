/* The tensors of a described network (domain/elastic.h): those of the largest sub-network, in PyTorch's order of dimensions, of which every other
 * takes a slice. Depthwise weights stand there once for every size of kernel, since published supernets derive the smaller ones from the largest by
 * matrices of their own, which are applied at import. */
#include "supernet/elastic_layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static const char *const part_word[ELASTIC_PARTS] = {"main",    "expand", "depthwise", "reduce", "excite",
                                                     "project", "first",  "second",    "third",  "shortcut"};

bool elastic_has_weights(const struct elastic_layer *l)
{
    return l->op == ELASTIC_OP_CONV || l->op == ELASTIC_OP_DEPTHWISE || l->op == ELASTIC_OP_LINEAR;
}

void elastic_tensor_name(const struct elastic_layer *l, const char *tensor, char text[SUPERNET_TENSOR_NAME_MAX])
{
    char kernel[8] = "";
    if (l->op == ELASTIC_OP_DEPTHWISE && !strcmp(tensor, "weight"))
        snprintf(kernel, sizeof kernel, "k%u.", l->kernel);
    snprintf(text, SUPERNET_TENSOR_NAME_MAX, "item%u.block%u.%s.%s%s", l->item + 1u, l->block + 1u, part_word[l->part], kernel, tensor);
}

static void add(struct supernet *n, const struct elastic_layer *l, const char *tensor, unsigned n_dims, const size_t *dim)
{
    n->tensor = xgrow(n->tensor, &n->capacity, n->n_tensors + 1, sizeof *n->tensor);
    struct supernet_tensor *t = &n->tensor[n->n_tensors++];
    *t = (struct supernet_tensor){.n_dims = n_dims, .offset = n->n_values, .size = 1, .decay = n_dims > 1};
    elastic_tensor_name(l, tensor, t->name);
    for (unsigned i = 0; i < n_dims; i++) {
        t->dim[i] = dim[i];
        t->size *= dim[i];
    }
    n->n_values += t->size;
}

static void add_depthwise(struct supernet *n, const struct elastic_layer *l)
{
    double kernel[16];
    unsigned count = elastic_values(n->space, &n->space->network.elastic.item[l->item].kernel, l->block, kernel);
    for (unsigned i = 0; i < count; i++) {
        struct elastic_layer one = *l;
        one.kernel = (uint16_t)kernel[i];
        add(n, &one, "weight", 3, (size_t[]){l->out_channels, one.kernel, one.kernel});
    }
}

static void add_layer(struct supernet *n, const struct elastic_layer *l)
{
    static const char *const norm[] = {"scale", "shift", "mean", "variance"};
    const size_t out = l->out_channels;
    if (l->op == ELASTIC_OP_DEPTHWISE)
        add_depthwise(n, l);
    else if (l->op == ELASTIC_OP_LINEAR)
        add(n, l, "weight", 2, (size_t[]){out, l->in_channels});
    else
        add(n, l, "weight", 4, (size_t[]){out, l->in_channels, l->kernel, l->kernel});
    for (size_t i = 0; l->norm && i < sizeof norm / sizeof *norm; i++)
        add(n, l, norm[i], 1, &out);
    if (l->bias)
        add(n, l, "bias", 1, &out);
}

int elastic_layout(struct supernet *n, struct sonata_error *err)
{
    struct elastic_plan plan;
    int r = elastic_check(n->space, err);
    r = r ? r : elastic_plan(n->space, NULL, &plan, err);
    for (unsigned i = 0; i < plan.n_layers && !r; i++) {
        if (elastic_has_weights(&plan.layer[i]))
            add_layer(n, &plan.layer[i]);
    }
    return r;
}

static void put_number(struct bytes *out, const struct elastic_number *n)
{
    bytes_put_f64(out, n->fixed);
    for (unsigned b = 0; b < ELASTIC_DEPTH_MAX; b++)
        bytes_put_u16(out, (uint16_t)n->gene[b]);
}

void elastic_hash(const struct elastic *e, struct bytes *out)
{
    bytes_put_f64(out, e->epsilon);
    put_number(out, &e->resolution);
    for (unsigned i = 0; i < e->n_items; i++) {
        const struct elastic_item *item = &e->item[i];
        const uint8_t words[] = {item->kind, item->activation, item->shortcut, item->stride, item->max_depth, item->squeeze, item->norm};
        bytes_append(out, words, sizeof words);
        put_number(out, &item->depth);
        put_number(out, &item->width);
        put_number(out, &item->kernel);
        put_number(out, &item->expand);
        put_number(out, &item->scale);
    }
}
