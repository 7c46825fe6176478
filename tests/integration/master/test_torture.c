/* Everything at once: eight workers, a search of each of three teams, CURVE, and at random moments kill -9 of master or workers, workers frozen past
 * their lease, links cut, dropped, delayed or stalled (every other worker goes through one), a full disk under the master, torn ends of worker
 * spools, boards that fail or crash by themselves.
 *
 *     test_torture [SEED [FAULTS [WORKERS]]]
 *
 * At the end every acknowledged submission is there and finished, each has exactly its budget of results, every result that a worker was told is
 * acknowledged is in the store, no evaluation was accepted twice, and the event log of every search, run again, gives the recorded proposals
 * (`--check`). Counts of the faults are printed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "store/record.h"
#include "store/store.h"
#include "support/client.h"
#include "support/farm_keys.h"

enum { SEARCHES = 3, DELAY_MS = 15, ANSWER_MS = 30000, FINISH_S = 240 * TEST_PATIENCE };

static const uint32_t budget[SEARCHES] = {1300, 1300, 250};

enum fault { KILL_MASTER, KILL_WORKER, FREEZE_WORKER, FULL_DISK, TORN_SPOOL, CUT_LINK, DROP_LINK, DELAY_LINK, STALL_LINK, FAULT_COUNT };
static const char *const fault_name[FAULT_COUNT] = {"master killed", "worker killed", "worker frozen", "disk full", "spool torn",
                                                    "links cut",     "links down",    "links slow",    "links stalled"};

static struct table_farm farm;
static struct farm_key admin, worker_key, team_key[SEARCHES];
static char link_endpoint[96];
static int link_commands = -1;
static unsigned n_workers, round_number;

static void die(const char *what)
{
    fprintf(stderr, "FAILED: %s (logs kept in %s)\n", what, farm.folder);
    table_farm_print_log(&farm, "master.log");
    table_farm_print_log(&farm, "check.log");
    table_farm_close(&farm, true);
    exit(1);
}

static void pause_ms(struct rng *rng, uint32_t most)
{
    clock_sleep_ns((int64_t)rng_below(rng, most) * SONATA_MS);
}

static void freeze_worker(struct rng *rng, unsigned w)
{
    kill(farm.worker_pid[w], SIGSTOP);
    clock_sleep_ns((int64_t)(1000 + rng_below(rng, 5000)) * SONATA_MS); /* the lease is 4 s */
    kill(farm.worker_pid[w], SIGCONT);
}

static void full_disk(struct rng *rng)
{
    struct rlimit limit;
    struct stat st;
    char path[128];
    snprintf(path, sizeof path, "%s/master/data.mdb", farm.folder);
    if (stat(path, &st) || prlimit(farm.master_pid, RLIMIT_FSIZE, NULL, &limit))
        return;
    rlim_t most = limit.rlim_max;
    limit.rlim_cur = (rlim_t)st.st_size;
    prlimit(farm.master_pid, RLIMIT_FSIZE, &limit, NULL);
    clock_sleep_ns((int64_t)(500 + rng_below(rng, 1500)) * SONATA_MS);
    limit.rlim_cur = most;
    prlimit(farm.master_pid, RLIMIT_FSIZE, &limit, NULL);
}

/* As a power loss may leave it: the worker dies, the last bytes of its spool files are gone or wrong. */
static void tear_spool(struct rng *rng, unsigned w)
{
    char folder[128];
    process_kill(farm.worker_pid[w]);
    snprintf(folder, sizeof folder, "%s/worker-%u", farm.folder, w);
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[512];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (!strstr(e->d_name, "spool") || stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size < 8)
            continue;
        if (truncate(path, st.st_size - 1 - (off_t)rng_below(rng, 7)))
            perror(path);
    }
    if (d)
        closedir(d);
    table_farm_start_worker(&farm, w);
}

/* The proxy reads a FIFO that it holds open itself, so it lives as long as the test. */
static void start_link(uint64_t seed)
{
    char fifo[96], log[96], number[24];
    snprintf(fifo, sizeof fifo, "%s/link.fifo", farm.folder);
    snprintf(log, sizeof log, "%s/link.log", farm.folder);
    snprintf(link_endpoint, sizeof link_endpoint, "ipc://%s/l", farm.folder);
    snprintf(number, sizeof number, "%" PRIu64, seed);
    const char *const argv[] = {"/bin/sh", "-c", "exec python3 \"$0\" \"$1\" \"$2\" \"$3\" <> \"$4\"", SONATA_LINK_PROXY, link_endpoint + strlen("ipc://"),
                                farm.worker + strlen("ipc://"), number, fifo, NULL};
    if (mkfifo(fifo, 0600) || (link_commands = open(fifo, O_RDWR | O_CLOEXEC)) < 0)
        die("the link's commands cannot be opened");
    process_start(argv, log);
    farm.link = link_endpoint;
}

