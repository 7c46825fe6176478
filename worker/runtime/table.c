/* See table.h. Flow: open (CSV, metric columns) -> use_space (gene columns, rows to genotypes, index sorted by key) -> answer. */
#include "runtime/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "base/text.h"

enum { STREAM_FATE = 1, STREAM_DELAY = 2, STREAM_NOISE = 16 };
static const int64_t DELAY_MAX_NS = INT64_C(3600000000000);

/* One network: its key, and where it stands in the file. */
struct entry {
    uint64_t key;
    uint32_t row;
    bool derived; /* the row's own alleles are not the canonical form */
    struct genotype canonical;
};

struct table {
    struct table_options options;
    struct csv csv;
    int metric_column[METRICS_MAX];
    struct space space; /* in use when n_genes > 0 */
    struct entry *entry;
    size_t n_entries, n_rows;
};

static int check_probability(const char *name, double p, struct sonata_error *err)
{
    if (!(p >= 0 && p <= 1))
        return sonata_error_set(err, -EINVAL, "%s: a probability of 0 to 1 is expected, not %g", name, p);
    return 0;
}

static int check_metric(const struct table_options *o, uint32_t i, struct sonata_error *err)
{
    const struct table_metric *m = &o->metric[i];
    if (!m->name[0] || !m->column[0])
        return sonata_error_set(err, -EINVAL, "metric '%s': its column is not named; expected %s=COLUMN", m->name, m->name);
    if (!(m->noise >= 0 && m->noise <= 2))
        return sonata_error_set(err, -EINVAL, "metric '%s': a noise of 0 to 2 is expected, not %g", m->name, m->noise);
    for (uint32_t k = 0; k < i; k++) {
        if (!strcmp(o->metric[k].name, m->name))
            return sonata_error_set(err, -EINVAL, "metric '%s' is named twice", m->name);
    }
    return 0;
}

int table_options_check(const struct table_options *o, struct sonata_error *err)
{
    if (!o->path[0])
        return sonata_error_set(err, -EINVAL, "a table file is expected");
    if (o->n_metrics < 1 || o->n_metrics > METRICS_MAX)
        return sonata_error_set(err, -EINVAL, "%s: 1 to %d metrics are expected (metric=COLUMN)", o->path, METRICS_MAX);
    for (uint32_t i = 0; i < o->n_metrics; i++) {
        int r = check_metric(o, i, err);
        if (r)
            return r;
    }
    if (o->delay_ns < 0 || o->delay_ns > DELAY_MAX_NS || !(o->delay_noise >= 0 && o->delay_noise <= 2))
        return sonata_error_set(err, -EINVAL, "delay: 0 to 1 h, with a noise of 0 to 2, is expected");
    int r = check_probability("fail", o->fail, err);
    if (!r)
        r = check_probability("crash", o->crash, err);
    if (!r)
        r = check_probability("hang", o->hang, err);
    if (!r)
        r = check_probability("fail + crash + hang", o->fail + o->crash + o->hang, err);
    return r;
}

/* "a, b, c, …" of the header. */
static void list_columns(const struct csv *csv, char *text, size_t size)
{
    struct text_builder t = text_begin(text, size);
    for (size_t i = 0; i < csv->n_columns; i++)
        text_join(&t, ", ", "%s", csv->header[i]);
}

static int find_columns(struct table *t, struct sonata_error *err)
{
    for (uint32_t i = 0; i < t->options.n_metrics; i++) {
        t->metric_column[i] = csv_column(&t->csv, t->options.metric[i].column);
        if (t->metric_column[i] >= 0)
            continue;
        char columns[300];
        list_columns(&t->csv, columns, sizeof columns);
        return sonata_error_set(err, -EINVAL, "%s: no column '%s' for metric '%s'; the columns are: %s", t->options.path, t->options.metric[i].column,
                                t->options.metric[i].name, columns);
    }
    return 0;
}

