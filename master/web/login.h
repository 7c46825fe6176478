/* Who may in: a token (for programs, and to log in by hand), codes that work once (links), and sessions of browsers (cookies).
 *
 * Secrets are 32 random bytes; only their hashes are kept and compared. A session begun with a token of the master keeps that, in memory, to present
 * it. Addresses that guess are slowed down. */
#ifndef SONATA_WEB_LOGIN_H
#define SONATA_WEB_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/token.h"

enum { LOGIN_SECRET_TEXT = 80 };

struct login;

/* token_file "": no token. -EPERM: others may read the file. Made when absent. */
int login_open(const char *token_file, int64_t session_ns, struct login **ret_login, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees it with all it holds; NULL is allowed. */
void login_free(struct login *l);

/* A new code that works once until now + lifetime. */
void login_new_code(struct login *l, int64_t now_ns, int64_t lifetime_ns, char ret_code[LOGIN_SECRET_TEXT]);
/* Takes a code or the token and begins a session. 0, -EACCES (wrong or used up), -EAGAIN: this address guesses too often, *ret_wait_s says how long.
 */
int login_enter(struct login *l, int64_t now_ns, const char *address, const char *secret, char ret_session[LOGIN_SECRET_TEXT], unsigned *ret_wait_s);
/* Begins a session with the rights of a token of the master. */
void login_begin(struct login *l, int64_t now_ns, const char *token, char ret_session[LOGIN_SECRET_TEXT]);
/* For secrets that the master has to look at: 0, or -EAGAIN as above; a wrong one is told afterwards (login_failed()). */
int login_may_try(struct login *l, int64_t now_ns, const char *address, unsigned *ret_wait_s);
/* The master said that what came from this address is wrong. */
void login_failed(struct login *l, int64_t now_ns, const char *address);
/* Whether a session lives, and with which token ("": our key's own rights). */
bool login_session(struct login *l, int64_t now_ns, const char *session, char ret_token[TOKEN_TEXT]);
/* 0, -EACCES (wrong), -EAGAIN: this address guesses too often, *ret_wait_s says how long. */
int login_token(struct login *l, int64_t now_ns, const char *address, const char *token, unsigned *ret_wait_s);
/* Ends a session; nothing when there is none such. */
void login_leave(struct login *l, const char *session);

#endif
