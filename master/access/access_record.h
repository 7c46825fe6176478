/* Bytes of teams, keys, names of workers and audit entries in the store: version u8, then the fields in order. Decoders are bounded: -EBADMSG. */
#ifndef SONATA_ACCESS_RECORD_H
#define SONATA_ACCESS_RECORD_H

#include "access/access.h"
#include "base/bytes.h"
#include "store/record.h"

void team_encode(const struct team *t, struct bytes *out);
int team_decode(const void *p, size_t n, struct team *ret_team) SONATA_MUST_CHECK;
void key_encode(const struct access_key *k, struct bytes *out);
int key_decode(const void *p, size_t n, struct access_key *ret_key) SONATA_MUST_CHECK;
void audit_encode(const struct audit_entry *e, struct bytes *out);
int audit_decode(const void *p, size_t n, struct audit_entry *ret_entry) SONATA_MUST_CHECK;

/* The name of a worker belongs to a key. */
struct worker_name {
    char name[WORKER_NAME_MAX], public_key[KEY_TEXT_MAX];
    int64_t since_wall_ns;
};
void worker_name_encode(const struct worker_name *w, struct bytes *out);
int worker_name_decode(const void *p, size_t n, struct worker_name *ret_name) SONATA_MUST_CHECK;

#endif
