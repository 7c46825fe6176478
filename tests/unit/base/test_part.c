/* Files that arrive in pieces: resumed where they stopped, refused when the content is another, durable under their hash. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/part.h"
#include "support/cmocka.h"

enum { SIZE = 300000 };
static char folder[64];
static uint8_t content[SIZE];
static uint8_t hash[HASH_SIZE];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sonata-part-XXXXXX");
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (uint8_t)(i * 7 + (i >> 9));
    hash_content(content, SIZE, hash);
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct part *opened(void)
{
    struct part *p = NULL;
    struct sonata_error err = {{0}};
    assert_int_equal(part_open(folder, hash, SIZE, "", &p, &err), 0);
    return p;
}

static void goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct part *p = opened();
    assert_int_equal(part_append(p, content, 100000, &err), 0);
    part_close(p);
    p = opened();
    assert_int_equal(part_size(p), 100000);
    assert_int_equal(part_append(p, content + 100000, SIZE - 100000, &err), 0);
    assert_int_equal(part_append(p, content, 1, &err), -EMSGSIZE);
    assert_int_equal(part_finish(p, &err), 0);
    part_close(p);
    char path[PART_PATH_MAX];
    uint8_t seen[HASH_SIZE];
    uint64_t size;
    assert_true(part_final_path(folder, hash, path, sizeof path));
    assert_int_equal(file_hash(path, SIZE, seen, &size, &err), 0);
    assert_int_equal(size, SIZE);
    assert_memory_equal(seen, hash, HASH_SIZE);
    assert_int_equal(file_hash(path, SIZE - 1, seen, &size, &err), -EFBIG);
    assert_int_equal(file_hash(folder, SIZE, seen, &size, &err), -EINVAL);
}

static void other_content_is_refused_and_begins_anew(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct part *p = opened();
    uint8_t wrong = content[0] ^ 1;
    assert_int_equal(part_append(p, &wrong, 1, &err), 0);
    assert_int_equal(part_append(p, content + 1, SIZE - 1, &err), 0);
    assert_int_equal(part_finish(p, &err), -EBADMSG);
    assert_int_equal(part_size(p), 0);
    assert_int_equal(part_append(p, content, SIZE, &err), 0);
    assert_int_equal(part_finish(p, &err), 0);
    part_close(p);
}

static void a_longer_rest_is_not_taken_up(void **state)
{
    (void)state;
    char path[PART_PATH_MAX + 8], final[PART_PATH_MAX];
    assert_true(part_final_path(folder, hash, final, sizeof final));
    snprintf(path, sizeof path, "%s.part", final);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < SIZE + 1; i++)
        fputc('x', f);
    fclose(f);
    struct part *p = opened();
    assert_int_equal(part_size(p), 0);
    part_drop(p);
    assert_false(file_exists(path));
}

static void a_second_name_or_a_copy(void **state)
{
    (void)state;
    char from[PART_PATH_MAX], to[PART_PATH_MAX];
    struct sonata_error err = {{0}};
    cleanup_bytes struct bytes seen = {0};
    snprintf(from, sizeof from, "%s/from", folder);
    snprintf(to, sizeof to, "%s/to", folder);
    assert_int_equal(file_write_atomic(from, content, SIZE, &err), 0);
    assert_int_equal(file_link_or_copy(from, to, &err), 0);
    assert_int_equal(file_link_or_copy(from, to, &err), 0);
    assert_int_equal(file_read(to, SIZE, &seen, &err), 0);
    assert_memory_equal(seen.data, content, SIZE);
    if (access("/dev/shm", W_OK))
        return;
    snprintf(to, sizeof to, "/dev/shm/sonata-part-%d", (int)getpid()); /* another file system: a copy */
    bytes_clear(&seen);
    assert_int_equal(file_link_or_copy(from, to, &err), 0);
    assert_int_equal(file_read(to, SIZE, &seen, &err), 0);
    assert_memory_equal(seen.data, content, SIZE);
    unlink(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(goes_on_where_it_stopped, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(other_content_is_refused_and_begins_anew, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(a_longer_rest_is_not_taken_up, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(a_second_name_or_a_copy, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
