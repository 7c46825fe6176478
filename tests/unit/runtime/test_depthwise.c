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
                    struct network_layer l = {.type = NETWORK_DEPTHWISE, .kernel = kernels[k], .stride = stride, .in_size = sizes[s], .add = -1,
                                              .out_size = (uint16_t)((sizes[s] + stride - 1) / stride), .in_channels = channels[c],
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_agrees_with_the_reference),
        cmocka_unit_test(other_layers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
