/* Findings as a commented worker.yaml and as JSON. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "probe/probe_internal.h"

void probe_slug(const char *name, char *slug, size_t size)
{
    size_t n = 0;
    for (const char *p = name; *p && n + 1 < size; p++) {
        if (isalnum((unsigned char)*p))
            slug[n++] = (char)tolower((unsigned char)*p);
        else if (n && slug[n - 1] != '-')
            slug[n++] = '-';
    }
    while (n && slug[n - 1] == '-')
        n--;
    slug[n] = '\0';
}

/* The sensor a worker should use: the first usable one. */
static const struct probe_sensor *best_sensor(const struct probe *p)
{
    for (unsigned i = 0; i < p->n_sensors; i++)
        if (p->sensor[i].usable)
            return &p->sensor[i];
    return NULL;
}

static void board_names(const struct probe *p, char id[48], char type[48])
{
    char model[48];
    probe_slug(p->host, id, 48);
    if (!id[0])
        copy_string(id, 48, "host");
    probe_slug(p->state.board[0] ? p->state.board : p->machine, model, sizeof model);
    copy_string(type, 48, model[0] ? model : "host");
}

void probe_config_yaml(const struct probe *p, char *text, size_t size)
{
    struct text_builder t = text_begin(text, size);
    char id[48], type[48];
    board_names(p, id, type);
    text_add(&t, "name: %s\nmaster: tcp://127.0.0.1:7101\nboards:\n", id);
    text_add(&t, "  - id: %s\n    type: %s\n    backend: engine\n", id, type);
    if (p->core >= 0)
        text_add(&t, "    core: %d\n", p->core);
    text_add(&t, "    datasets: [fashion-mnist]\n");
    const struct probe_sensor *s = best_sensor(p);
    if (s) {
        text_add(&t, "    power: {driver: %s", s->config.driver);
        if (s->description.scope == POWER_SCOPE_UNKNOWN)
            text_add(&t, ", scope: board_input");
        if (s->advised_hz < s->description.max_hz)
            text_add(&t, ", max_hz: %.3g", s->advised_hz);
        text_add(&t, "}\n");
    }
}

static void comment_cpu(FILE *out, const struct probe *p)
{
    const struct cpu_state *s = &p->state;
    fprintf(out, "# %s: %s, %s, %s\n", p->host, s->board[0] ? s->board : "unnamed board", p->kernel, p->machine);
    fprintf(out, "# CPU       %s, %u CPUs, memory %.1f GiB\n", s->cpu[0] ? s->cpu : "unknown", s->n_cpus, (double)p->memory_bytes / 1073741824.0);
    for (unsigned i = 0; i < s->n_cpus; i++) {
        const struct cpu_clock *c = &s->clock[i];
        if (c->governor[0])
            fprintf(out, "#   cpu%-3u  %s, %lld kHz now, %lld to %lld kHz\n", i, c->governor, (long long)c->cur_khz, (long long)c->min_khz,
                    (long long)c->max_khz);
    }
    fprintf(out, "# isolated  %s\n", s->isolated[0] ? s->isolated : "none");
    for (unsigned i = 0; i < s->n_zones; i++)
        fprintf(out, "# thermal   %-20s %.1f C\n", s->zone[i].type, s->zone[i].celsius);
    if (s->n_zones_failed)
        fprintf(out, "# thermal   %u zones do not answer (their block is off): skipped\n", s->n_zones_failed);
    if (s->throttle_known)
        fprintf(out, "# throttle  0x%x\n", s->throttle);
    for (unsigned i = 0; i < s->n_oc; i++)
        fprintf(out, "# throttle  %s = %lld\n", s->oc[i].name, (long long)s->oc[i].count);
    if (s->power_mode[0])
        fprintf(out, "# mode      %s (nvpmodel)\n", s->power_mode);
    if (s->supply_ma)
        fprintf(out, "# supply    %lld mA\n", (long long)s->supply_ma);
}

static void comment_sensor(FILE *out, const struct probe_sensor *s)
{
    if (!s->usable) {
        fprintf(out, "# sensor    %s: %s\n", s->config.driver, s->problem);
        return;
    }
    const struct power_description *d = &s->description;
    fprintf(out, "# sensor    %s %s, scope %s, up to %.3g Hz, one reading takes %.2f ms: read at %.3g Hz or slower\n", s->config.driver, d->sensor,
            power_scope_name(d->scope), d->max_hz, s->read_ms, s->advised_hz);
    fprintf(out, "#           rails");
    for (unsigned i = 0; i < d->n_rails; i++)
        fprintf(out, " %s", d->rail[i]);
    if (d->kind == POWER_KIND_POWER)
        fprintf(out, "; now %.0f mW", s->value);
    else
        fprintf(out, "; an energy counter");
    if (d->lsb_mw > 0)
        fprintf(out, ", step %.3g mW", d->lsb_mw);
    fprintf(out, "%s%s\n", s->problem[0] ? "; " : "", s->problem);
}

void probe_write_yaml(FILE *out, const struct probe *p)
{
    fprintf(out, "# What sonata-worker --probe found here, and a configuration to edit: set master, check id, type and core, then\n"
                 "#   sonata-worker --config worker.yaml --check-config && sonata-worker --config worker.yaml\n#\n");
    comment_cpu(out, p);
    for (unsigned i = 0; i < p->n_sensors; i++)
        comment_sensor(out, &p->sensor[i]);
    for (unsigned i = 0; i < p->n_ports; i++)
        fprintf(out, "# serial    %s: %s\n", p->port[i].path, p->port[i].name[0] ? p->port[i].name : p->port[i].problem);
    for (unsigned i = 0; i < p->n_tools; i++)
        fprintf(out, "# tool      %s %s (%s)\n", p->tool[i].name, p->tool[i].version, p->tool[i].path);
    for (unsigned i = 0; i < p->n_advice; i++)
        fprintf(out, "# TO DO     %s\n", p->advice[i]);
    char text[2048] = "";
    probe_config_yaml(p, text, sizeof text);
    fprintf(out, "\n%s", text);
}

