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
#include "conf/program_options.h"
#include "conf/space_file.h"
#include "loop/service.h"
#include "probe/probe.h"

struct settings {
    struct worker_config worker; /* first: worker_keys holds for the whole */
    const char *config;
    struct option_list boards;
    bool help, help_keys, version, check_config, exit_with_parent, log_json, probe, probe_json;
};

#define AT(member) .offset = offsetof(struct settings, member)
static const struct option_def own_options[] = {
    OPTION_ROW_CONFIG(struct settings, 'c', "Read settings and boards from a worker.yaml."),
    {.name = "board",
     .letter = 'b',
     .type = OPTION_LIST,
     AT(boards),
     .argument = "BOARD",
     .help = "Add a board, ID:BACKEND[:FILE][,key=value...]; may be repeated."},
    OPTION_ROW_LOG_JSON(struct settings),
    {.name = "check-config", .type = OPTION_FLAG, AT(check_config), .help = "Check settings, boards and tables, and exit."},
    {.name = "probe", .type = OPTION_FLAG, AT(probe), .help = "Say what this host offers for measuring, as a worker.yaml to edit, and exit."},
    {.name = "json", .type = OPTION_FLAG, AT(probe_json), .help = "With --probe: one JSON object instead."},
    {.name = "help-keys", .type = OPTION_FLAG, AT(help_keys), .help = "Explain the keys of worker.yaml and of boards, and exit."},
    OPTION_ROW_EXIT_WITH_PARENT(struct settings),
    OPTION_ROW_HELP(struct settings),
    OPTION_ROW_VERSION(struct settings),
    {0}};
#undef AT
static struct option_def options[48]; /* both tables, by join_options() */

/* The keys of worker.yaml that are options, then what only a command line says. */
static void join_options(void)
{
    size_t n = 0;
    for (const struct option_def *d = worker_keys; d->name; d++) {
        if (d->type != OPTION_PART)
            options[n++] = *d;
    }
    for (const struct option_def *d = own_options; d->name; d++)
        options[n++] = *d;
}

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
           "  host:engine[,core=N][,dataset=NAME][,power=DRIVER]...\n"
           "  ID:command,tool=TOOL|command=LINE[,offers=METRIC,...][,threads=N]...\n"
           "  ID:evaluator,command=LINE[,limit=6h][,memory=16Gi][,nice=N]...\n"
           "  ID:mcu,port=PATH[,name=TEXT][,flash=512Ki][,ram=128Ki]...\n"
           "  ID:table:FILE.csv,METRIC=COLUMN...[,noise.METRIC=SIGMA][,delay=20ms]...\n"
           "--help-keys explains every key.\n");
}

static void print_keys(void)
{
    printf("worker.yaml:\n");
    for (const struct option_def *d = worker_keys; d->name; d++)
        option_help(d, "", ": ", stdout);
    printf("\nAn entry of tiers:\n");
    for (const struct option_def *d = tier_keys; d->name; d++)
        option_help(d, "", ": ", stdout);
    printf("\nAn entry of boards, {id: NAME, backend: %s, ...}, and the text of --board, ID:BACKEND[:FILE][,key=value...],\n"
           "have the keys below. In a file `power.scope` may be `power: {scope: ...}`, `canary.interval` `canary_interval`, a list a list, and\n"
           "columns of a table `metrics: [{name: METRIC, column: COLUMN, noise: SIGMA}]`. In a text a comma in quotes or after a backslash is part\n"
           "of its value, and what follows a list without a key of its own is one more entry: offers=latency,accuracy.\n",
           backend_kind_names());
    board_config_help(stdout);
}

static int read_flags(struct settings *s, int argc, char **argv, struct sonata_error *err)
{
    int rest, r = options_environment(options, "SONATA_WORKER", s, err);
    if (!r)
        r = options_parse(options, argc, argv, s, &rest, err);
    return !r && rest < argc ? sonata_error_set(err, -EINVAL, "'%s' is not expected; see --help", argv[rest]) : r;
}

/* Defaults < worker.yaml < environment < flags; boards of all of them. settings_fini() also after an error. */
static int settings_read(struct settings *s, int argc, char **argv, struct sonata_error *err)
{
    *s = (struct settings){0};
    worker_config_init(&s->worker);
    int r = read_flags(s, argc, argv, err);
    if (!r && s->config) {
        const char *path = s->config;
        *s = (struct settings){0};
        worker_config_init(&s->worker);
        r = worker_config_read(&s->worker, path, err);
        r = r ? r : read_flags(s, argc, argv, err);
    }
    for (unsigned i = 0; !r && i < s->boards.n; i++) {
        struct board_config board;
        r = board_config_parse(s->boards.item[i], &board, err);
        r = r ? r : worker_config_add(&s->worker, &board, err);
    }
    return r;
}

