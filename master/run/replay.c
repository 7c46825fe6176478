/* Runs a search's event log through the search core again. The same code resumes a search after a restart (from the snapshot on) and proves
 * that it can be resumed (from the start: `--check`). */
#include "run/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "run/event_log.h"
#include "run/params.h"
#include "run/records.h"
#include "run/snapshot.h"

enum { WANTED_MAX = 4096 };

struct replay {
    const struct search_spec *spec;
    struct core *core;
    uint64_t id, next, until;
    int rc;
    struct sonata_error *err;
};

typedef uint32_t ask_fn(struct core *s, uint32_t n, struct core_proposal *ret_proposals);

static int replay_ask(struct replay *p, const struct event_record *e, ask_fn *ask)
{
    if (e->wanted > WANTED_MAX)
        return sonata_error_set(p->err, -EBADMSG, "event %llu asks for %u proposals", (unsigned long long)p->next, e->wanted);
    struct core_proposal *proposal = xcalloc(e->wanted ? e->wanted : 1, sizeof *proposal);
    uint32_t got = ask(p->core, e->wanted, proposal);
    bool same = got == e->got && (!got || (proposal[0].id == e->id && event_log_digest(&p->spec->space, proposal, got) == e->digest));
    free(proposal);
    return same ? 0
                : sonata_error_set(p->err, -EBADMSG, "search %llu: proposals at event %llu differ from the recorded ones", (unsigned long long)p->id,
                                   (unsigned long long)p->next);
}

static int replay_tell(struct replay *p, const struct event_record *e)
{
    struct core_result result = {.status = (enum core_status)e->status, .violation = e->violation, .groups = e->wanted};
    memcpy(result.objective, e->objective, sizeof result.objective);
    int rc = -EBADMSG;
    if (e->status <= CORE_FAILED)
        rc = e->type == EVENT_TELL ? core_tell(p->core, e->id, &result) : core_retell(p->core, e->id, &result);
    return rc ? sonata_error_set(p->err, rc, "search %llu: the result of proposal %llu at event %llu is refused", (unsigned long long)p->id,
                                 (unsigned long long)e->id, (unsigned long long)p->next)
              : 0;
}

static int replay_inject(struct replay *p, const struct event_record *e)
{
    struct core_result result = {.status = (enum core_status)e->status, .violation = e->violation};
    uint64_t id = 0;
    memcpy(result.objective, e->objective, sizeof result.objective);
    int rc = e->status > CORE_FAILED || e->n_genes != p->spec->space.n_genes ? -EBADMSG : core_inject(p->core, &e->genotype, &result, &id);
    if (!rc && id != e->id)
        rc = -EBADMSG;
    return rc ? sonata_error_set(p->err, rc, "search %llu: the result taken over at event %llu is refused", (unsigned long long)p->id,
                                 (unsigned long long)p->next)
              : 0;
}

static int replay_hint(struct replay *p, const struct event_record *e)
{
    int rc = e->n_objectives != 1 || e->n_genes != p->spec->space.n_genes ? -EBADMSG : core_hint(p->core, &e->genotype, e->wanted, e->objective[0]);
    return rc ? sonata_error_set(p->err, rc, "search %llu: the value taken over at event %llu is refused", (unsigned long long)p->id,
                                 (unsigned long long)p->next)
              : 0;
}

static int replay_costs(struct replay *p, const struct event_record *e)
{
    uint8_t group[CORE_OBJECTIVES_MAX];
    for (uint32_t o = 0; o < CORE_OBJECTIVES_MAX; o++)
        group[o] = (uint8_t)(e->id >> (8 * o));
    int rc = e->wanted && e->wanted == e->n_objectives ? 0 : -EBADMSG;
    if (!rc && e->got)
        rc = core_set_groups(p->core, e->wanted, group);
    if (!rc && e->wanted != core_groups(p->core))
        rc = -EBADMSG;
    if (!rc)
        rc = core_set_costs(p->core, e->objective);
    return rc ? sonata_error_set(p->err, -EBADMSG, "search %llu: the costs at event %llu are refused", (unsigned long long)p->id,
                                 (unsigned long long)p->next)
              : 0;
}

