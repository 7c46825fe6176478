/* worker.yaml (docs/WORKER.md). Values stay text until board_config_set() reads them, so that flags and file have one meaning. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/worker_config.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"
#include "conf/yaml_doc.h"

struct raw_metric {
    char *name, *column, *noise;
};

struct raw_power {
    char *driver, *scope, *device, *rails, *command, *stream, *max_hz, *accuracy_pct, *options;
};

struct raw_command {
    char *tool, *program, *command, *convert, *offers, *precision, *provider, *shape, *threads;
    char *slots, *ready, *quiet, *growth, *requests, *file_max, *tasks;
};

struct raw_mcu {
    char *port, *name, *baud, *db_max, *framing, *emulated, *flash, *ram, *flash_code, *ram_runtime, *samples, *calibration, *answer;
};

struct raw_recover {
    char *reopen, *soft_reset, *usb_power, *pdu_power, *reflash;
};

struct raw_board {
    char *id, *type, *backend, *core, *memory, *limit, *space, *sysfs, *max_celsius, *executor, *file, *delay, *delay_noise, *fail, *crash, *hang;
    char **datasets;
    unsigned datasets_count;
    struct raw_metric *metrics;
    unsigned metrics_count;
    struct raw_power *power;
    struct raw_command *command;
    struct raw_mcu *mcu;
    char *canary, *canary_interval, *canary_command, *canary_file, *cool_down, *backoff;
    struct raw_recover *recover;
};

struct raw_tier {
    char *name, *warmup, *warmup_window, *warmup_cap, *window, *cap;
    uint32_t *windows, *windows_max, *min_inferences, *processes, *processes_max;
    double *warmup_spread, *half_width, *cv, *scale;
};

struct raw_worker {
    char *name, *master, *state, *cache, *key, *log, *canary;
    struct raw_tier *tiers;
    unsigned tiers_count;
    struct raw_board *boards;
    unsigned boards_count;
};

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, type, member) CYAML_FIELD_STRING_PTR(key, OPTIONAL, type, member, 1, 900)

static const cyaml_schema_field_t metric_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_metric, name, 1, METRIC_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("column", CYAML_FLAG_POINTER, struct raw_metric, column, 1, TABLE_COLUMN_MAX - 1),
    TEXT("noise", struct raw_metric, noise),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t metric_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_metric, metric_fields)};
static const cyaml_schema_value_t dataset_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, BOARD_DATASET_MAX - 1)};

static const cyaml_schema_field_t power_fields[] = {
    TEXT("driver", struct raw_power, driver),   TEXT("scope", struct raw_power, scope),
    TEXT("device", struct raw_power, device),   TEXT("rails", struct raw_power, rails),
    TEXT("command", struct raw_power, command), TEXT("stream", struct raw_power, stream),
    TEXT("max_hz", struct raw_power, max_hz),   TEXT("accuracy_pct", struct raw_power, accuracy_pct),
    TEXT("options", struct raw_power, options), CYAML_FIELD_END,
};

static const cyaml_schema_field_t command_fields[] = {
    TEXT("tool", struct raw_command, tool),         TEXT("program", struct raw_command, program),
    TEXT("command", struct raw_command, command),   TEXT("convert", struct raw_command, convert),
    TEXT("offers", struct raw_command, offers),     TEXT("precision", struct raw_command, precision),
    TEXT("provider", struct raw_command, provider), TEXT("shape", struct raw_command, shape),
    TEXT("threads", struct raw_command, threads),   TEXT("slots", struct raw_command, slots),
    TEXT("ready", struct raw_command, ready),       TEXT("quiet", struct raw_command, quiet),
    TEXT("growth", struct raw_command, growth),     TEXT("requests", struct raw_command, requests),
    TEXT("file_max", struct raw_command, file_max), TEXT("tasks", struct raw_command, tasks),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t mcu_fields[] = {
    TEXT("port", struct raw_mcu, port),
    TEXT("name", struct raw_mcu, name),
    TEXT("baud", struct raw_mcu, baud),
    TEXT("db_max", struct raw_mcu, db_max),
    TEXT("framing", struct raw_mcu, framing),
    TEXT("emulated", struct raw_mcu, emulated),
    TEXT("flash", struct raw_mcu, flash),
    TEXT("ram", struct raw_mcu, ram),
    TEXT("flash_code", struct raw_mcu, flash_code),
    TEXT("ram_runtime", struct raw_mcu, ram_runtime),
    TEXT("samples", struct raw_mcu, samples),
    TEXT("calibration", struct raw_mcu, calibration),
    TEXT("answer", struct raw_mcu, answer),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t recover_fields[] = {
    TEXT("reopen", struct raw_recover, reopen),       TEXT("soft_reset", struct raw_recover, soft_reset),
    TEXT("usb_power", struct raw_recover, usb_power), TEXT("pdu_power", struct raw_recover, pdu_power),
    TEXT("reflash", struct raw_recover, reflash),     CYAML_FIELD_END,
};

static const cyaml_schema_field_t board_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct raw_board, id, 1, BOARD_NAME_MAX - 1),
    TEXT("type", struct raw_board, type),
    CYAML_FIELD_STRING_PTR("backend", CYAML_FLAG_POINTER, struct raw_board, backend, 1, 15),
    TEXT("core", struct raw_board, core),
    TEXT("memory", struct raw_board, memory),
    TEXT("limit", struct raw_board, limit),
    TEXT("space", struct raw_board, space),
    TEXT("sysfs", struct raw_board, sysfs),
    TEXT("max_celsius", struct raw_board, max_celsius),
    TEXT("executor", struct raw_board, executor),
    CYAML_FIELD_SEQUENCE("datasets", OPTIONAL, struct raw_board, datasets, &dataset_schema, 0, BOARD_DATASETS_MAX),
    TEXT("file", struct raw_board, file),
    CYAML_FIELD_SEQUENCE("metrics", OPTIONAL, struct raw_board, metrics, &metric_schema, 0, METRICS_MAX),
    TEXT("delay", struct raw_board, delay),
    TEXT("delay_noise", struct raw_board, delay_noise),
    TEXT("fail", struct raw_board, fail),
    TEXT("crash", struct raw_board, crash),
    TEXT("hang", struct raw_board, hang),
    CYAML_FIELD_MAPPING_PTR("power", OPTIONAL, struct raw_board, power, power_fields),
    CYAML_FIELD_MAPPING_PTR("command", OPTIONAL, struct raw_board, command, command_fields),
    CYAML_FIELD_MAPPING_PTR("mcu", OPTIONAL, struct raw_board, mcu, mcu_fields),
    TEXT("canary", struct raw_board, canary),
    TEXT("canary_interval", struct raw_board, canary_interval),
    TEXT("canary_command", struct raw_board, canary_command),
    TEXT("canary_file", struct raw_board, canary_file),
    TEXT("cool_down", struct raw_board, cool_down),
    TEXT("backoff", struct raw_board, backoff),
    CYAML_FIELD_MAPPING_PTR("recover", OPTIONAL, struct raw_board, recover, recover_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t board_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_board, board_fields)};

static const cyaml_schema_field_t tier_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_tier, name, 1, 15),
    TEXT("warmup", struct raw_tier, warmup),
    TEXT("warmup_window", struct raw_tier, warmup_window),
    TEXT("warmup_cap", struct raw_tier, warmup_cap),
    CYAML_FIELD_FLOAT_PTR("warmup_spread", OPTIONAL, struct raw_tier, warmup_spread),
    CYAML_FIELD_UINT_PTR("windows", OPTIONAL, struct raw_tier, windows),
    CYAML_FIELD_UINT_PTR("windows_max", OPTIONAL, struct raw_tier, windows_max),
    TEXT("window", struct raw_tier, window),
    TEXT("cap", struct raw_tier, cap),
    CYAML_FIELD_UINT_PTR("min_inferences", OPTIONAL, struct raw_tier, min_inferences),
    CYAML_FIELD_UINT_PTR("processes", OPTIONAL, struct raw_tier, processes),
    CYAML_FIELD_UINT_PTR("processes_max", OPTIONAL, struct raw_tier, processes_max),
    CYAML_FIELD_FLOAT_PTR("accept_half_width", OPTIONAL, struct raw_tier, half_width),
    CYAML_FIELD_FLOAT_PTR("accept_cv", OPTIONAL, struct raw_tier, cv),
    CYAML_FIELD_FLOAT_PTR("scale", OPTIONAL, struct raw_tier, scale),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t tier_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_tier, tier_fields)};

static const cyaml_schema_field_t worker_fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL, struct raw_worker, name, 1, WORKER_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("master", OPTIONAL, struct raw_worker, master, 1, WORKER_ENDPOINT_MAX - 1),
    CYAML_FIELD_STRING_PTR("state", OPTIONAL, struct raw_worker, state, 1, WORKER_PATH_MAX - 1),
    TEXT("cache", struct raw_worker, cache),
    CYAML_FIELD_STRING_PTR("key", OPTIONAL, struct raw_worker, key, 1, WORKER_PATH_MAX - 1),
    TEXT("log", struct raw_worker, log),
    TEXT("canary", struct raw_worker, canary),
    CYAML_FIELD_SEQUENCE("tiers", OPTIONAL, struct raw_worker, tiers, &tier_schema, 0, BOARD_TIERS),
    CYAML_FIELD_SEQUENCE("boards", OPTIONAL, struct raw_worker, boards, &board_schema, 0, WORKER_BOARDS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t worker_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_worker, worker_fields)};

struct conversion {
    const struct yaml_doc *doc;
    const struct raw_worker *raw;
    const char *origin;
    struct worker_config *config;
    struct tier_override tier[BOARD_TIERS];
    struct sonata_error *err;
};

/* Sets one key of a board from its text; complaints get the place. */
static int set(const struct conversion *c, struct board_config *b, const char *path, const char *key, const char *value)
{
    struct sonata_error why = {0};
    if (!value || !board_config_set(b, key, value, &why))
        return 0;
    return yaml_doc_error(c->doc, c->err, path, "%s", why.text);
}

