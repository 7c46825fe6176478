/* See session.h.
 *
 * Flow: poller starts -> per repetition: sleep (idle), load (active), sleep (trailing), wait for a sample past the end, evaluate; a repetition whose
 * idle drifted is done once more and the second one counts -> medians. Samples of the active window are jittered by the poller, so a periodic
 * inference does not alias. */
#include "power/session.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

int energy_protocol_of(enum tier tier, struct energy_protocol *ret_protocol)
{
    if (tier != TIER_SEARCH && tier != TIER_REPORT)
        return -ENOENT;
    *ret_protocol = (struct energy_protocol){
        .idle_s = 10, .active_s = 10, .trailing_s = 5, .repeats = 5, .accept_share = 0.03, .limits = energy_limits_default()};
    if (tier == TIER_SEARCH)
        ret_protocol->repeats = 1;
    return 0;
}

struct session {
    const struct energy_protocol *protocol;
    const struct energy_load *load;
    struct poller *poller;
    struct power_description sensor;
};

static struct energy_span rest(double seconds)
{
    struct energy_span span = {.from_ns = clock_monotonic_ns()};
    clock_sleep_ns((int64_t)(seconds * 1e9));
    span.to_ns = clock_monotonic_ns();
    return span;
}

static int work(const struct session *s, struct energy_span *ret_span, uint64_t *ret_inferences, struct sonata_error *err)
{
    struct energy_span span = {.from_ns = clock_monotonic_ns()};
    /* A little longer than asked for, so that the window is not short by a rounding. */
    int r = s->load->run(s->load->user, span.from_ns + (int64_t)(s->protocol->active_s * 1e9) + 1, ret_inferences);
    span.to_ns = clock_monotonic_ns();
    if (r)
        return sonata_error_set(err, r, "energy: the load failed: %s", strerror(-r));
    *ret_span = span;
    return 0;
}

static int repetition(struct session *s, enum energy_verdict *ret_verdict, struct energy_result *ret_result, struct sonata_error *err)
{
    struct energy_input in = {.counter = s->sensor.kind == POWER_KIND_COUNTER, .period_ns = poller_period_ns(s->poller), .lsb_mw = s->sensor.lsb_mw};
    in.idle = rest(s->protocol->idle_s);
    int r = work(s, &in.active, &in.inferences, err);
    if (r)
        return r;
    in.trailing = s->protocol->trailing_s > 0 ? rest(s->protocol->trailing_s) : (struct energy_span){0};
    int64_t end = in.trailing.to_ns ? in.trailing.to_ns : in.active.to_ns;
    /* One reading more than needed: the one at the border may fail. Not reached: the evaluation says so. */
    poller_wait_until(s->poller, end + 2 * in.period_ns, 5 * in.period_ns + SONATA_SECOND);
    if (!poller_alive(s->poller))
        return sonata_error_set(err, -EPIPE, "energy: the sampling process died");
    struct energy_sample *samples;
    in.n = poller_samples(s->poller, &samples);
    in.samples = samples;
    *ret_verdict = energy_evaluate(&in, &s->protocol->limits, ret_result);
    free(samples);
    return 0;
}

static void summarise(const struct session *s, const struct energy_result *result, unsigned n, struct energy_record *record)
{
    double total[ENERGY_REPEATS_MAX], dynamic[ENERGY_REPEATS_MAX], idle[ENERGY_REPEATS_MAX], active[ENERGY_REPEATS_MAX];
    for (unsigned i = 0; i < n; i++) {
        total[i] = result[i].total_uj;
        dynamic[i] = result[i].dynamic_uj;
        idle[i] = result[i].idle_mw;
        active[i] = result[i].active_mw;
        record->samples += result[i].quality.n_good;
        record->hz = result[i].quality.hz;
        record->quantisation_pct = result[i].quantisation_pct;
    }
    record->total_uj = energy_summarise(total, n, s->protocol->accept_share);
    record->dynamic_uj = energy_summarise(dynamic, n, s->protocol->accept_share);
    record->idle_mw = energy_summarise(idle, n, 1).median;
    record->active_mw = energy_summarise(active, n, 1).median;
    record->repeats = n;
}

static int run(struct session *s, struct energy_record *record, struct sonata_error *err)
{
    struct energy_result result[ENERGY_REPEATS_MAX];
    unsigned n = 0;
    while (n < s->protocol->repeats) {
        enum energy_verdict verdict = ENERGY_OK;
        int r = repetition(s, &verdict, &result[n], err);
        if (!r && verdict == ENERGY_OK && result[n].idle_drift)
            r = repetition(s, &verdict, &result[n], err);
        if (r)
            return r;
        record->idle_drift |= result[n].idle_drift;
        n++;
        if (verdict != ENERGY_OK) {
            record->verdict = verdict;
            break;
        }
    }
    summarise(s, result, n, record);
    return 0;
}

int energy_session(const struct power_config *config, const struct energy_protocol *protocol, struct energy_poller poller,
                   const struct energy_load *load, struct energy_record *ret_record, struct sonata_error *err)
{
    if (protocol->repeats < 1 || protocol->repeats > ENERGY_REPEATS_MAX || !(protocol->idle_s > 0) || !(protocol->active_s > 0))
        return sonata_error_set(err, -EINVAL, "energy protocol: idle, active and 1 to %d repetitions are needed", ENERGY_REPEATS_MAX);
    struct session s = {.protocol = protocol, .load = load};
    struct energy_record record = {0};
    int r = poller_start(config, &(struct poller_options){.jitter = 0.2, .core = poller.core, .seed = poller.seed}, &s.poller, err);
    if (r)
        return r;
    poller_description(s.poller, &s.sensor);
    record.sensor = s.sensor;
    clock_sleep_ns(3 * poller_period_ns(s.poller)); // the first border is covered also when a reading fails
    r = run(&s, &record, err);
    record.poller_share = (double)poller_cost_ns(s.poller) / (double)poller_period_ns(s.poller);
    poller_stop(s.poller);
    if (!r)
        *ret_record = record;
    return r;
}
