/* Complete state in bytes and back (contract: core.h).
 *
 * "SNTS", version, parameters, space fingerprint, then sections in the order of struct core; hash64 of everything at the end. Models
 * are not stored but refitted from the rows and hyper-parameters they were fitted with, which gives the same bits; the forests, which cost the
 * most, can be kept beside (core_forests_save). Loading trusts
 * nothing: every count, index, allele and number is checked, so that damaged bytes end in -EBADMSG. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "search/chooser.h"
#include "search/core_internal.h"
#include "search/groups.h"
#include "search/models.h"

enum { VERSION = 4 /* 1: without the revision; 2: without groups; 3: without families */, MAGIC = 0x53544e53 };

static uint64_t space_fingerprint(const struct space *s)
{
    cleanup_bytes struct bytes b = {0};
    bytes_put_u16(&b, s->n_genes);
    bytes_put_u16(&b, s->cell_nodes);
    bytes_put_u8(&b, s->identity_graph);
    for (unsigned j = 0; j < s->n_genes; j++) {
        const struct gene *g = &s->gene[j];
        bytes_put_u8(&b, g->ordinal);
        bytes_put_u8(&b, g->n_choices);
        bytes_put_u16(&b, (uint16_t)g->condition_gene);
        bytes_put_u16(&b, g->condition_mask);
        bytes_put_u16(&b, (uint16_t)g->block);
        bytes_put_u16(&b, (uint16_t)g->edge_from);
        bytes_put_u16(&b, (uint16_t)g->edge_to);
        bytes_put_u16(&b, (uint16_t)g->none_allele);
    }
    return hash64(b.data, b.size);
}

static void save_params(const struct core_params *p, struct bytes *out)
{
    bytes_put_string(out, p->algorithm);
    bytes_put_u32(out, p->n_objectives);
    bytes_put_u32(out, p->budget);
    bytes_put_u32(out, p->population);
    bytes_put_u32(out, p->init);
    bytes_put_u8(out, p->generational);
    bytes_put_u64(out, p->seed);
    bytes_put_u32(out, p->n_options);
    for (uint32_t i = 0; i < p->n_options; i++) {
        bytes_put_string(out, p->option[i].name);
        bytes_put_string(out, p->option[i].value);
    }
    bytes_put_u32(out, p->n_groups);
    for (uint32_t o = 0; o < p->n_objectives; o++)
        bytes_put_u8(out, p->group[o]);
}

static bool load_params(struct core_params *p, unsigned version, struct reader *in)
{
    reader_string(in, p->algorithm, sizeof p->algorithm);
    p->n_objectives = reader_u32(in);
    p->budget = reader_u32(in);
    p->population = reader_u32(in);
    p->init = reader_u32(in);
    p->generational = reader_u8(in);
    p->seed = reader_u64(in);
    p->n_options = reader_count(in, sizeof p->option / sizeof *p->option, 8);
    for (uint32_t i = 0; i < p->n_options; i++) {
        reader_string(in, p->option[i].name, sizeof p->option[i].name);
        reader_string(in, p->option[i].value, sizeof p->option[i].value);
    }
    p->n_groups = version > 2 ? reader_u32(in) : 0;
    for (uint32_t o = 0; o < p->n_objectives && o < CORE_OBJECTIVES_MAX && version > 2; o++)
        p->group[o] = reader_u8(in);
    return !in->bad;
}

/* f32 through its bits. */
static void put_f32(struct bytes *out, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bytes_put_u32(out, bits);
}

