/* Tokens: secrets that stand for a CURVE key, for a time and with less rights, for whoever cannot speak CURVE (browsers, programs over HTTP).
 *
 * The holder of a key makes the secret and sends its hash; the secret itself is neither stored nor logged. A token never may more than its key and is
 * refused as soon as that is revoked: both are looked up at every use. Changes become durable with the turn that made them. One thread. */
#ifndef SONATA_ACCESS_TOKENS_H
#define SONATA_ACCESS_TOKENS_H

#include "access/access.h"

enum { TOKENS_MAX = 20000, TOKENS_PER_KEY = 500, TOKEN_LIFE_DAYS_MAX = 366, TOKEN_ONCE_S_MAX = 900 };

struct tokens;

/* The word for it; NULL: not a scope. */
const char *token_scope_name(enum token_scope scope);
/* -EINVAL for another word. */
int token_scope_parse(const char *text, enum token_scope *ret_scope);

/* Loads them; both are borrowed. -EBADMSG: a damaged record. */
int tokens_open(struct access *access, struct store *store, struct tokens **ret_tokens, struct sonata_error *err) SONATA_MUST_CHECK;
/* NULL is fine. */
void tokens_free(struct tokens *t);

/* The token with that id whose secret has that hash (NULL: whatever it is), when it is in force: not expired, its key not revoked. NULL otherwise.
 * Borrowed until the next change. */
const struct token_record *tokens_find(const struct tokens *t, int64_t wall_ns, const uint8_t id[TOKEN_ID_SIZE], const uint8_t hash[32]);
/* Its key, which is in force; NULL: it is not. */
const struct access_key *tokens_key(const struct tokens *t, const struct token_record *token);
/* When it was used last, since the master started; 0: not. */
int64_t tokens_used(const struct tokens *t, const struct token_record *token);
/* It is being used now; kept in memory only. */
void tokens_note_use(struct tokens *t, const struct token_record *token, int64_t wall_ns);

/* Makes one for the key token->public_key. -EINVAL: a life of none or of more than a year (15 minutes when it works once); -EEXIST; -EUSERS: too
 * many. */
int tokens_add(struct tokens *t, int64_t wall_ns, const char *actor, const struct token_record *token, struct sonata_error *err) SONATA_MUST_CHECK;
/* A code that works once becomes `session`: a token of the same key and rights, which ends with session->expires_wall_ns. Other errors as above. */
int tokens_enter(struct tokens *t, int64_t wall_ns, const char *actor, const struct token_record *code, const struct token_record *session,
                 struct sonata_error *err) SONATA_MUST_CHECK;
/* `which`: 6 or more digits of the id, or the label. team: whose keys' tokens may be taken away, NULL: everybody's. -ENOENT; -EEXIST: several. */
int tokens_revoke(struct tokens *t, int64_t wall_ns, const char *actor, const char *which, const char *team,
                  struct sonata_error *err) SONATA_MUST_CHECK;

/* How many there are, also expired ones. */
uint32_t tokens_count(const struct tokens *t);
/* By index; borrowed until the next change. NULL behind the last. */
const struct token_record *tokens_at(const struct tokens *t, uint32_t index);

#endif
