/* The quota of the disk: counted with the commit, the same after a restart; a team that has it all waits, and nobody else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "farm.h"
#include "support/cmocka.h"

static struct farm farm;

static int open_farm(void **state)
{
    (void)state;
    farm_open(&farm, 3);
    farm_add_board(&farm, "pi-1", "pi", "accuracy latency");
    farm_hello(&farm);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    assert_int_equal(farm_check(&farm), 0);
    farm_close(&farm);
    return 0;
}

static int try_submit(const char *team, const char *order, uint64_t *ret_id, struct sonata_error *err)
{
    struct search_spec *spec = farm_spec("s", "nsga2", 5000, 1);
    if (order)
        farm_option(spec, "order", order);
    engine_set_time(farm.run, farm.now, farm.wall);
    int rc = engine_submit(farm.run, spec, &(struct engine_owner){.team = team}, ret_id, err);
    free(spec);
    return rc;
}

static uint64_t submit(const char *team, const char *order)
{
    struct sonata_error err = {{0}};
    uint64_t id = 0;
    if (try_submit(team, order, &id, &err))
        fail_msg("%s", err.text);
    return id;
}

static uint32_t told(uint64_t id) { return engine_search_by_id(farm.run, id)->told; }

static void restart(void)
{
    farm_crash(&farm);
    farm_start(&farm);
    farm_hello(&farm);
    farm_turn(&farm);
}

static void what_commits_count_is_what_a_start_measures(void **state)
{
    (void)state;
    uint64_t a = submit("a", NULL), b = submit("b", NULL);
    assert_int_equal(engine_disk(farm.run, "a"), 0); /* nothing of it is committed */
    for (int i = 0; i < 300; i++)
        farm_work(&farm, i % 3 ? a : b, 1);
    uint64_t of_a = engine_disk(farm.run, "a"), of_b = engine_disk(farm.run, "b");
    assert_true(told(a) > 50);
    assert_true(of_a > 4096 + 100 * told(a));
    assert_true(of_b > 4096);
    struct sonata_error err = {{0}};
    assert_int_equal(engine_control(farm.run, b, ENGINE_CANCEL, 0, &err), 0);
    farm_turn(&farm);
    of_a = engine_disk(farm.run, "a"), of_b = engine_disk(farm.run, "b");
    farm_crash(&farm);
    farm_start(&farm);
    assert_int_equal(engine_disk(farm.run, "a"), of_a);
    assert_int_equal(engine_disk(farm.run, "b"), of_b);
    farm_hello(&farm);
    farm_turn(&farm);
}

static void limit(uint64_t bytes)
{
    farm.disk_max = bytes;
    engine_teams_changed(farm.run);
}

static void expect_refused(int rc, const struct sonata_error *err)
{
    assert_int_equal(rc, -EDQUOT);
    assert_non_null(strstr(err->text, "sonata teams set greedy --disk"));
}

static void a_full_quota_holds_its_team_alone(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    uint64_t greedy = submit("greedy", NULL), other = submit("other", NULL), id;
    for (int i = 0; i < 100; i++)
        farm_work(&farm, greedy, 1);
    limit(engine_disk(farm.run, "greedy"));
    for (int i = 0; i < 100; i++) /* what is under way comes in */
        farm_work(&farm, other, 1);
    uint32_t held = told(greedy), going = told(other);
    char text[400];
    assert_int_equal(engine_search_waits(farm.run, greedy, true, text, sizeof text), HOLD_TEAM_DISK);
    assert_non_null(strstr(text, "waits: the searches of team greedy take"));
    assert_int_equal(engine_search_waits(farm.run, other, true, text, sizeof text), HOLD_NONE);
    for (int i = 0; i < 100; i++)
        farm_work(&farm, other, 1);
    assert_int_equal(told(greedy), held);
    assert_true(told(other) > going + 50);
    expect_refused(try_submit("greedy", NULL, &id, &err), &err);
    expect_refused(engine_control(farm.run, greedy, ENGINE_EXTEND, 10, &err), &err);
    expect_refused(engine_control(farm.run, greedy, ENGINE_RESUME, 0, &err), &err);
    expect_refused(engine_set_priority(farm.run, greedy, 3, &err), &err);
    uint32_t n;
    bool more;
    expect_refused(engine_retry(farm.run, greedy, "failed", &n, &more, &err), &err);
    submit("other", NULL);
    restart(); /* it still waits */
    limit(engine_disk(farm.run, "greedy"));
    for (int i = 0; i < 50; i++)
        farm_work(&farm, other, 1);
    assert_int_equal(told(greedy), held);
    assert_int_equal(engine_control(farm.run, greedy, ENGINE_PAUSE, 0, &err), 0);
    expect_refused(engine_control(farm.run, greedy, ENGINE_PAUSE, 0, &err), &err); /* again and again it would fill the log */
    limit(0);
    assert_int_equal(engine_control(farm.run, greedy, ENGINE_RESUME, 0, &err), 0);
    for (int i = 0; i < 100; i++)
        farm_work(&farm, greedy, 1);
    assert_true(told(greedy) > held + 20);
}

/* The same proposals in the same order, held or not. */
static void being_held_changes_no_order(void **state)
{
    (void)state;
    enum { COMPARED = 200 };
    uint64_t plain = submit("plain", "proposal"), greedy = submit("greedy", "proposal");
    for (int i = 0; i < 2000 && told(plain) < COMPARED + 50; i++) {
        limit(i % 50 < 25 ? 1 : 0);
        farm_work(&farm, plain, 1);
    }
    limit(0);
    for (int i = 0; i < 2000 && told(greedy) < COMPARED + 50; i++)
        farm_work(&farm, greedy, 1);
    for (uint64_t i = 0; i < COMPARED; i++) {
        struct individual_record x = farm_individual(&farm, plain, i), y = farm_individual(&farm, greedy, i);
        assert_memory_equal(x.genotype.allele, y.genotype.allele, x.n_genes);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_farm, close_farm)

int main(void)
{
    const struct CMUnitTest tests[] = {T(what_commits_count_is_what_a_start_measures), T(a_full_quota_holds_its_team_alone),
                                       T(being_held_changes_no_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
