/* See models.h. Everything here is a function of (rows trained on, hyper-parameters, stream number), which is what is saved; loading fits
 * again and gets the same bits. Targets are warped and standardised per objective (warp.h). */
#include "search/models.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "search/core_internal.h"
#include "search/effort.h"
#include "search/forest_keep.h"
#include "search/parallel.h"
#include "search/pareto.h"

enum { GROW_EVERY = 10, WEIGH_ROWS = 300, RISK_MIN = 5, RISK_ROWS_MAX = 2000, STREAM_FOREST = 1000 };

static const double FOREST_SHARE = 0.6, CHOOSE_GROWTH = 1.25, IMPORTANCE_PRIOR = 5 /* rows per gene */;

/* Which features a gene can have (docs/SEARCH.md, features). */
static struct forest_gene describe_gene(const struct space *space, uint32_t j, bool mask)
{
    const struct gene *g = &space->gene[j];
    bool edge = g->edge_from >= 0 && g->none_allele >= 0, conditional = false;
    for (int c = g->condition_gene; c >= 0; c = space->gene[c].condition_gene)
        conditional = true;
    struct forest_gene out = {.domain = ((1u << g->n_choices) - 1) << 1, .ordinal = g->ordinal, .absent = conditional && !edge};
    if (conditional || (edge && mask))
        out.domain |= 1;
    if (edge && mask)
        out.domain &= ~(1u << (g->none_allele + 1));
    return out;
}

struct models *models_new(const struct core *s)
{
    struct models *m = xcalloc(1, sizeof *m);
    for (uint32_t j = 0; j < s->space.n_genes; j++)
        m->gene[j] = describe_gene(&s->space, j, s->set.mask);
    return m;
}

static void training_fini(struct training *t)
{
    free(t->row);
    free(t->part);
    *t = (struct training){0};
}

void models_free(struct models *m)
{
    if (!m)
        return;
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++) {
        gp_fini(&m->gp[o]);
        forest_fini(&m->forest[o]);
    }
    forest_fini(&m->risk);
    training_fini(&m->train);
    training_fini(&m->forest_train);
    bytes_fini(&m->kept);
    free(m);
}

void models_invalidate(struct models *m)
{
    if (m)
        m->fitted = m->grown = false;
}

/* --- training data --- */

/* Rows that are known in part, the newest first, at most `limit`. */
static void choose_parts(const struct core *s, struct training *t, uint32_t limit)
{
    const struct archive *a = &s->archive;
    t->part = xcalloc(limit + 1, sizeof *t->part);
    for (uint32_t i = a->n; i-- > 0 && t->n_part < limit && a->n_parts;) {
        if (!row_told(&a->row[i]) && a->row[i].known)
            t->part[t->n_part++] = i;
    }
}

static uint32_t measured_rows(const struct core *s, uint32_t *ret_rows)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->archive.n_told; i++) {
        if (s->archive.row[s->archive.told[i]].state == ROW_OK)
            ret_rows[n++] = s->archive.told[i];
    }
    return n;
}

/* All measured rows while they are few. Beyond train_max: half of them the best by rank and crowding, the rest the newest. Beyond
 * GP_VARIANCE_POINTS the best come first (gp.h). Only the newest 10 train_max rows are looked at, so the cost stays bounded. */
static void choose_training(const struct core *s, struct training *t)
{
    uint32_t m = s->params.n_objectives, limit = effort_rows(s, s->set.train_max);
    training_fini(t);
    uint32_t *all = xcalloc(s->archive.n_told + 1, sizeof *all), n = measured_rows(s, all), first = n > 10 * limit ? n - 10 * limit : 0;
    n -= first;
    t->row = xcalloc(n + 1, sizeof *t->row);
    t->n_hints = s->n_hints;
    choose_parts(s, t, limit > n ? limit - n : 0);
    if (n <= GP_VARIANCE_POINTS) {
        memcpy(t->row, all, n * sizeof *all);
        t->n = n;
        free(all);
        return;
    }
    double *f = xcalloc((size_t)n * m, sizeof *f), *violation = xcalloc(n, sizeof *violation);
    bool *taken = xcalloc(n, sizeof *taken);
    uint32_t *order = xcalloc(n, sizeof *order), best = n < limit ? n : limit / 2;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(f + (size_t)i * m, s->archive.row[all[first + i]].y, m * sizeof *f);
        violation[i] = s->archive.row[all[first + i]].violation;
    }
    best = pareto_select(f, violation, n, m, best, order, NULL, NULL);
    for (uint32_t i = 0; i < best; i++) {
        t->row[t->n++] = all[first + order[i]];
        taken[order[i]] = true;
    }
    for (uint32_t i = n; i-- > 0 && t->n < limit;) {
        if (!taken[i])
            t->row[t->n++] = all[first + i];
    }
    free(all);
    free(f);
    free(violation);
    free(taken);
    free(order);
}

