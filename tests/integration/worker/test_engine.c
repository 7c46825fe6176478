/* The engine board end to end: real worker, real supernet and data set, scripted master. Skipped where the data set or the supernet is absent. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "conf/share.h"
#include "conf/space_file.h"
#include "fake_master.h"
#include "health/record.h"
#include "measure/spread.h"
#include "support/process.h"

enum { LONG = 60000 * TEST_PATIENCE };

struct scene {
    struct fake_master master;
    char folder[64], log[96];
    pid_t worker;
    struct space space;
    uint8_t space_hash[32], supernet_hash[32];
};

static void start_worker(struct scene *s, const char *board)
{
    char endpoint[96], state[96];
    snprintf(endpoint, sizeof endpoint, "ipc://%s/m", s->folder);
    snprintf(state, sizeof state, "%s/state", s->folder);
    const char *const argv[] = {SONATA_WORKER_PATH, "--master", endpoint, "--name", "w", "--state", state, "--board", board, NULL};
    s->worker = process_start(argv, s->log);
    Sonata__Envelope *e = fake_master_wait(&s->master, SONATA__ENVELOPE__BODY_HELLO, LONG);
    assert_non_null(e);
    envelope_free(e);
}

static void open_scene(struct scene *s, const char *board)
{
    char path[1024], endpoint[96];
    struct sonata_error err = {0};
    *s = (struct scene){.folder = "/tmp/sonata-engine-test-XXXXXX"};
    if (!share_find("supernets", "fmnist-mbconv-v1", ".safetensors", path, sizeof path) || !file_exists("/usr/share/datasets/fashion-mnist"))
        skip();
    if (space_file_read("fmnist-mbconv", &s->space, &err))
        fail_msg("%s", err.text);
    assert_non_null(mkdtemp(s->folder));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/m", s->folder);
    snprintf(s->log, sizeof s->log, "%s/log", s->folder);
    fake_master_open(&s->master, endpoint);
    s->master.chunk = WIRE_BLOB_CHUNK;
    struct bytes b = {0}, supernet = {0};
    space_encode(&s->space, &b);
    memcpy(s->space_hash, fake_master_add_blob(&s->master, b.data, b.size), 32);
    bytes_fini(&b);
    assert_int_equal(file_read(path, WIRE_BLOB_MAX, &supernet, &err), 0);
    memcpy(s->supernet_hash, fake_master_add_blob(&s->master, supernet.data, supernet.size), 32);
    bytes_fini(&supernet);
    start_worker(s, board);
}

static void close_scene(struct scene *s)
{
    assert_int_equal(process_stop(s->worker, 5000), 0);
    fake_master_close(&s->master);
    for (size_t i = 0; i < s->master.n_blobs; i++)
        bytes_fini(&s->master.blob[i].data);
    remove_folder(s->folder);
}

static struct measurement measure_at(struct scene *s, uint64_t attempt, struct genotype g, const char *tier)
{
    struct evaluation_job j = {.attempt = attempt, .epoch = (uint32_t)attempt, .board = "host", .genotype = g, .n_genes = s->space.n_genes, .n_metrics = 2,
                               .metric = {"accuracy", "latency"}, .dataset = "fashion-mnist", .time_limit_ns = 50 * SONATA_SECOND};
    copy_string(j.tier, sizeof j.tier, tier);
    memcpy(j.space_hash, s->space_hash, 32);
    memcpy(j.supernet_hash, s->supernet_hash, 32);
    fake_master_assign(&s->master, &j);
    struct measurement m;
    if (!fake_master_result(&s->master, LONG, true, &m))
        fail_msg("no result; see %s", s->log);
    assert_true(m.attempt == attempt);
    return m;
}

static struct measurement measure(struct scene *s, uint64_t attempt, struct genotype g)
{
    return measure_at(s, attempt, g, "screen");
}

static double value(const struct measurement *m, const char *name)
{
    const struct metric_value *v = measurement_metric(m, name);
    if (!v)
        fail_msg("no metric '%s': %s", name, m->reason);
    assert_true(v->low <= v->value && v->value <= v->high);
    return v->value;
}

static void smallest_and_largest(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "host:engine,canary=functional");
    struct measurement small = measure(&s, 1, space_first(&s.space)), large = measure(&s, 2, space_last(&s.space)), again = measure(&s, 3, space_first(&s.space));
    printf("# smallest: %.2f %% in %.4f ms, largest: %.2f %% in %.4f ms; attempts took %.2f and %.2f s, flags %u and %u\n", value(&small, "accuracy"),
           value(&small, "latency"), value(&large, "accuracy"), value(&large, "latency"), (double)small.duration_ns / 1e9, (double)large.duration_ns / 1e9, small.flags,
           large.flags);
    assert_true(value(&large, "accuracy") > value(&small, "accuracy") && value(&large, "accuracy") >= 75);
    assert_true(value(&large, "latency") > value(&small, "latency"));
    assert_true(value(&large, "params") > value(&small, "params") && value(&large, "macs") > value(&small, "macs"));
    assert_true(value(&small, "accuracy") == value(&again, "accuracy")); /* the same network, the same test set */
    assert_true(value(&small, "latency_min") <= value(&small, "latency") && value(&small, "latency_p90") <= value(&small, "latency_p99"));
    assert_true(small.n_processes >= 2 && small.n_windows == 2 * small.n_processes && small.n_samples >= 10);
    assert_true(fabs(small.process_prior.variance - 0.015 * 0.015) < 1e-12 && small.process_prior.freedom > 3.9); /* of a board that was not known */
    assert_true(small.n_processes < 2 || small.process_median_us[0] != small.process_median_us[1]);
    assert_non_null(strstr(small.fingerprint, "\nplacement="));
    assert_non_null(strstr(small.fingerprint, "\nprocesses="));
    assert_non_null(strstr(small.fingerprint, "executor="));
    assert_non_null(strstr(small.fingerprint, "dataset_hash="));
    assert_non_null(strstr(small.fingerprint, "foreign_share="));
    measurement_fini(&small);
    measurement_fini(&large);
    measurement_fini(&again);
    close_scene(&s);
}

