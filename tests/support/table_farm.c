/* See table_farm.h. */
#include "support/table_farm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum { GENES = 6, CHOICES = 4 };

static void write_table(const char *folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s/table.csv", folder);
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        abort();
    }
    fprintf(out, "g0,g1,g2,g3,g4,g5,accuracy,latency\n");
    for (int row = 0; row < 4096; row++) {
        int g[GENES];
        double accuracy = 50, latency = 1;
        for (int i = 0, rest = row; i < GENES; i++, rest /= CHOICES)
            g[i] = rest % CHOICES;
        for (int i = 0; i < GENES; i++) {
            accuracy += (i + 1) * g[i] * (1.0 - 0.1 * g[(i + 1) % GENES]);
            latency += (7 - i) * 0.5 * g[i] * (1.0 + 0.05 * g[(i + 2) % GENES]);
        }
        fprintf(out, "%d,%d,%d,%d,%d,%d,%.4f,%.4f\n", g[0], g[1], g[2], g[3], g[4], g[5], accuracy, latency);
    }
    fclose(out);
}

void table_farm_open(struct table_farm *f, const char *bin, unsigned n_boards, unsigned delay_ms)
{
    *f = (struct table_farm){.bin = bin, .n_boards = n_boards, .delay_ms = delay_ms, .board_options = "", .quarantine = "0s"};
    snprintf(f->folder, sizeof f->folder, "/tmp/sonata-it-XXXXXX");
    if (!mkdtemp(f->folder)) {
        perror(f->folder);
        abort();
    }
    snprintf(f->client, sizeof f->client, "ipc://%s/c", f->folder);
    snprintf(f->worker, sizeof f->worker, "ipc://%s/w", f->folder);
    write_table(f->folder);
}

static void path_in(const struct table_farm *f, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", f->folder, name);
}

void table_farm_start_master(struct table_farm *f)
{
    char program[512], state[128], log[128];
    snprintf(program, sizeof program, "%s/sonata-master", f->bin);
    path_in(f, "master", state, sizeof state);
    path_in(f, "master.log", log, sizeof log);
    const char *const argv[] = {program,   "--state",     state, "--client-endpoint", f->client,       "--worker-endpoint", f->worker, "--heartbeat",
                                "200ms",   "--suspect",   "1s",  "--offline",         "2s",            "--lease",           "4s",      "--grace",
                                "4s",      "--backoff",   "20ms", "--retry-infra",    "100000",        "--log-level",       "debug",   "--commit-retry",
                                "200ms",   "--map-size",  "1Mi", "--quarantine", f->quarantine, "--security",        f->security ? f->security : "auto",
                                f->master_options[0], f->master_options[1], f->master_options[2], f->master_options[3], f->master_options[4],
                                f->master_options[5], f->master_options[6], f->master_options[7], NULL};
    f->master_pid = process_start(argv, log);
}

void table_farm_start_worker(struct table_farm *f, unsigned index)
{
    char program[512], state[128], log[128], name[32], file[32];
    static char board[8][512];
    const char *argv[32];
    size_t n = 0;
    snprintf(program, sizeof program, "%s/sonata-worker", f->bin);
    snprintf(name, sizeof name, "worker-%u", index);
    path_in(f, name, state, sizeof state);
    snprintf(file, sizeof file, "worker-%u.log", index);
    path_in(f, file, log, sizeof log);
    const char *const fixed[] = {program, "--master", f->link && index % 2 ? f->link : f->worker, "--state", state, "--name", name, "--log", "debug"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        argv[n++] = fixed[i];
    for (unsigned i = 0; i < f->n_boards && i < 8; i++) {
        snprintf(board[i], sizeof board[i], "tab-%u-%u:table:%s/table.csv,accuracy=accuracy,latency=latency,delay=%ums,type=tab%s", index, i, f->folder,
                 f->delay_ms, f->board_options);
        argv[n++] = "--board";
        argv[n++] = board[i];
    }
    if (f->worker_key) {
        argv[n++] = "--key";
        argv[n++] = f->worker_key;
    }
    argv[n] = NULL;
    f->worker_pid[index] = process_start(argv, log);
}

_Bool table_farm_stop(struct table_farm *f)
{
    _Bool good = 1;
    for (unsigned i = 0; i <= TABLE_FARM_WORKERS; i++) { /* the master last */
        pid_t *pid = i < TABLE_FARM_WORKERS ? &f->worker_pid[i] : &f->master_pid;
        int status = *pid ? process_stop(*pid, 5000) : 0;
        if (i < TABLE_FARM_WORKERS && status == 128 + SIGTERM)
            status = 0; /* started a moment ago: it had not come to its signal handlers */
        if (status)
            fprintf(stderr, "after SIGTERM: %s %u has status %d\n", i < TABLE_FARM_WORKERS ? "worker" : "master", i, status);
        good = good && !status;
        *pid = 0;
    }
    return good;
}

int table_farm_check(const struct table_farm *f)
{
    char program[512], state[128], log[128];
    snprintf(program, sizeof program, "%s/sonata-master", f->bin);
    path_in(f, "master", state, sizeof state);
    path_in(f, "check.log", log, sizeof log);
    const char *const argv[] = {program, "--state", state, "--check", NULL};
    return process_run(argv, log, 60000);
}

void table_farm_print_log(const struct table_farm *f, const char *name)
{
    enum { LINES = 30, LINE = 400 };
    static char line[LINES][LINE];
    char path[128];
    path_in(f, name, path, sizeof path);
    FILE *in = fopen(path, "r");
    if (!in)
        return;
    size_t n = 0;
    while (fgets(line[n % LINES], LINE, in))
        n++;
    fclose(in);
    fprintf(stderr, "--- end of %s\n", path);
    for (size_t i = n > LINES ? n - LINES : 0; i < n; i++)
        fputs(line[i % LINES], stderr);
}

void table_farm_close(struct table_farm *f, _Bool keep)
{
    for (unsigned i = 0; i < TABLE_FARM_WORKERS; i++) {
        if (f->worker_pid[i])
            process_kill(f->worker_pid[i]);
    }
    if (f->master_pid)
        process_kill(f->master_pid);
    if (!keep)
        remove_folder(f->folder);
}

struct search_spec *table_farm_spec(const char *name, const char *algorithm, uint32_t budget, uint64_t seed)
{
    struct search_spec *s = xcalloc(1, sizeof *s);
    copy_string(s->name, sizeof s->name, name);
    copy_string(s->algorithm, sizeof s->algorithm, algorithm);
    copy_string(s->tier, sizeof s->tier, "search");
    s->budget_evaluations = budget;
    s->population = 20;
    s->seed = seed;
    s->n_objectives = 2;
    s->objective[0] = (struct objective){.metric = "accuracy", .goal = GOAL_MAX};
    s->objective[1] = (struct objective){.metric = "latency", .board = "tab", .goal = GOAL_MIN};
    copy_string(s->space.name, sizeof s->space.name, "six");
    s->space.n_genes = GENES;
    for (int i = 0; i < GENES; i++) {
        struct gene *g = &s->space.gene[i];
        *g = (struct gene){.ordinal = true, .n_choices = CHOICES, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        snprintf(g->name, sizeof g->name, "g%d", i);
        for (int c = 0; c < CHOICES; c++) {
            snprintf(g->label[c], sizeof g->label[c], "%d", c);
            g->value[c] = c;
        }
    }
    return s;
}
