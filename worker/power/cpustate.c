/* See cpustate.h; what is read where: docs/SENSORS.md, "Clock, heat and throttling". */
#include "power/cpustate.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "power/sysfs.h"
#include "process/process.h"

static void at(char path[SYSFS_PATH_MAX], const char *root, const char *rest)
{
    snprintf(path, SYSFS_PATH_MAX, "%.200s%s", root, rest);
}

static void read_clocks(const char *root, struct cpu_state *s)
{
    char base[SYSFS_PATH_MAX], name[CPU_MAX + 8][SYSFS_NAME_MAX];
    at(base, root, "/sys/devices/system/cpu");
    size_t n = sysfs_list(base, "cpu", name, CPU_MAX + 8);
    for (size_t i = 0; i < n; i++) {
        uint64_t cpu;
        if (parse_u64(name[i] + 3, 0, CPU_MAX - 1, &cpu))
            continue; // cpufreq, cpuidle
        if (cpu + 1 > s->n_cpus)
            s->n_cpus = (unsigned)cpu + 1;
        char folder[SYSFS_PATH_MAX], file[32];
        snprintf(file, sizeof file, "cpu%u/cpufreq", (unsigned)cpu);
        sysfs_join(folder, sizeof folder, base, file);
        struct cpu_clock *c = &s->clock[cpu];
        if (sysfs_text_at(folder, "scaling_governor", c->governor, sizeof c->governor))
            c->governor[0] = '\0';
        (void)sysfs_i64_at(folder, "scaling_cur_freq", &c->cur_khz);
        (void)sysfs_i64_at(folder, "scaling_min_freq", &c->min_khz);
        (void)sysfs_i64_at(folder, "scaling_max_freq", &c->max_khz);
    }
    if (sysfs_text_at(base, "isolated", s->isolated, sizeof s->isolated))
        s->isolated[0] = '\0';
}

/* A zone whose block is off answers EAGAIN or EINVAL: counted, not used. */
static void read_thermal(const char *root, struct cpu_state *s)
{
    char base[SYSFS_PATH_MAX], name[THERMAL_ZONES_MAX][SYSFS_NAME_MAX];
    at(base, root, "/sys/class/thermal");
    size_t n = sysfs_list(base, "thermal_zone", name, THERMAL_ZONES_MAX);
    for (size_t i = 0; i < n; i++) {
        char folder[SYSFS_PATH_MAX];
        int64_t milli;
        sysfs_join(folder, sizeof folder, base, name[i]);
        if (sysfs_i64_at(folder, "temp", &milli) || milli < -273150 || milli > 200000) {
            s->n_zones_failed++;
            continue;
        }
        struct thermal_zone *z = &s->zone[s->n_zones++];
        z->celsius = (double)milli / 1000;
        if (sysfs_text_at(folder, "type", z->type, sizeof z->type))
            copy_string(z->type, sizeof z->type, name[i]);
    }
}

static void read_soctherm(const char *folder, struct cpu_state *s)
{
    for (int i = 1; i <= OC_COUNTERS_MAX && s->n_oc < OC_COUNTERS_MAX; i++) {
        char file[24];
        int64_t count;
        snprintf(file, sizeof file, "oc%d_event_cnt", i);
        if (sysfs_i64_at(folder, file, &count))
            continue;
        copy_string(s->oc[s->n_oc].name, sizeof s->oc[0].name, file);
        s->oc[s->n_oc++].count = count;
    }
}

static void read_hwmon(const char *root, struct cpu_state *s)
{
    char base[SYSFS_PATH_MAX], name[64][SYSFS_NAME_MAX];
    at(base, root, "/sys/class/hwmon");
    size_t n = sysfs_list(base, "hwmon", name, 64);
    for (size_t i = 0; i < n; i++) {
        char folder[SYSFS_PATH_MAX], type[SYSFS_NAME_MAX];
        int64_t alarm;
        sysfs_join(folder, sizeof folder, base, name[i]);
        if (sysfs_text_at(folder, "name", type, sizeof type))
            continue;
        if (!strcmp(type, "rpi_volt") && !sysfs_i64_at(folder, "in0_lcrit_alarm", &alarm))
            s->under_voltage_alarm = alarm != 0;
        else if (!strcmp(type, "soctherm_oc"))
            read_soctherm(folder, s);
    }
}

/* First "model name" (x86) or "Model"-less ARM: "CPU part" is all there is, so the device tree's model says more. */
static void read_names(const char *root, struct cpu_state *s)
{
    char path[SYSFS_PATH_MAX], line[512];
    at(path, root, "/proc/device-tree/model");
    s->device_tree = !sysfs_text(path, s->board, sizeof s->board);
    if (!s->device_tree) {
        at(path, root, "/sys/class/dmi/id/product_name");
        if (sysfs_text(path, s->board, sizeof s->board))
            s->board[0] = '\0';
    }
    at(path, root, "/proc/cpuinfo");
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "model name", 10) && strncmp(line, "Model", 5) && strncmp(line, "CPU part", 8))
            continue;
        const char *value = strchr(line, ':');
        if (!value)
            continue;
        value += 1 + strspn(value + 1, " \t");
        line[strcspn(line, "\n")] = '\0';
        snprintf(s->cpu, sizeof s->cpu, "%s%.100s", line[0] == 'C' ? "ARM part " : "", value);
        if (line[0] == 'm')
            break;
    }
    if (f)
        fclose(f);
}

static void read_load(const char *root, struct cpu_state *s)
{
    char path[SYSFS_PATH_MAX], text[128];
    s->load1 = -1;
    s->runnable = -1;
    at(path, root, "/proc/loadavg");
    double load[3];
    int running;
    if (!sysfs_text(path, text, sizeof text) && sscanf(text, "%lf %lf %lf %d/", &load[0], &load[1], &load[2], &running) == 4) {
        s->load1 = load[0];
        s->runnable = running;
    }
}