int table_open(const struct table_options *o, struct table **ret_table, struct sonata_error *err)
{
    int r = table_options_check(o, err);
    if (r)
        return r;
    struct table *t = xcalloc(1, sizeof *t);
    t->options = *o;
    r = csv_read(o->path, &t->csv, err);
    if (!r && t->csv.n_rows > UINT32_MAX)
        r = sonata_error_set(err, -EFBIG, "%s: too many rows", o->path);
    if (!r)
        r = find_columns(t, err);
    if (r) {
        table_close(t);
        return r;
    }
    *ret_table = t;
    return 0;
}

void table_close(struct table *t)
{
    if (!t)
        return;
    csv_fini(&t->csv);
    free(t->entry);
    free(t);
}

/* Allele of a cell: a label, or an index where the labels are words. */
static int cell_allele(const struct gene *g, const char *cell)
{
    int v = gene_find_choice(g, cell);
    uint64_t index;
    if (v < 0 && isnan(g->value[0]) && !parse_u64(cell, 0, g->n_choices - 1U, &index))
        v = (int)index;
    return v;
}

/* The row as a genotype; false when a gene that is active holds no choice of the space. */
static bool row_genotype(const struct table *t, const struct space *s, const int *column, size_t row, struct genotype *ret_genotype)
{
    struct genotype g = {{0}};
    bool known[SPACE_GENES_MAX], active[SPACE_GENES_MAX];
    for (unsigned j = 0; j < s->n_genes; j++) {
        int v = cell_allele(&s->gene[j], csv_cell(&t->csv, row, (size_t)column[j]));
        known[j] = v >= 0;
        g.allele[j] = (uint8_t)(v >= 0 ? v : 0);
    }
    space_active(s, &g, active);
    for (unsigned j = 0; j < s->n_genes; j++) {
        if (active[j] && !known[j])
            return false;
        if (!active[j])
            g.allele[j] = 0;
    }
    *ret_genotype = g;
    return true;
}

static int compare_entries(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    int order = memcmp(&a->canonical, &b->canonical, sizeof a->canonical);
    if (order)
        return order;
    if (a->derived != b->derived)
        return a->derived ? 1 : -1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static size_t drop_repeats(struct entry *e, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!kept || memcmp(&e[kept - 1].canonical, &e[i].canonical, sizeof e->canonical))
            e[kept++] = e[i];
    }
    return kept;
}

static int find_gene_columns(const struct table *t, const struct space *s, int *ret_column, struct sonata_error *err)
{
    for (unsigned j = 0; j < s->n_genes; j++) {
        ret_column[j] = csv_column(&t->csv, s->gene[j].name);
        if (ret_column[j] >= 0)
            continue;
        char columns[300];
        list_columns(&t->csv, columns, sizeof columns);
        return sonata_error_set(err, -EINVAL, "%s: no column for gene '%s' of space '%s'; the columns are: %s", t->options.path, s->gene[j].name,
                                s->name, columns);
    }
    return 0;
}

int table_use_space(struct table *t, const struct space *s, struct sonata_error *err)
{
    if (t->space.n_genes && !memcmp(&t->space, s, sizeof *s))
        return 0;
    int column[SPACE_GENES_MAX];
    int r = find_gene_columns(t, s, column, err);
    if (r)
        return r;
    struct entry *entry = xcalloc(t->csv.n_rows, sizeof *entry);
    size_t n = 0;
    for (size_t row = 0; row < t->csv.n_rows; row++) {
        struct genotype g;
        if (!row_genotype(t, s, column, row, &g))
            continue;
        struct entry *e = &entry[n++];
        e->canonical = space_canonical(s, &g);
        e->derived = !genotype_equal(s, &g, &e->canonical);
        e->key = hash64(e->canonical.allele, s->n_genes);
        e->row = (uint32_t)row;
    }
    if (!n) {
        free(entry);
        return sonata_error_set(err, -EINVAL, "%s: none of its %zu rows lies in space '%s': do its cells hold the choices' labels?", t->options.path,
                                t->csv.n_rows, s->name);
    }
    qsort(entry, n, sizeof *entry, compare_entries);
    free(t->entry);
    t->entry = entry;
    t->n_rows = n;
    t->n_entries = drop_repeats(entry, n);
    t->space = *s;
    return 0;
}

