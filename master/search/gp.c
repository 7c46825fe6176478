/* See gp.h (Rasmussen and Williams 2006, algorithm 2.1). What costs is predicting thousands of candidates:
 *   - a distance row is a sum of one precomputed float row per gene (the row of the candidate's value), a plain vector sum;
 *   - exp(-z) is (1 - z/256)^256: eight squarings that vectorise, give the same bits everywhere, and keep the kernel positive definite (a power
 *     of a sum of a constant and a match kernel);
 *   - variances are solved for BLOCK candidates at a time, the factor in float, so each of its numbers is loaded once for all of them.
 * All reductions run over a fixed number of lanes: wider vector units give the same bits. */
#include "search/gp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(SONATA_SANITIZED)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

enum { LANES = 8, BLOCK = 32, JITTER_TRIES = 6 };

void gp_fini(struct gp *g)
{
    free(g->miss);
    free(g->apart);
    g->apart = NULL;
    free(g->alpha);
    free(g->factor);
    g->miss = NULL;
    g->alpha = NULL;
    g->factor = NULL;
    g->n = g->n_variance = 0;
}

CLONES static double dot(const double *a, const double *b, uint32_t n)
{
    double s[LANES] = {0}, total = 0;
    uint32_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int l = 0; l < LANES; l++)
            s[l] += a[i + (uint32_t)l] * b[i + (uint32_t)l];
    }
    for (; i < n; i++)
        total += a[i] * b[i];
    for (int l = 0; l < LANES; l++)
        total += s[l];
    return total;
}

/* Dot products of two rows with two others: every load serves two of them. */
CLONES static void dot_pairs(const double *a0, const double *a1, const double *b0, const double *b1, uint32_t n, double ret[4])
{
    double s00[LANES / 2] = {0}, s01[LANES / 2] = {0}, s10[LANES / 2] = {0}, s11[LANES / 2] = {0};
    uint32_t i = 0;
    for (int k = 0; k < 4; k++)
        ret[k] = 0;
    for (; i + LANES / 2 <= n; i += LANES / 2) {
        for (uint32_t l = 0; l < LANES / 2; l++) {
            s00[l] += a0[i + l] * b0[i + l];
            s01[l] += a0[i + l] * b1[i + l];
            s10[l] += a1[i + l] * b0[i + l];
            s11[l] += a1[i + l] * b1[i + l];
        }
    }
    for (; i < n; i++) {
        ret[0] += a0[i] * b0[i];
        ret[1] += a0[i] * b1[i];
        ret[2] += a1[i] * b0[i];
        ret[3] += a1[i] * b1[i];
    }
    for (int l = 0; l < LANES / 2; l++) {
        ret[0] += s00[l];
        ret[1] += s01[l];
        ret[2] += s10[l];
        ret[3] += s11[l];
    }
}

/* Columns j and j + 1 of the rows r0 and r1, which lie below them. */
static void eliminate_pair(const double *m, uint32_t n, uint32_t j, double *r0, double *r1)
{
    const double *c0 = m + (size_t)j * n, *c1 = c0 + n;
    double d[4];
    dot_pairs(r0, r1, c0, c1, j, d);
    r0[j] = (r0[j] - d[0]) / c0[j];
    r1[j] = (r1[j] - d[2]) / c0[j];
    r0[j + 1] = (r0[j + 1] - d[1] - r0[j] * c1[j]) / c1[j + 1];
    r1[j + 1] = (r1[j + 1] - d[3] - r1[j] * c1[j]) / c1[j + 1];
}

static bool pivot(double *row, uint32_t i)
{
    double d = row[i] - dot(row, row, i);
    row[i] = sqrt(d);
    return d > 1e-12;
}

