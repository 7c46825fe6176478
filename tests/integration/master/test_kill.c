/* kill -9 of master and worker at random moments of a seeded search against table boards: the finished run is the one that was never killed.
 *
 *     test_kill [SEED [KILLS [BUDGET [ALGORITHM [REPLICATES]]]]]    SEED of the moments (0: from the clock) is printed: a failure can be repeated
 *
 * Compared: every proposal in order, every value, the order of results, the front. Checked: `sonata-master --check`, nothing measured is lost (the
 * number of results is the budget) and nothing counted twice. With REPLICATES latencies are noisy and one more death comes while the front is measured
 * again. The submission itself is killed, too, and asked for again by its request id. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "support/client.h"
#include "support/table_farm.h"

enum { BOARDS = 2, DELAY_MS = 15, ANSWER_MS = 30000, STALL_S = 60 * TEST_PATIENCE };

struct result {
    size_t n, n_front;
    Sonata__Individual **all, **front;
};

static void die(struct table_farm *f, const char *what)
{
    fprintf(stderr, "FAILED: %s (logs kept in %s)\n", what, f->folder);
    table_farm_print_log(f, "master.log");
    table_farm_print_log(f, "worker-0.log");
    table_farm_print_log(f, "check.log");
    table_farm_close(f, true);
    exit(1);
}

/* Results so far; *ret_done when the search has ended. */
static uint32_t progress(struct table_farm *f, uint64_t id, bool *ret_done)
{
    Sonata__Reply *r = client_show_search(f->client, id, ANSWER_MS);
    if (!r)
        die(f, "the master does not answer");
    uint32_t told = r->searches[0]->told;
    *ret_done = strcmp(r->searches[0]->state, "running") != 0;
    if (*ret_done && strcmp(r->searches[0]->state, "done"))
        die(f, r->searches[0]->reason);
    sonata__reply__free_unpacked(r, NULL);
    return told;
}

static void wait_for(struct table_farm *f, uint64_t id, uint32_t told)
{
    int64_t moved = clock_monotonic_ns();
    uint32_t last = 0;
    for (bool done = false; !done;) {
        uint32_t now = progress(f, id, &done);
        if (now >= told)
            return;
        if (now != last) {
            last = now;
            moved = clock_monotonic_ns();
        }
        if (clock_monotonic_ns() - moved > STALL_S * SONATA_SECOND)
            die(f, "no progress for a minute");
        clock_sleep_ns(5 * SONATA_MS);
    }
}

static void wait_until_done(struct table_farm *f, uint64_t id)
{
    wait_for(f, id, UINT32_MAX);
}

static void kill_something(struct table_farm *f, struct rng *rng, unsigned counts[3])
{
    uint32_t what = rng_below(rng, 3);
    counts[what]++;
    if (what != 1)
        process_kill(f->master_pid);
    if (what != 0)
        process_kill(f->worker_pid[0]);
    clock_sleep_ns((int64_t)rng_below(rng, 200) * SONATA_MS);
    if (what != 1)
        table_farm_start_master(f);
    if (what != 0)
        table_farm_start_worker(f, 0);
}

static uint64_t submit(struct table_farm *f, const struct search_spec *spec, bool killed)
{
    static const uint8_t id[16] = "kill test submit";
    uint64_t first = 0, again = 0;
    if (client_submit_spec(f->client, spec, id, &first, ANSWER_MS))
        die(f, "submission");
    if (killed) {
        process_kill(f->master_pid);
        table_farm_start_master(f);
        if (client_submit_spec(f->client, spec, id, &again, ANSWER_MS) || again != first)
            die(f, "the same request got another answer");
    }
    return first;
}

static struct result collect(struct table_farm *f, uint64_t id)
{
    struct result r;
    r.all = client_all_individuals(f->client, id, false, &r.n);
    r.front = client_all_individuals(f->client, id, true, &r.n_front);
    if (!table_farm_stop(f))
        die(f, "no orderly end after SIGTERM");
    if (table_farm_check(f))
        die(f, "--check found problems");
    return r;
}

static bool same_individual(const Sonata__Individual *a, const Sonata__Individual *b)
{
    if (a->id != b->id || a->told_order != b->told_order || strcmp(a->state, b->state) || a->genotype.len != b->genotype.len ||
        memcmp(a->genotype.data, b->genotype.data, a->genotype.len) || a->n_metrics != b->n_metrics || a->measured != b->measured || a->on_front != b->on_front ||
        a->hypervolume != b->hypervolume)
        return false;
    for (size_t i = 0; i < a->n_metrics; i++) {
        if (strcmp(a->metrics[i]->name, b->metrics[i]->name) || a->metrics[i]->value != b->metrics[i]->value)
            return false;
    }
    return true;
}

