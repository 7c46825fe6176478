/* Collects what a host offers, and what to mend before its numbers mean something. */
#include "probe/probe.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "power/sysfs.h"
#include "probe/probe_internal.h"
#include "process/process.h"

static void advise(struct probe *p, const char *format, ...) SONATA_PRINTF(2, 3);
static void advise(struct probe *p, const char *format, ...)
{
    va_list args;
    if (p->n_advice == PROBE_ADVICE_MAX)
        return;
    va_start(args, format);
    vsnprintf(p->advice[p->n_advice++], PROBE_TEXT_MAX, format, args);
    va_end(args);
}

static uint64_t memory_of(const char *root)
{
    char path[SYSFS_PATH_MAX], text[64];
    unsigned long long kib = 0;
    if (!sysfs_join(path, sizeof path, root, "proc/meminfo") || sysfs_text(path, text, sizeof text) || sscanf(text, "MemTotal: %llu kB", &kib) != 1)
        return 0;
    return kib * 1024;
}

/* Last isolated CPU, else the last one; -1 when there is no second one to leave to the rest. */
static int choose_core(const struct cpu_state *s)
{
    const char *digits = s->isolated;
    for (const char *at = s->isolated; *at; at++)
        if (*at == ',' || *at == '-')
            digits = at + 1;
    if (*digits)
        return (int)strtol(digits, NULL, 10);
    return s->n_cpus > 1 ? (int)s->n_cpus - 1 : -1;
}

/* Opens, reads a few times, and says how fast it may be read. */
static void try_sensor(struct probe *p, const char *driver, const char *root)
{
    enum { READS = 5 };
    struct probe_sensor *s = &p->sensor[p->n_sensors];
    struct power_sensor *sensor;
    struct sonata_error err = {0};
    *s = (struct probe_sensor){0};
    copy_string(s->config.driver, sizeof s->config.driver, driver);
    copy_string(s->config.root, sizeof s->config.root, root);
    int r = power_open(&s->config, &sensor, &err);
    if (r == -ENODEV || r == -ENOENT)
        return;
    p->n_sensors++;
    if (r) {
        copy_string(s->problem, sizeof s->problem, err.text);
        return;
    }
    power_describe(sensor, &s->description);
    int64_t begin = clock_monotonic_ns(), t;
    for (int i = 0; i < READS && !r; i++)
        r = power_read(sensor, &t, &s->value, &err);
    s->read_ms = (double)(clock_monotonic_ns() - begin) / 1e6 / READS;
    power_close(sensor);
    if (r) {
        copy_string(s->problem, sizeof s->problem, err.text);
        return;
    }
    s->usable = true;
    double cheap = s->read_ms > 0 ? 10 / s->read_ms : s->description.max_hz; // 1 % of a second in ms
    s->advised_hz = fmin(s->description.max_hz, cheap);
    if (s->description.scope == POWER_SCOPE_UNKNOWN)
        copy_string(s->problem, sizeof s->problem, "say what it is wired to: scope");
}

static void collect_sensors(const char *root, struct probe *p)
{
    for (size_t i = 0; i < POWER_DETECTED && p->n_sensors < PROBE_SENSORS_MAX; i++)
        try_sensor(p, power_detected_driver[i], root);
}

static void advise_on_clock(struct probe *p)
{
    unsigned cpu = p->core < 0 ? 0 : (unsigned)p->core;
    if (cpu >= p->state.n_cpus)
        return;
    const struct cpu_clock *c = &p->state.clock[cpu];
    if (!c->governor[0])
        advise(p, "CPU %u shows no cpufreq: a virtual machine, or a fixed clock; its real clock cannot be watched here", cpu);
    else if (!cpu_state_clock_fixed(&p->state, cpu))
        advise(p,
               "CPU %u has governor %s (%lld to %lld kHz): fix the clock, e.g. echo performance > "
               "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor",
               cpu, c->governor, (long long)c->min_khz, (long long)c->max_khz, cpu);
}

static void advise_on_state(struct probe *p)
{
    const struct cpu_state *s = &p->state;
    double hottest = cpu_state_hottest(s);
    advise_on_clock(p);
    if (hottest > 60)
        advise(p, "%.1f C: the protocol starts a measurement at 60 C or below; improve the cooling", hottest);
    if (s->throttle_known && s->throttle & THROTTLE_NOW_MASK)
        advise(p, "throttled now (0x%x): supply or cooling is not good enough to measure", s->throttle);
    else if (s->throttle_known && s->throttle >> 16)
        advise(p, "was throttled since boot (0x%x)", s->throttle);
    if (s->under_voltage_alarm == 1)
        advise(p, "under-voltage alarm: use a better supply and cable");
    if (strstr(s->board, "Raspberry Pi 5") && s->supply_ma > 0 && s->supply_ma < 5000)
        advise(p, "the supply offers %lld mA, a Pi 5 wants 5000 mA", (long long)s->supply_ma);
    if (s->load1 > 0.5)
        advise(p, "load average %.2f: other programs run here; measuring cores must be free", s->load1);
    if (p->core < 0)
        advise(p, "there is a single CPU: the worker and the poller share it with the measurement");
    else if (!s->isolated[0])
        advise(p, "no isolated CPU: isolcpus=%d on the kernel command line keeps other tasks off the measuring core", p->core);
    if (!p->cgroup)
        advise(p, "no writable cgroup v2 folder: memory of tools is bounded by RLIMIT_DATA only (systemd: Delegate=yes)");
    if (!p->n_sensors)
        advise(p, "no power sensor: energy cannot be an objective here (docs/SENSORS.md lists meters to add)");
}

void probe_collect(const char *root, struct probe *p)
{
    char path[512];
    struct utsname u;
    *p = (struct probe){0};
    if (gethostname(p->host, sizeof p->host - 1) || !p->host[0])
        copy_string(p->host, sizeof p->host, "host");
    if (!uname(&u)) {
        snprintf(p->kernel, sizeof p->kernel, "%.30s %.60s", u.sysname, u.release);
        copy_string(p->machine, sizeof p->machine, u.machine);
    }
    cpu_state_read(root, CPU_STATE_COMMANDS, &p->state);
    p->memory_bytes = memory_of(root);
    p->core = choose_core(&p->state);
    p->cgroup = !process_cgroup_find(root, path, sizeof path);
    collect_sensors(root, p);
    probe_collect_ports(root, p);
    probe_collect_tools(p);
    advise_on_state(p);
}

int probe_run(FILE *out, bool json, const char *sysfs_root)
{
    struct probe *p = xcalloc(1, sizeof *p);
    probe_collect(sysfs_root ? sysfs_root : "", p);
    (json ? probe_write_json : probe_write_yaml)(out, p);
    free(p);
    return fflush(out) || ferror(out) ? -EIO : 0;
}
