/* Files that lie: each ends in its own error, in bounded time and memory. And the few ways in which a good file is not plain: a symbolic batch, bound
 * inputs, newer operator sets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/memory.h"
#include "graph/executor.h"
#include "model_builder.h"
#include "onnx/onnx_reader.h"
#include "support/cmocka.h"

static const int64_t picture[] = {1, 2, 4, 4};

/* Reads the bytes; the error's text goes to `text`. */
static int read_bytes(const struct bytes *b, const struct onnx_options *o, char text[512])
{
    struct graph g;
    struct sonata_error err = {{0}};
    int r = onnx_read(b->data, b->size, "test.onnx", o, &g, &err);
    graph_fini(&g);
    memcpy(text, err.text, 512);
    return r;
}

/* Packs, frees and reads a model: the code and a piece of the text. */
static void refused(struct model *m, int code, const char *piece)
{
    char text[512];
    struct bytes b = model_pack(m);
    int r = read_bytes(&b, NULL, text);
    bytes_fini(&b);
    model_free(m);
    if (r != code || !strstr(text, piece))
        fail_msg("%d (not %d): %s, without '%s'", r, code, text, piece);
}

static struct model *with_picture(void)
{
    struct model *m = model_new(13);
    model_input(m, "x", 4, picture);
    model_output(m, "y");
    return m;
}

static void an_unknown_operator_is_named_with_what_to_use_instead(void **state)
{
    (void)state;
    struct model *m = with_picture();
    Onnx__NodeProto *n = model_node(m, "Loop", "x", "y");
    n->name = strdup("body");
    struct bytes b = model_pack(m);
    char text[512];
    assert_int_equal(read_bytes(&b, NULL, text), -ENOTSUP);
    assert_non_null(strstr(text, "node 'body': operator Loop"));
    assert_non_null(strstr(text, "export with fixed control flow"));
    assert_non_null(strstr(text, "onnxruntime"));
    free(n->name);
    bytes_fini(&b);
    model_free(m);
    m = with_picture();
    n = model_node(m, "FusedConv", "x", "y");
    n->domain = model_alloc(m, 16);
    memcpy(n->domain, "com.microsoft", 13);
    refused(m, -ENOTSUP, "com.microsoft.FusedConv");
}

static void cycles_and_unknown_values_are_refused(void **state)
{
    (void)state;
    struct model *m = with_picture();
    model_node(m, "Add", "x b", "a");
    model_node(m, "Relu", "a", "b");
    model_node(m, "Relu", "b", "y");
    refused(m, -EINVAL, "reads 'b', which nothing before it writes");
    m = with_picture();
    model_node(m, "Relu", "x", "z");
    refused(m, -EINVAL, "output 'y' is written by no node");
    m = with_picture();
    model_node(m, "Relu", "x", "y");
    model_node(m, "Relu", "x", "y");
    refused(m, -EINVAL, "written twice");
}

static void absurd_shapes_are_refused(void **state)
{
    static const int64_t huge[] = {1 << 20, 1 << 20, 1 << 20, 1 << 20}, negative[] = {1, -3, 4, 4}, deep[] = {INT64_MAX, 2};
    static const float one = 1;
    (void)state;
    struct model *m = model_new(13);
    model_input(m, "x", 4, huge);
    model_output(m, "x");
    refused(m, -EFBIG, "more than 2^28 values");
    m = with_picture();
    model_floats(m, "w", 4, negative, &one, 1);
    refused(m, -EFBIG, "'w': a dimension is negative");
    m = with_picture();
    model_floats(m, "w", 2, deep, &one, 1);
    refused(m, -EFBIG, "'w'");
    m = with_picture();
    model_floats(m, "w", 2, (int64_t[]){2, 2}, &one, 1);
    refused(m, -EBADMSG, "another number of values");
    m = with_picture();
    model_integers(m, "s", (int64_t[]){1 << 14, 1 << 15}, 2);
    model_node(m, "ConstantOfShape", "s", "y");
    refused(m, -EFBIG, "too large");
    m = with_picture();
    model_integers(m, "s", (int64_t[]){1 << 20, 1, 1 << 20, 1}, 4);
    model_node(m, "Tile", "x s", "y");
    refused(m, -EINVAL, "too large");
}

