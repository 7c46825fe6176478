/* `sonata retry`: individuals that failed for a cause are measured again; results are told when they come, as retells (tell.c).
 *
 * The individuals are looked at in order, a bounded number a turn. What is asked for and how far it got is in the header of the search: with the
 * first step it is in the transaction of the reply, each later step is a transaction of its own, so a retry that was acknowledged comes to its end
 * whatever happens to the master, and none is opened twice. So many that no board can wait for the next are open at a time: the rest need no memory,
 * and a start or a cancel in the middle stays short. */
#include "run/retry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"
#include "run/ask.h"
#include "run/disk.h"
#include "run/evaluation.h"
#include "run/event_log.h"
#include "run/individual.h"
#include "run/note.h"
#include "run/pending.h"
#include "run/records.h"
#include "run/reopen.h"
#include "run/searches.h"

enum { STEP_INDIVIDUALS = 1000, STEP_REOPENED = 64, IN_FLIGHT = 1024 };
enum { NAMED_FAILED = 1, NAMED_INFEASIBLE = 2, NAMED_NOISY = 4, NAMED_DIED = 8 };

struct cause {
    unsigned named;       /* which kinds */
    enum outcome outcome; /* of failed ones: this class only; OUTCOME_OK: every */
};

static bool parse_cause(const char *name, struct cause *ret_cause)
{
    static const struct {
        const char *name;
        struct cause cause;
    } known[] = {{"", {NAMED_FAILED, OUTCOME_OK}},
                 {"failed", {NAMED_FAILED, OUTCOME_OK}},
                 {"infra", {NAMED_FAILED, OUTCOME_INFRA}},
                 {"lost", {NAMED_FAILED, OUTCOME_LOST}},
                 {"invalid", {NAMED_FAILED, OUTCOME_INVALID}},
                 {"bug", {NAMED_FAILED, OUTCOME_BUG}},
                 {"config", {NAMED_FAILED, OUTCOME_CONFIG}},
                 {"infeasible", {NAMED_INFEASIBLE, OUTCOME_OK}},
                 {"noisy", {NAMED_NOISY, OUTCOME_OK}},
                 {RETRY_CAUSE_STOPPED, {NAMED_FAILED | NAMED_DIED, OUTCOME_OK}},
                 {"all", {NAMED_FAILED | NAMED_INFEASIBLE | NAMED_NOISY, OUTCOME_OK}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(name, known[i].name)) {
            *ret_cause = known[i].cause;
            return true;
        }
    }
    return false;
}

/* One that was ruled out by an analytic constraint never was on a board. */
static bool is_meant(const struct individual_record *ind, const struct cause *c)
{
    if (!ind->told_order || ind->vetoed)
        return false;
    if (ind->state == INDIVIDUAL_FAILED)
        return c->named & NAMED_FAILED && (c->outcome == OUTCOME_OK || c->outcome == ind->cause);
    if (ind->state == INDIVIDUAL_INFEASIBLE)
        return (c->named & NAMED_INFEASIBLE) || ((c->named & NAMED_DIED) && (ind->flags & FLAG_DIED));
    return ind->state == INDIVIDUAL_DONE && c->named & NAMED_NOISY && ind->flags & FLAG_NOISY;
}

/* Answers that say infeasible or noisy are to be replaced; each stays until another is there. false: there is none, as of one that was ruled out by
 * a measured constraint. */
static bool open_answers(struct search *rs, const struct individual_record *ind)
{
    struct engine *r = rs->engine;
    bool opened = false;
    for (uint32_t g = 0; g < ind->n_evaluations; g++) {
        struct evaluation_record e;
        struct measurement m = {0};
        if (!ind->evaluation[g] || evaluation_load(r, ind->evaluation[g], &e) || !e.accepted || measurement_load(r, e.accepted, &m))
            continue;
        if (m.outcome == OUTCOME_INFEASIBLE || m.flags & FLAG_NOISY)
            opened = evaluation_reopen(r, e.id, REOPENED_REPLACE, 1) || opened;
        measurement_fini(&m);
    }
    return opened;
}

bool retry_individual(struct search *rs, const struct individual_record *ind)
{
    return (ind->state == INDIVIDUAL_FAILED || open_answers(rs, ind)) && !individual_reopen(rs, ind->id);
}

bool retry_is_under_way(const struct search *rs) { return rs->record.retry_next < rs->record.retry_end; }

