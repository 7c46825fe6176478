/* See replicate.h. */
#include "search/replicate.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

uint32_t replicate_round(const struct replicate_member *front, uint32_t n, uint32_t wanted, uint64_t left, struct replicate_member *ret_due)
{
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++)
        ret_due[i] = (struct replicate_member){front[i].id, 0};
    for (uint32_t level = 0; level < wanted && left; level++) { /* the least measured first: what is left does most there */
        for (uint32_t i = 0; i < n && left; i++) {
            if (front[i].measured + ret_due[i].measured == level) {
                ret_due[i].measured++;
                left--;
            }
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        if (ret_due[i].measured)
            ret_due[k++] = ret_due[i];
    }
    return k;
}

/* 97.5 % quantiles of Student's t with 1, 2, … degrees of freedom; beyond the table the first terms of its expansion. */
static const double student[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                 2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042, 2.040};

static double quantile(uint32_t freedom)
{
    uint32_t n = sizeof student / sizeof *student;
    return freedom <= n ? student[freedom - 1] : 1.96 + 2.372 / freedom;
}

double replicate_mean(const double *value, uint32_t n, double *ret_half)
{
    double sum = 0, squares = 0;
    assert(n >= 1 && n <= REPLICATES_MAX);
    for (uint32_t i = 0; i < n; i++)
        sum += value[i];
    double mean = sum / n;
    for (uint32_t i = 0; i < n; i++)
        squares += (value[i] - mean) * (value[i] - mean);
    if (ret_half)
        *ret_half = n > 1 ? quantile(n - 1) * sqrt(squares / (n - 1) / n) : 0;
    return mean;
}
