/* See options.h. One table of options drives getopt_long; each value has one small parser that names what it expected. */
#define _GNU_SOURCE // getopt_long
#include "bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"

enum option_key {
    KEY_SPACE = 256,
    KEY_TABLE,
    KEY_OBJECTIVE,
    KEY_WHERE,
    KEY_IDEAL,
    KEY_REFERENCE,
    KEY_FIT,
    KEY_ALGORITHM,
    KEY_BUDGET,
    KEY_SEEDS,
    KEY_FIRST_SEED,
    KEY_BATCH,
    KEY_WORKERS,
    KEY_DELAY,
    KEY_STRAGGLER,
    KEY_NOISE,
    KEY_PROXY,
    KEY_FAIL,
    KEY_WARM_START,
    KEY_GENERATIONAL,
    KEY_POLICY_IN,
    KEY_POLICY_OUT,
    KEY_JSON,
    KEY_PLOT,
    KEY_AT,
    KEY_REPLICATES,
    KEY_WARM_BUDGET,
    KEY_WARM_FIRST,
    KEY_JOBS,
    KEY_THREADS,
    KEY_REFERENCE_EVALUATIONS,
    KEY_CACHE,
    KEY_QUIET,
    KEY_HELP
};

static const struct option table[] = {
    {"space", required_argument, NULL, KEY_SPACE},
    {"table", required_argument, NULL, KEY_TABLE},
    {"objective", required_argument, NULL, KEY_OBJECTIVE},
    {"where", required_argument, NULL, KEY_WHERE},
    {"ideal", required_argument, NULL, KEY_IDEAL},
    {"reference", required_argument, NULL, KEY_REFERENCE},
    {"fit", required_argument, NULL, KEY_FIT},
    {"algorithm", required_argument, NULL, KEY_ALGORITHM},
    {"budget", required_argument, NULL, KEY_BUDGET},
    {"seeds", required_argument, NULL, KEY_SEEDS},
    {"first-seed", required_argument, NULL, KEY_FIRST_SEED},
    {"batch", required_argument, NULL, KEY_BATCH},
    {"workers", required_argument, NULL, KEY_WORKERS},
    {"delay", required_argument, NULL, KEY_DELAY},
    {"straggler", required_argument, NULL, KEY_STRAGGLER},
    {"noise", required_argument, NULL, KEY_NOISE},
    {"proxy", required_argument, NULL, KEY_PROXY},
    {"fail", required_argument, NULL, KEY_FAIL},
    {"warm-start", required_argument, NULL, KEY_WARM_START},
    {"generational", no_argument, NULL, KEY_GENERATIONAL},
    {"policy-in", required_argument, NULL, KEY_POLICY_IN},
    {"policy-out", required_argument, NULL, KEY_POLICY_OUT},
    {"json", required_argument, NULL, KEY_JSON},
    {"plot", required_argument, NULL, KEY_PLOT},
    {"at", required_argument, NULL, KEY_AT},
    {"replicates", required_argument, NULL, KEY_REPLICATES},
    {"warm-budget", required_argument, NULL, KEY_WARM_BUDGET},
    {"warm-first", required_argument, NULL, KEY_WARM_FIRST},
    {"jobs", required_argument, NULL, KEY_JOBS},
    {"threads", required_argument, NULL, KEY_THREADS},
    {"reference-evaluations", required_argument, NULL, KEY_REFERENCE_EVALUATIONS},
    {"cache", required_argument, NULL, KEY_CACHE},
    {"quiet", no_argument, NULL, KEY_QUIET},
    {"help", no_argument, NULL, KEY_HELP},
    {NULL, 0, NULL, 0},
};

const struct column_value *column_list_find(const struct column_list *list, const char *column)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (!strcmp(list->item[i].column, column))
            return &list->item[i];
    }
    return NULL;
}

static int take_text(const char *option, const char *text, char *dst, size_t size, struct sonata_error *err)
{
    if (!*text || !copy_string(dst, size, text))
        return sonata_error_set(err, -EINVAL, "--%s: 1 to %zu characters are expected", option, size - 1);
    return 0;
}

