/* What holds for every algorithm: legal, distinct, canonical proposals; the same continuation after save and load at any moment; exhaustion;
 * bookkeeping of results; a golden front. */
#include "search/core.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "fixture.h"
#include "search/core_internal.h"
#include "search/hypervolume.h"
#include "search/models.h"
#include "search/pareto.h"
#include "support/cmocka.h"

enum { GOLDEN_N = 15 };
static const uint64_t GOLDEN_HASH = UINT64_C(0x6d2986db557f99ef);
static struct space cell, depth, tiny;

static int setup(void **state)
{
    (void)state;
    fixture_cell_space(&cell);
    fixture_depth_space(&depth);
    fixture_tiny_space(&tiny);
    return 0;
}

static uint64_t fingerprint(const struct core *s)
{
    struct bytes b = {0};
    core_save(s, &b);
    uint64_t h = hash64(b.data, b.size);
    bytes_fini(&b);
    return h;
}

/* Replaces *s by what its bytes say; they must say the same again. */
static void reload(struct core **s, const struct space *space)
{
    struct bytes b = {0}, again = {0};
    struct sonata_error err = {{0}};
    struct core *copy;
    core_save(*s, &b);
    if (core_load(space, b.data, b.size, &copy, &err))
        fail_msg("%s", err.text);
    core_save(copy, &again);
    assert_int_equal(b.size, again.size);
    assert_memory_equal(b.data, again.data, b.size);
    core_free(*s);
    *s = copy;
    bytes_fini(&b);
    bytes_fini(&again);
}

/* Some told result becomes another. */
static void retell_some(struct core **s, const struct space *space, uint32_t m, bool restart, struct rng *order)
{
    uint64_t id = rng_below(order, core_count(*s));
    struct core_proposal q;
    struct core_result r = {.status = CORE_OK};
    bool is_told;
    uint32_t what = rng_below(order, 8);
    assert_int_equal(core_get(*s, id, &q, &is_told, NULL), 0);
    if (!is_told || rng_below(order, 3))
        return;
    fixture_evaluate(space, &q.genotype, m, r.objective);
    r.objective[0] += rng_uniform(order);
    r.status = what == 0 ? CORE_FAILED : what == 1 ? CORE_INFEASIBLE : CORE_OK;
    r.violation = what == 2;
    if (restart)
        reload(s, space);
    assert_int_equal(core_retell(*s, id, &r), 0);
}

/* Runs a budget with batches of 1 .. 7 and up to 7 results outstanding; with `restart` it is saved and loaded before every single call. */
static uint64_t run(const char *name, const struct space *space, uint32_t m, uint32_t budget, bool again, bool restart)
{
    struct core *s = fixture_search(space, name, m, budget, 42);
    struct rng order = rng_seeded(7, 0);
    uint64_t waiting[16];
    uint32_t n_waiting = 0, told = 0;
    while (told < budget) {
        struct core_proposal p[8];
        uint32_t want = 1 + rng_below(&order, 7);
        if (restart)
            reload(&s, space);
        uint32_t k = n_waiting < 8 ? core_ask(s, want, p) : 0;
        for (uint32_t i = 0; i < k; i++)
            waiting[n_waiting++] = p[i].id;
        assert_true(n_waiting > 0);
        for (uint32_t done = 1 + rng_below(&order, n_waiting); done; done--) { /* results come out of order */
            uint32_t at = rng_below(&order, n_waiting);
            struct core_proposal q;
            struct core_result r = {.status = CORE_OK};
            assert_int_equal(core_get(s, waiting[at], &q, NULL, NULL), 0);
            fixture_evaluate(space, &q.genotype, m, r.objective);
            r.status = q.id % 23 == 5 ? CORE_FAILED : q.genotype.allele[0] == 0 && q.id % 4 == 0 ? CORE_INFEASIBLE : CORE_OK;
            if (restart)
                reload(&s, space);
            assert_int_equal(core_tell(s, waiting[at], &r), 0);
            waiting[at] = waiting[--n_waiting];
            told++;
            if (again)
                retell_some(&s, space, m, restart, &order);
        }
    }
    uint64_t h = fingerprint(s);
    core_free(s);
    return h;
}

