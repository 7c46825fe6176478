/* What is measured where: groups of board types, partly filled vectors, analytic metrics and vetoes; what is refused. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "domain/analytic.h"
#include "farm.h"

static struct farm farm;

static int open_farm(void **state)
{
    (void)state;
    farm_open(&farm, 21);
    return 0;
}

static int close_farm(void **state)
{
    (void)state;
    farm_close(&farm);
    return 0;
}

static double value_of(const struct individual_record *r, const char *name)
{
    for (uint32_t i = 0; i < r->n_metrics; i++) {
        if (!strcmp(r->metric[i].name, name))
            return r->metric[i].value;
    }
    return NAN;
}

static bool is_missing(double v) { return v != v; }

static void test_waits_for_a_board_that_can(void **state)
{
    (void)state;
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id = farm_submit(&farm, spec);
    farm_turn(&farm);
    assert_int_equal(engine_search_by_id(farm.run, id)->asked, 0);
    assert_non_null(strstr(engine_search_by_id(farm.run, id)->reason, "pi that supplies latency"));
    farm_add_board(&farm, "x", "pi", "latency");
    farm_hello(&farm);
    farm_turn(&farm);
    assert_non_null(strstr(engine_search_by_id(farm.run, id)->reason, "accuracy"));
    farm_add_board(&farm, "y", "gpu", "accuracy");
    farm_hello(&farm);
    farm_work(&farm, id, 1000);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
    assert_int_equal(farm.measured, 10); /* accuracy and latency apart */
    struct individual_record r = farm_individual(&farm, id, 2);
    assert_int_equal(r.n_evaluations, 2);
    assert_false(is_missing(value_of(&r, "accuracy")));
    assert_false(is_missing(value_of(&r, "latency@pi")));
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

static void test_one_board_supplies_all_in_one_run(void **state)
{
    (void)state;
    farm_add_board(&farm, "x", "pi", "latency accuracy energy");
    farm_hello(&farm);
    struct search_spec *spec = farm_spec("s", "random", 5, 1);
    uint64_t id = farm_submit(&farm, spec);
    farm_work(&farm, id, 1000);
    assert_int_equal(farm.measured, 5);
    assert_int_equal(farm_individual(&farm, id, 0).n_evaluations, 1);
    free(spec);
}

static void test_two_board_types_and_partly_filled_vectors(void **state)
{
    (void)state;
    farm_add_board(&farm, "x", "pi", "latency accuracy");
    farm_add_board(&farm, "y", "nano", "latency");
    farm_hello(&farm);
    struct search_spec *spec = farm_spec("s", "random", 6, 1);
    spec->n_objectives = 3;
    spec->objective[2] = (struct objective){.metric = "latency", .board = "nano", .goal = GOAL_MIN};
    uint64_t id = farm_submit(&farm, spec);
    farm_turn(&farm);
    uint32_t at = 0;
    while (strcmp(farm.held[at].job.board, "x"))
        at++;
    farm_measure(&farm, at);
    assert_string_equal(farm_send(&farm, at), "accepted");
    farm_turn(&farm);
    farm_drop(&farm, at);
    struct individual_record r = farm_individual(&farm, id, 0);
    assert_int_equal(r.state, INDIVIDUAL_PENDING);
    assert_false(is_missing(value_of(&r, "latency@pi")));
    assert_true(is_missing(value_of(&r, "latency@nano")));
    farm_crash(&farm); /* the half that is known survives */
    farm_start(&farm);
    farm_hello(&farm);
    farm_work(&farm, id, 1000);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);
    assert_int_equal(farm.measured, 12);
    r = farm_individual(&farm, id, 0);
    assert_true(value_of(&r, "latency@nano") == value_of(&r, "latency@pi"));
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

static void answer_by_board(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    m->outcome = strcmp(job->board, "y") ? OUTCOME_OK : OUTCOME_INFEASIBLE;
    copy_string(m->reason, sizeof m->reason, strcmp(job->board, "y") ? "" : "infeasible: arena too small");
    for (uint32_t i = 0; i < job->n_metrics && m->outcome == OUTCOME_OK; i++)
        measurement_add(m, job->metric[i], 1, 1, 1, 1);
}