/* A relative file lies beside the configuration. */
static int set_file(const struct conversion *c, struct board_config *b, const char *path, const char *key, const char *file)
{
    if (!file || file[0] == '/' || !strchr(c->origin, '/'))
        return set(c, b, path, key, file);
    cleanup_free char *copy = xstrdup(c->origin);
    char full[TABLE_PATH_MAX];
    if ((size_t)snprintf(full, sizeof full, "%s/%s", dirname(copy), file) >= sizeof full)
        return yaml_doc_error(c->doc, c->err, path, "the path is too long");
    return set(c, b, path, key, full);
}

static int read_table(const struct conversion *c, const struct raw_board *raw, unsigned i, struct board_config *b)
{
    char path[64], key[METRIC_NAME_MAX + 8];
    for (unsigned k = 0; k < raw->metrics_count; k++) {
        const struct raw_metric *m = &raw->metrics[k];
        snprintf(path, sizeof path, "boards[%u].metrics[%u]", i, k);
        if (b->table.n_metrics == METRICS_MAX)
            return yaml_doc_error(c->doc, c->err, path, "too many metrics");
        struct table_metric *to = &b->table.metric[b->table.n_metrics++];
        copy_string(to->name, sizeof to->name, m->name);
        copy_string(to->column, sizeof to->column, m->column);
        snprintf(key, sizeof key, "noise.%s", m->name);
        int r = set(c, b, path, key, m->noise);
        if (r)
            return r;
    }
    snprintf(path, sizeof path, "boards[%u].file", i);
    return set_file(c, b, path, "file", raw->file);
}

