/* Uploaded content and who may use it. The content is stored once under its hash; an index says which pools uploaded it (struct engine_owner), so
 * that neither the answer nor its cost tells a team what only another one has. Each upload counts for the quota of the team that made it, also when
 * the content is there already. Removing an upload removes its entry; the content goes with the last one, but not when it is that of a space:
 * searches rest on those. */
#include "run/uploads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "codec/codec.h"
#include "run/artefact_needs.h"
#include "run/artefact_table.h"
#include "run/searches.h"

enum { CHARGE_LEAST = 64 << 10 }; /* bounds the number of uploads, too */

struct uploads {
    struct map teams; /* hash of the team's name → struct uploaded */
    struct map uses;  /* first 8 bytes of a content's hash → how many uploads it is */
};

struct uploads *uploads_new(void) { return xcalloc(1, sizeof(struct uploads)); }

struct uploaded {
    char team[OWNER_NAME_MAX];
    uint64_t bytes; /* as charged */
};

static struct store_key pool_key(const uint8_t hash[HASH_SIZE], const char *pool)
{
    uint8_t key[HASH_SIZE + 8];
    uint64_t owner = hash64_text(pool);
    memcpy(key, hash, HASH_SIZE);
    memcpy(key + HASH_SIZE, &owner, sizeof owner);
    return key_bytes(key, sizeof key);
}

static uint64_t use_key(const uint8_t *hash)
{
    uint64_t key;
    memcpy(&key, hash, sizeof key);
    return key;
}

static uintptr_t uses(const struct engine *r, const uint8_t *hash) { return (uintptr_t)map_get(&r->uploads->uses, use_key(hash)); }

static void set_uses(struct engine *r, const uint8_t *hash, uintptr_t n)
{
    if (n)
        map_set(&r->uploads->uses, use_key(hash), (void *)n);
    else
        map_remove(&r->uploads->uses, use_key(hash));
}

uint64_t engine_upload_charge(uint64_t bytes) { return bytes > CHARGE_LEAST ? bytes : CHARGE_LEAST; }

static struct uploaded *uploaded_of(struct engine *r, const char *team)
{
    struct uploaded *u = map_get(&r->uploads->teams, hash64_text(team));
    if (!u) {
        u = xcalloc(1, sizeof *u);
        copy_string(u->team, sizeof u->team, team);
        map_set(&r->uploads->teams, hash64_text(team), u);
    }
    return u;
}

uint64_t engine_uploaded(const struct engine *r, const char *team)
{
    const struct uploaded *u = map_get(&r->uploads->teams, hash64_text(team));
    return u ? u->bytes : 0;
}

static void put_upload(struct engine *r, struct store_key key, const struct upload_record *record)
{
    cleanup_bytes struct bytes b = {0};
    upload_record_encode(record, &b);
    store_put(r->store, STORE_BLOB_POOL, key, b.data, b.size);
}

/* One of before sizes were noted: once, for it takes reading the content. */
static void note_size(struct engine *r, const uint8_t *key, size_t n_key, struct upload_record *record)
{
    cleanup_bytes struct bytes content = {0};
    if (record->bytes || store_get(r->store, STORE_BLOB, key_bytes(key, HASH_SIZE), &content) || !content.size)
        return;
    record->bytes = content.size;
    put_upload(r, key_bytes(key, n_key), record);
}

static bool load_upload(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct engine *r = user;
    struct upload_record record;
    if (n_key != ENGINE_UPLOAD_CURSOR_SIZE)
        return true;
    set_uses(r, key, uses(r, key) + 1); /* also of a damaged one: its content stays */
    if (upload_record_decode(value, n_value, &record))
        return true;
    note_size(r, key, n_key, &record);
    uploaded_of(r, record.team)->bytes += engine_upload_charge(record.bytes);
    return true;
}

int uploads_load(struct engine *r) { return store_scan(r->store, STORE_BLOB_POOL, (struct store_key){0}, 0, load_upload, r); }

void uploads_free(struct uploads *u)
{
    if (!u)
        return;
    map_fini_free(&u->teams);
    map_fini(&u->uses);
    free(u);
}

bool engine_has_upload(struct engine *r, const uint8_t hash[32], const char *pool)
{
    cleanup_bytes struct bytes b = {0};
    struct upload_record record;
    return !store_get(r->store, STORE_BLOB_POOL, pool_key(hash, pool), &b) && !upload_record_decode(b.data, b.size, &record) &&
           !strcmp(record.pool, pool);
}