static void windows_out_of_range_are_refused(void **state)
{
    static const struct {
        const char *attribute, *piece;
        int64_t value[4];
        size_t n;
    } cases[] = {{"strides", "1 to 65535", {0, INT64_MAX}, 2},
                 {"pads", "padding 0 to 65535", {-1, 1, 1, INT64_MIN}, 4},
                 {"dilations", "larger than the padded input", {9, 9}, 2},
                 {"kernel_shape", "differ", {2, 2}, 2},
                 {"pads", "two numbers", {1, 1, 1}, 3}};
    static const float weights[18] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model *m = with_picture();
        model_floats(m, "w", 4, (int64_t[]){1, 2, 3, 3}, weights, 18);
        model_ints(m, model_node(m, "Conv", "x w", "y"), cases[i].attribute, cases[i].value, cases[i].n);
        refused(m, -EINVAL, cases[i].piece);
    }
    struct model *m = with_picture();
    model_floats(m, "w", 4, (int64_t[]){1, 2, 3, 3}, weights, 18);
    model_int(m, model_node(m, "Conv", "x w", "y"), "group", -2);
    refused(m, -EINVAL, "`group`");
}

static void values_outside_the_file_are_not_fetched(void **state)
{
    (void)state;
    struct model *m = with_picture();
    Onnx__TensorProto *t = model_floats(m, "w", 1, (int64_t[]){0}, NULL, 0);
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    model_node(m, "Relu", "x", "y");
    refused(m, -ENOTSUP, "in another file");
}

static void wrong_types_and_indices_are_refused(void **state)
{
    static const float one = 1;
    (void)state;
    struct model *m = with_picture();
    model_floats(m, "i", 1, (int64_t[]){1}, &one, 1);
    model_node(m, "Gather", "x i", "y");
    refused(m, -ENOTSUP, "integers are needed");
    m = with_picture();
    model_floats(m, "v", 1, (int64_t[]){1}, &one, 1);
    model_integers(m, "i", (int64_t[]){7}, 1);
    model_node(m, "Gather", "v i", "y");
    refused(m, -EINVAL, "outside");
    m = with_picture();
    model_integers(m, "a", (int64_t[]){7}, 1);
    model_integers(m, "b", (int64_t[]){0}, 1);
    model_node(m, "Div", "a b", "y");
    refused(m, -EINVAL, "divided by 0");
    m = with_picture();
    model_node(m, "Flatten", "x", "y")->n_input = 0;
    refused(m, -EINVAL, "missing");
    m = with_picture();
    Onnx__NodeProto *n = model_node(m, "Flatten", "x", "y");
    model_ints(m, n, "axis", (int64_t[]){1}, 1);
    refused(m, -EINVAL, "of another kind");
}

static void a_million_nodes_are_refused_at_once(void **state)
{
    (void)state;
    struct bytes graph = {0}, b = {0};
    struct rusage before, after;
    char text[512];
    for (int i = 0; i < 1000000; i++)
        bytes_append(&graph, "\x0a\x08\x0a\x01x\x12\x01y\x22\x00", 10);
    bytes_put_u8(&b, 0x3a); /* ModelProto.graph */
    for (size_t n = graph.size; n; n >>= 7)
        bytes_put_u8(&b, (uint8_t)((n & 127) | (n > 127 ? 128 : 0)));
    bytes_append(&b, graph.data, graph.size);
    int64_t start = clock_cpu_ns();
    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(read_bytes(&b, NULL, text), -EFBIG);
    getrusage(RUSAGE_SELF, &after);
    assert_non_null(strstr(text, "more than 65536 nodes"));
    assert_true(clock_cpu_ns() - start < SONATA_SECOND);
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 << 10); /* KiB */
    bytes_fini(&graph);
    bytes_fini(&b);
}

