/* The engine against the oracle on graphs that its plan has something to do with: views, homes in concatenations, values changed in place, layouts
 * that meet, and every form that graph_optimise() rewrites. The oracle runs the graph as it was built. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/executor.h"
#include "graph_builder.h"
#include "support/cmocka.h"

typedef void (*scene)(struct builder *b);

static struct graph built(scene build)
{
    struct builder b = {.rng = rng_seeded(3, 0)};
    build(&b);
    return b.g;
}

static void fill(struct executor *e)
{
    struct rng rng = rng_seeded(4, 0);
    for (unsigned i = 0; i < e->n_inputs; i++)
        for (int64_t k = 0; k < graph_elements(&e->input[i].shape); k++)
            ((float *)e->input[i].data)[k] = (float)rng_normal(&rng) * 2;
}

static void compare(const struct executor *a, const struct executor *b)
{
    assert_int_equal(a->n_outputs, b->n_outputs);
    for (unsigned i = 0; i < a->n_outputs; i++) {
        const float *x = a->output[i].data, *y = b->output[i].data;
        assert_true(graph_same_shape(&a->output[i].shape, &b->output[i].shape));
        for (int64_t k = 0; k < graph_elements(&a->output[i].shape); k++)
            if (!(fabsf(x[k] - y[k]) <= 2e-5f * (1 + fabsf(x[k]))))
                fail_msg("output %u, value %lld: %g, not %g", i, (long long)k, (double)y[k], (double)x[k]);
    }
}

/* Three runs each, so that what a run leaves behind would show. */
static void same(scene build)
{
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        struct graph g = built(build), h = built(build);
        struct executor *ref, *engine;
        struct sonata_error err = {{0}};
        assert_int_equal(executor_ref_create(&g, &ref, &err), 0);
        if (executor_engine_create(&h, threads, &engine, &err))
            fail_msg("%s", err.text);
        fill(ref);
        fill(engine);
        assert_int_equal(executor_run(ref, &err), 0);
        for (int run = 0; run < 3; run++) {
            assert_int_equal(executor_run(engine, &err), 0);
            compare(ref, engine);
        }
        executor_free(ref);
        executor_free(engine);
    }
}

/* Nodes of an operator after rewriting. */
static unsigned count(scene build, enum graph_op op)
{
    struct graph g = built(build);
    unsigned n = 0;
    graph_optimise(&g);
    for (size_t i = 0; i < g.n_nodes; i++)
        n += g.node[i].op == op;
    graph_fini(&g);
    return n;
}

static size_t nodes(scene build)
{
    struct graph g = built(build);
    graph_optimise(&g);
    size_t n = g.n_nodes;
    graph_fini(&g);
    return n;
}

/* ---- rewriting ---- */

static int32_t batch_norm(struct builder *b, int32_t x)
{
    int64_t c = b->g.tensor[x].shape.dim[1];
    struct graph_node n = graph_node_of(GRAPH_BATCH_NORM, "bn", 5, 1);
    n.input[0] = x;
    for (unsigned i = 1; i < 5; i++)
        n.input[i] = build_weights(b, 1, &c);
    float *variance = b->g.tensor[n.input[4]].data;
    for (int64_t i = 0; i < c; i++)
        variance[i] += 1;
    n.alpha = 1e-3f;
    return build_node(b, &n);
}

static void conv_bn_relu(struct builder *b)
{
    int32_t x = build_input(b, 2, 6, 9, 7);
    x = build_clip(b, batch_norm(b, build_conv(b, x, 8, 3, 2, 2)), 0, 6);
    build_output(b, build_op(b, GRAPH_RELU, batch_norm(b, build_conv(b, x, 8, 5, 1, 8)), -1));
}

