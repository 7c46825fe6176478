/* Availability out of histories, by hand: states hold until the next event, what is before the first one is not known, who is away now is not
 * available. */
#include "cli/farm_week.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "support/cmocka.h"

#define HOUR (3600 * SONATA_SECOND)
#define AT(h) (INT64_C(1000) * HOUR + (h)*HOUR)

static struct farm_event event_at(int64_t wall_ns, const char *kind, const char *state, double latency)
{
    struct farm_event e = {.wall_ns = wall_ns, .latency_us = latency, .reference_us = 100};
    copy_string(e.kind, sizeof e.kind, kind);
    copy_string(e.state, sizeof e.state, state);
    return e;
}

static struct results_board board_of(const char *id, bool online)
{
    struct results_board b = {.online = online, .canary_us = 101, .reference_us = 100, .done = 100};
    copy_string(b.id, sizeof b.id, id);
    copy_string(b.type, sizeof b.type, "pi");
    return b;
}

static void states_hold_until_the_next(void **state)
{
    (void)state;
    struct results_board b = board_of("pi-1", true);
    struct farm_board f = {.board = &b};
    /* Newest first. In the span 0 … 100 h: ready from before it, quarantine 20 … 30, ready, away 60 … 90, ready. */
    const struct farm_event e[] = {event_at(AT(90), "state", "ready", 0),         event_at(AT(80), "canary", "offline", 0),
                                   event_at(AT(60), "state", "offline", 0),       event_at(AT(30), "state", "ready", 0),
                                   event_at(AT(25), "canary", "quarantine", 102), event_at(AT(20), "state", "quarantine", 0),
                                   event_at(AT(-50), "state", "ready", 0)};
    farm_board_judge(&f, e, 7, AT(0), AT(100));
    assert_true(fabs(f.available - 0.6) < 1e-9);
    assert_int_equal(f.canaries, 2);
    assert_int_equal(f.canaries_failed, 1);
    assert_int_equal(f.troubles, 2);
    assert_true(fabs(f.drift - 0.01) < 1e-9);
    farm_boards_compare(&f, 1);
    assert_non_null(strstr(f.look, "60 % of the time"));
    b.online = false; /* the newest state was said before its worker went */
    farm_board_judge(&f, e, 7, AT(0), AT(100));
    assert_true(fabs(f.available - 0.5) < 1e-9);
    farm_board_judge(&f, e, 1, AT(0), AT(100)); /* known since 90 only */
    assert_true(f.available == 0);
    farm_board_judge(&f, e, 0, AT(0), AT(100));
    assert_true(isnan(f.available));
}

static void who_stands_out_is_said(void **state)
{
    (void)state;
    struct results_board b[] = {board_of("a", true), board_of("b", true), board_of("c", true), board_of("d", false)};
    struct farm_board f[4];
    const struct farm_event e = event_at(AT(-1), "state", "ready", 0);
    b[1].failed = 60;
    b[2].canary_us = 95;
    for (size_t i = 0; i < 4; i++) {
        f[i] = (struct farm_board){.board = &b[i]};
        farm_board_judge(&f[i], &e, 1, AT(0), AT(100));
    }
    farm_boards_compare(f, 4);
    assert_string_equal(f[0].look, "");
    assert_non_null(strstr(f[1].look, "38 % of its attempts failed"));
    assert_non_null(strstr(f[2].look, "-5.0 % off its reference"));
    assert_non_null(strstr(f[3].look, "its worker is away"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states_hold_until_the_next), cmocka_unit_test(who_stands_out_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