static int take_count(const char *option, const char *text, uint32_t min, uint32_t max, uint32_t *ret_value, struct sonata_error *err)
{
    uint64_t v;
    if (parse_u64(text, min, max, &v))
        return sonata_error_set(err, -EINVAL, "--%s: a whole number from %u to %u is expected, not '%s'", option, min, max, text);
    *ret_value = (uint32_t)v;
    return 0;
}

static int take_share(const char *option, const char *text, double *ret_value, struct sonata_error *err)
{
    if (parse_double(text, ret_value) || *ret_value < 0 || *ret_value >= 1)
        return sonata_error_set(err, -EINVAL, "--%s: a share from 0 to below 1 is expected, not '%s'", option, text);
    return 0;
}

/* Splits "LEFT<sep>RIGHT" at the first separator. */
static int split(const char *option, const char *text, const char *separator, char left[BENCH_COLUMN_MAX], const char **ret_right,
                 struct sonata_error *err)
{
    const char *at = strstr(text, separator);
    size_t n = at ? (size_t)(at - text) : 0;
    if (!n || n >= BENCH_COLUMN_MAX || !at[strlen(separator)])
        return sonata_error_set(err, -EINVAL, "--%s: COLUMN%sVALUE is expected, not '%s'", option, separator, text);
    memcpy(left, text, n);
    left[n] = '\0';
    *ret_right = at + strlen(separator);
    return 0;
}

/* COLUMN=V (numbers) or COLUMN=OTHER. */
static int take_column(const char *option, const char *text, bool number, struct column_list *list, struct sonata_error *err)
{
    struct column_value item = {0};
    const char *right;
    int r = split(option, text, "=", item.column, &right, err);
    if (r)
        return r;
    if (list->n == BENCH_COLUMNS_MAX || column_list_find(list, item.column))
        return sonata_error_set(err, -EINVAL, "--%s %s: given twice", option, item.column);
    if (number && parse_double(right, &item.value))
        return sonata_error_set(err, -EINVAL, "--%s %s: a number is expected, not '%s'", option, item.column, right);
    if (!number && !copy_string(item.other, sizeof item.other, right))
        return sonata_error_set(err, -EINVAL, "--%s %s: the column name '%s' is too long", option, item.column, right);
    list->item[list->n++] = item;
    return 0;
}

static int take_objective(const char *text, struct bench_options *o, struct sonata_error *err)
{
    const char *goal = strrchr(text, ':');
    size_t n = goal ? (size_t)(goal - text) : 0;
    if (!n || n >= BENCH_COLUMN_MAX || (strcmp(goal, ":min") && strcmp(goal, ":max")))
        return sonata_error_set(err, -EINVAL, "--objective: COLUMN:min or COLUMN:max is expected, not '%s'", text);
    if (o->n_objectives == CORE_OBJECTIVES_MAX)
        return sonata_error_set(err, -EINVAL, "--objective: at most %d objectives", CORE_OBJECTIVES_MAX);
    memcpy(o->objective[o->n_objectives].column, text, n);
    for (unsigned i = 0; i < o->n_objectives; i++) {
        if (!strcmp(o->objective[i].column, o->objective[o->n_objectives].column))
            return sonata_error_set(err, -EINVAL, "--objective %s: given twice", o->objective[i].column);
    }
    o->objective[o->n_objectives++].maximise = !strcmp(goal, ":max");
    return 0;
}

static int take_where(const char *text, struct bench_options *o, struct sonata_error *err)
{
    if (o->n_where == BENCH_CONSTRAINTS_MAX)
        return sonata_error_set(err, -EINVAL, "--where: at most %d constraints", BENCH_CONSTRAINTS_MAX);
    struct where *w = &o->where[o->n_where];
    const char *right;
    w->at_least = !strstr(text, "<=");
    if (split("where", text, w->at_least ? ">=" : "<=", w->column, &right, err) || parse_double(right, &w->value))
        return sonata_error_set(err, -EINVAL, "--where: 'COLUMN<=V' or 'COLUMN>=V' is expected, not '%s'", text);
    o->n_where++;
    return 0;
}

