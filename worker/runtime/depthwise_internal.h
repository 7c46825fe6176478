/* The same kernels compiled for several processors; tests run every one that this machine can. */
#ifndef SONATA_RUNTIME_DEPTHWISE_INTERNAL_H
#define SONATA_RUNTIME_DEPTHWISE_INTERNAL_H

#include "runtime/depthwise.h"

enum depthwise_code { DEPTHWISE_ANY, DEPTHWISE_V3, DEPTHWISE_V4 }; /* x86-64 levels: v3 has AVX2 and FMA, v4 AVX-512 */

/* What depthwise_run() takes here; lower ones run too. */
enum depthwise_code depthwise_best(void);
/* depthwise_rows() and depthwise_run() with the code named; at most depthwise_best(). */
void depthwise_rows_as(const struct depthwise *d, enum depthwise_code code, long from, long to, const float *x, float *y);
/* depthwise_run() with the code named. */
void depthwise_run_as(const struct depthwise *d, enum depthwise_code code, size_t batch, const float *x, float *y);

#endif