static void transposed_bn(struct builder *b)
{
    int32_t x = build_input(b, 1, 4, 5, 6);
    struct graph_node n = graph_node_of(GRAPH_CONV_TRANSPOSE, "up", 2, 1);
    n.input[0] = x;
    n.input[1] = build_weights(b, 4, (int64_t[]){4, 3, 2, 2});
    n.window = (struct graph_window){.rank = 2, .kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}, .extra = {1, 0}, .group = 2};
    build_output(b, batch_norm(b, build_node(b, &n)));
}

static void batch_norm_alone(struct builder *b)
{
    int32_t x = build_input(b, 1, 24, 5, 6);
    build_output(b, build_op(b, GRAPH_RELU, batch_norm(b, batch_norm(b, x)), -1));
}

static int32_t shifted_relu6(struct builder *b, int32_t x) { return build_clip(b, build_op(b, GRAPH_ADD, x, build_scalar(b, 3)), 0, 6); }

static void hard_swishes(struct builder *b)
{
    int32_t x = build_input(b, 1, 8, 4, 5), a = build_conv(b, x, 8, 1, 1, 1);
    a = build_op(b, GRAPH_DIV, build_op(b, GRAPH_MUL, a, shifted_relu6(b, a)), build_scalar(b, 6));
    a = build_op(b, GRAPH_MUL, a, build_op(b, GRAPH_DIV, shifted_relu6(b, a), build_scalar(b, 6)));
    a = build_op(b, GRAPH_MUL, build_op(b, GRAPH_MUL, shifted_relu6(b, a), build_scalar(b, 1.0f / 6)), a);
    build_output(b, a);
}

static void silu_and_gelu(struct builder *b)
{
    int32_t x = build_conv(b, build_input(b, 1, 8, 4, 5), 8, 1, 1, 1);
    x = build_op(b, GRAPH_MUL, build_op(b, GRAPH_SIGMOID, x, -1), x);
    int32_t gate = build_op(b, GRAPH_ERF, build_op(b, GRAPH_DIV, x, build_scalar(b, 1.41421356f)), -1);
    x = build_op(b, GRAPH_MUL, x, build_op(b, GRAPH_ADD, gate, build_scalar(b, 1)));
    build_output(b, build_op(b, GRAPH_MUL, x, build_scalar(b, 0.5f)));
}

static void shuffled(struct builder *b)
{
    int32_t x = build_conv(b, build_input(b, 2, 4, 5, 3), 12, 1, 1, 1);
    x = build_reshape(b, x, 5, (int64_t[]){2, 3, 4, 5, 3});
    struct graph_node n = graph_node_of(GRAPH_TRANSPOSE, "t", 1, 1);
    n.input[0] = x;
    memcpy(n.list, (int64_t[]){0, 2, 1, 3, 4}, 5 * sizeof *n.list);
    build_output(b, build_reshape(b, build_node(b, &n), 4, (int64_t[]){2, 12, 5, 3}));
}

/* Squeeze and excitation with the hard-sigmoid that goes into its second convolution. */
static void excited(struct builder *b)
{
    int32_t x = build_conv(b, build_input(b, 2, 3, 8, 8), 16, 3, 1, 1);
    struct graph_node n = graph_node_of(GRAPH_REDUCE_MEAN, "mean", 1, 1);
    n.input[0] = x;
    n.axes = 12;
    n.keep = true;
    int32_t s = build_op(b, GRAPH_RELU, build_conv(b, build_node(b, &n), 4, 1, 1, 1), -1);
    n = graph_node_of(GRAPH_HARD_SIGMOID, "gate", 1, 1);
    n.input[0] = build_conv(b, s, 16, 1, 1, 1);
    n.alpha = 1.0f / 6;
    n.beta = 0.5f;
    build_output(b, build_op(b, GRAPH_MUL, x, build_node(b, &n)));
}

static void padded(struct builder *b)
{
    int32_t x = build_input(b, 1, 3, 6, 6);
    struct graph_node n = graph_node_of(GRAPH_PAD, "pad", 1, 1);
    n.input[0] = x;
    n.list[2] = 1;
    n.shape = (struct graph_shape){.rank = 4, .dim = {1, 3, 8, 9}};
    build_output(b, build_conv(b, build_node(b, &n), 4, 3, 2, 1));
}

