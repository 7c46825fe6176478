/* A model file: checks of the bytes, unpacking within a budget, inputs and weights, then node after node. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "onnx/onnx_reader.h"
#include "onnx/reader_internal.h"
#include "onnx/scan.h"

enum { MESSAGES_MAX = 1 << 20, BUDGET_BASE = 64 << 20 };

static int unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t size, struct scan_budget *budget, ProtobufCMessage **ret,
                  struct sonata_error *err)
{
    struct scan_limits limits = {
        .messages = MESSAGES_MAX, .counted = &onnx__node_proto__descriptor, .counted_max = GRAPH_NODES_MAX, .counted_name = "nodes"};
    if (size > ONNX_FILE_MAX)
        return sonata_error_set(err, -EFBIG, "larger than 1 GiB");
    int r = scan_message(type, data, size, &limits, err);
    if (r)
        return r;
    scan_budget_init(budget, 2 * size + BUDGET_BASE);
    *ret = protobuf_c_message_unpack(type, &budget->allocator, size, data);
    if (!*ret)
        return sonata_error_set(err, -EBADMSG, "damaged, or its descriptions need too much memory");
    return 0;
}

static int old_or_new(const struct importer *m)
{
    return sonata_error_set(m->err, -ENOTSUP, "operator set %lld; %d to %d are read (export with opset_version=17)", (long long)m->opset,
                            ONNX_OPSET_MIN, ONNX_OPSET_MAX);
}

/* The version of ONNX's own operators that the model asks for. */
static int find_opset(struct importer *m, const Onnx__ModelProto *model)
{
    m->opset = 0;
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *s = model->opset_import[i];
        if (!s->domain || !*s->domain || !strcmp(s->domain, "ai.onnx"))
            m->opset = s->has_version ? s->version : 0;
    }
    if (m->opset < 1 || m->opset > ONNX_OPSET_MAX)
        return old_or_new(m);
    return 0;
}

/* Size of a symbolic dimension: given by name, or the batch. */
static int symbolic(struct importer *m, const char *input, size_t at, const char *name, int64_t *ret)
{
    const struct onnx_options *o = m->options;
    for (size_t i = 0; name && i < o->n_dimensions; i++) {
        if (!strcmp(o->dimension[i].name, name)) {
            *ret = o->dimension[i].size;
            return 0;
        }
    }
    const char *label = name && *name ? name : "?";
    bool batch = at == 0 && (!m->batch_name || !strcmp(m->batch_name, label));
    if (at == 0 && batch)
        m->batch_name = label;
    if (!batch && !(m->batch_name && strcmp(label, "?") && !strcmp(m->batch_name, label)))
        return sonata_error_set(m->err, -EINVAL,
                                "input '%.60s': dimension %zu ('%.40s') has no size; only the first (the batch) may be open: give its size "
                                "by name, or export with static shapes",
                                input, at, label);
    *ret = o->batch > 0 ? o->batch : 1;
    return 0;
}

static int input_shape(struct importer *m, const Onnx__ValueInfoProto *v, const Onnx__TypeProto__Tensor *t, struct graph_shape *s)
{
    if (!t->shape || t->shape->n_dim > GRAPH_RANK_MAX)
        return sonata_error_set(m->err, -EINVAL, "input '%.60s' has no shape, or more than 8 dimensions; export with static shapes", v->name);
    *s = (struct graph_shape){.rank = (unsigned)t->shape->n_dim};
    for (size_t i = 0; i < t->shape->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = t->shape->dim[i];
        bool known = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && d->dim_value >= 0;
        const char *name = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? d->dim_param : NULL;
        s->dim[i] = known ? d->dim_value : 0;
        int r = known ? 0 : symbolic(m, v->name, i, name, &s->dim[i]);
        if (r)
            return r;
    }
    if (graph_elements(s) < 0)
        return sonata_error_set(m->err, -EFBIG, "input '%.60s' has more than 2^28 values", v->name);
    return 0;
}