static int take_fit(const char *text, struct bench_options *o, struct sonata_error *err)
{
    if (o->n_fits == BENCH_COLUMNS_MAX)
        return sonata_error_set(err, -EINVAL, "--fit: at most %d columns", BENCH_COLUMNS_MAX);
    char buffer[BENCH_TEXT_MAX], *alpha, *gamma = NULL;
    int r = take_text("fit", text, buffer, sizeof buffer, err);
    if (r)
        return r;
    o->fit[o->n_fits].alpha = 0.1;
    o->fit[o->n_fits].gamma = 0.02;
    alpha = strchr(buffer, ':');
    if (alpha) {
        *alpha++ = '\0';
        gamma = strchr(alpha, ':');
        if (gamma)
            *gamma++ = '\0';
        if (!gamma || parse_double(alpha, &o->fit[o->n_fits].alpha) || parse_double(gamma, &o->fit[o->n_fits].gamma) ||
            !(o->fit[o->n_fits].alpha > 0) || !(o->fit[o->n_fits].gamma > 0))
            return sonata_error_set(err, -EINVAL, "--fit: COLUMN or COLUMN:ALPHA:GAMMA with positive numbers is expected, not '%s'", text);
    }
    return take_text("fit", buffer, o->fit[o->n_fits++].column, BENCH_COLUMN_MAX, err);
}

static int take_delay(const char *text, struct bench_options *o, struct sonata_error *err)
{
    if (!strncmp(text, "column:", 7))
        return take_text("delay", text + 7, o->delay_column, sizeof o->delay_column, err);
    if (!strncmp(text, "lognormal:", 10) && !parse_double(text + 10, &o->delay_sigma) && o->delay_sigma >= 0 && o->delay_sigma <= 5)
        return 0;
    return sonata_error_set(err, -EINVAL, "--delay: lognormal:SIGMA (0 to 5) or column:COLUMN is expected, not '%s'", text);
}

static int take_at(const char *text, struct bench_options *o, struct sonata_error *err)
{
    for (const char *p = text; *p;) {
        char number[16] = "";
        size_t n = strcspn(p, ",");
        if (n >= sizeof number || o->n_at == BENCH_CHECKPOINTS_MAX)
            return sonata_error_set(err, -EINVAL, "--at: at most %d numbers separated by commas are expected", BENCH_CHECKPOINTS_MAX);
        memcpy(number, p, n);
        int r = take_count("at", number, 1, BENCH_BUDGET_MAX, &o->at[o->n_at++], err);
        if (r)
            return r;
        p += n + (p[n] == ',');
    }
    return 0;
}

/* One key=value inside the brackets of an algorithm. Round 0 and budget 0 mean: as the command says. */
static int take_setting(struct bench_algorithm *a, const char *key, const char *value, struct sonata_error *err)
{
    uint32_t flag = 0;
    int r = 0;
    if (!strcmp(key, "budget"))
        r = take_count(key, value, 1, BENCH_BUDGET_MAX, &a->params.budget, err);
    else if (!strcmp(key, "round"))
        r = take_count(key, value, 1, 10000, &a->batch, err);
    else if (!strcmp(key, "population"))
        r = take_count(key, value, 2, 10000, &a->params.population, err);
    else if (!strcmp(key, "init"))
        r = take_count(key, value, 1, 100000, &a->params.init, err);
    else if (!strcmp(key, "generational")) {
        r = take_count(key, value, 0, 1, &flag, err);
        a->rounds = a->params.generational = !r && flag;
    } else if (!strcmp(key, "warm")) {
        r = take_count(key, value, 0, 1, &flag, err);
        a->warm = !r && flag;
    } else if (!strcmp(key, "policy")) {
        r = take_count(key, value, 0, 1, &flag, err);
        a->policy = !r && flag;
    } else if (a->params.n_options == sizeof a->params.option / sizeof *a->params.option) {
        return sonata_error_set(err, -EINVAL, "--algorithm %s: too many options", a->label);
    } else {
        struct core_option *s = &a->params.option[a->params.n_options++];
        if (!*key || !copy_string(s->name, sizeof s->name, key) || !copy_string(s->value, sizeof s->value, value))
            return sonata_error_set(err, -EINVAL, "--algorithm %s: key=value with at most 31 characters each is expected", a->label);
    }
    return r ? sonata_error_prefix(err, r, "--algorithm %s", a->label) : 0;
}

