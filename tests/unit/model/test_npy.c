/* NumPy's files: what is written is read again; what NumPy writes is read; what lies is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "model/npy.h"
#include "support/cmocka.h"

static void what_is_written_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/sonata-npy-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (unsigned rank = 0; rank <= 4; rank++) {
        struct graph_shape s = {.rank = rank, .dim = {2, 3, 1, 4}};
        float v[24];
        struct graph_tensor t;
        struct sonata_error err = {{0}};
        for (int i = 0; i < 24; i++)
            v[i] = (float)i * 1.5f;
        assert_int_equal(npy_write(path, GRAPH_F32, &s, v, &err), 0);
        if (npy_read(path, &t, &err))
            fail_msg("%s", err.text);
        assert_true(graph_same_shape(&t.shape, &s) && t.type == GRAPH_F32);
        assert_memory_equal(t.data, v, (size_t)graph_elements(&s) * sizeof *v);
        free(t.data);
    }
    unlink(path);
}

static int parse(const char *dict, const void *values, size_t n, struct graph_tensor *t, struct sonata_error *err)
{
    struct bytes b = {0};
    bytes_append(&b, "\x93NUMPY\x01\x00", 8);
    bytes_put_u16(&b, (uint16_t)strlen(dict));
    bytes_append(&b, dict, strlen(dict));
    bytes_append(&b, values, n);
    uint8_t *exact = xmemdup(b.data, b.size);
    int r = npy_parse(exact, b.size, "a.npy", t, err);
    free(exact);
    bytes_fini(&b);
    return r;
}

static void other_types_become_ours(void **state)
{
    (void)state;
    struct graph_tensor t;
    struct sonata_error err = {{0}};
    double d[2] = {1.5, -2};
    int8_t small[2] = {-1, 7};
    assert_int_equal(parse("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", d, sizeof d, &t, &err), 0);
    assert_true(((float *)t.data)[0] == 1.5f && ((float *)t.data)[1] == -2);
    free(t.data);
    assert_int_equal(parse("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 1), }", small, sizeof small, &t, &err), 0);
    assert_int_equal(t.type, GRAPH_I64);
    assert_true(((int64_t *)t.data)[0] == -1 && ((int64_t *)t.data)[1] == 7);
    free(t.data);
}

static void lies_are_refused(void **state)
{
    static const struct {
        const char *dict;
        int code;
    } cases[] = {{"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", -EBADMSG},
                 {"{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", -ENOTSUP},
                 {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", -ENOTSUP},
                 {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", -ENOTSUP},
                 {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", -ENOTSUP},
                 {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", -EBADMSG},
                 {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", -EBADMSG},
                 {"{'descr': '<f4', 'fortran_order': False, 'shape': (268435456, 268435456), }", -EFBIG},
                 {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", -EBADMSG},
                 {"{'descr': '<f4', 'fortran_order': False, }", -EBADMSG},
                 {"", -ENOTSUP}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct graph_tensor t;
        struct sonata_error err = {{0}};
        float v[2] = {0, 0};
        int r = parse(cases[i].dict, v, sizeof v, &t, &err);
        if (r != cases[i].code)
            fail_msg("%s: %d, %s", cases[i].dict, r, err.text);
    }
    struct graph_tensor t;
    assert_int_equal(npy_parse("\x93NUMPY\x01", 7, "a.npy", &t, NULL), -EBADMSG);
    assert_int_equal(npy_parse("PK\x03\x04..........", 14, "a.npz", &t, NULL), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(other_types_become_ours),
                                       cmocka_unit_test(lies_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
