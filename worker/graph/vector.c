/* See vector.h. The loops are written so that the compiler turns them into vectors of whatever width it may use. */
#include "graph/vector.h"

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* e^x for x in -87.3 .. 88.3: 2^k e^r with |r| <= ln 2 / 2; e^r by the polynomial of degree 5 whose largest relative error is least (9e-8). */
INLINE float exponential(float x)
{
    const float magic = 12582912.0f; /* 1.5 2^23: adding it rounds to an integer in the low bits */
    float shifted = x * 1.44269504f + magic, k = shifted - magic;
    float r = (x - k * 0.693145752f) - k * 1.42860677e-6f;
    float p = 1.0f + r * (0.9999997f + r * (0.49999151f + r * (0.16667637f + r * (0.041897975f + r * 0.0082903057f))));
    union {
        float f;
        uint32_t bits;
    } s = {.f = shifted}, e = {.f = p};
    e.bits += s.bits << 23;
    return e.f;
}

INLINE void silu(const float *x, float *y, size_t n)
{
#pragma GCC ivdep /* y is x or lies elsewhere */
    for (size_t i = 0; i < n; i++) {
        float v = -x[i];
        v = v < -87.0f ? -87.0f : v;
        v = v > 87.0f ? 87.0f : v;
        y[i] = x[i] / (1.0f + exponential(v));
    }
}

INLINE void affine(const float *x, const float *a, const float *b, float *y, size_t n, float min, float max)
{
#pragma GCC ivdep /* y is x or lies elsewhere */
    for (size_t i = 0; i < n; i++) {
        float v = x[i] * a[i] + b[i];
        v = v < min ? min : v;
        y[i] = v > max ? max : v;
    }
}

#define CODE(suffix, attribute)                                                                                                                      \
    attribute static void silu_##suffix(const float *x, float *y, size_t n) { silu(x, y, n); }                                                       \
    attribute static void affine_##suffix(const float *x, const float *a, const float *b, float *y, size_t n, float min, float max)                  \
    {                                                                                                                                                \
        affine(x, a, b, y, n, min, max);                                                                                                             \
    }                                                                                                                                                \
    static const struct vector_code code_##suffix = {#suffix, silu_##suffix, affine_##suffix}

CODE(any, );
#if defined(__x86_64__)
CODE(v3, __attribute__((target("arch=x86-64-v3"))));
CODE(v4, __attribute__((target("arch=x86-64-v4,prefer-vector-width=512"))));
#endif

const struct vector_code *const *vector_all(void)
{
    static const struct vector_code *all[4] = {&code_any};
    size_t n = 1;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        all[n++] = &code_v3;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd"))
        all[n++] = &code_v4;
#endif
    all[n] = NULL;
    return all;
}

const struct vector_code *vector_best(void)
{
    const struct vector_code *const *all = vector_all();
    while (all[1])
        all++;
    return *all;
}
