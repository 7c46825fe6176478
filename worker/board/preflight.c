/* See preflight.h. */
#include "board/preflight.h"

#include <stdio.h>
#include <string.h>

#include "power/fingerprint.h"
#include "base/clock.h"
#include "domain/metric.h"

double preflight_limit_celsius(const struct board_config *config, const struct cpu_state *s)
{
    if (config->max_celsius > 0)
        return config->max_celsius;
    return s->device_tree ? 60 : 85;
}

static bool fit_to_measure(const struct cpu_state *s, char reason[PREFLIGHT_REASON_MAX])
{
    if (s->throttle_known && s->throttle & THROTTLE_NOW_MASK)
        snprintf(reason, PREFLIGHT_REASON_MAX, "throttled: the firmware says 0x%x", s->throttle);
    else if (s->under_voltage_alarm == 1)
        snprintf(reason, PREFLIGHT_REASON_MAX, "under_voltage: the supply is too weak");
    else
        return true;
    return false;
}

bool preflight(const struct board_config *config, int64_t wait_ns, struct cpu_state *ret_before, char reason[PREFLIGHT_REASON_MAX])
{
    int64_t end = clock_monotonic_ns() + wait_ns;
    cpu_state_read(config->sysfs, CPU_STATE_COMMANDS, ret_before);
    double limit = preflight_limit_celsius(config, ret_before);
    while (cpu_state_hottest(ret_before) > limit) {
        if (clock_monotonic_ns() >= end) {
            snprintf(reason, PREFLIGHT_REASON_MAX, "too_hot: %.1f C after %.0f s of waiting, %.0f C is the limit", cpu_state_hottest(ret_before),
                     (double)wait_ns / 1e9, limit);
            return false;
        }
        clock_sleep_ns(wait_ns < SONATA_SECOND ? wait_ns / 4 + 1 : SONATA_SECOND);
        cpu_state_read(config->sysfs, CPU_STATE_COMMANDS, ret_before);
    }
    return fit_to_measure(ret_before, reason);
}

static unsigned measuring_core(const struct board_config *config)
{
    return config->core < 0 ? 0 : (unsigned)config->core;
}

bool postcheck(const struct board_config *config, const struct cpu_state *before, const struct cpu_state *after, char reason[PREFLIGHT_REASON_MAX])
{
    const char *changed = cpu_state_changed(before, after, measuring_core(config));
    if (changed)
        snprintf(reason, PREFLIGHT_REASON_MAX, "%s: changed while it was measured", changed);
    return !changed;
}

const char *flags_invalidate(uint32_t flags, enum tier tier)
{
    if (flags & FLAG_THROTTLED)
        return "throttled: the kernel counted throttle events while it was measured";
    if (flags & FLAG_CONTENDED && tier != TIER_SCREEN)
        return "contended: others had more than 3 % of the core's time";
    return NULL;
}

static int64_t events(const struct cpu_state *s)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < s->n_oc; i++)
        sum += s->oc[i].count;
    return sum;
}

void preflight_describe(const struct board_config *config, const struct cpu_state *before, const struct cpu_state *after, char *text, size_t size)
{
    unsigned core = measuring_core(config);
    if (core < before->n_cpus && before->clock[core].max_khz > 0) {
        fingerprint_add(text, size, "clock_set_khz=%lld", (long long)before->clock[core].max_khz);
        fingerprint_add(text, size, "clock_fixed=%s", cpu_state_clock_fixed(before, core) ? "yes" : "no");
    }
    if (before->throttle_known && after->throttle_known)
        fingerprint_add(text, size, "throttle_bits=0x%x 0x%x", before->throttle, after->throttle);
    if (before->n_oc)
        fingerprint_add(text, size, "over_current_events=%lld", (long long)(events(after) - events(before)));
    if (before->power_mode[0])
        fingerprint_add(text, size, "power_mode=%s", before->power_mode);
}
