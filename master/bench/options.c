/* See options.h. The table says name, type, limits and help; what has a form of its own is read in options_own.c. */
#include "bench/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "bench/options_own.h"
#include "conf/options.h"

#define AT(field) .offset = offsetof(struct bench_options, field)
#define TEXT(field) .type = OPTION_BUFFER, .size = sizeof((struct bench_options *)0)->field, AT(field)
static const struct option_def table[] = {
    {.name = "space",
     .section = "Problem",
     TEXT(space),
     .argument = "SPACE",
     .help = "Preset (nb201, ofa-mbv3, …) or a space file; the table's gene columns are named like its genes."},
    {.name = "table",
     TEXT(table),
     .argument = "FILE",
     .help = "Comma-separated, header first, .gz is read directly; an empty cell means not measured."},
    {.name = "objective", .type = OPTION_OWN, .take = own_objective, .argument = "COLUMN:GOAL", .help = "min or max; 1 to 4 of them."},
    {.name = "where", .type = OPTION_OWN, .take = own_where, .argument = "COND", .help = "'COLUMN<=V' (also >=): only feasible architectures count."},
    {.name = "fit",
     .type = OPTION_OWN,
     .take = own_fit,
     .argument = "COLUMN[:ALPHA:GAMMA]",
     .help = "A model stands for the column, so that the whole space can be searched: an exact sum over blocks of genes if\n"
             "the column is one, else kernel ridge regression with a degree-2 polynomial on one-hot genes (alpha 0.1, gamma\n"
             "0.02); the 5-fold R2 is printed."},
    {.name = "proxy", .type = OPTION_OWN, .take = own_proxy, .argument = "COLUMN=OTHER", .help = "The searches see OTHER and are judged on COLUMN."},
    {.name = "cost",
     .type = OPTION_OWN,
     .take = own_cost,
     .argument = "COLUMN=C",
     .help = "Measuring COLUMN alone costs C, a whole evaluation 1 (repeatable). Then --budget and --at count cost, and sonata+ measures\n"
             "cheap columns first, for several architectures for each whole evaluation (its option screening=N says how many)."},
    {.name = "pool",
     .type = OPTION_OWN,
     .take = own_pool,
     .argument = "COLUMN=N",
     .help = "N boards measure COLUMN apart from other boards, in virtual time (twice: one column with a --cost, one without). One unit of time\n"
             "is a whole evaluation on one board of each; the share of time that the boards of the second are busy is told."},
    {.name = "shuffle",
     TEXT(shuffle),
     .argument = "COLUMN",
     .help = "The values of COLUMN are dealt to the architectures at random: a control, nothing explains them."},
    {.name = "noise",
     .type = OPTION_OWN,
     .take = own_noise,
     .argument = "COLUMN=SIGMA",
     .help = "Every measurement of COLUMN is multiplied by a lognormal factor, e.g. 0.03."},
    {.name = "replicates",
     .type = OPTION_COUNT,
     AT(replicates),
     .argument = "N",
     .min = 0,
     .max = 100,
     .standard = "4",
     .help = "With noise: further measurements of each front member before the front is told."},
    {.name = "warm-start",
     .type = OPTION_OWN,
     .take = own_warm_start,
     .argument = "COLUMN=OTHER",
     .help = "First search with OTHER in place of COLUMN, then hand over: the best --warm-first are measured first, the\n"
             "other objectives' values train their models."},
    {.name = "warm-budget",
     .type = OPTION_COUNT,
     AT(warm_budget),
     .argument = "N",
     .min = 20,
     .max = 5000,
     .standard = "250",
     .help = "Evaluations of that first search."},
    {.name = "warm-first",
     .type = OPTION_COUNT,
     AT(warm_first),
     .argument = "N",
     .min = 0,
     .max = 1000,
     .standard = "20",
     .help = "How many of its best are measured first."},
    {.name = "ideal",
     .section = "Judge: z = (f - ideal) / (reference - ideal) per objective; hypervolume of {z < 1} as a share of the best-known front's",
     .type = OPTION_OWN,
     .take = own_ideal,
     .argument = "COLUMN=V",
     .help = "Default: best value on the best-known front."},
    {.name = "reference",
     .type = OPTION_OWN,
     .take = own_reference,
     .argument = "COLUMN=V",
     .help = "Default: first maximised objective: median of the space; others: 1.05 x the worst value on the best-known front\n"
             "better than that median. A column that is maximised and holds percentages (an accuracy) may be given as\n"
             "accuracies (--ideal top1=77.58 --reference top1=75.4, ideal above reference) or as errors 100 - accuracy\n"
             "(--ideal top1=22.42 --reference top1=24.6, ideal below reference)."},
    {.name = "reference-evaluations",
     .type = OPTION_COUNT,
     AT(reference_evaluations),
     .argument = "N",
     .min = 1000,
     .max = BENCH_BUDGET_MAX,
     .standard = "120000",
     .help = "Spaces that cannot be enumerated: evaluations of each of the long nsga2 runs."},
    {.name = "cache", TEXT(cache), .argument = "FOLDER|none", .help = "Where such fronts are kept (default: $XDG_CACHE_HOME/sonata/bench)."},
    {.name = "algorithm",
     .section = "Runs",
     .type = OPTION_TEXT,
     AT(algorithms),
     .argument = "A,B,…",
     .help = "random nsga2 sonata sonata+ aging linas nsganetv2 local optuna-nsga2 ehvi lamoo parego; each may carry options:\n"
             "sonata+[agent=fixed,surrogate=gp]. The bench itself takes budget, round (as --batch), population, init,\n"
             "generational, warm and policy (0 or 1); all others go to the search."},
    {.name = "budget", .type = OPTION_COUNT, AT(budget), .argument = "N", .min = 1, .max = BENCH_BUDGET_MAX, .help = "Evaluations per run."},
    {.name = "seeds", .type = OPTION_COUNT, AT(seeds), .argument = "N", .min = 1, .max = BENCH_SEEDS_MAX, .help = "Runs per algorithm, seeds 1..N."},
    {.name = "first-seed", .type = OPTION_INT, AT(first_seed), .argument = "S", .min = 0, .max = 1e9, .standard = "1", .help = "Seeds S..S+N-1."},
    {.name = "batch",
     .type = OPTION_COUNT,
     AT(batch),
     .argument = "N",
     .min = 1,
     .max = 10000,
     .standard = "10",
     .help = "Proposals per round without --workers."},
    {.name = "workers",
     .type = OPTION_COUNT,
     AT(workers),
     .argument = "N",
     .min = 1,
     .max = BENCH_WORKERS_MAX,
     .help = "Asynchronous: whenever one of N boards is free a proposal is asked for."},
    {.name = "generational",
     .type = OPTION_FLAG,
     AT(generational),
     .help = "With --workers: rounds of max(N, batch), no new work before a round is complete."},
    {.name = "delay",
     .type = OPTION_OWN,
     .take = own_delay,
     .argument = "DELAY",
     .help = "Time of one evaluation: lognormal:S, with mean 1, or column:C of the table (default: 1)."},
    {.name = "straggler", .type = OPTION_OWN, .take = own_straggler, .argument = "P", .help = "Share of evaluations that take 10 times as long."},
    {.name = "fail",
     .type = OPTION_OWN,
     .take = own_fail,
     .argument = "P",
     .help = "Share of attempts that fail; retried, given up after the third."},
    {.name = "jobs", .type = OPTION_COUNT, AT(jobs), .argument = "N", .min = 1, .max = 256, .help = "Processes (default: all cores)."},
    {.name = "threads",
     .type = OPTION_COUNT,
     AT(threads),
     .argument = "N",
     .min = 1,
     .max = 64,
     .standard = "1",
     .help = "Threads inside one search."},
    {.name = "at",
     .section = "Output",
     .type = OPTION_OWN,
     .take = own_at,
     .argument = "N,N,…",
     .help = "Evaluations at which fronts are compared (default: 50,100,200,400,1000 and the budget)."},
    {.name = "json", TEXT(json), .argument = "FILE", .help = "Every figure, as JSON."},
    {.name = "plot", TEXT(plot), .argument = "FILE.html", .help = "A page with the curves."},
    {.name = "quiet", .type = OPTION_FLAG, AT(quiet), .help = "No progress."},
    {.name = "policy-out",
     .section = "What the agent of sonata or sonata+ learned",
     TEXT(policy_out),
     .argument = "FILE",
     .help = "Runs go one after the other and each learns on; the end is written, for --policy-in or a search file."},
    {.name = "policy-in", TEXT(policy_in), .argument = "FILE", .help = "Algorithms with an agent start with it; policy=0 leaves one out."},
    {.name = "help", .section = "Others", .type = OPTION_FLAG, AT(help), .help = "Show this text."},
    {.name = "version", .type = OPTION_FLAG, AT(version), .help = "Show the version."},
    {0},
};
#undef TEXT
#undef AT

