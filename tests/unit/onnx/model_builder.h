/* Small ONNX models for tests, built in memory. Texts are borrowed; everything else goes with model_free(). */
#ifndef SONATA_TESTS_ONNX_MODEL_BUILDER_H
#define SONATA_TESTS_ONNX_MODEL_BUILDER_H

#include "base/bytes.h"
#include "onnx.pb-c.h"

struct model {
    Onnx__ModelProto proto;
    Onnx__GraphProto graph;
    void **pool;
    size_t n_pool, capacity;
};

struct model *model_new(int64_t opset);
void model_free(struct model *m);
/* Zeroed memory that lives as long as the model. */
void *model_alloc(struct model *m, size_t size);

/* dims: -1 is a symbolic dimension called "N". */
void model_input(struct model *m, const char *name, unsigned rank, const int64_t *dims);
void model_output(struct model *m, const char *name);
Onnx__TensorProto *model_floats(struct model *m, const char *name, unsigned rank, const int64_t *dims, const float *value, size_t n);
Onnx__TensorProto *model_integers(struct model *m, const char *name, const int64_t *value, size_t n);
/* Names of inputs and outputs, separated by one blank each. */
Onnx__NodeProto *model_node(struct model *m, const char *op, const char *inputs, const char *outputs);
Onnx__AttributeProto *model_attribute(struct model *m, Onnx__NodeProto *node, const char *name);
void model_int(struct model *m, Onnx__NodeProto *node, const char *name, int64_t value);
void model_ints(struct model *m, Onnx__NodeProto *node, const char *name, const int64_t *value, size_t n);
struct bytes model_pack(const struct model *m);

#endif
