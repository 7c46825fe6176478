/* See blobs.h. */
#include "agent/blobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/part.h"
#include "codec/codec.h"

enum { PULLS_MAX = 256 /* two for every job the boards can hold */, FILES_MAX = 4096 };
static const int64_t ASK_AGAIN_NS = 3 * SONATA_SECOND;

struct pull {
    uint8_t hash[HASH_SIZE];
    struct part *part; /* NULL: nothing came yet */
    int64_t asked_ns;  /* 0: not asked yet */
    int64_t due_ns;    /* not before: the rate is used up */
    unsigned corrupt;  /* times the whole did not match its hash */
};

struct blobs {
    char *folder;
    uint64_t max_bytes;
    struct blobs_hooks hooks;
    struct rate *rate;
    struct pull pull[PULLS_MAX];
    size_t n;
};

static void blob_path(const struct blobs *b, const uint8_t hash[HASH_SIZE], char *path, size_t size)
{
    char hex[HASH_HEX];
    hash_to_hex(hash, HASH_SIZE, hex);
    snprintf(path, size, "%s/%s", b->folder, hex);
}

int blobs_new(const char *folder, uint64_t max_bytes, struct rate *rate, struct blobs_hooks hooks, struct blobs **ret_blobs, struct sonata_error *err)
{
    int r = file_make_dirs(folder, true, err);
    if (r)
        return r;
    struct blobs *b = xcalloc(1, sizeof *b);
    b->folder = xstrdup(folder);
    b->max_bytes = max_bytes;
    b->hooks = hooks;
    b->rate = rate;
    *ret_blobs = b;
    return 0;
}

void blobs_free(struct blobs *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n; i++)
        part_close(b->pull[i].part);
    free(b->folder);
    free(b);
}

static struct pull *find(struct blobs *b, const uint8_t *hash)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!memcmp(b->pull[i].hash, hash, HASH_SIZE))
            return &b->pull[i];
    }
    return NULL;
}

static void drop(struct blobs *b, struct pull *p)
{
    part_close(p->part);
    size_t i = (size_t)(p - b->pull);
    memmove(p, p + 1, (b->n - i - 1) * sizeof *p);
    b->n--;
}

void blobs_drop(struct blobs *b, const uint8_t hash[HASH_SIZE])
{
    struct pull *p = find(b, hash);
    if (p)
        drop(b, p);
}

/* The first answer says how large it is; what an earlier run left of it is taken up then. */
static void ask(struct blobs *b, struct pull *p)
{
    uint64_t from = p->part ? part_size(p->part) : 0;
    int64_t now = clock_monotonic_ns(), wait = rate_wait_ns(b->rate, WIRE_BLOB_CHUNK, now);
    p->due_ns = wait ? now + wait : 0;
    p->asked_ns = 0;
    if (wait)
        return;
    p->asked_ns = b->hooks.request(b->hooks.user, p->hash, from, WIRE_BLOB_CHUNK) ? 0 : clock_monotonic_ns();
}

bool blobs_want(struct blobs *b, const uint8_t hash[HASH_SIZE], char *path, size_t size)
{
    blob_path(b, hash, path, size);
    if (!utimensat(AT_FDCWD, path, NULL, 0)) /* it is there; used now, so it goes later than others */
        return true;
    if (!find(b, hash) && b->n < PULLS_MAX) {
        struct pull *p = &b->pull[b->n++];
        *p = (struct pull){0};
        memcpy(p->hash, hash, HASH_SIZE);
        ask(b, p);
    }
    return false;
}

int64_t blobs_tick(struct blobs *b, int64_t now_ns, bool now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < b->n; i++) {
        struct pull *p = &b->pull[i];
        if ((now || !p->asked_ns || now_ns - p->asked_ns > ASK_AGAIN_NS) && p->due_ns <= now_ns)
            ask(b, p);
        if (!p->asked_ns && p->due_ns > now_ns)
            next = p->due_ns - now_ns < next ? p->due_ns - now_ns : next;
    }
    return next;
}

struct cached {
    char name[HASH_HEX];
    int64_t used;
    uint64_t size;
};

static int by_age(const void *a, const void *b)
{
    const struct cached *x = a, *y = b;
    return x->used < y->used ? -1 : x->used > y->used;
}

