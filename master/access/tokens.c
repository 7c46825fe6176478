/* See tokens.h. An array in memory; a map finds an id's place in it. */
#include "access/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/time.h"

enum { WHICH_MIN = 6, ID_HEX = 2 * TOKEN_ID_SIZE + 1 };

struct entry {
    struct token_record record;
    int64_t used_wall_ns;
};

struct tokens {
    struct access *access;
    struct store *store;
    struct entry *entry;
    size_t n, capacity;
    struct map place; /* hash64 of the id → its place, from 1 */
};

static const char *const scope_name[SCOPE_COUNT] = {"search", "read", "write", "metrics"};

const char *token_scope_name(enum token_scope scope) { return (unsigned)scope < SCOPE_COUNT ? scope_name[scope] : NULL; }

int token_scope_parse(const char *text, enum token_scope *ret_scope)
{
    for (int i = 0; i < SCOPE_COUNT; i++) {
        if (!strcmp(text, scope_name[i])) {
            *ret_scope = (enum token_scope)i;
            return 0;
        }
    }
    return -EINVAL;
}

static uint64_t number_of(const uint8_t id[TOKEN_ID_SIZE]) { return hash64(id, TOKEN_ID_SIZE); }

static void keep(struct tokens *t, const struct token_record *r)
{
    t->entry = xgrow(t->entry, &t->capacity, t->n + 1, sizeof *t->entry);
    t->entry[t->n] = (struct entry){.record = *r};
    map_set(&t->place, number_of(r->id), (void *)(uintptr_t)++t->n);
}

struct loading {
    struct tokens *tokens;
    int rc;
};

static bool load_one(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    (void)key, (void)n_key;
    struct loading *l = user;
    struct token_record r;
    l->rc = token_record_decode(value, n_value, &r);
    if (!l->rc)
        keep(l->tokens, &r);
    return !l->rc;
}

int tokens_open(struct access *access, struct store *store, struct tokens **ret_tokens, struct sonata_error *err)
{
    struct tokens *t = xcalloc(1, sizeof *t);
    t->access = access;
    t->store = store;
    struct loading l = {.tokens = t};
    int rc = store_scan(store, STORE_TOKEN, (struct store_key){0}, 0, load_one, &l);
    if (!rc)
        rc = l.rc;
    if (rc) {
        tokens_free(t);
        return sonata_error_set(err, rc, "the list of tokens cannot be read: %s", strerror(-rc));
    }
    *ret_tokens = t;
    return 0;
}

void tokens_free(struct tokens *t)
{
    if (!t)
        return;
    free(t->entry);
    map_fini(&t->place);
    free(t);
}

static struct entry *entry_of(const struct tokens *t, const uint8_t id[TOKEN_ID_SIZE])
{
    uintptr_t place = (uintptr_t)map_get(&t->place, number_of(id));
    struct entry *e = place ? &t->entry[place - 1] : NULL;
    return e && !memcmp(e->record.id, id, TOKEN_ID_SIZE) ? e : NULL;
}

const struct access_key *tokens_key(const struct tokens *t, const struct token_record *token)
{
    const struct access_key *k = access_who(t->access, token->public_key);
    return k && (k->role == ACCESS_TEAM || k->role == ACCESS_ADMIN) ? k : NULL;
}

const struct token_record *tokens_find(const struct tokens *t, int64_t wall_ns, const uint8_t id[TOKEN_ID_SIZE], const uint8_t hash[32])
{
    const struct entry *e = entry_of(t, id);
    if (!e || (hash && !hash_is_same(e->record.hash, hash)))
        return NULL;
    return wall_ns < e->record.expires_wall_ns && tokens_key(t, &e->record) ? &e->record : NULL;
}

int64_t tokens_used(const struct tokens *t, const struct token_record *token)
{
    const struct entry *e = entry_of(t, token->id);
    return e ? e->used_wall_ns : 0;
}

void tokens_note_use(struct tokens *t, const struct token_record *token, int64_t wall_ns)
{
    struct entry *e = entry_of(t, token->id);
    if (e)
        e->used_wall_ns = wall_ns;
}

static void hex_of(const struct token_record *r, char hex[ID_HEX]) { hash_to_hex(r->id, sizeof r->id, hex); }

static struct store_key key_of(const struct token_record *r) { return key_bytes(r->id, sizeof r->id); }

/* The last one takes its place. */
static void drop(struct tokens *t, struct entry *e)
{
    struct entry *last = &t->entry[t->n - 1];
    store_erase(t->store, STORE_TOKEN, key_of(&e->record));
    map_remove(&t->place, number_of(e->record.id));
    if (e != last) {
        *e = *last;
        map_set(&t->place, number_of(e->record.id), (void *)(uintptr_t)(e - t->entry + 1));
    }
    t->n--;
}

/* What expired is of no use to anybody, and so is what a revoked key made. */
static void forget_dead(struct tokens *t, int64_t wall_ns)
{
    for (size_t i = t->n; i--;) {
        if (t->entry[i].record.expires_wall_ns <= wall_ns || !access_who(t->access, t->entry[i].record.public_key))
            drop(t, &t->entry[i]);
    }
}