/* Features and raw values of one objective: the rows, then hints about architectures that are not among them. */
struct sample {
    uint8_t (*x)[SPACE_GENES_MAX];
    double *y;
    uint32_t n;
};

static void sample_fini(struct sample *d)
{
    free(d->x);
    free(d->y);
}

static struct sample gather(const struct core *s, const struct training *t, uint32_t objective)
{
    struct sample d = {.x = xcalloc(t->n + t->n_part + t->n_hints + 1, sizeof *d.x), .y = xcalloc(t->n + t->n_part + t->n_hints + 1, sizeof *d.y)};
    for (uint32_t i = 0; i < t->n; i++, d.n++) {
        memcpy(d.x[d.n], s->archive.row[t->row[i]].features, sizeof *d.x);
        d.y[d.n] = s->archive.row[t->row[i]].y[objective];
    }
    for (uint32_t i = 0; i < t->n_part; i++) {
        const struct row *r = &s->archive.row[t->part[i]];
        if (!(r->known >> s->params.group[objective] & 1))
            continue;
        memcpy(d.x[d.n], r->features, sizeof *d.x);
        d.y[d.n++] = r->y[objective];
    }
    uint32_t limit = effort_rows(s, s->set.train_max), room = limit > d.n ? limit - d.n : 0;
    for (uint32_t i = 0; i < t->n_hints && room; i++) {
        const struct hint *h = &s->hint[i];
        int64_t row = archive_find(&s->archive, &s->space, &h->genotype);
        if (h->objective != objective || (row >= 0 && s->archive.row[row].state == ROW_OK))
            continue;
        memcpy(d.x[d.n], h->features, sizeof *d.x);
        d.y[d.n++] = h->value;
        room--;
    }
    return d;
}

/* Warp fitted on the rows alone, applied to everything. */
static void standardise(struct warp *w, struct sample *d, uint32_t n_rows)
{
    warp_fit(w, d->y, n_rows);
    for (uint32_t i = 0; i < d->n; i++)
        d->y[i] = warp_forward(w, d->y[i]);
}

/* --- fitting --- */

static bool wants_forest(const struct core *s)
{
    return s->set.surrogate == SURROGATE_FOREST || (s->set.importance && (s->algorithm->option_groups & GROUP_SONATA));
}

/* A forest is a function of its rows, targets and parameters; the key stands for them. Who has it under its key needs not grow it. */
static void grow_forest(const struct core *s, struct forest *f, uint64_t *ret_key, const struct sample *d, const struct forest_params *p)
{
    const uint64_t part[] = {hash64(d->x, d->n * sizeof *d->x), hash64(d->y, d->n * sizeof *d->y), d->n, p->trees, p->seed, p->stream};
    struct models *m = s->models;
    *ret_key = hash64(part, sizeof part);
    forest_fini(f);
    if (!m->kept.size || !forest_keep_find(m->kept.data, m->kept.size, *ret_key, s->space.n_genes, f))
        forest_fit(f, m->gene, s->space.n_genes, (const uint8_t(*)[SPACE_GENES_MAX])d->x, d->y, d->n, p);
}