static void restart_at_every_step(bool again)
{
    for (int a = 0; a < N_ALGORITHMS; a++) {
        bool heavy = !strncmp(algorithm_name[a], "sonata", 6);
        const struct space *space = a % 2 ? &depth : &cell;
        uint32_t m = 1 + (uint32_t)a % 3, budget = heavy ? 90 : 150;
        if (run(algorithm_name[a], space, m, budget, again, false) != run(algorithm_name[a], space, m, budget, again, true))
            fail_msg("%s: another continuation after save and load", algorithm_name[a]);
    }
}

static void restart_at_every_step_changes_nothing(void **state)
{
    (void)state;
    restart_at_every_step(false);
}

/* The same while told results become others, of any status. */
static void restart_between_retells_changes_nothing(void **state)
{
    (void)state;
    restart_at_every_step(true);
}

/* After any retells the front is that of a search that was told the last results in the first place; without a result nobody breeds. */
static void retold_results_are_what_counts(void **state)
{
    (void)state;
    for (int a = 0; a < N_ALGORITHMS; a++) {
        struct core *s = fixture_search(&cell, algorithm_name[a], 2, 60, 5), *straight = fixture_search(&cell, algorithm_name[a], 2, 60, 5);
        struct core_proposal p[10], q[10];
        assert_int_equal(core_ask(s, 10, p), 10);
        assert_int_equal(core_ask(straight, 10, q), 10);
        for (int i = 0; i < 10; i++) {
            struct core_result last = {.status = i == 3 ? CORE_FAILED : i == 4 ? CORE_INFEASIBLE : CORE_OK}, first = last;
            fixture_evaluate(&cell, &p[i].genotype, 2, last.objective);
            first.status = i % 3 == 0 ? CORE_OK : CORE_FAILED;
            first.objective[0] = -100 - i;
            assert_int_equal(core_tell(s, p[i].id, &first), 0);
            assert_int_equal(core_tell(straight, q[i].id, &last), 0);
        }
        for (int i = 9; i >= 0; i--) {
            struct core_result last = {.status = i == 3 ? CORE_FAILED : i == 4 ? CORE_INFEASIBLE : CORE_OK};
            fixture_evaluate(&cell, &p[i].genotype, 2, last.objective);
            assert_int_equal(core_retell(s, p[i].id, &last), 0);
        }
        uint64_t front[10], expected[10];
        uint32_t n = core_front(s, front, 10);
        assert_int_equal(n, core_front(straight, expected, 10));
        assert_memory_equal(front, expected, n * sizeof *front);
        assert_true(core_hypervolume(s) == core_hypervolume(straight));
        assert_int_equal(core_find(s, &p[7].genotype), p[7].id);
        assert_int_equal(core_told(s), 10);
        core_free(s);
        core_free(straight);
    }
}

static void every_mode_gives_distinct_legal_proposals(void **state)
{
    (void)state;
    for (int a = 0; a < N_ALGORITHMS; a++) {
        for (uint32_t m = 1; m <= 4; m += 1 + (uint32_t)a % 2) {
            struct core *s = fixture_search(&depth, algorithm_name[a], m, 120, m);
            for (uint32_t n = 0; n < 120;) {
                uint32_t k = fixture_step(s, &depth, m, 9);
                assert_true(k > 0);
                n += k;
            }
            core_free(s);
        }
    }
}

static void small_spaces_are_exhausted(void **state)
{
    (void)state;
    for (int a = 0; a < N_ALGORITHMS; a++) {
        struct core *s = fixture_search(&tiny, algorithm_name[a], 2, 100, 3);
        uint32_t n = 0;
        for (uint32_t k; (k = fixture_step(s, &tiny, 2, 4)) > 0; n += k)
            assert_true(n < 9);
        assert_int_equal(n, 9);
        assert_true(core_exhausted(s));
        struct core_proposal p;
        assert_int_equal(core_ask(s, 1, &p), 0);
        core_free(s);
    }
}

