/* See fit.h. Both forms end as one table lookup per gene and per pair of genes:
 *   ridge: f(x) = m + sum_i a_i (1 + g match(x, x_i))^2 = m + sum_i a_i + 2 g sum_j w[j][x_j] + g^2 sum_jk W[j][x_j][k][x_k],
 *          w[j][v] = sum of a_i over rows with x_ij = v, W likewise over pairs.
 *   sum:   one-hot columns for every gene and for every joint value of a block, least squares by iterated ridge (rank-deficient by nature:
 *          the joint columns of a block sum to its single columns). */
#include "bench/fit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "bench/linear.h"

enum { SUM_COLUMNS_MAX = 2500, BLOCK_GENES_MAX = 4, REFINEMENTS = 6 };

struct group {
    unsigned n_genes, gene[BLOCK_GENES_MAX];
    size_t offset; // of its joint columns
};

struct fit {
    unsigned n_genes;
    unsigned slot[SPACE_GENES_MAX + 1]; // first one-hot column of each gene; [n_genes] = their number
    double constant;
    double *single;    // per slot
    double *pair;      // ridge: slots x slots, upper triangle by gene
    unsigned n_groups; // sum: blocks of two or more genes
    struct group *group;
    double *joint;
    bool *seen; // sum: joint columns any row showed
};

void fit_free(struct fit *fit)
{
    if (!fit)
        return;
    free(fit->single);
    free(fit->pair);
    free(fit->group);
    free(fit->joint);
    free(fit->seen);
    free(fit);
}

static struct fit *fit_alloc(const struct space *space)
{
    struct fit *fit = xcalloc(1, sizeof *fit);
    fit->n_genes = space->n_genes;
    for (unsigned j = 0; j < fit->n_genes; j++)
        fit->slot[j + 1] = fit->slot[j] + space->gene[j].n_choices + 1u;
    fit->single = xcalloc(fit->slot[fit->n_genes], sizeof *fit->single);
    return fit;
}

static size_t joint_index(const struct fit *fit, const struct group *group, const uint8_t *features)
{
    size_t index = 0;
    for (unsigned k = 0; k < group->n_genes; k++) {
        unsigned j = group->gene[k];
        index = index * (fit->slot[j + 1] - fit->slot[j]) + features[j];
    }
    return group->offset + index;
}

double fit_predict(const struct fit *fit, const uint8_t features[SPACE_GENES_MAX])
{
    double y = fit->constant;
    unsigned slots = fit->slot[fit->n_genes];
    for (unsigned j = 0; j < fit->n_genes; j++) {
        unsigned s = fit->slot[j] + features[j];
        y += fit->single[s];
        if (!fit->pair)
            continue;
        const double *row = fit->pair + (size_t)s * slots;
        for (unsigned k = j + 1; k < fit->n_genes; k++)
            y += row[fit->slot[k] + features[k]];
    }
    for (unsigned g = 0; g < fit->n_groups; g++)
        y += fit->joint[joint_index(fit, &fit->group[g], features)];
    return y;
}

/* Rows of a training set: borrowed features and values. */
struct rows {
    const uint8_t *const *features;
    const double *y;
    size_t n;
    double variance; /* of y; not set for a part */
};

static double mean_of(const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += y[i];
    return sum / (double)n;
}

static unsigned matches(unsigned n_genes, const uint8_t *a, const uint8_t *b)
{
    unsigned same = 0;
    for (unsigned j = 0; j < n_genes; j++)
        same += a[j] == b[j];
    return same;
}

/* The polynomial of the dual weights. */
static void expand(struct fit *fit, const struct rows *rows, const double *weight, double gamma)
{
    unsigned slots = fit->slot[fit->n_genes];
    fit->pair = xcalloc((size_t)slots * slots, sizeof *fit->pair);
    for (size_t i = 0; i < rows->n; i++) {
        const uint8_t *x = rows->features[i];
        fit->constant += weight[i];
        for (unsigned j = 0; j < fit->n_genes; j++) {
            unsigned s = fit->slot[j] + x[j];
            fit->single[s] += weight[i] * (2 * gamma + gamma * gamma);
            double *row = fit->pair + (size_t)s * slots;
            for (unsigned k = j + 1; k < fit->n_genes; k++)
                row[fit->slot[k] + x[k]] += 2 * gamma * gamma * weight[i];
        }
    }
}

