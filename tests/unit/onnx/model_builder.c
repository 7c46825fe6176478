/* See model_builder.h. */
#include "model_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NODES = 64, PORTS = 16, ATTRIBUTES = 8 };

void *model_alloc(struct model *m, size_t size)
{
    m->pool = xgrow(m->pool, &m->capacity, m->n_pool + 1, sizeof *m->pool);
    return m->pool[m->n_pool++] = xcalloc(1, size + 1);
}

static char *text(struct model *m, const char *from, size_t n)
{
    char *s = model_alloc(m, n);
    memcpy(s, from, n);
    return s;
}

struct model *model_new(int64_t opset)
{
    struct model *m = xcalloc(1, sizeof *m);
    Onnx__OperatorSetIdProto *set = model_alloc(m, sizeof *set);
    onnx__model_proto__init(&m->proto);
    onnx__graph_proto__init(&m->graph);
    onnx__operator_set_id_proto__init(set);
    set->has_version = 1;
    set->version = opset;
    m->proto.opset_import = model_alloc(m, sizeof *m->proto.opset_import);
    m->proto.opset_import[m->proto.n_opset_import++] = set;
    m->proto.graph = &m->graph;
    m->graph.node = model_alloc(m, NODES * sizeof *m->graph.node);
    m->graph.initializer = model_alloc(m, PORTS * sizeof *m->graph.initializer);
    m->graph.input = model_alloc(m, PORTS * sizeof *m->graph.input);
    m->graph.output = model_alloc(m, PORTS * sizeof *m->graph.output);
    return m;
}

void model_free(struct model *m)
{
    for (size_t i = 0; i < m->n_pool; i++)
        free(m->pool[i]);
    free(m->pool);
    free(m);
}

static Onnx__ValueInfoProto *value(struct model *m, const char *name)
{
    Onnx__ValueInfoProto *v = model_alloc(m, sizeof *v);
    onnx__value_info_proto__init(v);
    v->name = text(m, name, strlen(name));
    return v;
}

static Onnx__TensorShapeProto__Dimension *dimension(struct model *m, int64_t size)
{
    Onnx__TensorShapeProto__Dimension *d = model_alloc(m, sizeof *d);
    onnx__tensor_shape_proto__dimension__init(d);
    d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    d->dim_value = size;
    if (size == -1) {
        d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        d->dim_param = text(m, "N", 1);
    }
    return d;
}

void model_input(struct model *m, const char *name, unsigned rank, const int64_t *dims)
{
    Onnx__ValueInfoProto *v = value(m, name);
    Onnx__TensorShapeProto *s = model_alloc(m, sizeof *s);
    v->type = model_alloc(m, sizeof *v->type);
    onnx__type_proto__init(v->type);
    onnx__tensor_shape_proto__init(s);
    v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    v->type->tensor_type = model_alloc(m, sizeof *v->type->tensor_type);
    onnx__type_proto__tensor__init(v->type->tensor_type);
    v->type->tensor_type->has_elem_type = 1;
    v->type->tensor_type->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    v->type->tensor_type->shape = s;
    s->dim = model_alloc(m, rank * sizeof *s->dim);
    for (unsigned i = 0; i < rank; i++)
        s->dim[s->n_dim++] = dimension(m, dims[i]);
    m->graph.input[m->graph.n_input++] = v;
}

void model_output(struct model *m, const char *name) { m->graph.output[m->graph.n_output++] = value(m, name); }

static Onnx__TensorProto *tensor(struct model *m, const char *name, unsigned rank, const int64_t *dims)
{
    Onnx__TensorProto *t = model_alloc(m, sizeof *t);
    onnx__tensor_proto__init(t);
    t->name = text(m, name, strlen(name));
    t->n_dims = rank;
    t->dims = model_alloc(m, rank * sizeof *t->dims);
    memcpy(t->dims, dims, rank * sizeof *t->dims);
    t->has_data_type = 1;
    m->graph.initializer[m->graph.n_initializer++] = t;
    return t;
}

Onnx__TensorProto *model_floats(struct model *m, const char *name, unsigned rank, const int64_t *dims, const float *v, size_t n)
{
    Onnx__TensorProto *t = tensor(m, name, rank, dims);
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->n_float_data = n;
    t->float_data = model_alloc(m, n * sizeof *v);
    if (n)
        memcpy(t->float_data, v, n * sizeof *v);
    return t;
}

Onnx__TensorProto *model_integers(struct model *m, const char *name, const int64_t *v, size_t n)
{
    Onnx__TensorProto *t = tensor(m, name, 1, (int64_t[]){(int64_t)n});
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    t->n_int64_data = n;
    t->int64_data = model_alloc(m, n * sizeof *v);
    memcpy(t->int64_data, v, n * sizeof *v);
    return t;
}

static size_t split(struct model *m, const char *list, char ***ret)
{
    size_t n = 0;
    *ret = model_alloc(m, PORTS * sizeof **ret);
    while (*list) {
        size_t length = strcspn(list, " ");
        (*ret)[n++] = text(m, list, length);
        list += length + (list[length] == ' ');
    }
    return n;
}

Onnx__NodeProto *model_node(struct model *m, const char *op, const char *inputs, const char *outputs)
{
    Onnx__NodeProto *n = model_alloc(m, sizeof *n);
    onnx__node_proto__init(n);
    n->op_type = text(m, op, strlen(op));
    n->n_input = split(m, inputs, &n->input);
    n->n_output = split(m, outputs, &n->output);
    n->attribute = model_alloc(m, ATTRIBUTES * sizeof *n->attribute);
    m->graph.node[m->graph.n_node++] = n;
    return n;
}

Onnx__AttributeProto *model_attribute(struct model *m, Onnx__NodeProto *node, const char *name)
{
    Onnx__AttributeProto *a = model_alloc(m, sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = text(m, name, strlen(name));
    node->attribute[node->n_attribute++] = a;
    return a;
}

void model_int(struct model *m, Onnx__NodeProto *node, const char *name, int64_t v)
{
    Onnx__AttributeProto *a = model_attribute(m, node, name);
    a->has_i = 1;
    a->i = v;
}

void model_ints(struct model *m, Onnx__NodeProto *node, const char *name, const int64_t *v, size_t n)
{
    Onnx__AttributeProto *a = model_attribute(m, node, name);
    a->n_ints = n;
    a->ints = model_alloc(m, n * sizeof *v);
    memcpy(a->ints, v, n * sizeof *v);
}

struct bytes model_pack(const struct model *m)
{
    struct bytes b = {0};
    size_t n = onnx__model_proto__get_packed_size(&m->proto);
    onnx__model_proto__pack(&m->proto, bytes_append(&b, NULL, n));
    return b;
}
