/* A store of any size, filled as a master with a farm fills it: searches, proposals, leases and results go through engine_turn(), only the sockets
 * are missing. Then what it takes to live with it: bytes of each database, time to open it, memory.
 *
 *     bench_store FOLDER MEASUREMENTS [BUDGET [SAMPLES]]
 *
 * Searches of BUDGET evaluations (10,000) run one after another; the last one stays unfinished when it does not divide. Each measurement has three
 * metrics with intervals, 15 windows, the fingerprint of a real board, and SAMPLES raw samples (0). FOLDER on a memory-backed file system keeps
 * the synchronous commits cheap; the bytes are the same. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "run/engine.h"

enum { WORKERS = 8, BOARDS = 32, GENES = 20, HELD_MAX = WORKERS * BOARDS * SCHED_SLOTS_MAX, WINDOWS = 15 };

struct fill {
    struct store *store;
    struct engine *run;
    int64_t now, wall;
    struct held {
        struct evaluation_job job;
        char worker[WORKER_NAME_MAX];
    } held[HELD_MAX];
    uint32_t n_held;
    uint64_t measured;
    uint32_t samples;
    struct rng rng;
};

static void on_assign(void *user, const char *worker, const struct evaluation_job *job)
{
    struct fill *f = user;
    if (f->n_held == HELD_MAX)
        return;
    f->held[f->n_held].job = *job;
    copy_string(f->held[f->n_held++].worker, WORKER_NAME_MAX, worker);
}

static void on_cancel(void *user, const char *worker, uint64_t attempt, const char *reason)
{
    (void)user;
    (void)worker;
    (void)attempt;
    (void)reason;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void start(struct fill *f, const char *folder)
{
    struct sonata_error err = {{0}};
    struct engine_config config = engine_config_default();
    struct engine_hooks hooks = {.user = f, .assign = on_assign, .cancel = on_cancel};
    if (store_open(folder, NULL, &f->store, &err) || engine_new(&(struct engine_setup){f->store, &config, &hooks, f->now, f->wall}, &f->run, &err))
        die(folder, err.text);
}

static void describe_worker(unsigned w, char name[WORKER_NAME_MAX], struct sched_board_info board[BOARDS])
{
    snprintf(name, WORKER_NAME_MAX, "rack-%u", w);
    for (unsigned b = 0; b < BOARDS; b++) {
        board[b] = (struct sched_board_info){.n_metrics = 3, .metric = {"accuracy", "energy", "latency"}, .type = "rpi4", .state = "ready"};
        snprintf(board[b].id, sizeof board[b].id, "rpi4-%u-%02u", w, b);
    }
}

static void greet(struct fill *f)
{
    static struct sched_board_info board[BOARDS];
    char name[WORKER_NAME_MAX];
    struct sonata_error err = {{0}};
    for (unsigned w = 0; w < WORKERS; w++) {
        describe_worker(w, name, board);
        if (engine_hello(f->run, &(struct sched_report){name, 1, board, BOARDS, NULL, 0}, &err))
            die(name, err.text);
    }
}

static void beat(struct fill *f)
{
    static struct sched_board_info board[BOARDS];
    char name[WORKER_NAME_MAX];
    for (unsigned w = 0; w < WORKERS; w++) {
        describe_worker(w, name, board);
        if (engine_heartbeat(f->run, &(struct sched_report){name, 1, board, BOARDS, NULL, 0}))
            die(name, "heartbeat refused");
    }
}

/* As a worker on a rack writes it: constant lines and a few that change with every run. */
static void fingerprint(struct fill *f, const struct held *h, char *out, size_t size)
{
    snprintf(
        out, size,
        "kernel=Linux 6.1.0-rpi8-rpi-v8 #1 SMP PREEMPT Debian 1:6.1.73-1+rpt1 aarch64\ncore=3\nclock_khz=%u\ngovernor=performance\nload1=%.2f\n"
        "temperature_mc=%u\nbackend=engine xnnpack 0.0~git20221221.51a9875-2\nsupernet=fmnist-mbconv-v1\nthreads=1\nbuild_ms=%u\n"
        "protocol=search\nwindows=%u\nwindow_us=50000\nper_window=%u\ninterval_coverage=0.9648\nwindow_cv=%.4f\nautocorrelation=%.3f\noutliers=%u\n"
        "worker=sonata-worker 1.0.0\nboard=%s\naccuracy_ms=%u\nthrottle_events=0\n",
        1800000 - 600 * rng_below(&f->rng, 3), (double)rng_below(&f->rng, 120) / 100, 48000 + 100 * rng_below(&f->rng, 80),
        40 + rng_below(&f->rng, 60), WINDOWS, 20 + rng_below(&f->rng, 900), (double)rng_below(&f->rng, 400) / 1e4,
        (double)rng_below(&f->rng, 300) / 1e3, rng_below(&f->rng, 4), h->job.board, 600 + rng_below(&f->rng, 500));
}

