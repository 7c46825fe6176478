/* The options of the bench that have a form of their own: columns with values, objectives, constraints, fits, delays, algorithms with their settings.
 */
#include "bench/options_own.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"

const struct column_value *column_list_find(const struct column_list *list, const char *column)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (!strcmp(list->item[i].column, column))
            return &list->item[i];
    }
    return NULL;
}

static int take_text(const char *text, char *dst, size_t size, struct sonata_error *err)
{
    if (!*text || !copy_string(dst, size, text))
        return sonata_error_set(err, -EINVAL, "1 to %zu characters are expected", size - 1);
    return 0;
}

/* `what` is a key inside the brackets of an algorithm, or "". */
static int take_count(const char *what, const char *text, uint32_t min, uint32_t max, uint32_t *ret_value, struct sonata_error *err)
{
    uint64_t v;
    if (parse_u64(text, min, max, &v))
        return sonata_error_set(err, -EINVAL, "%s%sa whole number from %u to %u is expected, not '%s'", what, what[0] ? ": " : "", min, max, text);
    *ret_value = (uint32_t)v;
    return 0;
}

static int take_share(const char *text, double *ret_value, struct sonata_error *err)
{
    if (parse_double(text, ret_value) || *ret_value < 0 || *ret_value >= 1)
        return sonata_error_set(err, -EINVAL, "a share from 0 to below 1 is expected, not '%s'", text);
    return 0;
}

/* Splits "LEFT<sep>RIGHT" at the first separator. */
static int split(const char *text, const char *separator, char left[BENCH_COLUMN_MAX], const char **ret_right, struct sonata_error *err)
{
    const char *at = strstr(text, separator);
    size_t n = at ? (size_t)(at - text) : 0;
    if (!n || n >= BENCH_COLUMN_MAX || !at[strlen(separator)])
        return sonata_error_set(err, -EINVAL, "COLUMN%sVALUE is expected, not '%s'", separator, text);
    memcpy(left, text, n);
    left[n] = '\0';
    *ret_right = at + strlen(separator);
    return 0;
}

/* COLUMN=V (numbers) or COLUMN=OTHER. */
static int take_column(const char *text, bool number, struct column_list *list, struct sonata_error *err)
{
    struct column_value item = {0};
    const char *right;
    int r = split(text, "=", item.column, &right, err);
    if (r)
        return r;
    if (list->n == BENCH_COLUMNS_MAX || column_list_find(list, item.column))
        return sonata_error_set(err, -EINVAL, "%s is given twice", item.column);
    if (number && parse_double(right, &item.value))
        return sonata_error_set(err, -EINVAL, "%s: a number is expected, not '%s'", item.column, right);
    if (!number && !copy_string(item.other, sizeof item.other, right))
        return sonata_error_set(err, -EINVAL, "%s: the column name '%s' is too long", item.column, right);
    list->item[list->n++] = item;
    return 0;
}