static size_t count_of_key(const struct tokens *t, const char *public_key)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += !strcmp(t->entry[i].record.public_key, public_key);
    return n;
}

static int check(const struct tokens *t, int64_t wall_ns, const struct token_record *r, struct sonata_error *err)
{
    int64_t life = r->expires_wall_ns - wall_ns, most = r->once ? TOKEN_ONCE_S_MAX * SONATA_SECOND : TOKEN_LIFE_DAYS_MAX * SONATA_DAY;
    if (life <= 0 || life > most)
        return sonata_error_set(err, -EINVAL, "a token lives up to %d days, a link that works once up to %d s", TOKEN_LIFE_DAYS_MAX,
                                TOKEN_ONCE_S_MAX);
    if ((unsigned)r->scope >= SCOPE_COUNT || (r->scope == SCOPE_SEARCH) != (r->search != 0))
        return sonata_error_set(err, -EINVAL, "a token of scope search names a search, others do not");
    if (entry_of(t, r->id) || map_get(&t->place, number_of(r->id)))
        return sonata_error_set(err, -EEXIST, "there is a token with this id already");
    if (t->n >= TOKENS_MAX || count_of_key(t, r->public_key) >= TOKENS_PER_KEY)
        return sonata_error_set(err, -EUSERS, "there are too many tokens (%d of a key, %d in all): revoke some", TOKENS_PER_KEY, TOKENS_MAX);
    return 0;
}

static void put(struct tokens *t, const struct token_record *r)
{
    cleanup_bytes struct bytes b = {0};
    token_record_encode(r, &b);
    store_put(t->store, STORE_TOKEN, key_of(r), b.data, b.size);
    keep(t, r);
}

static void tell(struct tokens *t, int64_t wall_ns, const char *actor, const struct token_record *r, const char *what)
{
    char text[AUDIT_TEXT_MAX], hex[ID_HEX], search[40] = "";
    hex_of(r, hex);
    if (r->search)
        snprintf(search, sizeof search, " of search %llu", (unsigned long long)r->search);
    snprintf(text, sizeof text, "%s %s %s: scope %s%s, key %.8s, label '%s'", r->once ? "link" : "token", hex, what, scope_name[r->scope], search,
             r->public_key, r->label);
    access_audit(t->access, wall_ns, actor, text);
}

int tokens_add(struct tokens *t, int64_t wall_ns, const char *actor, const struct token_record *token, struct sonata_error *err)
{
    forget_dead(t, wall_ns);
    int rc = check(t, wall_ns, token, err);
    if (rc)
        return rc;
    struct token_record r = *token;
    r.created_wall_ns = wall_ns;
    put(t, &r);
    tell(t, wall_ns, actor, &r, "made");
    return 0;
}

int tokens_enter(struct tokens *t, int64_t wall_ns, const char *actor, const struct token_record *code, const struct token_record *session,
                 struct sonata_error *err)
{
    struct token_record r = *code, used = *code;
    memcpy(r.id, session->id, sizeof r.id);
    memcpy(r.hash, session->hash, sizeof r.hash);
    r.once = false;
    r.created_wall_ns = wall_ns;
    r.expires_wall_ns = session->expires_wall_ns;
    int rc = check(t, wall_ns, &r, err);
    if (rc)
        return rc;
    drop(t, entry_of(t, used.id));
    put(t, &r);
    tell(t, wall_ns, actor, &used, "used to log in");
    return 0;
}

static bool matches(const struct token_record *r, const char *which)
{
    char hex[ID_HEX];
    size_t n = strlen(which);
    hex_of(r, hex);
    return (n >= WHICH_MIN && !strncmp(hex, which, n)) || (which[0] && !strcmp(r->label, which));
}

int tokens_revoke(struct tokens *t, int64_t wall_ns, const char *actor, const char *which, const char *team, struct sonata_error *err)
{
    struct entry *found = NULL;
    for (size_t i = 0; i < t->n; i++) {
        struct entry *e = &t->entry[i];
        const struct access_key *k = access_who(t->access, e->record.public_key);
        bool may = !team || (k && !strcmp(k->team, team));
        if (!may || e->record.expires_wall_ns <= wall_ns || !matches(&e->record, which))
            continue;
        if (found)
            return sonata_error_set(err, -EEXIST, "'%.64s' names several tokens: give more of the id", which);
        found = e;
    }
    if (!found)
        return sonata_error_set(err, -ENOENT, "no token is called '%.64s': give its label or at least %d digits of its id", which, WHICH_MIN);
    tell(t, wall_ns, actor, &found->record, "revoked");
    drop(t, found);
    return 0;
}

uint32_t tokens_count(const struct tokens *t) { return (uint32_t)t->n; }

const struct token_record *tokens_at(const struct tokens *t, uint32_t index) { return index < t->n ? &t->entry[index].record : NULL; }