static const struct graph_tensor *fixed_value(const struct importer *m, const char *name)
{
    for (size_t i = 0; i < m->options->n_fixed; i++) {
        if (!strcmp(m->options->fixed[i].name, name))
            return &m->options->fixed[i];
    }
    return NULL;
}

static int add_named(struct importer *m, const char *name, enum graph_type type, const struct graph_shape *shape, void *data)
{
    int32_t t = graph_add_tensor(m->g, name, type, shape, data);
    if (t < 0 || names_add(&m->names, m->g->tensor[t].name, t)) /* tensors keep their names for as long */
        return sonata_error_set(m->err, -EINVAL, "'%.60s' is there twice, or there are too many tensors", name);
    return 0;
}

static int add_input(struct importer *m, const Onnx__ValueInfoProto *v)
{
    struct graph *g = m->g;
    struct graph_shape s;
    enum graph_type type;
    const char *name = v->name ? v->name : "";
    const struct graph_tensor *fixed = fixed_value(m, name);
    if (names_find(&m->names, name) >= 0)
        return 0; /* a weight that old files list among the inputs, too */
    if (fixed)
        return add_named(m, name, fixed->type, &fixed->shape, xmemdup(fixed->data, graph_tensor_bytes(fixed) + !graph_tensor_bytes(fixed)));
    if (!*name || !v->type || v->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || tensor_type(v->type->tensor_type->elem_type, &type) ||
        v->type->tensor_type->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16)
        return sonata_error_set(m->err, -ENOTSUP, "input '%.60s' is not a tensor of numbers", name);
    if (g->n_inputs >= GRAPH_PORTS_MAX)
        return sonata_error_set(m->err, -EFBIG, "more than %d inputs", GRAPH_PORTS_MAX);
    int r = input_shape(m, v, v->type->tensor_type, &s);
    r = r ? r : add_named(m, name, type, &s, NULL);
    if (!r)
        g->input[g->n_inputs++] = (int32_t)g->n_tensors - 1;
    return r;
}

/* Weights are not held twice for longer than it takes to copy one tensor. */
static void release_values(struct importer *m, Onnx__TensorProto *t)
{
    m->allocator->free(m->allocator->allocator_data, t->raw_data.data);
    t->raw_data = (ProtobufCBinaryData){0, NULL};
}

static int add_values(struct importer *m, Onnx__GraphProto *graph)
{
    int r = graph->n_sparse_initializer ? sonata_error_set(m->err, -ENOTSUP, "sparse weights are not known; save them dense") : 0;
    for (size_t i = 0; i < graph->n_initializer && !r; i++) {
        Onnx__TensorProto *t = graph->initializer[i];
        struct graph_tensor out = {0};
        r = tensor_decode(t, &out, m->err);
        release_values(m, t);
        if (!r)
            r = add_named(m, t->name ? t->name : "", out.type, &out.shape, out.data);
    }
    for (size_t i = 0; i < graph->n_input && !r; i++)
        r = add_input(m, graph->input[i]);
    return r;
}

/* The tensors of the node's inputs. */
static int find_inputs(struct importer *m)
{
    const Onnx__NodeProto *n = m->node;
    if (n->n_input > GRAPH_NODE_INPUTS_MAX || n->n_output < 1)
        return node_error(m, -EFBIG, "more than 4096 inputs, or no output");
    m->n_in = (unsigned)n->n_input;
    free(m->in);
    m->in = xcalloc(n->n_input + 1, sizeof *m->in);
    for (size_t i = 0; i < n->n_input; i++) {
        m->in[i] = *n->input[i] ? names_find(&m->names, n->input[i]) : -1;
        if (*n->input[i] && m->in[i] < 0)
            return sonata_error_set(m->err, -EINVAL,
                                    "node '%.60s' (%.40s) reads '%.60s', which nothing before it writes (a cycle, or nodes out of order)", m->label,
                                    n->op_type, n->input[i]);
    }
    return 0;
}

