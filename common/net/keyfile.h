/* Key files: CURVE keys as `name: value` lines, mode 0600 when they hold a secret.
 *
 *     # SONATA key of vision (team), 2026-01-31
 *     server: …40 characters…      the master's public key
 *     public: …
 *     secret: … */
#ifndef SONATA_NET_KEYFILE_H
#define SONATA_NET_KEYFILE_H

#include <stdbool.h>

#include "base/error.h"
#include "net/net.h"

struct keyfile {
    char server_key[41], public_key[41], secret_key[41]; /* "" when absent */
};

/* -EINVAL names the line that is wrong; -EPERM: others may read a file with a secret (chmod 600). */
int keyfile_read(const char *path, struct keyfile *ret_keys, struct sonata_error *err) SONATA_MUST_CHECK;
/* Path of a credential that the service manager gave this process (systemd.exec(5), LoadCredential=). Such a file may be readable by its group: the
 * folder is the process's own. false: there is none of that name. */
bool keyfile_credential(const char *name, char *path, size_t size);
/* The same of a text in memory, without the look at the file's mode; `name` is what errors call it. */
int keyfile_parse(const char *name, const void *text, size_t n, struct keyfile *ret_keys, struct sonata_error *err) SONATA_MUST_CHECK;
/* Writes atomically with mode 0600; `comment` is one line. -EEXIST when the file is there: a key is never overwritten. */
int keyfile_write(const char *path, const char *comment, const struct keyfile *keys, struct sonata_error *err) SONATA_MUST_CHECK;
/* The keys as socket security (borrowed). */
struct net_security keyfile_security(const struct keyfile *keys);

#endif