void uploads_add(struct engine *r, const uint8_t hash[HASH_SIZE], const char *pool, const char *team, uint64_t bytes)
{
    struct upload_record record = {.bytes = bytes, .wall_ns = r->wall};
    if (engine_has_upload(r, hash, pool))
        return;
    copy_string(record.pool, sizeof record.pool, pool);
    copy_string(record.team, sizeof record.team, team);
    put_upload(r, pool_key(hash, pool), &record);
    uploaded_of(r, team)->bytes += engine_upload_charge(bytes);
    set_uses(r, hash, uses(r, hash) + 1);
}

/* The content is written whether it is there or not: the same key, and the same cost for everybody. */
void engine_add_upload(struct engine *r, const uint8_t hash[32], const char *pool, const char *team, const void *data, size_t n)
{
    if (engine_has_upload(r, hash, pool))
        return;
    store_put(r->store, STORE_BLOB, key_bytes(hash, HASH_SIZE), data, n);
    uploads_add(r, hash, pool, team, n);
}

int engine_check_upload_room(const struct engine *r, uint64_t bytes, struct sonata_error *err)
{
    uint64_t room = store_room(r->store);
    if (room >= bytes && room - bytes >= r->config.upload_reserve)
        return 0;
    return sonata_error_set(
        err, -ENOSPC,
        "the master's disk has %.1f MiB free, of which uploads leave %.1f MiB for results (--upload-reserve): its admin has to make room",
        (double)room / 1048576, (double)r->config.upload_reserve / 1048576);
}

/* pool NULL: any. */
static uint32_t searches_with(const struct engine *r, const uint8_t *hash, const char *pool)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < searches_count(r); i++) {
        const struct search *rs = searches_at(r, i);
        n += !search_is_finished(rs) && rs->spec && (!pool || !strcmp(rs->record.pool, pool)) && !memcmp(rs->spec->supernet_hash, hash, HASH_SIZE);
    }
    return n;
}

int uploads_check_supernet(struct engine *r, const struct search_spec *spec, struct sonata_error *err)
{
    static const uint8_t none[HASH_SIZE];
    cleanup_bytes struct bytes content = {0};
    if (!memcmp(spec->supernet_hash, none, sizeof none) || uses(r, spec->supernet_hash)) /* content stays as long as an upload of it */
        return 0;
    if (!store_get(r->store, STORE_BLOB, key_bytes(spec->supernet_hash, HASH_SIZE), &content))
        return 0;
    char hex[HASH_HEX];
    hash_to_hex(spec->supernet_hash, HASH_SIZE, hex);
    return sonata_error_set(err, -ENOENT, "its supernet '%s' (%.16s…) was removed from the master: submit a search with it, which uploads it again",
                            spec->supernet, hex);
}

/* What unfinished searches use: gathered once for a page of the list. */
struct user {
    const uint8_t *hash;
    const char *pool;
};

static struct user *users_of_uploads(const struct engine *r, size_t *ret_n)
{
    static const uint8_t none[HASH_SIZE];
    struct user *user = NULL;
    size_t capacity = 0;
    *ret_n = 0;
    for (uint32_t i = 0; i < searches_count(r); i++) {
        const struct search *rs = searches_at(r, i);
        if (search_is_finished(rs) || !rs->spec || !memcmp(rs->spec->supernet_hash, none, HASH_SIZE))
            continue;
        user = xgrow(user, &capacity, *ret_n + 1, sizeof *user);
        user[(*ret_n)++] = (struct user){rs->spec->supernet_hash, rs->record.pool};
    }
    return user;
}

struct listing {
    const struct user *user;
    size_t n_users;
    const char *team;
    struct engine_page *page;
    uint32_t left;
    struct map needed; /* models that searches and fronts need */
    void (*each)(void *user, const struct engine_upload *u);
};

static bool list_upload(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct listing *l = user;
    const uint8_t *after = l->page->from;
    struct upload_record record;
    if (n_key != ENGINE_UPLOAD_CURSOR_SIZE || (after && !memcmp(key, after, n_key)) || upload_record_decode(value, n_value, &record) ||
        (l->team && strcmp(l->team, record.team)))
        return true;
    if (!l->left) {
        l->page->more = true;
        return false;
    }
    l->left--;
    uint32_t searches = map_get(&l->needed, artefact_key(key)) != NULL;
    for (size_t i = 0; i < l->n_users; i++)
        searches += !memcmp(l->user[i].hash, key, HASH_SIZE) && !strcmp(l->user[i].pool, record.pool);
    l->each(l->page->user, &(struct engine_upload){key, record.team, record.bytes, record.wall_ns, searches});
    memcpy(l->page->next, key, n_key);
    return true;
}