static int add_node(struct importer *m, const Onnx__NodeProto *node)
{
    m->node = node;
    const char *output = node->n_output ? node->output[0] : "";
    const char *op = node->op_type ? node->op_type : "";
    snprintf(m->label, sizeof m->label, "%.79s", node->name && *node->name ? node->name : output);
    bool own = !node->domain || !*node->domain || !strcmp(node->domain, "ai.onnx");
    const struct translation *t = own && node->op_type ? translation_find(node->op_type) : NULL;
    static const char other[] = "is not supported here";
    if (!t && own)
        return sonata_error_set(m->err, -ENOTSUP, "node '%.60s': operator %.60s %s; %s, or run the file with executor onnxruntime", m->label, op,
                                other, translation_hint(op));
    if (!t)
        return sonata_error_set(
            m->err, -ENOTSUP,
            "node '%.60s': operator %s.%.60s %s; export with the operators of ONNX itself, or run the file with executor onnxruntime", m->label,
            node->domain, op, other);
    if (m->opset < ONNX_OPSET_MIN && !translation_is_old(node->op_type))
        return old_or_new(m);
    int r = find_inputs(m);
    return r ? r : t->translate(m, t);
}

static int add_outputs(struct importer *m, const Onnx__GraphProto *graph)
{
    struct graph *g = m->g;
    if (graph->n_output < 1 || graph->n_output > GRAPH_PORTS_MAX)
        return sonata_error_set(m->err, -EINVAL, "no outputs, or more than %d", GRAPH_PORTS_MAX);
    for (size_t i = 0; i < graph->n_output; i++) {
        const char *name = graph->output[i]->name ? graph->output[i]->name : "";
        int32_t t = names_find(&m->names, name);
        if (t < 0)
            return sonata_error_set(m->err, -EINVAL, "output '%.60s' is written by no node", name);
        g->output_name[i] = xstrdup(name);
        g->output[i] = t;
        g->n_outputs++;
    }
    return 0;
}

static int read_graph(struct importer *m, const Onnx__ModelProto *model)
{
    if (!model->graph)
        return sonata_error_set(m->err, -EBADMSG, "not an ONNX model: it has no graph");
    int r = find_opset(m, model);
    r = r ? r : add_values(m, model->graph);
    for (size_t i = 0; i < model->graph->n_node && !r; i++)
        r = add_node(m, model->graph->node[i]);
    return r ? r : add_outputs(m, model->graph);
}

int onnx_read(const void *data, size_t size, const char *name, const struct onnx_options *options, struct graph *ret_graph, struct sonata_error *err)
{
    static const struct onnx_options none = {0};
    struct importer m = {.g = ret_graph, .options = options ? options : &none, .err = err};
    struct scan_budget budget;
    ProtobufCMessage *model = NULL;
    *ret_graph = (struct graph){0};
    int r = unpack(&onnx__model_proto__descriptor, data, size, &budget, &model, err);
    if (m.options->consume)
        bytes_fini(m.options->consume);
    if (!r) {
        m.allocator = &budget.allocator;
        names_init(&m.names);
        r = read_graph(&m, (const Onnx__ModelProto *)model);
        names_fini(&m.names);
        free(m.in);
        protobuf_c_message_free_unpacked(model, &budget.allocator);
    }
    return r ? sonata_error_prefix(err, r, "%s", name) : 0;
}

int onnx_read_tensor(const void *data, size_t size, struct graph_tensor *ret_tensor, struct sonata_error *err)
{
    struct scan_budget budget;
    ProtobufCMessage *message = NULL;
    int r = unpack(&onnx__tensor_proto__descriptor, data, size, &budget, &message, err);
    if (r)
        return r;
    const Onnx__TensorProto *t = (const Onnx__TensorProto *)message;
    r = tensor_decode(t, ret_tensor, err);
    if (!r)
        ret_tensor->name = xstrdup(t->name ? t->name : "");
    protobuf_c_message_free_unpacked(message, &budget.allocator);
    return r;
}