/* A graph inside an attribute inside a graph … */
static void nesting_has_an_end(void **state)
{
    static const uint8_t keys[] = {0x32, 0x2a, 0x0a}; /* AttributeProto.g, NodeProto.attribute, GraphProto.node; from the inside out */
    (void)state;
    struct bytes inner = {0};
    char text[512];
    for (int i = 0; i < 20000; i++) {
        struct bytes outer = {0};
        bytes_put_u8(&outer, keys[i % 3]);
        for (size_t n = inner.size, more = 1; more; n >>= 7) {
            more = n > 127;
            bytes_put_u8(&outer, (uint8_t)((n & 127) | (more ? 128 : 0)));
        }
        bytes_append(&outer, inner.data, inner.size);
        bytes_fini(&inner);
        inner = outer;
        if (inner.size > 60000 && i % 3 == 2)
            break;
    }
    struct bytes b = {0};
    bytes_put_u8(&b, 0x3a);
    for (size_t n = inner.size, more = 1; more; n >>= 7) {
        more = n > 127;
        bytes_put_u8(&b, (uint8_t)((n & 127) | (more ? 128 : 0)));
    }
    bytes_append(&b, inner.data, inner.size);
    assert_int_equal(read_bytes(&b, NULL, text), -EFBIG);
    assert_non_null(strstr(text, "nested more than"));
    bytes_fini(&inner);
    bytes_fini(&b);
}

static struct model *small_network(int64_t batch)
{
    static const float weights[4] = {1, 2, 3, 4}, bias[2] = {5, 6};
    struct model *m = model_new(13);
    model_input(m, "x", 4, (int64_t[]){batch, 2, 4, 4});
    model_output(m, "y");
    model_floats(m, "w", 4, (int64_t[]){2, 2, 1, 1}, weights, 4);
    model_floats(m, "b", 1, (int64_t[]){2}, bias, 2);
    model_node(m, "Conv", "x w b", "c");
    model_node(m, "GlobalAveragePool", "c", "p");
    model_node(m, "Flatten", "p", "y");
    return m;
}

static void every_truncation_is_an_error_or_a_smaller_model(void **state)
{
    (void)state;
    struct model *m = small_network(1);
    struct bytes b = model_pack(m);
    char text[512];
    for (size_t n = 0; n < b.size; n++) {
        struct bytes cut = {xmemdup(b.data, n ? n : 1), n, n};
        if (read_bytes(&cut, NULL, text))
            assert_int_equal(strncmp(text, "test.onnx: ", 11), 0);
        bytes_fini(&cut);
    }
    bytes_fini(&b);
    model_free(m);
}

static void the_batch_is_given_when_the_file_is_read(void **state)
{
    (void)state;
    struct model *m = small_network(-1);
    struct bytes b = model_pack(m);
    for (int64_t batch = 0; batch < 4; batch++) {
        struct graph g;
        struct sonata_error err = {{0}};
        assert_int_equal(onnx_read(b.data, b.size, "n", &(struct onnx_options){.batch = batch}, &g, &err), 0);
        assert_int_equal(g.tensor[g.output[0]].shape.dim[0], batch ? batch : 1);
        assert_int_equal(g.tensor[g.output[0]].shape.dim[1], 2);
        assert_true(graph_macs(&g) == (double)(64 * (batch ? batch : 1)));
        graph_fini(&g);
    }
    bytes_fini(&b);
    model_free(m);
}

/* Who gives the file's bytes away has them released early, whether it can be read or not. */
static void bytes_may_be_given_away(void **state)
{
    (void)state;
    struct model *m = small_network(-1);
    struct sonata_error err = {{0}};
    for (unsigned cut = 0; cut < 2; cut++) {
        struct bytes b = model_pack(m);
        struct graph g;
        int r = onnx_read(b.data, b.size - cut, "n", &(struct onnx_options){.consume = &b}, &g, &err);
        assert_int_equal(r, cut ? -EBADMSG : 0);
        assert_null(b.data);
        assert_true(cut || graph_macs(&g) == 64);
        graph_fini(&g);
    }
    model_free(m);
}