static void graph_identity_is_exhausted_too(void **state)
{
    struct space graph = cell;
    (void)state;
    graph.identity_graph = true;
    for (int j = 0; j < 6; j++)
        graph.gene[j].n_choices = 2; /* none or an operation */
    struct core *s = fixture_search(&graph, "nsga2", 2, 100, 3);
    uint32_t n = 0;
    for (uint32_t k; (k = fixture_step(s, &graph, 2, 3)) > 0;)
        n += k;
    assert_true(core_exhausted(s));
    assert_true(n > 8 && n < 64);
    core_free(s);
}

static void generations_wait_for_their_results(void **state)
{
    struct core_params p = {.algorithm = "nsga2", .n_objectives = 2, .budget = 100, .population = 8, .generational = true, .seed = 1};
    struct core_proposal q[20];
    struct core_result r = {.status = CORE_OK};
    struct core *s;
    (void)state;
    assert_int_equal(core_new(&cell, &p, &s, NULL), 0);
    for (uint32_t generation = 0; generation < 4; generation++) {
        assert_int_equal(core_ask(s, 5, q), 5);
        assert_int_equal(core_ask(s, 20, q + 5), 3);
        assert_int_equal(core_ask(s, 1, q + 8), 0);
        for (uint32_t i = 0; i < 8; i++) {
            assert_int_equal(q[i].generation, generation);
            assert_int_equal(core_ask(s, 1, q + 8), 0);
            fixture_evaluate(&cell, &q[i].genotype, 2, r.objective);
            assert_int_equal(core_tell(s, q[i].id, &r), 0);
        }
    }
    core_free(s);
}

static void results_are_checked(void **state)
{
    struct core *s = fixture_search(&cell, "nsga2", 2, 100, 1);
    struct core_proposal p[2];
    struct core_result r = {.status = CORE_OK, .objective = {1, 2}}, back;
    bool told;
    (void)state;
    assert_int_equal(core_ask(s, 2, p), 2);
    assert_int_equal(core_tell(s, 7, &r), -ENOENT);
    r.objective[1] = NAN;
    assert_int_equal(core_tell(s, p[0].id, &r), -EINVAL);
    r.objective[1] = INFINITY;
    assert_int_equal(core_tell(s, p[0].id, &r), -EINVAL);
    r.objective[1] = 2;
    assert_int_equal(core_retell(s, p[0].id, &r), -EINVAL); /* not told yet */
    assert_int_equal(core_tell(s, p[0].id, &r), 0);
    assert_int_equal(core_tell(s, p[0].id, &r), -EALREADY);
    assert_int_equal(core_told(s), 1);
    assert_int_equal(core_pending(s), 1);
    r.objective[0] = 5;
    assert_int_equal(core_retell(s, p[0].id, &r), 0);
    assert_int_equal(core_get(s, p[0].id, NULL, &told, &back), 0);
    assert_true(told && back.objective[0] == 5);
    assert_int_equal(core_get(s, 2, NULL, NULL, NULL), -ENOENT);
    core_free(s);
}