/* One board type rules it out: the other's evaluation is dropped, and a restart before the search hears of it changes nothing. */
static void test_veto_by_one_board_survives_a_restart(void **state)
{
    (void)state;
    farm_add_board(&farm, "x", "pi", "latency accuracy");
    farm_add_board(&farm, "y", "nano", "latency");
    farm_hello(&farm);
    farm.answer = answer_by_board;
    struct search_spec *spec = farm_spec("s", "random", 6, 1);
    spec->n_objectives = 3;
    spec->objective[2] = (struct objective){.metric = "latency", .board = "nano", .goal = GOAL_MIN};
    farm_option(spec, "order", "proposal");
    uint64_t id = farm_submit(&farm, spec);
    farm_turn(&farm);
    farm_turn(&farm);
    uint32_t at = 0; /* proposal 1 on the nano: it has to wait for proposal 0 */
    struct genotype second = farm_individual(&farm, id, 1).genotype;
    while (at < farm.n_held && (strcmp(farm.held[at].job.board, "y") || memcmp(&farm.held[at].job.genotype, &second, sizeof second)))
        at++;
    assert_true(at < farm.n_held);
    farm_measure(&farm, at);
    assert_string_equal(farm_send(&farm, at), "accepted");
    farm_turn(&farm);
    farm_drop(&farm, at);
    assert_int_equal(farm_individual(&farm, id, 1).state, INDIVIDUAL_PENDING);
    farm_crash(&farm);
    farm_start(&farm);
    farm_hello(&farm);
    farm_work(&farm, id, 1000);
    assert_int_equal(engine_search_by_id(farm.run, id)->infeasible, 6);
    assert_int_equal(engine_search_by_id(farm.run, id)->failed, 0);
    assert_string_equal(farm_individual(&farm, id, 1).reason, "infeasible: arena too small");
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

static void test_measured_constraint(void **state)
{
    (void)state;
    farm_add_board(&farm, "x", "pi", "latency accuracy");
    farm_hello(&farm);
    struct search_spec *spec = farm_spec("s", "random", 40, 1);
    spec->n_constraints = 1;
    spec->constraint[0] = (struct constraint){.metric = "latency", .board = "pi", .min = -INFINITY, .max = 20};
    uint64_t id = farm_submit(&farm, spec);
    farm_work(&farm, id, 1000);
    uint32_t over = 0;
    for (uint32_t i = 0; i < 40; i++) {
        struct individual_record r = farm_individual(&farm, id, i);
        double v = value_of(&r, "latency@pi");
        assert_true(fabs(r.violation - (v > 20 ? (v - 20) / 20 : 0)) < 1e-12);
        over += v > 20;
    }
    assert_true(over > 0);
    uint64_t *front;
    uint32_t n;
    assert_int_equal(engine_front(farm.run, id, &front, &n, NULL), 0);
    for (uint32_t i = 0; i < n; i++)
        assert_true(farm_individual(&farm, id, front[i]).violation <= 0);
    free(front);
    free(spec);
}

/* A small mbconv space: depth, width, kernel and expansion of one stage. */
static void make_mbconv(struct space *s)
{
    static const struct {
        const char *name, *label[3];
        uint8_t n;
        int16_t condition;
        uint16_t mask;
    } gene[] = {{"d1", {"1", "2"}, 2, -1, 0},       {"w1", {"8", "16", "24"}, 3, -1, 0}, {"k11", {"3", "5"}, 2, -1, 0},
                {"e11", {"1", "2", "4"}, 3, -1, 0}, {"k12", {"3", "5"}, 2, 0, 2},        {"e12", {"1", "2", "4"}, 3, 0, 2}};
    *s = (struct space){.n_genes = 6};
    copy_string(s->name, sizeof s->name, "tiny-mbconv");
    for (int i = 0; i < 6; i++) {
        struct gene *g = &s->gene[i];
        *g = (struct gene){.ordinal = true,
                           .n_choices = gene[i].n,
                           .condition_gene = gene[i].condition,
                           .condition_mask = gene[i].mask,
                           .block = -1,
                           .edge_from = -1,
                           .edge_to = -1,
                           .none_allele = -1};
        copy_string(g->name, sizeof g->name, gene[i].name);
        for (int c = 0; c < gene[i].n; c++) {
            copy_string(g->label[c], sizeof g->label[c], gene[i].label[c]);
            g->value[c] = strtod(gene[i].label[c], NULL);
        }
    }
    s->network =
        (struct space_network){.family = "mbconv", .input_size = 28, .input_channels = 1, .classes = 10, .stem = 16, .head = 64, .n_stages = 1};
    s->network.stage[0].stride = 2;
    s->network.stage[0].max_width = 24;
    s->network.stage[0].max_depth = 2;
}

static void test_analytic_objective_and_veto(void **state)
{
    (void)state;
    farm_add_board(&farm, "x", "pi", "accuracy");
    farm_hello(&farm);
    struct search_spec *spec = farm_spec("s", "random", 12, 4);
    make_mbconv(&spec->space);
    spec->objective[1] = (struct objective){.metric = "params", .goal = GOAL_MIN};
    struct genotype small = space_first(&spec->space), large = space_last(&spec->space);
    double low, high;
    assert_int_equal(analytic_metric(&spec->space, &small, "macs", &low), 0);
    assert_int_equal(analytic_metric(&spec->space, &large, "macs", &high), 0);
    double limit = low + 0.2 * (high - low);
    spec->n_constraints = 1;
    spec->constraint[0] = (struct constraint){.metric = "macs", .min = -INFINITY, .max = limit};
    uint64_t id = farm_submit(&farm, spec);
    farm_work(&farm, id, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->charged, 12);
    assert_true(s->vetoed > 0);
    assert_int_equal(farm.measured, 12); /* a veto costs no board */
    uint32_t vetoed = 0;
    for (uint32_t i = 0; i < s->asked; i++) {
        struct individual_record r = farm_individual(&farm, id, i);
        double macs = value_of(&r, "macs"), params;
        assert_int_equal(r.vetoed, macs > limit);
        vetoed += r.vetoed;
        if (r.vetoed) {
            assert_true(r.violation > 0);
            assert_int_equal(r.state, INDIVIDUAL_INFEASIBLE);
            continue;
        }
        assert_int_equal(analytic_metric(&spec->space, &r.genotype, "params", &params), 0);
        assert_true(r.objective[1] == params);
    }
    assert_int_equal(vetoed, s->vetoed);
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

static void answer_memory(struct farm *f, const struct evaluation_job *job, struct measurement *m)
{
    (void)f;
    m->outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < job->n_metrics; i++)
        measurement_add(m, job->metric[i], 1e6 + job->genotype.allele[1], 1e6, 2e6, 0);
}

/* The same field computed (no board) and reported (by a board type): two values, and neither is taken for the other. */
static void test_computed_and_reported_memory(void **state)
{
    (void)state;
    farm_add_board(&farm, "x", "pi", "accuracy ram_activation");
    farm_hello(&farm);
    farm.answer = answer_memory;
    struct search_spec *spec = farm_spec("s", "random", 12, 4);
    make_mbconv(&spec->space);
    spec->objective[1] = (struct objective){.metric = "ram_activation", .board = "pi", .goal = GOAL_MIN};
    spec->n_constraints = 1;
    spec->constraint[0] = (struct constraint){.metric = "ram_activation", .min = -INFINITY, .max = 9000};
    uint64_t id = farm_submit(&farm, spec);
    farm_work(&farm, id, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_true(s->vetoed > 0 && s->front_size > 0);
    for (uint32_t i = 0; i < s->asked; i++) {
        struct individual_record r = farm_individual(&farm, id, i);
        double computed;
        assert_int_equal(analytic_metric(&spec->space, &r.genotype, "ram_activation", &computed), 0);
        assert_true(value_of(&r, "ram_activation") == computed);
        assert_int_equal(r.vetoed, computed > 9000);
        assert_true(r.vetoed || (r.violation <= 0 && value_of(&r, "ram_activation@pi") >= 1e6));
    }
    free(spec);
}

static void test_small_space_ends_early(void **state)
{
    (void)state;
    farm_add_board(&farm, "x", "pi", "accuracy latency");
    farm_hello(&farm);
    struct search_spec *spec = farm_spec("s", "random", 100, 4);
    spec->space.n_genes = 2;
    uint64_t id = farm_submit(&farm, spec);
    farm_work(&farm, id, 3000);
    const struct search_record *s = engine_search_by_id(farm.run, id);
    assert_int_equal(s->state, SEARCH_DONE);
    assert_int_equal(s->charged, 16);
    assert_string_equal(s->reason, "every architecture of the space was evaluated");
    free(spec);
}

static void test_bad_submissions(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    uint64_t id;
    struct search_spec *spec = farm_spec("s", "random", 10, 4);
    copy_string(spec->tier, sizeof spec->tier, "fast");
    assert_int_not_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = ""}, &id, &err), 0);
    assert_non_null(strstr(err.text, "screen, search or report"));
    copy_string(spec->tier, sizeof spec->tier, "search");
    copy_string(spec->algorithm, sizeof spec->algorithm, "magic");
    assert_int_not_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = ""}, &id, &err), 0);
    copy_string(spec->algorithm, sizeof spec->algorithm, "random");
    farm_option(spec, "order", "sideways");
    assert_int_not_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = ""}, &id, &err), 0);
    assert_non_null(strstr(err.text, "'arrival' or 'proposal'"));
    spec->n_options = 0;
    spec->supernet_hash[3] = 1;
    assert_int_not_equal(engine_submit(farm.run, spec, &(struct engine_owner){.team = ""}, &id, &err), 0);
    assert_non_null(strstr(err.text, "upload it first"));
    assert_int_equal(engine_search_count(farm.run), 0);
    free(spec);
}

