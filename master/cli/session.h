/* A conversation with a master: one request, one answer, safe to repeat. */
#ifndef SONATA_CLI_SESSION_H
#define SONATA_CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/cli.h"
#include "codec/codec.h"

struct session;

/* Connects (nothing is sent yet). */
int session_open(const char *endpoint, const struct cli_common *common, struct session **ret_session, struct sonata_error *err) SONATA_MUST_CHECK;
/* The server of --server, or the private master behind --state, which is started for the time of the session when it does not run. */
int session_open_common(const struct cli_common *common, struct session **ret_session, struct sonata_error *err) SONATA_MUST_CHECK;
/* Closes the connection; stops the private master when the session started it. NULL is allowed. */
void session_close(struct session *s);
#define cleanup_session __attribute__((cleanup(cleanup_session_pointer)))
/* For cleanup_session. */
void cleanup_session_pointer(struct session **s);

/* Called while waiting, a few times a second; non-zero (a negative errno) ends the wait with that code. */
void session_on_wait(struct session *s, int (*callback)(void *user), void *user);
/* How long requests wait for an answer from now on, in nanoseconds. */
void session_set_patience(struct session *s, int64_t patience_ns);

/* Sends the request (with a fresh random id unless it has one), repeats it every 2 s with the same id, and waits for its answer. *ret_reply is the
 * whole envelope: free with envelope_free(); the answer is (*ret_reply)->reply. A negative code of the answer is returned with its text in err.
 * -ETIMEDOUT: no master answers. */
int session_call(struct session *s, Sonata__Request *request, Sonata__Envelope **ret_reply, struct sonata_error *err) SONATA_MUST_CHECK;

/* The same for a list, page after page (codec.h, pages_next): the answer is the whole list. The request holds where the last page began. */
int session_call_all(struct session *s, Sonata__Request *request, Sonata__Envelope **ret_reply, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same for a question that the master may hold back for so long. */
int session_call_held(struct session *s, Sonata__Request *request, int64_t held_ns, Sonata__Envelope **ret_reply,
                      struct sonata_error *err) SONATA_MUST_CHECK;

/* Uploads bytes in chunks unless the master has them. */
int session_put_blob(struct session *s, const uint8_t hash[32], const void *data, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;
/* Id of the search called `text` (an id; TEAM/NUMBER; or a name: the newest of that name). NULL: the only, else the newest search. -ENOENT lists what
 * there is. */
int session_find_search(struct session *s, const char *text, uint64_t *ret_id, struct sonata_error *err) SONATA_MUST_CHECK;
/* A submission that starts with the results of search `of`. */
int session_fork(struct session *s, uint64_t of, const struct search_spec *spec, uint64_t *ret_id, struct sonata_error *err) SONATA_MUST_CHECK;
/* Submits; request_id (16 bytes) makes it repeatable, NULL: random. */
int session_submit(struct session *s, const struct search_spec *spec, const uint8_t *request_id, uint64_t *ret_id,
                   struct sonata_error *err) SONATA_MUST_CHECK;
/* Measures again what failed for the cause; *ret_n individuals, with *ret_more so far. */
int session_retry(struct session *s, uint64_t search, const char *cause, uint32_t *ret_n, bool *ret_more, struct sonata_error *err) SONATA_MUST_CHECK;
/* pause, resume, cancel, extend (by `evaluations`), priority (`priority`). */
int session_control(struct session *s, uint64_t search, const char *action, uint32_t evaluations, int32_t priority,
                    struct sonata_error *err) SONATA_MUST_CHECK;

#endif