static float get_f32(struct reader *in)
{
    uint32_t bits = reader_u32(in);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static void save_row(const struct row *r, unsigned n_genes, uint32_t m, struct bytes *out)
{
    bytes_append(out, r->genotype.allele, n_genes);
    bytes_put_u8(out, r->state);
    bytes_put_u8(out, (uint8_t)(r->predicted | r->injected << 1));
    bytes_put_u32(out, r->arm);
    bytes_put_u32(out, r->generation);
    bytes_put_u32(out, r->uses);
    bytes_put_u64(out, (uint64_t)r->parent[0]);
    bytes_put_u64(out, (uint64_t)r->parent[1]);
    bytes_put_u8(out, r->known);
    bytes_put_u8(out, r->asked);
    for (uint32_t o = 0; o < m && (r->state == ROW_OK || r->known); o++)
        bytes_put_f64(out, r->y[o]);
    bytes_put_f64(out, r->violation);
    for (uint32_t o = 0; o < m && r->predicted; o++) {
        bytes_put_f64(out, r->mean[o]);
        bytes_put_f64(out, r->sd[o]);
    }
    put_f32(out, r->probability);
    for (int i = 0; i < CHOOSER_FEATURES && r->probability < 1; i++)
        put_f32(out, r->context[i]);
    bytes_put_f64(out, r->gain);
}

/* Fills the row that was pushed; false when a field is outside its limits. */
static bool load_row(struct core *s, struct row *r, struct reader *in)
{
    uint32_t m = s->params.n_objectives;
    bool ok = true;
    r->state = reader_u8(in);
    uint8_t flags = reader_u8(in);
    r->predicted = flags & 1;
    r->injected = flags >> 1 & 1;
    r->arm = reader_u32(in);
    r->generation = reader_u32(in);
    r->uses = reader_u32(in);
    for (int i = 0; i < 2; i++) {
        r->parent[i] = (int64_t)reader_u64(in);
        ok &= r->parent[i] >= -1 && r->parent[i] < (int64_t)s->archive.n - 1;
    }
    r->known = s->loading > 2 ? reader_u8(in) : 0;
    r->asked = s->loading > 2 ? reader_u8(in) : 1;
    ok &= !((r->known | r->asked) & ~groups_all(s)) && (r->state != ROW_SCREENED || (r->known && !(r->asked & ~r->known)));
    s->n_whole += r->asked == groups_all(s);
    for (uint32_t o = 0; o < m && (r->state == ROW_OK || r->known); o++) {
        r->y[o] = reader_f64(in);
        ok &= isfinite(r->y[o]);
    }
    r->violation = reader_f64(in);
    for (uint32_t o = 0; o < m && r->predicted; o++) {
        r->mean[o] = reader_f64(in);
        r->sd[o] = reader_f64(in);
        ok &= isfinite(r->mean[o]) && isfinite(r->sd[o]);
    }
    r->probability = get_f32(in);
    ok &= r->probability >= 0 && r->probability <= 1;
    for (int i = 0; i < CHOOSER_FEATURES && r->probability < 1; i++) {
        r->context[i] = get_f32(in);
        ok &= isfinite(r->context[i]);
    }
    r->gain = reader_f64(in);
    return ok && !in->bad && isfinite(r->gain) && r->gain >= 0 && r->state < ROW_STATES && flags < 4 && r->arm < s->algorithm->n_arms &&
           r->violation >= 0;
}

static bool push_row(struct core *s, const struct genotype *g, struct reader *in)
{
    uint8_t features[SPACE_GENES_MAX];
    core_features(s, g, features);
    return load_row(s, archive_push(&s->archive, &s->space, g, features), in);
}

static bool load_genotype(const struct core *s, struct genotype *g, struct reader *in)
{
    *g = (struct genotype){{0}};
    reader_copy(in, g->allele, s->space.n_genes);
    if (in->bad || !genotype_is_legal(&s->space, g))
        return false;
    struct genotype canonical = space_canonical(&s->space, g);
    return genotype_equal(&s->space, &canonical, g);
}

static void save_archive(const struct core *s, struct bytes *out)
{
    const struct archive *a = &s->archive;
    bytes_put_u32(out, a->n);
    for (uint32_t i = 0; i < a->n; i++)
        save_row(&a->row[i], s->space.n_genes, s->params.n_objectives, out);
    bytes_put_u32(out, a->n_told);
    for (uint32_t i = 0; i < a->n_told; i++)
        bytes_put_u32(out, a->told[i]);
}

static bool load_archive(struct core *s, struct reader *in)
{
    struct archive *a = &s->archive;
    uint32_t n = reader_count(in, ARCHIVE_ROWS_MAX, s->space.n_genes + 30u);
    for (uint32_t i = 0; i < n; i++) {
        struct genotype g;
        if (!load_genotype(s, &g, in) || archive_find(a, &s->space, &g) >= 0 || !push_row(s, &g, in))
            return false;
    }
    uint32_t told = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        told += row_told(&a->row[i]);
        a->n_screened += a->row[i].state == ROW_SCREENED;
    }
    if (reader_count(in, told, 4) != told)
        return false;
    bool *seen = xcalloc(n ? n : 1, sizeof *seen), ok = !in->bad;
    a->told = xgrow(a->told, &a->told_capacity, told, sizeof *a->told);
    for (uint32_t i = 0; i < told && ok; i++) {
        uint32_t row = reader_u32(in);
        ok = row < n && !seen[row] && row_told(&a->row[row]);
        if (ok) {
            seen[row] = true;
            a->told[a->n_told++] = row;
        }
    }
    free(seen);
    a->n_pending = a->n - told - a->n_screened;
    if (ok)
        archive_rebuild_front(a, s->params.n_objectives);
    return ok;
}