void retry_drop(struct search *rs) { rs->record.retry_next = rs->record.retry_end = 0; }

static void note_end(struct search *rs)
{
    const struct search_record *s = &rs->record;
    char text[64], fields[NOTE_FIELDS_MAX];
    snprintf(text, sizeof text, "retry %s: %u", s->retry_cause, s->retried);
    if (s->retried)
        event_log_control(rs, text);
    engine_note(rs->engine, false, "search controlled", "%s action=retry cause=%s individuals=%u", search_fields(rs, fields), s->retry_cause,
                s->retried);
}

/* The next individuals, until enough were looked at or opened again. A search that is done goes on from the first that is meant. */
static int slice(struct search *rs, struct sonata_error *err)
{
    struct search_record *s = &rs->record;
    struct cause c;
    uint32_t reopened = 0;
    if (!parse_cause(s->retry_cause, &c))
        return sonata_error_set(err, -EBADMSG, "'%s' is no cause", s->retry_cause);
    rs->dirty = true;
    for (uint32_t n = 0; n < STEP_INDIVIDUALS && reopened < STEP_REOPENED && retry_is_under_way(rs); n++, s->retry_next++) {
        struct individual_record ind;
        if (individual_load(rs->engine, s->id, s->retry_next, &ind) || !is_meant(&ind, &c))
            continue;
        int rc = search_reopen(rs, err);
        if (rc)
            return rc;
        reopened += retry_individual(rs, &ind);
    }
    s->retried += reopened;
    if (!retry_is_under_way(rs))
        note_end(rs);
    return 0;
}

static bool has_enough_open(struct search *rs) { return pending_again(rs) >= IN_FLIGHT && pending_again(rs) >= IN_FLIGHT + search_flight_limit(rs); }

bool retry_step(struct engine *r)
{
    struct sonata_error err = {{0}};
    for (uint32_t i = 0; i < searches_count(r) && !r->stopping; i++) {
        struct search *rs = searches_at(r, i);
        if (!retry_is_under_way(rs) || has_enough_open(rs))
            continue;
        int rc = slice(rs, &err);
        if (rc == -EAGAIN)
            continue; /* its core is under way, or its end not committed: another turn */
        if (rc) {
            engine_note(r, true, "retry is given up: the search cannot go on", "search=%llu reason=\"%s\"", (unsigned long long)rs->record.id,
                        err.text);
            retry_drop(rs);
        }
        return true;
    }
    return false;
}

void retry_begin(struct search *rs, const char *cause, uint32_t from)
{
    struct search_record *s = &rs->record;
    bool under_way = retry_is_under_way(rs);
    s->retry_next = under_way ? min_of(s->retry_next, from) : from;
    s->retry_end = s->asked;
    s->retried = under_way ? s->retried : 0;
    copy_string(s->retry_cause, sizeof s->retry_cause, under_way ? "all" : cause);
    rs->dirty = true;
}

static int check_retry(const struct search *rs, struct sonata_error *err)
{
    if (rs->record.state == SEARCH_CANCELED)
        return sonata_error_set(err, -EINVAL, "the search is canceled: submit it anew (known results are reused)");
    if (retry_is_under_way(rs))
        return sonata_error_set(err, -EBUSY, "another retry of this search has %u individuals to look at still: ask again",
                                rs->record.retry_end - rs->record.retry_next);
    return 0;
}

int engine_retry(struct engine *r, uint64_t id, const char *cause, uint32_t *ret_n, bool *ret_more, struct sonata_error *err)
{
    struct search *rs = searches_get(r, id);
    struct cause c;
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (!parse_cause(cause, &c))
        return sonata_error_set(err, -EINVAL,
                                "'%.32s' is not a cause: infra, lost, invalid, bug, config, failed, infeasible, noisy or all is expected", cause);
    int rc = check_retry(rs, err);
    if (!rc)
        rc = disk_check(r, rs->record.team, err);
    if (rc)
        return rc;
    struct search_record *s = &rs->record;
    bool none = c.named == NAMED_FAILED && !s->failed;
    const char *word = cause[0] ? cause : "failed";
    retry_begin(rs, word, none ? s->asked : 0);
    rc = slice(rs, err);
    if (rc) {
        retry_drop(rs);
        return rc;
    }
    *ret_n = s->retried;
    *ret_more = retry_is_under_way(rs);
    return 0;
}
