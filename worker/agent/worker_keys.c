/* The keys of worker.yaml, most of which are options of the command line too. What a board may say is in board_config/board_keys.c. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "agent/worker_config.h"
#include "base/memory.h"
#include "base/number.h"
#include "conf/yaml_options.h"

struct tier_settings {
    enum tier tier;
    double half_width; /* < 0: unset */
    struct latency_protocol protocol;
};

#define AT(member) .offset = offsetof(struct tier_settings, member)
#define TIME(key, member, text)                                                                                                                      \
    {                                                                                                                                                \
        .name = key, .type = OPTION_DURATION, AT(protocol.member), .argument = "TIME", .help = text                                                  \
    }
#define COUNT(key, member, text)                                                                                                                     \
    {                                                                                                                                                \
        .name = key, .type = OPTION_COUNT, AT(protocol.member), .argument = "N", .help = text                                                        \
    }
#define NUMBER(key, member, text)                                                                                                                    \
    {                                                                                                                                                \
        .name = key, .type = OPTION_NUMBER, AT(member), .argument = "X", .help = text                                                                \
    }
const struct option_def tier_keys[] = {{.name = "name",
                                        .type = OPTION_WORD,
                                        AT(tier),
                                        .choices = "screen|search|report",
                                        .required = true,
                                        .argument = "TIER",
                                        .help = "which tier is changed: screen, search or report"},
                                       TIME("warmup", warmup_ns, "warm-up, at least"),
                                       TIME("warmup_window", warmup_window_ns, "windows of the warm-up"),
                                       TIME("warmup_cap", warmup_cap_ns, "warm-up, at most"),
                                       NUMBER("warmup_spread", protocol.warmup_spread, "the last three windows lie within this share"),
                                       COUNT("windows", windows, "windows in all"),
                                       COUNT("windows_max", windows_max, "windows added up to"),
                                       TIME("window", window_ns, "length of one"),
                                       TIME("cap", cap_ns, "measuring, at most"),
                                       COUNT("min_inferences", min_inferences, "inferences in all, at least"),
                                       COUNT("processes", processes, "fresh processes (engine)"),
                                       COUNT("processes_max", processes_max, "processes added up to"),
                                       NUMBER("accept_half_width", half_width, "half width of the interval that is accepted, as a share"),
                                       NUMBER("accept_cv", protocol.accept_cv, "spread of the windows that is accepted"),
                                       NUMBER("scale", protocol.scale, "durations are cut to so many inferences; 0: not"),
                                       {0}};
#undef NUMBER
#undef COUNT
#undef TIME
#undef AT

/* Changes to a built-in tier. */
static int read_tier(void *settings, const struct yaml_at *at, struct sonata_error *err)
{
    struct tier_settings t = {.half_width = -1};
    struct yaml_at name;
    struct sonata_error why = {{0}};
    int r = yaml_find(at, "name", &name) ? yaml_option(&tier_keys[0], &name, &t, err) : 0;
    if (r)
        return r;
    t.protocol = *latency_protocol_of(t.tier);
    const uint32_t windows_max = t.protocol.windows_max, processes_max = t.protocol.processes_max;
    t.protocol.windows_max = t.protocol.processes_max = 0;
    r = yaml_options(at, tier_keys, &t, err);
    if (r)
        return r;
    struct latency_protocol *p = &t.protocol;
    p->windows_max = p->windows_max ? p->windows_max : max_of(windows_max, p->windows);
    p->processes_max = p->processes_max ? p->processes_max : max_of(processes_max, p->processes);
    if (t.half_width >= 0)
        p->accept_half_width = p->process_half_width = t.half_width;
    ((struct worker_config *)settings)->protocol[t.tier] = *p;
    return latency_protocol_check(p, &why) ? yaml_wrong(at, err, "%s", why.text) : 0;
}

/* One pair of a board's mapping. */
static int set_pair(void *user, const char *key, const struct yaml_at *value, struct sonata_error *err)
{
    struct board_config *b = user;
    struct sonata_error why = {{0}};
    void *settings;
    if (!strcmp(key, "id") || !strcmp(key, "backend"))
        return 0;
    const struct option_def *d = board_config_key(b, key, &settings);
    if (d)
        return yaml_option(d, value, settings, err);
    bool metric = b->backend == BACKEND_TABLE && (!strncmp(key, "column.", 7) || !strncmp(key, "noise.", 6));
    int r = metric ? board_config_set(b, key, yaml_value(value), &why) : board_config_unknown(b, key, &why);
    return r ? yaml_wrong(value, err, "%s", why.text) : 0;
}

