/* The table of verbs against the wire contract: every verb and action has a complete row, and whatever names a search is checked. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/verbs.h"

/* Rows in which the field `search` says nothing. */
static const char *const without_search[] = {"backup", "status"};

/* What a team may ask; all else is for admins. */
static const struct {
    Sonata__Request__VerbCase verb;
    const char *action;
} of_teams[] = {
    {SONATA__REQUEST__VERB_SUBMIT, NULL},      {SONATA__REQUEST__VERB_LIST, NULL},        {SONATA__REQUEST__VERB_SHOW, NULL},
    {SONATA__REQUEST__VERB_INDIVIDUALS, NULL}, {SONATA__REQUEST__VERB_MEASUREMENT, NULL}, {SONATA__REQUEST__VERB_INSIGHT, NULL},
    {SONATA__REQUEST__VERB_ARTEFACT, NULL},
    {SONATA__REQUEST__VERB_CONTROL, "pause"},  {SONATA__REQUEST__VERB_CONTROL, "resume"}, {SONATA__REQUEST__VERB_CONTROL, "cancel"},
    {SONATA__REQUEST__VERB_CONTROL, "extend"}, {SONATA__REQUEST__VERB_CONTROL, "retry"},  {SONATA__REQUEST__VERB_CONTROL, "priority"},
    {SONATA__REQUEST__VERB_BOARDS, NULL},      {SONATA__REQUEST__VERB_PUT_BLOB, NULL},    {SONATA__REQUEST__VERB_UPLOADS, "list"},
    {SONATA__REQUEST__VERB_UPLOADS, "remove"}, {SONATA__REQUEST__VERB_TEAMS, "list"},     {SONATA__REQUEST__VERB_TASK, "replay"},
    {SONATA__REQUEST__VERB_TASK, "status"},    {SONATA__REQUEST__VERB_PING, NULL},        {SONATA__REQUEST__VERB_WATCH, NULL},
    {SONATA__REQUEST__VERB_TOKENS, "list"},    {SONATA__REQUEST__VERB_TOKENS, "new"},     {SONATA__REQUEST__VERB_TOKENS, "revoke"},
    {SONATA__REQUEST__VERB_TOKENS, "enter"},
};

static bool is_same_action(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static bool is_of_teams(const struct verb *v)
{
    for (size_t i = 0; i < sizeof of_teams / sizeof *of_teams; i++) {
        if (of_teams[i].verb == v->verb && is_same_action(of_teams[i].action, v->action))
            return true;
    }
    return false;
}

static bool is_without_search(const struct verb *v)
{
    for (size_t i = 0; i < sizeof without_search / sizeof *without_search; i++) {
        if (v->action && !strcmp(v->action, without_search[i]))
            return true;
    }
    return false;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *message, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message, name);
}

/* The field of the message that names a search; NULL: none. */
static const ProtobufCFieldDescriptor *search_field_of(const ProtobufCMessageDescriptor *message)
{
    const ProtobufCFieldDescriptor *f = field_of(message, "search");
    return f ? f : field_of(message, "fork_of");
}