/* Row numbers; each must exist and be told, and none twice. */
static bool load_rows(const struct core *s, struct reader *in, uint32_t max, uint32_t **ret_rows, uint32_t *ret_n)
{
    uint32_t n = reader_count(in, max, 4);
    bool *seen = xcalloc(s->archive.n ? s->archive.n : 1, sizeof *seen), ok = !in->bad;
    *ret_rows = xcalloc(n ? n : 1, sizeof **ret_rows);
    *ret_n = n;
    for (uint32_t i = 0; i < n && ok; i++) {
        uint32_t row = (*ret_rows)[i] = reader_u32(in);
        ok = row < s->archive.n && row_told(&s->archive.row[row]) && !seen[row];
        if (ok)
            seen[row] = true;
    }
    free(seen);
    return ok && !in->bad;
}

static void save_rows(const uint32_t *rows, uint32_t n, struct bytes *out)
{
    bytes_put_u32(out, n);
    for (uint32_t i = 0; i < n; i++)
        bytes_put_u32(out, rows[i]);
}

static void save_candidate(const struct core *s, const struct candidate *c, struct bytes *out)
{
    bytes_append(out, c->genotype.allele, s->space.n_genes);
    bytes_put_u32(out, c->arm);
    bytes_put_u64(out, (uint64_t)c->parent[0]);
    bytes_put_u64(out, (uint64_t)c->parent[1]);
    bytes_put_u8(out, c->predicted);
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        bytes_put_f64(out, c->mean[o]);
        bytes_put_f64(out, c->sd[o]);
    }
    put_f32(out, c->probability);
    for (int i = 0; i < CHOOSER_FEATURES; i++)
        put_f32(out, c->context[i]);
}

static bool load_candidate(struct core *s, struct candidate *c, struct reader *in)
{
    struct genotype g;
    if (!load_genotype(s, &g, in))
        return false;
    candidate_init(s, c, &g, reader_u32(in));
    bool ok = c->arm < s->algorithm->n_arms;
    for (int i = 0; i < 2; i++) {
        c->parent[i] = (int64_t)reader_u64(in);
        ok &= c->parent[i] >= -1 && c->parent[i] < (int64_t)s->archive.n;
    }
    c->predicted = reader_u8(in);
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        c->mean[o] = reader_f64(in);
        c->sd[o] = reader_f64(in);
        ok &= isfinite(c->mean[o]) && isfinite(c->sd[o]);
    }
    c->probability = get_f32(in);
    ok &= c->probability >= 0 && c->probability <= 1;
    for (int i = 0; i < CHOOSER_FEATURES; i++) {
        c->context[i] = get_f32(in);
        ok &= isfinite(c->context[i]);
    }
    return ok && !in->bad;
}

static void save_hints(const struct core *s, struct bytes *out)
{
    bytes_put_u32(out, s->n_hints);
    for (uint32_t i = 0; i < s->n_hints; i++) {
        bytes_append(out, s->hint[i].genotype.allele, s->space.n_genes);
        bytes_put_u32(out, s->hint[i].objective);
        bytes_put_f64(out, s->hint[i].value);
    }
}

