/* See problem.h. Flow: read the space and the table → turn each row's gene cells into a genotype → merge rows of one architecture → read
 * the columns in use → fit those of --fit → objectives, constraints, and the given ideal and reference in the minimised sense → decide
 * whether the whole space can be evaluated. Errors name file, line and what to do. */
#include "bench/problem.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"
#include "base/rng.h"
#include "base/text.h"
#include "conf/space_file.h"

enum { ENUMERATE_MAX = 200000, SHUFFLE_SEED = 20240213 };

void problem_fini(struct problem *p)
{
    for (unsigned i = 0; i < p->n_quantities; i++) {
        free(p->quantity[i].value);
        fit_free(p->quantity[i].fit);
    }
    free(p->architecture);
    free(p->slot);
    free(p->every);
    *p = (struct problem){0};
}

static int find_architecture(const struct problem *p, const struct genotype *canonical, size_t *ret_slot)
{
    size_t at = genotype_key(&p->space, canonical) & (p->n_slots - 1);
    for (; p->slot[at]; at = (at + 1) & (p->n_slots - 1)) {
        if (genotype_equal(&p->space, &p->architecture[p->slot[at] - 1], canonical))
            break;
    }
    if (ret_slot)
        *ret_slot = at;
    return (int)p->slot[at] - 1;
}

/* The allele a cell means: a label, or an index for choices that are words. -1: neither. */
static int cell_allele(const struct gene *gene, const char *cell)
{
    int allele = gene_find_choice(gene, cell);
    uint64_t index;
    bool words = true;
    for (unsigned v = 0; v < gene->n_choices; v++)
        words = words && isnan(gene->value[v]);
    if (allele < 0 && words && !parse_u64(cell, 0, gene->n_choices - 1u, &index))
        allele = (int)index;
    return allele;
}

/* Genotype of a row. Genes that turn out inactive may hold anything. */
static int row_genotype(const struct problem *p, const struct csv *csv, size_t row, const int *gene_column, struct genotype *ret_genotype,
                        struct sonata_error *err)
{
    const struct space *s = &p->space;
    struct genotype g = {{0}};
    bool active[SPACE_GENES_MAX], known[SPACE_GENES_MAX];
    for (unsigned j = 0; j < s->n_genes; j++) {
        int allele = cell_allele(&s->gene[j], csv_cell(csv, row, (size_t)gene_column[j]));
        known[j] = allele >= 0;
        g.allele[j] = allele >= 0 ? (uint8_t)allele : 0;
    }
    space_active(s, &g, active);
    for (unsigned j = 0; j < s->n_genes; j++) {
        if (active[j] && !known[j])
            return sonata_error_set(err, -EINVAL,
                                    "%s:%zu: '%s' is not a choice of gene '%s' (%s … %s, %u choices): correct the cell or the space file", p->table,
                                    row + 2, csv_cell(csv, row, (size_t)gene_column[j]), s->gene[j].name, s->gene[j].label[0],
                                    s->gene[j].label[s->gene[j].n_choices - 1], s->gene[j].n_choices);
    }
    *ret_genotype = space_canonical(s, &g);
    return 0;
}

static void list_columns(const struct csv *csv, char *text, size_t size)
{
    struct text_builder t = text_begin(text, size);
    for (size_t c = 0; c < csv->n_columns; c++)
        text_join(&t, " ", "%s", csv->header[c]);
}

static int column_missing(const struct problem *p, const struct csv *csv, const char *column, const char *what, struct sonata_error *err)
{
    char names[300];
    list_columns(csv, names, sizeof names);
    return sonata_error_set(err, -EINVAL, "%s:1: there is no column '%s' (%s); the columns are: %s", p->table, column, what, names);
}

