/* The table of operators that are read, and what to say about those that are not. */
#include <stdlib.h>
#include <string.h>

#include "onnx/onnx_reader.h"
#include "onnx/reader_internal.h"

/* In order of names: it is searched by halves. */
static const struct translation table[] = {
    {"Abs", translate_unary, GRAPH_ABS, 0, 0},
    {"Add", translate_binary, GRAPH_ADD, 0, 0},
    {"And", translate_binary, GRAPH_AND, 0, 0},
    {"AveragePool", translate_pool, GRAPH_AVERAGE_POOL, 0, 0},
    {"BatchNormalization", translate_batch_norm, GRAPH_BATCH_NORM, 0, 0},
    {"Cast", translate_cast, GRAPH_CAST, 0, 0},
    {"Ceil", translate_unary, GRAPH_CEIL, 0, 0},
    {"Clip", translate_clip, GRAPH_CLIP, 0, 0},
    {"Concat", translate_concat, GRAPH_CONCAT, 0, 0},
    {"Constant", translate_constant, GRAPH_IDENTITY, 0, 0},
    {"ConstantOfShape", translate_constant_of_shape, GRAPH_IDENTITY, 0, 0},
    {"Conv", translate_conv, GRAPH_CONV, 0, 0},
    {"ConvTranspose", translate_conv, GRAPH_CONV_TRANSPOSE, 0, 0},
    {"DepthToSpace", translate_depth_to_space, GRAPH_DEPTH_TO_SPACE, 0, 0},
    {"Div", translate_binary, GRAPH_DIV, 0, 0},
    {"Dropout", translate_same, GRAPH_IDENTITY, 0, 0},
    {"Elu", translate_unary, GRAPH_ELU, 1, 0},
    {"Equal", translate_binary, GRAPH_EQUAL, 0, 0},
    {"Erf", translate_unary, GRAPH_ERF, 0, 0},
    {"Exp", translate_unary, GRAPH_EXP, 0, 0},
    {"Expand", translate_expand, GRAPH_EXPAND, 0, 0},
    {"Flatten", translate_flatten, GRAPH_RESHAPE, 0, 0},
    {"Floor", translate_unary, GRAPH_FLOOR, 0, 0},
    {"Gather", translate_gather, GRAPH_GATHER, 0, 0},
    {"Gemm", translate_gemm, GRAPH_GEMM, 1, 1},
    {"GlobalAveragePool", translate_global_pool, GRAPH_REDUCE_MEAN, 0, 0},
    {"GlobalMaxPool", translate_global_pool, GRAPH_REDUCE_MAX, 0, 0},
    {"Greater", translate_binary, GRAPH_GREATER, 0, 0},
    {"HardSigmoid", translate_unary, GRAPH_HARD_SIGMOID, 0.2f, 0.5f},
    {"HardSwish", translate_unary, GRAPH_HARD_SWISH, 0, 0},
    {"Identity", translate_same, GRAPH_IDENTITY, 0, 0},
    {"LayerNormalization", translate_layer_norm, GRAPH_ADD, 0, 0},
    {"LeakyRelu", translate_unary, GRAPH_LEAKY_RELU, 0.01f, 0},
    {"Less", translate_binary, GRAPH_LESS, 0, 0},
    {"Log", translate_unary, GRAPH_LOG, 0, 0},
    {"LogSoftmax", translate_softmax, GRAPH_LOG_SOFTMAX, 0, 0},
    {"MatMul", translate_matmul, GRAPH_MATMUL, 0, 0},
    {"Max", translate_chain, GRAPH_MAX, 0, 0},
    {"MaxPool", translate_pool, GRAPH_MAX_POOL, 0, 0},
    {"Mean", translate_chain, GRAPH_ADD, 1, 0},
    {"Min", translate_chain, GRAPH_MIN, 0, 0},
    {"Mul", translate_binary, GRAPH_MUL, 0, 0},
    {"Neg", translate_unary, GRAPH_NEG, 0, 0},
    {"Not", translate_unary, GRAPH_NOT, 0, 0},
    {"Or", translate_binary, GRAPH_OR, 0, 0},
    {"PRelu", translate_binary, GRAPH_PRELU, 0, 0},
    {"Pad", translate_pad, GRAPH_PAD, 0, 0},
    {"Pow", translate_pow, GRAPH_POW, 0, 0},
    {"Range", translate_range, GRAPH_IDENTITY, 0, 0},
    {"Reciprocal", translate_unary, GRAPH_RECIPROCAL, 0, 0},
    {"ReduceMax", translate_reduce, GRAPH_REDUCE_MAX, 0, 0},
    {"ReduceMean", translate_reduce, GRAPH_REDUCE_MEAN, 0, 0},
    {"ReduceMin", translate_reduce, GRAPH_REDUCE_MIN, 0, 0},
    {"ReduceProd", translate_reduce, GRAPH_REDUCE_PROD, 0, 0},
    {"ReduceSum", translate_reduce, GRAPH_REDUCE_SUM, 0, 0},
    {"Relu", translate_unary, GRAPH_RELU, 0, 0},
    {"Reshape", translate_reshape, GRAPH_RESHAPE, 0, 0},
    {"Resize", translate_resize, GRAPH_RESIZE, 0, 0},
    {"Round", translate_unary, GRAPH_ROUND, 0, 0},
    {"Selu", translate_unary, GRAPH_SELU, 1.67326319217681884765625f, 1.05070102214813232421875f},
    {"Shape", translate_shape, GRAPH_IDENTITY, 0, 0},
    {"Sigmoid", translate_unary, GRAPH_SIGMOID, 0, 0},
    {"Sign", translate_unary, GRAPH_SIGN, 0, 0},
    {"Size", translate_shape, GRAPH_IDENTITY, 1, 0},
    {"Slice", translate_slice, GRAPH_SLICE, 0, 0},
    {"Softmax", translate_softmax, GRAPH_SOFTMAX, 0, 0},
    {"Softplus", translate_unary, GRAPH_SOFTPLUS, 0, 0},
    {"Softsign", translate_unary, GRAPH_SOFTSIGN, 0, 0},
    {"Split", translate_split, GRAPH_SPLIT, 0, 0},
    {"Sqrt", translate_unary, GRAPH_SQRT, 0, 0},
    {"Squeeze", translate_squeeze, GRAPH_RESHAPE, 0, 0},
    {"Sub", translate_binary, GRAPH_SUB, 0, 0},
    {"Sum", translate_chain, GRAPH_ADD, 0, 0},
    {"Tanh", translate_unary, GRAPH_TANH, 0, 0},
    {"Tile", translate_tile, GRAPH_TILE, 0, 0},
    {"Transpose", translate_transpose, GRAPH_TRANSPOSE, 0, 0},
    {"Unsqueeze", translate_unsqueeze, GRAPH_RESHAPE, 0, 0},
    {"Upsample", translate_resize, GRAPH_RESIZE, 1, 0},
    {"Where", translate_where, GRAPH_WHERE, 0, 0},
};

