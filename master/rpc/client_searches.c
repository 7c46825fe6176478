/* Verbs about searches: submit, list, show, individuals, control, measurement. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "rpc/verbs.h"

enum { PAGE_DEFAULT = 200, PAGE_BYTES = 3 << 20, MEASUREMENTS_MAX = 4 * GROUPS_MAX + FURTHER_MAX };

int client_submit(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const struct rpc_caller *caller = call->caller;
    const Sonata__Submit *verb = call->request->submit;
    if (!verb->spec)
        return sonata_error_set(&reply->err, -EINVAL, "a submission needs a specification");
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    int rc = spec_from_submission(verb->spec, spec, &reply->err);
    uint64_t id = 0;
    const struct team *team = rpc->config.access ? access_team(rpc->config.access, caller->team) : NULL;
    struct engine_owner owner = {.team = caller->team, .pool = caller->pool, .searches_max = team ? team->searches_max : 0};
    if (!rc)
        rc = verb->fork_of ? engine_fork(rpc->run, verb->fork_of, spec, &owner, &id, &reply->err)
                           : engine_submit(rpc->run, spec, &owner, &id, &reply->err);
    reply->message.search = id;
    return rc;
}

Sonata__SearchStatus *client_status_message(struct rpc *rpc, const struct rpc_caller *caller, const struct search_record *s)
{
    char waits[WHY_MAX];
    enum engine_hold hold = engine_search_waits(rpc->run, s->id, caller->admin, waits, sizeof waits);
    Sonata__SearchStatus *m = xmalloc(sizeof *m);
    sonata__search_status__init(m);
    m->id = s->id;
    m->number = s->number;
    m->name = xstrdup(s->name);
    m->team = xstrdup(s->team);
    m->state = xstrdup(search_state_name(s->state));
    m->hold = xstrdup(engine_hold_name(hold));
    m->reason = xstrdup(hold != HOLD_NONE ? waits : s->reason);
    m->priority = s->priority;
    m->budget_evaluations = s->budget;
    m->told = s->charged;
    m->pending = engine_search_pending(rpc->run, s->id);
    m->infeasible = s->infeasible;
    m->failed = s->failed;
    m->front_size = s->front_size;
    m->hypervolume = s->hypervolume;
    m->created_wall_ns = s->created_wall_ns;
    m->finished_wall_ns = s->finished_wall_ns;
    m->board_ns = s->board_ns;
    m->active_ns = s->active_ns;
    m->reused = s->reused;
    m->retold = s->retold;
    m->replicates = s->replicates;
    m->events_dropped = s->events_from;
    m->retry_left = s->retry_end - s->retry_next;
    m->retried = s->retried;
    m->screened = s->screened;
    return m;
}

/* Whether a list that goes on before that id, as the caller knows it (0: from the newest), has the search. */
static bool is_listed(const struct rpc_caller *caller, const struct search_record *s, uint64_t before)
{
    uint64_t known_as = caller->admin ? s->id : s->number;
    return caller_sees(caller, s) && (!before || known_as < before);
}

/* A page of the newest ones, in order of id. */
int client_list(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    Sonata__Reply *m = &call->reply->message;
    uint64_t before = call->request->list->before;
    uint32_t i = engine_search_count(rpc->run), n = 0, page[RPC_PAGE_MAX];
    for (; i && !m->more; i--) {
        if (!is_listed(call->caller, engine_search_record(rpc->run, i - 1), before))
            continue;
        m->more = n == RPC_PAGE_MAX;
        if (!m->more)
            page[n++] = i - 1;
    }
    m->searches = xcalloc(n ? n : 1, sizeof *m->searches);
    while (n)
        m->searches[m->n_searches++] = client_status_message(rpc, call->caller, engine_search_record(rpc->run, page[--n]));
    return 0;
}

static Sonata__SearchFailure *failure_message(struct rpc *rpc, const struct search_record *s)
{
    struct measurement last = {0};
    if (!engine_search_failure(rpc->run, s, &last))
        return NULL;
    Sonata__SearchFailure *m = xmalloc(sizeof *m);
    sonata__search_failure__init(m);
    m->reason = xstrdup(last.reason);
    m->output = xstrdup(last.output);
    m->board = xstrdup(last.board);
    m->wall_ns = last.started_wall_ns + last.duration_ns;
    m->in_a_row = s->failing;
    measurement_fini(&last);
    return m;
}

