/* Life, ask and tell of a search (contract: core.h). What an algorithm adds is in its struct algorithm; what every one has in common is
 * here: registration of proposals, order of results, generations, the initial design. */
#include "search/core.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "domain/spec.h"
#include "search/chooser.h"
#include "search/core_internal.h"
#include "search/groups.h"
#include "search/models.h"

enum { ASK_CHUNK = 64, HINTS_MAX = 1000000, WALK_PER_ASK = 1 << 15 };

static const double GAIN_MAX = 9e11; /* what the chooser keeps stays below what it loads */

int core_params_check(const struct core_params *p, struct sonata_error *err)
{
    struct core_settings s;
    if (p->n_objectives < 1 || p->n_objectives > CORE_OBJECTIVES_MAX)
        return sonata_error_set(err, -EINVAL, "1 to %d objectives are expected, not %u", CORE_OBJECTIVES_MAX, p->n_objectives);
    if (p->budget && (p->budget < 2 || p->budget > ARCHIVE_ROWS_MAX))
        return sonata_error_set(err, -EINVAL, "a budget of 2 to %d evaluations is expected, not %u", ARCHIVE_ROWS_MAX, p->budget);
    if (p->population == 1 || p->population > SPEC_POPULATION_MAX)
        return sonata_error_set(err, -EINVAL, "a population of 2 to %d is expected, not %u", SPEC_POPULATION_MAX, p->population);
    if (p->init > 100000)
        return sonata_error_set(err, -EINVAL, "an initial design of at most 100000 is expected, not %u", p->init);
    if (p->n_options > sizeof p->option / sizeof *p->option)
        return sonata_error_set(err, -EINVAL, "at most %zu options are expected, not %u", sizeof p->option / sizeof *p->option, p->n_options);
    if (p->threads > 256)
        return sonata_error_set(err, -EINVAL, "at most 256 threads are expected, not %u", p->threads);
    uint32_t seen = 0;
    for (uint32_t o = 0; o < p->n_objectives && p->n_groups > 1; o++)
        seen |= p->group[o] < p->n_groups ? 1u << p->group[o] : 1u << 31;
    if (p->n_groups > CORE_GROUPS_MAX || (p->n_groups > 1 && seen != (1u << p->n_groups) - 1))
        return sonata_error_set(err, -EINVAL, "each of the %u groups needs an objective, and each objective one of them", p->n_groups);
    return settings_resolve(p, &s, err);
}

int core_new(const struct space *space, const struct core_params *params, struct core **ret_search, struct sonata_error *err)
{
    int r = space_check(space, err);
    if (!r)
        r = core_params_check(params, err);
    if (r)
        return r;
    struct core *s = xcalloc(1, sizeof *s);
    s->space = *space;
    layout_init(&s->layout, space);
    s->params = *params;
    s->params.revision = params->revision ? params->revision : CORE_REVISION;
    r = settings_resolve(params, &s->set, err);
    if (r) {
        core_free(s);
        return r;
    }
    s->algorithm = algorithm_get(s->set.algorithm);
    s->rng = rng_seeded(params->seed, 0);
    s->generation_left = s->set.init;
    groups_derive(s);
    if (s->algorithm->option_groups & GROUP_MODEL)
        s->models = models_new(s);
    if (s->algorithm->option_groups & GROUP_SONATA)
        s->chooser = chooser_new(s);
    *ret_search = s;
    return 0;
}

void core_free(struct core *s)
{
    if (!s)
        return;
    archive_fini(&s->archive);
    population_fini(&s->population);
    models_free(s->models);
    chooser_free(s->chooser);
    free(s->fresh);
    free(s->hint);
    free(s->reserve);
    free(s);
}