static void another_open_dimension_needs_its_size_by_name(void **state)
{
    (void)state;
    struct model *m = model_new(13);
    model_input(m, "x", 2, (int64_t[]){1, -1});
    model_output(m, "y");
    model_node(m, "Relu", "x", "y");
    struct bytes b = model_pack(m);
    char text[512];
    assert_int_equal(read_bytes(&b, NULL, text), -EINVAL);
    assert_non_null(strstr(text, "dimension 1 ('N') has no size"));
    struct onnx_dimension size = {"N", 7};
    assert_int_equal(read_bytes(&b, &(struct onnx_options){.dimension = &size, .n_dimensions = 1}, text), 0);
    bytes_fini(&b);
    model_free(m);
}

/* Found by the fuzzer: a slice of one value whose step does not fit into anything. */
static void a_step_that_leads_nowhere_may_be_large(void **state)
{
    (void)state;
    struct model *m = with_picture();
    model_integers(m, "start", (int64_t[]){1}, 1);
    model_integers(m, "end", (int64_t[]){INT64_MAX}, 1);
    model_integers(m, "axis", (int64_t[]){2}, 1);
    model_integers(m, "step", (int64_t[]){INT64_MAX - 7}, 1);
    model_node(m, "Slice", "x start end axis step", "y");
    struct bytes b = model_pack(m);
    struct graph g;
    struct sonata_error err = {{0}};
    assert_int_equal(onnx_read(b.data, b.size, "n", NULL, &g, &err), 0);
    assert_int_equal(g.tensor[g.output[0]].shape.dim[2], 1);
    assert_int_equal(g.node[0].step[2], 1);
    graph_fini(&g);
    bytes_fini(&b);
    model_free(m);
}

/* Operator set 18 moved axes of reductions and padding to inputs and gave Split a number of outputs. */
static void newer_operator_sets_are_read(void **state)
{
    (void)state;
    struct model *m = model_new(18);
    model_input(m, "x", 4, (int64_t[]){1, 5, 2, 2});
    model_output(m, "a");
    model_output(m, "b");
    model_integers(m, "axes", (int64_t[]){2, 3}, 2);
    model_integers(m, "pads", (int64_t[]){1, 2}, 2);
    model_integers(m, "channel", (int64_t[]){1}, 1);
    model_node(m, "ReduceMean", "x axes", "m");
    model_node(m, "Pad", "m pads  channel", "p");
    model_int(m, model_node(m, "Split", "p", "a b"), "axis", 1);
    struct bytes b = model_pack(m);
    struct graph g;
    struct executor *e;
    struct sonata_error err = {{0}};
    int r = onnx_read(b.data, b.size, "n", NULL, &g, &err);
    if (r)
        fail_msg("%s", err.text);
    assert_int_equal(executor_ref_create(&g, &e, &err), 0);
    for (int i = 0; i < 20; i++)
        ((float *)e->input[0].data)[i] = (float)i;
    assert_int_equal(executor_run(e, &err), 0);
    assert_int_equal(e->output[0].shape.dim[1], 4);
    assert_int_equal(e->output[1].shape.dim[1], 4);
    assert_true(((float *)e->output[0].data)[0] == 0.0f && ((float *)e->output[0].data)[1] == 1.5f);
    assert_true(((float *)e->output[1].data)[1] == 17.5f && ((float *)e->output[1].data)[3] == 0.0f);
    executor_free(e);
    bytes_fini(&b);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_operator_is_named_with_what_to_use_instead),
        cmocka_unit_test(cycles_and_unknown_values_are_refused),
        cmocka_unit_test(absurd_shapes_are_refused),
        cmocka_unit_test(windows_out_of_range_are_refused),
        cmocka_unit_test(values_outside_the_file_are_not_fetched),
        cmocka_unit_test(wrong_types_and_indices_are_refused),
        cmocka_unit_test(a_million_nodes_are_refused_at_once),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(every_truncation_is_an_error_or_a_smaller_model),
        cmocka_unit_test(the_batch_is_given_when_the_file_is_read),
        cmocka_unit_test(bytes_may_be_given_away),
        cmocka_unit_test(another_open_dimension_needs_its_size_by_name),
        cmocka_unit_test(a_step_that_leads_nowhere_may_be_large),
        cmocka_unit_test(newer_operator_sets_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
