/* Batch-norm statistics of a sub-network, measured on pictures: inherited ones belong to no sub-network in particular (Yu and Huang, ICCV 2019). The
 * way of measuring is part of the result, so it is data: published supernets come with one each. */
#ifndef SONATA_ELASTIC_CALIBRATE_H
#define SONATA_ELASTIC_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "domain/elastic.h"
#include "supernet/supernet.h"

/* Every batch passes the network normalised by its own mean and (biased) variance; what is kept is the average over batches, weighted by their sizes.
 */
struct calibration {
    size_t pictures, batch;
    bool unbiased; /* variances of a batch times n / (n - 1), as AttentiveNAS; else as once-for-all */
    unsigned threads;
    size_t bytes_max; /* 0: no limit */
    /* Fills [count, channels, size, size] floats with pictures first .. first + count - 1. 0 or -errno. */
    int (*fill)(void *context, size_t first, size_t count, float *out, struct sonata_error *err);
    void *context;
};

/* Bytes that elastic_calibrate() needs at most, beside the supernet. */
size_t elastic_calibrate_bytes(const struct elastic_plan *p, size_t batch);
/* Statistics as in elastic_graph.h into ret_statistics[elastic_statistics_size(p)]. -ENOMEM: more than bytes_max, with how many; what the pictures or
 * the engine say. */
int elastic_calibrate(const struct supernet *n, const struct elastic_plan *p, const struct calibration *c, float *ret_statistics,
                      struct sonata_error *err) SONATA_MUST_CHECK;

#endif