static cJSON *json_clocks(const struct cpu_state *s)
{
    cJSON *list = cJSON_CreateArray();
    for (unsigned i = 0; i < s->n_cpus; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "cpu", i);
        cJSON_AddStringToObject(o, "governor", s->clock[i].governor);
        cJSON_AddNumberToObject(o, "cur_khz", (double)s->clock[i].cur_khz);
        cJSON_AddNumberToObject(o, "min_khz", (double)s->clock[i].min_khz);
        cJSON_AddNumberToObject(o, "max_khz", (double)s->clock[i].max_khz);
        cJSON_AddBoolToObject(o, "fixed", cpu_state_clock_fixed(s, i));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static cJSON *json_zones(const struct cpu_state *s)
{
    cJSON *list = cJSON_CreateArray();
    for (unsigned i = 0; i < s->n_zones; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "type", s->zone[i].type);
        cJSON_AddNumberToObject(o, "celsius", s->zone[i].celsius);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static cJSON *json_state(const struct probe *p)
{
    const struct cpu_state *s = &p->state;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "host", p->host);
    cJSON_AddStringToObject(o, "board", s->board);
    cJSON_AddStringToObject(o, "kernel", p->kernel);
    cJSON_AddStringToObject(o, "machine", p->machine);
    cJSON_AddStringToObject(o, "cpu", s->cpu);
    cJSON_AddNumberToObject(o, "cpus", s->n_cpus);
    cJSON_AddNumberToObject(o, "measuring_core", p->core);
    cJSON_AddStringToObject(o, "isolated", s->isolated);
    cJSON_AddNumberToObject(o, "memory_bytes", (double)p->memory_bytes);
    cJSON_AddBoolToObject(o, "cgroup", p->cgroup);
    cJSON_AddItemToObject(o, "clocks", json_clocks(s));
    cJSON_AddItemToObject(o, "thermal", json_zones(s));
    if (s->throttle_known)
        cJSON_AddNumberToObject(o, "throttle", s->throttle);
    for (unsigned i = 0; i < s->n_oc; i++)
        cJSON_AddNumberToObject(o, s->oc[i].name, (double)s->oc[i].count);
    cJSON_AddStringToObject(o, "power_mode", s->power_mode);
    return o;
}

static cJSON *json_sensor(const struct probe_sensor *s)
{
    cJSON *o = cJSON_CreateObject(), *rails = cJSON_AddArrayToObject(o, "rails");
    cJSON_AddStringToObject(o, "driver", s->config.driver);
    cJSON_AddStringToObject(o, "sensor", s->description.sensor);
    cJSON_AddBoolToObject(o, "usable", s->usable);
    cJSON_AddStringToObject(o, "problem", s->problem);
    cJSON_AddStringToObject(o, "scope", power_scope_name(s->description.scope));
    cJSON_AddStringToObject(o, "kind", s->description.kind == POWER_KIND_POWER ? "power" : "counter");
    for (unsigned i = 0; i < s->description.n_rails; i++)
        cJSON_AddItemToArray(rails, cJSON_CreateString(s->description.rail[i]));
    cJSON_AddNumberToObject(o, "max_hz", s->description.max_hz);
    cJSON_AddNumberToObject(o, "advised_hz", s->advised_hz);
    cJSON_AddNumberToObject(o, "read_ms", s->read_ms);
    cJSON_AddNumberToObject(o, "lsb_mw", s->description.lsb_mw);
    if (s->usable && s->description.kind == POWER_KIND_POWER)
        cJSON_AddNumberToObject(o, "now_mw", s->value);
    return o;
}

static cJSON *json_port(const struct probe_port *port)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "path", port->path);
    cJSON_AddStringToObject(o, "name", port->name);
    cJSON_AddStringToObject(o, "problem", port->problem);
    return o;
}

static cJSON *json_tool(const struct probe_tool *tool)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", tool->name);
    cJSON_AddStringToObject(o, "path", tool->path);
    cJSON_AddStringToObject(o, "version", tool->version);
    return o;
}

void probe_write_json(FILE *out, const struct probe *p)
{
    cJSON *o = json_state(p), *sensors = cJSON_AddArrayToObject(o, "sensors"), *ports = cJSON_AddArrayToObject(o, "serial_ports"),
          *tools = cJSON_AddArrayToObject(o, "tools"), *advice = cJSON_AddArrayToObject(o, "advice");
    for (unsigned i = 0; i < p->n_sensors; i++)
        cJSON_AddItemToArray(sensors, json_sensor(&p->sensor[i]));
    for (unsigned i = 0; i < p->n_ports; i++)
        cJSON_AddItemToArray(ports, json_port(&p->port[i]));
    for (unsigned i = 0; i < p->n_tools; i++)
        cJSON_AddItemToArray(tools, json_tool(&p->tool[i]));
    for (unsigned i = 0; i < p->n_advice; i++)
        cJSON_AddItemToArray(advice, cJSON_CreateString(p->advice[i]));
    char text[2048] = "";
    probe_config_yaml(p, text, sizeof text);
    cJSON_AddStringToObject(o, "worker_yaml", text);
    char *printed = cJSON_Print(o);
    fprintf(out, "%s\n", printed ? printed : "{}");
    cJSON_free(printed);
    cJSON_Delete(o);
}