/* Fills architecture, slot and row_of (architecture of each row). */
static int read_architectures(struct problem *p, const struct csv *csv, uint32_t *row_of, struct sonata_error *err)
{
    int gene_column[SPACE_GENES_MAX];
    for (unsigned j = 0; j < p->space.n_genes; j++) {
        gene_column[j] = csv_column(csv, p->space.gene[j].name);
        if (gene_column[j] < 0)
            return column_missing(p, csv, p->space.gene[j].name, "a gene of the space: the table needs one column per gene, named like it", err);
    }
    p->n_slots = 64;
    while (p->n_slots < 2 * csv->n_rows)
        p->n_slots *= 2;
    p->slot = xcalloc(p->n_slots, sizeof *p->slot);
    p->architecture = xcalloc(csv->n_rows, sizeof *p->architecture);
    for (size_t row = 0; row < csv->n_rows; row++) {
        struct genotype g;
        size_t slot;
        int r = row_genotype(p, csv, row, gene_column, &g, err);
        if (r)
            return r;
        int a = find_architecture(p, &g, &slot);
        if (a < 0) {
            a = (int)p->n_architectures;
            p->architecture[p->n_architectures++] = g;
            p->slot[slot] = (uint32_t)a + 1;
        }
        row_of[row] = (uint32_t)a;
    }
    return 0;
}

/* Index of the quantity of that column, read now when it is new: mean over the rows of each architecture. */
static int add_quantity(struct problem *p, const struct csv *csv, const uint32_t *row_of, const char *column, const char *what,
                        struct sonata_error *err)
{
    for (unsigned i = 0; i < p->n_quantities; i++) {
        if (!strcmp(p->quantity[i].column, column))
            return (int)i;
    }
    int c = csv_column(csv, column);
    if (c < 0)
        return column_missing(p, csv, column, what, err);
    if (p->n_quantities == QUANTITIES_MAX)
        return sonata_error_set(err, -EINVAL, "more than %d columns are used at once", QUANTITIES_MAX);
    struct quantity *q = &p->quantity[p->n_quantities++];
    copy_string(q->column, sizeof q->column, column);
    q->value = xcalloc(p->n_architectures, sizeof *q->value);
    uint32_t *count = xcalloc(p->n_architectures, sizeof *count);
    int r = 0;
    for (size_t row = 0; row < csv->n_rows && !r; row++) {
        const char *cell = csv_cell(csv, row, (size_t)c);
        double v;
        if (!*cell) {
            q->missing++;
            continue;
        }
        if (parse_double(cell, &v))
            r = sonata_error_set(err, -EINVAL, "%s:%zu: column '%s' holds '%s': a finite number is expected, or nothing for 'not measured'", p->table,
                                 row + 2, column, cell);
        else {
            q->value[row_of[row]] += v;
            count[row_of[row]]++;
        }
    }
    for (size_t a = 0; a < p->n_architectures; a++)
        q->value[a] = count[a] ? q->value[a] / count[a] : NAN;
    free(count);
    if (!r && q->missing == csv->n_rows)
        r = sonata_error_set(err, -ENODATA, "%s: column '%s' is empty in all %zu rows", p->table, column, csv->n_rows);
    return r ? r : (int)p->n_quantities - 1;
}

static int fit_quantity(struct problem *p, struct quantity *q, const struct fit_params *params, struct sonata_error *err)
{
    uint8_t *features = xcalloc(p->n_architectures, SPACE_GENES_MAX);
    double *y = xcalloc(p->n_architectures, sizeof *y);
    size_t n = 0;
    for (size_t a = 0; a < p->n_architectures; a++) {
        if (isnan(q->value[a]))
            continue;
        space_features(&p->space, &p->architecture[a], features + n * SPACE_GENES_MAX);
        y[n++] = q->value[a];
    }
    int r = fit_new(&p->space, &(struct fit_rows){features, y, n}, params, &q->fit, &q->report, err);
    free(features);
    free(y);
    return r ? sonata_error_prefix(err, r, "--fit %s", q->column) : 0;
}

static int add_fits(const struct bench_options *o, struct problem *p, struct sonata_error *err)
{
    for (unsigned i = 0; i < o->n_fits; i++) {
        struct quantity *q = NULL;
        for (unsigned k = 0; k < p->n_quantities && !q; k++)
            q = strcmp(p->quantity[k].column, o->fit[i].column) ? NULL : &p->quantity[k];
        if (!q)
            return sonata_error_set(err, -EINVAL, "--fit %s: no objective, constraint, proxy or delay uses that column", o->fit[i].column);
        int r = q->fit ? 0 : fit_quantity(p, q, &(struct fit_params){o->fit[i].alpha, o->fit[i].gamma}, err);
        if (r)
            return r;
    }
    return 0;
}

static bool is_percent(const struct problem *p, const struct quantity *q)
{
    for (size_t a = 0; a < p->n_architectures; a++) {
        if (q->value[a] < 0 || q->value[a] > 100)
            return false;
    }
    return true;
}

