/* See fingerprint.h. Everything is read from /proc and /sys without privileges; what is absent is left out of the fingerprint. */
#include "power/fingerprint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "domain/metric.h"

enum { ZONES_MAX = 32 };

/* First line of root/path without its end; false when there is none. */
static bool read_line(const char *root, const char *path, char *text, size_t size)
{
    char full[512];
    if ((size_t)snprintf(full, sizeof full, "%s%s", root, path) >= sizeof full)
        return false;
    FILE *f = fopen(full, "re");
    bool ok = f && fgets(text, (int)size, f);
    if (f)
        fclose(f);
    if (ok)
        text[strcspn(text, "\n")] = '\0';
    return ok;
}

static int64_t read_number(const char *root, const char *path)
{
    char text[64];
    int64_t v;
    return read_line(root, path, text, sizeof text) && !parse_i64(text, 0, INT64_MAX, &v) ? v : -1;
}

static int64_t hottest_zone(const char *root)
{
    int64_t hottest = -1;
    for (int i = 0; i < ZONES_MAX; i++) {
        char path[96];
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/temp", i);
        int64_t t = read_number(root, path);
        hottest = t > hottest ? t : hottest;
    }
    return hottest;
}

static int64_t involuntary_switches(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) ? -1 : u.ru_nivcsw;
}

void conditions_read(struct conditions *c, const char *root, int core)
{
    char path[128], text[128];
    int cpu = core < 0 ? 0 : core;
    *c = (struct conditions){.involuntary = involuntary_switches(), .load1 = -1};
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
    c->clock_khz = read_number(root, path);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/thermal_throttle/core_throttle_count", cpu);
    c->throttle_count = read_number(root, path);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);
    if (read_line(root, path, text, sizeof text))
        copy_string(c->governor, sizeof c->governor, text);
    c->temperature_mc = hottest_zone(root);
    if (read_line(root, "/proc/loadavg", text, sizeof text)) {
        char *end;
        c->load1 = strtod(text, &end);
    }
}

void fingerprint_add(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    char line[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0 || used + strlen(line) + 2 > size)
        return; /* whole lines only */
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < 32 || *c == 127)
            *c = ' ';
    }
    snprintf(text + used, size - used, "%s\n", line);
}

/* "model name" (x86), "Model" or "CPU part" (arm) of /proc/cpuinfo. */
static void cpu_model(char *model, size_t size)
{
    static const char *const key[] = {"model name", "Model", "CPU part"};
    char line[256];
    model[0] = '\0';
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f && !model[0] && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *colon = strchr(line, ':');
        for (size_t i = 0; colon && i < sizeof key / sizeof *key; i++) {
            if (!strncmp(line, key[i], strlen(key[i])))
                copy_string(model, size, colon[1] ? colon + 2 : "");
        }
    }
    if (f)
        fclose(f);
}

void fingerprint_host(char *text, size_t size, const struct conditions *c, int core)
{
    struct utsname u;
    char model[128];
    fingerprint_add(text, size, "software=sonata-worker %s", SONATA_VERSION);
    if (!uname(&u))
        fingerprint_add(text, size, "kernel=%s %s", u.release, u.machine);
    cpu_model(model, sizeof model);
    fingerprint_add(text, size, "cpu=%s", model);
    fingerprint_add(text, size, "cores=%ld", sysconf(_SC_NPROCESSORS_ONLN));
    if (core >= 0)
        fingerprint_add(text, size, "core=%d", core);
    if (c->governor[0])
        fingerprint_add(text, size, "governor=%s", c->governor);
    if (c->clock_khz >= 0)
        fingerprint_add(text, size, "clock_khz=%lld", (long long)c->clock_khz);
    if (c->temperature_mc >= 0)
        fingerprint_add(text, size, "temperature_c=%.1f", (double)c->temperature_mc / 1000);
    if (c->load1 >= 0)
        fingerprint_add(text, size, "load1=%.2f", c->load1);
}

uint32_t fingerprint_changes(char *text, size_t size, const struct conditions *before, const struct conditions *after)
{
    if (after->clock_khz >= 0)
        fingerprint_add(text, size, "clock_after_khz=%lld", (long long)after->clock_khz);
    if (after->temperature_mc >= 0)
        fingerprint_add(text, size, "temperature_after_c=%.1f", (double)after->temperature_mc / 1000);
    if (before->throttle_count < 0 || after->throttle_count < 0)
        return 0;
    fingerprint_add(text, size, "throttle_events=%lld", (long long)(after->throttle_count - before->throttle_count));
    return after->throttle_count > before->throttle_count ? FLAG_THROTTLED : 0;
}

void contention_begin(struct contention *c)
{
    *c = (struct contention){.wall_ns = clock_monotonic_ns(), .cpu_ns = clock_cpu_ns(), .involuntary = involuntary_switches()};
}

uint32_t contention_end(const struct contention *c, char *text, size_t size)
{
    double wall = (double)(clock_monotonic_ns() - c->wall_ns), cpu = (double)(clock_cpu_ns() - c->cpu_ns);
    double foreign = wall > 0 && cpu < wall ? 1 - cpu / wall : 0;
    fingerprint_add(text, size, "foreign_share=%.4f", foreign);
    fingerprint_add(text, size, "involuntary_switches=%lld", (long long)(involuntary_switches() - c->involuntary));
    return foreign * 1000 > CONTENTION_LIMIT_PERMILLE ? FLAG_CONTENDED : 0;
}
