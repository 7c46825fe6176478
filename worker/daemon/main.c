/* sonata-worker: options, configuration, loop. With --board-process it is the process of one board instead (board/board_process.h). */
#define _GNU_SOURCE /* prctl */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/parse.h"
#include "board/board_process.h"
#include "board/link.h"
#include "conf/options.h"
#include "conf/space_file.h"
#include "loop/service.h"
#include "probe/probe.h"

struct settings {
    const char *config, *master, *state, *name, *key, *canary, *launcher, *log;
    struct option_list boards;
    bool help, version, check_config, exit_with_parent, json, probe, probe_json;
};

static const struct option_def options[] = {
    {.name = "config",
     .letter = 'c',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, config),
     .argument = "FILE",
     .help = "Read settings and boards from a worker.yaml."},
    {.name = "master",
     .letter = 'm',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, master),
     .argument = "ENDPOINT",
     .help = "The master's worker port: tcp://HOST:PORT or ipc:///PATH."},
    {.name = "board",
     .letter = 'b',
     .type = OPTION_LIST,
     .offset = offsetof(struct settings, boards),
     .argument = "BOARD",
     .help = "Add a board, ID:BACKEND[:FILE][,key=value...]; may be repeated."},
    {.name = "state",
     .letter = 's',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, state),
     .argument = "DIR",
     .help = "Folder of this worker's spool and cache."},
    {.name = "name",
     .letter = 'n',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, name),
     .argument = "NAME",
     .help = "Name of this worker, unique in the farm; default: the host's."},
    {.name = "key",
     .letter = 'k',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, key),
     .argument = "FILE",
     .help = "Key file (mode 0600): encrypt and authenticate the link."},
    {.name = "canary",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, canary),
     .argument = "MODE",
     .help = "Canaries of boards that name none (tables apart): off, functional, or the time of a timed one such as 500ms."},
    {.name = "launcher",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, launcher),
     .argument = "FILE",
     .help = "Start board processes through this program, as FILE WORKER ARGUMENTS: an emulator, say, where this worker runs under one."},
    {.name = "log",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct settings, log),
     .argument = "LEVEL",
     .help = "error, warn, info or debug; default: info, or what worker.yaml says.",
     .choices = "error|warn|info|debug"},
    {.name = "log-json", .type = OPTION_FLAG, .offset = offsetof(struct settings, json), .help = "Log one JSON object per line."},
    {.name = "check-config",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, check_config),
     .help = "Check settings, boards and tables, and exit."},
    {.name = "probe",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, probe),
     .help = "Say what this host offers for measuring, as a worker.yaml to edit, and exit."},
    {.name = "json", .type = OPTION_FLAG, .offset = offsetof(struct settings, probe_json), .help = "With --probe: one JSON object instead."},
    {.name = "exit-with-parent",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, exit_with_parent),
     .help = "End when the process that started this one ends."},
    {.name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = offsetof(struct settings, help), .help = "Show this help."},
    {.name = "version", .type = OPTION_FLAG, .offset = offsetof(struct settings, version), .help = "Show the version."},
    {0}};

static int fail(const struct sonata_error *err)
{
    fprintf(stderr, "sonata-worker: %s\n", err->text);
    return 1;
}

static void print_help(void)
{
    printf("Usage: sonata-worker --master ENDPOINT --board BOARD... [OPTION...]\n"
           "       sonata-worker --config worker.yaml [OPTION...]\n"
           "       sonata-worker --probe > worker.yaml\n\n"
           "Measures networks on the boards of this host for a SONATA master.\n\n");
    options_help(options, stdout);
    printf("\nBoards:\n"
           "  host:engine[,core=N][,dataset=NAME][,executor=NAME][,power=DRIVER][,memory=1Gi][,limit=5m][,type=TYPE]\n"
           "  ID:mcu,port=PATH[,name=TEXT][,flash=512Ki][,ram=128Ki][,emulated=yes][,framing=hex][,baud=N][,type=TYPE]\n"
           "  ID:command,tool=TOOL[,program=PATH][,command=LINE][,offers=METRIC][,threads=N][,type=TYPE]\n"
           "  ID:table:FILE.csv,METRIC=COLUMN...[,noise.METRIC=SIGMA][,delay=20ms][,fail=P][,crash=P][,hang=P][,space=PRESET][,type=TYPE]\n"
           "  any of them: [,canary=off|functional|TIME][,canary.interval=TIME][,canary.command=LINE][,canary.file=PATH][,cool_down=TIME]\n"
           "               [,backoff=TIME][,recover.reopen|soft_reset|usb_power|pdu_power|reflash=COMMAND]\n");
}