static double minimised(const struct problem_objective *o, double value)
{
    if (!o->maximise)
        return value;
    return o->percent ? 100 - value : -value;
}

/* A value as given, to be minimised; NAN: not given. errors: it is given so already. */
static double given_value(const struct problem_objective *o, const struct column_value *given, bool errors)
{
    if (!given)
        return NAN;
    return errors ? given->value : minimised(o, given->value);
}

/* --ideal and --reference of objective i. A maximised column may be given in its own sense (ideal above reference) or, for percent
 * columns, as errors 100 - value (ideal below reference): the order tells which. */
static int given_scale(const struct bench_options *o, struct problem *p, unsigned i, struct sonata_error *err)
{
    const struct problem_objective *objective = &p->objective[i];
    const char *column = o->objective[i].column;
    const struct column_value *ideal = column_list_find(&o->ideal, column), *reference = column_list_find(&o->reference, column);
    bool errors = objective->maximise && ideal && reference && ideal->value < reference->value;
    if (errors && !objective->percent)
        return sonata_error_set(err, -EINVAL, "--ideal %s must be above --reference: the column is maximised and not a percentage", column);
    p->ideal_given[i] = given_value(objective, ideal, errors);
    p->reference_given[i] = given_value(objective, reference, errors);
    if (ideal && reference && !(p->ideal_given[i] < p->reference_given[i]))
        return sonata_error_set(err, -EINVAL, "--ideal %s must be better than --reference", column);
    return 0;
}

static int check_lists(const struct bench_options *o, struct sonata_error *err)
{
    const struct {
        const char *option;
        const struct column_list *list;
    } lists[] = {
        {"--ideal", &o->ideal}, {"--reference", &o->reference}, {"--noise", &o->noise}, {"--proxy", &o->proxy}, {"--warm-start", &o->warm_start}};
    for (unsigned l = 0; l < sizeof lists / sizeof *lists; l++) {
        for (unsigned k = 0; k < lists[l].list->n; k++) {
            bool used = false;
            for (unsigned i = 0; i < o->n_objectives; i++)
                used = used || !strcmp(o->objective[i].column, lists[l].list->item[k].column);
            if (!used)
                return sonata_error_set(err, -EINVAL, "%s %s: that column is not an objective", lists[l].option, lists[l].list->item[k].column);
        }
    }
    return 0;
}

static int add_objectives(const struct bench_options *o, struct problem *p, const struct csv *csv, const uint32_t *row_of, struct sonata_error *err)
{
    p->n_objectives = o->n_objectives;
    for (unsigned i = 0; i < o->n_objectives; i++) {
        struct problem_objective *objective = &p->objective[i];
        const char *column = o->objective[i].column;
        objective->truth = add_quantity(p, csv, row_of, column, "--objective", err);
        if (objective->truth < 0)
            return objective->truth;
        const struct column_value *proxy = column_list_find(&o->proxy, column), *source = column_list_find(&o->warm_start, column);
        objective->seen = proxy ? add_quantity(p, csv, row_of, proxy->other, "--proxy", err) : objective->truth;
        if (objective->seen < 0)
            return objective->seen;
        objective->source = source ? add_quantity(p, csv, row_of, source->other, "--warm-start", err) : objective->truth;
        if (objective->source < 0)
            return objective->source;
        objective->maximise = o->objective[i].maximise;
        objective->percent = objective->maximise && is_percent(p, &p->quantity[objective->truth]) && is_percent(p, &p->quantity[objective->seen]);
        const struct column_value *noise = column_list_find(&o->noise, column);
        objective->noise = noise ? noise->value : 0;
        const struct column_value *cost = column_list_find(&o->cost, column);
        objective->cost = cost ? cost->value : 0;
        int r = given_scale(o, p, i, err);
        if (r)
            return r;
    }
    return 0;
}

static int add_columns(const struct bench_options *o, struct problem *p, const struct csv *csv, const uint32_t *row_of, struct sonata_error *err)
{
    int r = check_lists(o, err);
    if (!r)
        r = add_objectives(o, p, csv, row_of, err);
    for (unsigned i = 0; i < o->n_where && !r; i++) {
        int q = add_quantity(p, csv, row_of, o->where[i].column, "--where", err);
        p->constraint[p->n_constraints++] = (struct problem_constraint){q, o->where[i].at_least, o->where[i].value};
        r = min_of(q, 0);
    }
    p->delay = -1;
    if (!r && o->delay_column[0]) {
        p->delay = add_quantity(p, csv, row_of, o->delay_column, "--delay", err);
        r = min_of(p->delay, 0);
    }
    return r;
}

