/* Waiting for a search to change without asking again and again: the master holds the answer back until there is one (verb Watch). */
#ifndef SONATA_CLI_SESSION_WATCH_H
#define SONATA_CLI_SESSION_WATCH_H

#include "cli/session.h"

/* What was seen already; zeroed: nothing. */
struct watcher {
    uint64_t since;  /* commit of the last answer */
    bool old_master; /* it does not know the verb */
};

/* Returns 0 when the search changed since the last call, or when wait_ns (to 2 s) passed without; a master that cannot say is slept through. Errors
 * as session_call(). */
int session_watch(struct session *s, struct watcher *w, uint64_t search, int64_t wait_ns, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