static int compare_count(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* --pool twice: boards of the cheap columns, and of the others. */
static int check_pools(struct bench_options *o, struct sonata_error *err)
{
    unsigned cheap = 0;
    if (!o->pool.n)
        return 0;
    for (unsigned i = 0; i < o->pool.n; i++) {
        cheap += column_list_find(&o->cost, o->pool.item[i].column) != NULL;
        o->workers += (uint32_t)o->pool.item[i].value;
    }
    if (o->pool.n != 2 || cheap != 1 || o->fail > 0 || o->warm_start.n || o->noise.n || o->delay_column[0] || o->generational)
        return sonata_error_set(err, -EINVAL,
                                "--pool is expected twice, for a column with a --cost and one without, and without --fail, --noise, --delay, "
                                "--warm-start and --generational");
    return 0;
}

static int check_complete(struct bench_options *o, struct sonata_error *err)
{
    const struct {
        bool given;
        const char *option;
    } needed[] = {{o->space[0], "--space"},         {o->table[0], "--table"}, {o->n_objectives, "--objective"},
                  {o->n_algorithms, "--algorithm"}, {o->budget, "--budget"},  {o->seeds, "--seeds"}};
    for (unsigned i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (!needed[i].given)
            return sonata_error_set(err, -EINVAL, "%s is missing; `sonata bench --help` lists the options", needed[i].option);
    }
    for (unsigned i = 0; i < o->noise.n; i++) {
        if (o->noise.item[i].value < 0 || o->noise.item[i].value > 1)
            return sonata_error_set(err, -EINVAL, "--noise %s: a relative sigma from 0 to 1 is expected", o->noise.item[i].column);
    }
    if (o->policy_out[0] && o->n_algorithms != 1)
        return sonata_error_set(err, -EINVAL, "--policy-out: one algorithm is expected, whose runs learn one after the other");
    o->jobs = o->policy_out[0] ? 1 : o->jobs;
    int r = check_pools(o, err);
    if (r)
        return r;
    uint32_t largest = 0;
    for (unsigned i = 0; i < o->n_algorithms; i++) {
        struct bench_algorithm *a = &o->algorithm[i];
        a->params.budget = a->params.budget ? a->params.budget : o->budget;
        a->params.threads = o->threads;
        a->batch = a->batch ? a->batch : o->batch;
        a->warm = a->warm && o->warm_start.n;
        a->rounds = a->rounds || !o->workers;
        largest = max_of(a->params.budget, largest);
    }
    if (!o->n_at) {
        static const uint32_t at[] = {50, 100, 200, 400, 1000};
        for (unsigned i = 0; i < sizeof at / sizeof *at && at[i] < largest; i++)
            o->at[o->n_at++] = at[i];
        o->at[o->n_at++] = largest;
    }
    qsort(o->at, o->n_at, sizeof *o->at, compare_count);
    return 0;
}

static int set_cache(struct bench_options *o, struct sonata_error *err)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = 0;
    if (!strcmp(o->cache, "none"))
        o->cache[0] = '\0';
    else if (!o->cache[0] && xdg && *xdg)
        n = snprintf(o->cache, sizeof o->cache, "%s/sonata/bench", xdg);
    else if (!o->cache[0] && home && *home)
        n = snprintf(o->cache, sizeof o->cache, "%s/.cache/sonata/bench", home);
    if (n < 0 || (size_t)n >= sizeof o->cache)
        return sonata_error_set(err, -ENAMETOOLONG, "the cache folder's name is too long: use --cache FOLDER");
    return 0;
}