/* Registers a candidate as pending and describes it to the caller. */
static void propose(struct core *s, const struct candidate *c, uint32_t groups, struct core_proposal *ret)
{
    struct row *r = archive_push(&s->archive, &s->space, &c->genotype, c->features);
    r->asked = (uint8_t)groups;
    s->n_whole += groups == groups_all(s);
    r->arm = c->arm;
    memcpy(r->parent, c->parent, sizeof r->parent);
    r->predicted = c->predicted;
    memcpy(r->mean, c->mean, sizeof r->mean);
    memcpy(r->sd, c->sd, sizeof r->sd);
    memcpy(r->context, c->context, sizeof r->context);
    r->probability = c->probability;
    r->generation = s->set.generational ? s->generation : s->archive.n / s->set.population;
    (void)core_get(s, s->archive.n - 1, ret, NULL, NULL);
}

static uint32_t next_candidates(struct core *s, uint32_t n, struct candidate *ret)
{
    struct genotype g;
    if (s->archive.n >= ARCHIVE_ROWS_MAX)
        return 0;
    if (s->n_whole >= s->set.init)
        return s->algorithm->breed(s, n, ret);
    if (!design_next(s, NULL, &g))
        return 0;
    candidate_init(s, ret, &g, ARM_INIT);
    return 1;
}

uint32_t core_ask(struct core *s, uint32_t n, struct core_proposal *ret_proposals) { return ask_groups(s, n, groups_all(s), ret_proposals); }

uint32_t ask_groups(struct core *s, uint32_t n, uint32_t groups, struct core_proposal *ret_proposals)
{
    struct candidate chunk[ASK_CHUNK];
    uint32_t k = 0;
    s->overtaken = s->archive.n_pending > 0;
    s->walk_left = s->params.revision < 3 ? UINT64_MAX : WALK_PER_ASK;
    if (s->set.generational && n > s->generation_left)
        n = s->generation_left;
    while (k < n) {
        uint32_t got = next_candidates(s, min_of(n - k, ASK_CHUNK), chunk);
        for (uint32_t i = 0; i < got; i++)
            propose(s, &chunk[i], groups, &ret_proposals[k++]);
        if (!got)
            break;
    }
    if (s->set.generational)
        s->generation_left = k < n ? 0 : s->generation_left - k; /* nothing more was found: the generation ends early */
    return k;
}

static void merge(struct core *s, const uint32_t *rows, uint32_t n)
{
    s->algorithm->told(s, rows, n);
    if (s->chooser)
        chooser_reward(s, rows, n);
}

/* Passes told rows on: at once, or all of a generation together when its last result is in. */
static void results_in(struct core *s, uint32_t row)
{
    scale_told(s, row);
    if (!s->set.generational || s->archive.row[row].injected) {
        merge(s, &row, 1);
        return;
    }
    s->fresh = xgrow(s->fresh, &s->fresh_capacity, (size_t)s->n_fresh + 1, sizeof *s->fresh);
    s->fresh[s->n_fresh++] = row;
    if (s->archive.n_pending || s->generation_left)
        return;
    merge(s, s->fresh, s->n_fresh);
    s->n_fresh = 0;
    s->generation++;
    s->generation_left = s->archive.n < s->set.init ? s->set.init - s->archive.n : s->set.batch;
}

static bool says(const struct core *s, const struct core_result *result, uint32_t o)
{
    return !result->groups || result->groups >> s->params.group[o] & 1;
}

static int check_result(const struct core *s, const struct core_result *result)
{
    if (result->status != CORE_OK && result->status != CORE_INFEASIBLE && result->status != CORE_FAILED)
        return -EINVAL;
    if (result->status != CORE_OK)
        return 0;
    for (uint32_t o = 0; o < s->params.n_objectives; o++) {
        if (says(s, result, o) && !isfinite(result->objective[o]))
            return -EINVAL;
    }
    return isnan(result->violation) ? -EINVAL : 0;
}

/* The result joined by what was known before. */
static struct core_result complete(const struct core *s, const struct row *row, const struct core_result *result)
{
    struct core_result whole = *result;
    for (uint32_t o = 0; o < s->params.n_objectives; o++)
        whole.objective[o] = says(s, result, o) ? result->objective[o] : row->y[o];
    return whole;
}

