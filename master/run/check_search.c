/* The check of a store, search by search: its counters, its event log run again, its front by pairwise comparison, its forests. */
#include "run/check_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "run/pool.h"
#include "run/records.h"
#include "run/replay.h"
#include "run/snapshot.h"
#include "run/tell.h"

static bool collect_individual(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    uint64_t id = key_read_u64(key, n_key, 1);
    c->individual = xgrow(c->individual, &c->individual_capacity, c->n_individuals + 1, sizeof *c->individual);
    struct individual_record *r = &c->individual[c->n_individuals];
    if (individual_record_decode(value, n_value, r) || r->id != id)
        check_finding(c, "search %llu individual %llu: damaged record", (ull)c->search->id, (ull)id);
    else if (r->id != c->n_individuals)
        check_finding(c, "search %llu: individual %zu is missing", (ull)c->search->id, c->n_individuals);
    c->n_individuals++;
    return true;
}

static bool goes_on(const struct check *c) { return c->search->state == SEARCH_RUNNING || c->search->state == SEARCH_PAUSED; }

/* What a search was told rests on evaluations that were measured, or are measured again. One that is over keeps what it was told when another search
 * measures an evaluation again that both share. */
static void check_individual_evaluations(struct check *c, const struct individual_record *r)
{
    for (uint32_t g = 0; g < r->n_evaluations; g++) {
        cleanup_bytes struct bytes b = {0};
        struct evaluation_record e;
        if (!r->evaluation[g] && r->state != INDIVIDUAL_DONE)
            continue; /* ruled out before this group was asked for */
        if (store_get_committed(c->store, STORE_EVALUATION, key_u64(r->evaluation[g]), &b) || evaluation_record_decode(b.data, b.size, &e))
            check_finding(c, "search %llu individual %llu: its evaluation %llu does not exist", (ull)c->search->id, (ull)r->id,
                          (ull)r->evaluation[g]);
        else if (r->state == INDIVIDUAL_DONE && goes_on(c) && e.state != EVALUATION_DONE && !(e.state == EVALUATION_OPEN && e.accepted))
            check_finding(c, "search %llu individual %llu is done but its evaluation %llu is %s", (ull)c->search->id, (ull)r->id, (ull)e.id,
                          evaluation_state_name(e.state));
        else if (hash_is_zero(e.artefact) ? memcmp(e.genotype.allele, r->genotype.allele, r->n_genes)
                                          : memcmp(e.artefact, r->artefact.hash, HASH_SIZE))
            check_finding(c, "search %llu individual %llu: evaluation %llu is of another architecture", (ull)c->search->id, (ull)r->id, (ull)e.id);
    }
}

static void expect(struct check *c, const char *what, uint64_t stored, uint64_t counted)
{
    if (stored != counted)
        check_finding(c, "search %llu: %s is %llu but %llu are stored", (ull)c->search->id, what, (ull)stored, (ull)counted);
}

/* Told and pending is the state of one that is measured again, and that is listed. */
static void check_again(struct check *c, const struct individual_record *r)
{
    bool listed = check_has(c, STORE_RETELL, key_u64_pair(c->search->id, r->id)), again = r->state == INDIVIDUAL_PENDING;
    c->again += again;
    if (listed != again)
        check_finding(c, "search %llu individual %llu is %s and told but %s measured again", (ull)c->search->id, (ull)r->id,
                      individual_state_name(r->state), listed ? "listed as" : "not listed as");
    else if (again && !goes_on(c))
        check_finding(c, "search %llu is over but individual %llu waits to be measured again", (ull)c->search->id, (ull)r->id);
    if (r->told_state == INDIVIDUAL_PENDING || (!again && r->state != r->told_state && r->state != INDIVIDUAL_CANCELED))
        check_finding(c, "search %llu individual %llu is %s but was told as %s", (ull)c->search->id, (ull)r->id, individual_state_name(r->state),
                      individual_state_name(r->told_state));
}