static void infeasible_and_failed_stay_off_the_front(void **state)
{
    struct core *s = fixture_search(&cell, "sonata+", 2, 100, 1);
    struct core_proposal p[4];
    struct core_result r[4] = {{CORE_OK, {3, 3}, 0, 0}, {CORE_OK, {1, 1}, 0.5, 0}, {CORE_INFEASIBLE, {0, 0}, 0, 0}, {CORE_FAILED, {0, 0}, 0, 0}};
    uint64_t ids[4];
    (void)state;
    assert_int_equal(core_ask(s, 4, p), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(core_tell(s, p[i].id, &r[i]), 0);
    assert_int_equal(core_front(s, ids, 4), 1);
    assert_int_equal(ids[0], p[0].id);
    core_free(s);
}

/* Front against its definition after every result, in order of the first objective. */
static void front_is_the_front(void **state)
{
    struct core *s = fixture_search(&depth, "nsga2", 3, 200, 5);
    (void)state;
    double last = 0;
    for (int step = 0; step < 40; step++) {
        (void)fixture_step(s, &depth, 3, 5);
        uint64_t ids[200];
        uint32_t n = core_front(s, ids, 200), total = core_count(s), expected = 0;
        for (uint64_t i = 0; i < total; i++) {
            struct core_result a, b;
            bool kept = true;
            assert_int_equal(core_get(s, i, NULL, NULL, &a), 0);
            for (uint64_t k = 0; k < total && kept; k++) {
                assert_int_equal(core_get(s, k, NULL, NULL, &b), 0);
                kept = k == i || !(pareto_dominates(b.objective, a.objective, 3) || (k < i && !memcmp(a.objective, b.objective, 3 * sizeof(double))));
            }
            expected += kept;
        }
        assert_int_equal(n, expected);
        for (uint32_t i = 1; i < n; i++) {
            struct core_result a, b;
            (void)core_get(s, ids[i - 1], NULL, NULL, &a);
            (void)core_get(s, ids[i], NULL, NULL, &b);
            assert_true(a.objective[0] <= b.objective[0]);
        }
        double volume = core_hypervolume(s);
        assert_true(volume >= 0 && volume <= 1);
        if (step >= 10) /* the box is fixed after the initial design */
            assert_true(volume >= last);
        last = volume;
    }
    core_free(s);
}

static void injected_rows_count_and_block(void **state)
{
    struct core *s = fixture_search(&cell, "sonata+", 2, 200, 9);
    struct rng rng = rng_seeded(1, 1);
    struct core_result r = {.status = CORE_OK};
    uint64_t id;
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        struct genotype g = space_random(&cell, &rng);
        fixture_evaluate(&cell, &g, 2, r.objective);
        int err = core_inject(s, &g, &r, &id);
        assert_true(err == 0 || err == -EALREADY);
        assert_int_equal(core_inject(s, &g, &r, &id), -EALREADY);
    }
    for (uint32_t i = 0; i < 300; i++) {
        struct genotype g = space_random(&cell, &rng);
        double y[2];
        fixture_evaluate(&cell, &g, 2, y);
        assert_int_equal(core_hint(s, &g, 0, y[0]), 0);
    }
    struct genotype bad = {{9}};
    assert_int_equal(core_hint(s, &bad, 0, 1), -EINVAL);
    assert_int_equal(core_inject(s, &bad, &r, &id), -EINVAL);
    for (int i = 0; i < 8; i++)
        assert_int_equal(fixture_step(s, &cell, 2, 10), 10);
    reload(&s, &cell);
    assert_int_equal(fixture_step(s, &cell, 2, 10), 10);
    core_free(s);
}

static void threads_change_nothing(void **state)
{
    static const char *const heavy[] = {"sonata", "sonata+", "nsganetv2"};
    (void)state;
    for (int a = 0; a < 3; a++) {
        uint64_t h[2];
        for (int t = 0; t < 2; t++) {
            struct core *s = fixture_search(&depth, heavy[a], 3, 80, 4);
            core_set_threads(s, t ? 4 : 1);
            while (core_told(s) < 80)
                assert_true(fixture_step(s, &depth, 3, 10) > 0);
            h[t] = fingerprint(s);
            core_free(s);
        }
        assert_int_equal(h[0], h[1]);
    }
}

/* The surrogate must earn its keep even on a made-up problem: more hypervolume than random search, same budget. */
static void models_help(void **state)
{
    double plus = 0, chance = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct core *a = fixture_search(&depth, "sonata+", 2, 100, seed), *b = fixture_search(&depth, "random", 2, 100, seed);
        double z[2][4];
        struct front f[2] = {{.m = 2}, {.m = 2}};
        const double reference[] = {40, 40};
        for (int i = 0; i < 10; i++) {
            (void)fixture_step(a, &depth, 2, 10);
            (void)fixture_step(b, &depth, 2, 10);
        }
        for (uint64_t id = 0; id < 100; id++) {
            struct core_result r;
            (void)core_get(a, id, NULL, NULL, &r);
            memcpy(z[0], r.objective, sizeof z[0]);
            (void)front_add(&f[0], z[0]);
            (void)core_get(b, id, NULL, NULL, &r);
            memcpy(z[1], r.objective, sizeof z[1]);
            (void)front_add(&f[1], z[1]);
        }
        plus += hypervolume(f[0].point, f[0].n, 2, reference);
        chance += hypervolume(f[1].point, f[1].n, 2, reference);
        struct core_insight insight;
        core_insight(a, &insight);
        assert_int_equal(insight.n_genes, depth.n_genes);
        double sum = 0;
        for (uint32_t j = 0; j < insight.n_genes; j++)
            sum += insight.importance[0][j];
        assert_close(sum, 1, 1e-6);
        assert_true(insight.rank_correlation[0] > 0.3);
        assert_true(insight.coverage[0] > 0.5);
        front_fini(&f[0]);
        front_fini(&f[1]);
        core_free(a);
        core_free(b);
    }
    assert_true(plus > chance * 1.01);
}