static int take_algorithm(const char *text, size_t n, const struct bench_options *o, struct bench_algorithm *ret_algorithm, struct sonata_error *err)
{
    struct bench_algorithm a = {.warm = true, .policy = true, .rounds = o->generational};
    a.params.generational = o->generational;
    char buffer[BENCH_TEXT_MAX];
    if (n == 0 || n >= sizeof buffer)
        return sonata_error_set(err, -EINVAL, "--algorithm: names separated by commas are expected, not '%s'", text);
    memcpy(buffer, text, n);
    buffer[n] = '\0';
    copy_string(a.label, sizeof a.label, buffer);
    char *settings = strchr(buffer, '[');
    if (settings) {
        if (buffer[n - 1] != ']')
            return sonata_error_set(err, -EINVAL, "--algorithm %s: the closing ] is missing", a.label);
        buffer[n - 1] = '\0';
        *settings++ = '\0';
    }
    if (!copy_string(a.params.algorithm, sizeof a.params.algorithm, buffer))
        return sonata_error_set(err, -EINVAL, "--algorithm %s: the name is too long", a.label);
    for (char *p = settings; p && *p;) {
        char *next = p + strcspn(p, ",;");
        char *value = memchr(p, '=', (size_t)(next - p));
        bool last = !*next;
        *next = '\0';
        if (!value)
            return sonata_error_set(err, -EINVAL, "--algorithm %s: key=value is expected, not '%s'", a.label, p);
        *value++ = '\0';
        int r = take_setting(&a, p, value, err);
        if (r)
            return r;
        p = last ? NULL : next + 1;
    }
    *ret_algorithm = a;
    return 0;
}

static int take_algorithms(const char *text, struct bench_options *o, struct sonata_error *err)
{
    for (const char *p = text; *p;) {
        size_t n = 0;
        for (int depth = 0; p[n] && (p[n] != ',' || depth > 0); n++)
            depth += (p[n] == '[') - (p[n] == ']');
        if (o->n_algorithms == BENCH_ALGORITHMS_MAX)
            return sonata_error_set(err, -EINVAL, "--algorithm: at most %d", BENCH_ALGORITHMS_MAX);
        int r = take_algorithm(p, n, o, &o->algorithm[o->n_algorithms++], err);
        if (r)
            return r;
        p += n + (p[n] == ',');
    }
    return 0;
}

