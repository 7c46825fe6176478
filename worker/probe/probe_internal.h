/* Findings, and the two ways of writing them. */
#ifndef SONATA_PROBE_INTERNAL_H
#define SONATA_PROBE_INTERNAL_H

#include "power/cpustate.h"
#include "power/power.h"
#include "probe/probe.h"

enum { PROBE_SENSORS_MAX = 16, PROBE_PORTS_MAX = 32, PROBE_TOOLS_MAX = 24, PROBE_ADVICE_MAX = 16, PROBE_TEXT_MAX = 240 };

struct probe_sensor {
    struct power_config config;
    struct power_description description;
    bool usable;
    double read_ms;                 /* cost of one reading */
    double advised_hz;              /* at most 1 % of the time spent reading, and the driver's limit */
    double value;                   /* one reading: mW, or uJ since opening */
    char problem[PROBE_TEXT_MAX];   /* "" when usable */
};

struct probe_port {
    char path[256];
    char name[64];                  /* answer to name%, "" none */
    char problem[PROBE_TEXT_MAX];
};

struct probe_tool {
    char name[32], path[256], version[96];
};

struct probe {
    char host[64], kernel[96], machine[32];
    uint64_t memory_bytes;
    struct cpu_state state;
    int core;                       /* advised measuring core; -1: only one CPU */
    bool cgroup;
    unsigned n_sensors, n_ports, n_tools, n_advice;
    struct probe_sensor sensor[PROBE_SENSORS_MAX];
    struct probe_port port[PROBE_PORTS_MAX];
    struct probe_tool tool[PROBE_TOOLS_MAX];
    char advice[PROBE_ADVICE_MAX][PROBE_TEXT_MAX];
};

/* Fills *ret_probe with what is found below root ("": the real system). What cannot be read is left out. */
void probe_collect(const char *root, struct probe *ret_probe);
/* Adds the external tools on PATH and their versions; runs each for at most a few seconds. */
void probe_collect_tools(struct probe *p);
/* Adds the serial ports below root and what answers there. */
void probe_collect_ports(const char *root, struct probe *p);
/* The findings as a worker.yaml to edit. */
void probe_write_yaml(FILE *out, const struct probe *p);
/* The findings as one JSON object. */
void probe_write_json(FILE *out, const struct probe *p);
/* The configuration alone, without comments, into text[size]. */
void probe_config_yaml(const struct probe *p, char *text, size_t size);
/* Lower-case letters, digits and dashes of a name, for board types: "Raspberry Pi 5 Model B Rev 1.0" -> "raspberry-pi-5-model-b-rev-1-0". */
void probe_slug(const char *name, char *slug, size_t size);

#endif