enum { ROWS = sizeof table / sizeof *table };

static int by_name(const void *key, const void *row) { return strcmp(key, ((const struct translation *)row)->op_type); }

const struct translation *translation_find(const char *op_type) { return bsearch(op_type, table, ROWS, sizeof *table, by_name); }

bool translation_is_old(const char *op_type)
{
    static const char *const same[] = {"Abs",           "AveragePool", "Ceil",     "Constant",   "Conv",      "ConvTranspose", "DepthToSpace",
                                       "Elu",           "Erf",         "Exp",      "Flatten",    "Floor",     "Gather",        "GlobalAveragePool",
                                       "GlobalMaxPool", "HardSigmoid", "Identity", "LeakyRelu",  "Log",       "LogSoftmax",    "MatMul",
                                       "MaxPool",       "Neg",         "Not",      "Reciprocal", "ReduceMax", "ReduceMean",    "ReduceMin",
                                       "ReduceProd",    "ReduceSum",   "Relu",     "Selu",       "Shape",     "Sigmoid",       "Size",
                                       "Slice",         "Softmax",     "Softplus", "Softsign",   "Sqrt",      "Squeeze",       "Tanh",
                                       "Transpose",     "Unsqueeze"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!strcmp(same[i], op_type))
            return true;
    }
    return false;
}

const char *const *onnx_operators(void)
{
    static const char *names[ROWS + 1];
    for (size_t i = 0; i < ROWS; i++)
        names[i] = table[i].op_type;
    return names;
}

static const char *const hints[][2] = {
    {"If", "export with fixed control flow (tracing instead of scripting)"},
    {"Loop", "export with fixed control flow (tracing instead of scripting)"},
    {"Scan", "export with fixed control flow (tracing instead of scripting)"},
    {"NonMaxSuppression", "cut the post-processing off the model and export what comes before it"},
    {"RoiAlign", "cut the post-processing off the model and export what comes before it"},
    {"QuantizeLinear", "export the float32 model; the engine computes in float32"},
    {"DequantizeLinear", "export the float32 model; the engine computes in float32"},
    {"QLinearConv", "export the float32 model; the engine computes in float32"},
    {"QLinearMatMul", "export the float32 model; the engine computes in float32"},
    {"ConvInteger", "export the float32 model; the engine computes in float32"},
    {"DynamicQuantizeLinear", "export the float32 model; the engine computes in float32"},
    {"Einsum", "write it as MatMul and Transpose"},
    {"InstanceNormalization", "write it as ReduceMean, Sub, Mul and Sqrt, or train with BatchNormalization"},
    {"GroupNormalization", "write it as Reshape, ReduceMean, Sub, Mul and Sqrt, or train with BatchNormalization"},
    {"LRN", "train with BatchNormalization"},
    {"SpaceToDepth", "write it as Reshape, Transpose and Reshape"},
    {"ArgMax", "leave it to what reads the outputs"},
    {"TopK", "leave it to what reads the outputs"},
};

const char *translation_hint(const char *op_type)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (!strcmp(hints[i][0], op_type))
            return hints[i][1];
    }
    return "write it with operators of docs/ONNX.md";
}