/* Half of the space cannot run: once that is learned, proposals avoid it. */
static void feasibility_is_learned(void **state)
{
    struct core *s = fixture_search(&cell, "sonata+", 2, 200, 2);
    uint32_t late_bad = 0, late = 0;
    (void)state;
    while (core_told(s) < 160) {
        struct core_proposal p[10];
        uint32_t k = core_ask(s, 10, p);
        for (uint32_t i = 0; i < k; i++) {
            struct core_result r = {.status = p[i].genotype.allele[3] >= 2 ? CORE_INFEASIBLE : CORE_OK};
            fixture_evaluate(&cell, &p[i].genotype, 2, r.objective);
            if (p[i].id >= 80) {
                late++;
                late_bad += r.status == CORE_INFEASIBLE;
            }
            assert_int_equal(core_tell(s, p[i].id, &r), 0);
        }
    }
    assert_true(late_bad * 10 < late * 3); /* six in ten by chance */
    core_free(s);
}

/* Pinned: what these seeds find. A change here is a change of the algorithm and must be meant. */
static void golden_front(void **state)
{
    struct core *s = fixture_search(&cell, "nsga2", 2, 200, 1);
    uint64_t ids[64];
    (void)state;
    while (core_told(s) < 200)
        (void)fixture_step(s, &cell, 2, 10);
    uint32_t n = core_front(s, ids, 64);
    cleanup_bytes struct bytes b = {0};
    for (uint32_t i = 0; i < n; i++) {
        struct core_proposal p;
        (void)core_get(s, ids[i], &p, NULL, NULL);
        bytes_append(&b, p.genotype.allele, cell.n_genes);
    }
    assert_int_equal(n, GOLDEN_N);
    assert_int_equal(hash64(b.data, b.size), GOLDEN_HASH);
    core_free(s);
}

/* Asks for n and tells; a third of the architectures cannot run. */
static void some_infeasible(struct core *s, const struct space *space, uint32_t m, uint32_t n)
{
    struct core_proposal p[8];
    uint32_t k = core_ask(s, n, p);
    for (uint32_t i = 0; i < k; i++) {
        struct core_result r = {.status = p[i].genotype.allele[0] == 1 ? CORE_INFEASIBLE : CORE_OK};
        fixture_evaluate(space, &p[i].genotype, m, r.objective);
        assert_int_equal(core_tell(s, p[i].id, &r), 0);
    }
}

