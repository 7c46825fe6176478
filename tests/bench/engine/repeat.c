/* bench_repeat SUPERNET [NETWORKS [REPEATS [SCALE [CORE]]]]: how repeatable the `search` tier is against what is usually done, the mean of 50 runs.
 *
 * Every repeat goes over all networks in a new random order (A B C, C A B, …), each measurement in its own child pinned to CORE as a worker's candidate
 * is: first 50 runs by the wall clock, then the protocol. Half of the repeats run alone, the other half beside a CPU hog on the same core that starts and
 * stops all the time. SCALE shortens warm-up, windows and caps; 1 is the tier itself, about 13 s a measurement.
 *
 * The truth of a network is the median of its unflagged medians without the hog, or of all its medians where each has a flag, as on a busy machine;
 * `covered` is the share of the unflagged intervals that holds it. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "power/fingerprint.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "conf/space_file.h"
#include "measure/latency.h"
#include "measure/statistics.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"

enum { NETWORKS_MAX = 32, REPEATS_MAX = 100, NAIVE_RUNS = 50, CANDIDATE_NICE = -10 };
enum { BAD_FLAGS = FLAG_NOISY | FLAG_CONTENDED | FLAG_THROTTLED | FLAG_BIMODAL | FLAG_WARMUP_NOT_STABLE };

struct sample {
    double naive_us, median_us, low_us, high_us;
    uint32_t flags;
};

struct bench {
    struct space space;
    struct dataset dataset;
    struct bytes supernet;
    struct latency_protocol protocol;
    uint64_t networks, repeats, core;
    struct genotype genotype[NETWORKS_MAX];
    struct sample sample[2][NETWORKS_MAX][REPEATS_MAX]; /* alone, beside the hog */
};

static int infer(void *user)
{
    return engine_infer(user);
}

static int64_t raw_now(void *user)
{
    (void)user;
    return clock_raw_ns();
}

static void pin(uint64_t core)
{
    int r = cpu_pin((int)core);
    if (r)
        fprintf(stderr, "bench_repeat: core %d: %s\n", (int)core, strerror(-r));
}

static double naive_us(struct engine_session *s)
{
    int64_t start = clock_raw_ns();
    for (int i = 0; i < NAIVE_RUNS; i++)
        if (engine_infer(s))
            _exit(1);
    return (double)(clock_raw_ns() - start) / 1e3 / NAIVE_RUNS;
}

static int candidate(const struct bench *b, const struct genotype *g, struct sample *ret)
{
    struct engine_request q = {.space = &b->space, .genotype = g, .supernet = b->supernet.data, .supernet_size = b->supernet.size, .dataset = &b->dataset};
    struct engine_session *s;
    struct latency_result result;
    struct contention watch;
    struct sonata_error err = {{0}};
    char text[FINGERPRINT_MAX] = "";
    pin(b->core);
    int r = engine_open(&q, &s, &err);
    if (!r) {
        ret->naive_us = naive_us(s);
        setpriority(PRIO_PROCESS, 0, CANDIDATE_NICE);
        contention_begin(&watch);
        r = latency_measure(&b->protocol, &(struct latency_target){infer, raw_now, s}, &result, &err);
    }
    if (r) {
        fprintf(stderr, "bench_repeat: %s\n", err.text);
        return r;
    }
    ret->flags = result.flags | contention_end(&watch, text, sizeof text);
    ret->median_us = result.median_us;
    ret->low_us = result.low_us;
    ret->high_us = result.high_us;
    return 0;
}

static pid_t start_hog(const struct bench *b)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    struct rng rng = rng_seeded((uint64_t)getpid(), 0);
    pin(b->core);
    int64_t busy = b->protocol.window_ns;
    for (;;) { /* on and off for half a window to two windows */
        int64_t end = clock_monotonic_ns() + busy / 2 + (int64_t)(rng_uniform(&rng) * 1.5 * (double)busy);
        while (clock_monotonic_ns() < end)
            ;
        clock_sleep_ns(busy / 2 + (int64_t)(rng_uniform(&rng) * 1.5 * (double)busy));
        if (getppid() == 1)
            _exit(0);
    }
}

static int measure(const struct bench *b, bool hogged, const struct genotype *g, struct sample *ret)
{
    int fd[2], status;
    if (pipe(fd))
        return -errno;
    pid_t hog = hogged ? start_hog(b) : 0, pid = fork();
    if (pid == 0) {
        struct sample s = {0};
        _exit(candidate(b, g, &s) || write(fd[1], &s, sizeof s) != sizeof s);
    }
    close(fd[1]);
    bool got = pid > 0 && read(fd[0], ret, sizeof *ret) == sizeof *ret;
    close(fd[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    if (hog > 0) {
        kill(hog, SIGKILL);
        waitpid(hog, &status, 0);
    }
    return got ? 0 : -EIO;
}

static int run_all(struct bench *b)
{
    struct rng rng = rng_seeded(31, 0);
    for (uint64_t i = 0; i < 2 * b->repeats; i++) {
        uint32_t order[NETWORKS_MAX];
        for (uint32_t k = 0; k < b->networks; k++)
            order[k] = k;
        rng_shuffle(&rng, order, (uint32_t)b->networks);
        for (uint64_t k = 0; k < b->networks; k++) {
            int r = measure(b, i % 2, &b->genotype[order[k]], &b->sample[i % 2][order[k]][i / 2]);
            if (r)
                return r;
        }
        fprintf(stderr, "repeat %llu of %llu\n", (unsigned long long)i + 1, 2 * (unsigned long long)b->repeats);
    }
    return 0;
}

/* Of n values: median and the largest distance from `from`, percent of it. */
static double middle(double *v, size_t n)
{
    sort_doubles(v, n);
    return n ? sorted_median(v, n) : NAN;
}

static double furthest(const double *v, size_t n, double from)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i] / from - 1) * 100);
    return n ? most : NAN;
}

