/* See energy.h. */
#include "backend/energy.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "power/fingerprint.h"
#include "base/clock.h"
#include "base/memory.h"
#include "power/session.h"

const char *const energy_metric[ENERGY_METRICS] = {"energy", "energy_dynamic", "power_idle", "power_active"};

bool is_energy_metric(const char *name)
{
    for (size_t i = 0; i < ENERGY_METRICS; i++)
        if (!strcmp(energy_metric[i], name))
            return true;
    return false;
}

int energy_possible(const struct board_config *config, enum tier tier, struct sonata_error *err)
{
    if (!power_configured(&config->power))
        return sonata_error_set(err, -EINVAL, "board '%s' has no power sensor: it does not supply energy", config->id);
    struct energy_protocol p;
    if (energy_protocol_of(tier, &p))
        return sonata_error_set(err, -EINVAL, "tier '%s' takes no energy: use search or report", tier_name(tier));
    return 0;
}

/* Windows of the tier, shortened with the board's latency windows (a farm of pretended boards does that). */
static struct energy_protocol protocol_of(const struct backend_job *job)
{
    struct energy_protocol p = {0};
    if (energy_protocol_of(job->tier, &p))
        return p; /* energy_possible() was asked before */
    double active_s = fmin(p.active_s, 5 * (double)job->protocol->window_ns / 1e9), share = active_s / p.active_s;
    if (share < 1) {
        p.active_s = active_s;
        p.idle_s *= share;
        p.trailing_s *= share;
        p.limits.active_ns = (int64_t)((double)p.limits.active_ns * share);
        p.limits.idle_ns = (int64_t)((double)p.limits.idle_ns * share);
        p.limits.trailing_ns = (int64_t)((double)p.limits.trailing_ns * share);
        p.limits.samples = (size_t)(ceil((double)p.limits.samples * share * 0.5));
    }
    return p;
}

struct load {
    int (*infer)(void *user);
    void *user;
};

static int run_load(void *user, int64_t until_ns, uint64_t *ret_inferences)
{
    const struct load *l = user;
    uint64_t n = 0;
    int r = 0;
    while (!r && clock_monotonic_ns() < until_ns) {
        r = l->infer(l->user);
        n++;
    }
    *ret_inferences = n;
    return r;
}

/* Any CPU but the measuring one; -1 when there is none. */
static int poller_core(int measuring)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        return -1;
    return measuring == 0 ? 1 : 0;
}

static void report(const struct energy_record *e, struct measurement *m)
{
    char text[600];
    const double mj = 1e-3; /* µJ to mJ */
    measurement_add(m, "energy", e->total_uj.median * mj, e->total_uj.low * mj, e->total_uj.high * mj, e->repeats);
    measurement_add(m, "energy_dynamic", e->dynamic_uj.median * mj, e->dynamic_uj.low * mj, e->dynamic_uj.high * mj, e->repeats);
    measurement_add(m, "power_idle", e->idle_mw, e->idle_mw, e->idle_mw, e->repeats);
    measurement_add(m, "power_active", e->active_mw, e->active_mw, e->active_mw, e->repeats);
    if (!e->total_uj.accepted)
        m->flags |= FLAG_NOISY;
    power_format(&e->sensor, text, sizeof text);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "energy_sensor=%.200s", text);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "energy_samples=%zu", e->samples);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "energy_hz=%.1f", e->hz);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "energy_idle_drift=%d", e->idle_drift);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "energy_quantisation_pct=%.2f", e->quantisation_pct);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "energy_poller_share=%.4f", e->poller_share);
}

int energy_measure(const struct board_config *config, const struct backend_job *job, int (*infer)(void *user), void *user, struct measurement *m,
                   struct sonata_error *err)
{
    struct power_config power = config->power;
    struct energy_protocol protocol = protocol_of(job);
    struct load load = {infer, user};
    struct energy_record record;
    int r = energy_possible(config, job->tier, err);
    if (r)
        return r;
    if (!power.root[0] && !copy_string(power.root, sizeof power.root, config->sysfs))
        return sonata_error_set(err, -EINVAL, "board '%s': sysfs is too long", config->id);
    job->phase(job->phase_user, "energy");
    int64_t start = clock_monotonic_ns();
    r = energy_session(&power, &protocol, (struct energy_poller){poller_core(config->core), job->job->attempt},
                       &(struct energy_load){run_load, &load}, &record, err);
    fingerprint_add(m->fingerprint, sizeof m->fingerprint, "energy_ms=%lld", (long long)((clock_monotonic_ns() - start) / SONATA_MS));
    if (r)
        measurement_fail(m, OUTCOME_INFRA, "%s", err->text);
    else if (record.verdict != ENERGY_OK)
        measurement_fail(m, OUTCOME_INVALID, "%s", energy_verdict_name(record.verdict));
    else
        report(&record, m);
    return 0;
}