int core_tell(struct core *s, uint64_t id, const struct core_result *part)
{
    if (id >= s->archive.n)
        return -ENOENT;
    struct row *row = &s->archive.row[id];
    if (row->state != ROW_PENDING)
        return -EALREADY;
    uint32_t all = groups_all(s), groups = part->groups ? part->groups : row->asked & ~row->known;
    int r = groups & ~all ? -EINVAL : check_result(s, part);
    if (r)
        return r;
    struct core_result whole = complete(s, row, part), *result = &whole;
    whole.groups = groups;
    if (result->status == CORE_OK && (row->known | groups) != all) {
        (void)archive_tell_part(&s->archive, (uint32_t)id, result, s->params.group, s->params.n_objectives);
        return 0;
    }
    if (s->chooser && result->status == CORE_OK && !(result->violation > 0))
        s->archive.row[id].gain = fmin(scale_gain(s, result->objective), GAIN_MAX); /* fmin: also of what is not a number */
    archive_tell(&s->archive, (uint32_t)id, result, s->params.n_objectives);
    results_in(s, (uint32_t)id);
    return 0;
}

static bool is_fresh(const struct core *s, uint32_t row)
{
    for (uint32_t i = 0; i < s->n_fresh; i++) {
        if (s->fresh[i] == row)
            return true;
    }
    return false;
}

/* Who may breed after a result became another: nobody without a result, and who had none comes in as a newcomer. */
static void rejoin(struct core *s, uint32_t row, enum row_state before)
{
    enum row_state now = s->archive.row[row].state;
    if (now == ROW_FAILED)
        population_drop(s, row);
    else if (before == ROW_FAILED && !is_fresh(s, row))
        s->algorithm->told(s, &row, 1);
    population_refresh(s);
}

/* Another result of what was measured of a row that waits. */
static int retell_part(struct core *s, uint32_t row, const struct core_result *part)
{
    struct row *r = &s->archive.row[row];
    struct core_result result = *part;
    result.groups = result.groups ? result.groups & r->known : r->known;
    int rc = check_result(s, &result);
    if (rc)
        return rc;
    models_forget(s->models);
    if (result.status == CORE_OK) {
        for (uint32_t o = 0; o < s->params.n_objectives; o++)
            r->y[o] = says(s, &result, o) ? result.objective[o] : r->y[o];
        return 0;
    }
    archive_promote(&s->archive, row, 0);
    archive_tell(&s->archive, row, &result, s->params.n_objectives);
    results_in(s, row);
    return 0;
}

int core_retell(struct core *s, uint64_t id, const struct core_result *result)
{
    if (id >= s->archive.n)
        return -ENOENT;
    enum row_state before = s->archive.row[id].state;
    if (before == ROW_SCREENED)
        return retell_part(s, (uint32_t)id, result);
    int r = before == ROW_PENDING ? -EINVAL : check_result(s, result);
    if (r)
        return r;
    archive_retell(&s->archive, (uint32_t)id, result, s->params.n_objectives);
    s->scale_n = 0;
    memset(s->first_low, 0, sizeof s->first_low);
    memset(s->scale_high, 0, sizeof s->scale_high);
    scale_update(s);
    rejoin(s, (uint32_t)id, before);
    models_forget(s->models);
    return 0;
}

int64_t core_find(const struct core *s, const struct genotype *g)
{
    struct genotype canonical = space_canonical(&s->space, g);
    return archive_find(&s->archive, &s->space, &canonical);
}

int core_inject(struct core *s, const struct genotype *g, const struct core_result *result, uint64_t *ret_id)
{
    int r = genotype_is_legal(&s->space, g) ? check_result(s, result) : -EINVAL;
    if (r)
        return r;
    struct genotype canonical = space_canonical(&s->space, g);
    if (archive_find(&s->archive, &s->space, &canonical) >= 0)
        return -EALREADY;
    uint8_t features[SPACE_GENES_MAX];
    core_features(s, &canonical, features);
    struct row *row = archive_push(&s->archive, &s->space, &canonical, features);
    row->injected = true;
    row->probability = 1;
    row->asked = (uint8_t)groups_all(s);
    s->n_whole++;
    uint32_t id = s->archive.n - 1;
    archive_tell(&s->archive, id, result, s->params.n_objectives);
    results_in(s, id);
    models_invalidate(s->models);
    if (s->set.generational && s->generation_left && s->archive.n <= s->set.init)
        s->generation_left--; /* an injected one stands for one of the initial design */
    if (ret_id)
        *ret_id = id;
    return 0;
}

