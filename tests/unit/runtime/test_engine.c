/* The session a worker's child uses, over a toy space and data set. */
#include "runtime/engine.h"

#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "domain/analytic.h"
#include "runtime/dataset.h"
#include "supernet/build.h"
#include "supernet/safetensors.h"
#include "support/cmocka.h"
#include "support/mbconv_space.h"
#include "support/toy_dataset.h"

struct fixture {
    struct space s;
    struct genotype g;
    struct bytes blob;
    struct dataset d;
    struct engine_request q;
};

static int setup(void **state)
{
    static struct fixture f;
    struct supernet n;
    struct rng rng = rng_seeded(3, 0);
    f.s = mbconv_space();
    f.g = space_last(&f.s);
    f.d = toy_dataset(200, 45);
    if (supernet_init(&n, &f.s, NULL))
        return -1;
    supernet_randomize(&n, &rng);
    safetensors_write_supernet(&n, NULL, 0, &f.blob);
    supernet_fini(&n);
    f.q = (struct engine_request){.space = &f.s, .genotype = &f.g, .supernet = f.blob.data, .supernet_size = f.blob.size, .dataset = &f.d};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    bytes_fini(&f->blob);
    dataset_fini(&f->d);
    return 0;
}

/* What the engine holds against what is computed from the genotype: weights to the byte; tensors are all kept, so their sum, not the peak (`padding`
 * bytes each at most, for the library to read over the end). */
static void check_memory(const struct engine_session *s, const struct fixture *f, size_t padding)
{
    const struct network *n = engine_network(s);
    size_t weights, tensors, sum = 4u * n->input_size * n->input_size * n->input_channels;
    struct analytic a;
    double v;
    for (unsigned i = 0; i < n->n_layers; i++)
        sum += 4u * n->layer[i].out_size * n->layer[i].out_size * n->layer[i].out_channels;
    engine_memory(s, &weights, &tensors);
    assert_int_equal(analytic_count(&f->s, &f->g, &a, NULL), 0);
    assert_int_equal(analytic_metric(&f->s, &f->g, "weights", &v), 0);
    assert_true((double)weights == v);
    assert_true(tensors >= sum && tensors <= sum + padding * (n->n_layers + 1u));
    assert_true((double)tensors >= a.ram);
}

static void a_session_measures(void **state)
{
    struct fixture *f = *state;
    static const char *const executors[] = {NULL, "ref"};
    double accuracy[2];
    for (int i = 0; i < 2; i++) {
        struct engine_request q = f->q;
        struct engine_session *s;
        struct sonata_error err = {{0}};
        struct metric_value v;
        char text[512];
        q.executor = executors[i];
        assert_int_equal(engine_open(&q, &s, &err), 0);
        for (int k = 0; k < 100; k++)
            assert_int_equal(engine_infer(s), 0);
        assert_int_equal(engine_accuracy(s, &v, &err), 0);
        assert_string_equal(v.name, "accuracy");
        assert_int_equal(v.n, 45);
        assert_true(v.low < v.value && v.value < v.high);
        accuracy[i] = v.value;
        engine_fingerprint(s, text, sizeof text);
        assert_non_null(strstr(text, i ? "executor=ref\n" : "executor=xnnpack\n"));
        assert_non_null(strstr(text, "recalibration_pictures=512\n"));
        assert_true(engine_network(s)->n_layers > 10);
        check_memory(s, f, i ? 0 : 64);
        engine_close(s);
    }
    assert_true(accuracy[0] == accuracy[1]);
}

static void the_same_request_gives_the_same_network(void **state)
{
    struct fixture *f = *state;
    struct network a, b;
    assert_int_equal(engine_build_network(&f->q, &a, NULL), 0);
    assert_int_equal(engine_build_network(&f->q, &b, NULL), 0);
    for (unsigned i = 0; i < a.n_layers; i++)
        if (a.layer[i].bias)
            assert_memory_equal(a.layer[i].bias, b.layer[i].bias, a.layer[i].out_channels * sizeof(float));
    network_free(&a);
    network_free(&b);
}

static void expect(const struct engine_request *q, int code, const char *says)
{
    struct engine_session *s;
    struct sonata_error err = {{0}};
    assert_int_equal(engine_open(q, &s, &err), code);
    if (!strstr(err.text, says))
        fail_msg("'%s' is not in: %s", says, err.text);
}

static void bad_requests(void **state)
{
    struct fixture *f = *state;
    struct engine_request q = f->q;
    q.executor = "gpu";
    expect(&q, -ENOENT, "executor 'gpu'");
    q = f->q;
    q.supernet_size -= 10;
    expect(&q, -EBADMSG, "supernet");
    q = f->q;
    q.dataset = NULL;
    expect(&q, -EINVAL, "no data set");
    q.dataset_name = "no-such-set";
    expect(&q, -ENOENT, "no-such-set");
    q = f->q;
    struct genotype bad = {{7}};
    q.genotype = &bad;
    expect(&q, -EINVAL, "allele");
    q = f->q;
    struct space s = f->s;
    s.network.input_size = 28;
    q.space = &s;
    expect(&q, -EINVAL, "28x28");
    engine_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_measures),
        cmocka_unit_test(the_same_request_gives_the_same_network),
        cmocka_unit_test(bad_requests),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
