/* Recalibration and folding: after the fold every convolution gives, over the calibration pictures, mean = shift and deviation = scale. */
#include "supernet/build.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "support/cmocka.h"
#include "support/mbconv_space.h"

enum { PICTURES = 24, PIXELS = 64 };

/* Straight from the definition of a padded convolution. */
static int convolve(void *context, const struct network_layer *l, size_t batch, const float *x, float *y)
{
    (void)context;
    long pad = (l->kernel - 1) / 2, size = l->in_size;
    for (size_t b = 0; b < batch; b++, x += (size_t)(size * size) * l->in_channels) {
        for (long i = 0; i < l->out_size; i++)
            for (long j = 0; j < l->out_size; j++)
                for (size_t o = 0; o < l->out_channels; o++) {
                    double sum = (double)l->bias[o];
                    for (long u = 0; u < l->kernel; u++)
                        for (long v = 0; v < l->kernel; v++) {
                            long r = i * l->stride + u - pad, s = j * l->stride + v - pad;
                            if (r < 0 || s < 0 || r >= size || s >= size)
                                continue;
                            const float *p = x + (size_t)(r * size + s) * l->in_channels;
                            size_t tap = (size_t)(u * l->kernel + v);
                            if (l->type == NETWORK_DEPTHWISE)
                                sum += (double)p[o] * (double)l->weight[tap * l->out_channels + o];
                            else
                                for (size_t q = 0; q < l->in_channels; q++)
                                    sum += (double)p[q] * (double)l->weight[(tap * l->in_channels + q) * l->out_channels + o];
                        }
                    *y++ = (float)sum;
                }
    }
    return 0;
}

static void fill(struct supernet *n, float *pictures, uint64_t seed)
{
    struct rng rng = rng_seeded(seed, 0);
    supernet_randomize(n, &rng);
    for (unsigned i = 0; i < n->n_tensors; i++) {
        bool scale = strstr(n->tensor[i].name, ".scale") != NULL, shift = strstr(n->tensor[i].name, ".shift") != NULL;
        for (size_t k = 0; (scale || shift) && k < n->tensor[i].size; k++)
            n->value[n->tensor[i].offset + k] = (float)((scale ? 1 : 0) + 0.3 * rng_normal(&rng));
    }
    for (size_t i = 0; i < (size_t)PICTURES * PIXELS; i++)
        pictures[i] = (float)rng_uniform(&rng);
}

/* Mean and deviation of every channel of a layer's folded output before ReLU and sum. Epsilon makes a channel whose input ReLU nearly silenced smaller
 * than scale; returns how many have it in full. */
static unsigned check_layer(const struct supernet *n, const struct supernet_layer *plan, const float *y, size_t rows)
{
    size_t c = plan->shape.out_channels;
    unsigned full = 0;
    for (size_t o = 0; o < c; o++) {
        double mean = 0, square = 0, scale = (double)n->value[plan->scale + o], shift = (double)n->value[plan->shift + o];
        for (size_t i = 0; i < rows; i++)
            mean += (double)y[i * c + o] / (double)rows;
        for (size_t i = 0; i < rows; i++)
            square += ((double)y[i * c + o] - mean) * ((double)y[i * c + o] - mean) / (double)rows;
        assert_true(fabs(mean - shift) < 1e-3);
        assert_true(sqrt(square) < fabs(scale) + 1e-3);
        full += fabs(sqrt(square) - fabs(scale)) < 1e-3 + 0.01 * fabs(scale);
    }
    return full;
}