static void print_help(void)
{
    fputs("usage: sonata bench --space SPACE --table FILE.csv[.gz] --objective COLUMN:min|max … --algorithm A,B,… --budget N --seeds N [options]\n\n"
          "Runs the searches of the service against a table of measurements, in virtual time, and judges them by hypervolume.\n\n",
          stdout);
    options_help(table, stdout);
}

static int parse(int argc, char **argv, struct bench_options *o, struct sonata_error *err)
{
    int rest, r = options_parse(table, argc, argv, o, &rest, err);
    if (!r && o->help) {
        print_help();
        return 1;
    }
    if (!r && o->version) {
        puts("sonata-bench " SONATA_VERSION);
        return 1;
    }
    if (!r && rest < argc)
        return sonata_error_set(err, -EINVAL, "'%s' is not expected; `sonata bench --help` lists the options", argv[rest]);
    if (!r && o->algorithms && own_algorithms(o, o->algorithms, err))
        r = sonata_error_prefix(err, -EINVAL, "--algorithm");
    if (!r)
        r = check_complete(o, err);
    return r ? r : set_cache(o, err);
}

int bench_options_parse(int argc, char **argv, struct bench_options *ret_options, struct sonata_error *err)
{
    struct bench_options *o = xcalloc(1, sizeof *o);
    options_defaults(table, o);
    int r = parse(argc, argv, o, err);
    if (!r)
        *ret_options = *o;
    free(o);
    return r;
}
