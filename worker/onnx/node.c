/* What translations need of the node at hand: its attributes and inputs, checked, and adding to the graph. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "onnx/reader_internal.h"

int node_error(const struct importer *m, int code, const char *what)
{
    return sonata_error_set(m->err, code, "node '%.60s' (%.40s): %s", m->label, m->node->op_type, what);
}

const Onnx__AttributeProto *node_attribute(const struct importer *m, const char *name)
{
    for (size_t i = 0; i < m->node->n_attribute; i++) {
        const Onnx__AttributeProto *a = m->node->attribute[i];
        if (a->name && !strcmp(a->name, name))
            return a;
    }
    return NULL;
}

static int wrong_kind(const struct importer *m, const char *name)
{
    return sonata_error_set(m->err, -EINVAL, "node '%.60s' (%.40s): attribute '%s' is of another kind, or too long", m->label, m->node->op_type,
                            name);
}

int node_int(const struct importer *m, const char *name, int64_t fallback, int64_t *ret)
{
    const Onnx__AttributeProto *a = node_attribute(m, name);
    if (a && !a->has_i)
        return wrong_kind(m, name);
    *ret = a ? a->i : fallback;
    return 0;
}

int node_float(const struct importer *m, const char *name, float fallback, float *ret)
{
    const Onnx__AttributeProto *a = node_attribute(m, name);
    if (a && !a->has_f)
        return wrong_kind(m, name);
    *ret = a ? a->f : fallback;
    return 0;
}

bool node_text_is(const struct importer *m, const char *name, const char *fallback, const char *text)
{
    const Onnx__AttributeProto *a = node_attribute(m, name);
    if (!a || !a->has_s)
        return !strcmp(fallback, text);
    return a->s.len == strlen(text) && !memcmp(a->s.data, text, a->s.len);
}

int node_ints(const struct importer *m, const char *name, int64_t *ret, int max, int *ret_n)
{
    const Onnx__AttributeProto *a = node_attribute(m, name);
    *ret_n = -1;
    if (!a)
        return 0;
    if (a->n_ints > (size_t)max || a->has_i || a->has_f)
        return wrong_kind(m, name);
    for (size_t i = 0; i < a->n_ints; i++)
        ret[i] = a->ints[i];
    *ret_n = (int)a->n_ints;
    return 0;
}

int node_list(const struct importer *m, const char *name, unsigned i, int64_t *ret, int *ret_n)
{
    const struct graph_tensor *t;
    int r = node_ints(m, name, ret, GRAPH_RANK_MAX, ret_n);
    if (r || *ret_n >= 0 || !node_has(m, i))
        return r;
    r = node_constant(m, i, &t);
    if (r)
        return r;
    int64_t n = graph_elements(&t->shape);
    if (t->type != GRAPH_I64 || t->shape.rank > 1 || n > GRAPH_RANK_MAX)
        return node_error(m, -EINVAL, "an input that lists dimensions must hold at most 8 integers");
    memcpy(ret, t->data, (size_t)n * sizeof *ret);
    *ret_n = (int)n;
    return 0;
}

bool node_has(const struct importer *m, unsigned i) { return i < m->n_in && m->in[i] >= 0; }

const struct graph_tensor *node_input(const struct importer *m, unsigned i) { return node_has(m, i) ? &m->g->tensor[m->in[i]] : NULL; }

int node_constant(const struct importer *m, unsigned i, const struct graph_tensor **ret)
{
    const struct graph_tensor *t = node_input(m, i);
    if (!t)
        return node_error(m, -EINVAL, "an input is missing");
    if (!t->data)
        return sonata_error_set(
            m->err, -ENOTSUP,
            "node '%.60s' (%.40s): '%.60s' is known only when the network runs; it must be a constant (shapes are static here; bind an "
            "input by name, or export with fixed sizes)",
            m->label, m->node->op_type, t->name);
    *ret = t;
    return 0;
}

int node_scalar(const struct importer *m, unsigned i, float fallback, float *ret)
{
    const struct graph_tensor *t;
    *ret = fallback;
    if (!node_has(m, i))
        return 0;
    int r = node_constant(m, i, &t);
    if (r)
        return r;
    if (graph_elements(&t->shape) != 1)
        return node_error(m, -EINVAL, "one number is needed where several are given");
    *ret = t->type == GRAPH_F32 ? *(const float *)t->data : (float)*(const int64_t *)t->data;
    return 0;
}

int node_axis(const struct importer *m, int64_t axis, unsigned rank, bool end, int64_t *ret)
{
    int64_t top = rank;
    if (axis < -top || axis >= top + (end ? 1 : 0))
        return node_error(m, -EINVAL, "an axis is not a dimension of its input");
    *ret = axis < 0 ? axis + top : axis;
    return 0;
}

struct graph_node node_begin(const struct importer *m, enum graph_op op, unsigned n_inputs, unsigned n_outputs)
{
    struct graph_node n = graph_node_of(op, m->label, n_inputs, n_outputs);
    for (unsigned i = 0; i < n_inputs; i++)
        n.input[i] = i < m->n_in ? m->in[i] : -1;
    return n;
}

int node_step(struct importer *m, struct graph_node *take, int32_t *ret_tensor)
{
    size_t first = m->g->n_tensors;
    int r = graph_add_node(m->g, take, NULL, m->err);
    *ret_tensor = (int32_t)first;
    return r;
}

int node_bind(struct importer *m, size_t i, int32_t tensor)
{
    const char *name = i < m->node->n_output ? m->node->output[i] : "";
    if (*name && names_add(&m->names, name, tensor))
        return sonata_error_set(m->err, -EINVAL, "node '%.60s' (%.40s): '%.60s' is written twice", m->label, m->node->op_type, name);
    return 0;
}

int node_finish(struct importer *m, struct graph_node *take)
{
    size_t first = m->g->n_tensors;
    unsigned n = take->n_outputs;
    const char **output = xcalloc(n, sizeof *output);
    for (unsigned i = 0; i < n; i++)
        output[i] = i < m->node->n_output ? m->node->output[i] : m->label;
    int r = graph_add_node(m->g, take, output, m->err);
    free(output);
    for (unsigned i = 0; i < n && !r; i++)
        r = node_bind(m, i, (int32_t)(first + i));
    return r;
}

int node_alias(struct importer *m, int32_t tensor)
{
    if (tensor < 0)
        return node_error(m, -EINVAL, "an input is missing");
    return node_bind(m, 0, tensor);
}

int node_give(struct importer *m, size_t output, const struct graph_tensor *take)
{
    m->g->computed_bytes += (int64_t)graph_tensor_bytes(take);
    int32_t t = graph_add_tensor(m->g, m->node->output[output], take->type, &take->shape, take->data);
    return t < 0 ? node_error(m, -EFBIG, "the model has too many tensors") : node_bind(m, output, t);
}

int node_reserve(const struct importer *m, const struct graph_shape *s, enum graph_type type)
{
    int64_t n = graph_elements(s);
    if (n < 0 || m->g->computed_bytes + n * (int64_t)graph_type_size(type) > GRAPH_CONSTANT_BYTES_MAX)
        return node_error(m, -EFBIG, "a constant that is computed would be too large");
    return 0;
}
