/* Frames: cut anywhere, refused when too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "board/frame.h"

static void any_cut_gives_the_same_frames(void **state)
{
    (void)state;
    struct bytes stream = {0};
    frame_put(&stream, FRAME_PHASE, "latency", 7);
    frame_put(&stream, FRAME_RESULT, NULL, 0);
    frame_put(&stream, FRAME_ERROR, "x", 1);
    for (size_t step = 1; step <= stream.size; step++) {
        struct frame_reader r = {0};
        const uint8_t *p;
        uint8_t type;
        size_t n, seen = 0;
        static const char expected[] = {FRAME_PHASE, FRAME_RESULT, FRAME_ERROR};
        for (size_t at = 0; at < stream.size; at += step) {
            frame_feed(&r, stream.data + at, stream.size - at < step ? stream.size - at : step);
            while (frame_next(&r, &type, &p, &n)) {
                assert_int_equal(type, expected[seen]);
                if (seen++ == 0)
                    assert_memory_equal(p, "latency", 7);
            }
        }
        assert_int_equal(seen, 3);
        frame_reader_fini(&r);
    }
    bytes_fini(&stream);
}

static void too_long_is_refused(void **state)
{
    (void)state;
    struct frame_reader r = {0};
    struct bytes stream = {0};
    bytes_put_u32(&stream, FRAME_MAX + 1);
    bytes_put_u8(&stream, FRAME_RESULT);
    frame_feed(&r, stream.data, stream.size);
    const uint8_t *p;
    uint8_t type;
    size_t n;
    assert_false(frame_next(&r, &type, &p, &n));
    assert_true(r.bad);
    frame_reader_fini(&r);
    bytes_fini(&stream);
}

static void written_frames_are_read(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(frame_write(fd[1], FRAME_PHASE, "build", 5), 0);
    uint8_t raw[64];
    ssize_t k = read(fd[0], raw, sizeof raw);
    struct frame_reader r = {0};
    frame_feed(&r, raw, (size_t)k);
    const uint8_t *p;
    uint8_t type;
    size_t n;
    assert_true(frame_next(&r, &type, &p, &n));
    assert_int_equal(n, 5);
    frame_reader_fini(&r);
    close(fd[0]);
    close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_frames),
        cmocka_unit_test(too_long_is_refused),
        cmocka_unit_test(written_frames_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
