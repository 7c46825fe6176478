/* Searches: list, one, what its models learned, steering. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/json.h"
#include "web/api.h"

void write_cjson(struct bytes *out, const char *key, cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    cJSON_Delete(value);
    out_raw(out, key, text ? text : "null");
    free(text);
}

void write_status(struct bytes *out, const char *key, const struct results_status *s) { write_cjson(out, key, json_status(s)); }

void write_board(struct bytes *out, const struct results_board *b) { write_cjson(out, NULL, json_board(b)); }

static void write_searches(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "searches", '[');
    for (size_t i = 0; i < reply->n_searches; i++) {
        struct results_status s;
        if (!results_from_status_message(reply->searches[i], &s, NULL))
            write_status(&c->out, NULL, &s);
    }
    out_close(&c->out, ']');
    out_close(&c->out, '}');
}

void api_searches(struct call *c)
{
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    call_ask(c, &request, write_searches);
}

static void use_search(struct call *c, const struct mirror *m)
{
    out_open(&c->out, NULL, '{');
    write_status(&c->out, "search", &m->status);
    write_cjson(&c->out, "spec", json_spec(&m->spec));
    out_unsigned(&c->out, "revision", m->revision);
    out_unsigned(&c->out, "individuals", m->n_rows);
    out_close(&c->out, '}');
    call_finish(c);
}

void api_search(struct call *c) { call_mirror(c, use_search); }

static void write_insight(struct call *c, const Sonata__Reply *reply)
{
    const struct mirror *m = mirror_peek(c->audience->mirrors, c->search);
    cleanup_results struct results *r = xcalloc(1, sizeof *r);
    if (m && reply->insight) {
        r->spec = m->spec;
        results_insight_from_message(&r->spec, reply->insight, &r->insight);
    }
    out_open(&c->out, NULL, '{');
    write_cjson(&c->out, "insight", json_insight(r));
    out_close(&c->out, '}');
}

static void use_insight(struct call *c, const struct mirror *m)
{
    Sonata__GetInsight get = SONATA__GET_INSIGHT__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    (void)m;
    get.search = c->search;
    request.verb_case = SONATA__REQUEST__VERB_INSIGHT;
    request.insight = &get;
    call_ask(c, &request, write_insight);
}

void api_insight(struct call *c) { call_mirror(c, use_insight); }

static void write_control(struct call *c, const Sonata__Reply *reply)
{
    mirror_stale(c->audience->mirrors, c->search);
    out_open(&c->out, NULL, '{');
    out_unsigned(&c->out, "count", reply->count);
    out_bool(&c->out, "more", reply->more);
    out_close(&c->out, '}');
}

static bool is_action(const char *action)
{
    static const char *const known[] = {"pause", "resume", "cancel", "extend", "priority", "retry"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(known[i], action))
            return true;
    }
    return false;
}

void api_control(struct call *c)
{
    Sonata__Control control = SONATA__CONTROL__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    const char *action = call_body_text(c, "action");
    double n = 0;
    if (!is_action(action)) {
        call_fail(c, -EINVAL, "action: pause, resume, cancel, extend, priority or retry is expected");
        return;
    }
    if (!strcmp(action, "extend") && !call_body_number(c, "evaluations", 1, 10e6, &n)) {
        call_fail(c, -EINVAL, "evaluations: a whole number from 1 to 10000000 is expected");
        return;
    }
    control.evaluations = (uint32_t)n;
    n = 0;
    if (!strcmp(action, "priority") && !call_body_number(c, "priority", -SPEC_PRIORITY_MAX, SPEC_PRIORITY_MAX, &n)) {
        call_fail(c, -EINVAL, "priority: a whole number from %d to %d is expected", -SPEC_PRIORITY_MAX, SPEC_PRIORITY_MAX);
        return;
    }
    control.priority = (int32_t)n;
    control.search = c->search;
    control.action = (char *)(uintptr_t)action;
    control.cause = (char *)(uintptr_t)call_body_text(c, "cause");
    request.verb_case = SONATA__REQUEST__VERB_CONTROL;
    request.control = &control;
    call_ask(c, &request, write_control);
}
