/* Clocks, heat and throttling of this host, as the kernel and the board's tools tell them: for fingerprints, preflight and post-check. Reads only.
 * Missing sources leave their fields at "unknown"; nothing here fails. */
#ifndef SONATA_POWER_CPUSTATE_H
#define SONATA_POWER_CPUSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPU_MAX = 128, THERMAL_ZONES_MAX = 32, OC_COUNTERS_MAX = 8 };

enum cpu_state_what {
    CPU_STATE_FILES = 0,    /* sysfs and procfs only: cheap, no child processes */
    CPU_STATE_COMMANDS = 1, /* also vcgencmd and nvpmodel when they are on PATH (each bounded to 2 s) */
};

/* Bits of vcgencmd get_throttled. The sticky half is cleared by others too: compare with a baseline, look at the low half often. */
enum throttle_bit {
    THROTTLE_UNDER_VOLTAGE = 1,
    THROTTLE_FREQ_CAPPED = 2,
    THROTTLE_NOW = 4,
    THROTTLE_SOFT_TEMP = 8,
    THROTTLE_NOW_MASK = 15,
};

struct cpu_clock {
    char governor[24];                    /* "" unknown */
    int64_t cur_khz, min_khz, max_khz;    /* 0 unknown; min and max are the scaling limits */
};

struct thermal_zone {
    char type[40];
    double celsius;
};

struct cpu_state {
    char board[128];                      /* device tree model, or DMI product name, "" unknown */
    bool device_tree;                     /* a board of this kind: its clock is what cpufreq says, no turbo */
    char cpu[128];                        /* model name, "" unknown */
    unsigned n_cpus;                      /* present CPUs, numbered from 0 */
    struct cpu_clock clock[CPU_MAX];
    char isolated[64];                    /* CPU list of isolcpus, "" none */
    unsigned n_zones;
    struct thermal_zone zone[THERMAL_ZONES_MAX];
    unsigned n_zones_failed;              /* zones whose block is off */
    bool throttle_known;
    uint32_t throttle;                    /* enum throttle_bit and, 16 bits higher, "has happened" */
    int under_voltage_alarm;              /* hwmon rpi_volt in0_lcrit_alarm; -1 unknown */
    unsigned n_oc;
    struct {
        char name[24];                    /* "oc1_event_cnt" */
        int64_t count;
    } oc[OC_COUNTERS_MAX];                /* Jetson soctherm over-current events, cumulative */
    char power_mode[48];                  /* nvpmodel mode by name, "" unknown */
    int64_t supply_ma;                    /* Pi: current the supply can give; 0 unknown */
    double load1;                         /* 1-minute load; -1 unknown */
    int runnable;                         /* runnable tasks now, ourselves included; -1 unknown */
};

/* root "" is the real system. */
void cpu_state_read(const char *root, enum cpu_state_what what, struct cpu_state *ret_state);
/* Hottest zone in Celsius, -INFINITY without zones. */
double cpu_state_hottest(const struct cpu_state *s);
/* Whether CPU i runs at a fixed clock: governor performance, or min = max. Unknown clocks (virtual machines) count as not fixed. */
bool cpu_state_clock_fixed(const struct cpu_state *s, unsigned cpu);
/* "throttled=0x50005" -> bits; -EBADMSG otherwise. Pure. */
int throttle_parse(const char *text, uint32_t *ret_bits);
/* Mode name of `nvpmodel -q` ("NV Power Mode: MAXN"); -EBADMSG otherwise. Pure. */
int nvpmodel_parse(const char *text, char *name, size_t size);
/* What happened between two states, for the post-check on CPU `cpu`: "throttled", "under_voltage", "over_current", "freq_capped", "frequency",
 * "power_mode"; NULL: nothing. */
const char *cpu_state_changed(const struct cpu_state *before, const struct cpu_state *after, unsigned cpu);

#endif
