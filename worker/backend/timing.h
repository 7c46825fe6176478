/* Latency of a network that runs in the candidate's own process. */
#ifndef SONATA_BACKEND_TIMING_H
#define SONATA_BACKEND_TIMING_H

#include "backend/backend.h"

struct timing {
    int (*infer)(void *user); /* one inference */
    void *user;
    const char *control; /* executor of the canary network that is timed beside it; NULL: the best */
};

/* Runs the job's protocol while contention is watched, its stack placed by the job's seed; then, where a measurement has several processes, the
 * board's control network. Metrics, flags and fingerprint go into the measurement. 0, or what infer() or the control said. */
int timing_measure(const struct backend_job *job, const struct timing *t, struct measurement *m, struct sonata_error *err) SONATA_MUST_CHECK;
/* Whether a metric with that beginning is asked for. */
bool timing_wanted(const struct backend_job *job, const char *prefix);

#endif