static void trouble_link(struct rng *rng, const char *command)
{
    dprintf(link_commands, "%s\n", command);
    if (strcmp(command, "cut"))
        clock_sleep_ns((int64_t)(500 + rng_below(rng, 5500)) * SONATA_MS);
    dprintf(link_commands, "ok\n");
}

static void inject(struct rng *rng, enum fault fault)
{
    unsigned w = rng_below(rng, n_workers);
    switch (fault) {
    case KILL_MASTER:
        process_kill(farm.master_pid);
        pause_ms(rng, 300);
        table_farm_start_master(&farm);
        break;
    case KILL_WORKER:
        process_kill(farm.worker_pid[w]);
        pause_ms(rng, 300);
        table_farm_start_worker(&farm, w);
        break;
    case FREEZE_WORKER:
        freeze_worker(rng, w);
        break;
    case FULL_DISK:
        full_disk(rng);
        break;
    case CUT_LINK:
        trouble_link(rng, "cut");
        break;
    case DROP_LINK:
        trouble_link(rng, "drop");
        break;
    case DELAY_LINK:
        trouble_link(rng, "delay 200");
        break;
    case STALL_LINK:
        trouble_link(rng, "stall");
        break;
    default:
        tear_spool(rng, w);
    }
}

/* Kills are more common than slow faults. */
static enum fault choose(struct rng *rng)
{
    static const enum fault often[] = {KILL_MASTER, KILL_MASTER, KILL_MASTER, KILL_WORKER, KILL_WORKER, FREEZE_WORKER, FULL_DISK, TORN_SPOOL,
                                       CUT_LINK,    DROP_LINK,   DELAY_LINK,  STALL_LINK};
    return often[rng_below(rng, sizeof often / sizeof *often)];
}

/* Search i is of team i. */
static uint64_t submit(unsigned i, const char *algorithm)
{
    struct search_spec *spec = table_farm_spec(algorithm, algorithm, budget[i], round_number);
    uint64_t id = 0;
    snprintf(spec->space.name, sizeof spec->space.name, "six-%u", round_number); /* another space: nothing is answered from earlier rounds */
    /* Refused while the store cannot be written, as it should be: not acknowledged, so a user would ask again. */
    int rc = -ENOSPC;
    client_use_keys(&team_key[i].security);
    for (int64_t end = clock_monotonic_ns() + FINISH_S * SONATA_SECOND; rc && clock_monotonic_ns() < end;) {
        rc = client_submit_spec(farm.client, spec, NULL, &id, ANSWER_MS);
        if (rc)
            clock_sleep_ns(100 * SONATA_MS);
    }
    if (rc)
        die("submission");
    free(spec);
    return id;
}

/* Results of search i; its state is copied. */
static uint32_t told(unsigned i, uint64_t id, char state[16])
{
    client_use_keys(&team_key[i].security);
    Sonata__Reply *r = client_show_search(farm.client, id, ANSWER_MS);
    if (!r)
        die("an acknowledged search is not there");
    uint32_t n = r->searches[0]->told;
    copy_string(state, 16, r->searches[0]->state);
    if (r->searches[0]->failed)
        die("an evaluation was given up");
    sonata__reply__free_unpacked(r, NULL);
    return n;
}

static bool all_done(const uint64_t id[SEARCHES], uint32_t *ret_total)
{
    bool done = true;
    *ret_total = 0;
    for (unsigned i = 0; i < SEARCHES; i++) {
        char state[16];
        *ret_total += told(i, id[i], state);
        done = done && !strcmp(state, "done");
    }
    return done;
}

/* Three searches to their end, faults as long as there are some left. Returns the number of results. */
static uint32_t play_round(struct rng *rng, uint64_t faults, uint64_t *k, unsigned count[FAULT_COUNT])
{
    round_number++;
    const uint64_t id[SEARCHES] = {submit(0, "nsga2"), submit(1, "random"), submit(2, "sonata+")};
    uint32_t total = 0;
    for (; *k < faults && !all_done(id, &total); ++*k) {
        pause_ms(rng, 250);
        enum fault fault = choose(rng);
        count[fault]++;
        inject(rng, fault);
    }
    for (int64_t end = clock_monotonic_ns() + FINISH_S * SONATA_SECOND; !all_done(id, &total); clock_sleep_ns(100 * SONATA_MS)) {
        if (clock_monotonic_ns() > end)
            die("the searches do not finish");
    }
    if (total != budget[0] + budget[1] + budget[2])
        die("the number of results is not the budget");
    return total;
}