static int copy_setting(char *dst, size_t size, const char *value, const char *name, struct sonata_error *err)
{
    if (value && !copy_string(dst, size, value))
        return sonata_error_set(err, -EINVAL, "--%s: longer than %zu characters", name, size - 1);
    return 0;
}

static int configure(const struct settings *s, struct worker_config *c, struct sonata_error *err)
{
    int r = s->config ? worker_config_read(c, s->config, err) : 0;
    if (!r)
        r = copy_setting(c->master, sizeof c->master, s->master, "master", err);
    if (!r)
        r = copy_setting(c->state, sizeof c->state, s->state, "state", err);
    if (!r)
        r = copy_setting(c->name, sizeof c->name, s->name, "name", err);
    if (!r)
        r = copy_setting(c->key, sizeof c->key, s->key, "key", err);
    if (!r)
        r = s->canary ? health_options_set(&c->health, "canary", s->canary, err) : 0;
    if (!r)
        r = copy_setting(c->launcher, sizeof c->launcher, s->launcher, "launcher", err);
    for (unsigned i = 0; !r && i < s->boards.n; i++) {
        struct board_config board;
        r = board_config_parse(s->boards.item[i], &board, err);
        if (!r)
            r = worker_config_add(c, &board, err);
    }
    return r;
}

/* Tables are small: what is wrong with one is said before anything starts. */
static int check_table(const struct board_config *b, struct sonata_error *err)
{
    struct table *t;
    int r = table_open(&b->table, &t, err);
    if (!r && b->space[0]) {
        struct space space;
        r = space_file_read(b->space, &space, err);
        if (!r)
            r = table_use_space(t, &space, err);
    }
    if (r)
        return sonata_error_prefix(err, r, "board '%s'", b->id);
    table_close(t);
    return 0;
}

static int check_tables(const struct worker_config *c, struct sonata_error *err)
{
    for (uint32_t i = 0; i < c->n_boards; i++) {
        int r = c->board[i].backend != BACKEND_TABLE ? 0 : check_table(&c->board[i], err);
        if (r)
            return r;
    }
    return 0;
}

/* The daemon and the board processes leave the measuring cores alone (candidates pin themselves). */
static void leave_measuring_cores(const struct worker_config *c)
{
    struct core_set mine, boards = {{0}};
    if (cpu_allowed(&mine))
        return;
    for (uint32_t i = 0; i < c->n_boards; i++)
        board_config_cores(&c->board[i], &boards);
    for (int i = 0; i < CPU_CORES_MAX; i++) {
        if (core_set_has(&boards, i))
            core_set_remove(&mine, i);
    }
    if (core_set_count(&mine) > 0)
        (void)cpu_pin_set(&mine);
}

struct daemon {
    const struct settings *settings;
    const struct worker_config *config;
    uint64_t boards_read; /* hash of the boards as configured */
    struct agent *agent;
};

static uint64_t boards_hash(const struct worker_config *c) { return c->n_boards ? hash64(c->board, c->n_boards * sizeof *c->board) : 0; }

static void on_stop(void *user) { agent_stop(((struct daemon *)user)->agent); }

static void start_log(const struct settings *s, const struct worker_config *c)
{
    enum log_level level = LOG_INFO;
    const char *text = s->log ? s->log : c->log;
    if (!text[0] || !log_level_parse(text, &level))
        log_init("sonata-worker", level, s->json);
}

/* What of a new configuration waits for the next start. */
static void name_the_rest(const struct daemon *d, const struct worker_config *next)
{
    const struct worker_config *c = d->config;
    const struct {
        const char *name;
        bool same;
    } setting[] = {{"name", !strcmp(c->name, next->name)},
                   {"master", !strcmp(c->master, next->master)},
                   {"state", !strcmp(c->state, next->state)},
                   {"key", !next->key[0] || !strcmp(c->key, next->key)},
                   {"cache", c->cache_max == next->cache_max},
                   {"canary", d->settings->canary || (c->health.canary == next->health.canary && c->health.canary_ns == next->health.canary_ns)},
                   {"boards", d->boards_read == boards_hash(next)}};
    for (size_t i = 0; i < sizeof setting / sizeof *setting; i++) {
        if (!setting[i].same)
            log_warn("this setting changed but takes effect only at the next start", "setting=%s", setting[i].name);
    }
}