void table_metrics(const struct table *t, uint32_t *ret_n, char ret_names[][METRIC_NAME_MAX])
{
    *ret_n = t->options.n_metrics;
    for (uint32_t i = 0; i < *ret_n; i++)
        copy_string(ret_names[i], METRIC_NAME_MAX, t->options.metric[i].name);
}

void table_counts(const struct table *t, size_t *ret_rows, size_t *ret_networks)
{
    *ret_rows = t->n_rows;
    *ret_networks = t->n_entries;
}

static const struct entry *find_entry(const struct table *t, const struct genotype *g)
{
    struct genotype canonical = space_canonical(&t->space, g);
    uint64_t key = hash64(canonical.allele, t->space.n_genes);
    size_t low = 0, high = t->n_entries;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->entry[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < t->n_entries && t->entry[low].key == key; low++) {
        if (genotype_equal(&t->space, &t->entry[low].canonical, &canonical))
            return &t->entry[low];
    }
    return NULL;
}

enum table_fate table_fate(const struct table *t, const struct evaluation_job *job, int64_t *ret_delay_ns)
{
    const struct table_options *o = &t->options;
    struct rng rng = rng_seeded(job->noise_seed, STREAM_DELAY);
    double factor = o->delay_noise > 0 ? exp(o->delay_noise * rng_normal(&rng)) : 1;
    *ret_delay_ns = (int64_t)fmin((double)o->delay_ns * factor, (double)DELAY_MAX_NS);
    rng = rng_seeded(job->noise_seed, STREAM_FATE);
    double u = rng_uniform(&rng);
    if (u < o->fail)
        return TABLE_FAILS;
    if (u < o->fail + o->crash)
        return TABLE_CRASHES;
    return u < o->fail + o->crash + o->hang ? TABLE_HANGS : TABLE_ANSWERS;
}

static int find_metric(const struct table_options *o, const char *name)
{
    for (uint32_t i = 0; i < o->n_metrics; i++) {
        if (!strcmp(o->metric[i].name, name))
            return (int)i;
    }
    return -1;
}

static bool answer_metric(const struct table *t, const struct evaluation_job *job, const char *name, const struct entry *e, struct measurement *m)
{
    int i = find_metric(&t->options, name);
    if (i < 0) {
        m->outcome = OUTCOME_CONFIG;
        snprintf(m->reason, sizeof m->reason, "config: this table has no column for metric '%s'", name);
        return false;
    }
    double value;
    const char *cell = csv_cell(&t->csv, e->row, (size_t)t->metric_column[i]);
    if (parse_double(cell, &value)) {
        m->outcome = OUTCOME_INFEASIBLE;
        snprintf(m->reason, sizeof m->reason, "infeasible: '%s' was not measured for this network (row %u holds '%.20s')", name, e->row + 2, cell);
        return false;
    }
    double noise = t->options.metric[i].noise;
    if (noise > 0) {
        struct rng rng = rng_seeded(job->noise_seed, STREAM_NOISE + (uint64_t)i);
        value *= exp(noise * rng_normal(&rng));
        double a = value * exp(-1.96 * noise), b = value * exp(1.96 * noise);
        measurement_add(m, name, value, fmin(a, b), fmax(a, b), 1);
    } else {
        measurement_add(m, name, value, value, value, 0);
    }
    return true;
}

void table_answer(const struct table *t, const struct evaluation_job *job, struct measurement *m)
{
    const struct entry *e = find_entry(t, &job->genotype);
    if (!e) {
        m->outcome = OUTCOME_INFEASIBLE;
        snprintf(m->reason, sizeof m->reason, "infeasible: this network is not in the table");
        return;
    }
    m->outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < job->n_metrics; i++) {
        if (!answer_metric(t, job, job->metric[i], e, m)) {
            m->n_metrics = 0;
            return;
        }
    }
}
