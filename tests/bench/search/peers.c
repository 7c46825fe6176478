/* Our side of the comparison with other libraries (peers.sh): makes the data they all read and times the search core on it.
 *
 *   search-peers make FOLDER          train-500.csv, train-5000.csv, test.csv (40 ordinal genes, y last), points-N.csv, front-N.csv
 *   search-peers forest FOLDER ROWS   fit_ms predict_ms r2 of a forest of 100 trees, a third of the genes tried at a node
 *   search-peers sort FOLDER N        ms of non-dominated sorting and crowding of N random points, 3 objectives
 *   search-peers generation N         ms of one NSGA-II generation, population N, 40 genes, 3 objectives
 *   search-peers resume ALGORITHM N   ms to have a search of N results back with its forests, grown and borrowed from their blob
 *   search-peers hypervolume FOLDER N ms and value, N mutually non-dominated points, 3 objectives
 *
 * All times are CPU time: the machine may be shared. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "search/core.h"
#include "search/forest.h"
#include "search/hypervolume.h"
#include "search/pareto.h"

enum { GENES = 40, LEVELS = 8, OBJECTIVES = 3, TREES = 100, TEST_ROWS = 100000 };

static unsigned levels(unsigned gene) { return 2 + gene * 5 % (LEVELS - 1); }

/* Main effects of falling size, products of neighbours, a tenth of noise by standard deviation. */
static double target(const uint8_t *x, struct rng *rng)
{
    double y = 0, u[GENES];
    for (unsigned j = 0; j < GENES; j++)
        u[j] = (x[j] - 1.0) / (levels(j) - 1.0) - 0.5;
    for (unsigned j = 0; j < GENES; j++)
        y += u[j] * 4 / (1 + j / 4.0) + (j + 1 < GENES ? 3 * u[j] * u[j + 1] : 0) + sin(9 * u[j]) / (1 + j / 8.0);
    return y + 0.3 * rng_normal(rng);
}

static FILE *create(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

static void make_rows(const char *folder, const char *name, unsigned n, struct rng *rng)
{
    FILE *f = create(folder, name);
    for (unsigned j = 0; j < GENES; j++)
        fprintf(f, "g%u,", j);
    fprintf(f, "y\n");
    for (unsigned i = 0; i < n; i++) {
        uint8_t x[GENES];
        for (unsigned j = 0; j < GENES; j++) {
            x[j] = (uint8_t)(1 + rng_below(rng, levels(j)));
            fprintf(f, "%u,", x[j]);
        }
        fprintf(f, "%.9g\n", target(x, rng));
    }
    fclose(f);
}

static void make_points(const char *folder, const char *kind, unsigned n, bool front, struct rng *rng)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%u.csv", kind, n);
    FILE *f = create(folder, name);
    fprintf(f, "a,b,c\n");
    for (unsigned i = 0; i < n; i++) {
        double v[OBJECTIVES], norm = 0;
        for (unsigned j = 0; j < OBJECTIVES; j++) {
            v[j] = front ? fabs(rng_normal(rng)) : rng_uniform(rng);
            norm += v[j] * v[j];
        }
        for (unsigned j = 0; j < OBJECTIVES; j++)
            fprintf(f, "%.9g%s", front ? 1 - v[j] / sqrt(norm) : v[j], j + 1 < OBJECTIVES ? "," : "\n"); // on a sphere: none dominates another
    }
    fclose(f);
}

static int make(const char *folder)
{
    struct rng rng = rng_seeded(1, 0);
    make_rows(folder, "train-500.csv", 500, &rng);
    make_rows(folder, "train-5000.csv", 5000, &rng);
    make_rows(folder, "test.csv", TEST_ROWS, &rng);
    make_points(folder, "points", 200, false, &rng);
    make_points(folder, "points", 1000, false, &rng);
    make_points(folder, "points", 10000, false, &rng);
    make_points(folder, "front", 1000, true, &rng);
    make_points(folder, "front", 10000, true, &rng);
    return 0;
}