/* SIGHUP: worker.yaml is read again; when it is wrong everything stays as it is. Boards are processes that measure: they take nothing over. */
static void on_reload(void *user)
{
    struct daemon *d = user;
    struct worker_config next;
    struct sonata_error err = {0};
    service_notify("RELOADING=1");
    worker_config_init(&next);
    if (configure(d->settings, &next, &err)) {
        log_error("the configuration is not reloaded: it has a mistake", "reason=\"%s\"", err.text);
    } else {
        start_log(d->settings, &next);
        name_the_rest(d, &next);
        log_info("configuration reloaded", "file=%s", d->settings->config ? d->settings->config : "");
    }
    worker_config_fini(&next);
    service_notify("READY=1");
}

/* What board processes run: this very program, even after its file was replaced; by its name where a launcher, whose "self" is another, starts it. */
static int find_executable(const struct worker_config *c, char *path, size_t size, struct sonata_error *err)
{
    copy_string(path, size, "/proc/self/exe");
    if (!c->launcher[0])
        return 0;
    if (access(c->launcher, X_OK))
        return sonata_error_set(err, -errno, "--launcher %s: %s", c->launcher, strerror(errno));
    ssize_t n = readlink("/proc/self/exe", path, size);
    if (n <= 0 || (size_t)n >= size)
        return sonata_error_set(err, -ENAMETOOLONG, "--launcher: the path of this program cannot be had from /proc/self/exe");
    path[n] = '\0';
    return 0;
}

static int run(const struct settings *s, const struct worker_config *c, uint64_t boards_read, struct sonata_error *err)
{
    struct loop loop;
    struct daemon d = {.settings = s, .config = c, .boards_read = boards_read};
    char executable[1024];
    int r = find_executable(c, executable, sizeof executable, err);
    if (r)
        return r;
    r = loop_init(&loop, &d);
    if (r)
        return sonata_error_set(err, r, "cannot start the event loop: %s", strerror(-r));
    loop.stop = on_stop;
    leave_measuring_cores(c);
    r = agent_new(&loop, c, executable, &d.agent, err);
    loop.reload = on_reload;
    if (r) {
        loop.stop = NULL;
        loop_stop(&loop);
    }
    loop_run(&loop);
    int leak = loop_fini(&loop);
    if (leak)
        log_error("a handle was left open at the end", "code=%d", leak);
    int status = d.agent ? agent_exit_status(d.agent) : 0;
    agent_free(d.agent);
    return r ? r : status;
}

/* Runs the worker as configured, or only checks the configuration. */
static int serve(const struct settings *s, struct sonata_error *err)
{
    struct worker_config config;
    worker_config_init(&config);
    int r = configure(s, &config, err);
    uint64_t boards_read = boards_hash(&config);
    start_log(s, &config);
    if (!r)
        r = worker_config_finish(&config, err);
    if (!r)
        r = check_tables(&config, err);
    if (!r && s->check_config)
        printf("configuration is good: worker %s, %u board(s), master %s\n", config.name, config.n_boards, config.master);
    else if (!r)
        r = run(s, &config, boards_read, err);
    worker_config_fini(&config);
    return r;
}

int main(int argc, char **argv)
{
    uint64_t parent;
    if (argc == 3 && !strcmp(argv[1], BOARD_PROCESS_FLAG) && !parse_u64(argv[2], 1, INT64_MAX, &parent)) {
        log_init("sonata-worker", LOG_INFO, false);
        return board_process_main(BOARD_PROCESS_FD, (long)parent);
    }
    struct settings s = {0};
    struct sonata_error err = {0};
    int rest;
    options_defaults(options, &s);
    int r = options_environment(options, "SONATA_WORKER", &s, &err);
    if (!r)
        r = options_parse(options, argc, argv, &s, &rest, &err);
    if (!r && rest < argc)
        r = sonata_error_set(&err, -EINVAL, "'%s' is not expected; see --help", argv[rest]);
    if (r)
        return fail(&err);
    if (s.help || s.version) {
        if (s.help)
            print_help();
        else
            printf("sonata-worker %s\n", SONATA_VERSION);
        return 0;
    }
    if (s.probe)
        return probe_run(stdout, s.probe_json, "") ? 1 : 0;
    if (s.exit_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == 1)
            return 1;
    }
    r = serve(&s, &err);
    return r < 0 ? fail(&err) : r;
}
