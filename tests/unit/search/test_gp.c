/* Gaussian process, ridge and warp against slow, direct computations. */
#include "search/gp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fixture.h"
#include "search/ridge.h"
#include "search/warp.h"
#include "support/cmocka.h"

enum { GENES = 8, N = 60, TEST = 37 };

static uint8_t rows[N + TEST][GP_GENES_MAX];
static double y[N + TEST];

static int setup(void **state)
{
    struct rng rng = rng_seeded(21, 0);
    (void)state;
    for (int i = 0; i < N + TEST; i++) {
        for (int j = 0; j < GENES; j++) {
            rows[i][j] = (uint8_t)rng_below(&rng, 4);
            y[i] += (j + 1) * 0.1 * (rows[i][j] - 1.5);
        }
        y[i] += 0.3 * (rows[i][0] == rows[i][1]);
    }
    return 0;
}

static void set_kernel(struct gp *g)
{
    *g = (struct gp){.n_genes = GENES, .a = 1.2, .b = 0.5, .ell = 0.3, .noise = 0.01};
    for (int j = 0; j < GENES; j++)
        g->weight[j] = (j + 1) / 36.0;
}

/* x = m^-1 b by Gaussian elimination with pivoting. */
static void eliminate(double *m, double *b, int n)
{
    for (int i = 0; i < n; i++) {
        int p = i;
        for (int r = i; r < n; r++)
            p = fabs(m[r * n + i]) > fabs(m[p * n + i]) ? r : p;
        for (int c = 0; c < n; c++) {
            double t = m[i * n + c];
            m[i * n + c] = m[p * n + c];
            m[p * n + c] = t;
        }
        double t = b[i];
        b[i] = b[p];
        b[p] = t;
        for (int r = i + 1; r < n; r++) {
            double f = m[r * n + i] / m[i * n + i];
            for (int c = i; c < n; c++)
                m[r * n + c] -= f * m[i * n + c];
            b[r] -= f * b[i];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int c = i + 1; c < n; c++)
            b[i] -= m[i * n + c] * b[c];
        b[i] /= m[i * n + i];
    }
}

/* Genes 0 to 4 are one family, 5 and 6 another, 7 stands alone. */
static void set_families(struct gp *g, double mix)
{
    g->n_families = 2;
    g->family[0] = (struct gp_family){.size = 5, .n_values = 4};
    g->family[1] = (struct gp_family){.size = 2, .n_values = 4};
    for (int j = 0; j < GENES; j++)
        g->member[j] = j < 5 ? 0 : j < 7 ? 1 : 2;
    g->mix = mix;
}

static void check_direct_solve(const struct gp *kernel)
{
    struct gp g = *kernel;
    double mean[TEST], var[TEST], k[N], m[N * N], b[N];
    gp_fit(&g, (const uint8_t(*)[GP_GENES_MAX])rows, y, N);
    gp_predict(&g, (const uint8_t(*)[GP_GENES_MAX])(rows + N), TEST, mean, var);
    for (int t = 0; t < TEST; t++) {
        for (int i = 0; i < N; i++) {
            k[i] = gp_kernel(&g, rows[i], rows[N + t]);
            for (int j = 0; j < N; j++)
                m[i * N + j] = gp_kernel(&g, rows[i], rows[j]) + (i == j ? g.noise : 0);
        }
        memcpy(b, k, sizeof b);
        eliminate(m, b, N);
        double expected = 0, explained = 0;
        for (int i = 0; i < N; i++) {
            expected += b[i] * y[i];
            explained += b[i] * k[i];
        }
        assert_close(mean[t], expected, 1e-4);
        assert_close(var[t], g.a + g.b - explained, 2e-3);
    }
    gp_fini(&g);
}

static void matches_a_direct_solve(void **state)
{
    struct gp g;
    (void)state;
    set_kernel(&g);
    check_direct_solve(&g);
    set_families(&g, 0.5);
    check_direct_solve(&g);
}