int own_objective(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    const char *goal = strrchr(text, ':');
    size_t n = goal ? (size_t)(goal - text) : 0;
    if (!n || n >= BENCH_COLUMN_MAX || (strcmp(goal, ":min") && strcmp(goal, ":max")))
        return sonata_error_set(err, -EINVAL, "COLUMN:min or COLUMN:max is expected, not '%s'", text);
    if (o->n_objectives == CORE_OBJECTIVES_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d objectives", CORE_OBJECTIVES_MAX);
    memcpy(o->objective[o->n_objectives].column, text, n);
    for (unsigned i = 0; i < o->n_objectives; i++) {
        if (!strcmp(o->objective[i].column, o->objective[o->n_objectives].column))
            return sonata_error_set(err, -EINVAL, "%s is given twice", o->objective[i].column);
    }
    o->objective[o->n_objectives++].maximise = !strcmp(goal, ":max");
    return 0;
}

int own_where(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    if (o->n_where == BENCH_CONSTRAINTS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d constraints", BENCH_CONSTRAINTS_MAX);
    struct where *w = &o->where[o->n_where];
    const char *right;
    w->at_least = !strstr(text, "<=");
    if (split(text, w->at_least ? ">=" : "<=", w->column, &right, err) || parse_double(right, &w->value))
        return sonata_error_set(err, -EINVAL, "'COLUMN<=V' or 'COLUMN>=V' is expected, not '%s'", text);
    o->n_where++;
    return 0;
}

int own_fit(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    if (o->n_fits == BENCH_COLUMNS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d columns", BENCH_COLUMNS_MAX);
    char buffer[BENCH_TEXT_MAX], *alpha, *gamma = NULL;
    int r = take_text(text, buffer, sizeof buffer, err);
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
            return sonata_error_set(err, -EINVAL, "COLUMN or COLUMN:ALPHA:GAMMA with positive numbers is expected, not '%s'", text);
    }
    return take_text(buffer, o->fit[o->n_fits++].column, BENCH_COLUMN_MAX, err);
}

int own_delay(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    if (!strncmp(text, "column:", 7))
        return take_text(text + 7, o->delay_column, sizeof o->delay_column, err);
    if (!strncmp(text, "lognormal:", 10) && !parse_double(text + 10, &o->delay_sigma) && o->delay_sigma >= 0 && o->delay_sigma <= 5)
        return 0;
    return sonata_error_set(err, -EINVAL, "lognormal:SIGMA (0 to 5) or column:COLUMN is expected, not '%s'", text);
}

int own_at(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    for (const char *p = text; *p;) {
        char number[16] = "";
        size_t n = strcspn(p, ",");
        if (n >= sizeof number || o->n_at == BENCH_CHECKPOINTS_MAX)
            return sonata_error_set(err, -EINVAL, "at most %d numbers separated by commas are expected", BENCH_CHECKPOINTS_MAX);
        memcpy(number, p, n);
        int r = take_count("", number, 1, BENCH_BUDGET_MAX, &o->at[o->n_at++], err);
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
        return sonata_error_set(err, -EINVAL, "%s: too many options", a->label);
    } else {
        struct core_option *s = &a->params.option[a->params.n_options++];
        if (!*key || !copy_string(s->name, sizeof s->name, key) || !copy_string(s->value, sizeof s->value, value))
            return sonata_error_set(err, -EINVAL, "%s: key=value with at most 31 characters each is expected", a->label);
    }
    return r ? sonata_error_prefix(err, r, "%s", a->label) : 0;
}

static int take_algorithm(const char *text, size_t n, const struct bench_options *o, struct bench_algorithm *ret_algorithm, struct sonata_error *err)
{
    struct bench_algorithm a = {.warm = true, .policy = true, .rounds = o->generational};
    a.params.generational = o->generational;
    char buffer[BENCH_TEXT_MAX];
    if (n == 0 || n >= sizeof buffer)
        return sonata_error_set(err, -EINVAL, "names separated by commas are expected, not '%s'", text);
    memcpy(buffer, text, n);
    buffer[n] = '\0';
    copy_string(a.label, sizeof a.label, buffer);
    char *settings = strchr(buffer, '[');
    if (settings) {
        if (buffer[n - 1] != ']')
            return sonata_error_set(err, -EINVAL, "%s: the closing ] is missing", a.label);
        buffer[n - 1] = '\0';
        *settings++ = '\0';
    }
    if (!copy_string(a.params.algorithm, sizeof a.params.algorithm, buffer))
        return sonata_error_set(err, -EINVAL, "%s: the name is too long", a.label);
    for (char *p = settings; p && *p;) {
        char *next = p + strcspn(p, ",;");
        char *value = memchr(p, '=', (size_t)(next - p));
        bool last = !*next;
        *next = '\0';
        if (!value)
            return sonata_error_set(err, -EINVAL, "%s: key=value is expected, not '%s'", a.label, p);
        *value++ = '\0';
        int r = take_setting(&a, p, value, err);
        if (r)
            return r;
        p = last ? NULL : next + 1;
    }
    *ret_algorithm = a;
    return 0;
}

int own_algorithms(struct bench_options *o, const char *text, struct sonata_error *err)
{
    for (const char *p = text; *p;) {
        size_t n = 0;
        for (int depth = 0; p[n] && (p[n] != ',' || depth > 0); n++)
            depth += (p[n] == '[') - (p[n] == ']');
        if (o->n_algorithms == BENCH_ALGORITHMS_MAX)
            return sonata_error_set(err, -EINVAL, "at most %d", BENCH_ALGORITHMS_MAX);
        int r = take_algorithm(p, n, o, &o->algorithm[o->n_algorithms++], err);
        if (r)
            return r;
        p += n + (p[n] == ',');
    }
    return 0;
}

int own_ideal(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    return take_column(text, true, &o->ideal, err);
}

int own_reference(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    return take_column(text, true, &o->reference, err);
}

int own_noise(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    return take_column(text, true, &o->noise, err);
}

int own_proxy(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    return take_column(text, false, &o->proxy, err);
}

int own_pool(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    int r = take_column(text, true, &o->pool, err);
    for (unsigned i = 0; i < o->pool.n && !r; i++) {
        double v = o->pool.item[i].value;
        if (!(v >= 1 && v <= BENCH_WORKERS_MAX) || v > floor(v))
            r = sonata_error_set(err, -EINVAL, "%s: a whole number of boards from 1 to %d is expected", o->pool.item[i].column, BENCH_WORKERS_MAX);
    }
    return r;
}

int own_cost(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    double total = 0;
    int r = take_column(text, true, &o->cost, err);
    for (unsigned i = 0; i < o->cost.n && !r; i++) {
        if (!(o->cost.item[i].value > 0))
            return sonata_error_set(err, -EINVAL, "%s: a number above 0 is expected", o->cost.item[i].column);
        total += o->cost.item[i].value;
    }
    if (!r && !(total < 1))
        return sonata_error_set(err, -EINVAL, "the columns together have to cost less than a whole evaluation, which costs 1");
    return r;
}

int own_warm_start(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    return take_column(text, false, &o->warm_start, err);
}

int own_straggler(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    return take_share(text, &o->straggler, err);
}

int own_fail(void *settings, const char *text, struct sonata_error *err)
{
    struct bench_options *o = settings;
    return take_share(text, &o->fail, err);
}
