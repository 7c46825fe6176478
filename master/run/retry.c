/* `sonata retry`: individuals that failed for a cause are measured again. What is opened again, the changed headers and the reply to the request go
 * into the transaction of the turn; results are told when they come, as retells (search_run.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "run/run_internal.h"

enum { NAMED_FAILED = 1, NAMED_INFEASIBLE = 2, NAMED_NOISY = 4 };

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
        return c->named & NAMED_INFEASIBLE;
    return ind->state == INDIVIDUAL_DONE && c->named & NAMED_NOISY && ind->flags & FLAG_NOISY;
}

/* Answers that say infeasible or noisy are to be replaced; each stays until another is there. false: there is none, as of one that was ruled out by
 * a measured constraint. */
static bool open_answers(struct run_search *rs, const struct individual_record *ind)
{
    struct run *r = rs->run;
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

/* Ids of the individuals meant; *ret_ids is for free(). */
static uint32_t collect(struct run_search *rs, const struct cause *c, uint64_t **ret_ids)
{
    size_t n = 0, capacity = 0;
    bool none = c->named == NAMED_FAILED && !rs->record.failed;
    *ret_ids = NULL;
    for (uint64_t id = 0; id < rs->record.asked && !none; id++) {
        struct individual_record ind;
        if (individual_load(rs->run, rs->record.id, id, &ind) || !is_meant(&ind, c))
            continue;
        *ret_ids = xgrow(*ret_ids, &capacity, n + 1, sizeof **ret_ids);
        (*ret_ids)[n++] = id;
    }
    return (uint32_t)n;
}

static uint32_t reopen_all(struct run_search *rs, const uint64_t *id, uint32_t n)
{
    uint32_t reopened = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct individual_record ind;
        if (individual_load(rs->run, rs->record.id, id[i], &ind))
            continue;
        if (ind.state == INDIVIDUAL_FAILED || open_answers(rs, &ind))
            reopened += !individual_reopen(rs, id[i]);
    }
    return reopened;
}

int run_retry(struct run *r, uint64_t id, const char *cause, uint32_t *ret_n, struct sonata_error *err)
{
    struct run_search *rs = run_get(r, id);
    struct cause c;
    if (r->blocked)
        return sonata_error_set(err, -ENOSPC, "%s", r->blocked_reason);
    if (!rs)
        return sonata_error_set(err, -ENOENT, "there is no such search");
    if (!parse_cause(cause, &c))
        return sonata_error_set(err, -EINVAL, "'%.32s' is not a cause: infra, lost, invalid, bug, config, failed, infeasible, noisy or all is expected", cause);
    if (rs->record.state == SEARCH_CANCELED)
        return sonata_error_set(err, -EINVAL, "the search is canceled: submit it anew (known results are reused)");
    cleanup_free uint64_t *ids = NULL;
    uint32_t n = collect(rs, &c, &ids);
    int rc = n ? search_reopen(rs, err) : 0;
    if (rc)
        return rc;
    *ret_n = reopen_all(rs, ids, n);
    if (n) {
        char text[64];
        snprintf(text, sizeof text, "retry %s: %u", cause[0] ? cause : "failed", *ret_n);
        search_log_control(rs, text);
    }
    char fields[NOTE_FIELDS_MAX];
    run_note(r, false, "search controlled", "%s action=retry cause=%s individuals=%u", search_fields(rs, fields), cause[0] ? cause : "failed", *ret_n);
    return 0;
}