static void check_row(const struct verb *v, const ProtobufCMessageDescriptor *message)
{
    const ProtobufCFieldDescriptor *search = search_field_of(message);
    assert_true(v->who > RIGHT_UNSET && v->who < RIGHT_COUNT);
    assert_true(v->effect > EFFECT_UNSET && v->effect < EFFECT_COUNT);
    assert_true(v->names > NAMES_UNSET && v->names < NAMES_COUNT);
    assert_non_null(v->run);
    assert_true(v->scopes != BY_UNSET && !(v->scopes & ~(unsigned)(BY_ALL | BY_KEY)));
    /* Who may read only changes nothing; a token of one search asks for what belongs to searches, itself or the master. */
    bool enters = v->run == client_tokens_enter, reads = v->effect == EFFECT_READS || enters;
    assert_true(reads || !(v->scopes & ~(unsigned)(BY_WRITE | BY_KEY)));
    assert_true(!(v->scopes & 1 << SCOPE_SEARCH) || v->names == NAMES_SEARCH || v->verb == SONATA__REQUEST__VERB_LIST ||
                v->verb == SONATA__REQUEST__VERB_WATCH || v->verb == SONATA__REQUEST__VERB_PING || enters);
    assert_true(v->who != RIGHT_ADMINS || !(v->scopes & 1 << SCOPE_SEARCH));
    assert_true(v->effect != EFFECT_CHANGES || v->audit);
    assert_int_equal(!v->action, !field_of(message, "action"));
    assert_int_equal(is_of_teams(v), v->who == RIGHT_CLIENTS || v->who == RIGHT_KEY_CLIENTS);
    assert_int_equal(v->names != NAMES_NO_SEARCH, search && !is_without_search(v));
    if (v->names != NAMES_NO_SEARCH)
        assert_int_equal(v->search_offset, search->offset);
}

static void every_verb_has_its_rows(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *request = &sonata__request__descriptor;
    size_t n_verbs = 0, n_rows = 0;
    for (unsigned i = 0; i < request->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &request->fields[i];
        unsigned rows = 0;
        if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            continue;
        for (size_t k = 0; verb_at(k); k++) {
            if ((uint32_t)verb_at(k)->verb == f->id) {
                check_row(verb_at(k), f->descriptor);
                rows++;
            }
        }
        if (!rows)
            fail_msg("the verb '%s' has no row", f->name);
        n_rows += rows;
        n_verbs++;
    }
    assert_true(n_verbs >= 17);
    assert_null(verb_at(n_rows)); /* no row beyond them */
}

static void actions_are_found_and_others_refused(void **state)
{
    (void)state;
    const struct verb *verb = NULL;
    struct sonata_error err = {{0}};
    Sonata__Teams teams = SONATA__TEAMS__INIT;
    Sonata__Request q = SONATA__REQUEST__INIT;
    q.verb_case = SONATA__REQUEST__VERB_TEAMS;
    q.teams = &teams;
    teams.action = (char *)"set";
    assert_int_equal(verb_find(&q, &verb, &err), 0);
    assert_string_equal(verb->action, "set");
    teams.action = (char *)"dance";
    assert_int_equal(verb_find(&q, &verb, &err), -EINVAL);
    assert_string_equal(err.text, "'dance': list or set is expected");
    Sonata__Task task = SONATA__TASK__INIT;
    q.verb_case = SONATA__REQUEST__VERB_TASK;
    q.task = &task;
    assert_int_equal(verb_find(&q, &verb, &err), -EINVAL);
    assert_string_equal(err.text, "'': replay, backup or status is expected");
    q.verb_case = SONATA__REQUEST__VERB__NOT_SET;
    assert_int_equal(verb_find(&q, &verb, &err), -ENOSYS);
}

static void searches_are_found_where_the_row_says(void **state)
{
    (void)state;
    const struct verb *verb = NULL;
    struct sonata_error err = {{0}};
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__GetMeasurement get = SONATA__GET_MEASUREMENT__INIT;
    q.verb_case = SONATA__REQUEST__VERB_MEASUREMENT;
    q.measurement = &get;
    assert_int_equal(verb_find(&q, &verb, &err), 0);
    assert_ptr_equal(verb_search_field(verb, &q), &get.search); /* also while it is 0: a search must be named */
    Sonata__Submit submit = SONATA__SUBMIT__INIT;
    q.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    q.submit = &submit;
    assert_int_equal(verb_find(&q, &verb, &err), 0);
    assert_null(verb_search_field(verb, &q));
    submit.fork_of = 7;
    assert_ptr_equal(verb_search_field(verb, &q), &submit.fork_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_has_its_rows),
        cmocka_unit_test(actions_are_found_and_others_refused),
        cmocka_unit_test(searches_are_found_where_the_row_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