static int take_option(int key, const char *value, struct bench_options *o, const char **ret_algorithms, struct sonata_error *err)
{
    uint32_t first = 0;
    int r;
    switch (key) {
    case KEY_SPACE:
        return take_text("space", value, o->space, sizeof o->space, err);
    case KEY_TABLE:
        return take_text("table", value, o->table, sizeof o->table, err);
    case KEY_OBJECTIVE:
        return take_objective(value, o, err);
    case KEY_WHERE:
        return take_where(value, o, err);
    case KEY_IDEAL:
        return take_column("ideal", value, true, &o->ideal, err);
    case KEY_REFERENCE:
        return take_column("reference", value, true, &o->reference, err);
    case KEY_FIT:
        return take_fit(value, o, err);
    case KEY_ALGORITHM:
        *ret_algorithms = value;
        return 0;
    case KEY_BUDGET:
        return take_count("budget", value, 1, BENCH_BUDGET_MAX, &o->budget, err);
    case KEY_SEEDS:
        return take_count("seeds", value, 1, BENCH_SEEDS_MAX, &o->seeds, err);
    case KEY_FIRST_SEED:
        r = take_count("first-seed", value, 0, 1000000000, &first, err);
        o->first_seed = r ? 0 : first;
        return r;
    case KEY_BATCH:
        return take_count("batch", value, 1, 10000, &o->batch, err);
    case KEY_WORKERS:
        return take_count("workers", value, 1, BENCH_WORKERS_MAX, &o->workers, err);
    case KEY_DELAY:
        return take_delay(value, o, err);
    case KEY_STRAGGLER:
        return take_share("straggler", value, &o->straggler, err);
    case KEY_NOISE:
        return take_column("noise", value, true, &o->noise, err);
    case KEY_PROXY:
        return take_column("proxy", value, false, &o->proxy, err);
    case KEY_FAIL:
        return take_share("fail", value, &o->fail, err);
    case KEY_WARM_START:
        return take_column("warm-start", value, false, &o->warm_start, err);
    case KEY_GENERATIONAL:
        o->generational = true;
        return 0;
    case KEY_POLICY_IN:
        return take_text("policy-in", value, o->policy_in, sizeof o->policy_in, err);
    case KEY_POLICY_OUT:
        return take_text("policy-out", value, o->policy_out, sizeof o->policy_out, err);
    case KEY_JSON:
        return take_text("json", value, o->json, sizeof o->json, err);
    case KEY_PLOT:
        return take_text("plot", value, o->plot, sizeof o->plot, err);
    case KEY_AT:
        return take_at(value, o, err);
    case KEY_REPLICATES:
        return take_count("replicates", value, 0, 100, &o->replicates, err);
    case KEY_WARM_BUDGET:
        return take_count("warm-budget", value, 20, 5000, &o->warm_budget, err);
    case KEY_WARM_FIRST:
        return take_count("warm-first", value, 0, 1000, &o->warm_first, err);
    case KEY_JOBS:
        return take_count("jobs", value, 1, 256, &o->jobs, err);
    case KEY_THREADS:
        return take_count("threads", value, 1, 64, &o->threads, err);
    case KEY_REFERENCE_EVALUATIONS:
        return take_count("reference-evaluations", value, 1000, BENCH_BUDGET_MAX, &o->reference_evaluations, err);
    case KEY_CACHE:
        return take_text("cache", value, o->cache, sizeof o->cache, err);
    case KEY_QUIET:
        o->quiet = true;
        return 0;
    default:
        return sonata_error_set(err, -EINVAL, "unknown option or missing value; `sonata bench --help` lists the options");
    }
}

static int compare_count(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
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

int bench_options_parse(int argc, char **argv, struct bench_options *ret_options, struct sonata_error *err)
{
    struct bench_options *o = xcalloc(1, sizeof *o);
    const char *algorithms = NULL;
    *o = (struct bench_options){
        .first_seed = 1, .batch = 10, .replicates = 4, .warm_budget = 250, .warm_first = 20, .threads = 1, .reference_evaluations = 120000};
    optind = 0; // a fresh scan, whatever was parsed before (GNU)
    opterr = 0;
    int r = 0, key;
    while (!r && (key = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (key == KEY_HELP) {
            fputs(bench_help, stdout);
            free(o);
            return 1;
        }
        r = take_option(key, optarg, o, &algorithms, err);
        if (r && key == '?')
            sonata_error_prefix(err, r, "%s", optind > 0 && optind <= argc ? argv[optind - 1] : "");
    }
    if (!r && optind < argc)
        r = sonata_error_set(err, -EINVAL, "'%s' is not expected; `sonata bench --help` lists the options", argv[optind]);
    if (!r && algorithms)
        r = take_algorithms(algorithms, o, err);
    if (!r)
        r = check_complete(o, err);
    if (!r)
        r = set_cache(o, err);
    if (!r)
        *ret_options = *o;
    free(o);
    return r;
}