static bool measured(const struct problem *p, const struct genotype *g)
{
    double f[CORE_OBJECTIVES_MAX];
    return problem_objectives(p, g, VIEW_TRUTH, f) && problem_objectives(p, g, VIEW_SEEN, f) && isfinite(problem_violation(p, g));
}

/* Lists the space when it is small, and refuses a table that covers too little of it. */
static int check_coverage(struct problem *p, struct sonata_error *err)
{
    p->size = space_size(&p->space);
    bool all_fitted = true;
    for (unsigned i = 0; i < p->n_quantities; i++)
        all_fitted = all_fitted && p->quantity[i].fit;
    size_t covered = 0;
    for (size_t a = 0; a < p->n_architectures; a++)
        covered += measured(p, &p->architecture[a]);
    if (p->size <= ENUMERATE_MAX) {
        p->every = xcalloc((size_t)p->size, sizeof *p->every);
        struct genotype g = {{0}};
        for (bool more = true; more;) { // an odometer over all alleles; canonical ones are listed once
            struct genotype canonical = space_canonical(&p->space, &g);
            if (genotype_equal(&p->space, &canonical, &g) && p->n_space < (size_t)p->size)
                p->every[p->n_space++] = canonical;
            more = false;
            for (unsigned j = p->space.n_genes; j-- > 0 && !more;) {
                more = ++g.allele[j] < p->space.gene[j].n_choices;
                g.allele[j] = more ? g.allele[j] : 0;
            }
        }
    }
    double total = p->n_space ? (double)p->n_space : p->size;
    p->complete = all_fitted || (double)covered >= total;
    if (!all_fitted && (double)covered < 0.5 * total)
        return sonata_error_set(err, -ENODATA,
                                "%s: all columns in use are measured for %zu of %.4g architectures: too few to answer a search; add --fit "
                                "COLUMN for each so that a model stands for the whole space",
                                p->table, covered, total);
    return 0;
}

/* Deals the values of a column to the architectures at random, always the same way: a column of the same values that nothing explains. */
static int shuffle(const struct bench_options *o, struct problem *p, struct sonata_error *err)
{
    struct rng rng = rng_seeded(SHUFFLE_SEED, 0);
    struct quantity *q = NULL;
    for (unsigned i = 0; i < p->n_quantities; i++)
        q = strcmp(p->quantity[i].column, o->shuffle) ? q : &p->quantity[i];
    if (!q)
        return sonata_error_set(err, -EINVAL, "--shuffle %s: no objective or constraint uses that column", o->shuffle);
    for (uint32_t i = (uint32_t)p->n_architectures; i > 1; i--) {
        uint32_t k = rng_below(&rng, i);
        double value = q->value[k];
        q->value[k] = q->value[i - 1];
        q->value[i - 1] = value;
    }
    return 0;
}

static int fill(const struct bench_options *o, struct problem *p, struct sonata_error *err)
{
    struct csv csv = {0};
    copy_string(p->table, sizeof p->table, o->table);
    int r = space_file_read(o->space, &p->space, err);
    if (!r)
        r = csv_read(o->table, &csv, err);
    if (r)
        return r;
    p->n_rows = csv.n_rows;
    uint32_t *row_of = xcalloc(csv.n_rows, sizeof *row_of);
    r = read_architectures(p, &csv, row_of, err);
    if (!r)
        r = add_columns(o, p, &csv, row_of, err);
    free(row_of);
    csv_fini(&csv);
    if (!r && o->shuffle[0])
        r = shuffle(o, p, err);
    if (!r)
        r = add_fits(o, p, err);
    return r ? r : check_coverage(p, err);
}

int problem_load(const struct bench_options *o, struct problem *ret_problem, struct sonata_error *err)
{
    struct problem *p = xcalloc(1, sizeof *p);
    int r = fill(o, p, err);
    if (r)
        problem_fini(p);
    else
        *ret_problem = *p;
    free(p);
    return r;
}