/* Lower Cholesky factor in place, row-major with row length n, two rows at a time. False when not positive definite. */
static bool cholesky(double *m, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 2) {
        double *r0 = m + (size_t)i * n, *r1 = i + 1 < n ? r0 + n : r0;
        if (r1 == r0) {
            for (uint32_t j = 0; j < i; j++)
                r0[j] = (r0[j] - dot(r0, m + (size_t)j * n, j)) / m[(size_t)j * n + j];
            return pivot(r0, i);
        }
        for (uint32_t j = 0; j < i; j += 2)
            eliminate_pair(m, n, j, r0, r1);
        if (!pivot(r0, i))
            return false;
        r1[i] = (r1[i] - dot(r1, r0, i)) / r0[i];
        if (!pivot(r1, i + 1))
            return false;
    }
    return true;
}

static void solve_lower(const double *factor, uint32_t n, double *b)
{
    for (uint32_t i = 0; i < n; i++)
        b[i] = (b[i] - dot(factor + (size_t)i * n, b, i)) / factor[(size_t)i * n + i];
}

static void solve_upper(const double *factor, uint32_t n, double *b)
{
    for (uint32_t i = n; i-- > 0;) {
        const double *row = factor + (size_t)i * n;
        double x = b[i] /= row[i];
        for (uint32_t j = 0; j < i; j++)
            b[j] -= row[j] * x;
    }
}

static double kernel(double a, double b, double ell, double d)
{
    double t = fmax(0, 1 - d / (ell * 256));
    for (int i = 0; i < 8; i++)
        t *= t;
    return a * (1 - d) + b * t;
}

static bool is_member(const struct gp *g, uint32_t gene) { return g->member[gene] < g->n_families; }

static double hamming(const struct gp *g, const uint8_t *x, const uint8_t *y)
{
    double d = 0;
    for (uint32_t j = 0; j < g->n_genes; j++)
        d += x[j] != y[j] ? g->weight[j] : 0;
    return d;
}

static void count_values(const struct gp *g, const uint8_t *x, uint8_t ret_count[GP_FAMILIES_MAX][GP_VALUES])
{
    memset(ret_count, 0, GP_FAMILIES_MAX * sizeof *ret_count);
    for (uint32_t j = 0; j < g->n_genes; j++) {
        if (is_member(g, j))
            ret_count[g->member[j]][x[j]]++;
    }
}

/* What one gene too many or too few of a value is away. */
static double step_of(const struct gp *g, uint32_t family)
{
    double weight = 0;
    for (uint32_t j = 0; j < g->n_genes; j++)
        weight += g->member[j] == family ? g->weight[j] : 0;
    return weight / (2.0 * g->family[family].size);
}

/* The distance by counts; genes of no family are compared one by one. */
static double counted(const struct gp *g, const uint8_t *x, const uint8_t *y)
{
    uint8_t a[GP_FAMILIES_MAX][GP_VALUES], b[GP_FAMILIES_MAX][GP_VALUES];
    double d = 0;
    count_values(g, x, a);
    count_values(g, y, b);
    for (uint32_t f = 0; f < g->n_families; f++) {
        uint32_t steps = 0;
        for (uint32_t v = 0; v < g->family[f].n_values; v++)
            steps += (uint32_t)abs(a[f][v] - b[f][v]);
        d += step_of(g, f) * steps;
    }
    for (uint32_t j = 0; j < g->n_genes; j++)
        d += !is_member(g, j) && x[j] != y[j] ? g->weight[j] : 0;
    return d;
}

static double distance(const struct gp *g, const uint8_t *x, const uint8_t *y)
{
    return g->mix > 0 ? (1 - g->mix) * hamming(g, x, y) + g->mix * counted(g, x, y) : hamming(g, x, y);
}

double gp_kernel(const struct gp *g, const uint8_t *x, const uint8_t *y) { return kernel(g->a, g->b, g->ell, distance(g, x, y)); }

/* Log marginal likelihood (up to a constant) of the kernel matrix in m, which is destroyed. */
static double likelihood(double *m, const double *y, uint32_t n)
{
    if (!cholesky(m, n))
        return -INFINITY;
    double *z = xmemdup(y, n * sizeof *y), l = 0;
    solve_lower(m, n, z);
    for (uint32_t i = 0; i < n; i++)
        l -= 0.5 * z[i] * z[i] + log(m[(size_t)i * n + i]);
    free(z);
    return l;
}