static void families_are_compared_by_counts(void **state)
{
    struct gp g;
    const uint8_t x[GP_GENES_MAX] = {1, 2, 3, 3, 1, 2, 2, 1}, moved[GP_GENES_MAX] = {3, 1, 2, 1, 3, 2, 2, 1},
                  one_more[GP_GENES_MAX] = {1, 2, 3, 3, 3, 2, 2, 1}, alone[GP_GENES_MAX] = {1, 2, 3, 3, 1, 2, 2, 2};
    (void)state;
    set_kernel(&g);
    double apart = gp_kernel(&g, x, moved), other = gp_kernel(&g, x, alone);
    set_families(&g, 0.9);
    assert_true(gp_kernel(&g, x, moved) > apart + 0.1);                            /* the same values in other places */
    double weight = 0.1 * 5 / 36 + 0.9 * (1 + 2 + 3 + 4 + 5) / 36.0 * 2 / (2 * 5); /* gene 4 itself, then one value less and one more */
    assert_close(gp_kernel(&g, x, one_more), g.a * (1 - weight) + g.b * pow(1 - weight / (g.ell * 256), 256), 1e-9);
    assert_close(gp_kernel(&g, x, alone), other, 1e-12);
}

/* A target that only counts tell is learned from few rows. */
static void chooses_counts_where_they_tell(void **state)
{
    struct gp g = {.n_genes = GENES}, plain;
    double count[N + TEST], mean[TEST], error[2] = {0, 0};
    (void)state;
    for (int j = 0; j < GENES; j++)
        g.weight[j] = 1.0 / GENES;
    for (int i = 0; i < N + TEST; i++) {
        count[i] = -1;
        for (int j = 0; j < 5; j++)
            count[i] += rows[i][j] == 3;
        count[i] = count[i] * count[i] - 1;
    }
    plain = g;
    set_families(&g, 0);
    for (int k = 0; k < 2; k++) {
        struct gp *used = k ? &g : &plain;
        gp_choose(used, (const uint8_t(*)[GP_GENES_MAX])rows, count, N);
        gp_fit(used, (const uint8_t(*)[GP_GENES_MAX])rows, count, N);
        gp_predict(used, (const uint8_t(*)[GP_GENES_MAX])(rows + N), TEST, mean, NULL);
        for (int i = 0; i < TEST; i++)
            error[k] += (mean[i] - count[N + i]) * (mean[i] - count[N + i]);
        gp_fini(used);
    }
    assert_true(g.mix > 0 && plain.mix <= 0);
    assert_true(error[1] < 0.5 * error[0]);
}

static void learns_and_is_sure_where_it_has_been(void **state)
{
    struct gp g = {.n_genes = GENES};
    double mean[TEST + N], var[TEST + N], error = 0, spread = 0, seen = 0, unseen = 0;
    (void)state;
    for (int j = 0; j < GENES; j++)
        g.weight[j] = 1.0 / GENES;
    gp_choose(&g, (const uint8_t(*)[GP_GENES_MAX])rows, y, N);
    assert_true(g.ell > 0 && g.n_at_choice == N);
    gp_fit(&g, (const uint8_t(*)[GP_GENES_MAX])rows, y, N);
    gp_predict(&g, (const uint8_t(*)[GP_GENES_MAX])rows, N + TEST, mean, var);
    for (int i = 0; i < N + TEST; i++) {
        *(i < N ? &seen : &unseen) += var[i] / (i < N ? N : TEST);
        if (i >= N) {
            error += (mean[i] - y[i]) * (mean[i] - y[i]);
            spread += y[i] * y[i];
        }
    }
    assert_true(error < 0.15 * spread);
    assert_true(seen < 0.5 * unseen);
    gp_fini(&g);
}