static void measure(struct fill *f, const struct held *h)
{
    double cost = 0, noise = 1 + 0.01 * (rng_uniform(&f->rng) - 0.5);
    for (unsigned g = 0; g < h->job.n_genes; g++)
        cost += (1 + 0.1 * g) * h->job.genotype.allele[g];
    double latency = (4 + cost * 0.21) * noise, energy = latency * 2.9 * (1 + 0.05 * rng_uniform(&f->rng));
    double accuracy = 0.01 * floor(100 * (92 - 300 / (20 + cost) + rng_uniform(&f->rng)));
    struct measurement m = {.attempt = h->job.attempt,
                            .epoch = h->job.epoch,
                            .started_wall_ns = f->wall - 9 * SONATA_SECOND,
                            .duration_ns = 8 * SONATA_SECOND + (int64_t)rng_below(&f->rng, 1000000000),
                            .n_windows = WINDOWS};
    copy_string(m.board, sizeof m.board, h->job.board);
    copy_string(m.board_type, sizeof m.board_type, "rpi4");
    fingerprint(f, h, m.fingerprint, sizeof m.fingerprint);
    measurement_add(&m, "accuracy", accuracy, accuracy - 0.55, accuracy + 0.55, 10000);
    measurement_add(&m, "energy", energy, energy * 0.99, energy * 1.01, WINDOWS);
    measurement_add(&m, "latency", latency, latency * 0.997, latency * 1.004, WINDOWS);
    for (unsigned i = 0; i < WINDOWS; i++)
        m.window_median_us[i] = (float)(1000 * latency * (1 + 0.01 * (rng_uniform(&f->rng) - 0.5)));
    m.n_samples = f->samples;
    m.samples_us = f->samples ? xcalloc(f->samples, sizeof *m.samples_us) : NULL;
    for (uint32_t i = 0; i < f->samples; i++)
        m.samples_us[i] = (float)(1000 * latency * (1 + 0.02 * (rng_uniform(&f->rng) - 0.5)));
    enum engine_verdict verdict = engine_result(f->run, h->worker, &m);
    if (verdict != ENGINE_ACCEPTED)
        die("result", verdict == ENGINE_NOT_NOW ? "the store is blocked" : engine_verdict_name(verdict));
    f->measured++;
    measurement_fini(&m);
}

