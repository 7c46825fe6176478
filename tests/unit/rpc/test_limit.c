/* Token buckets of a port, with simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "rpc/limit.h"

static struct limiter limiter(double messages, double bytes, double byte_burst)
{
    return (struct limiter){.rates = {.messages = messages, .bytes = bytes, .byte_burst = byte_burst, .mute_ns = 10 * SONATA_SECOND}};
}

static unsigned passed(struct limiter *l, uint64_t peer, unsigned n, size_t bytes, int64_t now)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++)
        count += limiter_take(l, peer, bytes, now) == LIMIT_PASS;
    return count;
}

static void messages_twice_the_rate_at_once_then_one_refusal_then_silence(void **state)
{
    (void)state;
    struct limiter l = limiter(100, 0, 0);
    assert_int_equal(passed(&l, 1, 200, 10, 0), 200);
    assert_int_equal(limiter_take(&l, 1, 10, 0), LIMIT_REFUSE);
    assert_int_equal(limiter_take(&l, 1, 10, 1), LIMIT_MUTE);
    assert_int_equal(limiter_take(&l, 1, 10, 10 * SONATA_SECOND - 1), LIMIT_MUTE);
    assert_int_equal(passed(&l, 1, 300, 10, 10 * SONATA_SECOND), 200); /* filled again, not beyond the burst */
    limiter_fini(&l);
}

static void a_peer_at_the_rate_is_never_refused(void **state)
{
    (void)state;
    struct limiter l = limiter(100, 0, 0);
    for (int64_t i = 0; i < 5000; i++)
        assert_int_equal(limiter_take(&l, 1, 10, i * 10 * SONATA_MS), LIMIT_PASS);
    limiter_fini(&l);
}

static void peers_do_not_share(void **state)
{
    (void)state;
    struct limiter l = limiter(10, 0, 0);
    assert_int_equal(passed(&l, 1, 100, 1, 0), 20);
    assert_int_equal(passed(&l, 2, 100, 1, 0), 20);
    limiter_fini(&l);
}

static void bytes_are_counted_both_ways(void **state)
{
    (void)state;
    struct limiter l = limiter(0, 1000, 4000);
    assert_int_equal(passed(&l, 1, 4, 1000, 0), 4);
    assert_int_equal(limiter_take(&l, 1, 1000, 0), LIMIT_REFUSE);
    assert_int_equal(passed(&l, 2, 1, 1000, 0), 1);
    limiter_charge(&l, 2, 5000, 0); /* two thousand more than it had */
    assert_int_equal(limiter_take(&l, 2, 1, SONATA_SECOND), LIMIT_REFUSE);
    assert_int_equal(limiter_take(&l, 2, 1, 12 * SONATA_SECOND), LIMIT_PASS);
    limiter_fini(&l);
}

static void long_requests_cost_time(void **state)
{
    (void)state;
    struct limiter l = {.rates = {.mute_ns = 10 * SONATA_SECOND, .busy = 0.5, .busy_burst_s = 4}};
    int64_t now = 0;
    for (int i = 0; i < 1000; i++, now += 2 * SONATA_SECOND) { /* half of the time */
        assert_int_equal(limiter_take(&l, 1, 1, now), LIMIT_PASS);
        limiter_charge_time(&l, 1, SONATA_SECOND, now);
    }
    unsigned n = 0;
    for (; limiter_take(&l, 1, 1, now) == LIMIT_PASS; n++, now += SONATA_SECOND) /* all of it */
        limiter_charge_time(&l, 1, SONATA_SECOND, now);
    assert_in_range(n, 6, 9);
    assert_int_equal(limiter_take(&l, 1, 1, now), LIMIT_MUTE);
    assert_int_equal(limiter_take(&l, 2, 1, now), LIMIT_PASS);
    limiter_charge_time(&l, 2, 3600 * SONATA_SECOND, now); /* one request of an hour is not held against it for ever */
    assert_int_equal(limiter_take(&l, 2, 1, now), LIMIT_REFUSE);
    assert_int_equal(limiter_take(&l, 2, 1, now + 11 * SONATA_SECOND), LIMIT_PASS);
    limiter_fini(&l);
}

static void no_rate_no_limit(void **state)
{
    (void)state;
    struct limiter l = limiter(0, 0, 0);
    assert_int_equal(passed(&l, 1, 100000, 1 << 20, 0), 100000);
    limiter_fini(&l);
}

static void the_table_is_bounded_and_forgets_idle_peers(void **state)
{
    (void)state;
    struct limiter l = limiter(10, 1000, 4000);
    for (uint64_t peer = 1; peer <= LIMIT_PEERS_MAX; peer++)
        limiter_take(&l, peer, 10, 0);
    assert_int_equal(passed(&l, LIMIT_PEERS_MAX + 1, 15, 10, 0) + passed(&l, LIMIT_PEERS_MAX + 2, 15, 10, 0), 20); /* nobody is idle: these two share */
    assert_in_range(l.bucket.count, LIMIT_PEERS_MAX, LIMIT_PEERS_MAX + 1);
    assert_int_equal(passed(&l, LIMIT_PEERS_MAX + 3, 30, 10, 60 * SONATA_SECOND), 20);
    assert_in_range(l.bucket.count, 1, 2);
    limiter_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_twice_the_rate_at_once_then_one_refusal_then_silence),
        cmocka_unit_test(a_peer_at_the_rate_is_never_refused),
        cmocka_unit_test(peers_do_not_share),
        cmocka_unit_test(bytes_are_counted_both_ways),
        cmocka_unit_test(long_requests_cost_time),
        cmocka_unit_test(no_rate_no_limit),
        cmocka_unit_test(the_table_is_bounded_and_forgets_idle_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
