/* A sub-network opened as the engine backend opens it: statistics measured on the data set, accuracy counted over its test part. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "conf/space_file.h"
#include "elastic/elastic_session.h"
#include "supernet/safetensors.h"
#include "supernet/supernet.h"
#include "support/cmocka.h"
#include "support/toy_dataset.h"

static const char text[] =
    "name: toy\ngenes:\n  - {name: k, ordinal: true, choices: [3, 5]}\n  - {name: d, ordinal: true, choices: [1, 2]}\n"
    "  - {name: r, ordinal: true, choices: [8, 12]}\nnetwork:\n  family: elastic\n  input: r\n  channels: 1\n  classes: 3\n  items:\n"
    "    - {kind: conv, kernel: 3, width: 8, act: hswish}\n"
    "    - {kind: mbconv, depth: d, width: 8, kernel: k, expand: 3, act: swish, se: true, shortcut: identity}\n"
    "    - {kind: mean}\n    - {kind: linear}\n";

struct fixture {
    struct space space;
    struct supernet supernet;
    struct bytes file;
    struct dataset dataset;
};

static struct fixture *open_fixture(int favourite)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct sonata_error err = {{0}};
    struct rng rng = rng_seeded(4, 0);
    if (space_file_parse(text, sizeof text - 1, "toy.yaml", &f->space, &err) || supernet_init(&f->supernet, &f->space, &err))
        fail_msg("%s", err.text);
    supernet_randomize(&f->supernet, &rng);
    for (unsigned i = 0; i < f->supernet.n_tensors; i++) {
        const struct supernet_tensor *t = &f->supernet.tensor[i];
        float *v = f->supernet.value + t->offset;
        for (size_t k = 0; k < t->size && strstr(t->name, ".variance"); k++)
            v[k] = 1;
        if (favourite >= 0 && strstr(t->name, "main.bias"))
            v[favourite] = 1e6f;
    }
    safetensors_write_supernet(&f->supernet, NULL, 0, &f->file);
    f->dataset = toy_dataset(60, 30);
    return f;
}

static void close_fixture(struct fixture *f)
{
    supernet_fini(&f->supernet);
    bytes_fini(&f->file);
    dataset_fini(&f->dataset);
    test_free(f);
}

static double accuracy_of(const struct fixture *f, const char *executor, const struct genotype *g)
{
    struct elastic_session *s = NULL;
    struct metric_value v = {.value = -1};
    struct sonata_error err = {{0}};
    const struct elastic_request q = {
        .space = &f->space, .genotype = g, .supernet = f->file.data, .supernet_size = f->file.size, .dataset = &f->dataset, .executor = executor};
    if (elastic_open(&q, &s, &err) || elastic_accuracy(s, &v, &err))
        fail_msg("%s", err.text);
    assert_int_equal(v.n, 30);
    assert_int_equal(elastic_infer(s), 0);
    elastic_close(s);
    return v.value;
}

/* Ten of the thirty pictures are of each class. */
static void a_classifier_that_always_says_one_class_is_right_a_third_of_the_time(void **state)
{
    (void)state;
    for (int class = 0; class < TOY_CLASSES; class ++) {
        struct fixture *f = open_fixture(class);
        const struct genotype g = {{1, 1, 0}};
        assert_true(fabs(accuracy_of(f, NULL, &g) - 100.0 / 3) < 1e-9);
        close_fixture(f);
    }
}

static void engine_and_oracle_judge_alike(void **state)
{
    (void)state;
    struct fixture *f = open_fixture(-1);
    for (uint8_t k = 0; k < 2; k++) {
        for (uint8_t d = 0; d < 2; d++) {
            const struct genotype g = {{k, d, 0}};
            assert_true(fabs(accuracy_of(f, NULL, &g) - accuracy_of(f, "ref", &g)) < 100.0 / 30 + 1e-9); /* one picture on the edge */
        }
    }
    close_fixture(f);
}

static void time_needs_no_data_and_accuracy_the_right_ones(void **state)
{
    (void)state;
    struct fixture *f = open_fixture(-1);
    struct elastic_session *s = NULL;
    struct metric_value v;
    struct sonata_error err = {{0}};
    char lines[400];
    const struct genotype small = {{0, 0, 0}}, large = {{0, 0, 1}};
    struct elastic_request q = {.space = &f->space, .genotype = &large, .supernet = f->file.data, .supernet_size = f->file.size};
    assert_int_equal(elastic_open(&q, &s, &err), 0);
    assert_int_equal(elastic_infer(s), 0);
    assert_int_equal(elastic_accuracy(s, &v, &err), -EINVAL);
    elastic_fingerprint(s, lines, sizeof lines);
    assert_non_null(strstr(lines, "input_size=12"));
    elastic_close(s);
    q.dataset = &f->dataset; /* of 8 pixels, for a network of 12 */
    assert_int_equal(elastic_open(&q, &s, &err), -EINVAL);
    assert_non_null(strstr(err.text, "takes 12x12x1 pictures of 3 classes, data set 'toy' has 8x8x1"));
    q.genotype = &small;
    q.supernet_size--;
    assert_int_equal(elastic_open(&q, &s, &err), -EBADMSG);
    close_fixture(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_classifier_that_always_says_one_class_is_right_a_third_of_the_time),
        cmocka_unit_test(engine_and_oracle_judge_alike),
        cmocka_unit_test(time_needs_no_data_and_accuracy_the_right_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
