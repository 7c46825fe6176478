/* Words of the wire that become enums: each is found again by its name, others by none. */
#include "domain/board_event.h"
#include "domain/tier.h"
#include "support/cmocka.h"

static void tiers(void **state)
{
    (void)state;
    for (int t = 0; t < TIER_COUNT; t++)
        assert_int_equal(tier_named(tier_name((enum tier)t)), t);
    assert_int_equal(tier_named("report"), TIER_REPORT);
    assert_int_equal(tier_named(""), TIER_SEARCH);
    assert_int_equal(tier_named("Search"), TIER_COUNT);
    assert_string_equal(tier_name(TIER_COUNT), "");
}

static void kinds_of_events(void **state)
{
    (void)state;
    assert_int_equal(board_event_kind_named("state"), BOARD_EVENT_STATE);
    assert_int_equal(board_event_kind_named("canary"), BOARD_EVENT_CANARY);
    assert_int_equal(board_event_kind_named("calibrated"), BOARD_EVENT_CALIBRATED);
    assert_int_equal(board_event_kind_named("recovery"), BOARD_EVENT_RECOVERY);
    assert_int_equal(board_event_kind_named("admin"), BOARD_EVENT_ADMIN);
    assert_int_equal(board_event_kind_named("order"), BOARD_EVENT_OTHER);
    assert_int_equal(board_event_kind_named(""), BOARD_EVENT_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tiers), cmocka_unit_test(kinds_of_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