static struct fit *fit_ridge(const struct space *space, const struct rows *rows, const struct fit_params *params)
{
    size_t n = rows->n;
    unsigned genes = space->n_genes;
    double kernel[SPACE_GENES_MAX + 1], mean = mean_of(rows->y, n);
    for (unsigned m = 0; m <= genes; m++)
        kernel[m] = (1 + params->gamma * m) * (1 + params->gamma * m);
    double *a = xreallocarray(NULL, n * n, sizeof *a), *weight = xreallocarray(NULL, n, sizeof *weight);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k <= i; k++)
            a[i * n + k] = kernel[matches(genes, rows->features[i], rows->features[k])];
        a[i * n + i] += params->alpha;
        weight[i] = rows->y[i] - mean;
    }
    struct fit *fit = NULL;
    if (bench_cholesky(a, n)) {
        bench_cholesky_solve(a, n, weight);
        fit = fit_alloc(space);
        fit->constant = mean;
        expand(fit, rows, weight, params->gamma);
    }
    free(a);
    free(weight);
    return fit;
}

/* Blocks of at least two genes; returns the number of all one-hot columns, or 0 when they are too many. */
static size_t find_groups(const struct space *space, struct fit *fit)
{
    unsigned slots = fit->slot[fit->n_genes];
    size_t columns = slots;
    fit->group = xcalloc(fit->n_genes, sizeof *fit->group);
    for (unsigned j = 0; j < fit->n_genes; j++) {
        struct group g = {0};
        size_t size = 1;
        bool first = true;
        for (unsigned k = 0; k < fit->n_genes && space->gene[j].block >= 0; k++) {
            if (space->gene[k].block != space->gene[j].block)
                continue;
            first = first && k >= j;
            if (g.n_genes == BLOCK_GENES_MAX)
                return 0;
            g.gene[g.n_genes++] = k;
            size *= fit->slot[k + 1] - fit->slot[k];
        }
        if (!first || g.n_genes < 2)
            continue;
        g.offset = columns - slots;
        columns += size;
        if (columns > SUM_COLUMNS_MAX)
            return 0;
        fit->group[fit->n_groups++] = g;
    }
    return columns;
}

static unsigned columns_of(const struct fit *fit, const uint8_t *x, size_t ret_column[2 * SPACE_GENES_MAX])
{
    unsigned k = 0;
    for (unsigned j = 0; j < fit->n_genes; j++)
        ret_column[k++] = fit->slot[j] + x[j];
    for (unsigned g = 0; g < fit->n_groups; g++)
        ret_column[k++] = fit->slot[fit->n_genes] + joint_index(fit, &fit->group[g], x);
    return k;
}

/* Least squares of the rows on the columns: x += (Z'Z + lambda)^-1 Z'(residual), a few times. */
static bool solve_sum(const struct fit *fit, const struct rows *rows, size_t columns, double *ret_coefficient)
{
    size_t on[2 * SPACE_GENES_MAX];
    double *a = xcalloc(columns * columns, sizeof *a), *step = xcalloc(columns, sizeof *step);
    for (size_t i = 0; i < rows->n; i++) {
        unsigned k = columns_of(fit, rows->features[i], on);
        for (unsigned p = 0; p < k; p++) {
            for (unsigned q = 0; q <= p; q++)
                a[on[p] * columns + on[q]] += 1; // columns ascend, so this is the lower triangle
        }
    }
    for (size_t c = 0; c < columns; c++)
        a[c * columns + c] += 1e-6 * (double)rows->n;
    bool ok = bench_cholesky(a, columns);
    double mean = mean_of(rows->y, rows->n);
    for (unsigned round = 0; ok && round < REFINEMENTS; round++) {
        memset(step, 0, columns * sizeof *step);
        for (size_t i = 0; i < rows->n; i++) {
            unsigned k = columns_of(fit, rows->features[i], on);
            double residual = rows->y[i] - mean;
            for (unsigned p = 0; p < k; p++)
                residual -= ret_coefficient[on[p]];
            for (unsigned p = 0; p < k; p++)
                step[on[p]] += residual;
        }
        bench_cholesky_solve(a, columns, step);
        for (size_t c = 0; c < columns; c++)
            ret_coefficient[c] += step[c];
    }
    free(a);
    free(step);
    return ok;
}

static struct fit *fit_sum(const struct space *space, const struct rows *rows)
{
    struct fit *fit = fit_alloc(space);
    unsigned slots = fit->slot[fit->n_genes];
    size_t columns = find_groups(space, fit);
    double *coefficient = xcalloc(columns ? columns : 1, sizeof *coefficient);
    if (!columns || !solve_sum(fit, rows, columns, coefficient)) {
        free(coefficient);
        fit_free(fit);
        return NULL;
    }
    fit->constant = mean_of(rows->y, rows->n);
    memcpy(fit->single, coefficient, slots * sizeof *coefficient);
    fit->joint = xcalloc(columns - slots + 1, sizeof *fit->joint);
    memcpy(fit->joint, coefficient + slots, (columns - slots) * sizeof *coefficient);
    fit->seen = xcalloc(columns - slots + 1, sizeof *fit->seen);
    for (size_t i = 0; i < rows->n; i++) {
        for (unsigned g = 0; g < fit->n_groups; g++)
            fit->seen[joint_index(fit, &fit->group[g], rows->features[i])] = true;
    }
    free(coefficient);
    return fit;
}

