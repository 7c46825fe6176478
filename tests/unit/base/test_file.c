/* Whole files: bounded and gz reads, atomic writes, clear errors. */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "support/cmocka.h"

static char folder[] = "/tmp/sonata-test-file-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void writes_and_reads(void **state)
{
    (void)state;
    struct bytes data = {0};
    assert_int_equal(file_write_atomic(in_folder("a"), "hello", 5, NULL), 0);
    assert_int_equal(file_write_atomic(in_folder("a"), "world!", 6, NULL), 0);
    assert_int_equal(file_read(in_folder("a"), 6, &data, NULL), 0);
    assert_int_equal(data.size, 6);
    assert_memory_equal(data.data, "world!", 6);
    bytes_fini(&data);
    struct sonata_error err = {""};
    assert_int_equal(file_read(in_folder("a"), 5, &data, &err), -EFBIG);
    assert_false(file_exists(in_folder("a.tmp")));
}

static void reads_gz_and_finds_truncation(void **state)
{
    (void)state;
    char text[4000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    gzFile out = gzopen(in_folder("t.gz"), "wb");
    assert_int_equal(gzwrite(out, text, sizeof text), sizeof text);
    gzclose(out);
    struct bytes data = {0};
    assert_int_equal(file_read(in_folder("t.gz"), 1 << 20, &data, NULL), 0);
    assert_int_equal(data.size, sizeof text);
    assert_memory_equal(data.data, text, sizeof text);
    bytes_fini(&data);
    struct stat st;
    assert_int_equal(stat(in_folder("t.gz"), &st), 0);
    assert_int_equal(truncate(in_folder("t.gz"), st.st_size / 2), 0);
    struct sonata_error err = {""};
    assert_int_equal(file_read(in_folder("t.gz"), 1 << 20, &data, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "t.gz"));
}

static void makes_folders(void **state)
{
    (void)state;
    assert_int_equal(file_make_dirs(in_folder("x/y/z"), true, NULL), 0);
    struct stat st;
    assert_int_equal(stat(in_folder("x/y/z"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    struct sonata_error err = {""};
    assert_int_equal(file_write_atomic(in_folder("none/such"), "", 0, &err), -ENOENT);
    assert_non_null(strstr(err.text, "none/such"));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    const char *const name[] = {"a", "t.gz", "x/y/z", "x/y", "x", ""};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        remove(in_folder(name[i]));
    return 0;
}

/* A link where the half-written file would be is not followed. */
static void test_link_is_not_followed(void **state)
{
    (void)state;
    char place[] = "/tmp/sonata-file-XXXXXX", path[64], tmp[80], victim[64];
    struct sonata_error err = {{0}};
    struct bytes data = {0};
    assert_non_null(mkdtemp(place));
    snprintf(path, sizeof path, "%s/report.html", place);
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    snprintf(victim, sizeof victim, "%s/victim", place);
    assert_int_equal(file_write_atomic(victim, "mine", 4, &err), 0);
    assert_int_equal(symlink(victim, tmp), 0);
    assert_int_equal(file_write_atomic(path, "page", 4, &err), 0);
    assert_int_equal(file_read(victim, 100, &data, &err), 0);
    assert_int_equal(data.size, 4);
    assert_memory_equal(data.data, "mine", 4);
    bytes_fini(&data);
    unlink(path);
    unlink(victim);
    rmdir(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads),
        cmocka_unit_test(reads_gz_and_finds_truncation),
        cmocka_unit_test(makes_folders), cmocka_unit_test(test_link_is_not_followed),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