int core_hint(struct core *s, const struct genotype *g, uint32_t objective, double value)
{
    if (!genotype_is_legal(&s->space, g) || objective >= s->params.n_objectives || !isfinite(value) || s->n_hints >= HINTS_MAX)
        return -EINVAL;
    s->hint = xgrow(s->hint, &s->hint_capacity, (size_t)s->n_hints + 1, sizeof *s->hint);
    struct hint *h = &s->hint[s->n_hints++];
    *h = (struct hint){.genotype = space_canonical(&s->space, g), .objective = objective, .value = value};
    core_features(s, &h->genotype, h->features);
    models_invalidate(s->models);
    return 0;
}

bool core_exhausted(const struct core *s) { return s->exhausted; }

uint32_t core_count(const struct core *s) { return s->archive.n; }

uint32_t core_pending(const struct core *s) { return s->archive.n_pending; }

uint32_t core_told(const struct core *s) { return s->archive.n_told; }

int core_get(const struct core *s, uint64_t id, struct core_proposal *ret_proposal, bool *ret_told, struct core_result *ret_result)
{
    static const enum core_status status[ROW_STATES] = {[ROW_OK] = CORE_OK, [ROW_INFEASIBLE] = CORE_INFEASIBLE, [ROW_FAILED] = CORE_FAILED};
    if (id >= s->archive.n)
        return -ENOENT;
    const struct row *r = &s->archive.row[id];
    if (ret_proposal) {
        *ret_proposal = (struct core_proposal){
            .id = id, .genotype = r->genotype, .arm = r->arm, .predicted = r->predicted, .generation = r->generation, .groups = r->asked & ~r->known};
        memcpy(ret_proposal->parent, r->parent, sizeof r->parent);
        memcpy(ret_proposal->mean, r->mean, sizeof r->mean);
        memcpy(ret_proposal->sd, r->sd, sizeof r->sd);
    }
    if (ret_told)
        *ret_told = row_told(r);
    if (ret_result) {
        *ret_result = (struct core_result){.status = status[r->state], .violation = r->violation};
        memcpy(ret_result->objective, r->y, sizeof r->y);
    }
    return 0;
}

struct ranked_id {
    double y[CORE_OBJECTIVES_MAX];
    uint64_t id;
};

static int compare_ranked(const void *pa, const void *pb)
{
    const struct ranked_id *a = pa, *b = pb;
    for (int o = 0; o < CORE_OBJECTIVES_MAX; o++) {
        if (a->y[o] != b->y[o])
            return a->y[o] < b->y[o] ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

uint32_t core_front(const struct core *s, uint64_t *ret_ids, uint32_t max)
{
    uint32_t n = s->archive.n_front;
    if (!max)
        return n;
    struct ranked_id *list = xcalloc(n ? n : 1, sizeof *list);
    for (uint32_t i = 0; i < n; i++) {
        list[i].id = s->archive.front[i];
        memcpy(list[i].y, s->archive.row[s->archive.front[i]].y, sizeof list[i].y);
    }
    qsort(list, n, sizeof *list, compare_ranked);
    for (uint32_t i = 0; i < n && i < max; i++)
        ret_ids[i] = list[i].id;
    free(list);
    return n;
}

void core_cancel(struct core *s) { atomic_store(&s->canceled, true); }

void core_set_threads(struct core *s, uint32_t threads) { s->params.threads = min_of(threads, 256); }

const char *core_arm_name(const struct core *s, uint32_t arm) { return arm < s->algorithm->n_arms ? s->algorithm->arm[arm] : NULL; }