static bool load_hints(struct core *s, struct reader *in)
{
    uint32_t n = reader_count(in, UINT32_MAX, s->space.n_genes + 12u);
    for (uint32_t i = 0; i < n; i++) {
        struct genotype g;
        if (!load_genotype(s, &g, in))
            return false;
        uint32_t objective = reader_u32(in);
        if (core_hint(s, &g, objective, reader_f64(in)))
            return false;
    }
    return !in->bad;
}

static void save_screening(const struct core *s, struct bytes *out)
{
    for (uint32_t g = 0; g < s->params.n_groups; g++)
        bytes_put_f64(out, s->cost[g]);
    bytes_put_u64(out, s->screening_credit);
    bytes_put_u32(out, s->archive.n_parts);
}

static bool load_screening(struct core *s, struct reader *in)
{
    if (s->loading < 3)
        return true;
    bool told = true;
    for (uint32_t g = 0; g < s->params.n_groups; g++) {
        s->cost[g] = reader_f64(in);
        told &= isfinite(s->cost[g]) && s->cost[g] > 0;
    }
    s->screening_credit = reader_u64(in);
    s->archive.n_parts = reader_u32(in);
    for (uint32_t g = 0; g < s->params.n_groups && !told; g++) {
        if (s->cost[g] < 0 || s->cost[g] > 0 || isnan(s->cost[g]))
            return false; /* all of them or none */
    }
    groups_derive(s);
    return !in->bad && s->archive.n_parts >= s->archive.n_screened;
}

void core_save(const struct core *s, struct bytes *out)
{
    size_t start = out->size;
    bytes_put_u32(out, MAGIC);
    bytes_put_u16(out, VERSION);
    save_params(&s->params, out);
    bytes_put_u32(out, s->params.revision);
    bytes_put_u64(out, space_fingerprint(&s->space));
    rng_save(&s->rng, out);
    save_archive(s, out);
    save_rows(s->population.row, s->population.n, out);
    bytes_put_u32(out, s->generation);
    bytes_put_u32(out, s->generation_left);
    save_rows(s->fresh, s->n_fresh, out);
    bytes_put_u8(out, s->exhausted);
    save_hints(s, out);
    bytes_put_u32(out, s->n_reserve - s->reserve_at);
    bytes_put_u32(out, s->reserve_told);
    for (uint32_t i = s->reserve_at; i < s->n_reserve; i++)
        save_candidate(s, &s->reserve[i], out);
    save_screening(s, out);
    if (s->chooser)
        chooser_save(s->chooser, out);
    if (s->models)
        models_save(s->models, out);
    bytes_put_u64(out, hash64(out->data + start, out->size - start));
}

static bool load_reserve(struct core *s, struct reader *in)
{
    s->n_reserve = reader_count(in, 100000, s->space.n_genes + 30u);
    s->reserve_told = reader_u32(in);
    s->reserve = xgrow(s->reserve, &s->reserve_capacity, s->n_reserve, sizeof *s->reserve);
    for (uint32_t i = 0; i < s->n_reserve; i++) {
        if (!load_candidate(s, &s->reserve[i], in))
            return false;
    }
    return !in->bad && s->reserve_told <= s->archive.n_told;
}

/* Everything after the header, into a new search. */
static bool load_state(struct core *s, struct reader *in)
{
    free(s->fresh);
    s->fresh = NULL;
    rng_load(&s->rng, in);
    if (!(s->rng.s[0] | s->rng.s[1] | s->rng.s[2] | s->rng.s[3]) || !load_archive(s, in) ||
        !load_rows(s, in, s->set.population, &s->population.row, &s->population.n))
        return false;
    s->generation = reader_u32(in);
    s->generation_left = reader_u32(in);
    bool ok = load_rows(s, in, s->archive.n, &s->fresh, &s->n_fresh);
    s->fresh_capacity = s->n_fresh ? s->n_fresh : 1;
    s->exhausted = reader_u8(in);
    scale_update(s);
    population_refresh(s);
    return ok && load_hints(s, in) && load_reserve(s, in) && load_screening(s, in) && (!s->chooser || chooser_load(s->chooser, in)) &&
           (!s->models || models_load(s->models, s, in));
}

