/* See timing.h. */
#include "backend/timing.h"

#include <string.h>

#include "backend/canary_network.h"
#include "base/clock.h"
#include "measure/latency.h"
#include "power/fingerprint.h"
#include "runtime/placement.h"

static const int64_t CONTROL_NS = 40 * SONATA_MS;

struct timed {
    const struct backend_job *job;
    const struct timing *timing;
    struct latency_result *result;
    struct sonata_error *err;
};

static int64_t raw_now(void *user)
{
    (void)user;
    return clock_raw_ns();
}

static int time_it(void *user)
{
    struct timed *t = user;
    return latency_measure(t->job->protocol, &(struct latency_target){t->timing->infer, raw_now, t->timing->user}, t->result, t->err);
}

/* The board's canary network in the same process, at the same time: what it differs by from measurement to measurement is of the moment, not of the
 * candidate (measure/spread.h). */
static int measure_control(const struct backend_job *job, const char *executor, struct measurement *m, struct sonata_error *err)
{
    double us;
    job->phase(job->phase_user, "control");
    int r = canary_on_engine(executor, CONTROL_NS, &us, err);
    if (!r)
        m->process_control_us[0] = (float)us;
    return r;
}

int timing_measure(const struct backend_job *job, const struct timing *t, struct measurement *m, struct sonata_error *err)
{
    struct latency_result result;
    struct timed timed = {job, t, &result, err};
    struct contention watch;
    job->phase(job->phase_user, "latency");
    contention_begin(&watch);
    int r = placement_on_stack(job->seed, time_it, &timed);
    if (r)
        return r;
    m->flags |= contention_end(&watch, m->fingerprint, sizeof m->fingerprint);
    latency_result_describe(&result, m->fingerprint, sizeof m->fingerprint, fingerprint_add);
    latency_result_report(&result, m);
    return job->protocol->processes > 1 ? measure_control(job, t->control, m, err) : 0;
}

bool timing_wanted(const struct backend_job *job, const char *prefix)
{
    for (uint32_t i = 0; i < job->job->n_metrics; i++) {
        if (!strncmp(job->job->metric[i], prefix, strlen(prefix)))
            return true;
    }
    return false;
}
