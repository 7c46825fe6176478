/* See onnx_writer.h. The message tree of protobuf-c lives in a pool that is released as a whole after packing. Proto2: every scalar needs its has_
 * flag, or it is left out in silence. */
#include "runtime/onnx_writer.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "onnx.pb-c.h"

enum { NODES_MAX = 3 * NETWORK_LAYERS_MAX, INITIALIZERS_MAX = 2 * NETWORK_LAYERS_MAX, ATTRIBUTES_MAX = 4, NAME_MAX_BYTES = 32 };

/* Everything allocated for one model. */
struct pool {
    void **item;
    size_t n, capacity;
};

static void *pool_alloc(struct pool *p, size_t size)
{
    p->item = xgrow(p->item, &p->capacity, p->n + 1, sizeof *p->item);
    return p->item[p->n++] = xcalloc(1, size ? size : 1);
}

static void pool_free(struct pool *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->item[i]);
    free(p->item);
}

struct writer {
    struct pool pool;
    Onnx__GraphProto graph;
    char *tensor[NETWORK_LAYERS_MAX + 1];   /* name of each tensor of the list */
};

static char *name_of(struct writer *w, const char *prefix, unsigned i)
{
    char *s = pool_alloc(&w->pool, NAME_MAX_BYTES);
    snprintf(s, NAME_MAX_BYTES, "%s%u", prefix, i);
    return s;
}

static char *copy(struct writer *w, const char *text)
{
    char *s = pool_alloc(&w->pool, strlen(text) + 1);
    memcpy(s, text, strlen(text));
    return s;
}

static void put_floats(uint8_t *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &from[i], sizeof bits);
        for (unsigned k = 0; k < 4; k++)
            to[4 * i + k] = (uint8_t)(bits >> 8 * k);
    }
}

/* Adds a weight; returns its name. */
static char *initializer(struct writer *w, char *name, unsigned n_dims, const int64_t *dim, const float *value)
{
    Onnx__TensorProto *t = pool_alloc(&w->pool, sizeof *t);
    size_t n = 1;
    onnx__tensor_proto__init(t);
    t->n_dims = n_dims;
    t->dims = pool_alloc(&w->pool, n_dims * sizeof *t->dims);
    for (unsigned i = 0; i < n_dims; i++) {
        t->dims[i] = dim[i];
        n *= (size_t)dim[i];
    }
    t->name = name;
    t->has_data_type = 1;
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->has_raw_data = 1;
    t->raw_data.len = 4 * n;
    t->raw_data.data = pool_alloc(&w->pool, 4 * n);
    put_floats(t->raw_data.data, value, n);
    assert(w->graph.n_initializer < INITIALIZERS_MAX);
    w->graph.initializer[w->graph.n_initializer++] = t;
    return name;
}

/* Adds an operator with up to three inputs (NULL: fewer) and one output of the node's own name. */
static Onnx__NodeProto *node(struct writer *w, const char *op, char *output, char *a, char *b, char *c)
{
    Onnx__NodeProto *n = pool_alloc(&w->pool, sizeof *n);
    onnx__node_proto__init(n);
    char *const inputs[] = {a, b, c};
    n->op_type = copy(w, op);
    n->name = output;
    n->input = pool_alloc(&w->pool, sizeof inputs);
    for (size_t i = 0; i < 3 && inputs[i]; i++)
        n->input[n->n_input++] = inputs[i];
    n->output = pool_alloc(&w->pool, sizeof *n->output);
    n->output[n->n_output++] = output;
    n->attribute = pool_alloc(&w->pool, ATTRIBUTES_MAX * sizeof *n->attribute);
    assert(w->graph.n_node < NODES_MAX);
    w->graph.node[w->graph.n_node++] = n;
    return n;
}