/* What the logs of a worker's lives say was acknowledged must be in the store; "unknown" is the answer to what the master never gave that worker. */
static uint64_t check_acknowledged(struct store *store, unsigned worker)
{
    char path[128], line[1024];
    uint64_t attempt, n = 0;
    snprintf(path, sizeof path, "%s/worker-%u.log", farm.folder, worker);
    FILE *log = fopen(path, "r");
    if (!log)
        die("a worker left no log");
    while (fgets(line, sizeof line, log)) {
        const char *at = strstr(line, "msg=\"result acknowledged\" attempt=");
        if (!at || strstr(line, "verdict=unknown") || sscanf(strstr(at, "attempt="), "attempt=%" SCNu64, &attempt) != 1)
            continue;
        cleanup_bytes struct bytes value = {0};
        if (store_get(store, STORE_MEASUREMENT, key_u64(attempt), &value)) {
            fprintf(stderr, "attempt %" PRIu64 " of worker-%u\n", attempt, worker);
            die("an acknowledged result is not in the store");
        }
        n++;
    }
    fclose(log);
    return n;
}

struct answered {
    uint64_t *evaluation;
    size_t n, capacity;
};

static bool note_accepted(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    (void)key, (void)n_key;
    struct answered *a = user;
    struct attempt_record r;
    if (attempt_record_decode(value, n_value, &r))
        die("an attempt cannot be read");
    if (r.state != ATTEMPT_ACCEPTED)
        return true;
    a->evaluation = xgrow(a->evaluation, &a->capacity, a->n + 1, sizeof *a->evaluation);
    a->evaluation[a->n++] = r.evaluation;
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Looks into the store beside the master's own check. */
static void check_store(void)
{
    char folder[96];
    struct store *store;
    struct sonata_error err = {{0}};
    struct answered a = {0};
    uint64_t acknowledged = 0;
    snprintf(folder, sizeof folder, "%s/master", farm.folder);
    if (store_open(folder, &(struct store_options){.read_only = true}, &store, &err))
        die(err.text);
    for (unsigned w = 0; w < n_workers; w++)
        acknowledged += check_acknowledged(store, w);
    if (!acknowledged || store_scan(store, STORE_ATTEMPT, (struct store_key){0}, 0, note_accepted, &a))
        die("nothing was acknowledged");
    qsort(a.evaluation, a.n, sizeof *a.evaluation, by_number);
    for (size_t i = 1; i < a.n; i++) {
        if (a.evaluation[i] == a.evaluation[i - 1])
            die("an evaluation was accepted twice");
    }
    printf("%" PRIu64 " acknowledgements to workers, %zu evaluations accepted\n", acknowledged, a.n);
    free(a.evaluation);
    store_close(store);
}

static void start_farm(uint64_t seed)
{
    static const char *const team[SEARCHES] = {"vision", "audio", "radar"};
    table_farm_open(&farm, SONATA_BINARY_DIR "/bin", 2, DELAY_MS);
    farm.board_options = ",fail=0.03,crash=0.02";
    farm_keys_start(&farm, &admin);
    farm_keys_new(&farm, &admin, "worker", NULL, "lab", &worker_key);
    farm.worker_key = worker_key.path;
    for (unsigned i = 0; i < SEARCHES; i++) {
        farm_keys_team(&farm, &admin, team[i], false);
        farm_keys_new(&farm, &admin, "team", team[i], team[i], &team_key[i]);
    }
    start_link(seed);
    for (unsigned w = 0; w < n_workers; w++)
        table_farm_start_worker(&farm, w);
}

int main(int argc, char **argv)
{
    uint64_t seed = 0, faults = 40, workers = TABLE_FARM_WORKERS;
    if ((argc > 1 && parse_u64(argv[1], 0, UINT64_MAX, &seed)) || (argc > 2 && parse_u64(argv[2], 0, 100000, &faults)) ||
        (argc > 3 && parse_u64(argv[3], 1, TABLE_FARM_WORKERS, &workers))) {
        fprintf(stderr, "usage: test_torture [SEED [FAULTS [WORKERS]]]\n");
        return 2;
    }
    if (!seed)
        seed = (uint64_t)clock_wall_ns();
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %" PRIu64 ", %" PRIu64 " faults, %" PRIu64 " workers\n", seed, faults, workers);
    struct rng rng = rng_seeded(seed, 0);
    unsigned count[FAULT_COUNT] = {0};
    n_workers = (unsigned)workers;
    start_farm(seed);
    uint64_t results = 0;
    for (uint64_t k = 0; k < faults || !round_number;) {
        results += play_round(&rng, faults, &k, count);
        printf("round %u: %" PRIu64 " of %" PRIu64 " faults, %" PRIu64 " results\n", round_number, k, faults, results);
    }
    printf("injected:");
    for (int i = 0; i < FAULT_COUNT; i++)
        printf(" %s %u%s", fault_name[i], count[i], i + 1 < FAULT_COUNT ? "," : "");
    printf("; %u rounds, %" PRIu64 " results\n", round_number, results);
    if (!table_farm_stop(&farm))
        die("no orderly end after SIGTERM");
    if (table_farm_check(&farm))
        die("--check found problems");
    check_store();
    printf("nothing lost, nothing twice, replay exact\n");
    table_farm_close(&farm, false);
    return 0;
}
