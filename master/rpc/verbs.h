/* What clients may ask: one row for each verb, or each action of a verb, with everything that holds for it. */
#ifndef SONATA_RPC_VERBS_H
#define SONATA_RPC_VERBS_H

#include <stddef.h>

#include "rpc/call.h"

/* Every enum begins with a value that refuses the request: a cell left out of a row gives no right. */
enum verb_right {
    RIGHT_UNSET,
    RIGHT_CLIENTS,     /* team and admin keys; everybody on a master without keys */
    RIGHT_ADMINS,      /* admin keys; everybody on a master without keys */
    RIGHT_KEY_CLIENTS, /* the same two, on a master with keys only: it is about them */
    RIGHT_KEY_ADMINS,
    RIGHT_COUNT
};

/* Sets of scopes. */
enum verb_scopes {
    BY_UNSET,
    BY_WRITE = 1 << SCOPE_WRITE,
    BY_READ = BY_WRITE | 1 << SCOPE_READ,
    BY_SEARCH = BY_READ | 1 << SCOPE_SEARCH,
    BY_METRICS = BY_READ | 1 << SCOPE_METRICS,
    BY_ALL = BY_SEARCH | BY_METRICS,
    BY_KEY = 1 << SCOPE_COUNT /* no token */
};

enum verb_effect {
    EFFECT_UNSET,
    EFFECT_READS,   /* leaves no record of its own */
    EFFECT_CHANGES, /* the reply is remembered with the change, so that asked again it does not happen twice; counts as a change */
    EFFECT_UPLOADS, /* a chunk; the first of an upload counts as a change */
    EFFECT_COUNT
};

/* What the field of the verb's message that names a search means. */
enum verb_names {
    NAMES_UNSET,
    NAMES_NO_SEARCH,      /* there is no such field, or it says nothing */
    NAMES_SEARCH,         /* it must name one the caller may see */
    NAMES_SEARCH_OR_NONE, /* the same, unless it is 0 */
    NAMES_COUNT
};

struct verb {
    Sonata__Request__VerbCase verb;
    const char *action; /* value of the verb's field `action`; NULL: the verb has none */
    enum verb_right who;
    unsigned scopes; /* tokens of which scopes may it: bits of 1 << enum token_scope; BY_KEY: none */
    enum verb_effect effect;
    enum verb_names names;
    size_t search_offset; /* in the verb's message */
    /* Fills the reply; 0, or a negative code with the reason in the reply's err. */
    int (*run)(struct rpc_call *call);
    /* What was done, for the audit log of a master with keys; ids in request and reply, not numbers. NULL: nothing to tell (never of a change). */
    void (*audit)(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
    int what; /* the action as the handler's enum: enum engine_action, enum board_order; 0 otherwise */
};

/* The row of a request. -ENOSYS: the verb is not known; -EINVAL: its action is not, err lists those that are. */
int verb_find(const Sonata__Request *q, const struct verb **ret_verb, struct sonata_error *err) SONATA_MUST_CHECK;
/* The row by index, for tests; NULL behind the last. */
const struct verb *verb_at(size_t index);
/* Where the request names a search; NULL: it does not. */
uint64_t *verb_search_field(const struct verb *verb, Sonata__Request *q);

/* The handlers, by file. Each reads call->request and fills call->reply; 0, or -errno with the reason in the reply.
 * client_searches.c: a search is submitted; all are listed, one is shown. */
int client_submit(struct rpc_call *call);
int client_list(struct rpc_call *call);
int client_show(struct rpc_call *call);
/* Status of a search as clients are shown it. */
Sonata__SearchStatus *client_status_message(struct rpc *rpc, const struct rpc_caller *caller, const struct search_record *s);
/* A page of the individuals of a search. */
int client_individuals(struct rpc_call *call);
/* Pauses, resumes, cancels or extends a search. */
int client_control(struct rpc_call *call);
/* Changes the priority of a search. */
int client_priority(struct rpc_call *call);
/* Measures individuals of a search again. */
int client_retry(struct rpc_call *call);
/* The raw measurements of one individual. */
int client_measurement(struct rpc_call *call);
/* client_ping.c: the master's version, time and state. */
int client_ping(struct rpc_call *call);
/* client_watch.c: what changed since a commit, answered when something did. */
int client_watch(struct rpc_call *call);
/* client_insight.c: what the models of a search learned. */
int client_insight(struct rpc_call *call);
/* client_boards.c: boards as they are, orders to them, results of theirs taken back, a key's claim that ends. */
int client_boards(struct rpc_call *call);
int client_board_control(struct rpc_call *call);
int client_board_invalidate(struct rpc_call *call);
int client_board_disown(struct rpc_call *call);
/* The reason that a person gave, on one line. -EINVAL: longer than fits. */
int client_order_reason(const char *text, char ret_reason[REASON_MAX], struct sonata_error *err) SONATA_MUST_CHECK;
/* What a board did and what happened to it, a page of it. */
int client_board_history(struct rpc_call *call);
/* client_access.c: keys and teams, listed and changed; names of workers released. */
int client_keys_list(struct rpc_call *call);
int client_keys_add(struct rpc_call *call);
int client_keys_revoke(struct rpc_call *call);
int client_keys_release(struct rpc_call *call);
int client_teams_list(struct rpc_call *call);
int client_teams_set(struct rpc_call *call);
/* client_audit.c: entries of the audit log. */
int client_audit(struct rpc_call *call);
/* "search NAME submitted …", also of a fork. */
void audit_submit(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* The action, what it was done to, and why when an administrator said so. */
void audit_control(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* The new priority and the search. */
void audit_priority(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* How many evaluations were added, and to which search. */
void audit_extend(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* The action, the board and the reason. */
void audit_board(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* Which upload was removed. */
void audit_upload(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* Where the backup went. */
void audit_backup(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* The handler's part: it knows more, such as which key was found. Leaves the text empty. */
void audit_by_handler(const struct rpc_call *call, char text[AUDIT_TEXT_MAX]);
/* client_tokens.c: listed, made, revoked, used up. */
int client_tokens_list(struct rpc_call *call);
int client_tokens_new(struct rpc_call *call);
int client_tokens_revoke(struct rpc_call *call);
int client_tokens_enter(struct rpc_call *call);
/* client_blob.c: content uploaded in parts, listed, removed. */
int client_put_blob(struct rpc_call *call);
int client_uploads_list(struct rpc_call *call);
int client_uploads_remove(struct rpc_call *call);
/* client_artefact.c */
/* The part of client_put_blob() for model files. */
int client_put_artefact(struct rpc_call *call);
int client_artefact(struct rpc_call *call);
/* client_task.c: replay and backup begin; what a task is at. */
int client_replay(struct rpc_call *call);
int client_backup(struct rpc_call *call);
int client_task_status(struct rpc_call *call);

#endif