static struct forest_params forest_params(const struct core *s, uint32_t which)
{
    return (struct forest_params){.trees = s->set.trees,
                                  .share = FOREST_SHARE,
                                  .threads = s->params.threads,
                                  .seed = s->params.seed,
                                  .stream = STREAM_FOREST * (1 + s->models->n_grown * (CORE_OBJECTIVES_MAX + 1) + which)};
}

static void grow_forests(struct core *s)
{
    struct models *m = s->models;
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        struct sample d = gather(s, &m->forest_train, o);
        struct forest_params p = forest_params(s, o);
        standardise(&m->forest_warp[o], &d, m->forest_train.n);
        grow_forest(s, &m->forest[o], &m->key[o], &d, &p);
        forest_anova(&m->forest[o], m->gene, m->importance[o], m->value[o]);
        sample_fini(&d);
    }
    m->grown = true;
}

/* Probability that an architecture is infeasible: a forest on 0 / 1. */
static void grow_risk(struct core *s)
{
    struct models *m = s->models;
    uint32_t bad = 0, first = m->risk_told > RISK_ROWS_MAX ? m->risk_told - RISK_ROWS_MAX : 0;
    struct sample d = {.x = xcalloc(m->risk_told + 1, sizeof *d.x), .y = xcalloc(m->risk_told + 1, sizeof *d.y)};
    for (uint32_t i = first; i < m->risk_told; i++) {
        const struct row *r = &s->archive.row[s->archive.told[i]];
        if (r->state == ROW_FAILED)
            continue;
        memcpy(d.x[d.n], r->features, sizeof *d.x);
        d.y[d.n] = !row_feasible(r);
        bad += d.y[d.n++] > 0;
    }
    struct forest_params p = forest_params(s, CORE_OBJECTIVES_MAX);
    if (bad >= RISK_MIN && d.n - bad >= RISK_MIN)
        grow_forest(s, &m->risk, &m->key[CORE_OBJECTIVES_MAX], &d, &p);
    else
        forest_fini(&m->risk);
    sample_fini(&d);
}

void models_ready(struct core *s)
{
    struct models *m = s->models;
    if (!m->forests_due)
        return;
    m->forests_due = false;
    if (m->grown)
        grow_forests(s);
    if (m->risk_told)
        grow_risk(s);
}

/* Nothing is borrowed any more: the blob can go. */
static void drop_kept(struct models *m)
{
    bool borrowed = m->risk.borrowed;
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++)
        borrowed |= m->forest[o].borrowed;
    if (!borrowed)
        bytes_fini(&m->kept);
}

void models_forget(struct models *m)
{
    if (!m)
        return;
    models_invalidate(m);
    training_fini(&m->train);
    training_fini(&m->forest_train);
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++)
        forest_fini(&m->forest[o]);
    forest_fini(&m->risk);
    m->risk_told = 0;
    m->forests_due = m->fit_due = false;
    drop_kept(m);
}

static bool same_choices(const struct gene *a, const struct gene *b)
{
    if (a->n_choices != b->n_choices || a->ordinal != b->ordinal || (a->edge_from < 0) != (b->edge_from < 0))
        return false;
    for (uint32_t c = 0; c < a->n_choices; c++) {
        if (strcmp(a->label[c], b->label[c]))
            return false;
    }
    return true;
}

/* Genes that have the same choices are a family: what counts may be how many of them have a value. By default edges of a cell alone: layers of stages
 * have the same choices, too, but not the same sizes (docs/SEARCH.md, section 5). */
static void set_families(const struct core *s, struct gp *g)
{
    g->n_families = 0;
    memset(g->member, GP_FAMILIES_MAX, sizeof g->member);
    for (uint32_t j = 0; j < s->space.n_genes && s->set.families != FAMILIES_OFF; j++) {
        uint32_t first = 0;
        if (s->set.families == FAMILIES_CELL && s->space.gene[j].edge_from < 0)
            continue;
        while (first < j && !same_choices(&s->space.gene[first], &s->space.gene[j]))
            first++;
        if (first == j || (g->member[first] == GP_FAMILIES_MAX && g->n_families == GP_FAMILIES_MAX))
            continue;
        if (g->member[first] == GP_FAMILIES_MAX) {
            g->family[g->n_families] = (struct gp_family){.size = 1, .n_values = s->space.gene[j].n_choices + 1U};
            g->member[first] = (uint8_t)g->n_families++;
        }
        g->member[j] = g->member[first];
        g->family[g->member[j]].size++;
    }
}

