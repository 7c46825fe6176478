/* Fetching a search from a master: messages in, struct results out. Everything is checked on the way, because a server can be of another version:
 * genotypes must be legal in the space of the spec, counts bounded, texts cut. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/medium.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/results.h"
#include "cli/separable.h"

enum { PAGE = 200, INDIVIDUALS_MAX = 200000 };

static void take_failure(const Sonata__SearchFailure *m, struct results_failure *f)
{
    copy_string(f->reason, sizeof f->reason, m->reason);
    copy_string(f->output, sizeof f->output, m->output);
    copy_string(f->board, sizeof f->board, m->board);
    f->wall_ns = m->wall_ns;
    f->in_a_row = m->in_a_row;
}

int results_from_status_message(const Sonata__SearchStatus *m, struct results_status *ret_status, struct sonata_error *err)
{
    if (!m->name || !m->state)
        return sonata_error_set(err, -EBADMSG, "the master sent a search without name or state");
    struct results_status s = {.id = m->id,
                               .number = m->number,
                               .budget = m->budget_evaluations,
                               .told = m->told,
                               .pending = m->pending,
                               .infeasible = m->infeasible,
                               .failed = m->failed,
                               .reused = m->reused,
                               .retold = m->retold,
                               .replicates = m->replicates,
                               .retry_left = m->retry_left,
                               .retried = m->retried,
                               .screened = m->screened,
                               .events_dropped = m->events_dropped,
                               .front_size = m->front_size,
                               .hypervolume = m->hypervolume,
                               .created_wall_ns = m->created_wall_ns,
                               .finished_wall_ns = m->finished_wall_ns,
                               .board_ns = m->board_ns,
                               .active_ns = m->active_ns,
                               .priority = m->priority};
    copy_string(s.name, sizeof s.name, m->name);
    copy_string(s.team, sizeof s.team, m->team ? m->team : "");
    copy_string(s.state, sizeof s.state, m->state);
    copy_string(s.reason, sizeof s.reason, m->reason ? m->reason : "");
    copy_string(s.hold, sizeof s.hold, m->hold);
    if (m->failure)
        take_failure(m->failure, &s.failure);
    *ret_status = s;
    return 0;
}

int results_fetch_status(struct session *s, uint64_t search, struct results **ret_results, struct sonata_error *err)
{
    Sonata__ShowSearch show = SONATA__SHOW_SEARCH__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    show.search = search;
    request.verb_case = SONATA__REQUEST__VERB_SHOW;
    request.show = &show;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int r = session_call(s, &request, &reply, err);
    if (r)
        return r;
    if (reply->reply->n_searches != 1 || !reply->reply->searches[0]->spec)
        return sonata_error_set(err, -EBADMSG, "the master sent no description of search %llu", (unsigned long long)search);
    struct results *out = xcalloc(1, sizeof *out);
    r = results_from_status_message(reply->reply->searches[0], &out->status, err);
    if (!r)
        r = spec_from_message(reply->reply->searches[0]->spec, &out->spec, err);
    if (r) {
        results_free(out);
        return r;
    }
    *ret_results = out;
    return 0;
}

/* The search core minimises; people read a maximised metric the right way round. */
static double sign_of(const struct search_spec *spec, size_t objective)
{
    return objective < spec->n_objectives && spec->objective[objective].goal == GOAL_MAX ? -1 : 1;
}

static int take_values(const struct search_spec *spec, const Sonata__Individual *m, struct results_individual *x, struct sonata_error *err)
{
    if (m->n_metrics > METRICS_MAX || m->n_mean > OBJECTIVES_MAX || m->n_sd > OBJECTIVES_MAX)
        return sonata_error_set(err, -EBADMSG, "the master sent an individual with too many values");
    for (size_t i = 0; i < m->n_metrics; i++) {
        const Sonata__MetricValue *v = m->metrics[i];
        struct metric_value *to = &x->metric[x->n_metrics++];
        *to = (struct metric_value){.value = v->value, .low = v->low, .high = v->high, .n = v->n};
        copy_string(to->name, sizeof to->name, v->name);
    }
    for (size_t i = 0; i < OBJECTIVES_MAX; i++) {
        x->mean[i] = i < m->n_mean ? sign_of(spec, i) * m->mean[i] : (double)NAN;
        x->sd[i] = i < m->n_sd ? m->sd[i] : (double)NAN;
    }
    return 0;
}

static int64_t parent_of(const Sonata__Individual *m, size_t i) { return i < m->n_parents ? m->parents[i] : -1; }

