/* Dense symmetric positive definite systems, as large as a few thousand unknowns. */
#ifndef SONATA_BENCH_LINEAR_H
#define SONATA_BENCH_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

/* In-place Cholesky factor L of the n x n row-major matrix a (its lower triangle is read and replaced). false: not positive definite. */
bool bench_cholesky(double *a, size_t n);
/* Solves L L' x = b in place. */
void bench_cholesky_solve(const double *l, size_t n, double *b);

#endif
