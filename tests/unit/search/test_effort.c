/* The bound on an ask's work: counted, not timed; what is over it is left out, and proposals keep coming. */
#include "search/effort.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "fixture.h"
#include "search/core_internal.h"
#include "search/models.h"
#include "support/cmocka.h"

static struct space depth;

static int setup(void **state)
{
    (void)state;
    fixture_depth_space(&depth);
    return 0;
}

static struct core *with_option(const char *algorithm, uint32_t m, const char *name, const char *value)
{
    struct core_params p = {.n_objectives = m, .budget = 200, .seed = 5, .n_options = 1};
    struct sonata_error err = {{0}};
    struct core *s;
    copy_string(p.algorithm, sizeof p.algorithm, algorithm);
    copy_string(p.option[0].name, sizeof p.option[0].name, name);
    copy_string(p.option[0].value, sizeof p.option[0].value, value);
    if (core_new(&depth, &p, &s, &err))
        fail_msg("%s", err.text);
    return s;
}

/* Hash of the proposals of 100 evaluations. */
static uint64_t proposals(struct core *s, uint32_t m)
{
    struct bytes b = {0};
    while (core_told(s) < 100)
        assert_true(fixture_step(s, &depth, m, 5) > 0);
    for (uint32_t id = 0; id < core_count(s); id++) {
        struct core_proposal p;
        assert_int_equal(core_get(s, id, &p, NULL, NULL), 0);
        bytes_append(&b, p.genotype.allele, depth.n_genes);
    }
    uint64_t h = hash64(b.data, b.size);
    bytes_fini(&b);
    return h;
}

static uint64_t proposals_with_bound(const char *algorithm, const char *bound, double *ret_effort_ns)
{
    struct core *s = with_option(algorithm, 4, "bound", bound);
    uint64_t h = proposals(s, 4);
    *ret_effort_ns = s->models->effort_ns;
    core_free(s);
    return h;
}

static void a_bound_that_is_not_reached_changes_nothing(void **state)
{
    static const char *const algorithm[] = {"sonata+", "sonata", "linas"};
    (void)state;
    for (int a = 0; a < 3; a++) {
        double spent[2];
        assert_true(proposals_with_bound(algorithm[a], "0", &spent[0]) == proposals_with_bound(algorithm[a], "200", &spent[1]));
        assert_true(spent[0] > 0 && spent[0] == spent[1]);
    }
}

static void work_ends_at_the_bound(void **state)
{
    double free_ns, bounded_ns, again_ns;
    (void)state;
    uint64_t unbounded = proposals_with_bound("sonata+", "0", &free_ns), first = proposals_with_bound("sonata+", "1", &bounded_ns),
             second = proposals_with_bound("sonata+", "1", &again_ns);
    assert_true(free_ns > 2e6);
    assert_true(bounded_ns < 0.5 * free_ns);
    assert_true(first == second && bounded_ns == again_ns); /* counted, not timed */
    assert_true(first != unbounded);
}

static void a_fit_gets_half_of_the_bound(void **state)
{
    struct core *s = with_option("sonata+", 4, "bound", "2");
    (void)state;
    uint32_t rows = effort_rows(s, 5000);
    assert_true(rows < 5000 && rows > EFFORT_ROWS_MIN);
    assert_true(effort_of_fit(s, rows) <= 1e6 && effort_of_fit(s, rows + rows / 8) > 1e6);
    assert_int_equal(effort_rows(s, 50), 50);
    core_free(s);
    s = with_option("sonata+", 4, "bound", "0");
    assert_int_equal(effort_rows(s, 5000), 5000);
    core_free(s);
    s = with_option("sonata+", 4, "trees", "50"); /* the default bound leaves the default number of rows alone */
    assert_int_equal(effort_rows(s, s->set.train_max), s->set.train_max);
    core_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_that_is_not_reached_changes_nothing),
        cmocka_unit_test(work_ends_at_the_bound),
        cmocka_unit_test(a_fit_gets_half_of_the_bound),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