int results_individual_from_message(const struct search_spec *spec, const Sonata__Individual *m, struct results_individual *ret,
                                    struct sonata_error *err)
{
    struct results_individual x = {.id = m->id,
                                   .parent = {parent_of(m, 0), parent_of(m, 1)},
                                   .predicted = m->predicted,
                                   .on_front = m->on_front,
                                   .reused = m->reused,
                                   .flags = m->flags,
                                   .generation = m->generation,
                                   .told_order = m->told_order,
                                   .measured = m->measured,
                                   .hypervolume = m->hypervolume,
                                   .told_wall_ns = m->told_wall_ns};
    const struct space *space = &spec->space;
    if (m->genotype.len != space->n_genes)
        return sonata_error_set(err, -EBADMSG, "the master sent a genotype of %zu genes for a space of %u", m->genotype.len, space->n_genes);
    memcpy(x.genotype.allele, m->genotype.data, m->genotype.len);
    if (!genotype_is_legal(space, &x.genotype))
        return sonata_error_set(err, -EBADMSG, "the master sent a genotype outside its space");
    copy_string(x.arm, sizeof x.arm, m->arm);
    copy_string(x.state, sizeof x.state, m->state);
    copy_string(x.board, sizeof x.board, m->board);
    copy_string(x.reason, sizeof x.reason, m->reason);
    if (m->artefact && name_is_valid(m->artefact->format, sizeof x.format)) /* it becomes part of a file's name */
        copy_string(x.format, sizeof x.format, m->artefact->format);
    int r = take_values(spec, m, &x, err);
    if (!r)
        *ret = x;
    return r;
}

static int take_page(struct results *r, const Sonata__Reply *reply, uint64_t *next, struct sonata_error *err)
{
    for (size_t i = 0; i < reply->n_individuals; i++) {
        if (r->n_individuals >= INDIVIDUALS_MAX)
            return sonata_error_set(err, -EFBIG, "more than %d individuals: use a page of them", INDIVIDUALS_MAX);
        r->individual = xgrow(r->individual, &r->individuals_capacity, r->n_individuals + 1, sizeof *r->individual);
        int code = results_individual_from_message(&r->spec, reply->individuals[i], &r->individual[r->n_individuals], err);
        if (code)
            return code;
        uint64_t id = r->individual[r->n_individuals++].id;
        if (id >= *next)
            *next = id + 1;
    }
    return 0;
}

int results_open(const struct cli_common *common, const char *search, struct session **ret_session, struct results **ret_results,
                 struct sonata_error *err)
{
    uint64_t id = 0;
    int r = session_open_common(common, ret_session, err);
    if (!r)
        r = session_find_search(*ret_session, search, &id, err);
    return r ? r : results_fetch_status(*ret_session, id, ret_results, err);
}

int results_fetch_individuals(struct session *s, struct results *r, bool front_only, struct sonata_error *err)
{
    uint64_t from = 0;
    for (bool more = true; more;) {
        Sonata__GetIndividuals get = SONATA__GET_INDIVIDUALS__INIT;
        Sonata__Request request = SONATA__REQUEST__INIT;
        get.search = r->status.id;
        get.from = from;
        get.max = PAGE;
        get.front_only = front_only;
        request.verb_case = SONATA__REQUEST__VERB_INDIVIDUALS;
        request.individuals = &get;
        cleanup_envelope Sonata__Envelope *reply = NULL;
        int code = session_call(s, &request, &reply, err);
        if (!code)
            code = take_page(r, reply->reply, &from, err);
        if (code)
            return code;
        more = reply->reply->more && reply->reply->n_individuals;
    }
    results_index(r);
    results_separate(r);
    return 0;
}

int results_fetch_measurements(struct session *s, struct results *r, uint64_t individual, struct sonata_error *err)
{
    Sonata__GetMeasurement get = SONATA__GET_MEASUREMENT__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    get.search = r->status.id;
    get.individual = individual;
    request.verb_case = SONATA__REQUEST__VERB_MEASUREMENT;
    request.measurement = &get;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int code = session_call(s, &request, &reply, err);
    if (code)
        return code;
    for (size_t i = 0; i < reply->reply->n_measurements; i++) {
        struct measurement m;
        code = measurement_from_message(reply->reply->measurements[i], &m, err);
        if (code)
            return code;
        r->measurement = xgrow(r->measurement, &r->measurements_capacity, r->n_measurements + 1, sizeof *r->measurement);
        r->measurement[r->n_measurements++] = (struct results_measurement){individual, m};
    }
    return 0;
}

static void take_objective(const struct search_spec *spec, const Sonata__Insight__PerObjective *m, struct results_insight *x, uint32_t o)
{
    for (uint32_t g = 0; g < x->n_genes; g++) {
        x->importance[o][g] = g < m->n_importance ? m->importance[g] : NAN;
        for (uint32_t v = 0; v < SPACE_CHOICES_MAX; v++)
            x->value[o][g][v] = g < m->n_values && v < m->values[g]->n_value ? sign_of(spec, o) * m->values[g]->value[v] : (double)NAN;
    }
    x->rank_correlation[o] = m->rank_correlation;
    x->coverage[o] = m->coverage;
}