/* Rows that the hyper-parameters are chosen on, how far they are apart in both ways, and the best choice so far. */
struct choice {
    uint32_t n;
    double *hamming, *counted, *matrix, *target, best;
};

static void choice_init(struct choice *c, const struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], const double *y, uint32_t n)
{
    uint32_t k = c->n = min_of(n, GP_CHOICE_POINTS);
    c->hamming = xcalloc((size_t)k * k, sizeof(double));
    c->counted = xcalloc((size_t)k * k, sizeof(double));
    c->matrix = xcalloc((size_t)k * k, sizeof(double));
    c->target = xcalloc(k, sizeof(double));
    c->best = -INFINITY;
    for (uint32_t i = 0; i < k; i++) {
        uint32_t row = n - 1 - (uint32_t)((uint64_t)i * n / k);
        c->target[i] = y[row];
        for (uint32_t j = 0; j < i; j++) {
            const uint8_t *other = rows[n - 1 - (uint32_t)((uint64_t)j * n / k)];
            c->hamming[(size_t)i * k + j] = hamming(g, rows[row], other);
            c->counted[(size_t)i * k + j] = g->n_families ? counted(g, rows[row], other) : 0;
        }
    }
}

static void choice_fini(struct choice *c)
{
    free(c->hamming);
    free(c->counted);
    free(c->matrix);
    free(c->target);
}

/* Takes the hyper-parameters of `try` into g when they are likelier than those it has. */
static void choose_if_better(struct choice *c, const struct gp *try, struct gp *g)
{
    uint32_t k = c->n;
    for (uint32_t i = 0; i < k; i++) {
        double *row = c->matrix + (size_t)i * k;
        const double *h = c->hamming + (size_t)i * k, *d = c->counted + (size_t)i * k;
        for (uint32_t j = 0; j < i; j++)
            row[j] = kernel(try->a, try->b, try->ell, try->mix > 0 ? (1 - try->mix) * h[j] + try->mix * d[j] : h[j]);
        row[i] = try->a + try->b + try->noise;
    }
    double l = likelihood(c->matrix, c->target, k);
    if (!(l > c->best))
        return;
    c->best = l;
    g->a = try->a, g->b = try->b, g->ell = try->ell, g->noise = try->noise, g->mix = try->mix;
}

void gp_choose(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], const double *y, uint32_t n)
{
    static const double additive[][2] = {{2.7, 0.3}, {1.2, 0.5}, {0.15, 1}}, length[] = {0.05, 0.12, 0.3, 0.8}, noise[] = {1e-3, 1e-2, 1e-1};
    static const double other_mix[] = {0, 0.9};
    struct choice choice;
    struct gp try = {.mix = g->n_families ? 0.5 : 0};
    choice_init(&choice, g, rows, y, n);
    g->a = 1.2, g->b = 0.5, g->ell = 0.3, g->noise = 1e-1, g->mix = try.mix;
    for (uint32_t c = 0; c < GP_CHOICES; c++) {
        try.a = additive[c / 12][0], try.b = additive[c / 12][1], try.ell = length[c / 3 % 4], try.noise = noise[c % 3];
        choose_if_better(&choice, &try, g);
    }
    try.a = g->a, try.b = g->b, try.noise = g->noise;
    for (uint32_t c = 0; c < GP_MIX_CHOICES && g->n_families; c++) {
        try.mix = other_mix[c / 4], try.ell = length[c % 4];
        choose_if_better(&choice, &try, g);
    }
    g->n_at_choice = n;
    choice_fini(&choice);
}

static void fill_miss(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], uint32_t n)
{
    g->miss = xcalloc((size_t)g->n_genes * GP_VALUES * n, sizeof *g->miss);
    for (uint32_t j = 0; j < g->n_genes; j++) {
        double weight = is_member(g, j) ? (1 - g->mix) * g->weight[j] : g->weight[j];
        for (uint32_t v = 0; v < GP_VALUES; v++) {
            float *to = g->miss + ((size_t)j * GP_VALUES + v) * n;
            for (uint32_t i = 0; i < n; i++)
                to[i] = rows[i][j] != v ? (float)weight : 0;
        }
    }
}

