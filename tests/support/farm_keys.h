/* Teams and keys of a table farm whose master runs with CURVE. */
#ifndef SONATA_TESTS_SUPPORT_FARM_KEYS_H
#define SONATA_TESTS_SUPPORT_FARM_KEYS_H

#include "net/keyfile.h"
#include "net/net.h"
#include "support/table_farm.h"

struct farm_key {
    struct keyfile keys;
    char path[160];
    struct net_security security; /* of keys, for client_use_keys() and net_connect() */
};

/* Sets f->security and starts the master; when it answers, its first admin's key. Aborts the test program on failure, as all here. */
void farm_keys_start(struct table_farm *f, struct farm_key *ret_admin);
/* The same of a master that was started otherwise, with CURVE and its state in FOLDER/master. */
void farm_keys_admin(struct table_farm *f, struct farm_key *ret_admin);
/* With the admin's key: */
void farm_keys_team(struct table_farm *f, const struct farm_key *admin, const char *team, bool share);
/* role: worker, team (then `team` is given) or admin. Written to FOLDER/LABEL.key. */
void farm_keys_new(struct table_farm *f, const struct farm_key *admin, const char *role, const char *team, const char *label, struct farm_key *ret_key);
void farm_keys_revoke(struct table_farm *f, const struct farm_key *admin, const char *label);

#endif