int client_show(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const Sonata__ShowSearch *verb = call->request->show;
    const struct search_record *s = engine_search_by_id(rpc->run, verb->search);
    if (!s)
        return sonata_error_set(&reply->err, -ENOENT, "there is no such search");
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    int rc = engine_spec(rpc->run, verb->search, spec, &reply->err);
    if (rc)
        return rc;
    reply->message.searches = xcalloc(1, sizeof *reply->message.searches);
    reply->message.searches[0] = client_status_message(rpc, call->caller, s);
    reply->message.searches[0]->failure = failure_message(rpc, s);
    reply->message.searches[0]->spec = spec_to_message(spec);
    reply->message.n_searches = 1;
    reply->message.search = s->id;
    return 0;
}

static Sonata__MetricValue *metric_message(const struct metric_value *v)
{
    Sonata__MetricValue *m = xmalloc(sizeof *m);
    sonata__metric_value__init(m);
    m->name = xstrdup(v->name);
    m->value = v->value;
    m->low = v->low;
    m->high = v->high;
    m->n = v->n;
    return m;
}

static Sonata__Individual *individual_message(const struct individual_record *r, bool on_front)
{
    Sonata__Individual *m = xmalloc(sizeof *m);
    sonata__individual__init(m);
    m->id = r->id;
    m->genotype.len = r->n_genes;
    m->genotype.data = xmemdup(r->genotype.allele, r->n_genes);
    m->arm = xstrdup(r->arm);
    m->n_parents = (size_t)(r->parent[0] >= 0) + (size_t)(r->parent[1] >= 0);
    m->parents = xcalloc(2, sizeof *m->parents);
    for (size_t i = 0, k = 0; i < 2; i++) {
        if (r->parent[i] >= 0)
            m->parents[k++] = r->parent[i];
    }
    m->state = xstrdup(individual_state_name(r->state));
    m->predicted = r->predicted;
    if (r->predicted) {
        m->n_mean = m->n_sd = r->n_objectives;
        m->mean = xmemdup(r->mean, r->n_objectives * sizeof *r->mean);
        m->sd = xmemdup(r->sd, r->n_objectives * sizeof *r->sd);
    }
    m->n_metrics = r->n_metrics;
    m->metrics = xcalloc(r->n_metrics ? r->n_metrics : 1, sizeof *m->metrics);
    for (uint32_t i = 0; i < r->n_metrics; i++)
        m->metrics[i] = metric_message(&r->metric[i]);
    m->on_front = on_front;
    m->generation = r->generation;
    m->board = xstrdup(r->board);
    m->flags = r->flags;
    m->reason = xstrdup(r->reason);
    m->hypervolume = r->hypervolume;
    m->told_wall_ns = r->told_wall_ns;
    m->told_order = r->told_order;
    m->reused = r->reused;
    m->measured = r->measured;
    m->artefact = artefact_to_message(&r->artefact);
    return m;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

struct page {
    struct rpc_reply *reply;
    const uint64_t *front;
    uint32_t n_front, max;
    size_t bytes;
};

static bool is_on_front(const struct page *p, uint64_t id) { return p->n_front && bsearch(&id, p->front, p->n_front, sizeof *p->front, compare_ids); }

/* false: the page is full. */
static bool page_add(struct page *p, const uint8_t *value, size_t n)
{
    Sonata__Reply *m = &p->reply->message;
    struct individual_record r;
    if (m->n_individuals == p->max || p->bytes + n > PAGE_BYTES) {
        m->more = true;
        return false;
    }
    if (individual_record_decode(value, n, &r))
        return true; /* damaged: reported by --check */
    p->bytes += n + 64;
    m->individuals[m->n_individuals++] = individual_message(&r, is_on_front(p, r.id));
    return true;
}

static bool page_each(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    (void)key;
    (void)n_key;
    return page_add(user, value, n_value);
}

static int page_front(struct rpc *rpc, const Sonata__GetIndividuals *verb, struct page *p)
{
    cleanup_bytes struct bytes b = {0};
    for (uint32_t i = 0; i < p->n_front; i++) {
        if (p->front[i] < verb->from)
            continue;
        if (!store_get_committed(engine_store(rpc->run), STORE_INDIVIDUAL, key_u64_pair(verb->search, p->front[i]), &b) &&
            !page_add(p, b.data, b.size))
            break;
    }
    return 0;
}

/* Ids from `from` on, in order of id; `more` says that another page follows (from = last id + 1). */
int client_individuals(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const Sonata__GetIndividuals *verb = call->request->individuals;
    uint64_t *front = NULL;
    uint32_t n_front = 0;
    int rc = engine_front(rpc->run, verb->search, &front, &n_front, &reply->err);
    if (rc)
        return rc;
    if (n_front)
        qsort(front, n_front, sizeof *front, compare_ids);
    struct page p = {.reply = reply, .front = front, .n_front = n_front, .max = verb->max ? verb->max : PAGE_DEFAULT};
    p.max = p.max < RPC_PAGE_MAX ? p.max : RPC_PAGE_MAX;
    reply->message.individuals = xcalloc(p.max, sizeof *reply->message.individuals);
    reply->message.search = verb->search;
    if (verb->front_only)
        rc = page_front(rpc, verb, &p);
    else
        rc = store_scan(engine_store(rpc->run), STORE_INDIVIDUAL, key_u64_pair(verb->search, verb->from), 8, page_each, &p);
    free(front);
    return rc ? sonata_error_set(&reply->err, rc, "the store cannot be read: %s", strerror(-rc)) : 0;
}

int client_control(struct rpc_call *call)
{
    const Sonata__Control *verb = call->request->control;
    call->reply->message.search = verb->search;
    return engine_control(call->rpc->run, verb->search, (enum engine_action)call->verb->what, verb->evaluations, &call->reply->err);
}

int client_priority(struct rpc_call *call)
{
    const Sonata__Control *verb = call->request->control;
    call->reply->message.search = verb->search;
    return engine_set_priority(call->rpc->run, verb->search, verb->priority, &call->reply->err);
}

int client_retry(struct rpc_call *call)
{
    const Sonata__Control *verb = call->request->control;
    Sonata__Reply *m = &call->reply->message;
    bool more = false;
    m->search = verb->search;
    int rc = engine_retry(call->rpc->run, verb->search, verb->cause, &m->count, &more, &call->reply->err);
    m->more = more;
    return rc;
}

/* Further ones come without raw samples: a reply has its limit. */
static void add_measurement(struct rpc *rpc, uint64_t attempt, bool further, struct rpc_reply *reply)
{
    cleanup_bytes struct bytes b = {0};
    struct measurement m = {0};
    if (reply->message.n_measurements == MEASUREMENTS_MAX || store_get(engine_store(rpc->run), STORE_MEASUREMENT, key_u64(attempt), &b) ||
        measurement_decode(b.data, b.size, &m, NULL))
        return;
    if (further)
        m.n_samples = 0;
    reply->message.measurements[reply->message.n_measurements++] = measurement_to_message(&m);
    measurement_fini(&m);
}

static void add_measurements(struct rpc *rpc, uint64_t evaluation, struct rpc_reply *reply)
{
    cleanup_bytes struct bytes b = {0};
    struct evaluation_record e;
    if (store_get(engine_store(rpc->run), STORE_EVALUATION, key_u64(evaluation), &b) || evaluation_record_decode(b.data, b.size, &e) || !e.accepted)
        return;
    add_measurement(rpc, e.accepted, false, reply);
    for (uint32_t i = 0; i < e.n_further; i++)
        add_measurement(rpc, e.further[i], true, reply);
}

int client_measurement(struct rpc_call *call)
{
    struct rpc *rpc = call->rpc;
    struct rpc_reply *reply = call->reply;
    const Sonata__GetMeasurement *verb = call->request->measurement;
    cleanup_bytes struct bytes b = {0};
    struct individual_record r;
    if (store_get(engine_store(rpc->run), STORE_INDIVIDUAL, key_u64_pair(verb->search, verb->individual), &b) ||
        individual_record_decode(b.data, b.size, &r))
        return sonata_error_set(&reply->err, -ENOENT, "the search has no individual %llu", (unsigned long long)verb->individual);
    reply->message.search = verb->search;
    reply->message.measurements = xcalloc(MEASUREMENTS_MAX, sizeof *reply->message.measurements);
    for (uint32_t i = 0; i < r.n_evaluations; i++)
        add_measurements(rpc, r.evaluation[i], reply);
    return 0;
}