static int read_mcu(const struct conversion *c, const struct raw_board *raw, unsigned i, struct board_config *b)
{
    const struct raw_mcu *m = raw->mcu;
    char path[64];
    snprintf(path, sizeof path, "boards[%u].mcu", i);
    if (b->backend != BACKEND_MCU)
        return m ? yaml_doc_error(c->doc, c->err, path, "a board of backend '%s' has no 'mcu'", raw->backend) : 0;
    if (!m)
        return yaml_doc_error(c->doc, c->err, path, "a board of backend 'mcu' needs 'mcu: {port: …}'");
    const struct {
        const char *key, *value;
    } keys[] = {{"port", m->port},
                {"name", m->name},
                {"baud", m->baud},
                {"db_max", m->db_max},
                {"framing", m->framing},
                {"flash", m->flash},
                {"ram", m->ram},
                {"flash_code", m->flash_code},
                {"ram_runtime", m->ram_runtime},
                {"samples", m->samples},
                {"calibration", m->calibration},
                {"emulated", m->emulated},
                {"answer", m->answer}};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        snprintf(path, sizeof path, "boards[%u].mcu.%s", i, keys[k].key);
        int r = set(c, b, path, keys[k].key, keys[k].value);
        if (r)
            return r;
    }
    return 0;
}

