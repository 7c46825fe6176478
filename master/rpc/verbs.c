/* See verbs.h. */
#include "rpc/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VERB(name) SONATA__REQUEST__VERB_##name
#define FIELD(type, field) offsetof(Sonata__##type, field)

static int ping(struct rpc_call *call)
{
    (void)call;
    return 0;
}

static const struct verb table[] = {
    {VERB(SUBMIT), NULL, RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_SEARCH_OR_NONE, FIELD(Submit, fork_of), client_submit, audit_submit},
    {VERB(LIST), NULL, RIGHT_CLIENTS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_list, NULL},
    {VERB(SHOW), NULL, RIGHT_CLIENTS, EFFECT_READS, NAMES_SEARCH, FIELD(ShowSearch, search), client_show, NULL},
    {VERB(INDIVIDUALS), NULL, RIGHT_CLIENTS, EFFECT_READS, NAMES_SEARCH, FIELD(GetIndividuals, search), client_individuals, NULL},
    {VERB(MEASUREMENT), NULL, RIGHT_CLIENTS, EFFECT_READS, NAMES_SEARCH, FIELD(GetMeasurement, search), client_measurement, NULL},
    {VERB(INSIGHT), NULL, RIGHT_CLIENTS, EFFECT_READS, NAMES_SEARCH, FIELD(GetInsight, search), client_insight, NULL},
    {VERB(CONTROL), "pause", RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_control},
    {VERB(CONTROL), "resume", RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_control},
    {VERB(CONTROL), "cancel", RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_control},
    {VERB(CONTROL), "extend", RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_control},
    {VERB(CONTROL), "priority", RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_priority, audit_control},
    {VERB(CONTROL), "retry", RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_retry, audit_control},
    {VERB(BOARDS), NULL, RIGHT_CLIENTS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_boards, NULL},
    {VERB(BOARD_CONTROL), "drain", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board},
    {VERB(BOARD_CONTROL), "quarantine", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board},
    {VERB(BOARD_CONTROL), "recalibrate", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board},
    {VERB(BOARD_CONTROL), "power-cycle", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board},
    {VERB(BOARD_CONTROL), "release", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board},
    {VERB(BOARD_CONTROL), "retire", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board},
    {VERB(BOARD_CONTROL), "invalidate", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_invalidate, audit_board},
    {VERB(BOARD_CONTROL), "disown", RIGHT_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_disown, audit_board},
    {VERB(BOARD_HISTORY), NULL, RIGHT_ADMINS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_board_history, NULL},
    {VERB(PUT_BLOB), NULL, RIGHT_CLIENTS, EFFECT_UPLOADS, NAMES_NO_SEARCH, 0, client_put_blob, NULL},
    {VERB(UPLOADS), "list", RIGHT_CLIENTS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_uploads_list, NULL},
    {VERB(UPLOADS), "remove", RIGHT_CLIENTS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_uploads_remove, audit_upload},
    {VERB(KEYS), "list", RIGHT_KEY_ADMINS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_keys_list, NULL},
    {VERB(KEYS), "add", RIGHT_KEY_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_keys_add, audit_by_handler},
    {VERB(KEYS), "revoke", RIGHT_KEY_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_keys_revoke, audit_by_handler},
    {VERB(KEYS), "release", RIGHT_KEY_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_keys_release, audit_by_handler},
    {VERB(TEAMS), "list", RIGHT_KEY_CLIENTS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_teams_list, NULL},
    {VERB(TEAMS), "set", RIGHT_KEY_ADMINS, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_teams_set, audit_by_handler},
    {VERB(AUDIT), NULL, RIGHT_KEY_ADMINS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_audit, NULL},
    {VERB(TASK), "replay", RIGHT_CLIENTS, EFFECT_READS, NAMES_SEARCH_OR_NONE, FIELD(Task, search), client_replay, NULL},
    {VERB(TASK), "backup", RIGHT_ADMINS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_backup, audit_backup},
    {VERB(TASK), "status", RIGHT_CLIENTS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_task_status, NULL},
    {VERB(PING), NULL, RIGHT_CLIENTS, EFFECT_READS, NAMES_NO_SEARCH, 0, ping, NULL},
};

enum { ROWS = sizeof table / sizeof *table };

const struct verb *verb_at(size_t index) { return index < ROWS ? &table[index] : NULL; }

/* Of the verbs that have one; "" otherwise. */
static const char *action_of(const Sonata__Request *q)
{
    switch (q->verb_case) {
    case VERB(CONTROL):
        return q->control->action;
    case VERB(BOARD_CONTROL):
        return q->board_control->action;
    case VERB(UPLOADS):
        return q->uploads->action;
    case VERB(KEYS):
        return q->keys->action;
    case VERB(TEAMS):
        return q->teams->action;
    case VERB(TASK):
        return q->task->action;
    default:
        return "";
    }
}

/* "'dance': list or set is expected" */
static int refuse_action(Sonata__Request__VerbCase verb, const char *action, struct sonata_error *err)
{
    char words[160] = "";
    size_t left = 0;
    for (size_t i = 0; i < ROWS; i++)
        left += table[i].verb == verb;
    for (size_t i = 0, used = 0; i < ROWS && used < sizeof words; i++) {
        if (table[i].verb != verb)
            continue;
        const char *behind = --left == 1 ? " or " : ", ";
        used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", table[i].action, left ? behind : "");
    }
    return sonata_error_set(err, -EINVAL, "'%.40s': %s is expected", action, words);
}

int verb_find(const Sonata__Request *q, const struct verb **ret_verb, struct sonata_error *err)
{
    bool known = false;
    const char *action = action_of(q);
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].verb != q->verb_case)
            continue;
        known = true;
        if (!table[i].action || !strcmp(table[i].action, action)) {
            *ret_verb = &table[i];
            return 0;
        }
    }
    return known ? refuse_action(q->verb_case, action, err) : sonata_error_set(err, -ENOSYS, "this master does not know that request: upgrade it");
}

uint64_t *verb_search_field(const struct verb *verb, Sonata__Request *q)
{
    if (verb->names == NAMES_NO_SEARCH)
        return NULL;
    uint64_t *field = (uint64_t *)(void *)((char *)q->submit + verb->search_offset); /* q->submit: any member of the union of pointers */
    return verb->names == NAMES_SEARCH_OR_NONE && !*field ? NULL : field;
}