static void mean_alone_is_the_same(void **state)
{
    struct gp g;
    double mean[TEST], var[TEST], alone[TEST];
    (void)state;
    set_kernel(&g);
    gp_fit(&g, (const uint8_t(*)[GP_GENES_MAX])rows, y, N);
    gp_predict(&g, (const uint8_t(*)[GP_GENES_MAX])(rows + N), TEST, mean, var);
    gp_predict(&g, (const uint8_t(*)[GP_GENES_MAX])(rows + N), TEST, alone, NULL);
    assert_memory_equal(mean, alone, sizeof mean);
    gp_fini(&g);
}

static void repeated_rows_are_no_trouble(void **state)
{
    struct gp g;
    uint8_t same[20][GP_GENES_MAX] = {{0}};
    double z[20], mean, var;
    (void)state;
    for (int i = 0; i < 20; i++)
        z[i] = i % 2 ? 1 : -1;
    set_kernel(&g);
    g.noise = 1e-3;
    gp_fit(&g, (const uint8_t(*)[GP_GENES_MAX])same, z, 20);
    gp_predict(&g, (const uint8_t(*)[GP_GENES_MAX])same, 1, &mean, &var);
    assert_close(mean, 0, 1e-6);
    assert_true(isfinite(var) && var > 0);
    gp_fini(&g);
}

static void ridge_finds_an_additive_function(void **state)
{
    struct ridge r;
    double z[N + TEST], error = 0;
    (void)state;
    for (int i = 0; i < N + TEST; i++)
        z[i] = y[i] - 0.3 * (rows[i][0] == rows[i][1]);
    ridge_fit(&r, GENES, (const uint8_t(*)[RIDGE_GENES_MAX])rows, z, N);
    for (int i = N; i < N + TEST; i++)
        error = fmax(error, fabs(ridge_predict(&r, rows[i]) - z[i]));
    assert_true(error < 0.05);
    assert_true(r.variance < 0.01);
}

static void warp_inverts_and_keeps_order(void **state)
{
    static const double raw[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 900, -500}, positive[] = {1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};
    struct warp w;
    double last = -INFINITY;
    (void)state;
    warp_fit(&w, raw, 12);
    assert_false(w.logarithm);
    for (double v = -1000; v < 1000; v += 7.3) {
        double z = warp_forward(&w, v);
        assert_true(z > last);
        assert_close(warp_inverse(&w, z), v, 1e-8 * (1 + fabs(v)));
        last = z;
    }
    assert_true(warp_forward(&w, 900) < 10); /* squeezed, else about 200 deviations */
    warp_fit(&w, positive, 11);
    assert_true(w.logarithm);
    assert_close(warp_inverse(&w, warp_forward(&w, 12345)), 12345, 1e-6);
    assert_true(isfinite(warp_inverse(&w, 1e300)) && isfinite(warp_inverse(&w, -1e300)));
}

static void warp_of_constants_is_finite(void **state)
{
    static const double same[] = {3, 3, 3}, one[] = {-2}, huge[] = {1e300, -1e300, 1e299};
    struct warp w;
    (void)state;
    warp_fit(&w, same, 3);
    assert_true(isfinite(warp_forward(&w, 3)) && isfinite(warp_forward(&w, 4)));
    assert_close(warp_inverse(&w, warp_forward(&w, 3)), 3, 1e-9);
    warp_fit(&w, one, 1);
    assert_true(isfinite(warp_forward(&w, -2)));
    warp_fit(&w, huge, 3);
    assert_true(isfinite(warp_forward(&w, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_a_direct_solve),           cmocka_unit_test(families_are_compared_by_counts),
        cmocka_unit_test(chooses_counts_where_they_tell),   cmocka_unit_test(learns_and_is_sure_where_it_has_been),
        cmocka_unit_test(mean_alone_is_the_same),           cmocka_unit_test(repeated_rows_are_no_trouble),
        cmocka_unit_test(ridge_finds_an_additive_function), cmocka_unit_test(warp_inverts_and_keeps_order),
        cmocka_unit_test(warp_of_constants_is_finite),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