static bool same_list(Sonata__Individual **a, size_t n_a, Sonata__Individual **b, size_t n_b, const char *what)
{
    if (n_a != n_b) {
        fprintf(stderr, "%s: %zu and %zu individuals\n", what, n_a, n_b);
        return false;
    }
    for (size_t i = 0; i < n_a; i++) {
        if (!same_individual(a[i], b[i])) {
            fprintf(stderr, "%s: individual %" PRIu64 " differs\n", what, a[i]->id);
            return false;
        }
    }
    return true;
}

static void free_list(Sonata__Individual **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sonata__individual__free_unpacked(list[i], NULL);
    free(list);
}

static struct result run(struct table_farm *f, const struct search_spec *spec, uint64_t seed, unsigned kills)
{
    struct rng rng = rng_seeded(seed, 0);
    unsigned counts[3] = {0};
    int64_t start = clock_monotonic_ns();
    table_farm_open(f, SONATA_BINARY_DIR "/bin", BOARDS, DELAY_MS);
    f->board_options = spec->replicates > 1 ? ",noise.latency=0.1" : "";
    table_farm_start_master(f);
    table_farm_start_worker(f, 0);
    uint64_t id = submit(f, spec, kills > 0);
    for (unsigned k = 0; k < kills; k++) {
        wait_for(f, id, (uint32_t)((uint64_t)spec->budget_evaluations * k / (kills + 1)));
        clock_sleep_ns((int64_t)rng_below(&rng, 60000) * 1000);
        kill_something(f, &rng, counts);
    }
    if (kills && spec->replicates > 1) {
        wait_for(f, id, spec->budget_evaluations);
        clock_sleep_ns((int64_t)rng_below(&rng, 200) * SONATA_MS);
        kill_something(f, &rng, counts);
    }
    wait_until_done(f, id);
    struct result r = collect(f, id);
    printf("killed: master %u, worker %u, both %u times; %zu individuals, front %zu, %.1f s\n", counts[0] + (kills > 0), counts[1], counts[2], r.n, r.n_front,
           (double)(clock_monotonic_ns() - start) / 1e9);
    return r;
}

int main(int argc, char **argv)
{
    uint64_t seed = 0, kills = 20, budget = 300, replicates = 0;
    if ((argc > 1 && parse_u64(argv[1], 0, UINT64_MAX, &seed)) || (argc > 2 && parse_u64(argv[2], 0, 10000, &kills)) ||
        (argc > 3 && parse_u64(argv[3], 20, 4000, &budget)) ||
        (argc > 5 && parse_u64(argv[5], 1, REPLICATES_WANTED_MAX, &replicates))) {
        fprintf(stderr, "usage: test_kill [SEED [KILLS [BUDGET [ALGORITHM [REPLICATES]]]]]\n");
        return 2;
    }
    if (!seed)
        seed = (uint64_t)clock_wall_ns();
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %" PRIu64 ", %" PRIu64 " kills, %" PRIu64 " evaluations\n", seed, kills, budget);
    struct search_spec *spec = table_farm_spec("kill", argc > 4 ? argv[4] : "nsga2", (uint32_t)budget, 5);
    spec->replicates = (uint32_t)replicates;
    spec->n_options = 1;
    copy_string(spec->option[0].name, sizeof spec->option[0].name, "order");
    copy_string(spec->option[0].value, sizeof spec->option[0].value, "proposal");
    struct table_farm calm_farm, storm_farm;
    struct result calm = run(&calm_farm, spec, seed, 0), storm = run(&storm_farm, spec, seed, (unsigned)kills);
    if (calm.n != budget || !calm.n_front)
        die(&calm_farm, "the calm run is not complete");
    bool same = same_list(calm.all, calm.n, storm.all, storm.n, "proposals");
    same = same_list(calm.front, calm.n_front, storm.front, storm.n_front, "front") && same;
    if (!same)
        die(&storm_farm, "the run that was killed differs from the one that was not");
    printf("identical: every proposal, value, order of results and the front\n");
    table_farm_close(&calm_farm, false);
    table_farm_close(&storm_farm, false);
    free_list(calm.all, calm.n);
    free_list(calm.front, calm.n_front);
    free_list(storm.all, storm.n);
    free_list(storm.front, storm.n_front);
    free(spec);
    return 0;
}
