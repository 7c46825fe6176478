/* IDX files: read back what was written, and a clear error for everything broken. */
#include "runtime/dataset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka.h"
#include "support/toy_dataset.h"

enum { N = 30, IMAGES = 16 + N * TOY_SIZE * TOY_SIZE, LABELS = 8 + N };

struct fixture {
    char root[64];
    struct dataset d;
};

static int setup(void **state)
{
    static struct fixture f;
    copy_string(f.root, sizeof f.root, "/tmp/sonata-dataset-XXXXXX");
    if (!mkdtemp(f.root))
        return -1;
    f.d = toy_dataset(N, 12);
    toy_write(&f.d, f.root);
    setenv("SONATA_DATASETS", f.root, 1);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    static const char *const files[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    char path[256];
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/toy/%s", f->root, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/toy", f->root);
    rmdir(path);
    rmdir(f->root);
    dataset_fini(&f->d);
    return 0;
}

static void loads_by_name_and_by_folder(void **state)
{
    struct fixture *f = *state;
    struct dataset d, e;
    struct sonata_error err = {{0}};
    char folder[128];
    assert_int_equal(dataset_load("toy", &d, &err), 0);
    assert_int_equal(d.train.n, N);
    assert_int_equal(d.classes, TOY_CLASSES);
    assert_memory_equal(d.train.pixels, f->d.train.pixels, N * TOY_SIZE * TOY_SIZE);
    assert_memory_equal(d.test.labels, f->d.test.labels, d.test.n);
    snprintf(folder, sizeof folder, "%s/toy", f->root);
    assert_int_equal(dataset_load(folder, &e, &err), 0);
    assert_string_equal(e.name, "toy");
    assert_memory_equal(d.hash, e.hash, sizeof d.hash);
    float x[TOY_SIZE * TOY_SIZE];
    dataset_picture(&d, &d.train, 3, x);
    assert_true(x[5] == (float)d.train.pixels[3 * TOY_SIZE * TOY_SIZE + 5] * (1.0f / 255.0f));
    dataset_fini(&d);
    dataset_fini(&e);
}

static void a_missing_set_says_where_it_was_looked_for(void **state)
{
    struct fixture *f = *state;
    struct dataset d;
    struct sonata_error err = {{0}};
    assert_int_equal(dataset_load("no-such-set", &d, &err), -ENOENT);
    assert_non_null(strstr(err.text, f->root));
    assert_non_null(strstr(err.text, "dataset-no-such-set"));
    assert_int_equal(dataset_load("/no/such/folder", &d, &err), -ENOENT);
}

static void a_truncated_file_says_where_it_ends(void **state)
{
    struct fixture *f = *state;
    struct dataset d;
    struct sonata_error err = {{0}};
    char path[256];
    snprintf(path, sizeof path, "%s/toy/train-images-idx3-ubyte", f->root);
    assert_int_equal(truncate(path, 1000), 0);
    assert_int_equal(dataset_load("toy", &d, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "train-images-idx3-ubyte"));
    assert_non_null(strstr(err.text, "ends at byte 1000 in picture 15 of 30"));
    toy_write(&f->d, f->root);
}

/* One part in memory with a byte changed or the end cut. */
static void expect_broken(const uint8_t *images, size_t n_images, const uint8_t *labels, size_t n_labels, const char *says)
{
    struct dataset_part p;
    uint16_t size;
    struct sonata_error err = {{0}};
    assert_int_equal(dataset_parse_part(&(struct idx_pair){images, labels, n_images, n_labels}, "part", &p, &size, &err), -EBADMSG);
    if (!strstr(err.text, says))
        fail_msg("'%s' is not in: %s", says, err.text);
}

static void broken_parts(void **state)
{
    (void)state;
    uint8_t images[IMAGES] = {0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, TOY_SIZE, 0, 0, 0, TOY_SIZE}, labels[LABELS] = {0, 0, 8, 1, 0, 0, 0, N};
    struct dataset_part p;
    uint16_t size;
    assert_int_equal(dataset_parse_part(&(struct idx_pair){images, labels, IMAGES, LABELS}, "part", &p, &size, NULL), 0);
    assert_int_equal(size, TOY_SIZE);
    dataset_part_fini(&p);
    for (size_t cut = 0; cut < 16; cut++)
        expect_broken(images, cut, labels, LABELS, "inside the 16-byte header");
    expect_broken(images, IMAGES - 1, labels, LABELS, "picture 29 of 30");
    expect_broken(images, IMAGES, labels, 7, "8-byte header");
    expect_broken(images, IMAGES, labels, LABELS - 1, "labels: ends at byte 37, 38");
    labels[7] = 29;
    expect_broken(images, IMAGES, labels, LABELS, "29 labels for 30 pictures");
    labels[7] = N;
    labels[3] = 3;
    expect_broken(images, IMAGES, labels, LABELS, "magic");
    labels[3] = 1;
    images[15] = TOY_SIZE + 1;
    expect_broken(images, IMAGES, labels, LABELS, "squares");
    images[15] = TOY_SIZE;
    images[4] = 255;
    expect_broken(images, IMAGES, labels, LABELS, "pictures, expected");
    images[4] = 0;
    images[0] = 1;
    expect_broken(images, IMAGES, labels, LABELS, "magic");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_by_name_and_by_folder),
        cmocka_unit_test(a_missing_set_says_where_it_was_looked_for),
        cmocka_unit_test(a_truncated_file_says_where_it_ends),
        cmocka_unit_test(broken_parts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