/* Keys of a mapping inside a board: path "boards[i].<name>.<key>", board key "<prefix><key>". */
static int set_all(const struct conversion *c, struct board_config *b, unsigned i, const char *name, const char *prefix, const char *const (*pair)[2],
                   size_t n)
{
    char path[64], key[48];
    for (size_t k = 0; k < n; k++) {
        snprintf(path, sizeof path, "boards[%u].%s.%s", i, name, pair[k][0]);
        snprintf(key, sizeof key, "%s%s", prefix, pair[k][0]);
        int r = set(c, b, path, key, pair[k][1]);
        if (r)
            return r;
    }
    return 0;
}

static int read_command(const struct conversion *c, const struct raw_board *raw, unsigned i, struct board_config *b)
{
    const struct raw_command *m = raw->command;
    char path[64];
    snprintf(path, sizeof path, "boards[%u].command", i);
    if (b->backend != BACKEND_COMMAND && b->backend != BACKEND_EVALUATOR)
        return m ? yaml_doc_error(c->doc, c->err, path, "a board of backend '%s' has no 'command'", raw->backend) : 0;
    if (!m)
        return yaml_doc_error(c->doc, c->err, path, "a board of backend 'command' needs 'command: {tool: …}' (docs/ADAPTERS.md)");
    const char *const pair[][2] = {{"tool", m->tool},         {"program", m->program}, {"command", m->command},
                                   {"convert", m->convert},   {"offers", m->offers},   {"precision", m->precision},
                                   {"provider", m->provider}, {"shape", m->shape},     {"threads", m->threads}, {"slots", m->slots},
                                   {"ready", m->ready},       {"quiet", m->quiet},     {"growth", m->growth}, {"requests", m->requests},
                                   {"file_max", m->file_max}, {"tasks", m->tasks}};
    return set_all(c, b, i, "command", "", pair, sizeof pair / sizeof *pair);
}

static int read_power(const struct conversion *c, const struct raw_board *raw, unsigned i, struct board_config *b)
{
    const struct raw_power *m = raw->power;
    char path[64];
    snprintf(path, sizeof path, "boards[%u].power", i);
    if (!m)
        return 0;
    if (!m->driver)
        return yaml_doc_error(c->doc, c->err, path, "a power sensor needs a driver (docs/SENSORS.md)");
    const char *const pair[][2] = {{"driver", m->driver},   {"scope", m->scope},   {"device", m->device}, {"rails", m->rails},
                                   {"command", m->command}, {"stream", m->stream}, {"max_hz", m->max_hz}, {"accuracy_pct", m->accuracy_pct},
                                   {"options", m->options}};
    return set_all(c, b, i, "power", "power.", pair, sizeof pair / sizeof *pair);
}

static int read_health(const struct conversion *c, const struct raw_board *raw, unsigned i, struct board_config *b)
{
    const struct raw_recover *m = raw->recover;
    const struct {
        const char *name, *key, *value;
    } keys[] = {{"canary", "canary", raw->canary},
                {"canary_interval", "canary.interval", raw->canary_interval},
                {"canary_command", "canary.command", raw->canary_command},
                {"cool_down", "cool_down", raw->cool_down},
                {"backoff", "backoff", raw->backoff}};
    char path[64];
    int r = 0;
    for (size_t k = 0; !r && k < sizeof keys / sizeof *keys; k++) {
        snprintf(path, sizeof path, "boards[%u].%s", i, keys[k].name);
        r = set(c, b, path, keys[k].key, keys[k].value);
    }
    snprintf(path, sizeof path, "boards[%u].canary_file", i);
    r = r ? r : set_file(c, b, path, "canary.file", raw->canary_file);
    if (r || !m)
        return r;
    const char *const pair[][2] = {
        {"reopen", m->reopen}, {"soft_reset", m->soft_reset}, {"usb_power", m->usb_power}, {"pdu_power", m->pdu_power}, {"reflash", m->reflash}};
    return set_all(c, b, i, "recover", "recover.", pair, sizeof pair / sizeof *pair);
}

