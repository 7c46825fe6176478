/* Records: what is written is read, every cut and every flipped byte is survived, the future is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/rng.h"
#include "store/record.h"

/* Cuts and damages; `decode` must answer with an error or a record, never read past the end (sanitizers watch). */
static void harass(const struct bytes *b, int (*decode)(const void *, size_t, void *), void *record)
{
    for (size_t n = 0; n < b->size; n++) {
        uint8_t *exact = xmemdup(b->data, n ? n : 1);
        assert_int_not_equal(decode(exact, n, record), 0);
        free(exact);
    }
    struct rng rng = rng_seeded(3, 0);
    for (int i = 0; i < 3000; i++) {
        uint8_t *copy = xmemdup(b->data, b->size);
        copy[rng_below(&rng, (uint32_t)b->size)] ^= (uint8_t)(1 + rng_below(&rng, 255));
        int r = decode(copy, b->size, record);
        assert_true(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT);
        free(copy);
    }
    uint8_t *future = xmemdup(b->data, b->size);
    future[0] = 200;
    assert_int_equal(decode(future, b->size, record), -EPROTONOSUPPORT);
    free(future);
}

#define ROUND_TRIP(kind, value)                                                                                                                      \
    do {                                                                                                                                             \
        struct bytes first = {0}, again = {0};                                                                                                       \
        struct kind##_record back = {0};                                                                                                             \
        kind##_record_encode(&(value), &first);                                                                                                      \
        assert_int_equal(kind##_record_decode(first.data, first.size, &back), 0);                                                                    \
        kind##_record_encode(&back, &again);                                                                                                         \
        assert_int_equal(first.size, again.size);                                                                                                    \
        assert_memory_equal(first.data, again.data, first.size);                                                                                     \
        harass(&first, decode_##kind, &back);                                                                                                        \
        bytes_fini(&first);                                                                                                                          \
        bytes_fini(&again);                                                                                                                          \
    } while (0)

#define DECODER(kind)                                                                                                                                \
    static int decode_##kind(const void *p, size_t n, void *record) { return kind##_record_decode(p, n, record); }
DECODER(search)
DECODER(individual)
DECODER(evaluation)
DECODER(attempt)
DECODER(board)
DECODER(event)
DECODER(invalid)
DECODER(board_event)
DECODER(board_health)
DECODER(suspect)

static void test_search(void **state)
{
    (void)state;
    struct search_record r = {.id = 3,
                              .name = "n",
                              .algorithm = "nsga2",
                              .state = SEARCH_PAUSED,
                              .reason = "r",
                              .budget = 1,
                              .asked = 2,
                              .told = 3,
                              .events = 9,
                              .active_ns = -1,
                              .front_size = 4,
                              .hypervolume = 0.25,
                              .planned = true,
                              .n_groups = 2,
                              .retold = 5,
                              .replicates = 6,
                              .retry_cause = "noisy",
                              .retry_next = 1,
                              .retry_end = 2,
                              .retried = 7,
                              .failing = 8,
                              .failing_from = 9,
                              .failed_attempt = 10,
                              .worked = true,
                              .failing_stop = true};
    copy_string(r.group[0].board_type, sizeof r.group[0].board_type, "pi");
    r.group[0].n_metrics = 2;
    copy_string(r.group[0].metric[1], sizeof r.group[0].metric[1], "latency");
    ROUND_TRIP(search, r);
    cleanup_bytes struct bytes b = {0};
    struct search_record old;
    search_record_encode(&r, &b);
    b.data[0] = 9; /* did not count failures */
    assert_int_equal(search_record_decode(b.data, b.size - 4 - 8 - 8 - 1 - 1, &old), 0);
    assert_int_equal(old.retried, 7);
    assert_true(!old.failing && !old.failed_attempt && !old.worked && !old.failing_stop);
}

static void test_individual(void **state)
{
    (void)state;
    struct individual_record r = {.id = 3,
                                  .n_genes = 5,
                                  .genotype = {{1, 2, 3, 4, 5}},
                                  .arm = "init",
                                  .parent = {-1, 4},
                                  .n_objectives = 2,
                                  .predicted = true,
                                  .mean = {1, 2},
                                  .sd = {3, 4},
                                  .state = INDIVIDUAL_FAILED,
                                  .n_evaluations = 2,
                                  .evaluation = {7, 8},
                                  .board = "b",
                                  .reason = "because",
                                  .n_metrics = 1,
                                  .objective = {0.5, -2},
                                  .violation = 0.125,
                                  .told_order = 6,
                                  .told_state = INDIVIDUAL_DONE,
                                  .cause = OUTCOME_BUG,
                                  .measured = 5};
    r.metric[0] = (struct metric_value){.name = "latency@pi", .value = 1, .low = 0, .high = 2, .n = 3};
    ROUND_TRIP(individual, r);
    struct bytes b = {0};
    struct individual_record back;
    individual_record_encode(&r, &b);
    assert_int_equal(individual_record_decode(b.data, b.size, &back), 0);
    assert_int_equal(back.parent[0], -1);
    assert_string_equal(back.metric[0].name, "latency@pi");
    assert_true(back.objective[1] == -2);
    bytes_fini(&b);
}

static void test_others(void **state)
{
    (void)state;
    struct evaluation_record e = {.id = 1,
                                  .n_genes = 3,
                                  .genotype = {{9, 8, 7}},
                                  .tier = "search",
                                  .dataset = "d",
                                  .supernet = "s",
                                  .need = {.n_metrics = 1},
                                  .state = EVALUATION_DONE,
                                  .tries = {1, 2, 3, 4},
                                  .live = 5,
                                  .accepted = 6,
                                  .replicates = 7,
                                  .noise_seed = 8,
                                  .reopened = REOPENED_FURTHER,
                                  .wanted = 9,
                                  .answers = 10,
                                  .n_further = 2,
                                  .further = {11, 12},
                                  .cause = OUTCOME_LOST};
    struct invalid_record i = {.board = "b", .n_spans = 2, .span = {{1, 2}, {5, 9}}, .scanning = true, .next = 3, .last = 4};
    struct event_record retell = {.type = EVENT_RETELL, .wall_ns = 1, .id = 2, .n_objectives = 1, .objective = {7}};
    struct attempt_record a = {.id = 1,
                               .evaluation = 2,
                               .board = "b",
                               .worker = "w",
                               .incarnation = 3,
                               .epoch = 4,
                               .lost_epoch = 5,
                               .state = ATTEMPT_STALE,
                               .outcome = OUTCOME_INFRA,
                               .has_measurement = true,
                               .assigned_wall_ns = 6,
                               .closed_wall_ns = 7};
    struct board_record b = {.name = "b", .type = "t", .epoch = 1, .done = 2, .failed = 3, .busy_ns = 4, .first_wall_ns = 5};
    struct event_record v = {
        .type = EVENT_TELL, .wall_ns = 1, .id = 2, .status = 1, .n_objectives = 3, .objective = {1, 2, 3}, .violation = 4, .text = "t"};
    ROUND_TRIP(evaluation, e);
    ROUND_TRIP(attempt, a);
    ROUND_TRIP(board, b);
    ROUND_TRIP(event, v);
    ROUND_TRIP(event, retell);
    ROUND_TRIP(invalid, i);
}

static void test_boards(void **state)
{
    (void)state;
    struct board_event_record e = {.event = {.sequence = 1,
                                             .board = "b",
                                             .wall_ns = 2,
                                             .kind = "canary",
                                             .state = "ready",
                                             .text = "t",
                                             .latency_us = 3,
                                             .reference_us = 4,
                                             .fingerprint = "f",
                                             .invalid_from_wall_ns = 5,
                                             .invalid_to_wall_ns = 6},
                                   .worker = "w",
                                   .stored_wall_ns = 7};
    struct board_health_record h = {.name = "b",
                                    .n_events = 1,
                                    .n_own = 2,
                                    .state = "ready",
                                    .canaries = true,
                                    .latency_us = 3,
                                    .reference_us = 4,
                                    .canary_wall_ns = 5,
                                    .well_wall_ns = 6,
                                    .order = BOARD_ORDER_RETIRE,
                                    .given = true,
                                    .by = "alice",
                                    .reason = "fan",
                                    .order_wall_ns = 7,
                                    .hold_until_wall_ns = 8,
                                    .probation = true,
                                    .quarantines = 9,
                                    .quarantine_wall_ns = 10,
                                    .hold_why = "it failed",
                                    .reload = true,
                                    .tell_lost = true};
    for (uint64_t job = 1; job <= BLAME_RING + 3; job++)
        blame_add(&h.blame, job, job % 5 ? 0 : 1, (int64_t)job);
    struct suspect_record s = {.evaluation = 1, .n = 2, .failure = {{"a", 2, 3, true}, {"b", 4, 5, false}}};
    ROUND_TRIP(board_event, e);
    ROUND_TRIP(board_health, h);
    ROUND_TRIP(suspect, s);
    cleanup_bytes struct bytes b = {0};
    struct board_health_record old;
    board_health_record_encode(&h, &b);
    assert_int_equal(board_health_record_decode(b.data, b.size, &old), 0);
    assert_int_equal(old.blame.n, h.blame.n);
    assert_true(old.blame.entry[0].job == BLAME_RING + 1); /* the last of the failures */
    assert_true(blame_counts(&old.blame, BLAME_RING + 3) && blame_exceeded(&old.blame, BLAME_RING + 3));
    size_t before = b.size - (4 + strlen("it failed")) - 1; /* why it is held, and reload */
    b.data[0] = 3;
    assert_int_equal(board_health_record_decode(b.data, before, &old), 0);
    assert_true(old.tell_lost && !old.hold_why[0] && !old.reload);
    size_t without = before - 4 - 4 - 13 * 25 - 1; /* 13 of the last 64 jobs failed */
    b.data[0] = 2;                                 /* had no failures behind it */
    assert_int_equal(board_health_record_decode(b.data, without, &old), 0);
    assert_true(old.canaries && !old.tell_lost && !blame_counts(&old.blame, 0));
    b.data[0] = 1; /* nor a flag: who had a reference had canaries */
    assert_int_equal(board_health_record_decode(b.data, without - 1, &old), 0);
    assert_true(old.canaries);
    bytes_clear(&b);
    e.event.wall_ns = -1; /* no key can hold it in order */
    board_event_record_encode(&e, &b);
    assert_int_equal(board_event_record_decode(b.data, b.size, &e), -EBADMSG);
    for (int o = BOARD_ORDER_NONE + 1; o < BOARD_ORDER_COUNT; o++)
        assert_non_null(board_order_name((enum board_order)o));
    assert_null(board_order_name(BOARD_ORDER_NONE));
}

/* As they were written before they had functions of their own. */
static void test_lists_of_ids_and_snapshots(void **state)
{
    (void)state;
    static const uint8_t two[] = {1, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    struct bytes b = {0};
    uint64_t *id = NULL;
    uint32_t n = 0;
    ids_encode((const uint64_t[]){5, 256}, 2, &b);
    assert_int_equal(b.size, sizeof two);
    assert_memory_equal(b.data, two, sizeof two);
    assert_int_equal(ids_decode(two, sizeof two, 2, &id, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(id[1], 256);
    free(id);
    for (size_t cut = 0; cut < sizeof two; cut++)
        assert_int_equal(ids_decode(two, cut, 2, &id, &n), -EBADMSG);
    assert_int_equal(ids_decode(two, sizeof two, 1, &id, &n), -EBADMSG);
    static const uint8_t moment[] = {1, 7, 0, 0, 0, 0, 0, 0, 0, 'c', 'o', 'r', 'e'};
    struct snapshot_record s;
    bytes_clear(&b);
    snapshot_record_begin(7, &b);
    assert_int_equal(b.size, 9);
    assert_memory_equal(b.data, moment, 9);
    assert_int_equal(snapshot_record_decode(moment, sizeof moment, &s), 0);
    assert_int_equal(s.events, 7);
    assert_int_equal(s.n_core, 4);
    assert_memory_equal(s.core, "core", 4);
    assert_int_equal(snapshot_record_decode(moment, 8, &s), -EBADMSG);
    assert_int_equal(snapshot_record_decode("\2xxxxxxxx", 9, &s), -EPROTONOSUPPORT);
    bytes_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists_of_ids_and_snapshots),
        cmocka_unit_test(test_search), cmocka_unit_test(test_individual), cmocka_unit_test(test_others),
                                       cmocka_unit_test(test_boards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