static void statistics_fold_exactly(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct supernet n;
    static float pictures[PICTURES * PIXELS];
    struct rng rng = rng_seeded(8, 1);
    unsigned full = 0, channels = 0;
    assert_int_equal(supernet_init(&n, &s, NULL), 0);
    for (uint64_t round = 0; round < 10; round++) {
        struct genotype g = space_random(&s, &rng);
        struct supernet_plan plan;
        struct network net;
        struct sonata_error err = {{0}};
        fill(&n, pictures, round);
        assert_int_equal(supernet_plan(&n, &g, &plan, &err), 0);
        assert_int_equal(supernet_build(&n, &g, &(struct build_statistics){pictures, PICTURES, convolve, NULL}, &net, &err), 0);
        float *tensor[NETWORK_LAYERS_MAX + 1] = {pictures};
        for (unsigned i = 0; net.layer[i].type != NETWORK_MEAN; i++) {
            const struct network_layer *l = &net.layer[i];
            size_t rows = (size_t)PICTURES * l->out_size * l->out_size, size = rows * l->out_channels;
            tensor[i + 1] = malloc(size * sizeof(float));
            convolve(NULL, l, PICTURES, tensor[l->input], tensor[i + 1]);
            full += check_layer(&n, &plan.layer[i], tensor[i + 1], rows);
            channels += l->out_channels;
            for (size_t k = 0; k < size; k++) {
                float v = l->relu && tensor[i + 1][k] < 0 ? 0 : tensor[i + 1][k];
                tensor[i + 1][k] = v + (l->add < 0 ? 0 : tensor[l->add][k]);
            }
        }
        for (unsigned i = 1; i <= net.n_layers; i++)
            free(tensor[i]);
        network_free(&net);
    }
    supernet_fini(&n);
    assert_true(full > channels * 8 / 10);
}

static void a_slice_holds_the_shared_weights(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct supernet n;
    static float pictures[PICTURES * PIXELS];
    struct genotype g = space_last(&s);
    struct supernet_plan plan;
    struct network net;
    assert_int_equal(supernet_init(&n, &s, NULL), 0);
    fill(&n, pictures, 4);
    assert_int_equal(supernet_plan(&n, &g, &plan, NULL), 0);
    assert_int_equal(supernet_slice(&n, &g, &net, NULL), 0);
    for (unsigned i = 0; i < net.n_layers; i++) {
        const struct network_layer *l = &net.layer[i];
        if (l->type == NETWORK_POINTWISE)
            assert_true(l->weight[3 * l->out_channels + 2] == n.value[plan.layer[i].weight + 3 * plan.layer[i].ld + 2]);
        if (l->type == NETWORK_DEPTHWISE)
            assert_true(l->weight[(1 * l->kernel + 2) * l->out_channels + 5] ==
                        n.value[plan.layer[i].weight + plan.layer[i].kernel_row + 2 * plan.layer[i].ld + 5]);
    }
    network_free(&net);
    assert_int_equal(net.n_layers, 0);
    network_free(&net); /* twice is fine */
    supernet_fini(&n);
}

static int broken(void *context, const struct network_layer *layer, size_t batch, const float *x, float *y)
{
    (void)layer, (void)batch, (void)x, (void)y;
    return ++*(int *)context > 2 ? -ENOTSUP : convolve(NULL, layer, batch, x, y);
}

static void a_failing_runtime_is_reported(void **state)
{
    (void)state;
    struct space s = mbconv_space();
    struct supernet n;
    static float pictures[PICTURES * PIXELS];
    struct genotype g = space_first(&s);
    struct network net = {0};
    struct sonata_error err = {{0}};
    int calls = 0;
    assert_int_equal(supernet_init(&n, &s, NULL), 0);
    fill(&n, pictures, 4);
    assert_int_equal(supernet_build(&n, &g, &(struct build_statistics){pictures, PICTURES, broken, &calls}, &net, &err), -ENOTSUP);
    assert_non_null(strstr(err.text, "layer 2"));
    assert_int_equal(supernet_build(&n, &g, &(struct build_statistics){pictures, 1, convolve, NULL}, &net, &err), -EINVAL);
    supernet_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_fold_exactly),
        cmocka_unit_test(a_slice_holds_the_shared_weights),
        cmocka_unit_test(a_failing_runtime_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