static int read_board(const struct conversion *c, unsigned i)
{
    const struct raw_board *raw = &c->raw->boards[i];
    struct board_config b = {.core = -1, .adapter = {.tool = ADAPTER_CUSTOM}};
    char path[64];
    memcpy(b.tier, c->tier, sizeof b.tier);
    copy_string(b.id, sizeof b.id, raw->id);
    copy_string(b.type, sizeof b.type, raw->id);
    snprintf(path, sizeof path, "boards[%u].backend", i);
    if (!backend_kind_find(raw->backend, &b.backend))
        return yaml_doc_error(c->doc, c->err, path, "backend '%s' is not known; %s are", raw->backend, backend_kind_names());
    const struct {
        const char *name, *key, *value;
    } keys[] = {{"type", "type", raw->type},
                {"core", "core", raw->core},
                {"memory", "memory", raw->memory},
                {"limit", "limit", raw->limit},
                {"space", "space", raw->space},
                {"sysfs", "sysfs", raw->sysfs},
                {"max_celsius", "max_celsius", raw->max_celsius},
                {"executor", "executor", raw->executor},
                {"delay", "delay", raw->delay},
                {"delay_noise", "delay.noise", raw->delay_noise},
                {"fail", "fail", raw->fail},
                {"crash", "crash", raw->crash},
                {"hang", "hang", raw->hang}};
    bool table = b.backend == BACKEND_TABLE;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        bool tables_only = k >= 8, engines_only = k == 7;
        snprintf(path, sizeof path, "boards[%u].%s", i, keys[k].name);
        if (keys[k].value && ((tables_only && !table) || (engines_only && b.backend != BACKEND_ENGINE)))
            return yaml_doc_error(c->doc, c->err, path, "a board of backend '%s' has no '%s'", raw->backend, keys[k].name);
        int r = set(c, &b, path, keys[k].key, keys[k].value);
        if (r)
            return r;
    }
    for (unsigned k = 0; k < raw->datasets_count; k++) {
        snprintf(path, sizeof path, "boards[%u].datasets[%u]", i, k);
        int r = set(c, &b, path, "dataset", raw->datasets[k]);
        if (r)
            return r;
    }
    int r = table ? read_table(c, raw, i, &b) : 0;
    r = r ? r : read_mcu(c, raw, i, &b);
    r = r ? r : read_command(c, raw, i, &b);
    r = r ? r : read_power(c, raw, i, &b);
    r = r ? r : read_health(c, raw, i, &b);
    if (r)
        return r;
    snprintf(path, sizeof path, "boards[%u]", i);
    struct sonata_error why = {0};
    if (board_config_check(&b, &why) || worker_config_add(c->config, &b, &why))
        return yaml_doc_error(c->doc, c->err, path, "%s", why.text);
    return 0;
}

static int set_duration(const struct conversion *c, unsigned i, const char *key, const char *text, int64_t *ns)
{
    char path[64];
    snprintf(path, sizeof path, "tiers[%u].%s", i, key);
    if (text && parse_duration_ns(text, ns))
        return yaml_doc_error(c->doc, c->err, path, "'%s' is here; expected a duration such as 500ms or 2s", text);
    return 0;
}