static size_t unflagged(const struct bench *b, int hogged, uint64_t network, double *ret_medians)
{
    size_t n = 0;
    for (uint64_t i = 0; i < b->repeats; i++) {
        const struct sample *s = &b->sample[hogged][network][i];
        if (!(s->flags & BAD_FLAGS))
            ret_medians[n++] = s->median_us;
    }
    return n;
}

static void all_of(const struct bench *b, int hogged, uint64_t network, bool naive, double *ret)
{
    for (uint64_t i = 0; i < b->repeats; i++)
        ret[i] = naive ? b->sample[hogged][network][i].naive_us : b->sample[hogged][network][i].median_us;
}

/* Unflagged measurements without the hog whose interval holds the truth. */
static unsigned covering(const struct bench *b, uint64_t network, double truth)
{
    unsigned n = 0;
    for (uint64_t i = 0; i < b->repeats; i++) {
        const struct sample *s = &b->sample[0][network][i];
        n += !(s->flags & BAD_FLAGS) && s->low_us <= truth && truth <= s->high_us;
    }
    return n;
}

static void print(const struct bench *b)
{
    unsigned kept[2] = {0}, covered = 0;
    puts("Largest shift from the truth in percent. alone, beside the hog: mean of 50 | all medians | medians without a flag (how many)");
    puts("network truth/us | alone: naive    all   kept (n) covered | hog: naive    all   kept (n)");
    for (uint64_t k = 0; k < b->networks; k++) {
        double v[REPEATS_MAX], shift[2][3], truth, naive_truth;
        size_t n[2], hold;
        n[0] = unflagged(b, 0, k, v);
        if (!n[0])
            all_of(b, 0, k, false, v);
        truth = middle(v, n[0] ? n[0] : b->repeats);
        all_of(b, 0, k, true, v);
        naive_truth = middle(v, b->repeats);
        for (int hog = 0; hog < 2; hog++) {
            all_of(b, hog, k, true, v);
            shift[hog][0] = furthest(v, b->repeats, naive_truth);
            all_of(b, hog, k, false, v);
            shift[hog][1] = furthest(v, b->repeats, truth);
            n[hog] = unflagged(b, hog, k, v);
            shift[hog][2] = furthest(v, n[hog], truth);
            kept[hog] += (unsigned)n[hog];
        }
        hold = covering(b, k, truth);
        covered += (unsigned)hold;
        printf("%7llu %8.2f | %12.1f %6.2f %6.2f (%zu) %4zu/%zu | %10.1f %6.2f %6.2f (%zu)\n", (unsigned long long)k, truth, shift[0][0], shift[0][1],
               shift[0][2], n[0], hold, n[0], shift[1][0], shift[1][1], shift[1][2], n[1]);
    }
    unsigned all = (unsigned)(b->networks * b->repeats);
    printf("alone: %u of %u without a flag, %u of these intervals hold the truth; beside the hog: %u of %u without a flag\n", kept[0], all, covered,
           kept[1], all);
}

static void shorten(struct latency_protocol *p, double scale)
{
    int64_t *const duration[] = {&p->warmup_ns, &p->warmup_window_ns, &p->warmup_cap_ns, &p->window_ns, &p->cap_ns};
    for (size_t i = 0; i < sizeof duration / sizeof *duration; i++)
        *duration[i] = (int64_t)((double)*duration[i] * scale);
}

int main(int argc, char **argv)
{
    static struct bench b = {.networks = 10, .repeats = 20, .core = 1};
    struct sonata_error err = {{0}};
    struct rng rng = rng_seeded(2024, 0);
    double scale = argc > 4 ? strtod(argv[4], NULL) : 1;
    if (argc < 2 || (argc > 2 && parse_u64(argv[2], 1, NETWORKS_MAX, &b.networks)) || (argc > 3 && parse_u64(argv[3], 2, REPEATS_MAX, &b.repeats)) ||
        !(scale >= 0.01 && scale <= 1) || (argc > 5 && parse_u64(argv[5], 0, CPU_SETSIZE - 1, &b.core))) {
        fputs("usage: bench_repeat SUPERNET [NETWORKS [REPEATS [SCALE [CORE]]]], SCALE 0.01 to 1\n", stderr);
        return 2;
    }
    int r = space_file_read("fmnist-mbconv", &b.space, &err);
    r = r ? r : dataset_load("fashion-mnist", &b.dataset, &err);
    r = r ? r : file_read(argv[1], 1 << 26, &b.supernet, &err);
    r = r ? r : latency_protocol_find("search", &b.protocol, &err);
    if (!r) {
        shorten(&b.protocol, scale);
        for (uint64_t i = 0; i < b.networks; i++)
            b.genotype[i] = i == 0 ? space_last(&b.space) : i == 1 ? space_first(&b.space) : space_random(&b.space, &rng);
        r = run_all(&b);
        if (!r)
            print(&b);
    }
    if (r)
        fprintf(stderr, "bench_repeat: %s\n", err.text[0] ? err.text : "a measurement failed");
    bytes_fini(&b.supernet);
    dataset_fini(&b.dataset);
    return r ? 1 : 0;
}