static size_t list_cache(const struct blobs *b, struct cached *file, uint64_t *ret_total)
{
    size_t n = 0;
    *ret_total = 0;
    DIR *d = opendir(b->folder);
    struct dirent *e;
    while (d && n < FILES_MAX && (e = readdir(d))) {
        char path[4096];
        struct stat st;
        if (strlen(e->d_name) != HASH_HEX - 1 || (size_t)snprintf(path, sizeof path, "%s/%s", b->folder, e->d_name) >= sizeof path || stat(path, &st))
            continue;
        file[n] = (struct cached){.used = st.st_mtim.tv_sec * SONATA_SECOND + st.st_mtim.tv_nsec, .size = (uint64_t)st.st_size};
        copy_string(file[n++].name, HASH_HEX, e->d_name);
        *ret_total += (uint64_t)st.st_size;
    }
    if (d)
        closedir(d);
    return n;
}

static bool is_needed(const struct blobs *b, const char *name)
{
    uint8_t hash[HASH_SIZE];
    return !hash_from_hex(name, hash) && b->hooks.needed && b->hooks.needed(b->hooks.user, hash);
}

/* Those used longest ago first until the cache fits its bound; `keep` and what jobs need stays. */
static void evict(struct blobs *b, const uint8_t keep[HASH_SIZE])
{
    struct cached *file = xcalloc(FILES_MAX, sizeof *file);
    char kept[HASH_HEX];
    uint64_t total;
    hash_to_hex(keep, HASH_SIZE, kept);
    size_t n = list_cache(b, file, &total);
    qsort(file, n, sizeof *file, by_age);
    for (size_t i = 0; i < n && total > b->max_bytes; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", b->folder, file[i].name);
        if (strcmp(file[i].name, kept) && !is_needed(b, file[i].name) && !unlink(path))
            total -= file[i].size;
    }
    free(file);
}

static void finish(struct blobs *b, struct pull *p, const char *reason)
{
    uint8_t hash[HASH_SIZE];
    memcpy(hash, p->hash, HASH_SIZE);
    drop(b, p);
    b->hooks.done(b->hooks.user, hash, reason);
}

static void complete(struct blobs *b, struct pull *p)
{
    struct sonata_error err = {0};
    int r = part_finish(p->part, &err);
    if (r == -EBADMSG && ++p->corrupt < 3) {
        ask(b, p);
        return;
    }
    if (!r)
        evict(b, p->hash);
    if (r == -EBADMSG) {
        part_drop(p->part);
        p->part = NULL;
    }
    if (r == -EBADMSG)
        finish(b, p, "it came with a wrong hash three times");
    else
        finish(b, p, r ? err.text : NULL);
}

/* The first answer: from now on it is known how large the whole is. True when the piece at hand is one to take. */
static bool begin(struct blobs *b, struct pull *p, uint64_t total)
{
    struct sonata_error err = {0};
    if (part_open(b->folder, p->hash, total, "", &p->part, &err)) {
        finish(b, p, err.text);
        return false;
    }
    if (part_size(p->part) == 0)
        return true;
    if (part_size(p->part) == total)
        complete(b, p);
    else
        ask(b, p);
    return false;
}

void blobs_chunk(struct blobs *b, const uint8_t *hash, size_t n_hash, uint64_t offset, uint64_t total, const uint8_t *data, size_t n, bool missing)
{
    struct pull *p = n_hash == HASH_SIZE ? find(b, hash) : NULL;
    if (!p || (!missing && offset != (p->part ? part_size(p->part) : 0)))
        return; /* repeated or late */
    if (missing) {
        finish(b, p, "the master does not have it");
        return;
    }
    if (total > ARTEFACT_BYTES_MAX || (p->part && total != part_total(p->part)) || offset > total || n > total - offset ||
        (n == 0 && offset < total)) {
        finish(b, p, "the master sent sizes that do not fit");
        return;
    }
    if (!p->part && !begin(b, p, total))
        return;
    rate_take(b->rate, n);
    struct sonata_error err = {0};
    if (part_append(p->part, data, n, &err))
        finish(b, p, err.text);
    else if (part_size(p->part) == total)
        complete(b, p);
    else
        ask(b, p);
}

void blobs_adopt(struct blobs *b, const uint8_t hash[HASH_SIZE], const char *path)
{
    char to[4096];
    struct sonata_error err = {0};
    blob_path(b, hash, to, sizeof to);
    if (!file_link_or_copy(path, to, &err))
        evict(b, hash);
}