static bool replay_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct replay *p = user;
    struct event_record e;
    uint64_t sequence = key_read_u64(key, n_key, 1);
    if (sequence >= p->until)
        return false;
    if (sequence != p->next)
        p->rc = sonata_error_set(p->err, -EBADMSG, "search %llu: event %llu is missing", (unsigned long long)p->id, (unsigned long long)p->next);
    else if (event_record_decode(value, n_value, &e))
        p->rc = sonata_error_set(p->err, -EBADMSG, "search %llu: event %llu is damaged", (unsigned long long)p->id, (unsigned long long)p->next);
    else if (e.type == EVENT_ASK)
        p->rc = replay_ask(p, &e, core_ask);
    else if (e.type == EVENT_SCREEN)
        p->rc = replay_ask(p, &e, core_ask_screening);
    else if (e.type == EVENT_PROMOTE)
        p->rc = replay_ask(p, &e, core_ask_promotion);
    else if (e.type == EVENT_COSTS)
        p->rc = replay_costs(p, &e);
    else if (e.type == EVENT_INJECT)
        p->rc = replay_inject(p, &e);
    else if (e.type == EVENT_HINT)
        p->rc = replay_hint(p, &e);
    else if (e.type == EVENT_TELL || e.type == EVENT_RETELL)
        p->rc = replay_tell(p, &e);
    p->next++;
    return !p->rc;
}

static int begin(const struct core_origin *of, struct restored_core *ret_restored, struct sonata_error *err)
{
    struct core_params params;
    bool order;
    uint32_t window;
    int r = plan_params(of->spec, of->threads, &params, &order, &window, err);
    *ret_restored = (struct restored_core){.forests = -ENOENT};
    return r ? r : plan_core(of->spec, &params, &ret_restored->core, err);
}

int replay_core(const struct core_origin *of, struct restored_core *ret_restored, struct sonata_error *err)
{
    struct restored_core restored;
    int r = of->from_start ? -ENOENT : snapshot_load(of, &restored, err);
    if (r) /* a damaged snapshot is no loss while the event log is whole: err keeps its reason */
        r = begin(of, &restored, err);
    if (r)
        return r;
    struct replay p = {.spec = of->spec, .core = restored.core, .id = of->search, .next = restored.event, .until = of->until, .err = err};
    r = store_scan(of->store, STORE_EVENT, key_u64_pair(of->search, p.next), 8, replay_event, &p);
    if (!r)
        r = p.rc;
    if (!r && p.next != of->until)
        r = sonata_error_set(err, -EBADMSG, "search %llu: the event log ends at %llu, %llu events are expected", (unsigned long long)of->search,
                             (unsigned long long)p.next, (unsigned long long)of->until);
    if (r) {
        core_free(restored.core);
        return r;
    }
    *ret_restored = restored;
    return 0;
}

int search_restore(const struct search *rs, const struct search_spec *spec, struct restored_core *ret_restored, struct sonata_error *err)
{
    const struct engine *r = rs->engine;
    struct core_origin of = {.store = r->store, .spec = spec, .search = rs->record.id, .until = rs->record.events, .threads = r->config.threads};
    return replay_core(&of, ret_restored, err);
}

int engine_replay(struct store *store, uint64_t id, uint64_t *ret_events, uint32_t *ret_proposals, struct sonata_error *err)
{
    cleanup_bytes struct bytes b = {0};
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    struct search_record record;
    struct restored_core restored;
    if (store_get_committed(store, STORE_SEARCH, key_u64(id), &b) || search_record_decode(b.data, b.size, &record))
        return sonata_error_set(err, -ENOENT, "there is no search %llu", (unsigned long long)id);
    if (record.events_from)
        return sonata_error_set(
            err, -ENODATA,
            "search %llu: its first %llu events were dropped after its end (--keep-events): it goes on from its snapshot, but nothing "
            "is left to compare",
            (unsigned long long)id, (unsigned long long)record.events_from);
    int r = spec_load(store, id, spec, err);
    if (!r)
        r = replay_core(&(struct core_origin){store, spec, id, record.events, 1, true}, &restored, err);
    if (r)
        return r;
    *ret_events = record.events;
    *ret_proposals = core_count(restored.core);
    core_free(restored.core);
    return 0;
}
