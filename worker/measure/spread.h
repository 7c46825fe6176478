/* What a board learns about how far one process differs from the next: the prior of domain/interval.h, fitted to the sample variances of all its
 * measurements.
 *
 * The variance v of a network is not the same for all: v0 / v ~ chi-square(f0) / f0. Of a measurement in P processes d = P - 1, e = log S^2 -
 * psi(d/2) + log(d/2) has the mean log v0 - psi(f0/2) + log(f0/2) and the variance psi'(d/2) + psi'(f0/2); so v0 and f0 follow from the mean and
 * variance of e over the measurements (Smyth 2004, section 6.2, "Estimation of hyperparameters"). Until there are many, both lean on assumptions that
 * are worth a few measurements (SPREAD_ASSUMED…); old measurements fade, so that a board that changed is learned anew. Pure. */
#ifndef SONATA_MEASURE_SPREAD_H
#define SONATA_MEASURE_SPREAD_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "domain/interval.h"

/* Sums over measurements, each with a weight that fades. Zeroed: nothing learned. */
struct spread {
    double weight;       /* number of measurements, faded */
    double sum, squares; /* of e and e^2 */
    double sampling;     /* of psi'(d/2) */
    /* The control network (struct measurement): its mean over the processes of one measurement. */
    double control_weight, control_mean, control_variance; /* of the logarithm, from one measurement to the next */
    double control_within;                                 /* what of that the processes explain: mean of S^2 / P */
};

/* Takes in one measurement: the values of its n >= 2 processes, positive and finite. Of one process nothing is learned. */
void spread_learn(struct spread *s, const double *value, unsigned n);
/* Takes in the control network's times beside them: what of their means differs from measurement to measurement by more than the processes explain is
 * of the moment. Of one process, or where a time is 0, nothing is learned. */
void spread_learn_control(struct spread *s, const double *value, unsigned n);
/* What is known now. */
struct process_prior spread_prior(const struct spread *s);

/* The n of a board's tiers, appended to its other saved state: version 2, their number, the sums. */
void spreads_encode(const struct spread *s, size_t n, struct bytes *out);
/* Nothing left to read, or a version or number of another program: nothing was learned. -EBADMSG when one is not what spread_learn() could have made;
 * ret_spread is then untouched. */
int spreads_decode(struct reader *in, size_t n, struct spread *ret_spread, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
