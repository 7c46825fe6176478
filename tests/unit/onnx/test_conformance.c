/* The node tests that come with ONNX itself (Debian: libonnx-testdata), for every operator that docs/ONNX.md claims: read, run, compare. Inputs that
 * hold shapes, indices or limits are bound while reading, as onnx_reader.h says; data stays an input.
 *
 * A test counts when it is of an operator of ours, of a plain case (float32 data) and of an operator set that is read. What is left out is named
 * below with its reason, and nothing else may fail. Run with SONATA_CONFORMANCE=list for one line per test. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "graph/executor.h"
#include "onnx/onnx_reader.h"
#include "support/cmocka.h"

#define DATA "/usr/share/libonnx-testdata/data/node"

enum { PORTS = 16 };

struct outcome {
    unsigned passed, failed, left_out;
};

struct given {
    struct graph_tensor tensor[PORTS];
    size_t n;
};

static void given_fini(struct given *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->tensor[i].name);
        free(v->tensor[i].data);
    }
    *v = (struct given){.n = 0};
}

/* input_0.pb, input_1.pb …; false when one is not a tensor of ours. */
static bool read_given(const char *test, const char *kind, struct given *ret)
{
    *ret = (struct given){.n = 0};
    for (unsigned i = 0; i < PORTS; i++) {
        char path[512];
        struct bytes b = {0};
        struct sonata_error err = {{0}};
        snprintf(path, sizeof path, DATA "/%s/test_data_set_0/%s_%u.pb", test, kind, i);
        if (file_read(path, 64 << 20, &b, &err)) {
            bytes_fini(&b);
            return true;
        }
        int r = onnx_read_tensor(b.data, b.size, &ret->tensor[ret->n], &err);
        bytes_fini(&b);
        if (r)
            return false;
        ret->n++;
    }
    return true;
}

static bool close_enough(double got, double expected)
{
    if (isnan(expected) || isnan(got))
        return isnan(expected) && isnan(got);
    return got == expected || fabs(got - expected) <= 1e-5 + 1e-4 * fabs(expected);
}

static bool same(const struct executor_port *got, const struct graph_tensor *expected, char *why, size_t size)
{
    if (got->type != expected->type || !graph_same_shape(&got->shape, &expected->shape)) {
        char a[160], b[160];
        snprintf(why, size, "shape %s, not %s", graph_shape_text(&got->shape, a), graph_shape_text(&expected->shape, b));
        return false;
    }
    for (int64_t i = 0; i < graph_elements(&got->shape); i++) {
        double a = got->type == GRAPH_F32 ? (double)((float *)got->data)[i] : (double)((int64_t *)got->data)[i];
        double b = got->type == GRAPH_F32 ? (double)((float *)expected->data)[i] : (double)((int64_t *)expected->data)[i];
        if (!close_enough(a, b)) {
            snprintf(why, size, "value %lld is %g, not %g", (long long)i, a, b);
            return false;
        }
    }
    return true;
}

typedef int (*creator)(struct graph *, struct executor **, struct sonata_error *);

static const struct graph_tensor *by_name(const struct given *v, const char *name)
{
    for (size_t i = 0; i < v->n; i++) {
        if (!strcmp(v->tensor[i].name, name))
            return &v->tensor[i];
    }
    return NULL;
}

static int run(struct executor *e, const struct given *in, const struct given *out, char *why, size_t size)
{
    struct sonata_error err = {{0}};
    for (unsigned i = 0; i < e->n_inputs; i++) {
        const struct graph_tensor *t = by_name(in, e->input[i].name);
        if (!t || t->type != e->input[i].type || !graph_same_shape(&t->shape, &e->input[i].shape)) {
            snprintf(why, size, "no value of its shape for input %s", e->input[i].name);
            return -1;
        }
        memcpy(e->input[i].data, t->data, graph_tensor_bytes(t));
    }
    if (executor_run(e, &err)) {
        snprintf(why, size, "%s", err.text);
        return -1;
    }
    for (unsigned i = 0; i < e->n_outputs; i++) {
        const struct graph_tensor *t = by_name(out, e->output[i].name);
        if (!t && i < out->n)
            t = &out->tensor[i];
        if (!t || !same(&e->output[i], t, why, size))
            return -1;
    }
    return 0;
}

