/* See artefact_table.h. */
#include "run/artefact_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/part.h"

struct artefacts {
    char folder[ARTEFACT_FOLDER_MAX];
    struct map known; /* artefact_key() → struct artefact_file */
    uint64_t bytes;
    uint8_t (*gone)[HASH_SIZE]; /* files that go after the commit */
    size_t n_gone, gone_capacity;
};

uint64_t artefact_key(const uint8_t hash[HASH_SIZE])
{
    uint64_t key;
    memcpy(&key, hash, sizeof key);
    return key;
}

struct artefacts *artefacts_new(void) { return xcalloc(1, sizeof(struct artefacts)); }

void artefacts_free(struct artefacts *t)
{
    if (!t)
        return;
    map_fini_free(&t->known);
    free(t->gone);
    free(t);
}

static struct artefact_file *file_of(const struct engine *r, const uint8_t *hash)
{
    struct artefact_file *f = map_get(&r->artefacts->known, artefact_key(hash));
    return f && !memcmp(f->hash, hash, HASH_SIZE) ? f : NULL;
}

bool artefact_is_here(const struct engine *r, const uint8_t hash[HASH_SIZE]) { return file_of(r, hash) != NULL; }

const char *engine_artefact_folder(const struct engine *r) { return r->artefacts->folder; }

void artefact_remember(struct engine *r, const uint8_t hash[HASH_SIZE], uint64_t bytes, int64_t wall_ns)
{
    struct artefacts *t = r->artefacts;
    struct artefact_file *f = map_get(&t->known, artefact_key(hash));
    if (f)
        return; /* it is there, or another begins with the same 8 bytes: that one is not kept */
    f = xcalloc(1, sizeof *f);
    *f = (struct artefact_file){.bytes = bytes, .wall_ns = wall_ns};
    memcpy(f->hash, hash, HASH_SIZE);
    map_set(&t->known, artefact_key(hash), f);
    t->bytes += bytes;
}

bool artefact_file_is_whole(const struct engine *r, const uint8_t hash[HASH_SIZE], uint64_t bytes)
{
    const struct artefacts *t = r->artefacts;
    char path[PART_PATH_MAX];
    struct stat st;
    return part_final_path(t->folder, hash, path, sizeof path) && !stat(path, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == bytes;
}

void artefact_forget(struct engine *r, const uint8_t hash[HASH_SIZE])
{
    struct artefacts *t = r->artefacts;
    struct artefact_file *f = file_of(r, hash);
    if (!f)
        return;
    t->gone = xgrow(t->gone, &t->gone_capacity, t->n_gone + 1, sizeof *t->gone);
    memcpy(t->gone[t->n_gone++], hash, HASH_SIZE);
    store_erase(r->store, STORE_ARTEFACT, key_bytes(hash, HASH_SIZE));
    t->bytes -= f->bytes;
    map_remove(&t->known, artefact_key(hash));
    free(f);
}

void artefacts_committed(struct engine *r)
{
    struct artefacts *t = r->artefacts;
    for (size_t i = 0; i < t->n_gone; i++) {
        char path[PART_PATH_MAX];
        if (!artefact_is_here(r, t->gone[i]) && part_final_path(t->folder, t->gone[i], path, sizeof path))
            unlink(path);
    }
    t->n_gone = 0;
}

void artefacts_set_folder(struct engine *r, const char *folder) { copy_string(r->artefacts->folder, sizeof r->artefacts->folder, folder); }

uint64_t artefacts_bytes(const struct engine *r) { return r->artefacts->bytes; }

struct artefact_file **artefacts_list(const struct engine *r, uint32_t *ret_n)
{
    uint32_t at = 0, n = 0;
    struct artefact_file **list = xcalloc(r->artefacts->known.count + 1, sizeof *list);
    for (struct artefact_file *f; (f = map_next(&r->artefacts->known, &at));)
        list[n++] = f;
    *ret_n = n;
    return list;
}

void artefact_put(struct engine *r, const struct artefact *a)
{
    struct artefact_record record = {.bytes = a->bytes, .wall_ns = r->wall};
    copy_string(record.format, sizeof record.format, a->format);
    cleanup_bytes struct bytes b = {0};
    artefact_record_encode(&record, &b);
    store_put(r->store, STORE_ARTEFACT, key_bytes(a->hash, HASH_SIZE), b.data, b.size);
    artefact_remember(r, a->hash, a->bytes, r->wall);
}