/* The forests kept beside the state are those it would grow: they are borrowed, and the search goes on as without them. */
static void forests_are_borrowed(const char *algorithm)
{
    struct core *s = fixture_search(&depth, algorithm, 3, 120, 11), *grown, *borrowed;
    struct sonata_error err = {{0}};
    struct bytes state = {0}, forests = {0}, copy = {0};
    while (core_told(s) < 73)
        some_infeasible(s, &depth, 3, 4);
    core_save(s, &state);
    core_forests_save(s, SIZE_MAX, &forests);
    assert_true(forests.size > 10000 && core_forests_number(s) > 0);
    core_forests_save(s, forests.size - 1, &copy);
    assert_int_equal(copy.size, 0); /* too large */
    assert_int_equal(core_load(&depth, state.data, state.size, &grown, &err), 0);
    assert_int_equal(core_load(&depth, state.data, state.size, &borrowed, &err), 0);
    bytes_append(&copy, forests.data, forests.size);
    assert_int_equal(core_forests_load(borrowed, &copy), 0);
    assert_int_equal(copy.size, 0);
    for (uint32_t o = 0; o < 3; o++)
        assert_true(borrowed->models->forest[o].borrowed);
    assert_true(borrowed->models->risk.borrowed);
    core_forests_save(grown, SIZE_MAX, &copy);
    assert_int_equal(copy.size, forests.size);
    assert_memory_equal(copy.data, forests.data, forests.size);
    bytes_fini(&copy);
    while (core_told(borrowed) < 110) {
        some_infeasible(borrowed, &depth, 3, 4);
        some_infeasible(grown, &depth, 3, 4);
        some_infeasible(s, &depth, 3, 4);
        assert_true(fingerprint(borrowed) == fingerprint(s) && fingerprint(grown) == fingerprint(s));
    }
    assert_false(borrowed->models->forest[0].borrowed); /* grown anew since, and the blob is gone */
    assert_int_equal(borrowed->models->kept.size, 0);
    bytes_fini(&state);
    bytes_fini(&forests);
    core_free(s);
    core_free(grown);
    core_free(borrowed);
}

static void kept_forests_change_nothing(void **state)
{
    (void)state;
    forests_are_borrowed("sonata+");
    forests_are_borrowed("sonata");
}

static void foreign_forests_are_refused(void **state)
{
    struct core *a = fixture_search(&depth, "sonata", 2, 100, 1), *b = fixture_search(&depth, "sonata", 2, 100, 2), *c;
    struct sonata_error err = {{0}};
    struct bytes state_b = {0}, forests_a = {0}, copy = {0};
    (void)state;
    while (core_told(a) < 60) {
        (void)fixture_step(a, &depth, 2, 5);
        (void)fixture_step(b, &depth, 2, 5);
    }
    core_save(b, &state_b);
    core_forests_save(a, SIZE_MAX, &forests_a);
    for (int damage = 0; damage < 3; damage++) { /* of another search; a changed byte; cut */
        assert_int_equal(core_load(&depth, state_b.data, state_b.size, &c, &err), 0);
        bytes_append(&copy, forests_a.data, damage == 2 ? forests_a.size / 2 : forests_a.size);
        copy.data[copy.size / 2] ^= damage == 1;
        assert_int_equal(core_forests_load(c, &copy), -EBADMSG);
        assert_int_equal(copy.size, 0);
        (void)fixture_step(c, &depth, 2, 5);
        core_free(c);
    }
    (void)fixture_step(b, &depth, 2, 5);
    bytes_fini(&state_b);
    bytes_fini(&forests_a);
    core_free(a);
    core_free(b);
}