/* All numbers of a table, row major. */
static double *read_numbers(const char *folder, const char *name, size_t *ret_rows, size_t *ret_columns)
{
    char path[1024];
    struct csv csv;
    struct sonata_error err = {{0}};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (csv_read(path, &csv, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    double *v = xcalloc(csv.n_rows * csv.n_columns, sizeof *v);
    for (size_t i = 0; i < csv.n_rows * csv.n_columns; i++) {
        if (parse_double(csv_cell(&csv, i / csv.n_columns, i % csv.n_columns), &v[i]))
            exit(1);
    }
    *ret_rows = csv.n_rows;
    *ret_columns = csv.n_columns;
    csv_fini(&csv);
    return v;
}

struct rows {
    size_t n;
    uint8_t (*x)[FOREST_GENES_MAX];
    double *y;
};

static struct rows read_rows(const char *folder, const char *name)
{
    size_t columns;
    struct rows r;
    double *v = read_numbers(folder, name, &r.n, &columns);
    r.x = xcalloc(r.n, sizeof *r.x);
    r.y = xcalloc(r.n, sizeof *r.y);
    for (size_t i = 0; i < r.n; i++) {
        for (unsigned j = 0; j < GENES; j++)
            r.x[i][j] = (uint8_t)v[i * columns + j];
        r.y[i] = v[i * columns + GENES];
    }
    free(v);
    return r;
}

static double cpu_ms_since(int64_t start_ns) { return (double)(clock_cpu_ns() - start_ns) * 1e-6; }

static int forest(const char *folder, const char *n_rows)
{
    char name[64];
    snprintf(name, sizeof name, "train-%s.csv", n_rows);
    struct rows train = read_rows(folder, name), test = read_rows(folder, "test.csv");
    struct forest_gene gene[FOREST_GENES_MAX] = {{0}};
    for (unsigned j = 0; j < GENES; j++)
        gene[j] = (struct forest_gene){.domain = ((1u << levels(j)) - 1) << 1, .ordinal = true, .absent = true};
    struct forest f = {0};
    int64_t start = clock_cpu_ns();
    const struct forest_params params = {.trees = TREES, .share = 1.0 / 3, .threads = 1, .seed = 1};
    forest_fit(&f, gene, GENES, (const uint8_t(*)[FOREST_GENES_MAX])train.x, train.y, (uint32_t)train.n, &params);
    double fit_ms = cpu_ms_since(start);
    double *mean = xcalloc(2 * test.n, sizeof *mean), *variance = mean + test.n, sum = 0, squared = 0, total = 0;
    start = clock_cpu_ns();
    forest_predict_many(&f, (const uint8_t(*)[FOREST_GENES_MAX])test.x, (uint32_t)test.n, mean, variance);
    double predict_ms = cpu_ms_since(start);
    for (size_t i = 0; i < test.n; i++)
        sum += test.y[i] / (double)test.n;
    for (size_t i = 0; i < test.n; i++) {
        squared += (test.y[i] - mean[i]) * (test.y[i] - mean[i]);
        total += (test.y[i] - sum) * (test.y[i] - sum);
    }
    printf("%.3f %.3f %.4f\n", fit_ms, predict_ms, 1 - squared / total);
    forest_fini(&f);
    free(mean);
    free(train.x);
    free(train.y);
    free(test.x);
    free(test.y);
    return 0;
}

static int sort(const char *folder, const char *n_points)
{
    char name[64];
    size_t n, m;
    snprintf(name, sizeof name, "points-%s.csv", n_points);
    double *f = read_numbers(folder, name, &n, &m), *crowding = xcalloc(n, sizeof *crowding);
    uint32_t *index = xcalloc(n, sizeof *index), *rank = xcalloc(n, sizeof *rank);
    unsigned rounds = n <= 1000 ? 50 : 5;
    int64_t start = clock_cpu_ns();
    for (unsigned i = 0; i < rounds; i++)
        pareto_select(f, NULL, (uint32_t)n, (uint32_t)m, (uint32_t)n, index, rank, crowding);
    printf("%.4f\n", cpu_ms_since(start) / rounds);
    free(f);
    free(crowding);
    free(index);
    free(rank);
    return 0;
}

static int volume(const char *folder, const char *n_points)
{
    char name[64];
    size_t n, m;
    snprintf(name, sizeof name, "front-%s.csv", n_points);
    double *f = read_numbers(folder, name, &n, &m), value = 0;
    const double reference[OBJECTIVES] = {1.1, 1.1, 1.1};
    unsigned rounds = n <= 1000 ? 50 : 5;
    int64_t start = clock_cpu_ns();
    for (unsigned i = 0; i < rounds; i++)
        value = hypervolume(f, (uint32_t)n, (uint32_t)m, reference);
    printf("%.4f %.9f\n", cpu_ms_since(start) / rounds, value);
    free(f);
    return 0;
}

static struct space *make_space(void)
{
    struct space *s = xcalloc(1, sizeof *s);
    copy_string(s->name, sizeof s->name, "peers");
    s->n_genes = GENES;
    for (unsigned j = 0; j < GENES; j++) {
        struct gene *g = &s->gene[j];
        *g =
            (struct gene){.ordinal = true, .n_choices = LEVELS, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
        snprintf(g->name, sizeof g->name, "g%u", j);
        for (unsigned v = 0; v < LEVELS; v++) {
            snprintf(g->label[v], SPACE_LABEL_MAX, "%u", v);
            g->value[v] = v;
        }
    }
    return s;
}

static struct core_result evaluate(const struct genotype *g)
{
    struct core_result r = {.status = CORE_OK};
    for (unsigned j = 0; j < GENES; j++)
        r.objective[j % OBJECTIVES] += fabs(g->allele[j] - (double)(j / OBJECTIVES % 3)) * (1 + j);
    return r;
}

/* One generation: breed N children, evaluate a trivial function, sort 2 N, keep N. */
static int generation(const char *size)
{
    uint64_t n;
    if (parse_u64(size, 20, 10000, &n))
        return 1;
    enum { GENERATIONS = 10 };
    struct space *s = make_space();
    struct core_params params = {.n_objectives = OBJECTIVES,
                                 .budget = (uint32_t)n * (GENERATIONS + 2),
                                 .population = (uint32_t)n,
                                 .init = (uint32_t)n,
                                 .generational = true,
                                 .seed = 1};
    copy_string(params.algorithm, sizeof params.algorithm, "nsga2");
    struct core *search;
    struct sonata_error err = {{0}};
    if (core_new(s, &params, &search, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    struct core_proposal *p = xcalloc(n, sizeof *p);
    int64_t start = 0;
    for (unsigned round = 0; round <= GENERATIONS; round++) {
        if (round == 1)
            start = clock_cpu_ns(); // the first is the random initial population
        uint32_t got = core_ask(search, (uint32_t)n, p);
        for (uint32_t i = 0; i < got; i++) {
            struct core_result r = evaluate(&p[i].genotype);
            if (core_tell(search, p[i].id, &r))
                return 1;
        }
    }
    printf("%.4f\n", cpu_ms_since(start) / GENERATIONS);
    core_free(search);
    free(p);
    free(s);
    return 0;
}

/* A search of `results` results comes back from its bytes. */
static int resume(const char *algorithm, const char *results)
{
    uint64_t n;
    struct core_params params = {.n_objectives = OBJECTIVES, .budget = 1000, .seed = 1};
    struct space *space = make_space();
    struct core *s, *back;
    struct sonata_error err = {{0}};
    struct core_proposal p;
    struct bytes state = {0}, forests = {0}, copy = {0};
    if (parse_u64(results, 20, 10000, &n) || !copy_string(params.algorithm, sizeof params.algorithm, algorithm) || core_new(space, &params, &s, &err))
        return 1;
    while (core_told(s) < n && core_ask(s, 1, &p) == 1) {
        struct core_result r = evaluate(&p.genotype);
        if (core_tell(s, p.id, &r))
            return 1;
    }
    core_save(s, &state);
    core_forests_save(s, SIZE_MAX, &forests);
    double ms[2];
    for (int borrowed = 0; borrowed < 2; borrowed++) {
        bytes_clear(&copy);
        bytes_append(&copy, forests.data, forests.size);
        int64_t start = clock_cpu_ns();
        if (core_load(space, state.data, state.size, &back, &err) || (borrowed && core_forests_load(back, &copy)))
            return 1;
        if (!borrowed)
            core_forests_save(back, SIZE_MAX, &copy); /* grows them */
        ms[borrowed] = cpu_ms_since(start);
        core_free(back);
    }
    printf("%.2f %.2f ms, state %zu bytes, forests %zu bytes\n", ms[0], ms[1], state.size, forests.size);
    core_free(s);
    bytes_fini(&state);
    bytes_fini(&forests);
    bytes_fini(&copy);
    free(space);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "make"))
        return make(argv[2]);
    if (argc == 4 && !strcmp(argv[1], "forest"))
        return forest(argv[2], argv[3]);
    if (argc == 4 && !strcmp(argv[1], "sort"))
        return sort(argv[2], argv[3]);
    if (argc == 4 && !strcmp(argv[1], "hypervolume"))
        return volume(argv[2], argv[3]);
    if (argc == 3 && !strcmp(argv[1], "generation"))
        return generation(argv[2]);
    if (argc == 4 && !strcmp(argv[1], "resume"))
        return resume(argv[2], argv[3]);
    fprintf(
        stderr,
        "usage: search-peers make|forest|sort|hypervolume FOLDER [N], search-peers generation N, search-peers resume ALGORITHM N (see peers.sh)\n");
    return 2;
}