/* Changes to a built-in tier. */
static int read_tier(struct conversion *c, unsigned i)
{
    const struct raw_tier *raw = &c->raw->tiers[i];
    struct tier_override *t = &c->tier[i];
    struct sonata_error why = {0};
    char path[64];
    snprintf(path, sizeof path, "tiers[%u].name", i);
    if (latency_protocol_find(raw->name, &t->protocol, &why))
        return yaml_doc_error(c->doc, c->err, path, "%s", why.text);
    copy_string(t->name, sizeof t->name, raw->name);
    struct latency_protocol *p = &t->protocol;
    int r = set_duration(c, i, "warmup", raw->warmup, &p->warmup_ns);
    if (!r)
        r = set_duration(c, i, "warmup_window", raw->warmup_window, &p->warmup_window_ns);
    if (!r)
        r = set_duration(c, i, "warmup_cap", raw->warmup_cap, &p->warmup_cap_ns);
    if (!r)
        r = set_duration(c, i, "window", raw->window, &p->window_ns);
    if (!r)
        r = set_duration(c, i, "cap", raw->cap, &p->cap_ns);
    if (r)
        return r;
    p->windows = raw->windows ? *raw->windows : p->windows;
    p->windows_max = raw->windows_max ? *raw->windows_max : max_of(p->windows, p->windows_max);
    p->min_inferences = raw->min_inferences ? *raw->min_inferences : p->min_inferences;
    p->warmup_spread = raw->warmup_spread ? *raw->warmup_spread : p->warmup_spread;
    p->processes = raw->processes ? *raw->processes : p->processes;
    p->processes_max = raw->processes_max ? *raw->processes_max : max_of(p->processes, p->processes_max);
    p->accept_half_width = raw->half_width ? *raw->half_width : p->accept_half_width;
    p->process_half_width = raw->half_width ? *raw->half_width : p->process_half_width;
    p->accept_cv = raw->cv ? *raw->cv : p->accept_cv;
    p->scale = raw->scale ? *raw->scale : p->scale;
    snprintf(path, sizeof path, "tiers[%u]", i);
    if (latency_protocol_check(p, &why))
        return yaml_doc_error(c->doc, c->err, path, "%s", why.text);
    return 0;
}

static int read_worker(struct conversion *c)
{
    const struct raw_worker *raw = c->raw;
    struct worker_config *w = c->config;
    if (raw->name)
        copy_string(w->name, sizeof w->name, raw->name);
    if (raw->master)
        copy_string(w->master, sizeof w->master, raw->master);
    if (raw->state)
        copy_string(w->state, sizeof w->state, raw->state);
    if (raw->key)
        copy_string(w->key, sizeof w->key, raw->key);
    enum log_level level;
    if (raw->log && log_level_parse(raw->log, &level))
        return yaml_doc_error(c->doc, c->err, "log", "'%s' is here; expected error, warn, info or debug", raw->log);
    if (raw->log)
        copy_string(w->log, sizeof w->log, raw->log);
    struct sonata_error why = {0};
    if (raw->canary && health_options_set(&w->health, "canary", raw->canary, &why))
        return yaml_doc_error(c->doc, c->err, "canary", "%s", why.text);
    double cache;
    if (raw->cache && (parse_quantity(raw->cache, &cache) || cache < 1 << 20 || cache > 1e15))
        return yaml_doc_error(c->doc, c->err, "cache", "'%s' is here; expected a size of at least 1Mi", raw->cache);
    if (raw->cache)
        w->cache_max = (uint64_t)cache;
    for (unsigned i = 0; i < raw->tiers_count; i++) {
        int r = read_tier(c, i);
        if (r)
            return r;
    }
    for (unsigned i = 0; i < raw->boards_count; i++) {
        int r = read_board(c, i);
        if (r)
            return r;
    }
    return 0;
}

int worker_config_parse(struct worker_config *config, const char *text, size_t n, const char *origin, struct sonata_error *err)
{
    cleanup_yaml_doc struct yaml_doc *doc = NULL;
    int r = yaml_doc_open(text, n, origin, &worker_schema, &doc, err);
    if (r)
        return r;
    struct conversion c = {.doc = doc, .raw = yaml_doc_data(doc), .origin = origin, .config = config, .err = err};
    return read_worker(&c);
}

int worker_config_read(struct worker_config *config, const char *path, struct sonata_error *err)
{
    cleanup_bytes struct bytes data = {0};
    int r = file_read(path, YAML_TEXT_MAX, &data, err);
    return r ? r : worker_config_parse(config, (const char *)data.data, data.size, path, err);
}