static void check_counters(struct check *c)
{
    const struct search_record *s = c->search;
    uint32_t told = 0, charged = 0, infeasible = 0, failed = 0, vetoed = 0, screened = 0, screened_out = 0;
    struct map order = {0};
    for (size_t i = 0; i < c->n_individuals; i++) {
        const struct individual_record *r = &c->individual[i];
        check_individual_evaluations(c, r);
        screened += r->state == INDIVIDUAL_SCREENED;
        if (!r->told_order)
            continue;
        told++;
        charged += individual_is_charged(s, r);
        screened_out += individual_ended_screened(s, r);
        vetoed += r->vetoed;
        infeasible += r->told_state == INDIVIDUAL_INFEASIBLE;
        failed += r->told_state == INDIVIDUAL_FAILED;
        check_again(c, r);
        if (r->told_order > s->told || map_get(&order, r->told_order))
            check_finding(c, "search %llu individual %llu: told as number %u, which is taken or too large", (ull)s->id, (ull)r->id, r->told_order);
        map_set(&order, r->told_order, check_tag(r->id));
    }
    map_fini(&order);
    expect(c, "the number of proposals", s->asked, c->n_individuals);
    expect(c, "the number of results", s->told, told);
    expect(c, "the budget used", s->charged, charged);
    expect(c, "the number of infeasible ones", s->infeasible, infeasible);
    expect(c, "the number of failed ones", s->failed, failed);
    expect(c, "the number of vetoed ones", s->vetoed, vetoed);
    expect(c, "the number of screened ones", s->screened, screened);
    expect(c, "the number that ended in their screening", s->screened_out, screened_out);
}

static bool count_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    uint64_t *next = user;
    (void)value;
    (void)n_value;
    if (key_read_u64(key, n_key, 1) != *next)
        return false;
    ++*next;
    return true;
}

static bool dominates(const struct individual_record *a, const struct individual_record *b)
{
    bool better = false;
    for (uint32_t o = 0; o < a->n_objectives; o++) {
        if (a->objective[o] > b->objective[o])
            return false;
        better = better || a->objective[o] < b->objective[o];
    }
    return better;
}

static bool same_vector(const struct individual_record *a, const struct individual_record *b)
{
    return !dominates(a, b) && !dominates(b, a) && !memcmp(a->objective, b->objective, a->n_objectives * sizeof *a->objective);
}

static bool counts_for_front(const struct individual_record *r) { return r->told_state == INDIVIDUAL_DONE && r->told_order && r->violation <= 0; }

/* Non-dominated and the first of its objective vector. */
static bool belongs_to_front(const struct check *c, size_t i)
{
    const struct individual_record *r = &c->individual[i];
    if (!counts_for_front(r))
        return false;
    for (size_t k = 0; k < c->n_individuals; k++) {
        const struct individual_record *other = &c->individual[k];
        if (k != i && counts_for_front(other) && (dominates(other, r) || (k < i && same_vector(other, r))))
            return false;
    }
    return true;
}

static void check_front(struct check *c, const struct core *core)
{
    uint32_t n = core_front(core, NULL, 0), expected = 0;
    cleanup_free uint64_t *id = xcalloc(n ? n : 1, sizeof *id);
    core_front(core, id, n);
    for (size_t i = 0; i < c->n_individuals; i++)
        expected += belongs_to_front(c, i);
    expect(c, "the size of the front", n, expected);
    for (uint32_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < c->n_individuals && !found && id[i] < c->n_individuals; k++)
            found = counts_for_front(&c->individual[id[i]]) && (k == id[i] || same_vector(&c->individual[k], &c->individual[id[i]])) &&
                    belongs_to_front(c, k);
        if (!found)
            check_finding(c, "search %llu: individual %llu is not on the recomputed front", (ull)c->search->id, (ull)id[i]);
    }
    if (c->search->state == SEARCH_DONE)
        expect(c, "the stored size of the front", c->search->front_size, n);
}

static void check_core(struct check *c)
{
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    struct sonata_error err = {{0}};
    struct restored_core restored;
    if (spec_load(c->store, c->search->id, spec, &err)) {
        check_finding(c, "%s", err.text);
        return;
    }
    bool whole = !c->search->events_from && search_is_quick(spec);
    for (int from_start = 0; from_start <= (whole ? 1 : 0); from_start++) {
        if (replay_core(&(struct core_origin){c->store, spec, c->search->id, c->search->events, 1, from_start}, &restored, &err)) {
            check_finding(c, "%s", err.text);
            return;
        }
        expect(c, "the number of proposals of the search core", c->search->asked, core_count(restored.core));
        expect(c, "the number of results of the search core", c->search->told, core_told(restored.core));
        check_front(c, restored.core);
        core_free(restored.core);
    }
}

