/* Blob pulls: chunks in order, repeats, corruption, absence, a link that is down, lies about sizes, eviction. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/blobs.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"

struct bench {
    struct blobs *blobs;
    struct rate rate;
    char folder[64];
    unsigned requests, done;
    uint64_t offset;
    bool down;
    char reason[200];
};

static int request(void *user, const uint8_t hash[HASH_SIZE], uint64_t offset, uint32_t max)
{
    (void)hash, (void)max;
    struct bench *b = user;
    if (b->down)
        return -1;
    b->requests++;
    b->offset = offset;
    return 0;
}

static void done(void *user, const uint8_t hash[HASH_SIZE], const char *reason)
{
    (void)hash;
    struct bench *b = user;
    b->done++;
    copy_string(b->reason, sizeof b->reason, reason ? reason : "");
}

static void open_bench(struct bench *b, uint64_t max)
{
    *b = (struct bench){.folder = "/tmp/sonata-blobs-XXXXXX"};
    struct sonata_error err = {0};
    assert_non_null(mkdtemp(b->folder));
    assert_int_equal(blobs_new(b->folder, max, &b->rate, (struct blobs_hooks){request, done, NULL, b}, &b->blobs, &err), 0);
}

static void close_bench(struct bench *b)
{
    char command[128];
    blobs_free(b->blobs);
    snprintf(command, sizeof command, "rm -r %s", b->folder);
    assert_int_equal(system(command), 0);
}

static const uint8_t content[] = "0123456789";
enum { SIZE = sizeof content - 1 };

static void pull_in_chunks(void **state)
{
    (void)state;
    struct bench b;
    uint8_t hash[HASH_SIZE], other[HASH_SIZE] = {1};
    char path[1024];
    open_bench(&b, 1 << 20);
    hash_content(content, SIZE, hash);
    assert_false(blobs_want(b.blobs, hash, path, sizeof path));
    assert_false(blobs_want(b.blobs, hash, path, sizeof path));
    assert_int_equal(b.requests, 1);
    blobs_chunk(b.blobs, hash, HASH_SIZE, 0, SIZE, content, 4, false);
    assert_int_equal(b.offset, 4);
    blobs_chunk(b.blobs, hash, HASH_SIZE, 0, SIZE, content, 4, false); /* repeated */
    blobs_chunk(b.blobs, other, HASH_SIZE, 0, SIZE, content, 4, false);
    blobs_chunk(b.blobs, hash, 3, 0, SIZE, content, 4, false);
    assert_int_equal(b.requests, 2);
    blobs_chunk(b.blobs, hash, HASH_SIZE, 4, SIZE, content + 4, SIZE - 4, false);
    assert_int_equal(b.done, 1);
    assert_string_equal(b.reason, "");
    assert_true(blobs_want(b.blobs, hash, path, sizeof path));
    struct bytes data = {0};
    struct sonata_error err = {0};
    assert_int_equal(file_read(path, 100, &data, &err), 0);
    assert_memory_equal(data.data, content, SIZE);
    bytes_fini(&data);
    close_bench(&b);
}

static void corruption_is_asked_again_three_times(void **state)
{
    (void)state;
    struct bench b;
    uint8_t hash[HASH_SIZE] = {7};
    char path[1024];
    open_bench(&b, 1 << 20);
    blobs_want(b.blobs, hash, path, sizeof path);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(b.done, 0);
        blobs_chunk(b.blobs, hash, HASH_SIZE, 0, SIZE, content, SIZE, false);
    }
    assert_int_equal(b.done, 1);
    assert_non_null(strstr(b.reason, "wrong hash"));
    assert_false(file_exists(path));
    close_bench(&b);
}

static void absent_and_lying(void **state)
{
    (void)state;
    struct bench b;
    uint8_t hash[HASH_SIZE] = {7};
    char path[1024];
    open_bench(&b, 1 << 20);
    blobs_want(b.blobs, hash, path, sizeof path);
    blobs_chunk(b.blobs, hash, HASH_SIZE, 0, 0, NULL, 0, true);
    assert_int_equal(b.done, 1);
    const struct {
        uint64_t total;
        size_t n;
    } lies[] = {{UINT64_MAX, 4}, {3, 4}, {SIZE, 0}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        b.done = 0;
        blobs_want(b.blobs, hash, path, sizeof path);
        blobs_chunk(b.blobs, hash, HASH_SIZE, 0, lies[i].total, content, lies[i].n, false);
        assert_int_equal(b.done, 1);
        assert_non_null(strstr(b.reason, "sizes"));
    }
    b.done = 0; /* it shrinks below what has come already */
    blobs_want(b.blobs, hash, path, sizeof path);
    blobs_chunk(b.blobs, hash, HASH_SIZE, 0, SIZE, content, 4, false);
    blobs_chunk(b.blobs, hash, HASH_SIZE, 4, 2, content, 4, false);
    assert_int_equal(b.done, 1);
    assert_non_null(strstr(b.reason, "sizes"));
    close_bench(&b);
}

static void asked_again_when_silent_or_when_the_link_is_back(void **state)
{
    (void)state;
    struct bench b;
    uint8_t hash[HASH_SIZE] = {7};
    char path[1024];
    open_bench(&b, 1 << 20);
    b.down = true;
    blobs_want(b.blobs, hash, path, sizeof path);
    b.down = false;
    int64_t now = clock_monotonic_ns();
    blobs_tick(b.blobs, now, false);
    assert_int_equal(b.requests, 1);
    blobs_tick(b.blobs, now + SONATA_SECOND, false);
    assert_int_equal(b.requests, 1);
    blobs_tick(b.blobs, now + 10 * SONATA_SECOND, false);
    assert_int_equal(b.requests, 2);
    blobs_tick(b.blobs, now, true);
    assert_int_equal(b.requests, 3);
    blobs_drop(b.blobs, hash);
    blobs_tick(b.blobs, now, true);
    assert_int_equal(b.requests, 3);
    close_bench(&b);
}

static void the_oldest_go_when_the_cache_is_full(void **state)
{
    (void)state;
    struct bench b;
    char path[3][1024];
    uint8_t data[1000] = {0}, hash[HASH_SIZE];
    open_bench(&b, 2500);
    for (uint8_t i = 0; i < 3; i++) {
        data[0] = i;
        hash_content(data, sizeof data, hash);
        blobs_want(b.blobs, hash, path[i], sizeof path[i]);
        blobs_chunk(b.blobs, hash, HASH_SIZE, 0, sizeof data, data, sizeof data, false);
        if (i == 2)
            break;
        struct timespec when[2] = {{.tv_sec = 1000 + i}, {.tv_sec = 1000 + i}};
        assert_int_equal(utimensat(-100 /* AT_FDCWD */, path[i], when, 0), 0);
    }
    assert_false(file_exists(path[0]));
    assert_true(file_exists(path[1]) && file_exists(path[2]));
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pull_in_chunks),
        cmocka_unit_test(corruption_is_asked_again_three_times),
        cmocka_unit_test(absent_and_lying),
        cmocka_unit_test(asked_again_when_silent_or_when_the_link_is_back),
        cmocka_unit_test(the_oldest_go_when_the_cache_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
