/* Model files between this machine and a master: up for `sonata measure`, down for the networks of a front. */
#ifndef SONATA_CLI_SESSION_MODEL_H
#define SONATA_CLI_SESSION_MODEL_H

#include "cli/session.h"

/* Uploads a file in chunks unless the master has it for the caller's team; its hash and size go into *ret_artefact. -EFBIG: larger than a model may
 * be; -EDQUOT, -ENOSPC: no room there. */
int session_put_model(struct session *s, const char *path, struct artefact *ret_artefact, struct sonata_error *err) SONATA_MUST_CHECK;
/* Writes the model of an individual to the file, whole and with the content that its hash says, or not at all. -ENOENT: it has none (any more). */
int session_get_model(struct session *s, uint64_t search, uint64_t individual, const char *path, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
