/* See linear.h. The factor is built block of columns by block of columns: the update of a block by all earlier columns dominates and
 * is four dot products at a time, each in several accumulators. */
#include "bench/linear.h"

#include <math.h>

#include "base/number.h"

enum { BLOCK = 64 }; // columns whose rows stay in cache while every row below uses them

/* Dot products of x with four rows. */
static void dot4(const double *x, const double *const row[4], size_t n, double ret_sum[4])
{
    double s[4][4] = {{0}};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (unsigned r = 0; r < 4; r++) {
            for (unsigned k = 0; k < 4; k++)
                s[r][k] += x[i + k] * row[r][i + k];
        }
    }
    for (unsigned r = 0; r < 4; r++) {
        ret_sum[r] = (s[r][0] + s[r][2]) + (s[r][1] + s[r][3]);
        for (size_t k = i; k < n; k++)
            ret_sum[r] += x[k] * row[r][k];
    }
}

static double dot(const double *x, const double *y, size_t n)
{
    double s[4] = {0}, sum;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (unsigned k = 0; k < 4; k++)
            s[k] += x[i + k] * y[i + k];
    }
    sum = (s[0] + s[2]) + (s[1] + s[3]);
    for (; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* Row i's entries of columns from..to-1, given finished columns before `from` and finished rows above i. */
static bool factor_row(double *a, size_t n, size_t i, size_t from, size_t to)
{
    double *ai = a + i * n;
    size_t j = from;
    for (; j + 4 <= to; j += 4) {
        const double *row[4] = {a + j * n, a + (j + 1) * n, a + (j + 2) * n, a + (j + 3) * n};
        double sum[4];
        dot4(ai, row, from, sum);
        for (unsigned r = 0; r < 4; r++)
            ai[j + r] -= sum[r];
    }
    for (; j < to; j++)
        ai[j] -= dot(ai, a + j * n, from);
    for (j = from; j < to; j++) {
        double rest = ai[j] - dot(ai + from, a + j * n + from, j - from);
        if (j == i && !(rest > 0))
            return false;
        ai[j] = j == i ? sqrt(rest) : rest / a[j * n + j];
    }
    return true;
}

bool bench_cholesky(double *a, size_t n)
{
    for (size_t from = 0; from < n; from += BLOCK) {
        size_t to = min_of(from + BLOCK, n);
        for (size_t i = from; i < n; i++) {
            if (!factor_row(a, n, i, from, min_of(i + 1, to)))
                return false;
        }
    }
    return true;
}

void bench_cholesky_solve(const double *l, size_t n, double *b)
{
    for (size_t i = 0; i < n; i++)
        b[i] = (b[i] - dot(l + i * n, b, i)) / l[i * n + i];
    for (size_t i = n; i-- > 0;) {
        b[i] /= l[i * n + i];
        for (size_t k = 0; k < i; k++)
            b[k] -= l[i * n + k] * b[i];
    }
}