int engine_list_uploads(struct engine *r, const char *team, struct engine_page *page, void (*each)(void *user, const struct engine_upload *u))
{
    struct listing l = {.team = team, .page = page, .left = page->max, .each = each};
    cleanup_free struct user *user = users_of_uploads(r, &l.n_users);
    l.user = user;
    struct store_key first = page->from ? key_bytes(page->from, ENGINE_UPLOAD_CURSOR_SIZE) : (struct store_key){0};
    page->more = false;
    artefacts_needed(r, NEEDED_UNDER_WAY | NEEDED_OPEN | NEEDED_FINISHED, &l.needed);
    int rc = store_scan(r->store, STORE_BLOB_POOL, first, 0, list_upload, &l);
    map_fini(&l.needed);
    return rc;
}

/* With the last upload of it. */
static void drop_content(struct engine *r, const uint8_t *hash)
{
    artefact_forget(r, hash);
    cleanup_bytes struct bytes content = {0};
    cleanup_free struct space *space = xcalloc(1, sizeof *space);
    struct sonata_error err = {{0}};
    if (searches_with(r, hash, NULL) || store_get(r->store, STORE_BLOB, key_bytes(hash, HASH_SIZE), &content) ||
        !space_decode(content.data, content.size, space, &err))
        return;
    store_erase(r->store, STORE_BLOB, key_bytes(hash, HASH_SIZE));
}

static bool upload_now(struct engine *r, const uint8_t *key, size_t n_key, struct upload_record *ret_record)
{
    cleanup_bytes struct bytes now = {0}; /* it may have been removed, or its size noted, in this turn */
    return n_key == ENGINE_UPLOAD_CURSOR_SIZE && !store_get(r->store, STORE_BLOB_POOL, key_bytes(key, n_key), &now) &&
           !upload_record_decode(now.data, now.size, ret_record);
}

static void take_back(struct engine *r, const uint8_t *key, size_t n_key, const struct upload_record *record)
{
    uploaded_of(r, record->team)->bytes -= engine_upload_charge(record->bytes);
    store_erase(r->store, STORE_BLOB_POOL, key_bytes(key, n_key));
    set_uses(r, key, uses(r, key) - 1);
    if (!uses(r, key))
        drop_content(r, key);
}

static bool drop_upload(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct upload_record record;
    (void)value, (void)n_value;
    if (upload_now(user, key, n_key, &record))
        take_back(user, key, n_key, &record);
    return true;
}

void uploads_drop(struct engine *r, const uint8_t hash[HASH_SIZE])
{
    (void)!store_scan(r->store, STORE_BLOB_POOL, key_bytes(hash, HASH_SIZE), HASH_SIZE, drop_upload, r);
}

struct ownership {
    const char *team;
    bool found;
};

static bool look_for_team(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct ownership *o = user;
    struct upload_record record;
    (void)key, (void)n_key;
    o->found |= !upload_record_decode(value, n_value, &record) && !strcmp(record.team, o->team);
    return !o->found;
}

bool uploads_is_of(struct engine *r, const uint8_t hash[HASH_SIZE], const char *team)
{
    struct ownership o = {.team = team};
    return !store_scan(r->store, STORE_BLOB_POOL, key_bytes(hash, HASH_SIZE), HASH_SIZE, look_for_team, &o) && o.found;
}

struct removal {
    struct engine *engine;
    const char *team;
    uint32_t found, removed;
    struct map needed; /* models that searches under way need */
};

static bool remove_upload(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
    struct removal *x = user;
    struct engine *r = x->engine;
    struct upload_record record;
    (void)value, (void)n_value;
    if (!upload_now(r, key, n_key, &record) || (x->team && strcmp(x->team, record.team)))
        return true;
    x->found++;
    if (searches_with(r, key, record.pool) || map_get(&x->needed, artefact_key(key)))
        return true;
    take_back(r, key, n_key, &record);
    x->removed++;
    return true;
}

int engine_remove_upload(struct engine *r, const uint8_t hash[32], const char *team, struct sonata_error *err)
{
    struct removal x = {.engine = r, .team = team};
    artefacts_needed(r, NEEDED_UNDER_WAY | NEEDED_OPEN, &x.needed);
    int rc = store_scan(r->store, STORE_BLOB_POOL, key_bytes(hash, HASH_SIZE), HASH_SIZE, remove_upload, &x);
    map_fini(&x.needed);
    if (rc)
        return sonata_error_set(err, rc, "the store cannot be read: %s", strerror(-rc));
    if (!x.found)
        return sonata_error_set(err, -ENOENT, "there is no such upload");
    return x.removed ? 0 : sonata_error_set(err, -EBUSY, "a search that is not finished uses it: wait for it or cancel it");
}
