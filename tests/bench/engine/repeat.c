/* bench_repeat SUPERNET [NETWORKS [REPEATS [SCALE [CORE [TIER [NICE]]]]]]: do the intervals of a tier hold, and how repeatable is it against what is
 * usually done, the mean of 50 runs?
 *
 * Every repeat goes over all networks in a new random order (A B C, C A B, …). One measurement is made as a board makes it: fresh processes, each
 * pinned to CORE as a candidate is, joined and judged by measure/processes.h with what the board learned so far (measure/spread.h). At `report` a
 * measurement is REPORT_PASSES rounds over all networks, one process each. Half of the repeats run alone, the other half beside a CPU hog on the same
 * core that starts and stops all the time. SCALE shortens warm-up, windows and caps; 1 is the tier itself. NICE: of the candidates, -10 as a
 * worker's; lower where the machine cannot be had alone.
 *
 * The truth of a network is the median of its unflagged values without the hog, or of all its values where each has a flag, as on a busy machine;
 * `held` is the share of the unflagged intervals that hold it. The first tenth of the repeats, while the board learns, is counted like the rest. */
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

#include "backend/canary_network.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "codec/codec.h"
#include "conf/space_file.h"
#include "measure/latency.h"
#include "measure/processes.h"
#include "measure/spread.h"
#include "measure/statistics.h"
#include "power/fingerprint.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"
#include "runtime/placement.h"

enum { NETWORKS_MAX = 32, REPEATS_MAX = 100, NAIVE_RUNS = 50, PASSES = 6, FLAGS = 6 };
enum { BAD_FLAGS = FLAG_NOISY | FLAG_CONTENDED | FLAG_THROTTLED | FLAG_BIMODAL | FLAG_WARMUP_NOT_STABLE };

static const int64_t CONTROL_NS = 40 * SONATA_MS; /* as backend/engine.c */

struct sample {
    double naive_us, value_us, low_us, high_us, seconds, variance; /* variance: of the logarithm, as the processes say */
    uint32_t flags, processes, again;
};

struct bench {
    struct space space;
    struct dataset dataset;
    struct bytes supernet;
    const char *tier;
    struct latency_protocol protocol;
    struct spread spread;
    struct processes *processes;
    uint64_t networks, repeats, core;
    int64_t nice;
    int hogged;
    unsigned ran[2], flagged[2][FLAGS]; /* processes, alone and beside the hog, and how many had each flag */
    struct genotype genotype[NETWORKS_MAX];
    struct sample sample[2][NETWORKS_MAX][REPEATS_MAX]; /* alone, beside the hog */
};

static int infer(void *user) { return engine_infer(user); }

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

struct timed {
    const struct latency_protocol *protocol;
    struct latency_target target;
    struct latency_result *result;
    struct sonata_error *err;
};

static int time_it(void *user)
{
    struct timed *t = user;
    return latency_measure(t->protocol, &t->target, t->result, t->err);
}