/* Length scales: important genes move a candidate far, unimportant ones hardly. Importance estimated from few rows per gene is mostly
 * noise, so it is shrunk towards equal shares (docs/SEARCH.md). */
static void set_weights(const struct core *s, struct gp *g, uint32_t objective)
{
    const struct models *m = s->models;
    double total = 0, n = m->forest_train.n, share = m->grown && n > 0 ? n / (n + IMPORTANCE_PRIOR * s->space.n_genes) : 0;
    g->n_genes = s->space.n_genes;
    set_families(s, g);
    for (uint32_t j = 0; j < g->n_genes; j++) {
        g->weight[j] = sqrt(share * m->importance[objective][j] + (1 - share) / g->n_genes + 1e-4);
        total += g->weight[j];
    }
    for (uint32_t j = 0; j < g->n_genes; j++)
        g->weight[j] /= total;
}

struct fit_job {
    const struct core *s;
    bool choose;
};

static void fit_objective(void *context, uint32_t o)
{
    struct fit_job *job = context;
    const struct core *s = job->s;
    struct models *m = s->models;
    struct sample d = gather(s, &m->train, o);
    const uint8_t(*x)[SPACE_GENES_MAX] = (const uint8_t(*)[SPACE_GENES_MAX])d.x;
    standardise(&m->warp[o], &d, m->train.n);
    if (s->set.surrogate == SURROGATE_GP) {
        struct gp *g = &m->gp[o];
        set_weights(s, g, o);
        if (job->choose && (!(g->ell > 0) || d.n > CHOOSE_GROWTH * g->n_at_choice))
            gp_choose(g, x, d.y, d.n);
        gp_fit(g, x, d.y, d.n);
    } else if (s->set.surrogate == SURROGATE_RIDGE)
        ridge_fit(&m->ridge[o], s->space.n_genes, x, d.y, d.n);
    sample_fini(&d);
}

/* Fits the surrogates to m->train; `choose` lets hyper-parameters be chosen anew. */
static void fit(const struct core *s, bool choose)
{
    struct fit_job job = {s, choose};
    if (s->set.surrogate == SURROGATE_FOREST)
        memcpy(s->models->warp, s->models->forest_warp, sizeof s->models->warp);
    else
        parallel_for(s->params.threads, s->params.n_objectives, fit_objective, &job);
    s->models->fitted = true;
    s->models->fit_due = false;
}

/* A forest that predicts sees all rows; one that only weighs genes has enough of WEIGH_ROWS, spread evenly. */
static struct training forest_rows(const struct core *s, const struct training *t)
{
    uint32_t limit = s->set.surrogate == SURROGATE_FOREST ? t->n : WEIGH_ROWS;
    struct training out = {.row = xcalloc(t->n + 1, sizeof *out.row), .n = min_of(t->n, limit), .n_hints = t->n_hints};
    for (uint32_t i = 0; i < out.n; i++)
        out.row[i] = t->row[(uint64_t)i * t->n / out.n];
    return out;
}

/* Results between two forests: where they only weigh genes, every twentieth part of what is known. */
static uint32_t grow_interval(const struct core *s)
{
    uint32_t part = s->set.surrogate == SURROGATE_FOREST ? 0 : s->archive.n_told / 20;
    return max_of(part, GROW_EVERY);
}

