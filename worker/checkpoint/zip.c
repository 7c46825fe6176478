/* PyTorch's container since version 1.6: a zip of uncompressed parts, FOLDER/data.pkl and FOLDER/data/KEY. Read with libzip. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"
#include "checkpoint/checkpoint_internal.h"

enum { FOLDER_MAX = 512, PARTS_MAX = 1 << 17 };

struct archive {
    const struct source *source;
    zip_t *zip;
    char folder[FOLDER_MAX]; /* with its '/' */
    struct map part;         /* hash of the key -> struct part, owned */
    size_t left;             /* bytes that may still be read: parts do not overlap in an honest file */
};

struct part {
    char *key; /* behind the struct */
    struct storage values;
};

static int fail(const struct archive *a, const char *what) { return sonata_error_set(a->source->err, -EBADMSG, "%s: %s", a->source->name, what); }

/* Reads one part whole. */
static int read_part(struct archive *a, const char *name, struct storage *ret)
{
    zip_stat_t stat;
    struct sonata_error *err = a->source->err;
    zip_stat_init(&stat);
    if (zip_stat(a->zip, name, 0, &stat))
        return sonata_error_set(err, -EBADMSG, "part '%s' is not in the file", name);
    if (!(stat.valid & ZIP_STAT_SIZE) || stat.size > a->left)
        return sonata_error_set(err, -EBADMSG, "part '%s' is larger than the file", name);
    if (!(stat.valid & ZIP_STAT_COMP_METHOD) || stat.comp_method != ZIP_CM_STORE)
        return sonata_error_set(err, -ENOTSUP, "part '%s' is compressed; PyTorch stores its parts as they are", name);
    uint8_t *data = xmalloc((size_t)stat.size + 1);
    hold(a->source->into, data);
    a->left -= (size_t)stat.size;
    zip_file_t *file = zip_fopen_index(a->zip, stat.index, 0);
    zip_int64_t n = file ? zip_fread(file, data, stat.size) : -1;
    /* reading on at the end is what compares the checksum */
    bool whole = n >= 0 && (zip_uint64_t)n == stat.size && zip_fread(file, data + stat.size, 1) == 0;
    if (file)
        zip_fclose(file);
    if (!whole)
        return sonata_error_set(err, -EBADMSG, "part '%s' is damaged (its checksum does not fit)", name);
    *ret = (struct storage){data, (size_t)stat.size};
    return 0;
}

static int find_part(void *context, const char *key, size_t n, size_t bytes, struct storage *ret)
{
    struct archive *a = context;
    char name[FOLDER_MAX + CHECKPOINT_NAME_MAX];
    if (n >= CHECKPOINT_NAME_MAX || memchr(key, 0, n))
        return sonata_error_set(a->source->err, -EBADMSG, "the name of its values is longer than %d characters", CHECKPOINT_NAME_MAX - 1);
    uint64_t hash = hash64(key, n) | 1;
    struct part *known = map_get(&a->part, hash);
    if (!known || strlen(known->key) != n || memcmp(known->key, key, n)) {
        struct storage values;
        snprintf(name, sizeof name, "%sdata/%.*s", a->folder, (int)n, key);
        int r = read_part(a, name, &values);
        if (r)
            return r;
        known = xmalloc(sizeof *known + n + 1);
        *known = (struct part){(char *)(known + 1), values};
        memcpy(known->key, key, n);
        known->key[n] = 0;
        free(map_remove(&a->part, hash));
        map_set(&a->part, hash, known);
    }
    if (known->values.size < bytes)
        return sonata_error_set(a->source->err, -EBADMSG, "%zu bytes of values in the file, %zu were announced", known->values.size, bytes);
    *ret = known->values;
    return 0;
}

/* The folder that holds data.pkl, by the first entry of that name. */
static int find_folder(struct archive *a)
{
    static const char last[] = "data.pkl";
    zip_int64_t n = zip_get_num_entries(a->zip, 0);
    if (n > PARTS_MAX)
        return fail(a, "more parts than weights can have");
    for (zip_int64_t i = 0; i < n; i++) {
        const char *name = zip_get_name(a->zip, (zip_uint64_t)i, 0);
        const char *slash = name ? strrchr(name, '/') : NULL;
        size_t length = slash ? (size_t)(slash - name) + 1 : 0;
        if (slash && !strcmp(slash + 1, last) && length < sizeof a->folder && !memchr(name, '/', length - 1)) {
            memcpy(a->folder, name, length);
            a->folder[length] = 0;
            return 0;
        }
    }
    return sonata_error_set(a->source->err, -ENOTSUP,
                            "%s: a zip without FOLDER/data.pkl, so not by torch.save(); a TorchScript file must be loaded and its state_dict() saved",
                            a->source->name);
}

static int check_order(struct archive *a)
{
    char name[FOLDER_MAX + 16];
    struct storage order;
    snprintf(name, sizeof name, "%sbyteorder", a->folder);
    if (zip_name_locate(a->zip, name, 0) < 0)
        return 0;
    int r = read_part(a, name, &order);
    if (!r && (order.size < 6 || memcmp(order.data, "little", 6)))
        return sonata_error_set(a->source->err, -ENOTSUP, "%s: written on a big-endian machine; load and save it on another", a->source->name);
    return r;
}

static int read_archive(struct archive *a)
{
    char name[FOLDER_MAX + 16];
    struct storage object;
    struct pickle p = {.value = NULL};
    int r = find_folder(a);
    r = r ? r : check_order(a);
    snprintf(name, sizeof name, "%sdata.pkl", a->folder);
    if (!r) {
        r = read_part(a, name, &object);
        r = r ? sonata_error_prefix(a->source->err, r, "%s", a->source->name) : 0;
    }
    r = r ? r : pickle_read(object.data, object.size, a->source->name, 0, &p, a->source->err);
    r = r ? r : read_state_dict(a->source, &p, find_part, a);
    pickle_fini(&p);
    map_fini_free(&a->part);
    return r;
}

int read_zip(const struct source *s)
{
    zip_error_t error;
    zip_error_init(&error);
    struct archive a = {.source = s, .left = s->size};
    zip_source_t *source = zip_source_buffer_create(s->data, s->size, 0, &error);
    a.zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    if (!a.zip) {
        int r = sonata_error_set(s->err, -EBADMSG, "%s: a damaged zip (%s; cut off?)", s->name, zip_error_strerror(&error));
        zip_source_free(source);
        zip_error_fini(&error);
        return r;
    }
    zip_error_fini(&error);
    int r = read_archive(&a);
    zip_discard(a.zip);
    return r;
}