/* 64 genes of 16 choices and 4 objectives: the largest there may be. */
static void the_largest_space_works(void **state)
{
    static const char *const algorithm[] = {"nsga2", "sonata", "sonata+"};
    static struct space large;
    (void)state;
    copy_string(large.name, sizeof large.name, "large");
    large.n_genes = SPACE_GENES_MAX;
    for (uint32_t j = 0; j < SPACE_GENES_MAX; j++) {
        struct gene *g = &large.gene[j];
        *g = (struct gene){
            .n_choices = SPACE_CHOICES_MAX, .ordinal = j % 2, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        snprintf(g->name, sizeof g->name, "g%u", j);
        for (uint32_t v = 0; v < SPACE_CHOICES_MAX; v++) {
            snprintf(g->label[v], sizeof g->label[v], "%u", v);
            g->value[v] = v;
        }
    }
    for (size_t i = 0; i < sizeof algorithm / sizeof *algorithm; i++) {
        struct core *s = fixture_search(&large, algorithm[i], 4, 70, 8);
        while (core_told(s) < 70)
            assert_int_equal(fixture_step(s, &large, 4, 10), 10);
        reload(&s, &large);
        assert_int_equal(fixture_step(s, &large, 4, 3), 3);
        core_free(s);
    }
}

/* 120 evaluations with `flying` of them always out; hash of the proposals, and how many members of the front were never a parent. */
static uint64_t with_results_out(const char *least_used, uint32_t flying, uint32_t *ret_unused)
{
    struct core_params p = {
        .algorithm = "sonata+", .n_objectives = 2, .budget = 120, .seed = 4, .n_options = 2, .option = {{"surrogate", "none"}, {"least-used", ""}}};
    struct sonata_error err = {{0}};
    struct core *s;
    copy_string(p.option[1].value, sizeof p.option[1].value, least_used);
    if (core_new(&depth, &p, &s, &err))
        fail_msg("%s", err.text);
    while (core_told(s) < 120) {
        struct core_proposal q;
        struct core_result r = {.status = CORE_OK};
        while (core_pending(s) < flying + 1)
            assert_int_equal(core_ask(s, 1, &q), 1);
        uint64_t id = core_count(s) - 1; /* in rounds of one the newest, else the oldest that is out */
        for (uint64_t i = core_count(s); i-- > 0 && flying;)
            id = s->archive.row[i].state == ROW_PENDING ? i : id;
        assert_int_equal(core_get(s, id, &q, NULL, NULL), 0);
        fixture_evaluate(&depth, &q.genotype, 2, r.objective);
        assert_int_equal(core_tell(s, id, &r), 0);
    }
    *ret_unused = 0;
    for (uint32_t i = 0; i < s->archive.n_front; i++)
        *ret_unused += s->archive.row[s->archive.front[i]].uses == 0;
    uint64_t h = fingerprint(s);
    core_free(s);
    return h;
}

/* Where results overtake each other members of the front that were never a parent get their turn; in rounds nothing changes. */
static void late_members_get_their_turn(void **state)
{
    uint32_t unused[3];
    (void)state;
    (void)with_results_out("off", 8, &unused[0]);
    uint64_t automatic = with_results_out("auto", 8, &unused[1]);
    assert_true(unused[1] < unused[0]);
    assert_true(automatic == with_results_out("auto", 8, &unused[2]));
    (void)with_results_out("off", 0, &unused[0]);
    (void)with_results_out("auto", 0, &unused[1]);
    (void)with_results_out("on", 0, &unused[2]);
    assert_int_equal(unused[0], unused[1]);
    assert_true(unused[2] < unused[0]);
}

/* Those without models; the master computes them in place and runs their logs again from the start. */
static void quick_algorithms_are_named(void **state)
{
    (void)state;
    assert_true(core_algorithm_is_quick("random") && core_algorithm_is_quick("nsga2") && core_algorithm_is_quick("optuna-nsga2"));
    assert_true(core_algorithm_is_quick("aging") && core_algorithm_is_quick("local"));
    assert_false(core_algorithm_is_quick("sonata+") || core_algorithm_is_quick("sonata") || core_algorithm_is_quick("linas"));
    assert_false(core_algorithm_is_quick("nsganetv2") || core_algorithm_is_quick("no such"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quick_algorithms_are_named),
        cmocka_unit_test(restart_at_every_step_changes_nothing),
        cmocka_unit_test(restart_between_retells_changes_nothing),
        cmocka_unit_test(retold_results_are_what_counts),
        cmocka_unit_test(every_mode_gives_distinct_legal_proposals),
        cmocka_unit_test(small_spaces_are_exhausted),
        cmocka_unit_test(graph_identity_is_exhausted_too),
        cmocka_unit_test(generations_wait_for_their_results),
        cmocka_unit_test(results_are_checked),
        cmocka_unit_test(infeasible_and_failed_stay_off_the_front),
        cmocka_unit_test(front_is_the_front),
        cmocka_unit_test(injected_rows_count_and_block),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(models_help),
        cmocka_unit_test(feasibility_is_learned),
        cmocka_unit_test(golden_front),
        cmocka_unit_test(kept_forests_change_nothing),
        cmocka_unit_test(foreign_forests_are_refused),
        cmocka_unit_test(late_members_get_their_turn),
        cmocka_unit_test(the_largest_space_works),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
