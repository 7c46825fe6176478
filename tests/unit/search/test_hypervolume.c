/* Hypervolume against counting cells of an integer grid, gains against differences. */
#include "search/hypervolume.h"

#include <stdlib.h>

#include "base/rng.h"
#include "search/pareto.h"
#include "fixture.h"
#include "support/cmocka.h"

enum { GRID = 6 };

/* Integer coordinates 0 .. GRID, reference GRID: volume = number of unit cells dominated. */
static double count_cells(const double *p, uint32_t n, uint32_t m)
{
    uint32_t cells = 1, total = 0;
    for (uint32_t j = 0; j < m; j++)
        cells *= GRID;
    for (uint32_t c = 0; c < cells; c++) {
        bool inside = false;
        for (uint32_t i = 0; i < n && !inside; i++) {
            uint32_t rest = c;
            inside = true;
            for (uint32_t j = 0; j < m; j++, rest /= GRID)
                inside &= p[i * m + j] <= rest % GRID;
        }
        total += inside;
    }
    return total;
}

static void volume_counts_cells(void **state)
{
    struct rng rng = rng_seeded(3, 0);
    const double reference[] = {GRID, GRID, GRID, GRID};
    (void)state;
    for (uint32_t t = 0; t < 400; t++) {
        uint32_t m = 1 + t % 4, n = rng_below(&rng, 14);
        double p[14 * 4], q[4];
        for (uint32_t i = 0; i < n * m; i++)
            p[i] = rng_below(&rng, GRID + 1);
        for (uint32_t j = 0; j < m; j++)
            q[j] = rng_below(&rng, GRID + 1);
        double before = count_cells(p, n, m);
        assert_close(hypervolume(p, n, m, reference), before, 1e-9);
        double gain = hypervolume_gain(p, n, m, q, reference);
        double more[15 * 4];
        for (uint32_t i = 0; i < n * m; i++)
            more[i] = p[i];
        for (uint32_t j = 0; j < m; j++)
            more[n * m + j] = q[j];
        assert_close(gain, count_cells(more, n + 1, m) - before, 1e-9);
        assert_true(hypervolume_gain_bound(p, n, m, q, reference) >= gain);
    }
}

static void dimensions_agree(void **state)
{
    struct rng rng = rng_seeded(4, 0);
    const double reference[] = {1, 1, 1, 1};
    double p3[60 * 3], p4[60 * 4];
    (void)state;
    for (uint32_t i = 0; i < 60; i++) {
        for (uint32_t j = 0; j < 3; j++)
            p4[i * 4 + j] = p3[i * 3 + j] = rng_uniform(&rng);
        p4[i * 4 + 3] = 0.25; /* a flat fourth objective scales the volume */
    }
    assert_close(hypervolume(p4, 60, 4, reference), 0.75 * hypervolume(p3, 60, 3, reference), 1e-12);
}

static void front_keeps_what_matters(void **state)
{
    struct rng rng = rng_seeded(5, 0);
    struct front f = {.m = 3};
    double all[300 * 3];
    const double reference[] = {1, 1, 1};
    (void)state;
    for (uint32_t i = 0; i < 300; i++) {
        for (uint32_t j = 0; j < 3; j++)
            all[i * 3 + j] = rng_below(&rng, 20) / 20.0;
        (void)front_add(&f, all + i * 3);
        assert_false(front_add(&f, all + i * 3)); /* covered by itself now */
    }
    for (uint32_t i = 0; i < f.n; i++) {
        for (uint32_t k = 0; k < f.n; k++)
            assert_true(i == k || !pareto_covers(f.point + k * 3, f.point + i * 3, 3));
    }
    assert_close(hypervolume(f.point, f.n, 3, reference), hypervolume(all, 300, 3, reference), 1e-12);
    front_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volume_counts_cells),
        cmocka_unit_test(dimensions_agree),
        cmocka_unit_test(front_keeps_what_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
