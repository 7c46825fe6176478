/* Depthwise kernels of every processor level this machine has, against the reference: all kernels and strides, map sizes below and above a block of
 * outputs, channels with and without a half group at the end. */
#include "runtime/depthwise_internal.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/rng.h"
#include "runtime/runtime.h"
#include "support/cmocka.h"

enum { BATCH = 2 };

static float *random_floats(struct rng *rng, size_t n)
{
    float *v = xcalloc_line(n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)rng_uniform(rng) - 0.5f;
    return v;
}

static void compare(struct network_layer *l, struct rng *rng)
{
    size_t c = l->out_channels, outputs = (size_t)l->out_size * l->out_size * c * BATCH;
    float *x = random_floats(rng, (size_t)l->in_size * l->in_size * c * BATCH), *expected = xcalloc_line(outputs, sizeof(float));
    float *y = xmalloc(outputs * sizeof(float));
    l->weight = random_floats(rng, (size_t)l->kernel * l->kernel * c);
    l->bias = random_floats(rng, c);
    assert_int_equal(runtime_ref.convolve(NULL, l, BATCH, x, expected), 0);
    for (int relu = 0; relu < 2; relu++) {
        struct depthwise *d = depthwise_new(l, relu, NULL);
        for (enum depthwise_code code = DEPTHWISE_ANY; code <= depthwise_best(); code++) {
            depthwise_run_as(d, code, BATCH, x, y);
            for (size_t i = 0; i < outputs; i++) {
                float e = relu && expected[i] < 0 ? 0 : expected[i];
                if (fabsf(y[i] - e) > 1e-5f)
                    fail_msg("code %d, %ux%u stride %u, size %u, %zu channels, output %zu: %g, not %g", (int)code, l->kernel, l->kernel, l->stride,
                             l->in_size, c, i, (double)y[i], (double)e);
            }
        }
        depthwise_free(d);
    }
    free(x);
    free(y);
    free(expected);
    free(l->weight);
    free(l->bias);
}

static void every_shape_agrees_with_the_reference(void **state)
{
    static const uint16_t kernels[] = {3, 5, 7}, sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 14, 19}, channels[] = {8, 16, 24, 40};
    struct rng rng = rng_seeded(7, 0);
    (void)state;
    for (size_t k = 0; k < 3; k++)
        for (uint16_t stride = 1; stride <= 2; stride++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                for (size_t c = 0; c < 4; c++) {
                    struct network_layer l = {.type = NETWORK_DEPTHWISE,
                                              .kernel = kernels[k],
                                              .stride = stride,
                                              .in_size = sizes[s],
                                              .add = -1,
                                              .out_size = (uint16_t)((sizes[s] + stride - 1) / stride),
                                              .in_channels = channels[c],
                                              .out_channels = channels[c]};
                    assert_true(depthwise_supports(&l));
                    compare(&l, &rng);
                }
}

static void other_layers_are_refused(void **state)
{
    (void)state;
    struct network_layer l = {.type = NETWORK_DEPTHWISE, .kernel = 3, .stride = 1, .in_channels = 16, .out_channels = 16};
    assert_true(depthwise_supports(&l));
    l.kernel = 9;
    assert_false(depthwise_supports(&l));
    l.kernel = 3;
    l.stride = 3;
    assert_false(depthwise_supports(&l));
    l.stride = 1;
    l.out_channels = 12;
    assert_false(depthwise_supports(&l));
    l.out_channels = 16;
    l.type = NETWORK_POINTWISE;
    assert_false(depthwise_supports(&l));
}

/* Output (i, j) of channel q by the definition. */
static float expected_at(const struct depthwise_shape *s, const float *x, const float *w, const float *bias, const long at[2], size_t q)
{
    double sum = bias ? (double)bias[q] : 0;
    for (long u = 0; u < s->kernel; u++)
        for (long v = 0; v < s->kernel; v++) {
            long r = at[0] * s->stride + u - s->pad[0], c = at[1] * s->stride + v - s->pad[1];
            if (r >= 0 && c >= 0 && r < s->in[0] && c < s->in[1])
                sum += (double)x[(size_t)(r * s->in[1] + c) * s->in_stride + q] * (double)w[(size_t)(u * s->kernel + v) * s->channels + q];
        }
    return fminf(fmaxf((float)sum, s->min), s->max);
}

/* Two calls for the rows, values between the pixels untouched. */
static void compare_shape(const struct depthwise_shape *s, struct rng *rng)
{
    size_t in = (size_t)(s->in[0] * s->in[1]) * s->in_stride, out = (size_t)(s->out[0] * s->out[1]) * s->out_stride;
    float *x = random_floats(rng, in), *y = xmalloc((out + 1) * sizeof *y), *w = random_floats(rng, (size_t)(s->kernel * s->kernel) * s->channels);
    float *bias = s->kernel == 5 ? NULL : random_floats(rng, s->channels);
    struct depthwise *d = depthwise_pack(s, w, bias, NULL);
    for (enum depthwise_code code = DEPTHWISE_ANY; code <= depthwise_best(); code++) {
        for (size_t i = 0; i < out; i++)
            y[i] = 77;
        depthwise_rows_as(d, code, 0, s->out[0] / 2, x, y);
        depthwise_rows_as(d, code, s->out[0] / 2, s->out[0], x, y);
        for (size_t i = 0; i < out; i++) {
            long at[2] = {(long)(i / s->out_stride) / s->out[1], (long)(i / s->out_stride) % s->out[1]};
            size_t q = i % s->out_stride;
            float e = q < s->channels ? expected_at(s, x, w, bias, at, q) : 77;
            if (fabsf(y[i] - e) > 1e-5f)
                fail_msg("code %d, kernel %ld, stride %ld, %zu channels, value %zu: %g, not %g", (int)code, s->kernel, s->stride, s->channels, i,
                         (double)y[i], (double)e);
        }
    }
    depthwise_free(d);
    free(x);
    free(y);
    free(w);
    free(bias);
}

static void any_sides_padding_distances_and_channels(void **state)
{
    static const size_t channels[] = {8, 9, 16, 23, 24, 58};
    struct rng rng = rng_seeded(8, 0);
    (void)state;
    for (size_t c = 0; c < 6; c++)
        for (long kernel = 3; kernel <= 7; kernel += 2)
            for (long stride = 1; stride <= 2; stride++)
                for (int k = 0; k < 4; k++) {
                    struct depthwise_shape s = {.channels = channels[c],
                                                .kernel = kernel,
                                                .stride = stride,
                                                .in = {7 + 4 * (k & 1), 9 - 2 * k},
                                                .pad = {k & 1, (kernel - 1) / 2},
                                                .in_stride = channels[c] + (k & 1 ? 5 : 0),
                                                .out_stride = channels[c] + (k & 2 ? 3 : 0),
                                                .min = k & 1 ? -0.2f : -INFINITY,
                                                .max = k & 2 ? 0.3f : INFINITY,
                                                .by_rows = k & 1};
                    for (int i = 0; i < 2; i++)
                        s.out[i] = (s.in[i] + s.pad[i] + (kernel - 1) / 2 - kernel) / stride + 1;
                    if (s.out[0] > 0 && s.out[1] > 0)
                        compare_shape(&s, &rng);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_agrees_with_the_reference),
        cmocka_unit_test(any_sides_padding_distances_and_channels),
        cmocka_unit_test(other_layers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