static void too_little_memory_is_infeasible(void **state)
{
    (void)state;
#ifdef SONATA_SANITIZED
    skip(); /* no memory limits there */
#endif
    struct scene s;
    open_scene(&s, "host:engine,memory=1Mi,canary=functional");
    struct measurement m = measure(&s, 1, space_last(&s.space));
    /* the canary's network is much smaller; where even that finds no room it is the board that is at fault */
    printf("# %s\n", m.reason);
    assert_true(m.outcome == OUTCOME_INFEASIBLE || m.outcome == OUTCOME_INFRA);
    measurement_fini(&m);
    close_scene(&s);
}

static void write_health(const char *path, const struct spread *learned, size_t n)
{
    cleanup_bytes struct bytes b = {0};
    struct board_health h = {0};
    struct sonata_error err;
    uint8_t seal[HASH_SIZE];
    health_encode(&h, &b);
    if (n)
        spreads_encode(learned, n, &b);
    hash_content(b.data, b.size, seal);
    bytes_append(&b, seal, sizeof seal);
    assert_int_equal(file_write_atomic(path, b.data, b.size, &err), 0);
}

/* What a board learned of its processes is there after a restart; a health file from before there was any, too, is read. */
static void what_was_learned_is_kept(void **state)
{
    (void)state;
    struct scene s;
    struct spread learned[3] = {{0}};
    char path[128];
    for (int i = 0; i < 50; i++) /* at screen: 3 % */
        spread_learn(&learned[0], (const double[]){100, 103 + i % 3}, 2);
    struct process_prior expected = spread_prior(&learned[0]);
    open_scene(&s, "host:engine,canary=functional");
    snprintf(path, sizeof path, "%s/state/health/host.health", s.folder);
    for (int old = 0; old < 2; old++) {
        assert_int_equal(process_stop(s.worker, 5000), 0);
        write_health(path, learned, old ? 0 : 3);
        start_worker(&s, "host:engine,canary=functional");
        struct measurement m = measure(&s, 1 + (uint64_t)old, space_first(&s.space));
        struct process_interval i;
        double us[PROCESSES_MAX];
        for (uint32_t p = 0; p < m.n_processes; p++)
            us[p] = (double)m.process_median_us[p];
        assert_true(m.n_processes >= 2 && (m.process_prior.variance == expected.variance) == !old && (m.process_prior.freedom == expected.freedom) == !old);
        process_interval(us, m.n_processes, &m.process_prior, &i); /* it can be made from what is kept */
        assert_true(fabs(measurement_metric(&m, "latency")->high * 1e3 / i.high - 1) < 1e-6 && fabs(value(&m, "latency") * 1e3 / i.value - 1) < 1e-6);
        measurement_fini(&m);
    }
    close_scene(&s);
}

/* Processes that do nothing else on that core. */
static void start_hogs(int core, pid_t *pid, int n)
{
    for (int i = 0; i < n; i++) {
        pid[i] = fork();
        if (pid[i])
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (cpu_pin(core))
            _exit(1);
        for (volatile unsigned k = 0;; k++)
            ;
    }
}

/* A core that others take: the number is kept for a screen, flagged; at tier search the attempt is invalid, with its data. */
static void a_contended_search_is_invalid(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "host:engine,canary=functional");
    struct measurement screen = measure(&s, 1, space_first(&s.space));
    const char *core = strstr(screen.fingerprint, "\ncore=");
    assert_non_null(core);
    pid_t hog[4];
    start_hogs((int)strtol(core + 6, NULL, 10), hog, 4);
    struct measurement flagged = measure(&s, 2, space_first(&s.space)), invalid = measure_at(&s, 3, space_first(&s.space), "search");
    for (int i = 0; i < 4; i++) {
        kill(hog[i], SIGKILL);
        waitpid(hog[i], NULL, 0);
    }
    printf("# %s; %.4f ms alone, %.4f ms flagged\n", invalid.reason, value(&screen, "latency"), value(&flagged, "latency"));
    assert_int_equal(flagged.outcome, OUTCOME_OK);
    assert_true(flagged.flags & FLAG_CONTENDED);
    assert_int_equal(invalid.outcome, OUTCOME_INVALID);
    assert_non_null(strstr(invalid.reason, "invalid: contended"));
    assert_true(invalid.n_samples > 0 && value(&invalid, "latency") > 0 && value(&invalid, "accuracy") > 0);
    assert_non_null(strstr(invalid.fingerprint, "\ntier=search\n"));
    measurement_fini(&screen);
    measurement_fini(&flagged);
    measurement_fini(&invalid);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_and_largest),
        cmocka_unit_test(too_little_memory_is_infeasible),
        cmocka_unit_test(what_was_learned_is_kept),
        cmocka_unit_test(a_contended_search_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