void results_insight_from_message(const struct search_spec *spec, const Sonata__Insight *m, struct results_insight *x)
{
    x->trusted = m->trusted;
    x->generation = m->generation;
    if (m->n_objectives) {
        x->n_genes = spec->space.n_genes;
        x->n_objectives = (uint32_t)(min_of(m->n_objectives, spec->n_objectives));
        for (uint32_t o = 0; o < x->n_objectives; o++)
            take_objective(spec, m->objectives[o], x, o);
        x->present = m->n_genes > 0;
    }
    for (size_t a = 0; a < m->n_arms && a < RESULTS_ARMS_MAX; a++) {
        copy_string(x->arm[a], sizeof x->arm[a], m->arms[a]);
        x->arm_weight[a] = a < m->n_arm_weight ? m->arm_weight[a] : NAN;
        x->arm_uses[a] = a < m->n_arm_uses ? m->arm_uses[a] : 0;
        x->n_arms = (uint32_t)a + 1;
    }
}

int results_fetch_insight(struct session *s, struct results *r, struct sonata_error *err)
{
    Sonata__GetInsight get = SONATA__GET_INSIGHT__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    get.search = r->status.id;
    request.verb_case = SONATA__REQUEST__VERB_INSIGHT;
    request.insight = &get;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int code = session_call(s, &request, &reply, err);
    if (code)
        return code;
    if (reply->reply->insight)
        results_insight_from_message(&r->spec, reply->reply->insight, &r->insight);
    return 0;
}

void results_board_from_message(const Sonata__BoardStatus *m, struct results_board *b)
{
    *b = (struct results_board){.online = m->online, .done = m->done, .failed = m->failed, .busy_share = m->busy_share, .anonymous = m->anonymous};
    b->canary_us = m->canary_us;
    b->reference_us = m->reference_us;
    b->canary_wall_ns = m->canary_wall_ns;
    copy_string(b->held, sizeof b->held, m->held);
    copy_string(b->why, sizeof b->why, m->why);
    b->silent_since_wall_ns = m->silent_since_wall_ns;
    copy_string(b->software, sizeof b->software, m->software);
    copy_string(b->held_why, sizeof b->held_why, m->held_why);
    copy_string(b->warning, sizeof b->warning, m->warning);
    copy_string(b->worker, sizeof b->worker, m->worker);
    copy_string(b->phase, sizeof b->phase, m->phase);
    if (!m->info)
        return;
    copy_string(b->id, sizeof b->id, m->info->id);
    copy_string(b->type, sizeof b->type, m->info->type);
    copy_string(b->backend, sizeof b->backend, m->info->backend);
    copy_string(b->state, sizeof b->state, m->info->state);
    copy_string(b->detail, sizeof b->detail, m->info->detail);
    struct text_builder t = text_begin(b->metrics, sizeof b->metrics);
    for (size_t i = 0; i < m->info->n_metrics; i++)
        text_join(&t, ", ", "%s", m->info->metrics[i]);
}

/* At most max, or all (0), into *board, which grows for all. */
static int fetch_boards(struct session *s, struct results_board **board, size_t max, size_t *ret_n, struct sonata_error *err)
{
    Sonata__ListBoards list = SONATA__LIST_BOARDS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_BOARDS;
    request.boards = &list;
    size_t capacity = max;
    *ret_n = 0;
    for (bool more = true; more && (!max || *ret_n < max);) {
        cleanup_envelope Sonata__Envelope *reply = NULL;
        int code = session_call(s, &request, &reply, err);
        if (code)
            return code;
        size_t n = max ? min_of(reply->reply->n_boards, max - *ret_n) : reply->reply->n_boards;
        if (!max)
            *board = xgrow(*board, &capacity, *ret_n + n, sizeof **board);
        for (size_t i = 0; i < n; i++)
            results_board_from_message(reply->reply->boards[i], &(*board)[(*ret_n)++]);
        more = pages_next(&request, reply->reply);
    }
    return 0;
}

int results_fetch_boards(struct session *s, struct results_board *board, size_t max, size_t *ret_n, struct sonata_error *err)
{
    return fetch_boards(s, &board, max, ret_n, err);
}

int results_fetch_all_boards(struct session *s, struct results_board **ret_board, size_t *ret_n, struct sonata_error *err)
{
    struct results_board *board = NULL;
    int r = fetch_boards(s, &board, 0, ret_n, err);
    *ret_board = board;
    return r;
}
