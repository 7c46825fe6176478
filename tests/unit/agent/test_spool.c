/* The spool: kept over a restart, any cut or flipped byte costs at most the records from there on, compaction, a full disk. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/spool.h"
#include "base/file.h"
#include "base/memory.h"
#include "codec/codec.h"

static char path[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/sonata-spool-%ld", (long)getpid());
    unlink(path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static struct spool *open_spool(size_t *lost)
{
    struct spool *s;
    struct sonata_error err = {0};
    size_t here;
    if (spool_open(path, spool_identify_result, &s, lost ? lost : &here, &err))
        fail_msg("%s", err.text);
    return s;
}

static void add(struct spool *s, uint64_t attempt, uint32_t n_samples)
{
    struct measurement m = {.attempt = attempt, .epoch = 1, .board = "b", .outcome = OUTCOME_OK, .n_samples = n_samples};
    m.samples_us = n_samples ? xcalloc(n_samples, sizeof *m.samples_us) : NULL;
    for (uint32_t i = 0; i < n_samples; i++)
        m.samples_us[i] = (float)((i * 2654435761U) >> 8);
    struct bytes b = {0};
    struct sonata_error err = {0};
    measurement_encode(&m, &b);
    assert_int_equal(spool_add(s, &(struct spool_key){attempt, 1, "b"}, b.data, b.size, &err), 0);
    bytes_fini(&b);
    measurement_fini(&m);
}

static off_t file_size(void)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void kept_over_a_restart(void **state)
{
    (void)state;
    struct spool *s = open_spool(NULL);
    for (uint64_t i = 1; i <= 5; i++)
        add(s, i, 10);
    add(s, 3, 10); /* again: nothing */
    assert_int_equal(spool_count(s), 5);
    assert_int_equal(spool_acknowledge(s, 2, 1), 0);
    assert_int_equal(spool_acknowledge(s, 2, 1), -ENOENT);
    assert_int_equal(spool_acknowledge(s, 4, 2), -ENOENT); /* another epoch */
    spool_close(s);
    size_t lost;
    s = open_spool(&lost);
    assert_int_equal(lost, 0);
    assert_int_equal(spool_count(s), 4);
    assert_true(spool_has(s, 1, 1) && !spool_has(s, 2, 1));
    assert_int_equal(spool_at(s, 1)->attempt, 3);
    for (uint64_t i = 1; i <= 5; i++)
        spool_acknowledge(s, i, 1);
    assert_int_equal(file_size(), 0);
    spool_close(s);
}

/* Cut after every byte: the records before the cut are there, nothing else, and the next write goes on. */
static void every_cut(void **state)
{
    (void)state;
    struct spool *s = open_spool(NULL);
    off_t end[4] = {0};
    for (uint64_t i = 1; i <= 3; i++) {
        add(s, i, 3);
        end[i] = file_size();
    }
    spool_close(s);
    struct bytes whole = {0};
    struct sonata_error err = {0};
    assert_int_equal(file_read(path, 1 << 20, &whole, &err), 0);
    for (size_t cut = 0; cut <= whole.size; cut++) {
        assert_int_equal(file_write_atomic(path, whole.data, cut, &err), 0);
        size_t lost, expected = 0;
        while (expected < 3 && end[expected + 1] <= (off_t)cut)
            expected++;
        s = open_spool(&lost);
        assert_int_equal(spool_count(s), expected);
        assert_int_equal(lost, cut - (size_t)end[expected]);
        if (cut % 16 == 0)
            add(s, 9, 0);
        spool_close(s);
        s = open_spool(&lost);
        assert_int_equal(lost, 0);
        assert_int_equal(spool_count(s), expected + (cut % 16 == 0));
        spool_close(s);
    }
    bytes_fini(&whole);
}

