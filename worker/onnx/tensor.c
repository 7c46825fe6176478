/* Tensors of ONNX files: every way their values can be written, to float32 or int64. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "onnx/onnx_reader.h"
#include "onnx/reader_internal.h"

enum {
    T_FLOAT = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    T_UINT8 = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
    T_INT8 = ONNX__TENSOR_PROTO__DATA_TYPE__INT8,
    T_UINT16 = ONNX__TENSOR_PROTO__DATA_TYPE__UINT16,
    T_INT16 = ONNX__TENSOR_PROTO__DATA_TYPE__INT16,
    T_INT32 = ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
    T_INT64 = ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    T_BOOL = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL,
    T_FLOAT16 = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16,
    T_DOUBLE = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE,
    T_UINT32 = ONNX__TENSOR_PROTO__DATA_TYPE__UINT32,
    T_UINT64 = ONNX__TENSOR_PROTO__DATA_TYPE__UINT64,
    T_BFLOAT16 = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16
};

int tensor_type(int32_t onnx_type, enum graph_type *ret_type)
{
    switch (onnx_type) {
    case T_FLOAT:
    case T_FLOAT16:
    case T_BFLOAT16:
    case T_DOUBLE:
        *ret_type = GRAPH_F32;
        return 0;
    case T_UINT8:
    case T_INT8:
    case T_UINT16:
    case T_INT16:
    case T_INT32:
    case T_INT64:
    case T_BOOL:
    case T_UINT32:
    case T_UINT64:
        *ret_type = GRAPH_I64;
        return 0;
    default:
        return -ENOTSUP;
    }
}

static size_t raw_size(int32_t type)
{
    switch (type) {
    case T_UINT8:
    case T_INT8:
    case T_BOOL:
        return 1;
    case T_UINT16:
    case T_INT16:
    case T_FLOAT16:
    case T_BFLOAT16:
        return 2;
    case T_INT64:
    case T_UINT64:
    case T_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static float half_to_float(uint32_t h)
{
    uint32_t exponent = h >> 10 & 31, fraction = h & 1023;
    float v = 0;
    if (exponent == 31)
        v = fraction ? NAN : INFINITY;
    if (exponent < 31)
        v = exponent ? ldexpf((float)(1024 + fraction), (int)exponent - 25) : ldexpf((float)fraction, -24);
    return h >> 15 ? -v : v;
}

static float bits_to_float(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Element of `bits` little-endian bytes as a float. */
static float real_of(int32_t type, uint64_t bits)
{
    double d;
    switch (type) {
    case T_FLOAT16:
        return half_to_float((uint32_t)bits);
    case T_BFLOAT16:
        return bits_to_float((uint32_t)bits << 16);
    case T_DOUBLE:
        memcpy(&d, &bits, sizeof d);
        return (float)d;
    default:
        return bits_to_float((uint32_t)bits);
    }
}

static int64_t integer_of(int32_t type, uint64_t bits)
{
    switch (type) {
    case T_INT8:
        return (int8_t)bits;
    case T_INT16:
        return (int16_t)bits;
    case T_INT32:
        return (int32_t)bits;
    case T_BOOL:
        return bits != 0;
    default:
        return (int64_t)bits;
    }
}

static uint64_t little_endian(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

/* Element i of the field that values of the type are listed in (onnx.proto). */
static uint64_t listed(const Onnx__TensorProto *t, size_t i)
{
    uint64_t bits = 0;
    switch (t->data_type) {
    case T_FLOAT:
        memcpy(&bits, &t->float_data[i], 4);
        return little_endian((const uint8_t *)&bits, 4);
    case T_DOUBLE:
        memcpy(&bits, &t->double_data[i], 8);
        return bits;
    case T_INT64:
        return (uint64_t)t->int64_data[i];
    case T_UINT32:
    case T_UINT64:
        return t->uint64_data[i];
    default:
        return (uint64_t)(int64_t)t->int32_data[i];
    }
}

static size_t listed_count(const Onnx__TensorProto *t)
{
    switch (t->data_type) {
    case T_FLOAT:
        return t->n_float_data;
    case T_DOUBLE:
        return t->n_double_data;
    case T_INT64:
        return t->n_int64_data;
    case T_UINT32:
    case T_UINT64:
        return t->n_uint64_data;
    default:
        return t->n_int32_data;
    }
}

static int tensor_error(const Onnx__TensorProto *t, int code, const char *what, struct sonata_error *err)
{
    return sonata_error_set(err, code, "tensor '%.60s': %s", t->name ? t->name : "", what);
}

static int shape_of(const Onnx__TensorProto *t, struct graph_shape *s, struct sonata_error *err)
{
    if (t->n_dims > GRAPH_RANK_MAX)
        return tensor_error(t, -EFBIG, "more than 8 dimensions", err);
    *s = (struct graph_shape){.rank = (unsigned)t->n_dims};
    for (size_t i = 0; i < t->n_dims; i++)
        s->dim[i] = t->dims[i];
    return graph_elements(s) < 0 ? tensor_error(t, -EFBIG, "a dimension is negative, or there are more than 2^28 values", err) : 0;
}

static void fill(const Onnx__TensorProto *t, enum graph_type type, size_t n, void *data)
{
    size_t size = raw_size(t->data_type);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = t->has_raw_data ? little_endian(t->raw_data.data + i * size, size) : listed(t, i);
        if (type == GRAPH_F32)
            ((float *)data)[i] = real_of(t->data_type, bits);
        else
            ((int64_t *)data)[i] = integer_of(t->data_type, bits);
    }
}

/* Whether the raw bytes are our representation already. */
static bool is_ours(const Onnx__TensorProto *t)
{
    return t->has_raw_data && (t->data_type == T_FLOAT || t->data_type == T_INT64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

int tensor_decode(const Onnx__TensorProto *t, struct graph_tensor *ret, struct sonata_error *err)
{
    struct graph_tensor out = {0};
    if (t->n_external_data || (t->has_data_location && t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL))
        return tensor_error(t, -ENOTSUP, "its values are in another file; save the model as one file (onnx.save with save_as_external_data=False)",
                            err);
    if (tensor_type(t->data_type, &out.type))
        return tensor_error(t, -ENOTSUP, "its type is not known here (floats, integers and truth values are)", err);
    int r = shape_of(t, &out.shape, err);
    if (r)
        return r;
    size_t n = (size_t)graph_elements(&out.shape), there = t->has_raw_data ? t->raw_data.len / raw_size(t->data_type) : listed_count(t);
    if (there != n || (t->has_raw_data && t->raw_data.len % raw_size(t->data_type)))
        return tensor_error(t, -EBADMSG, "it holds another number of values than its shape says", err);
    out.data = xmalloc(n * graph_type_size(out.type) + 8);
    if (is_ours(t) && n)
        memcpy(out.data, t->raw_data.data, n * graph_type_size(out.type));
    else
        fill(t, out.type, n, out.data);
    *ret = out;
    return 0;
}
