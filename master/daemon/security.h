/* Keys of the master: its own pair, the first admin's, and the list of everybody else's. */
#ifndef SONATA_DAEMON_SECURITY_H
#define SONATA_DAEMON_SECURITY_H

#include "access/access.h"
#include "daemon/settings.h"
#include "net/keyfile.h"

struct security {
    struct access *access;     /* NULL: no keys */
    struct keyfile server;
    struct net_security keys;  /* borrows from server */
};

/* With curve: reads STATE/server.key or makes it; on a store without any admin key makes one and writes it to STATE/admin.key (mode 0600, with the
 * server's public key) for a person to pick up. Logs the server's public key. `s` must stay where it is. */
int security_open(struct security *s, const struct settings *settings, struct store *store, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees the lists; the server's key stays in *s. */
void security_close(struct security *s);

#endif
