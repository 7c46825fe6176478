/* See farm_keys.h. */
#include "support/farm_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "support/client.h"

enum { ANSWER_MS = 20000 };

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    abort();
}

static void ask_or_die(struct table_farm *f, const struct farm_key *admin, Sonata__Request *q, const char *what)
{
    client_use_keys(&admin->security);
    Sonata__Reply *reply = client_ask(f->client, q, ANSWER_MS);
    if (!reply || reply->code)
        give_up(what, reply ? reply->text : "no answer");
    sonata__reply__free_unpacked(reply, NULL);
}

void farm_keys_admin(struct table_farm *f, struct farm_key *ret_admin)
{
    struct sonata_error err = {{0}};
    snprintf(ret_admin->path, sizeof ret_admin->path, "%s/master/admin.key", f->folder);
    for (int64_t end = clock_monotonic_ns() + ANSWER_MS * TEST_PATIENCE * SONATA_MS; !file_exists(ret_admin->path) && clock_monotonic_ns() < end;)
        clock_sleep_ns(20 * SONATA_MS);
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Ping ping = SONATA__PING__INIT;
    q.verb_case = SONATA__REQUEST__VERB_PING;
    q.ping = &ping;
    int r = -1;
    for (int i = 0; r && i < 100; i++) { /* the file is there before all of its text is */
        r = keyfile_read(ret_admin->path, &ret_admin->keys, &err);
        clock_sleep_ns(20 * SONATA_MS);
    }
    if (r)
        give_up(ret_admin->path, err.text);
    ret_admin->security = keyfile_security(&ret_admin->keys);
    ask_or_die(f, ret_admin, &q, "ping");
}

void farm_keys_start(struct table_farm *f, struct farm_key *ret_admin)
{
    f->security = "curve";
    table_farm_start_master(f);
    farm_keys_admin(f, ret_admin);
}

void farm_keys_team(struct table_farm *f, const struct farm_key *admin, const char *team, bool share)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Teams teams = SONATA__TEAMS__INIT;
    Sonata__TeamInfo info = SONATA__TEAM_INFO__INIT;
    teams.action = (char *)"set";
    teams.team = &info;
    info.name = (char *)(uintptr_t)team;
    info.weight = 1;
    info.share = share;
    q.verb_case = SONATA__REQUEST__VERB_TEAMS;
    q.teams = &teams;
    ask_or_die(f, admin, &q, team);
}

void farm_keys_new(struct table_farm *f, const struct farm_key *admin, const char *role, const char *team, const char *label, struct farm_key *ret_key)
{
    struct sonata_error err = {{0}};
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Keys keys = SONATA__KEYS__INIT;
    Sonata__KeyInfo info = SONATA__KEY_INFO__INIT;
    struct keyfile *k = &ret_key->keys;
    *ret_key = (struct farm_key){.path = ""};
    if (net_new_keys(k->public_key, k->secret_key))
        give_up(label, "no CURVE");
    copy_string(k->server_key, sizeof k->server_key, admin->keys.server_key);
    snprintf(ret_key->path, sizeof ret_key->path, "%s/%s.key", f->folder, label);
    if (keyfile_write(ret_key->path, label, k, &err))
        give_up(label, err.text);
    ret_key->security = keyfile_security(k);
    keys.action = (char *)"add";
    keys.key = &info;
    info.public_key = k->public_key;
    info.role = (char *)(uintptr_t)role;
    info.team = (char *)(uintptr_t)(team ? team : "");
    info.label = (char *)(uintptr_t)label;
    q.verb_case = SONATA__REQUEST__VERB_KEYS;
    q.keys = &keys;
    ask_or_die(f, admin, &q, label);
}

void farm_keys_revoke(struct table_farm *f, const struct farm_key *admin, const char *label)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Keys keys = SONATA__KEYS__INIT;
    keys.action = (char *)"revoke";
    keys.which = (char *)(uintptr_t)label;
    q.verb_case = SONATA__REQUEST__VERB_KEYS;
    q.keys = &keys;
    ask_or_die(f, admin, &q, label);
}
