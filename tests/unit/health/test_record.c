/* A board's health over a restart: kept whole, moved between clocks, and never read from what is no such record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "health/record.h"

static struct board_health sample(void)
{
    struct board_health h = {.state = HEALTH_QUARANTINED, .draining = true, .reference = {.median_us = 1234.5, .taken_ns = 100}, .canary = {.last_ns = 200, .last_good_ns = 150},
                             .n_quarantines = 2, .quarantine_ns = {10, 20}, .failed_probations = 1, .backoff_until_ns = 999};
    memset(h.fingerprint, 7, sizeof h.fingerprint);
    memset(h.reference.fingerprint, 7, sizeof h.reference.fingerprint);
    blame_add(&h.blame, 42, 1, 120);
    return h;
}

static void kept_whole(void **state)
{
    (void)state;
    struct board_health h = sample(), back;
    struct bytes b = {0};
    struct sonata_error err = {0};
    health_shift(&h, 1000);
    assert_int_equal(h.backoff_until_ns, 1999);
    assert_int_equal(h.quarantine_ns[1], 1020);
    assert_int_equal(h.blame.entry[0].t_ns, 1120);
    health_encode(&h, &b);
    struct reader in = reader_of(b.data, b.size);
    assert_int_equal(health_decode(&in, &back, &err), 0);
    assert_true(reader_done(&in));
    health_shift(&back, -1000);
    h = sample();
    assert_int_equal(back.state, h.state);
    assert_true(back.draining);
    assert_true(back.reference.median_us == h.reference.median_us);
    assert_memory_equal(back.reference.fingerprint, h.reference.fingerprint, CANARY_FINGERPRINT);
    assert_memory_equal(back.fingerprint, h.fingerprint, CANARY_FINGERPRINT);
    assert_int_equal(back.reference.taken_ns, 100);
    assert_int_equal(back.canary.last_good_ns, 150);
    assert_int_equal(back.n_quarantines, 2);
    assert_int_equal(back.quarantine_ns[1], 20);
    assert_int_equal(back.backoff_until_ns, 999);
    assert_int_equal(back.failed_probations, 1);
    assert_int_equal(back.blame.n, 1);
    assert_int_equal(back.blame.entry[0].job, 42);
    bytes_fini(&b);
}

static void every_cut_and_bad_fields(void **state)
{
    (void)state;
    struct board_health h = sample(), back;
    struct bytes b = {0};
    struct sonata_error err = {0};
    health_encode(&h, &b);
    for (size_t n = 0; n < b.size; n++) {
        struct reader in = reader_of(b.data, n);
        assert_int_equal(health_decode(&in, &back, &err), -EBADMSG);
    }
    for (size_t i = 0; i < 2; i++) { /* version, state */
        uint8_t was = b.data[i];
        b.data[i] = 200;
        struct reader in = reader_of(b.data, b.size);
        assert_int_equal(health_decode(&in, &back, &err), -EBADMSG);
        b.data[i] = was;
    }
    bytes_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kept_whole), cmocka_unit_test(every_cut_and_bad_fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