/* One process: what a candidate does for its latency. The naive value travels as a metric. */
static int candidate(const struct bench *b, const struct genotype *g, unsigned index, struct measurement *m)
{
    struct engine_request q = {
        .space = &b->space, .genotype = g, .supernet = b->supernet.data, .supernet_size = b->supernet.size, .dataset = &b->dataset};
    struct latency_protocol protocol = processes_protocol(&b->protocol, index);
    struct engine_session *s;
    struct latency_result result;
    struct contention watch;
    struct sonata_error err = {{0}};
    char text[FINGERPRINT_MAX] = "";
    pin(b->core);
    int r = engine_open(&q, &s, &err);
    if (!r) {
        double naive = naive_us(s);
        measurement_add(m, "naive", naive, naive, naive, 1);
        setpriority(PRIO_PROCESS, 0, (int)b->nice);
        contention_begin(&watch);
        struct timed t = {&protocol, {infer, raw_now, s}, &result, &err};
        r = placement_on_stack(q.seed, time_it, &t);
    }
    if (r) {
        fprintf(stderr, "bench_repeat: %s\n", err.text);
        return r;
    }
    m->flags |= contention_end(&watch, text, sizeof text);
    latency_result_report(&result, m);
    double control;
    r = b->protocol.processes > 1 ? canary_on_engine(NULL, CONTROL_NS, &control, &err) : 0;
    if (!r && b->protocol.processes > 1)
        m->process_control_us[0] = (float)control;
    return r;
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

static _Noreturn void child(const struct bench *b, const struct genotype *g, unsigned index, int fd)
{
    struct measurement m = {.board = "bench", .outcome = OUTCOME_OK};
    struct bytes out = {0};
    if (candidate(b, g, index, &m))
        _exit(1);
    measurement_encode(&m, &out);
    for (size_t done = 0; done < out.size;) {
        ssize_t n = write(fd, out.data + done, out.size - done);
        if (n <= 0)
            _exit(1);
        done += (size_t)n;
    }
    _exit(0);
}

static int run_process(const struct bench *b, const struct genotype *g, unsigned index, struct measurement *ret_m)
{
    int fd[2], status;
    cleanup_bytes struct bytes in = {0};
    struct sonata_error err;
    if (pipe(fd))
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        child(b, g, index, fd[1]);
    close(fd[1]);
    for (;;) {
        uint8_t chunk[1 << 14];
        ssize_t n = read(fd[0], chunk, sizeof chunk);
        if (n <= 0)
            break;
        bytes_append(&in, chunk, (size_t)n);
    }
    close(fd[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
        return -EIO;
    return measurement_decode(in.data, in.size, ret_m, &err);
}

static void learn(struct bench *b, const struct measurement *m)
{
    double value[PROCESSES_MAX];
    for (uint32_t i = 0; i < m->n_processes; i++)
        value[i] = (double)m->process_median_us[i];
    if (m->flags & PROCESS_BAD)
        return;
    spread_learn(&b->spread, value, m->n_processes);
    for (uint32_t i = 0; i < m->n_processes; i++)
        value[i] = (double)m->process_control_us[i];
    spread_learn_control(&b->spread, value, m->n_processes);
}

static double variance_of(const struct measurement *m, const struct process_prior *prior)
{
    double value[PROCESSES_MAX];
    struct process_interval i;
    for (uint32_t p = 0; p < m->n_processes; p++)
        value[p] = (double)m->process_median_us[p];
    process_interval(value, m->n_processes, prior, &i);
    return i.deviation * i.deviation / m->n_processes;
}

/* A measurement of tiers whose processes follow each other. */
static int measure(struct bench *b, const struct genotype *g, struct sample *ret)
{
    struct process_prior prior = spread_prior(&b->spread);
    struct measurement m;
    enum processes_step step;
    int64_t start = clock_monotonic_ns();
    unsigned taken = 0;
    processes_begin(b->processes, &b->protocol, &prior);
    do {
        int r = run_process(b, g, taken, &m);
        if (r)
            return r;
        taken++;
        for (unsigned k = 0; k < FLAGS; k++)
            b->flagged[b->hogged][k] += m.flags >> k & 1;
        b->ran[b->hogged]++;
        step = processes_take(b->processes, &m, false);
    } while (step != PROCESSES_DONE);
    processes_finish(b->processes, &m);
    learn(b, &m);
    const struct metric_value *v = measurement_metric(&m, "latency"), *naive = measurement_metric(&m, "naive");
    *ret = (struct sample){.naive_us = naive->value,
                           .value_us = v->value * 1e3,
                           .low_us = v->low * 1e3,
                           .high_us = v->high * 1e3,
                           .flags = m.flags,
                           .seconds = (double)(clock_monotonic_ns() - start) / 1e9,
                           .variance = variance_of(&m, &prior),
                           .processes = m.n_processes,
                           .again = taken - m.n_processes};
    measurement_fini(&m);
    return 0;
}

static void shuffled(const struct bench *b, struct rng *rng, uint32_t order[NETWORKS_MAX])
{
    for (uint32_t k = 0; k < b->networks; k++)
        order[k] = k;
    rng_shuffle(rng, order, (uint32_t)b->networks);
}

/* One repeat at `report`: passes over all networks, joined as the master joins them. A bad pass is measured again on the spot, three times at most.
 */
static int report_repeat(struct bench *b, struct rng *rng, struct sample (*ret)[REPEATS_MAX], uint64_t repeat)
{
    double value[NETWORKS_MAX][PASSES];
    for (unsigned pass = 0; pass < PASSES; pass++) {
        uint32_t order[NETWORKS_MAX];
        shuffled(b, rng, order);
        for (uint64_t i = 0; i < b->networks; i++) {
            struct sample *to = &ret[order[i]][repeat], one;
            uint32_t again = 0;
            int r;
            while (!(r = measure(b, &b->genotype[order[i]], &one)) && one.flags & PROCESS_BAD && again < 3)
                again++;
            if (r)
                return r;
            value[order[i]][pass] = one.value_us;
            to->seconds += one.seconds;
            to->flags |= one.flags;
            to->again += again;
            to->naive_us = one.naive_us;
        }
    }
    for (uint64_t k = 0; k < b->networks; k++) {
        struct process_prior prior = spread_prior(&b->spread);
        struct process_interval i;
        struct sample *to = &ret[k][repeat];
        process_interval(value[k], PASSES, &prior, &i);
        to->value_us = i.value;
        to->low_us = i.low;
        to->high_us = i.high;
        to->processes = PASSES;
        to->variance = i.deviation * i.deviation / PASSES;
    }
    return 0;
}

static int repeat_all(struct bench *b, struct rng *rng, struct sample (*ret)[REPEATS_MAX], uint64_t repeat)
{
    uint32_t order[NETWORKS_MAX];
    if (b->protocol.processes == 1)
        return report_repeat(b, rng, ret, repeat);
    shuffled(b, rng, order);
    for (uint64_t k = 0; k < b->networks; k++) {
        int r = measure(b, &b->genotype[order[k]], &ret[order[k]][repeat]);
        if (r)
            return r;
    }
    return 0;
}

static int run_all(struct bench *b)
{
    struct rng rng = rng_seeded(31, 0);
    int r = 0, status;
    for (uint64_t i = 0; i < 2 * b->repeats && !r; i++) {
        b->hogged = i % 2;
        pid_t hog = b->hogged ? start_hog(b) : 0;
        r = repeat_all(b, &rng, b->sample[i % 2], i / 2);
        if (hog > 0) {
            kill(hog, SIGKILL);
            waitpid(hog, &status, 0);
        }
        struct process_prior prior = spread_prior(&b->spread);
        fprintf(stderr, "repeat %llu of %llu: one process differs by %.2f %% (freedom %.1f), moments by %.2f %%\n", (unsigned long long)i + 1,
                2 * (unsigned long long)b->repeats, 100 * sqrt(prior.variance), prior.freedom, 100 * sqrt(prior.moment));
    }
    return r;
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

static size_t unflagged(const struct bench *b, int hogged, uint64_t network, double *ret_values)
{
    size_t n = 0;
    for (uint64_t i = 0; i < b->repeats; i++) {
        const struct sample *s = &b->sample[hogged][network][i];
        if (!(s->flags & BAD_FLAGS))
            ret_values[n++] = s->value_us;
    }
    return n;
}

static double truth_of(const struct bench *b, uint64_t network)
{
    double v[REPEATS_MAX];
    size_t n = unflagged(b, 0, network, v);
    for (uint64_t i = 0; i < b->repeats && !n; i++)
        v[i] = b->sample[0][network][i].value_us;
    return middle(v, n ? n : b->repeats);
}

/* Unflagged measurements whose interval holds the truth. */
static unsigned holding(const struct bench *b, int hogged, uint64_t network, double truth)
{
    unsigned n = 0;
    for (uint64_t i = 0; i < b->repeats; i++) {
        const struct sample *s = &b->sample[hogged][network][i];
        n += !(s->flags & BAD_FLAGS) && s->low_us <= truth && truth <= s->high_us;
    }
    return n;
}

static void print_side(const struct bench *b, int hogged)
{
    unsigned kept = 0, held = 0;
    puts(hogged ? "\nbeside the hog" : "alone");
    puts("network truth/us | largest shift %: mean of 50, all values, unflagged values | unflagged held");
    for (uint64_t k = 0; k < b->networks; k++) {
        double naive[REPEATS_MAX], all[REPEATS_MAX], good[REPEATS_MAX], truth = truth_of(b, k), naive_truth;
        for (uint64_t i = 0; i < b->repeats; i++)
            naive[i] = b->sample[0][k][i].naive_us;
        naive_truth = middle(naive, b->repeats);
        for (uint64_t i = 0; i < b->repeats; i++) {
            naive[i] = b->sample[hogged][k][i].naive_us;
            all[i] = b->sample[hogged][k][i].value_us;
        }
        size_t n = unflagged(b, hogged, k, good);
        unsigned hold = holding(b, hogged, k, truth);
        kept += (unsigned)n;
        held += hold;
        printf("%7llu %8.2f | %8.1f %8.2f %8.2f | %4zu %4u\n", (unsigned long long)k, truth, furthest(naive, b->repeats, naive_truth),
               furthest(all, b->repeats, truth), furthest(good, n, truth), n, hold);
    }
    printf("%u of %u without a flag, %u (%.1f %%) of these intervals hold the truth\n", kept, (unsigned)(b->networks * b->repeats), held,
           kept ? 100.0 * held / kept : NAN);
}

static void print_costs(const struct bench *b, int hogged)
{
    static double half[NETWORKS_MAX * REPEATS_MAX], seconds[NETWORKS_MAX * REPEATS_MAX];
    size_t n = 0, n_half = 0;
    double processes = 0, again = 0;
    for (uint64_t k = 0; k < b->networks; k++) {
        for (uint64_t i = 0; i < b->repeats; i++) {
            const struct sample *s = &b->sample[hogged][k][i];
            if (!(s->flags & BAD_FLAGS))
                half[n_half++] = (s->high_us - s->low_us) / 2 / s->value_us;
            seconds[n++] = s->seconds;
            processes += s->processes;
            again += s->again;
        }
    }
    printf("half width of these %.2f %% in the middle; %.2f s a measurement in the middle; %.2f processes, %.2f measured again\n",
           100 * middle(half, n_half), middle(seconds, n), processes / (double)n, again / (double)n);
}

/* How far the unflagged values of one network lie apart, against what their processes say: the rest is of the moment. */
static void print_moments(const struct bench *b, int hogged)
{
    double seen = 0, said = 0, n = 0;
    for (uint64_t k = 0; k < b->networks; k++) {
        double mean = 0, squares = 0, own = 0, m = 0;
        for (uint64_t i = 0; i < b->repeats; i++) {
            const struct sample *s = &b->sample[hogged][k][i];
            if (s->flags & BAD_FLAGS)
                continue;
            double x = log(s->value_us), d = x - mean;
            m++;
            mean += d / m;
            squares += d * (x - mean);
            own += s->variance;
        }
        if (m < 2)
            continue;
        seen += squares;
        said += own / m * (m - 1);
        n += m - 1;
    }
    printf("values of one network differ by %.2f %%, their processes explain %.2f %%: %.2f %% of the moment\n", 100 * sqrt(seen / n), 100 * sqrt(said / n),
           100 * sqrt(fmax(seen - said, 0) / n));
}

static void print_flags(const struct bench *b, int hogged)
{
    static const char *const name[FLAGS] = {"noisy", "bimodal", "outliers", "warm-up not stable", "contended", "throttled"};
    printf("of %u processes:", b->ran[hogged]);
    for (unsigned k = 0; k < FLAGS; k++)
        printf(" %u %s%s", b->flagged[hogged][k], name[k], k + 1 < FLAGS ? "," : "\n");
}

static void shorten(struct latency_protocol *p, double scale)
{
    int64_t *const duration[] = {&p->warmup_ns, &p->warmup_window_ns, &p->warmup_cap_ns, &p->window_ns, &p->cap_ns, &p->scale_floor_ns};
    for (size_t i = 0; i < sizeof duration / sizeof *duration; i++)
        *duration[i] = (int64_t)((double)*duration[i] * scale);
    p->scale *= scale;
}

int main(int argc, char **argv)
{
    static struct bench b = {.networks = 10, .repeats = 20, .core = 1, .tier = "search", .nice = -10};
    struct sonata_error err = {{0}};
    struct rng rng = rng_seeded(2024, 0);
    double scale = argc > 4 ? strtod(argv[4], NULL) : 1;
    if (argc < 2 || (argc > 2 && parse_u64(argv[2], 1, NETWORKS_MAX, &b.networks)) || (argc > 3 && parse_u64(argv[3], 2, REPEATS_MAX, &b.repeats)) ||
        !(scale >= 0.01 && scale <= 1) || (argc > 5 && parse_u64(argv[5], 0, CPU_SETSIZE - 1, &b.core)) ||
        (argc > 7 && parse_i64(argv[7], -20, 19, &b.nice))) {
        fputs("usage: bench_repeat SUPERNET [NETWORKS [REPEATS [SCALE [CORE [TIER [NICE]]]]]], SCALE 0.01 to 1, TIER screen, search or report\n",
              stderr);
        return 2;
    }
    b.tier = argc > 6 ? argv[6] : b.tier;
    int r = space_file_read("fmnist-mbconv", &b.space, &err);
    r = r ? r : dataset_load("fashion-mnist", &b.dataset, &err);
    r = r ? r : file_read(argv[1], 1 << 26, &b.supernet, &err);
    if (!r && tier_named(b.tier) == TIER_COUNT)
        r = sonata_error_set(&err, -EINVAL, "tier '%s' is not known", b.tier);
    if (!r) {
        b.processes = xcalloc(1, sizeof *b.processes);
        b.protocol = *latency_protocol_of(tier_named(b.tier));
        shorten(&b.protocol, scale);
        for (uint64_t i = 0; i < b.networks; i++)
            b.genotype[i] = i == 0 ? space_last(&b.space) : i == 1 ? space_first(&b.space) : space_random(&b.space, &rng);
        r = run_all(&b);
        for (int hogged = 0; hogged < 2 && !r; hogged++) {
            print_side(&b, hogged);
            print_costs(&b, hogged);
            print_moments(&b, hogged);
            print_flags(&b, hogged);
        }
    }
    if (r)
        fprintf(stderr, "bench_repeat: %s\n", err.text[0] ? err.text : "a measurement failed");
    free(b.processes);
    bytes_fini(&b.supernet);
    dataset_fini(&b.dataset);
    return r ? 1 : 0;
}
