/* Small statistics over runs: quantiles, paired Wilcoxon signed-rank test, Holm's correction, rank and crowding of a finished run. */
#ifndef SONATA_BENCH_STATISTICS_H
#define SONATA_BENCH_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

/* Quantile q of n values (sorted in place), linear between order statistics; INFINITY entries sort last. NAN for n = 0. */
double bench_quantile(double *value, size_t n, double q);
/* Two-sided p of the signed-rank test on n differences; zeros are dropped (Wilcoxon 1945). The exact permutation distribution with mid-ranks
 * for ties up to 200 non-zero differences, beyond that the normal approximation with tie correction. 1 when nothing is left. */
double bench_wilcoxon(const double *difference, size_t n);
/* Holm (1979): adjusted p in place. */
void bench_holm(double *p, size_t n);
/* Order of n rows (m minimised objectives each) by non-domination rank, then by falling crowding distance, then by index (Deb 2002). */
void bench_rank_order(unsigned m, const double *f, size_t n, uint32_t *ret_order);

#endif