static void every_flipped_byte(void **state)
{
    (void)state;
    struct spool *s = open_spool(NULL);
    for (uint64_t i = 1; i <= 2; i++)
        add(s, i, 3);
    spool_close(s);
    struct bytes whole = {0};
    struct sonata_error err = {0};
    assert_int_equal(file_read(path, 1 << 20, &whole, &err), 0);
    for (size_t i = 0; i < whole.size; i++) {
        whole.data[i] ^= 0x5a;
        assert_int_equal(file_write_atomic(path, whole.data, whole.size, &err), 0);
        whole.data[i] ^= 0x5a;
        size_t lost;
        s = open_spool(&lost);
        assert_true(lost > 0);
        assert_int_equal(spool_count(s), i < whole.size / 2 ? 0 : 1);
        spool_close(s);
    }
    bytes_fini(&whole);
}

static void a_long_file_is_compacted(void **state)
{
    (void)state;
    struct spool *s = open_spool(NULL);
    add(s, 1, 10);
    off_t most = 0;
    for (uint64_t i = 2; i < 60; i++) {
        add(s, i, 20000);
        spool_acknowledge(s, i, 1);
        most = file_size() > most ? file_size() : most;
    }
    assert_in_range(most, 900 << 10, 2 << 20);
    assert_in_range(file_size(), 1, 2 << 20);
    spool_close(s);
    s = open_spool(NULL);
    assert_int_equal(spool_count(s), 1);
    assert_true(spool_has(s, 1, 1));
    spool_close(s);
}

/* A file size limit stands for a full disk: the result lives in memory, the file stays whole. */
static void full_disk(void **state)
{
    (void)state;
    struct spool *s = open_spool(NULL);
    add(s, 1, 10);
    struct rlimit old, small;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = (rlim_t)file_size() + 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct measurement m = {.attempt = 2, .epoch = 1, .board = "b"};
    struct bytes b = {0};
    struct sonata_error err = {0};
    measurement_encode(&m, &b);
    int r = spool_add(s, &(struct spool_key){2, 1, "b"}, b.data, b.size, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(r, -EFBIG);
    assert_non_null(strstr(err.text, "in memory"));
    assert_true(spool_has(s, 2, 1));
    add(s, 3, 0);
    spool_close(s);
    size_t lost;
    s = open_spool(&lost);
    assert_int_equal(lost, 0);
    assert_int_equal(spool_count(s), 2);
    spool_close(s);
    bytes_fini(&b);
}

/* What is given up stays so over a restart. */
static void trimmed(void **state)
{
    (void)state;
    struct spool *s = open_spool(NULL);
    for (uint64_t i = 1; i <= 4; i++)
        add(s, i, 10);
    assert_int_equal(spool_trim(s, 2), 2);
    assert_int_equal(spool_trim(s, 2), 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(spool_count(s), 2);
        assert_int_equal(spool_at(s, 0)->attempt, 3);
        spool_close(s);
        s = open_spool(NULL);
    }
    spool_close(s);
}

/* The journal of board events is the same file format with another payload. */
static void events(void **state)
{
    (void)state;
    struct spool *s;
    struct sonata_error err = {0};
    size_t lost;
    assert_int_equal(spool_open(path, spool_identify_event, &s, &lost, &err), 0);
    for (uint64_t i = 1; i <= 2; i++) {
        char board[] = "b1", kind[] = "canary";
        Sonata__BoardEvent e = SONATA__BOARD_EVENT__INIT;
        e.sequence = 100 + i;
        e.board = board;
        e.kind = kind;
        uint8_t p[64];
        size_t n = sonata__board_event__pack(&e, p);
        assert_int_equal(spool_add(s, &(struct spool_key){e.sequence, 0, board}, p, n, &err), 0);
    }
    assert_int_equal(spool_acknowledge(s, 101, 0), 0);
    spool_close(s);
    assert_int_equal(spool_open(path, spool_identify_event, &s, &lost, &err), 0);
    assert_int_equal(lost, 0);
    assert_int_equal(spool_count(s), 1);
    assert_int_equal(spool_at(s, 0)->attempt, 102);
    assert_string_equal(spool_at(s, 0)->board, "b1");
    spool_close(s);
}

static void no_folder(void **state)
{
    (void)state;
    struct spool *s;
    struct sonata_error err = {0};
    size_t lost;
    assert_int_equal(spool_open("/nonexistent/spool", spool_identify_result, &s, &lost, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/spool"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_over_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_flipped_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_file_is_compacted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trimmed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events, set_up, tear_down),
        cmocka_unit_test(no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