static uint64_t submit(struct fill *f, uint32_t budget, uint64_t seed)
{
    struct search_spec *s = xcalloc(1, sizeof *s);
    struct sonata_error err = {{0}};
    uint64_t id;
    *s = (struct search_spec){
        .budget_evaluations = budget,
        .population = 20,
        .seed = seed,
        .n_objectives = 3,
        .objective = {{.metric = "accuracy", .goal = GOAL_MAX}, {.metric = "latency", .board = "rpi4"}, {.metric = "energy", .board = "rpi4"}}};
    snprintf(s->name, sizeof s->name, "fill-%llu", (unsigned long long)seed);
    copy_string(s->algorithm, sizeof s->algorithm, budget <= 1000 ? "nsga2" : "random");
    copy_string(s->tier, sizeof s->tier, "search");
    copy_string(s->dataset, sizeof s->dataset, "fashion-mnist");
    copy_string(s->space.name, sizeof s->space.name, "fill");
    s->space.n_genes = GENES;
    for (unsigned j = 0; j < GENES; j++) {
        struct gene *g = &s->space.gene[j];
        *g = (struct gene){.ordinal = true, .n_choices = 5, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        snprintf(g->name, sizeof g->name, "g%u", j);
        for (unsigned v = 0; v < g->n_choices; v++) {
            snprintf(g->label[v], sizeof g->label[v], "%u", v);
            g->value[v] = v;
        }
    }
    if (engine_submit(f->run, s, &(struct engine_owner){.team = ""}, &id, &err))
        die("submit", err.text);
    free(s);
    return id;
}

static void turn(struct fill *f)
{
    f->now += SONATA_MS;
    f->wall += SONATA_MS;
    engine_set_time(f->run, f->now, f->wall);
    engine_turn(f->run);
    if (engine_is_blocked(f->run, NULL))
        die("store", "cannot be written");
}

static void fill(struct fill *f, uint64_t count, uint32_t budget)
{
    greet(f);
    uint64_t search = 0;
    for (uint64_t seed = 1, turns = 0; f->measured < count; turns++) {
        if (!search || engine_search_by_id(f->run, search)->state != SEARCH_RUNNING)
            search = submit(f, budget, seed++);
        turn(f);
        for (uint32_t left = f->n_held / 2; f->n_held > left && f->measured < count;) { /* boards finish in no order */
            uint32_t i = rng_below(&f->rng, f->n_held);
            measure(f, &f->held[i]);
            f->held[i] = f->held[--f->n_held];
        }
        if (turns % 1000 == 999)
            beat(f);
    }
    turn(f);
}

static void print_sizes(struct fill *f)
{
    uint64_t total = 0;
    printf("%-16s %12s %14s %10s\n", "database", "records", "bytes", "per_result");
    for (unsigned db = 0; db < STORE_DB_COUNT; db++) {
        uint64_t bytes = store_size(f->store, (enum store_db)db);
        total += bytes;
        printf("%-16s %12llu %14llu %10.1f\n", store_db_name((enum store_db)db), (unsigned long long)store_count(f->store, (enum store_db)db),
               (unsigned long long)bytes, (double)bytes / (double)f->measured);
    }
    printf("%-16s %12s %14llu %10.1f\n", "all", "", (unsigned long long)total, (double)total / (double)f->measured);
}

static double file_mib(const char *folder)
{
    char path[1024];
    struct stat st;
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    return stat(path, &st) ? -1 : (double)st.st_size / 1048576;
}

static long peak_kib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

int main(int argc, char **argv)
{
    uint64_t count, budget = 10000, samples = 0;
    if (argc < 3 || parse_u64(argv[2], 1, 100000000, &count) || (argc > 3 && parse_u64(argv[3], 1, 1000000, &budget)) ||
        (argc > 4 && parse_u64(argv[4], 0, SAMPLES_MAX, &samples))) {
        fprintf(stderr, "usage: %s FOLDER MEASUREMENTS [BUDGET [SAMPLES]]\n", argv[0]);
        return 2;
    }
    static struct fill f;
    f = (struct fill){.now = SONATA_SECOND, .wall = clock_wall_ns(), .samples = (uint32_t)samples, .rng = rng_seeded(1, 0)};
    start(&f, argv[1]);
    int64_t begin = clock_monotonic_ns();
    fill(&f, count, (uint32_t)budget);
    double seconds = (double)(clock_monotonic_ns() - begin) / 1e9;
    print_sizes(&f);
    engine_free(f.run);
    store_close(f.store);
    begin = clock_monotonic_ns();
    start(&f, argv[1]);
    double open_ms = (double)(clock_monotonic_ns() - begin) / 1e6;
    printf("measurements=%llu searches=%u fill_s=%.1f results_per_second=%.0f file_mib=%.1f bytes_per_result=%.1f start_ms=%.1f peak_kib=%ld\n",
           (unsigned long long)f.measured, engine_search_count(f.run), seconds, (double)f.measured / seconds, file_mib(argv[1]),
           file_mib(argv[1]) * 1048576 / (double)f.measured, open_ms, peak_kib());
    engine_free(f.run);
    store_close(f.store);
    return 0;
}