bool models_refresh(struct core *s)
{
    struct models *m = s->models;
    if (s->set.surrogate == SURROGATE_NONE)
        return false;
    models_ready(s);
    if (m->fitted && m->fitted_told == s->archive.n_told && m->fitted_parts == s->archive.n_parts)
        return true;
    struct training t = {0};
    choose_training(s, &t);
    if (t.n < MODELS_MIN_ROWS) {
        training_fini(&t);
        return false;
    }
    training_fini(&m->train);
    m->train = t;
    if (!m->grown || s->archive.n_told >= m->grown_told + grow_interval(s)) {
        m->n_grown++;
        m->grown_told = s->archive.n_told;
        if (wants_forest(s)) {
            training_fini(&m->forest_train);
            m->forest_train = forest_rows(s, &t);
            grow_forests(s);
        }
        if (s->set.feasibility && (s->algorithm->option_groups & GROUP_SONATA)) {
            m->risk_told = s->archive.n_told;
            grow_risk(s);
        }
        drop_kept(m);
    }
    uint32_t at_choice[CORE_OBJECTIVES_MAX];
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++)
        at_choice[o] = m->gp[o].n_at_choice;
    fit(s, true);
    effort_spend(s, effort_of_fit(s, t.n));
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        effort_spend(s, m->gp[o].n_at_choice != at_choice[o] ? effort_of_choice(s, m->gp[o].n_at_choice) : 0);
    m->fitted_told = s->archive.n_told;
    m->fitted_parts = s->archive.n_parts;
    return true;
}

/* --- prediction --- */

struct predict_job {
    const struct core *s;
    struct candidate *c;
    const uint8_t (*x)[SPACE_GENES_MAX];
    uint32_t n;
    double beta;
    bool full;
};

static void predict_z(const struct core *s, uint32_t o, const uint8_t (*x)[SPACE_GENES_MAX], uint32_t n, double *ret_mean, double *ret_var)
{
    const struct models *m = s->models;
    if (s->set.surrogate == SURROGATE_GP) {
        gp_predict(&m->gp[o], x, n, ret_mean, ret_var);
        return;
    }
    if (s->set.surrogate == SURROGATE_FOREST) {
        double *var = ret_var ? ret_var : xcalloc(n + 1, sizeof *var);
        forest_predict_many(&m->forest[o], x, n, ret_mean, var);
        if (!ret_var)
            free(var);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        ret_mean[i] = ridge_predict(&m->ridge[o], x[i]);
        if (ret_var)
            ret_var[i] = m->ridge[o].variance;
    }
}

static void predict_objective(void *context, uint32_t o)
{
    const struct predict_job *job = context;
    const struct models *m = job->s->models;
    double *mean = xcalloc(2 * (size_t)job->n + 1, sizeof *mean), *var = job->full || job->beta > 0 ? mean + job->n : NULL;
    double noise = job->s->set.surrogate == SURROGATE_GP ? m->gp[o].noise : 0;
    predict_z(job->s, o, job->x, job->n, mean, var);
    for (uint32_t i = 0; i < job->n; i++) {
        struct candidate *c = &job->c[i];
        if (c->known >> o & 1)
            continue;
        c->q[o] = warp_inverse(&m->warp[o], mean[i] - (var ? job->beta * sqrt(var[i]) : 0));
        if (!job->full)
            continue;
        double sd = sqrt(var[i] + noise);
        c->mean[o] = warp_inverse(&m->warp[o], mean[i]);
        c->sd[o] = (warp_inverse(&m->warp[o], mean[i] + sd) - warp_inverse(&m->warp[o], mean[i] - sd)) / 2;
    }
    free(mean);
}

void models_predict(struct core *s, struct candidate *c, uint32_t n, double beta, bool full)
{
    const struct models *m = s->models;
    models_ready(s);
    if (m->fit_due)
        fit(s, false);
    effort_spend(s, effort_of_prediction(s, n, full || beta > 0));
    uint8_t(*x)[SPACE_GENES_MAX] = xcalloc(n + 1, sizeof *x);
    for (uint32_t i = 0; i < n; i++) {
        double var;
        memcpy(x[i], c[i].features, sizeof *x);
        c[i].risk = 0;
        if (m->risk.n_trees)
            forest_predict(&m->risk, x[i], &c[i].risk, &var);
        c[i].predicted |= full;
    }
    struct predict_job job = {s, c, (const uint8_t(*)[SPACE_GENES_MAX])x, n, beta, full};
    parallel_for(s->params.threads, s->params.n_objectives, predict_objective, &job);
    free(x);
}

/* --- trust --- */