static int submit(const struct search_spec *spec, struct sonata_error *err)
{
    uint64_t id;
    return engine_submit(farm.run, spec, &(struct engine_owner){.team = ""}, &id, err);
}

/* What no known board can supply is refused with what there is; what may yet come is waited for. */
static void test_supply_at_submission(void **state)
{
    (void)state;
    struct sonata_error err = {{0}};
    struct search_spec *spec = farm_spec("s", "random", 5, 1); /* accuracy anywhere, latency@pi */
    farm_add_board(&farm, "x1", "pi", "latency accuracy");
    farm_add_board(&farm, "x2", "pi", "latency accuracy");
    farm_hello(&farm);
    spec->objective[1] = (struct objective){.metric = "energy", .board = "pi", .goal = GOAL_MIN};
    assert_int_equal(submit(spec, &err), -EINVAL);
    assert_string_equal(err.text, "config: no board supplies 'energy' on a board of type pi; type pi (x1, x2) supplies latency, accuracy");
    spec->objective[1].board[0] = '\0'; /* on any board */
    assert_int_equal(submit(spec, &err), -EINVAL);
    assert_non_null(strstr(err.text, "config: no board supplies 'energy'; type pi (x1, x2)"));
    spec->objective[1] = (struct objective){.metric = "latency", .board = "pi", .goal = GOAL_MIN};
    spec->n_constraints = 1;
    spec->constraint[0] = (struct constraint){.metric = "energy", .board = "pi", .min = -INFINITY, .max = 5};
    assert_int_equal(submit(spec, &err), -EINVAL);
    assert_int_equal(engine_search_count(farm.run), 0);

    copy_string(spec->constraint[0].board, BOARD_NAME_MAX, "orin"); /* never registered: waits, and says what there is */
    uint64_t id = farm_submit(&farm, spec);
    farm_turn(&farm);
    const char *reason = engine_search_by_id(farm.run, id)->reason;
    assert_non_null(strstr(reason, "board of type orin that supplies energy; no board of that type has ever registered, there is type pi"));

    farm_crash(&farm); /* after a restart nobody has said yet what pi supplies */
    farm_start(&farm);
    copy_string(spec->constraint[0].board, BOARD_NAME_MAX, "pi");
    farm_submit(&farm, spec);
    farm_add_board(&farm, "y", "orin", "energy");
    copy_string(farm.board[2].backend, sizeof farm.board[2].backend, "engine");
    farm_hello(&farm);
    assert_int_equal(submit(spec, &err), -EINVAL);
    assert_non_null(strstr(err.text, "; type orin (y) supplies energy"));
    farm_work(&farm, id, 1000);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_DONE);

    copy_string(spec->constraint[0].board, BOARD_NAME_MAX, "orin");
    copy_string(spec->tier, sizeof spec->tier, "screen");
    assert_int_equal(submit(spec, &err), -EINVAL);
    assert_non_null(strstr(err.text, "config: tier 'screen' takes no energy"));

    copy_string(spec->constraint[0].board, BOARD_NAME_MAX, "later"); /* and when the board comes after the search: not run in vain */
    id = farm_submit(&farm, spec);
    farm_turn(&farm);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_RUNNING);
    farm_add_board(&farm, "z", "later", "energy");
    copy_string(farm.board[3].backend, sizeof farm.board[3].backend, "engine");
    farm_hello(&farm);
    farm_turn(&farm);
    assert_int_equal(engine_search_by_id(farm.run, id)->state, SEARCH_STOPPED_FAILED);
    assert_non_null(strstr(engine_search_by_id(farm.run, id)->reason, "config: tier 'screen' takes no energy"));
    assert_int_equal(farm_check(&farm), 0);
    free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_farm, close_farm)
        T(test_waits_for_a_board_that_can),
        T(test_one_board_supplies_all_in_one_run),
        T(test_two_board_types_and_partly_filled_vectors),
        T(test_veto_by_one_board_survives_a_restart),
        T(test_measured_constraint),
        T(test_analytic_objective_and_veto),
        T(test_computed_and_reported_memory),
        T(test_small_space_ends_early),
        T(test_bad_submissions),
        T(test_supply_at_submission),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
