/* The private master and worker of `sonata run`, as child processes around one state folder.
 *
 * State folder: lock (held while someone runs it), endpoint (the master's client port), master/ (the store), worker/ (spool), master.log, worker.log.
 */
#ifndef SONATA_CLI_SERVERS_H
#define SONATA_CLI_SERVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct servers;

struct servers_config {
    const char *state;             /* folder; made when absent */
    bool worker;                   /* also a worker for this host */
    unsigned n_boards;
    const char *const *board;      /* --board arguments of the worker; none: this host */
};

/* Runs `sonata-worker --check-config` with these boards: -EINVAL with the worker's own words when it would not start. */
int servers_check_worker(const struct servers_config *config, struct sonata_error *err) SONATA_MUST_CHECK;
/* Makes and locks the folder; nothing runs yet. -EBUSY: another process runs this folder. */
int servers_lock(const char *state, struct servers **ret_servers, struct sonata_error *err) SONATA_MUST_CHECK;
/* Starts the programs. They are found beside this executable, else in $PATH, and get SIGTERM when this process dies. */
int servers_run(struct servers *s, const struct servers_config *config, struct sonata_error *err) SONATA_MUST_CHECK;
/* For commands with --state: uses the master that runs there, or starts one for as long as the handle lives. -ENOENT: not a state folder. */
int servers_attach(const char *state, struct servers **ret_servers, struct sonata_error *err) SONATA_MUST_CHECK;
/* Restarts what died, with growing pauses. Call a few times a second. *ret_event is a line for people, or NULL. -ECHILD: a program dies again
 * and again; err holds the end of its log. */
int servers_poll(struct servers *s, const char **ret_event, struct sonata_error *err) SONATA_MUST_CHECK;
/* Endpoint of the client port. */
const char *servers_endpoint(const struct servers *s);
/* Orderly end: SIGTERM, up to 15 s of patience, then SIGKILL; releases the lock and frees. NULL is fine. */
void servers_stop(struct servers *s);

#endif
