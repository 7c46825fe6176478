/* See access.h. The lists are arrays in memory, the keys also found by a map, since every message looks its key up; every change writes one record
 * and one audit entry into the store's turn. */
#include "access/access.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"

struct access {
    struct store *store;
    struct team *team;
    struct access_key *key;
    size_t n_teams, n_keys, team_capacity, key_capacity;
    struct map key_place; /* hash64 of the public key → its place in `key`, from 1 */
    uint64_t next_audit;
};

static const char *const role_name[ACCESS_ROLE_COUNT] = {"worker", "team", "admin", "web"};

const char *access_role_name(enum access_role role) { return (unsigned)role < ACCESS_ROLE_COUNT ? role_name[role] : NULL; }

int access_role_parse(const char *text, enum access_role *ret_role)
{
    for (int i = 0; i < ACCESS_ROLE_COUNT; i++) {
        if (!strcmp(text, role_name[i])) {
            *ret_role = (enum access_role)i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Loading: a damaged record stops it, for a missing team or key must not pass unseen. */
struct loading {
    struct access *access;
    int rc;
};

static bool load_team(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    (void)key, (void)n_key;
    struct loading *l = user;
    struct access *a = l->access;
    a->team = xgrow(a->team, &a->team_capacity, a->n_teams + 1, sizeof *a->team);
    l->rc = team_decode(value, n_value, &a->team[a->n_teams]);
    a->n_teams += !l->rc;
    return !l->rc;
}

/* Counts the key behind the last one in, and where it is. */
static void note_place(struct access *a)
{
    uint64_t hash = hash64_text(a->key[a->n_keys].public_key);
    map_set(&a->key_place, hash, (void *)(uintptr_t)++a->n_keys);
}

static bool load_key(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    (void)key, (void)n_key;
    struct loading *l = user;
    struct access *a = l->access;
    a->key = xgrow(a->key, &a->key_capacity, a->n_keys + 1, sizeof *a->key);
    l->rc = key_decode(value, n_value, &a->key[a->n_keys]);
    if (!l->rc)
        note_place(a);
    return !l->rc;
}

int access_new(struct store *store, struct access **ret_access, struct sonata_error *err)
{
    struct access *a = xcalloc(1, sizeof *a);
    a->store = store;
    a->next_audit = store_counter(store, "audit");
    struct loading l = {.access = a};
    int rc = store_scan(store, STORE_TEAM, (struct store_key){0}, 0, load_team, &l);
    if (!rc && !l.rc)
        rc = store_scan(store, STORE_KEY, (struct store_key){0}, 0, load_key, &l);
    if (!rc)
        rc = l.rc;
    if (rc) {
        access_free(a);
        return sonata_error_set(err, rc, "the list of teams and keys cannot be read: %s", strerror(-rc));
    }
    *ret_access = a;
    return 0;
}

void access_free(struct access *a)
{
    if (!a)
        return;
    free(a->team);
    free(a->key);
    map_fini(&a->key_place);
    free(a);
}

/* Of several keys of one hash the map has the last, the others are found by looking through all. */
static struct access_key *find_key(const struct access *a, const char *public_key)
{
    uintptr_t place = (uintptr_t)map_get(&a->key_place, hash64_text(public_key));
    if (!place || !strcmp(a->key[place - 1].public_key, public_key))
        return place ? &a->key[place - 1] : NULL;
    for (size_t i = 0; i < a->n_keys; i++) {
        if (!strcmp(a->key[i].public_key, public_key))
            return &a->key[i];
    }
    return NULL;
}

const struct access_key *access_who(const struct access *a, const char *public_key)
{
    const struct access_key *k = find_key(a, public_key);
    return k && !k->revoked_wall_ns ? k : NULL;
}

bool access_may_connect(const struct access *a, const char *domain, const char *public_key)
{
    const struct access_key *k = access_who(a, public_key);
    if (!k)
        return false;
    return !strcmp(domain, "worker") ? k->role == ACCESS_WORKER : !strcmp(domain, "client") && k->role != ACCESS_WORKER;
}

void access_audit(struct access *a, int64_t wall_ns, const char *actor, const char *text)
{
    struct audit_entry e = {.id = a->next_audit++, .wall_ns = wall_ns};
    copy_string(e.actor, sizeof e.actor, actor);
    copy_string(e.text, sizeof e.text, text);
    cleanup_bytes struct bytes b = {0};
    audit_encode(&e, &b);
    store_put(a->store, STORE_AUDIT, key_u64(e.id), b.data, b.size);
    store_set_counter(a->store, "audit", a->next_audit);
}

static bool is_team_name(const char *name)
{
    if (!name[0] || name[0] == '.')
        return false;
    for (; *name; name++) {
        if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
            return false;
    }
    return true;
}

static int check_team(const struct team *t, struct sonata_error *err)
{
    if (!is_team_name(t->name))
        return sonata_error_set(err, -EINVAL, "a team's name has letters, digits, '-', '_' and '.', at most %d", TEAM_NAME_MAX - 1);
    if (!(t->weight >= TEAM_WEIGHT_MIN && t->weight <= TEAM_WEIGHT_MAX))
        return sonata_error_set(err, -EINVAL, "a team's weight is between %g and %g", TEAM_WEIGHT_MIN, TEAM_WEIGHT_MAX);
    if (t->day_ns_max < 0 || t->day_ns_max > TEAM_DAY_NS_MAX)
        return sonata_error_set(err, -EINVAL, "board-hours per day are at most %d", TEAM_DAY_HOURS_MAX);
    if (t->uploads_max > TEAM_UPLOADS_MAX)
        return sonata_error_set(err, -EINVAL, "bytes of uploads are at most %llu", (unsigned long long)TEAM_UPLOADS_MAX);
    if (t->disk_max > TEAM_UPLOADS_MAX)
        return sonata_error_set(err, -EINVAL, "bytes of the store are at most %llu", (unsigned long long)TEAM_UPLOADS_MAX);
    return 0;
}

static void describe_team(const struct team *t, char text[AUDIT_TEXT_MAX])
{
    double mib = 1048576;
    snprintf(text, AUDIT_TEXT_MAX, "team %s: weight %g, searches %u, boards %u, hours per day %.4g, uploads %.0f MiB, disk %.0f MiB, share %s",
             t->name, t->weight, t->searches_max, t->boards_max, (double)t->day_ns_max / 3600e9, (double)t->uploads_max / mib,
             (double)t->disk_max / mib, t->share ? "yes" : "no");
}

int access_set_team(struct access *a, int64_t wall_ns, const char *actor, const struct team *team, struct sonata_error *err)
{
    int rc = check_team(team, err);
    if (rc)
        return rc;
    struct team *t = NULL;
    for (size_t i = 0; i < a->n_teams; i++) {
        if (!strcmp(a->team[i].name, team->name))
            t = &a->team[i];
    }
    if (!t && a->n_teams == ACCESS_TEAMS_MAX)
        return sonata_error_set(err, -EUSERS, "there are %d teams already", ACCESS_TEAMS_MAX);
    int64_t created = t ? t->created_wall_ns : wall_ns;
    if (!t) {
        a->team = xgrow(a->team, &a->team_capacity, a->n_teams + 1, sizeof *a->team);
        t = &a->team[a->n_teams++];
    }
    *t = *team;
    t->created_wall_ns = created;
    cleanup_bytes struct bytes b = {0};
    team_encode(t, &b);
    store_put(a->store, STORE_TEAM, key_text(t->name), b.data, b.size);
    char text[AUDIT_TEXT_MAX];
    describe_team(t, text);
    access_audit(a, wall_ns, actor, text);
    return 0;
}

static void put_key(struct access *a, const struct access_key *k)
{
    cleanup_bytes struct bytes b = {0};
    key_encode(k, &b);
    store_put(a->store, STORE_KEY, key_text(k->public_key), b.data, b.size);
}

int access_add_key(struct access *a, int64_t wall_ns, const char *actor, const struct access_key *key, struct sonata_error *err)
{
    if (strlen(key->public_key) != KEY_TEXT_MAX - 1 || (unsigned)key->role >= ACCESS_ROLE_COUNT)
        return sonata_error_set(err, -EINVAL, "a public key of 40 characters (Z85) and a role are expected");
    if (find_key(a, key->public_key))
        return sonata_error_set(err, -EEXIST, "the key %.8s… is on the list already", key->public_key);
    if (key->role == ACCESS_TEAM && !access_team(a, key->team))
        return sonata_error_set(err, -ENOENT, "there is no team '%s': make it with `sonata teams set %s`", key->team, key->team);
    if (a->n_keys == ACCESS_KEYS_MAX)
        return sonata_error_set(err, -EUSERS, "there are %d keys already", ACCESS_KEYS_MAX);
    a->key = xgrow(a->key, &a->key_capacity, a->n_keys + 1, sizeof *a->key);
    struct access_key *k = &a->key[a->n_keys];
    *k = *key;
    note_place(a);
    k->created_wall_ns = wall_ns;
    k->revoked_wall_ns = 0;
    if (k->role != ACCESS_TEAM)
        k->team[0] = '\0';
    put_key(a, k);
    char text[AUDIT_TEXT_MAX];
    snprintf(text, sizeof text, "key %.8s added: role %s, team '%s', label '%s'", k->public_key, role_name[k->role], k->team, k->label);
    access_audit(a, wall_ns, actor, text);
    return 0;
}

static bool key_matches(const struct access_key *k, const char *which)
{
    size_t n = strlen(which);
    return !strcmp(k->label, which) || (n >= 8 && !strncmp(k->public_key, which, n));
}

static bool is_last_admin(const struct access *a, const struct access_key *k)
{
    unsigned others = 0;
    for (size_t i = 0; i < a->n_keys; i++)
        others += &a->key[i] != k && a->key[i].role == ACCESS_ADMIN && !a->key[i].revoked_wall_ns;
    return k->role == ACCESS_ADMIN && !others;
}

int access_revoke_key(struct access *a, int64_t wall_ns, const char *actor, const char *which, struct sonata_error *err)
{
    struct access_key *found = NULL, *revoked = NULL;
    for (size_t i = 0; i < a->n_keys; i++) {
        struct access_key *k = &a->key[i];
        if (!key_matches(k, which))
            continue;
        if (k->revoked_wall_ns) {
            revoked = k;
            continue;
        }
        if (found)
            return sonata_error_set(err, -EEXIST, "'%.64s' names several keys: give more of the public key", which);
        found = k;
    }
    if (!found)
        return revoked ? sonata_error_set(err, -EALREADY, "the key '%.64s' is revoked already", which)
                       : sonata_error_set(err, -ENOENT, "no key is called '%.64s': give its label or at least 8 characters of the public key", which);
    if (is_last_admin(a, found))
        return sonata_error_set(err, -EPERM, "this is the last admin key: add another one first");
    found->revoked_wall_ns = wall_ns;
    put_key(a, found);
    char text[AUDIT_TEXT_MAX];
    snprintf(text, sizeof text, "key %.8s revoked: role %s, team '%s', label '%s'", found->public_key, role_name[found->role], found->team,
             found->label);
    access_audit(a, wall_ns, actor, text);
    return 0;
}

const struct team *access_team(const struct access *a, const char *name)
{
    for (size_t i = 0; i < a->n_teams; i++) {
        if (!strcmp(a->team[i].name, name))
            return &a->team[i];
    }
    return NULL;
}

uint32_t access_team_count(const struct access *a) { return (uint32_t)a->n_teams; }
const struct team *access_team_at(const struct access *a, uint32_t index) { return index < a->n_teams ? &a->team[index] : NULL; }
uint32_t access_key_count(const struct access *a) { return (uint32_t)a->n_keys; }
const struct access_key *access_key_at(const struct access *a, uint32_t index) { return index < a->n_keys ? &a->key[index] : NULL; }

uint32_t access_read_audit(const struct access *a, uint64_t before, struct audit_entry *ret_entries, uint32_t n)
{
    uint64_t end = before && before < a->next_audit ? before : a->next_audit;
    uint64_t first = end > n ? end - n : 0;
    uint32_t got = 0;
    cleanup_bytes struct bytes b = {0};
    for (uint64_t id = first; id < end; id++) {
        if (!store_get_committed(a->store, STORE_AUDIT, key_u64(id), &b) && !audit_decode(b.data, b.size, &ret_entries[got]))
            got++;
    }
    return got;
}