static void forms_are_rewritten(void **state)
{
    (void)state;
    assert_int_equal(nodes(conv_bn_relu), 2);
    assert_int_equal(nodes(transposed_bn), 1);
    assert_int_equal(nodes(batch_norm_alone), 1);
    assert_int_equal(count(hard_swishes, GRAPH_HARD_SWISH), 3);
    assert_int_equal(nodes(hard_swishes), 4);
    assert_int_equal(count(silu_and_gelu, GRAPH_SILU), 1);
    assert_int_equal(count(silu_and_gelu, GRAPH_GELU), 1);
    assert_int_equal(nodes(silu_and_gelu), 3);
    assert_int_equal(nodes(shuffled), 2);
    assert_int_equal(count(excited, GRAPH_HARD_SIGMOID), 0);
    assert_int_equal(nodes(padded), 1);
}

static void rewritten_graphs_give_the_same(void **state)
{
    static const scene scenes[] = {conv_bn_relu, transposed_bn, batch_norm_alone, hard_swishes, silu_and_gelu, shuffled, excited, padded};
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        same(scenes[i]);
}

/* A gate that is read twice is no gate: the sigmoid stays. */
static void sigmoid_read_twice(struct builder *b)
{
    int32_t x = build_input(b, 1, 4, 3, 3), s = build_op(b, GRAPH_SIGMOID, x, -1);
    build_output(b, build_op(b, GRAPH_MUL, x, s));
    build_output(b, s);
}

/* The convolution's own result is an output, too: neither Relu nor batch norm may go into it. */
static void conv_read_twice(struct builder *b)
{
    int32_t c = build_conv(b, build_input(b, 1, 4, 3, 3), 4, 3, 1, 1);
    build_output(b, build_op(b, GRAPH_RELU, c, -1));
    build_output(b, batch_norm(b, c));
    build_output(b, c);
}

static void what_others_read_stays(void **state)
{
    (void)state;
    assert_int_equal(count(sigmoid_read_twice, GRAPH_SIGMOID), 1);
    assert_int_equal(nodes(conv_read_twice), 3);
    same(sigmoid_read_twice);
    same(conv_read_twice);
}

/* ---- places ---- */

/* A dense block: each convolution reads all that came before; every concatenation but the last is the begin of the next. */
static void dense_block(struct builder *b)
{
    int32_t part[5];
    part[0] = build_conv(b, build_input(b, 2, 3, 6, 6), 8, 3, 1, 1);
    for (unsigned i = 1; i < 5; i++) {
        int32_t all = i > 1 ? build_concat(b, part, i) : part[0];
        part[i] = build_conv(b, build_op(b, GRAPH_RELU, batch_norm(b, all), -1), 4, 3, 1, 1);
    }
    int32_t end = build_concat(b, part, 5);
    build_output(b, end);
    build_output(b, build_conv(b, end, 3, 1, 1, 1));
}

/* Halves go different ways and meet again in another order; one goes untouched. */
static void split_and_joined(struct builder *b)
{
    int32_t x = build_conv(b, build_input(b, 1, 3, 5, 5), 12, 1, 1, 1), half[2];
    struct graph_node n = graph_node_of(GRAPH_SPLIT, "split", 1, 2);
    n.input[0] = x;
    n.axis = 1;
    n.sizes = calloc(2, sizeof *n.sizes);
    n.sizes[0] = 5;
    n.sizes[1] = 7;
    half[0] = build_node(b, &n);
    half[1] = half[0] + 1;
    int32_t a = build_op(b, GRAPH_RELU, half[1], -1), joined = build_concat(b, (int32_t[]){half[0], a, half[1], x}, 4);
    build_output(b, build_op(b, GRAPH_ADD, joined, joined));
    build_output(b, build_op(b, GRAPH_SUB, half[0], build_conv(b, half[1], 5, 1, 1, 1)));
}

