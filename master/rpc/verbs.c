/* See verbs.h. */
#include "rpc/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VERB(name) SONATA__REQUEST__VERB_##name
#define FIELD(type, field) offsetof(Sonata__##type, field)

static const struct verb table[] = {
    {VERB(SUBMIT), NULL, RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH_OR_NONE, FIELD(Submit, fork_of), client_submit, audit_submit, 0},
    {VERB(LIST), NULL, RIGHT_CLIENTS, BY_ALL, EFFECT_READS, NAMES_NO_SEARCH, 0, client_list, NULL, 0},
    {VERB(SHOW), NULL, RIGHT_CLIENTS, BY_SEARCH, EFFECT_READS, NAMES_SEARCH, FIELD(ShowSearch, search), client_show, NULL, 0},
    {VERB(WATCH), NULL, RIGHT_CLIENTS, BY_SEARCH, EFFECT_READS, NAMES_NO_SEARCH, 0, client_watch, NULL, 0},
    {VERB(INDIVIDUALS), NULL, RIGHT_CLIENTS, BY_SEARCH, EFFECT_READS, NAMES_SEARCH, FIELD(GetIndividuals, search), client_individuals, NULL, 0},
    {VERB(MEASUREMENT), NULL, RIGHT_CLIENTS, BY_SEARCH, EFFECT_READS, NAMES_SEARCH, FIELD(GetMeasurement, search), client_measurement, NULL, 0},
    {VERB(INSIGHT), NULL, RIGHT_CLIENTS, BY_SEARCH, EFFECT_READS, NAMES_SEARCH, FIELD(GetInsight, search), client_insight, NULL, 0},
    {VERB(ARTEFACT), NULL, RIGHT_CLIENTS, BY_READ, EFFECT_READS, NAMES_SEARCH, FIELD(GetArtefact, search), client_artefact, NULL, 0},
    {VERB(CONTROL), "pause", RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_control,
     ENGINE_PAUSE},
    {VERB(CONTROL), "resume", RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_control,
     ENGINE_RESUME},
    {VERB(CONTROL), "cancel", RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_control,
     ENGINE_CANCEL},
    {VERB(CONTROL), "extend", RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_control, audit_extend,
     ENGINE_EXTEND},
    {VERB(CONTROL), "priority", RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_priority, audit_priority, 0},
    {VERB(CONTROL), "retry", RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH, FIELD(Control, search), client_retry, audit_control, 0},
    {VERB(BOARDS), NULL, RIGHT_CLIENTS, BY_METRICS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_boards, NULL, 0},
    {VERB(BOARD_CONTROL), "drain", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board, BOARD_ORDER_DRAIN},
    {VERB(BOARD_CONTROL), "quarantine", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board,
     BOARD_ORDER_QUARANTINE},
    {VERB(BOARD_CONTROL), "recalibrate", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board,
     BOARD_ORDER_RECALIBRATE},
    {VERB(BOARD_CONTROL), "power-cycle", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board,
     BOARD_ORDER_POWER_CYCLE},
    {VERB(BOARD_CONTROL), "release", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board,
     BOARD_ORDER_RELEASE},
    {VERB(BOARD_CONTROL), "retire", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_control, audit_board,
     BOARD_ORDER_RETIRE},
    {VERB(BOARD_CONTROL), "invalidate", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_invalidate, audit_board, 0},
    {VERB(BOARD_CONTROL), "disown", RIGHT_ADMINS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_board_disown, audit_board, 0},
    {VERB(BOARD_HISTORY), NULL, RIGHT_ADMINS, BY_READ, EFFECT_READS, NAMES_NO_SEARCH, 0, client_board_history, NULL, 0},
    {VERB(PUT_BLOB), NULL, RIGHT_CLIENTS, BY_WRITE, EFFECT_UPLOADS, NAMES_NO_SEARCH, 0, client_put_blob, NULL, 0},
    {VERB(UPLOADS), "list", RIGHT_CLIENTS, BY_READ, EFFECT_READS, NAMES_NO_SEARCH, 0, client_uploads_list, NULL, 0},
    {VERB(UPLOADS), "remove", RIGHT_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_uploads_remove, audit_upload, 0},
    {VERB(KEYS), "list", RIGHT_KEY_ADMINS, BY_READ, EFFECT_READS, NAMES_NO_SEARCH, 0, client_keys_list, NULL, 0},
    {VERB(KEYS), "add", RIGHT_KEY_ADMINS, BY_KEY, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_keys_add, audit_by_handler, 0},
    {VERB(KEYS), "revoke", RIGHT_KEY_ADMINS, BY_KEY, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_keys_revoke, audit_by_handler, 0},
    {VERB(KEYS), "release", RIGHT_KEY_ADMINS, BY_KEY, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_keys_release, audit_by_handler, 0},
    {VERB(TEAMS), "list", RIGHT_KEY_CLIENTS, BY_METRICS, EFFECT_READS, NAMES_NO_SEARCH, 0, client_teams_list, NULL, 0},
    {VERB(TEAMS), "set", RIGHT_KEY_ADMINS, BY_KEY, EFFECT_CHANGES, NAMES_NO_SEARCH, 0, client_teams_set, audit_by_handler, 0},
    {VERB(TOKENS), "list", RIGHT_KEY_CLIENTS, BY_READ, EFFECT_READS, NAMES_SEARCH_OR_NONE, FIELD(Tokens, search), client_tokens_list, NULL, 0},
    {VERB(TOKENS), "new", RIGHT_KEY_CLIENTS, BY_KEY, EFFECT_CHANGES, NAMES_SEARCH_OR_NONE, FIELD(Tokens, search), client_tokens_new, audit_by_handler,
     0},
    {VERB(TOKENS), "revoke", RIGHT_KEY_CLIENTS, BY_WRITE, EFFECT_CHANGES, NAMES_SEARCH_OR_NONE, FIELD(Tokens, search), client_tokens_revoke,
     audit_by_handler, 0},
    {VERB(TOKENS), "enter", RIGHT_KEY_CLIENTS, BY_ALL, EFFECT_CHANGES, NAMES_SEARCH_OR_NONE, FIELD(Tokens, search), client_tokens_enter,
     audit_by_handler, 0},
    {VERB(AUDIT), NULL, RIGHT_KEY_ADMINS, BY_READ, EFFECT_READS, NAMES_NO_SEARCH, 0, client_audit, NULL, 0},
    {VERB(TASK), "replay", RIGHT_CLIENTS, BY_WRITE, EFFECT_READS, NAMES_SEARCH_OR_NONE, FIELD(Task, search), client_replay, NULL, 0},
    {VERB(TASK), "backup", RIGHT_ADMINS, BY_WRITE, EFFECT_READS, NAMES_NO_SEARCH, 0, client_backup, audit_backup, 0},
    {VERB(TASK), "status", RIGHT_CLIENTS, BY_READ, EFFECT_READS, NAMES_NO_SEARCH, 0, client_task_status, NULL, 0},
    {VERB(PING), NULL, RIGHT_CLIENTS, BY_ALL, EFFECT_READS, NAMES_NO_SEARCH, 0, client_ping, NULL, 0},
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
    case VERB(TOKENS):
        return q->tokens->action;
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