static int read_header(struct reader *in, const struct space *space, struct core_params *ret_params, unsigned *ret_version, struct sonata_error *err)
{
    if (reader_u32(in) != MAGIC)
        return sonata_error_set(err, -EBADMSG, "not the state of a search");
    unsigned version = reader_u16(in);
    if (!in->bad && (version < 1 || version > VERSION))
        return sonata_error_set(err, -EPROTONOSUPPORT, "state of a search in version %u; this program reads up to version %d", version, VERSION);
    *ret_version = version;
    bool ok = load_params(ret_params, version, in);
    ret_params->revision = version > 1 ? reader_u32(in) : 1;
    if (!ok || !ret_params->revision)
        return sonata_error_set(err, -EBADMSG, "state of a search: parameters are cut short");
    if (reader_u64(in) != space_fingerprint(space) || in->bad)
        return sonata_error_set(err, -EBADMSG, "state of a search: it belongs to another space than '%s'", space->name);
    return 0;
}

int core_load(const struct space *space, const void *data, size_t n, struct core **ret_search, struct sonata_error *err)
{
    if (n < 8)
        return sonata_error_set(err, -EBADMSG, "state of a search: %zu bytes are too few", n);
    struct reader in = reader_of(data, n - 8), tail = reader_of((const uint8_t *)data + n - 8, 8);
    struct core_params params = {0};
    struct core *s;
    unsigned version = VERSION;
    int r = read_header(&in, space, &params, &version, err);
    if (!r && reader_u64(&tail) != hash64(data, n - 8))
        r = sonata_error_set(err, -EBADMSG, "state of a search: its check sum is wrong");
    if (!r && core_new(space, &params, &s, err))
        r = sonata_error_prefix(err, -EBADMSG, "state of a search");
    if (r)
        return r;
    s->loading = version;
    if (!load_state(s, &in) || !reader_done(&in)) {
        core_free(s);
        return sonata_error_set(err, -EBADMSG, "state of a search: its content is damaged");
    }
    *ret_search = s;
    return 0;
}

void core_forests_save(struct core *s, size_t max, struct bytes *out)
{
    if (s->models)
        models_forests_save(s, max, out);
}

uint64_t core_forests_number(const struct core *s) { return s->models && (s->models->grown || s->models->risk_told) ? s->models->n_grown : 0; }

int core_forests_load(struct core *s, struct bytes *forests)
{
    int r = s->models ? models_forests_load(s, forests) : -EBADMSG;
    if (r)
        bytes_fini(forests);
    return r;
}

/* --- the policy alone --- */

enum { POLICY_MAGIC = 0x50544e53, POLICY_VERSION = 1 };

bool core_has_models(const struct core *s) { return s->models; }

bool core_has_agent(const struct core *s) { return s->chooser; }

void core_policy_save(const struct core *s, struct bytes *out)
{
    size_t start = out->size;
    if (!s->chooser)
        return;
    bytes_put_u32(out, POLICY_MAGIC);
    bytes_put_u16(out, POLICY_VERSION);
    bytes_put_string(out, s->algorithm->name);
    bytes_put_string(out, s->chooser->policy->name);
    chooser_save(s->chooser, out);
    bytes_put_u64(out, hash64(out->data + start, out->size - start));
}

int core_policy_load(struct core *s, const void *data, size_t n)
{
    char algorithm[32], policy[32];
    if (!s->chooser)
        return -EINVAL;
    if (n < 8)
        return -EBADMSG;
    struct reader in = reader_of(data, n - 8), tail = reader_of((const uint8_t *)data + n - 8, 8);
    if (reader_u32(&in) != POLICY_MAGIC || reader_u16(&in) != POLICY_VERSION || reader_u64(&tail) != hash64(data, n - 8))
        return -EBADMSG;
    reader_string(&in, algorithm, sizeof algorithm);
    reader_string(&in, policy, sizeof policy);
    if (!in.bad && (strcmp(algorithm, s->algorithm->name) || strcmp(policy, s->chooser->policy->name)))
        return -EINVAL;
    struct chooser *fresh = chooser_new(s);
    if (!chooser_load(fresh, &in) || !reader_done(&in)) {
        chooser_free(fresh);
        return -EBADMSG;
    }
    chooser_start(fresh);
    chooser_free(s->chooser);
    s->chooser = fresh;
    return 0;
}