/* The same part twice, a constant, an input, and a concatenation inside a concatenation. */
static void odd_joins(struct builder *b)
{
    int32_t x = build_input(b, 1, 4, 3, 3), c = build_conv(b, x, 4, 1, 1, 1), w = build_weights(b, 4, (int64_t[]){1, 2, 3, 3});
    int32_t inner = build_concat(b, (int32_t[]){c, x}, 2);
    build_output(b, build_concat(b, (int32_t[]){inner, c, c, w}, 4));
    build_output(b, build_conv(b, inner, 2, 3, 1, 1));
}

/* One value is read in both layouts, changed in place by one reader while others still need it. */
static void shared_values(struct builder *b)
{
    int32_t x = build_conv(b, build_input(b, 2, 3, 4, 6), 8, 3, 1, 1);
    int32_t flat = build_reshape(b, x, 2, (int64_t[]){2, 192}), r = build_op(b, GRAPH_HARD_SWISH, x, -1), t = build_op(b, GRAPH_TANH, r, -1);
    build_output(b, build_op(b, GRAPH_ADD, r, x));
    build_output(b, build_op(b, GRAPH_RELU, flat, -1));
    build_output(b, build_op(b, GRAPH_MUL, t, build_weights(b, 3, (int64_t[]){8, 1, 1})));
    build_output(b, build_op(b, GRAPH_MUL, t, build_weights(b, 3, (int64_t[]){8, 4, 6})));
}

static void input_is_output(struct builder *b)
{
    int32_t x = build_input(b, 1, 2, 3, 3);
    build_output(b, x);
    build_output(b, build_reshape(b, x, 1, (int64_t[]){18}));
    build_output(b, build_weights(b, 1, (int64_t[]){5}));
    build_output(b, build_op(b, GRAPH_NEG, x, -1));
}

static void one_dimension(struct builder *b)
{
    int32_t x = build_input(b, 2, 3, 17, 0);
    struct graph_node n = graph_node_of(GRAPH_CONV, "conv", 2, 1);
    n.input[0] = x;
    n.input[1] = build_weights(b, 3, (int64_t[]){6, 3, 5});
    n.window = (struct graph_window){.rank = 1, .kernel = {5}, .stride = {2}, .dilation = {2}, .begin = {3}, .end = {1}, .group = 1};
    int32_t y = build_node(b, &n);
    n = graph_node_of(GRAPH_MAX_POOL, "pool", 1, 1);
    n.input[0] = build_op(b, GRAPH_RELU, y, -1);
    n.window = (struct graph_window){.rank = 1, .kernel = {3}, .stride = {2}, .dilation = {1}, .begin = {1}, .group = 1, .ceil = true};
    build_output(b, build_node(b, &n));
}

static void plans_keep_values_apart(void **state)
{
    static const scene scenes[] = {dense_block, split_and_joined, odd_joins, shared_values, input_is_output, one_dimension};
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        same(scenes[i]);
}

static void a_network_larger_than_the_limit_is_refused(void **state)
{
    (void)state;
    struct builder b = {.rng = rng_seeded(3, 0)};
    int32_t x = build_input(&b, 1, 16, 4000, 4000), y[12];
    for (unsigned i = 0; i < 12; i++)
        y[i] = build_op(&b, GRAPH_TANH, x, -1);
    for (unsigned i = 0; i < 12; i++)
        build_output(&b, y[i]);
    struct executor *e;
    struct sonata_error err = {{0}};
    assert_int_equal(executor_ref_create(&b.g, &e, &err), -EFBIG);
    assert_non_null(strstr(err.text, "at most 4294967296 are given"));
    assert_int_equal(b.g.n_tensors, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_rewritten),
        cmocka_unit_test(rewritten_graphs_give_the_same),
        cmocka_unit_test(what_others_read_stays),
        cmocka_unit_test(plans_keep_values_apart),
        cmocka_unit_test(a_network_larger_than_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