/* Big-endian u32 in mA. */
static void read_supply(const char *root, struct cpu_state *s)
{
    char path[SYSFS_PATH_MAX];
    uint8_t raw[4];
    at(path, root, "/proc/device-tree/chosen/power/max_current");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, raw, sizeof raw) == sizeof raw)
        s->supply_ma = (int64_t)raw[0] << 24 | raw[1] << 16 | raw[2] << 8 | raw[3];
    close(fd);
}

int throttle_parse(const char *text, uint32_t *ret_bits)
{
    const char *p = strstr(text, "throttled=0x");
    if (!p)
        return -EBADMSG;
    char *end;
    unsigned long v = strtoul(p + 12, &end, 16);
    if (end == p + 12 || v > UINT32_MAX || (*end && *end != '\n' && *end != '\r'))
        return -EBADMSG;
    *ret_bits = (uint32_t)v;
    return 0;
}

int nvpmodel_parse(const char *text, char *name, size_t size)
{
    const char *p = strstr(text, "NV Power Mode:");
    if (!p)
        return -EBADMSG;
    p += strlen("NV Power Mode:");
    p += strspn(p, " \t");
    size_t n = strcspn(p, "\r\n");
    if (!n || n >= size)
        return -EBADMSG;
    memcpy(name, p, n);
    name[n] = '\0';
    return 0;
}

/* Output of a tool that is on PATH; false when it is not or failed. */
static bool ask(const char *const *argv, struct process_result *ret)
{
    char path[512];
    struct process_limits limits = {.time_ns = 2 * SONATA_SECOND, .grace_ns = 200 * SONATA_MS, .output_max = 16384};
    if (!command_find(argv[0], path, sizeof path) || process_run(argv, &limits, ret, NULL))
        return false;
    if (ret->end == PROCESS_EXITED)
        return true;
    process_result_fini(ret);
    return false;
}

static void ask_tools(struct cpu_state *s)
{
    const char *throttled[] = {"vcgencmd", "get_throttled", NULL}, *mode[] = {"nvpmodel", "-q", NULL};
    struct process_result r;
    if (ask(throttled, &r)) {
        s->throttle_known = !throttle_parse((const char *)r.out.data, &s->throttle);
        process_result_fini(&r);
    }
    if (ask(mode, &r)) {
        if (nvpmodel_parse((const char *)r.out.data, s->power_mode, sizeof s->power_mode))
            s->power_mode[0] = '\0';
        process_result_fini(&r);
    }
}

void cpu_state_read(const char *root, enum cpu_state_what what, struct cpu_state *ret_state)
{
    struct cpu_state *s = ret_state;
    *s = (struct cpu_state){.under_voltage_alarm = -1};
    root = root ? root : "";
    read_names(root, s);
    read_clocks(root, s);
    read_thermal(root, s);
    read_hwmon(root, s);
    read_load(root, s);
    read_supply(root, s);
    if (what & CPU_STATE_COMMANDS)
        ask_tools(s);
}

double cpu_state_hottest(const struct cpu_state *s)
{
    double hottest = -INFINITY;
    for (unsigned i = 0; i < s->n_zones; i++)
        hottest = fmax(hottest, s->zone[i].celsius);
    return hottest;
}

bool cpu_state_clock_fixed(const struct cpu_state *s, unsigned cpu)
{
    if (cpu >= s->n_cpus)
        return false;
    const struct cpu_clock *c = &s->clock[cpu];
    return !strcmp(c->governor, "performance") || (c->min_khz > 0 && c->min_khz == c->max_khz);
}

static const char *throttle_reason(const struct cpu_state *before, const struct cpu_state *after)
{
    if (after->under_voltage_alarm == 1)
        return "under_voltage";
    if (!after->throttle_known)
        return NULL;
    uint32_t fresh = before->throttle_known ? (after->throttle & ~before->throttle) >> 16 : 0;
    uint32_t bits = (after->throttle | fresh) & THROTTLE_NOW_MASK;
    if (bits & THROTTLE_UNDER_VOLTAGE)
        return "under_voltage";
    if (bits & THROTTLE_NOW)
        return "throttled";
    if (bits & (THROTTLE_FREQ_CAPPED | THROTTLE_SOFT_TEMP))
        return "freq_capped";
    return NULL;
}

static bool over_current(const struct cpu_state *before, const struct cpu_state *after)
{
    for (unsigned i = 0; i < after->n_oc; i++)
        for (unsigned j = 0; j < before->n_oc; j++)
            if (!strcmp(after->oc[i].name, before->oc[j].name) && after->oc[i].count > before->oc[j].count)
                return true;
    return false;
}

const char *cpu_state_changed(const struct cpu_state *before, const struct cpu_state *after, unsigned cpu)
{
    const char *why = throttle_reason(before, after);
    if (why)
        return why;
    if (over_current(before, after))
        return "over_current";
    if (strcmp(before->power_mode, after->power_mode) && after->power_mode[0] && before->power_mode[0])
        return "power_mode";
    if (cpu < after->n_cpus && cpu < before->n_cpus && cpu_state_clock_fixed(before, cpu)) {
        const struct cpu_clock *c = &after->clock[cpu];
        int64_t set = before->clock[cpu].max_khz;
        /* With turbo the momentary clock of a PC lies anywhere below the limit also under governor performance. */
        bool exact = before->device_tree || before->clock[cpu].min_khz == set;
        if (!cpu_state_clock_fixed(after, cpu) || c->max_khz != set || (exact && c->cur_khz > 0 && (double)c->cur_khz < 0.99 * (double)set))
            return "frequency";
    }
    return NULL;
}

