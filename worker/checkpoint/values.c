/* Elements of any type as floats. */
#include <math.h>
#include <string.h>

#include "checkpoint/checkpoint_internal.h"

static uint64_t bits_of(const uint8_t *p, size_t n)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++)
        bits |= (uint64_t)p[i] << 8 * i;
    return bits;
}

static float float_of(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return (float)v;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static float half_of(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float sign = bits & 0x8000 ? -1.0f : 1.0f;
    if (exponent == 31)
        return fraction ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexpf((float)(fraction + 1024), exponent - 25) : ldexpf((float)fraction, -24));
}

static float element(enum checkpoint_type type, const uint8_t *p)
{
    uint64_t bits = bits_of(p, type_size(type));
    switch (type) {
    case CHECKPOINT_F32:
        return float_of((uint32_t)bits);
    case CHECKPOINT_F64:
        return double_of(bits);
    case CHECKPOINT_F16:
        return half_of((uint16_t)bits);
    case CHECKPOINT_BF16:
        return float_of((uint32_t)bits << 16);
    case CHECKPOINT_I64:
        return (float)(int64_t)bits;
    case CHECKPOINT_I32:
        return (float)(int32_t)bits;
    case CHECKPOINT_I16:
        return (float)(int16_t)bits;
    case CHECKPOINT_I8:
        return (float)(int8_t)bits;
    default:
        return (float)bits;
    }
}

void checkpoint_values(const struct checkpoint_tensor *t, float *out)
{
    size_t index[CHECKPOINT_DIMS_MAX] = {0}, size = type_size(t->type), n = checkpoint_elements(t);
    size_t at = 0; /* of the element, from the tensor's first */
    for (size_t i = 0; i < n; i++) {
        out[i] = element(t->type, t->data + at * size);
        for (unsigned d = t->n_dims; d-- > 0;) {
            at += t->stride[d];
            if (++index[d] < t->dim[d])
                break;
            at -= t->dim[d] * t->stride[d];
            index[d] = 0;
        }
    }
}