/* The forests in the store must be those that the snapshot would grow. */
static void check_forests(struct check *c)
{
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    cleanup_bytes struct bytes stored = {0}, state = {0}, grown = {0};
    struct sonata_error err = {{0}};
    struct core *again = NULL;
    struct restored_core restored;
    if (store_get_committed(c->store, STORE_SURROGATE, key_u64(c->search->id), &stored))
        return;
    int r = spec_load(c->store, c->search->id, spec, &err);
    if (!r)
        r = snapshot_load(&(struct core_origin){c->store, spec, c->search->id, c->search->events, 1, false}, &restored, &err);
    if (r) {
        check_finding(c, "search %llu: there are forests but no snapshot: %s", (ull)c->search->id, err.text);
        return;
    }
    core_save(restored.core, &state);
    if (!restored.forests && !core_load(&spec->space, state.data, state.size, &again, &err))
        core_forests_save(again, SIZE_MAX, &grown);
    if (grown.size != stored.size || memcmp(grown.data, stored.data, stored.size))
        check_finding(c, "search %llu: the stored forests are not those of its snapshot", (ull)c->search->id);
    core_free(restored.core);
    core_free(again);
}

bool check_surrogate(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    uint64_t id = key_read_u64(key, n_key, 0);
    (void)value;
    (void)n_value;
    if (!check_has(c, STORE_SEARCH, key_u64(id)))
        check_finding(c, "there are forests of search %llu, which does not exist", (ull)id);
    return true;
}

/* No two searches of a team have one number (0: a master of before there were numbers wrote the header last). */
static void check_number(struct check *c, const struct search_record *s)
{
    struct bytes b = {0};
    bytes_put_string(&b, s->team);
    bytes_put_u64(&b, s->number);
    uint64_t key = hash64(b.data, b.size);
    bytes_fini(&b);
    if (s->number && map_get(&c->numbers, key))
        check_finding(c, "search %llu is number %llu of team '%s', and so is another", (ull)s->id, (ull)s->number, s->team);
    map_set(&c->numbers, key, check_tag(s->id));
}

bool check_search(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct check *c = user;
    struct search_record s;
    uint64_t id = key_read_u64(key, n_key, 0), events;
    if (search_record_decode(value, n_value, &s) || s.id != id) {
        check_finding(c, "search %llu: damaged header", (ull)id);
        return true;
    }
    check_number(c, &s);
    if (s.retry_next > s.retry_end || s.retry_end > s.asked)
        check_finding(c, "search %llu: a retry looks at individuals %u to %u of %u", (ull)id, s.retry_next, s.retry_end, s.asked);
    uint64_t before = c->findings;
    c->search = &s;
    events = s.events_from;
    c->n_individuals = 0;
    if (store_scan(c->store, STORE_INDIVIDUAL, key_u64_pair(id, 0), 8, collect_individual, c) ||
        store_scan(c->store, STORE_EVENT, key_u64_pair(id, 0), 8, count_event, &events))
        check_finding(c, "search %llu cannot be read", (ull)id);
    expect(c, "the length of the event log", s.events, events);
    if (c->findings == before)
        check_counters(c);
    if (c->findings == before)
        check_core(c);
    if (c->findings == before)
        check_forests(c);
    char line[300], dropped[60] = "";
    if (s.events_from)
        snprintf(dropped, sizeof dropped, ", the first %llu dropped", (ull)s.events_from);
    snprintf(line, sizeof line,
             "search %llu %s: %s, %u proposals, %u results (%u charged, %u infeasible, %u failed, %u reused), front %u, %llu events%s", (ull)id,
             s.name, search_state_name(s.state), s.asked, s.told, s.charged, s.infeasible, s.failed, s.reused, s.front_size, (ull)s.events, dropped);
    c->say(c->user, line);
    return true;
}