static double quantity_value(const struct problem *p, int index, const struct genotype *g)
{
    const struct quantity *q = &p->quantity[index];
    if (q->fit) {
        uint8_t features[SPACE_GENES_MAX];
        space_features(&p->space, g, features);
        return fit_predict(q->fit, features);
    }
    int a = find_architecture(p, g, NULL);
    return a < 0 ? NAN : q->value[a];
}

/* The quantity that an objective is in a view. */
static int quantity_of(const struct problem_objective *o, enum problem_view view)
{
    if (view == VIEW_TRUTH)
        return o->truth;
    return view == VIEW_SEEN ? o->seen : o->source;
}

bool problem_objectives(const struct problem *p, const struct genotype *g, enum problem_view view, double ret_f[CORE_OBJECTIVES_MAX])
{
    bool known = true;
    for (unsigned i = 0; i < p->n_objectives; i++) {
        const struct problem_objective *o = &p->objective[i];
        int q = quantity_of(o, view);
        ret_f[i] = minimised(o, quantity_value(p, q, g));
        known = known && isfinite(ret_f[i]);
    }
    return known;
}

double problem_violation(const struct problem *p, const struct genotype *g)
{
    double sum = 0;
    for (unsigned i = 0; i < p->n_constraints; i++) {
        const struct problem_constraint *c = &p->constraint[i];
        double v = quantity_value(p, c->quantity, g), over = c->at_least ? c->bound - v : v - c->bound;
        if (!isfinite(v))
            return INFINITY;
        sum += fmax(over, 0) / fmax(fabs(c->bound), 1e-12);
    }
    return sum;
}

double problem_delay(const struct problem *p, const struct genotype *g) { return quantity_value(p, p->delay, g); }

void problem_add_noise(const struct problem *p, struct rng *rng, double f[CORE_OBJECTIVES_MAX])
{
    for (unsigned i = 0; i < p->n_objectives; i++) {
        if (p->objective[i].noise > 0)
            f[i] *= exp(p->objective[i].noise * rng_normal(rng));
    }
}

double problem_original(const struct problem *p, unsigned objective, double f)
{
    return minimised(&p->objective[objective], f); // its own inverse
}

void problem_hash(const struct bench_options *o, const struct problem *p, char ret_hex[65])
{
    struct bytes b = {0};
    uint8_t hash[HASH_SIZE];
    bytes_put_string(&b, "sonata bench front 1");
    bytes_append(&b, &p->space.n_genes, sizeof p->space.n_genes);
    for (unsigned j = 0; j < p->space.n_genes; j++) {
        const struct gene *g = &p->space.gene[j];
        bytes_put_string(&b, g->name);
        bytes_put_u8(&b, g->n_choices);
        bytes_put_u16(&b, (uint16_t)g->condition_gene);
        bytes_put_u16(&b, g->condition_mask);
        bytes_put_u16(&b, (uint16_t)g->block);
        for (unsigned v = 0; v < g->n_choices; v++)
            bytes_put_string(&b, g->label[v]);
    }
    bytes_put_u8(&b, p->space.identity_graph);
    bytes_append(&b, p->architecture, p->n_architectures * sizeof *p->architecture);
    for (unsigned i = 0; i < p->n_objectives; i++) {
        const struct quantity *q = &p->quantity[p->objective[i].truth];
        bytes_put_string(&b, q->column);
        bytes_put_u8(&b, p->objective[i].maximise);
        bytes_put_u8(&b, p->objective[i].percent);
        bytes_append(&b, q->value, p->n_architectures * sizeof *q->value);
        for (unsigned k = 0; k < o->n_fits && q->fit; k++) {
            if (strcmp(o->fit[k].column, q->column))
                continue;
            bytes_put_f64(&b, o->fit[k].alpha);
            bytes_put_f64(&b, o->fit[k].gamma);
        }
    }
    for (unsigned i = 0; i < p->n_constraints; i++) {
        const struct quantity *q = &p->quantity[p->constraint[i].quantity];
        bytes_put_string(&b, q->column);
        bytes_put_u8(&b, p->constraint[i].at_least);
        bytes_put_f64(&b, p->constraint[i].bound);
        bytes_append(&b, q->value, p->n_architectures * sizeof *q->value);
    }
    bytes_put_u32(&b, o->reference_evaluations);
    hash_content(b.data, b.size, hash);
    hash_to_hex(hash, sizeof hash, ret_hex);
    bytes_fini(&b);
}