/* id and backend come first: they say what other keys there are. */
static int read_head(struct board_config *b, const struct yaml_at *at, struct sonata_error *err)
{
    struct yaml_at id, backend;
    struct sonata_error why = {{0}};
    if (yaml_kind(at) != YAML_MAPPING)
        return yaml_wrong(at, err, "%s is here; expected a mapping {id: …, backend: …, …}", yaml_kind_name(at));
    if (!yaml_find(at, "id", &id) || !yaml_value(&id)[0])
        return yaml_wrong(at, err, "key 'id' is missing; expected a name that is unique in the farm");
    if (!yaml_find(at, "backend", &backend))
        return yaml_wrong(at, err, "key 'backend' is missing; expected one of %s", backend_kind_names());
    return board_config_begin(b, yaml_value(&id), yaml_value(&backend), &why) ? yaml_wrong(&backend, err, "%s", why.text) : 0;
}

static int read_board(void *settings, const struct yaml_at *at, struct sonata_error *err)
{
    struct board_config b = board_config_default();
    struct sonata_error why = {{0}};
    int r = read_head(&b, at, err);
    if (!r)
        r = yaml_pairs(at, set_pair, &b, err);
    if (r)
        return r;
    return board_config_check(&b, &why) || worker_config_add(settings, &b, &why) ? yaml_wrong(at, err, "%s", why.text) : 0;
}

static int take_canary(void *settings, const char *text, struct sonata_error *err)
{
    return option_read(option_find(health_keys, "canary"), text, &((struct worker_config *)settings)->health, err);
}

#define AT(member) .offset = offsetof(struct worker_config, member)
#define TEXT(member) .type = OPTION_BUFFER, AT(member), .size = sizeof((struct worker_config *)0)->member
const struct option_def worker_keys[] = {
    {.name = "master", .letter = 'm', TEXT(master), .argument = "ENDPOINT", .help = "The master's worker port: tcp://HOST:PORT or ipc:///PATH."},
    {.name = "state", .letter = 's', TEXT(state), .argument = "DIR", .help = "Folder of this worker's spool and cache."},
    {.name = "name", .letter = 'n', TEXT(name), .argument = "NAME", .help = "Name of this worker, unique in the farm; default: the host's."},
    {.name = "key", .letter = 'k', TEXT(key), .argument = "FILE", .help = "Key file (mode 0600): encrypt and authenticate the link."},
    {.name = "cache",
     .type = OPTION_SIZE,
     AT(cache_max),
     .min = 1 << 20,
     .max = 1e15,
     .argument = "SIZE",
     .help = "Of the blob cache; default 512Mi."},
    {.name = "bandwidth",
     .type = OPTION_NUMBER,
     AT(bandwidth),
     .max = 1e13,
     .argument = "BYTES",
     .help = "a second, of model files and blobs to and from the master, twice as many at once; 0: no limit; default 48Mi."},
    {.name = "canary",
     .type = OPTION_OWN,
     .take = take_canary,
     .argument = "MODE",
     .help = "Canaries of boards that name none (tables apart): off, functional, or the time of a timed one such as 500ms."},
    {.name = "launcher",
     TEXT(launcher),
     .argument = "FILE",
     .help = "Start board processes through this program, as FILE WORKER ARGUMENTS: an emulator, say, where this worker runs under one."},
    {.name = "log",
     TEXT(log),
     .choices = "error|warn|info|debug",
     .argument = "LEVEL",
     .reloadable = true,
     .help = "error, warn, info or debug; default: info."},
    {.name = "tiers",
     .type = OPTION_PART,
     .part = read_tier,
     .max = TIER_COUNT,
     .argument = "[...]",
     .help = "Changes to numbers of the tiers, for all boards."},
    {.name = "boards",
     .type = OPTION_PART,
     .part = read_board,
     .max = WORKER_BOARDS_MAX,
     .argument = "[...]",
     .help = "The boards: {id: NAME, backend: BACKEND, ...}."},
    {0}};
#undef TEXT
#undef AT

int worker_config_parse(struct worker_config *config, const char *text, size_t n, const char *origin, struct sonata_error *err)
{
    cleanup_yaml struct yaml_at root = {0};
    int r = yaml_parse(text, n, origin, &root, err);
    return r ? r : yaml_options(&root, worker_keys, config, err);
}

int worker_config_read(struct worker_config *config, const char *path, struct sonata_error *err)
{
    cleanup_yaml struct yaml_at root = {0};
    int r = yaml_read(path, &root, err);
    return r ? r : yaml_options(&root, worker_keys, config, err);
}
