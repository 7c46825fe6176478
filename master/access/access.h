/* Who may do what: teams, keys and roles, and the log of every change.
 *
 * The allow-list lives in the store and, whole, in memory. A connection is known by its CURVE public key; each message looks the key up
 * again, so a revoked key is refused at once, on open connections too. Changes become durable with the turn that made them. One thread. */
#ifndef SONATA_ACCESS_ACCESS_H
#define SONATA_ACCESS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/record_team.h"
#include "store/store.h"

/* "worker", "team", "admin"; NULL when it is no role. */
const char *access_role_name(enum access_role role);
/* -EINVAL for another word. */
int access_role_parse(const char *text, enum access_role *ret_role);

enum { ACCESS_TEAMS_MAX = 1000, ACCESS_KEYS_MAX = 20000 };

struct access;
/* Loads the lists. The store is borrowed. -EBADMSG on a damaged record. */
int access_new(struct store *store, struct access **ret_access, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees it with all it holds; NULL is allowed. */
void access_free(struct access *a);

/* ZAP decision: whether the key may connect to the port ("worker": role worker; "client": the others). */
bool access_may_connect(const struct access *a, const char *domain, const char *public_key);
/* The key in force, or NULL when it is unknown or revoked; borrowed until the next change. */
const struct access_key *access_who(const struct access *a, const char *public_key);

/* Changes; `actor` (a key's label, "bootstrap", …) goes to the audit log with them. */
/* Creates or changes a team. -EINVAL: name of letters, digits, '-', '_', '.', or a limit that makes no sense. */
int access_set_team(struct access *a, int64_t wall_ns, const char *actor, const struct team *team, struct sonata_error *err) SONATA_MUST_CHECK;
/* -EEXIST: the key is known (also a revoked one). -ENOENT: no such team. -EINVAL: not a public key. */
int access_add_key(struct access *a, int64_t wall_ns, const char *actor, const struct access_key *key, struct sonata_error *err) SONATA_MUST_CHECK;
/* `which` is a public key, the first 8 or more characters of one, or a label; -ENOENT, -EEXIST when several match, -EALREADY. -EPERM: it is the
 * last admin key. */
int access_revoke_key(struct access *a, int64_t wall_ns, const char *actor, const char *which, struct sonata_error *err) SONATA_MUST_CHECK;
/* Adds an entry to the audit log, in the transaction of the turn. */
void access_audit(struct access *a, int64_t wall_ns, const char *actor, const char *text);

/* NULL: no such team. */
const struct team *access_team(const struct access *a, const char *name);
/* How many teams there are. */
uint32_t access_team_count(const struct access *a);
/* The team at an index, in no order, NULL beyond the last; valid until the next change. */
const struct team *access_team_at(const struct access *a, uint32_t index);
/* How many keys there are, revoked ones included. */
uint32_t access_key_count(const struct access *a);
/* The key at an index, in no order, NULL beyond the last; valid until the next change. */
const struct access_key *access_key_at(const struct access *a, uint32_t index);

/* The newest n committed entries before that number (0: of all), oldest first; returns how many. Their numbers count from 0. */
uint32_t access_read_audit(const struct access *a, uint64_t before, struct audit_entry *ret_entries, uint32_t n);

#endif