/* Joint values an architecture can have (both genes silent, or both active) that no row shows. */
static size_t count_unseen(const struct fit *fit)
{
    size_t unseen = 0;
    for (unsigned g = 0; g < fit->n_groups; g++) {
        const struct group *group = &fit->group[g];
        uint8_t x[SPACE_GENES_MAX] = {0};
        for (unsigned k = 0; k < group->n_genes; k++)
            x[group->gene[k]] = 1;
        for (bool more = true; more;) {
            unseen += !fit->seen[joint_index(fit, group, x)];
            more = false;
            for (unsigned k = 0; k < group->n_genes && !more; k++) {
                unsigned j = group->gene[k];
                more = ++x[j] < fit->slot[j + 1] - fit->slot[j];
                if (!more)
                    x[j] = 1;
            }
        }
    }
    return unseen;
}

static double worst_residual(const struct fit *fit, const struct rows *rows)
{
    double worst = 0;
    for (size_t i = 0; i < rows->n; i++)
        worst = fmax(worst, fabs(fit_predict(fit, rows->features[i]) - rows->y[i]));
    return worst;
}

/* 5-fold cross-validated sum of squared errors. -1 when a fold cannot be fitted. */
static double cross_validate(const struct space *space, const struct rows *all, const struct fit_params *params, bool sum)
{
    const uint8_t **x = xcalloc(all->n, sizeof *x);
    double *y = xcalloc(all->n, sizeof *y), squared = 0;
    for (unsigned fold = 0; fold < FIT_FOLDS && squared >= 0; fold++) {
        struct rows train = {x, y, 0, 0};
        for (size_t i = 0; i < all->n; i++) {
            if (i % FIT_FOLDS != fold) {
                x[train.n] = all->features[i];
                y[train.n++] = all->y[i];
            }
        }
        struct fit *fit = sum ? fit_sum(space, &train) : fit_ridge(space, &train, params);
        for (size_t i = fold; fit && i < all->n; i += FIT_FOLDS) {
            double e = fit_predict(fit, all->features[i]) - all->y[i];
            squared += e * e;
        }
        squared = fit ? squared : -1;
        fit_free(fit);
    }
    free(x);
    free(y);
    return squared;
}

static int fit_best(const struct space *space, const struct rows *rows, const struct fit_params *params, struct fit **ret_fit,
                    struct fit_report *report, struct sonata_error *err)
{
    double variance = rows->variance;
    struct fit *fit = fit_sum(space, rows);
    report->exact_sum = fit && worst_residual(fit, rows) <= 1e-4 * sqrt(variance);
    if (!report->exact_sum) {
        fit_free(fit);
        fit = fit_ridge(space, rows, params);
    }
    double squared = fit ? cross_validate(space, rows, params, report->exact_sum) : -1;
    if (squared < 0) {
        fit_free(fit);
        return sonata_error_set(err, -EINVAL, "the kernel matrix is not positive definite: raise alpha");
    }
    report->unseen = report->exact_sum ? count_unseen(fit) : 0;
    report->max_residual = worst_residual(fit, rows);
    report->rmse = sqrt(squared / (double)rows->n);
    report->r2 = 1 - squared / (variance * (double)rows->n);
    *ret_fit = fit;
    return 0;
}

int fit_new(const struct space *space, const struct fit_rows *all, const struct fit_params *params, struct fit **ret_fit,
            struct fit_report *ret_report, struct sonata_error *err)
{
    size_t n = all->n;
    if (n < 20)
        return sonata_error_set(err, -ENODATA, "%zu measured rows are too few for a fit; 20 are needed", n);
    size_t used = min_of(n, FIT_ROWS_MAX);
    const uint8_t **x = xcalloc(used, sizeof *x);
    double *v = xcalloc(used, sizeof *v), variance = 0;
    for (size_t i = 0; i < used; i++) {
        x[i] = all->features + (i * n / used) * SPACE_GENES_MAX;
        v[i] = all->y[i * n / used];
    }
    double mean = mean_of(v, used);
    for (size_t i = 0; i < used; i++)
        variance += (v[i] - mean) * (v[i] - mean) / (double)used;
    struct rows rows = {x, v, used, variance};
    struct fit_report report = {.rows = n, .used = used};
    int r = variance > 0 ? fit_best(space, &rows, params, ret_fit, &report, err)
                         : sonata_error_set(err, -ENODATA, "all %zu rows hold the same value: nothing to fit", n);
    free(x);
    free(v);
    if (!r)
        *ret_report = report;
    return r;
}