/* Rows of `apart` that a family takes: counts of a value, times values. */
static size_t rows_apart(const struct gp_family *f) { return (size_t)f->n_values * (f->size + 1); }

static void fill_apart(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], uint32_t n)
{
    size_t total = 0, at = 0;
    for (uint32_t f = 0; f < g->n_families; f++)
        total += rows_apart(&g->family[f]);
    if (!(g->mix > 0))
        return;
    g->apart = xcalloc(total * n, sizeof *g->apart);
    for (uint32_t f = 0; f < g->n_families; at += rows_apart(&g->family[f]), f++) {
        double step = g->mix * step_of(g, f);
        uint32_t counts = g->family[f].size + 1;
        for (uint32_t i = 0; i < n; i++) {
            uint8_t count[GP_FAMILIES_MAX][GP_VALUES];
            count_values(g, rows[i], count);
            for (uint32_t r = 0; r < rows_apart(&g->family[f]); r++)
                g->apart[(at + r) * n + i] = (float)(step * abs((int)(r % counts) - count[f][r / counts]));
        }
    }
}

CLONES static void add_row(float *to, const float *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void add_apart(const struct gp *g, const uint8_t *row, float *distance_buffer)
{
    uint8_t count[GP_FAMILIES_MAX][GP_VALUES];
    const float *at = g->apart;
    count_values(g, row, count);
    for (uint32_t f = 0; f < g->n_families; f++) {
        uint32_t counts = g->family[f].size + 1;
        for (uint32_t v = 0; v < g->family[f].n_values; v++, at += (size_t)counts * g->n)
            add_row(distance_buffer, at + (size_t)count[f][v] * g->n, g->n);
    }
}

/* Covariances of one row with the training points. */
CLONES static void kernel_row(const struct gp *g, const uint8_t *row, float *distance_buffer, double *ret)
{
    uint32_t n = g->n;
    double a = g->a, b = g->b, scale = 1 / (g->ell * 256);
    for (uint32_t i = 0; i < n; i++)
        distance_buffer[i] = 0;
    for (uint32_t j = 0; j < g->n_genes; j++) {
        const float *miss = g->miss + ((size_t)j * GP_VALUES + row[j]) * n;
        for (uint32_t i = 0; i < n; i++)
            distance_buffer[i] += miss[i];
    }
    if (g->apart)
        add_apart(g, row, distance_buffer);
    for (uint32_t i = 0; i < n; i++) {
        double d = (double)distance_buffer[i], t = 1 - d * scale;
        t = max_of(t, 0);
        t *= t;
        t *= t;
        t *= t;
        t *= t;
        t *= t;
        t *= t;
        t *= t;
        t *= t;
        ret[i] = a * (1 - d) + b * t;
    }
}

static void pack_factor(struct gp *g, const double *factor, uint32_t n)
{
    uint32_t k = min_of(n, GP_VARIANCE_POINTS);
    g->n_variance = k;
    g->factor = xcalloc((size_t)k * (k + 1) / 2, sizeof *g->factor);
    float *to = g->factor;
    for (uint32_t i = 0; i < k; i++) {
        for (uint32_t j = 0; j < i; j++)
            *to++ = (float)factor[(size_t)i * n + j];
        *to++ = (float)(1 / factor[(size_t)i * n + i]);
    }
}

void gp_fit(struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], const double *y, uint32_t n)
{
    gp_fini(g);
    g->n = n;
    fill_miss(g, rows, n);
    fill_apart(g, rows, n);
    double *m = xcalloc((size_t)n * n, sizeof *m), extra = 0;
    float *buffer = xcalloc(n, sizeof *buffer);
    for (int t = 0; t < JITTER_TRIES; t++) {
        for (uint32_t i = 0; i < n; i++) {
            kernel_row(g, rows[i], buffer, m + (size_t)i * n);
            m[(size_t)i * n + i] = g->a + g->b + g->noise + extra;
        }
        if (cholesky(m, n))
            break;
        extra = extra > 0 ? 10 * extra : g->noise; /* cannot happen with a positive definite kernel but for rounding */
    }
    g->alpha = xmemdup(y, n * sizeof *y);
    solve_lower(m, n, g->alpha);
    solve_upper(m, n, g->alpha);
    pack_factor(g, m, n);
    free(m);
    free(buffer);
}