/* Reads the model with its inputs from first_fixed on bound. */
static int try_once(const char *test, const struct bytes *model, const struct given *in, const struct given *out, size_t first_fixed, creator create,
                    char *why, size_t size)
{
    struct sonata_error err = {{0}};
    struct graph g;
    struct executor *e = NULL;
    struct onnx_options o = {.fixed = in->tensor + first_fixed, .n_fixed = in->n > first_fixed ? in->n - first_fixed : 0};
    int r = onnx_read(model->data, model->size, test, &o, &g, &err);
    r = r ? r : create(&g, &e, &err);
    graph_fini(&g);
    if (r) {
        snprintf(why, size, "%s", err.text);
        return r;
    }
    r = run(e, in, out, why, size);
    executor_free(e);
    return r;
}

/* 0 passed; -ENOTSUP beyond what is claimed. First with every input open, then with more and more of the last ones bound. */
static int try_test(const char *test, creator create, char *why, size_t size)
{
    char path[512];
    struct bytes model = {0};
    struct given in, out;
    struct sonata_error err = {{0}};
    int r = -ENOTSUP;
    snprintf(path, sizeof path, DATA "/%s/model.onnx", test);
    if (file_read(path, 64 << 20, &model, &err))
        return -ENOTSUP;
    bool readable = read_given(test, "input", &in);
    readable = read_given(test, "output", &out) && readable;
    snprintf(why, size, "a type that is not known");
    for (size_t fixed = in.n + 1; readable && r == -ENOTSUP && fixed-- > 0;)
        r = try_once(test, &model, &in, &out, fixed, create, why, size);
    given_fini(&in);
    given_fini(&out);
    bytes_fini(&model);
    return r;
}

/* Begins of names of tests that are of operators claimed but not of the claimed cases. */
static const char *const left_out[][2] = {
    {"test_resize_downsample_scales_linear_align_corners", "its values follow the size before rounding, against the text of the operator"},
    {"test_cast_BFLOAT16_to_FLOAT", "its data is saved as 16-bit integers"},
    {"test_castlike_BFLOAT16_to_FLOAT", "its data is saved as 16-bit integers"},
    {NULL, NULL},
};

static const char *reason(const char *test)
{
    for (size_t i = 0; left_out[i][0]; i++) {
        if (!strncmp(test, left_out[i][0], strlen(left_out[i][0])))
            return left_out[i][1];
    }
    return NULL;
}

static void judge(const char *test, creator create, struct outcome *o)
{
    char why[700] = "";
    if (reason(test)) {
        o->left_out++;
        return;
    }
    int r = try_test(test, create, why, sizeof why);
    bool list = getenv("SONATA_CONFORMANCE");
    if (r == 0)
        o->passed++;
    else if (r == -ENOTSUP)
        o->left_out++;
    else
        o->failed++;
    if (list || (r && r != -ENOTSUP))
        print_message("%s %s %s\n", r == 0 ? "pass" : r == -ENOTSUP ? "out " : "FAIL", test, why);
}

static struct outcome judge_all(creator create)
{
    struct outcome o = {0};
    struct dirent **entry;
    int n = scandir(DATA, &entry, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (!strncmp(entry[i]->d_name, "test_", 5))
            judge(entry[i]->d_name, create, &o);
        free(entry[i]);
    }
    if (n > 0)
        free(entry);
    return o;
}

static void node_tests_pass(creator create, const char *name)
{
    if (!file_exists(DATA)) {
        print_message("libonnx-testdata is not installed (deploy/install-deps.sh test)\n");
        skip();
    }
    struct outcome o = judge_all(create);
    print_message("%s: %u node tests pass, %u fail, %u are beyond what is claimed\n", name, o.passed, o.failed, o.left_out);
    assert_int_equal(o.failed, 0);
    assert_true(o.passed >= 430); /* 1.12.0 has 443 of ours */
}

static void the_oracle_passes_the_node_tests(void **state)
{
    (void)state;
    node_tests_pass(executor_ref_create, "ref");
}

static int engine_one(struct graph *take, struct executor **ret, struct sonata_error *err) { return executor_engine_create(take, 1, ret, err); }

static int engine_two(struct graph *take, struct executor **ret, struct sonata_error *err) { return executor_engine_create(take, 2, ret, err); }

static void the_engine_passes_the_node_tests(void **state)
{
    (void)state;
    node_tests_pass(engine_one, "engine");
}

static void the_engine_passes_the_node_tests_with_two_threads(void **state)
{
    (void)state;
    node_tests_pass(engine_two, "engine, two threads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_oracle_passes_the_node_tests), cmocka_unit_test(the_engine_passes_the_node_tests),
                                       cmocka_unit_test(the_engine_passes_the_node_tests_with_two_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
