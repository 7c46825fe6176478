/* What the files of the reader share: the model while it is read, and access to the node that is being translated. */
#ifndef SONATA_ONNX_READER_INTERNAL_H
#define SONATA_ONNX_READER_INTERNAL_H

#include "graph/graph.h"
#include "onnx.pb-c.h"
#include "onnx/names.h"

struct importer {
    ProtobufCAllocator *allocator; /* of the message that is read */
    struct graph *g;
    const struct onnx_options *options;
    struct names names; /* of values: to their tensors */
    int64_t opset;
    const char *batch_name; /* of the symbolic dimension that is the batch */
    struct sonata_error *err;
    /* The node at hand. */
    const Onnx__NodeProto *node;
    char label[80]; /* its name, or its operator and first output */
    int32_t *in;    /* tensors of its inputs; -1: not given */
    unsigned n_in;
};

/* A row of the table of operators. */
struct translation {
    const char *op_type;
    int (*translate)(struct importer *, const struct translation *);
    enum graph_op op;
    float alpha, beta; /* defaults of the attributes of that name */
};
/* The row of an operator of ONNX, or NULL. */
const struct translation *translation_find(const char *op_type);
/* Whether an operator means the same in all operator sets before 7, too. */
bool translation_is_old(const char *op_type);
/* What to use instead of an operator that is not known. */
const char *translation_hint(const char *op_type);

/* TensorProto to data from malloc. */
int tensor_decode(const Onnx__TensorProto *t, struct graph_tensor *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* ONNX's type of values to ours; -ENOTSUP. Half precision is kept as float32. */
int tensor_type(int32_t onnx_type, enum graph_type *ret_type) SONATA_MUST_CHECK;

/* ---- for translations (node.c) ---- */

/* An error that names the node at hand; returns code. */
int node_error(const struct importer *m, int code, const char *what);
/* The node's attribute of that name, or NULL. It lives as long as the model. */
const Onnx__AttributeProto *node_attribute(const struct importer *m, const char *name);
/* The attribute's value or the given one where it is not there; -EINVAL when it is of another kind. */
int node_int(const struct importer *m, const char *name, int64_t fallback, int64_t *ret) SONATA_MUST_CHECK;
/* As node_int(), of a float. */
int node_float(const struct importer *m, const char *name, float fallback, float *ret) SONATA_MUST_CHECK;
/* Whether a text attribute (or its default) is `text`. */
bool node_text_is(const struct importer *m, const char *name, const char *fallback, const char *text);
/* At most `max` numbers; *ret_n is -1 when the attribute is not there. */
int node_ints(const struct importer *m, const char *name, int64_t *ret, int max, int *ret_n) SONATA_MUST_CHECK;
/* Numbers from attribute `name`, or from constant input `i`; *ret_n -1: neither is there. */
int node_list(const struct importer *m, const char *name, unsigned i, int64_t *ret, int *ret_n) SONATA_MUST_CHECK;

/* Whether the node's i-th input is given. */
bool node_has(const struct importer *m, unsigned i);
const struct graph_tensor *node_input(const struct importer *m, unsigned i); /* NULL: not given */
/* The same, but it must be constant. */
int node_constant(const struct importer *m, unsigned i, const struct graph_tensor **ret) SONATA_MUST_CHECK;
/* A constant number (float or integer) of one value. */
int node_scalar(const struct importer *m, unsigned i, float fallback, float *ret) SONATA_MUST_CHECK;
/* axis with negative ones counted from the end; the rank itself is allowed when `end`. */
int node_axis(const struct importer *m, int64_t axis, unsigned rank, bool end, int64_t *ret) SONATA_MUST_CHECK;

/* An operator with the node's own inputs from 0 on, and its name. */
struct graph_node node_begin(const struct importer *m, enum graph_op op, unsigned n_inputs, unsigned n_outputs);
/* Adds it as one step of the node; its tensor. */
int node_step(struct importer *m, struct graph_node *take, int32_t *ret_tensor) SONATA_MUST_CHECK;
/* Adds it as the last step: its outputs get the node's names. */
int node_finish(struct importer *m, struct graph_node *take) SONATA_MUST_CHECK;
/* The name of the node's output i stands for a tensor; nothing happens when it has no such output. */
int node_bind(struct importer *m, size_t i, int32_t tensor) SONATA_MUST_CHECK;
/* The node's first output is a tensor that is there. */
int node_alias(struct importer *m, int32_t tensor) SONATA_MUST_CHECK;
/* A constant as one of the node's outputs; its data is taken. */
int node_give(struct importer *m, size_t output, const struct graph_tensor *take) SONATA_MUST_CHECK;
/* Room for a constant that is not in the file. -EFBIG. */
int node_reserve(const struct importer *m, const struct graph_shape *s, enum graph_type type) SONATA_MUST_CHECK;

/* ---- translations, by file ---- */
int translate_unary(struct importer *m, const struct translation *t);
int translate_binary(struct importer *m, const struct translation *t);
int translate_pow(struct importer *m, const struct translation *t);
int translate_chain(struct importer *m, const struct translation *t);
int translate_clip(struct importer *m, const struct translation *t);
int translate_cast(struct importer *m, const struct translation *t);
int translate_where(struct importer *m, const struct translation *t);
int translate_same(struct importer *m, const struct translation *t);
int translate_batch_norm(struct importer *m, const struct translation *t);
int translate_layer_norm(struct importer *m, const struct translation *t);
int translate_conv(struct importer *m, const struct translation *t);
int translate_pool(struct importer *m, const struct translation *t);
int translate_global_pool(struct importer *m, const struct translation *t);
int translate_gemm(struct importer *m, const struct translation *t);
int translate_matmul(struct importer *m, const struct translation *t);
int translate_reduce(struct importer *m, const struct translation *t);
int translate_softmax(struct importer *m, const struct translation *t);
int translate_concat(struct importer *m, const struct translation *t);
int translate_split(struct importer *m, const struct translation *t);
int translate_slice(struct importer *m, const struct translation *t);
int translate_gather(struct importer *m, const struct translation *t);
int translate_transpose(struct importer *m, const struct translation *t);
int translate_flatten(struct importer *m, const struct translation *t);
int translate_reshape(struct importer *m, const struct translation *t);
int translate_squeeze(struct importer *m, const struct translation *t);
int translate_unsqueeze(struct importer *m, const struct translation *t);
int translate_expand(struct importer *m, const struct translation *t);
int translate_tile(struct importer *m, const struct translation *t);
int translate_pad(struct importer *m, const struct translation *t);
int translate_resize(struct importer *m, const struct translation *t);
int translate_depth_to_space(struct importer *m, const struct translation *t);
int translate_constant(struct importer *m, const struct translation *t);
int translate_constant_of_shape(struct importer *m, const struct translation *t);
int translate_shape(struct importer *m, const struct translation *t);
int translate_range(struct importer *m, const struct translation *t);

#endif
