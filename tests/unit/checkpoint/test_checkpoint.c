/* Files that PyTorch wrote (tests/golden/checkpoint/make.py), whole, cut off and changed. */
#include "checkpoint/checkpoint.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"

static const char *const files[] = {"legacy.pth", "zip.pth", "bare.pth"};
enum { FILES = 3 };

static void path_of(const char *file, char path[512]) { snprintf(path, 512, "%s/tests/golden/checkpoint/%s", SONATA_SOURCE_DIR, file); }

/* Values of a tensor against those expected; NULL: that it is there. */
static void has(const struct checkpoint *c, const char *name, unsigned n_dims, const size_t *dim, const float *want)
{
    const struct checkpoint_tensor *t = checkpoint_find(c, name);
    assert_non_null(t);
    assert_int_equal(t->n_dims, n_dims);
    for (unsigned i = 0; i < n_dims; i++)
        assert_int_equal(t->dim[i], dim[i]);
    size_t n = checkpoint_elements(t);
    float *value = xcalloc(n + 1, sizeof *value);
    checkpoint_values(t, value);
    for (size_t i = 0; i < n; i++)
        assert_true(value[i] == want[i]);
    free(value);
}

static void every_kind_of_tensor_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++) {
        char path[512];
        struct checkpoint c;
        struct sonata_error err = {{0}};
        path_of(files[i], path);
        if (checkpoint_open(path, &c, &err))
            fail_msg("%s", err.text);
        assert_int_equal(c.n_tensors, 12);
        float plain[24], transposed[24];
        for (int j = 0; j < 24; j++) {
            plain[j] = (float)j / 8;
            transposed[j] = (float)(j % 4 * 6 + j / 4);
        }
        has(&c, "module.plain.weight", 3, (size_t[]){2, 3, 4}, plain);
        has(&c, "module.transposed.weight", 2, (size_t[]){6, 4}, transposed);
        has(&c, "module.part.weight", 1, (size_t[]){4}, (float[]){5, 6, 7, 8});
        has(&c, "module.parameter.bias", 1, (size_t[]){2}, (float[]){1.5f, -2.5f});
        has(&c, "module.half", 1, (size_t[]){4}, (float[]){1, -0.5f, 65504, 0x1p-24f});
        has(&c, "module.brain", 1, (size_t[]){2}, (float[]){1, -3});
        has(&c, "module.double", 1, (size_t[]){1}, (float[]){0.25f});
        has(&c, "module.bn.num_batches_tracked", 0, NULL, (float[]){1234567});
        has(&c, "module.bytes", 1, (size_t[]){2}, (float[]){0, 255});
        has(&c, "module.signed", 1, (size_t[]){2}, (float[]){-1, 127});
        has(&c, "module.truth", 1, (size_t[]){2}, (float[]){1, 0});
        has(&c, "module.empty", 2, (size_t[]){0, 3}, NULL);
        assert_null(checkpoint_find(&c, "optimizer"));
        assert_string_equal(checkpoint_type_name(checkpoint_find(&c, "module.half")->type), "float16");
        checkpoint_fini(&c);
    }
}

/* Every beginning of a file is refused with a text that names it. */
static void a_file_cut_off_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++) {
        char path[512];
        struct bytes file = {0};
        path_of(files[i], path);
        assert_int_equal(file_read(path, 1 << 20, &file, NULL), 0);
        for (size_t n = 0; n < file.size; n++) {
            struct checkpoint c;
            struct sonata_error err = {{0}};
            uint8_t *part = n ? xmemdup(file.data, n) : xmalloc(1);
            int r = checkpoint_parse(part, n, "weights.pth", &c, &err);
            assert_true(r == -EBADMSG || r == -ENOTSUP);
            assert_non_null(strstr(err.text, "weights.pth"));
            free(part);
        }
        bytes_fini(&file);
    }
}

static void refuse(const void *data, size_t n, int code, const char *says)
{
    struct checkpoint c;
    struct sonata_error err = {{0}};
    int r = checkpoint_parse(data, n, "weights.pth", &c, &err);
    if (r != code || !strstr(err.text, says))
        fail_msg("%d: %s", r, err.text);
}

/* Replaces the first place where `from` stands. */
static void change(const char *file, const char *from, const char *to, size_t n, int code, const char *says)
{
    char path[512];
    struct bytes b = {0};
    path_of(file, path);
    assert_int_equal(file_read(path, 1 << 20, &b, NULL), 0);
    size_t at = 0;
    while (at + n <= b.size && memcmp(b.data + at, from, n))
        at++;
    assert_true(at + n <= b.size);
    memcpy(b.data + at, to, n);
    refuse(b.data, b.size, code, says);
    bytes_fini(&b);
}

static void what_is_no_checkpoint_is_named(void **state)
{
    (void)state;
    static const uint8_t plain_pickle[] = {0x80, 2, 'K', 1, '.'};
    static const uint8_t endless[] = {0x80, 2, '(', '('};
    static const uint8_t empty_stack[] = {0x80, 2, 'R', '.'};
    refuse("", 0, -EBADMSG, "empty");
    refuse("hello, world", 12, -ENOTSUP, "torch.save");
    refuse(plain_pickle, sizeof plain_pickle, -ENOTSUP, "not by torch.save()");
    refuse(endless, sizeof endless, -EBADMSG, "byte 4");
    refuse(empty_stack, sizeof empty_stack, -EBADMSG, "more values");
}

static void a_changed_file_is_refused(void **state)
{
    (void)state;
    /* a class of storage that is not known; the parts' checksums catch it in a zip */
    change("legacy.pth", "HalfStorage", "HalfStorbge", 11, -EBADMSG, "no tensor of a known type");
    change("zip.pth", "HalfStorage", "HalfStorbge", 11, -EBADMSG, "checksum");
    change("legacy.pth", "K\2K\3K\4", "K\2K\3K\5", 6, -EBADMSG, "'module.plain.weight': its shape reaches beyond the 24 values");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_tensor_comes_back),
        cmocka_unit_test(a_file_cut_off_is_refused),
        cmocka_unit_test(what_is_no_checkpoint_is_named),
        cmocka_unit_test(a_changed_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