static void settings_fini(struct settings *s) { worker_config_fini(&s->worker); }

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
    int argc;
    char **argv;
    const struct worker_config *config;
    uint64_t boards_read; /* hash of the boards as configured */
    struct agent *agent;
};

static uint64_t boards_hash(const struct worker_config *c) { return c->n_boards ? hash64(c->board, c->n_boards * sizeof *c->board) : 0; }

static void on_stop(void *user) { agent_stop(((struct daemon *)user)->agent); }

static void start_log(const struct settings *s)
{
    enum log_level level = LOG_INFO;
    const char *text = s->worker.log;
    if (!text[0] || !log_level_parse(text, &level))
        log_init("sonata-worker", level, s->log_json);
}

/* Whether a key that a running worker does not take over is as it was. */
static bool is_kept(const struct daemon *d, const struct option_def *key, const struct worker_config *next)
{
    const struct worker_config *c = d->config;
    if (!strcmp(key->name, "canary"))
        return c->health.canary == next->health.canary && c->health.canary_ns == next->health.canary_ns;
    if (!strcmp(key->name, "boards"))
        return d->boards_read == boards_hash(next);
    if (!strcmp(key->name, "tiers"))
        return !memcmp(c->protocol, next->protocol, sizeof c->protocol);
    return key->reloadable || (!strcmp(key->name, "key") && !next->key[0]) || option_same(key, c, next);
}

/* SIGHUP: worker.yaml is read again; when it is wrong everything stays as it is. Boards are processes that measure: they take nothing over. */
static void on_reload(void *user)
{
    struct daemon *d = user;
    struct settings next;
    struct sonata_error err = {0};
    service_notify("RELOADING=1");
    if (settings_read(&next, d->argc, d->argv, &err)) {
        log_error("the configuration is not reloaded: it has a mistake", "reason=\"%s\"", err.text);
    } else {
        start_log(&next);
        for (const struct option_def *key = worker_keys; key->name; key++) {
            if (!is_kept(d, key, &next.worker))
                log_warn("this setting changed but takes effect only at the next start", "setting=%s", key->name);
        }
        log_info("configuration reloaded", "file=%s", next.config ? next.config : "");
    }
    settings_fini(&next);
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

static int run(struct daemon *d, struct sonata_error *err)
{
    struct loop loop;
    const struct worker_config *c = d->config;
    char executable[1024];
    int r = find_executable(c, executable, sizeof executable, err);
    if (r)
        return r;
    r = loop_init(&loop, d);
    if (r)
        return sonata_error_set(err, r, "cannot start the event loop: %s", strerror(-r));
    loop.stop = on_stop;
    leave_measuring_cores(c);
    r = agent_new(&loop, c, executable, &d->agent, err);
    loop.reload = on_reload;
    if (r) {
        loop.stop = NULL;
        loop_stop(&loop);
    }
    loop_run(&loop);
    int leak = loop_fini(&loop);
    if (leak)
        log_error("a handle was left open at the end", "code=%d", leak);
    int status = d->agent ? agent_exit_status(d->agent) : 0;
    agent_free(d->agent);
    return r ? r : status;
}

static int explain(const struct settings *s)
{
    if (s->help)
        print_help();
    else if (s->help_keys)
        print_keys();
    else
        printf("sonata-worker %s\n", SONATA_VERSION);
    return 0;
}

static int do_not_outlive_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == 1 ? 1 : 0;
}

static int serve(struct settings *s, int argc, char **argv, struct sonata_error *err)
{
    struct worker_config *c = &s->worker;
    struct daemon d = {.argc = argc, .argv = argv, .config = c, .boards_read = boards_hash(c)};
    int r = worker_config_finish(c, err);
    if (!r)
        r = check_tables(c, err);
    if (!r && s->check_config)
        printf("configuration is good: worker %s, %u board(s), master %s\n", c->name, c->n_boards, c->master);
    else if (!r)
        r = run(&d, err);
    return r;
}

int main(int argc, char **argv)
{
    uint64_t parent;
    if (argc == 3 && !strcmp(argv[1], BOARD_PROCESS_FLAG) && !parse_u64(argv[2], 1, INT64_MAX, &parent)) {
        log_init("sonata-worker", LOG_INFO, false);
        return board_process_main(BOARD_PROCESS_FD, (long)parent);
    }
    struct settings s;
    struct sonata_error err = {0};
    join_options();
    int r = settings_read(&s, argc, argv, &err);
    start_log(&s);
    if (s.help || s.help_keys || s.version)
        r = explain(&s);
    else if (r)
        r = fail(&err);
    else if (s.probe)
        r = probe_run(stdout, s.probe_json, "") ? 1 : 0;
    else if (s.exit_with_parent && do_not_outlive_parent())
        r = 1;
    else if ((r = serve(&s, argc, argv, &err)) < 0)
        r = fail(&err);
    settings_fini(&s);
    return r;
}