/* Eight floats at a time; where registers are narrower the compiler splits them, with the same bits. */
typedef float lane __attribute__((vector_size(32)));
enum { VECTORS = BLOCK / 8 };

/* Solves factor z = b for BLOCK right-hand sides at once, b[point][vector of candidates], and returns |z|^2 of each. Two rows are taken
 * together, so that every loaded right-hand side serves both. */
CLONES static void solve_block(const float *factor, uint32_t n, lane (*b)[VECTORS], double *ret_square)
{
    lane square[VECTORS] = {{0}};
    for (uint32_t i = 0; i < n; i += 2) {
        bool pair = i + 1 < n;
        const float *f0 = factor, *f1 = pair ? factor + i + 1 : factor;
        lane s0[VECTORS], s1[VECTORS];
        for (int v = 0; v < VECTORS; v++) {
            s0[v] = b[i][v];
            s1[v] = pair ? b[i + 1][v] : s0[v];
        }
        for (uint32_t j = 0; j < i; j++) {
            float l0 = f0[j], l1 = f1[j];
            for (int v = 0; v < VECTORS; v++) {
                lane x = b[j][v];
                s0[v] -= l0 * x;
                s1[v] -= l1 * x;
            }
        }
        for (int v = 0; v < VECTORS; v++) {
            s0[v] *= f0[i];
            b[i][v] = s0[v];
            square[v] += s0[v] * s0[v];
            if (pair) {
                s1[v] = (s1[v] - f1[i] * s0[v]) * f1[i + 1];
                b[i + 1][v] = s1[v];
                square[v] += s1[v] * s1[v];
            }
        }
        factor += 2 * i + 3;
    }
    for (int c = 0; c < BLOCK; c++)
        ret_square[c] = (double)square[c / 8][c % 8];
}

/* Zeroed rows at a multiple of the vector size inside *ret_memory, which the caller frees. */
static void *aligned_rows(uint32_t n, void **ret_memory)
{
    char *p = xcalloc((size_t)n * BLOCK + sizeof(lane), sizeof(float));
    *ret_memory = p;
    return p + (sizeof(lane) - (uintptr_t)p % sizeof(lane)) % sizeof(lane);
}

void gp_predict(const struct gp *g, const uint8_t (*rows)[GP_GENES_MAX], uint32_t n, double *ret_mean, double *ret_var)
{
    double *k = xcalloc(g->n, sizeof *k), square[BLOCK];
    float *buffer = xcalloc(g->n, sizeof *buffer);
    void *memory = NULL;
    lane(*b)[VECTORS] = ret_var ? aligned_rows(g->n_variance, &memory) : NULL;
    for (uint32_t first = 0; first < n; first += BLOCK) {
        uint32_t count = min_of(n - first, BLOCK);
        for (uint32_t c = 0; c < count; c++) {
            kernel_row(g, rows[first + c], buffer, k);
            ret_mean[first + c] = dot(k, g->alpha, g->n);
            for (uint32_t i = 0; ret_var && i < g->n_variance; i++)
                b[i][c / 8][c % 8] = (float)k[i];
        }
        if (!ret_var)
            continue;
        solve_block(g->factor, g->n_variance, b, square);
        for (uint32_t c = 0; c < count; c++)
            ret_var[first + c] = fmax(1e-8, g->a + g->b - square[c]);
    }
    free(k);
    free(buffer);
    free(memory);
}