/* Ranks with ties at their mean. */
static void rank_values(const double *v, uint32_t n, double *ret_rank)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t below = 0, equal = 0;
        for (uint32_t k = 0; k < n; k++) {
            below += v[k] < v[i];
            equal += v[k] == v[i];
        }
        ret_rank[i] = below + 0.5 * (equal - 1);
    }
}

static double spearman(const double *a, const double *b, uint32_t n)
{
    double ra[TRUST_WINDOW], rb[TRUST_WINDOW], middle = (n - 1) / 2.0, ab = 0, aa = 0, bb = 0;
    rank_values(a, n, ra);
    rank_values(b, n, rb);
    for (uint32_t i = 0; i < n; i++) {
        ab += (ra[i] - middle) * (rb[i] - middle);
        aa += (ra[i] - middle) * (ra[i] - middle);
        bb += (rb[i] - middle) * (rb[i] - middle);
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

void models_quality(const struct core *s, double ret_rank_correlation[CORE_OBJECTIVES_MAX], double ret_coverage[CORE_OBJECTIVES_MAX])
{
    const struct row *row[TRUST_WINDOW];
    uint32_t n = 0;
    for (uint32_t i = s->archive.n_told; i-- > 0 && n < TRUST_WINDOW;) {
        const struct row *r = &s->archive.row[s->archive.told[i]];
        if (r->state == ROW_OK && r->predicted)
            row[n++] = r;
    }
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++) {
        double predicted[TRUST_WINDOW], measured[TRUST_WINDOW], inside = 0;
        ret_rank_correlation[o] = ret_coverage[o] = NAN;
        if (n < TRUST_MIN || o >= s->params.n_objectives)
            continue;
        for (uint32_t i = 0; i < n; i++) {
            predicted[i] = row[i]->mean[o];
            measured[i] = row[i]->y[o];
            inside += fabs(predicted[i] - measured[i]) <= 2 * row[i]->sd[o];
        }
        ret_rank_correlation[o] = spearman(predicted, measured, n);
        ret_coverage[o] = inside / n;
    }
}

bool models_trusted(const struct core *s)
{
    double rho[CORE_OBJECTIVES_MAX], coverage[CORE_OBJECTIVES_MAX], sum = 0;
    models_quality(s, rho, coverage);
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        sum += isnan(rho[o]) ? 1 : rho[o];
    return sum > 0;
}

/* --- bytes --- */

static void save_training(const struct training *t, struct bytes *out)
{
    bytes_put_u32(out, t->n);
    for (uint32_t i = 0; i < t->n; i++)
        bytes_put_u32(out, t->row[i]);
    bytes_put_u32(out, t->n_hints);
    bytes_put_u32(out, t->n_part);
    for (uint32_t i = 0; i < t->n_part; i++)
        bytes_put_u32(out, t->part[i]);
}

static bool load_training(struct training *t, const struct core *s, struct reader *in)
{
    t->n = reader_count(in, s->archive.n, 4);
    t->row = xcalloc(t->n + 1, sizeof *t->row);
    bool ok = !in->bad;
    for (uint32_t i = 0; i < t->n && ok; i++) {
        t->row[i] = reader_u32(in);
        ok = t->row[i] < s->archive.n && s->archive.row[t->row[i]].state == ROW_OK;
    }
    t->n_hints = reader_u32(in);
    t->n_part = s->loading > 2 ? reader_count(in, s->archive.n, 4) : 0;
    t->part = xcalloc(t->n_part + 1, sizeof *t->part);
    for (uint32_t i = 0; i < t->n_part && ok; i++) {
        t->part[i] = reader_u32(in);
        ok = t->part[i] < s->archive.n && s->archive.row[t->part[i]].known;
    }
    return ok && !in->bad && t->n_hints <= s->n_hints;
}

void models_save(const struct models *m, struct bytes *out)
{
    bytes_put_u8(out, m->fitted);
    bytes_put_u32(out, m->fitted_told);
    bytes_put_u32(out, m->fitted_parts);
    save_training(&m->train, out);
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++) {
        const struct gp *g = &m->gp[o];
        bytes_put_f64(out, g->a);
        bytes_put_f64(out, g->b);
        bytes_put_f64(out, g->ell);
        bytes_put_f64(out, g->noise);
        bytes_put_f64(out, g->mix);
        bytes_put_u32(out, g->n_at_choice);
    }
    bytes_put_u8(out, m->grown);
    bytes_put_u32(out, m->grown_told);
    bytes_put_u64(out, m->n_grown);
    save_training(&m->forest_train, out);
    bytes_put_u32(out, m->risk_told);
}

