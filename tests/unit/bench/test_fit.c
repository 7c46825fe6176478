/* Fits: a column that is quadratic in its genes is learned, one that is a sum over blocks is reproduced exactly, bad input is refused. */
#include "bench/fit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "bench/linear.h"
#include "close.h"
#include "support/cmocka.h"

enum { ROWS = 400, GENES = 8, CHOICES = 3 };

static struct space plain_space(bool blocks)
{
    struct space s = {.name = "plain", .n_genes = GENES};
    for (int j = 0; j < GENES; j++) {
        struct gene *g = &s.gene[j];
        *g = (struct gene){
            .condition_gene = -1, .block = (int16_t)(blocks ? j / 2 : -1), .edge_from = -1, .edge_to = -1, .none_allele = -1, .n_choices = CHOICES};
        snprintf(g->name, sizeof g->name, "g%d", j);
    }
    return s;
}

static void random_rows(uint8_t *features, size_t n, uint64_t seed)
{
    struct rng rng = rng_seeded(seed, 0);
    memset(features, 0, n * SPACE_GENES_MAX);
    for (size_t i = 0; i < n; i++) {
        for (unsigned j = 0; j < GENES; j++)
            features[i * SPACE_GENES_MAX + j] = (uint8_t)(1 + rng_below(&rng, CHOICES));
    }
}

/* Main effects and products of neighbours: in the span of the degree-2 polynomial, not of any block sum. */
static double quadratic(const uint8_t *x)
{
    double y = 3;
    for (unsigned j = 0; j < GENES; j++)
        y += (j + 1.0) * (x[j] == 2) - 0.5 * x[j];
    for (unsigned j = 0; j + 3 < GENES; j++)
        y += 2.0 * (x[j] == 1) * (x[j + 3] == 3);
    return y;
}

static void test_quadratic_function_is_learned(void **state)
{
    (void)state;
    static uint8_t features[ROWS * SPACE_GENES_MAX], fresh[50 * SPACE_GENES_MAX];
    double y[ROWS];
    struct space s = plain_space(false);
    struct fit *fit;
    struct fit_report report;
    struct sonata_error err = {{0}};
    random_rows(features, ROWS, 1);
    for (unsigned i = 0; i < ROWS; i++)
        y[i] = quadratic(features + i * SPACE_GENES_MAX);
    assert_int_equal(fit_new(&s, &(struct fit_rows){features, y, ROWS}, &(struct fit_params){1e-6, 0.1}, &fit, &report, &err), 0);
    assert_false(report.exact_sum);
    assert_true(report.r2 > 0.9999);
    random_rows(fresh, 50, 2);
    for (unsigned i = 0; i < 50; i++)
        assert_close(fit_predict(fit, fresh + i * SPACE_GENES_MAX), quadratic(fresh + i * SPACE_GENES_MAX), 0.05);
    fit_free(fit);
}

static double block_sum(const uint8_t *x)
{
    double y = 7;
    for (unsigned j = 0; j < GENES; j += 2)
        y += x[j] * x[j + 1] * x[j] * 0.37 + (x[j] == x[j + 1]); // any function of a block's genes
    return y;
}

static void test_block_sum_is_exact(void **state)
{
    (void)state;
    static uint8_t features[ROWS * SPACE_GENES_MAX], fresh[50 * SPACE_GENES_MAX];
    double y[ROWS];
    struct space s = plain_space(true);
    struct fit *fit;
    struct fit_report report;
    struct sonata_error err = {{0}};
    random_rows(features, ROWS, 3);
    for (unsigned i = 0; i < ROWS; i++)
        y[i] = block_sum(features + i * SPACE_GENES_MAX);
    assert_int_equal(fit_new(&s, &(struct fit_rows){features, y, ROWS}, &(struct fit_params){0.1, 0.02}, &fit, &report, &err), 0);
    assert_true(report.exact_sum);
    assert_int_equal(report.unseen, 0);
    assert_true(report.max_residual < 1e-5);
    random_rows(fresh, 50, 4);
    for (unsigned i = 0; i < 50; i++)
        assert_close(fit_predict(fit, fresh + i * SPACE_GENES_MAX), block_sum(fresh + i * SPACE_GENES_MAX), 1e-5);
    fit_free(fit);
}

static void test_bad_input_is_refused(void **state)
{
    (void)state;
    static uint8_t features[ROWS * SPACE_GENES_MAX];
    double y[ROWS];
    struct space s = plain_space(false);
    struct fit *fit = NULL;
    struct fit_report report;
    struct sonata_error err = {{0}};
    random_rows(features, ROWS, 5);
    for (unsigned i = 0; i < ROWS; i++)
        y[i] = 4;
    assert_int_equal(fit_new(&s, &(struct fit_rows){features, y, ROWS}, &(struct fit_params){0.1, 0.02}, &fit, &report, &err), -ENODATA);
    assert_non_null(strstr(err.text, "same value"));
    y[0] = 5;
    assert_int_equal(fit_new(&s, &(struct fit_rows){features, y, 19}, &(struct fit_params){0.1, 0.02}, &fit, &report, &err), -ENODATA);
    assert_null(fit);
}

static void test_cholesky(void **state)
{
    (void)state;
    enum { N = 150 }; // more than two blocks of columns
    double *a = xcalloc(N * N, sizeof *a), x[N], b[N] = {0};
    struct rng rng = rng_seeded(6, 0);
    for (unsigned i = 0; i < N; i++)
        x[i] = rng_normal(&rng);
    for (unsigned i = 0; i < N; i++) {
        for (unsigned k = 0; k <= i; k++)
            a[i * N + k] = a[k * N + i] = i == k ? N : rng_uniform(&rng);
    }
    for (unsigned i = 0; i < N; i++) {
        for (unsigned k = 0; k < N; k++)
            b[i] += a[i * N + k] * x[k];
    }
    assert_true(bench_cholesky(a, N));
    bench_cholesky_solve(a, N, b);
    for (unsigned i = 0; i < N; i++)
        assert_close(b[i], x[i], 1e-10);
    double negative[] = {1, 0, 2, 1};
    assert_false(bench_cholesky(negative, 2));
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quadratic_function_is_learned),
        cmocka_unit_test(test_block_sum_is_exact),
        cmocka_unit_test(test_bad_input_is_refused),
        cmocka_unit_test(test_cholesky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