static Onnx__AttributeProto *attribute(struct writer *w, Onnx__NodeProto *n, const char *name, Onnx__AttributeProto__AttributeType type)
{
    Onnx__AttributeProto *a = pool_alloc(&w->pool, sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = copy(w, name);
    a->has_type = 1;
    a->type = type;
    assert(n->n_attribute < ATTRIBUTES_MAX);
    n->attribute[n->n_attribute++] = a;
    return a;
}

static void attribute_ints(struct writer *w, Onnx__NodeProto *n, const char *name, size_t count, int64_t value)
{
    Onnx__AttributeProto *a = attribute(w, n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    a->ints = pool_alloc(&w->pool, count * sizeof *a->ints);
    for (a->n_ints = 0; a->n_ints < count; a->n_ints++)
        a->ints[a->n_ints] = value;
}

static void attribute_int(struct writer *w, Onnx__NodeProto *n, const char *name, int64_t value)
{
    Onnx__AttributeProto *a = attribute(w, n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    a->has_i = 1;
    a->i = value;
}

/* [tap][in][out] -> [out][in][tap] */
static float *to_oihw(struct writer *w, const struct network_layer *l)
{
    size_t taps = (size_t)l->kernel * l->kernel, in = l->type == NETWORK_DEPTHWISE ? 1 : l->in_channels, out = l->out_channels;
    float *v = pool_alloc(&w->pool, taps * in * out * sizeof *v);
    for (size_t t = 0; t < taps; t++)
        for (size_t q = 0; q < in; q++)
            for (size_t o = 0; o < out; o++)
                v[(o * in + q) * taps + t] = l->weight[(t * in + q) * out + o];
    return v;
}

static char *convolution(struct writer *w, const struct network_layer *l, unsigned i)
{
    bool depthwise = l->type == NETWORK_DEPTHWISE;
    int64_t out = l->out_channels, kernel = l->kernel;
    char *weight = initializer(w, name_of(w, "weight", i), 4, (int64_t[]){out, depthwise ? 1 : l->in_channels, kernel, kernel}, to_oihw(w, l));
    char *bias = initializer(w, name_of(w, "bias", i), 1, &out, l->bias);
    char *name = name_of(w, "conv", i);
    Onnx__NodeProto *n = node(w, "Conv", name, w->tensor[l->input], weight, bias);
    attribute_ints(w, n, "kernel_shape", 2, kernel);
    attribute_ints(w, n, "strides", 2, l->stride);
    attribute_ints(w, n, "pads", 4, (kernel - 1) / 2);
    attribute_int(w, n, "group", depthwise ? out : 1);
    return name;
}

static char *layer(struct writer *w, const struct network_layer *l, unsigned i)
{
    char *name;
    if (l->type == NETWORK_MEAN)
        return node(w, "GlobalAveragePool", name_of(w, "mean", i), w->tensor[l->input], NULL, NULL)->output[0];
    if (l->type == NETWORK_LINEAR) {
        int64_t in = l->in_channels, out = l->out_channels;
        char *flat = node(w, "Flatten", name_of(w, "flat", i), w->tensor[l->input], NULL, NULL)->output[0];
        char *weight = initializer(w, name_of(w, "weight", i), 2, (int64_t[]){in, out}, l->weight);
        char *bias = initializer(w, name_of(w, "bias", i), 1, &out, l->bias);
        return node(w, "Gemm", copy(w, "logits"), flat, weight, bias)->output[0];
    }
    name = convolution(w, l, i);
    if (l->relu)
        name = node(w, "Relu", name_of(w, "relu", i), name, NULL, NULL)->output[0];
    if (l->add >= 0)
        name = node(w, "Add", name_of(w, "sum", i), name, w->tensor[l->add], NULL)->output[0];
    return name;
}

/* A graph input or output; dim < 0: the symbolic batch "N". */
static Onnx__ValueInfoProto *value(struct writer *w, const char *name, unsigned n_dims, const int64_t *dim)
{
    Onnx__ValueInfoProto *v = pool_alloc(&w->pool, sizeof *v);
    Onnx__TypeProto *type = pool_alloc(&w->pool, sizeof *type);
    Onnx__TypeProto__Tensor *t = pool_alloc(&w->pool, sizeof *t);
    onnx__value_info_proto__init(v);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(t);
    v->name = copy(w, name);
    v->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = t;
    t->has_elem_type = 1;
    t->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->shape = pool_alloc(&w->pool, sizeof *t->shape);
    onnx__tensor_shape_proto__init(t->shape);
    t->shape->dim = pool_alloc(&w->pool, n_dims * sizeof *t->shape->dim);
    for (unsigned i = 0; i < n_dims; i++) {
        Onnx__TensorShapeProto__Dimension *d = pool_alloc(&w->pool, sizeof *d);
        onnx__tensor_shape_proto__dimension__init(d);
        if (dim[i] < 0) {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            d->dim_param = copy(w, "N");
        } else {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            d->dim_value = dim[i];
        }
        t->shape->dim[t->shape->n_dim++] = d;
    }
    return v;
}

static void build_graph(struct writer *w, const struct network *n, const char *graph_name)
{
    Onnx__GraphProto *g = &w->graph;
    int64_t size = n->input_size;
    onnx__graph_proto__init(g);
    g->name = copy(w, graph_name);
    g->node = pool_alloc(&w->pool, NODES_MAX * sizeof *g->node);
    g->initializer = pool_alloc(&w->pool, INITIALIZERS_MAX * sizeof *g->initializer);
    g->input = pool_alloc(&w->pool, sizeof *g->input);
    g->output = pool_alloc(&w->pool, sizeof *g->output);
    w->tensor[0] = copy(w, "image");
    for (unsigned i = 0; i < n->n_layers; i++)
        w->tensor[i + 1] = layer(w, &n->layer[i], i);
    g->input[g->n_input++] = value(w, "image", 4, (int64_t[]){-1, n->input_channels, size, size});
    g->output[g->n_output++] = value(w, "logits", 2, (int64_t[]){-1, n->classes});
}

void onnx_write(const struct network *n, const char *graph_name, struct bytes *out)
{
    struct writer *w = xcalloc(1, sizeof *w);
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets[] = {&opset};
    build_graph(w, n, graph_name);
    opset.domain = copy(w, "");
    opset.has_version = 1;
    opset.version = ONNX_OPSET;
    model.has_ir_version = 1;
    model.ir_version = ONNX_IR_VERSION;
    model.producer_name = copy(w, "sonata");
    model.producer_version = copy(w, SONATA_VERSION);
    model.graph = &w->graph;
    model.n_opset_import = 1;
    model.opset_import = opsets;
    onnx__model_proto__pack(&model, bytes_append(out, NULL, onnx__model_proto__get_packed_size(&model)));
    pool_free(&w->pool);
    free(w);
}