static bool load_hyperparameters(struct gp *g, unsigned version, struct reader *in)
{
    g->a = reader_f64(in);
    g->b = reader_f64(in);
    g->ell = reader_f64(in);
    g->noise = reader_f64(in);
    g->mix = version > 3 ? reader_f64(in) : 0;
    g->n_at_choice = reader_u32(in);
    if (!(g->mix >= 0 && g->mix < 1))
        return false;
    return (g->ell == 0 && g->a == 0 && g->b == 0 && g->noise == 0) ||
           (g->a >= 0 && g->a < 100 && g->b >= 0 && g->b < 100 && g->ell > 1e-3 && g->ell < 100 && g->noise > 1e-6 && g->noise < 100);
}

bool models_load(struct models *m, struct core *s, struct reader *in)
{
    bool fitted = reader_u8(in);
    m->fitted_told = reader_u32(in);
    m->fitted_parts = s->loading > 2 ? reader_u32(in) : 0;
    bool ok = load_training(&m->train, s, in);
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++)
        ok &= load_hyperparameters(&m->gp[o], s->loading, in);
    bool grown = reader_u8(in);
    m->grown_told = reader_u32(in);
    m->n_grown = reader_u64(in);
    ok = ok && load_training(&m->forest_train, s, in);
    m->risk_told = reader_u32(in);
    if (!ok || in->bad || m->fitted_told > s->archive.n_told || m->fitted_parts > s->archive.n_parts || m->grown_told > s->archive.n_told ||
        m->risk_told > s->archive.n_told)
        return false;
    bool chosen = s->set.surrogate != SURROGATE_GP;
    for (uint32_t o = 0; o < s->params.n_objectives && !chosen; o++)
        chosen = m->gp[o].ell > 0;
    if ((fitted && (m->train.n < MODELS_MIN_ROWS || !chosen)) || (grown && m->forest_train.n < MODELS_MIN_ROWS))
        return false;
    if (s->set.surrogate == SURROGATE_FOREST && fitted && !grown)
        return false;
    m->grown = grown;
    m->fitted = m->fit_due = fitted;
    m->forests_due = grown || m->risk_told;
    return true;
}

void models_forests_save(struct core *s, size_t max, struct bytes *out)
{
    const struct models *m = s->models;
    size_t empty = FOREST_KEEP_FRAME, size = empty;
    models_ready(s);
    for (uint32_t o = 0; o <= CORE_OBJECTIVES_MAX; o++) {
        const struct forest *f = o < CORE_OBJECTIVES_MAX ? &m->forest[o] : &m->risk;
        size += f->n_trees ? forest_keep_size(f) : 0;
    }
    if (size == empty || size > max)
        return;
    forest_keep_start(out);
    for (uint32_t o = 0; o <= CORE_OBJECTIVES_MAX; o++) {
        const struct forest *f = o < CORE_OBJECTIVES_MAX ? &m->forest[o] : &m->risk;
        if (f->n_trees)
            forest_keep_add(out, m->key[o], f);
    }
    forest_keep_seal(out);
}

int models_forests_load(struct core *s, struct bytes *forests)
{
    struct models *m = s->models;
    if (!m->forests_due || !forest_keep_check(forests->data, forests->size))
        return -EBADMSG;
    bytes_fini(&m->kept);
    m->kept = *forests;
    *forests = (struct bytes){0};
    models_ready(s);
    bool all = true;
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++)
        all &= !m->forest[o].n_trees || m->forest[o].borrowed;
    drop_kept(m);
    return all && (!m->risk.n_trees || m->risk.borrowed) ? 0 : -EBADMSG;
}
