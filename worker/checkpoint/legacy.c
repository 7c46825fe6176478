/* PyTorch's container before version 1.6: pickles of a magic number, a version, facts about the system, the object and the list of storage keys; then
 * for each key in that order the number of values (int64) and the values. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"
#include "checkpoint/checkpoint_internal.h"

enum { PICKLES = 5, VERSION = 1001 };

static const uint8_t magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

struct legacy {
    const struct source *source;
    struct pickle pickle[PICKLES];
    struct map storage; /* hash of the key -> struct kept, owned */
};

struct kept {
    const char *key;
    size_t key_size;
    struct storage values;
};

static uint64_t key_hash(const char *key, size_t n) { return hash64(key, n) | 1; }

static int find_kept(void *context, const char *key, size_t n, size_t bytes, struct storage *ret)
{
    const struct legacy *l = context;
    const struct kept *k = map_get(&l->storage, key_hash(key, n));
    if (!k || k->key_size != n || memcmp(k->key, key, n))
        return sonata_error_set(l->source->err, -EBADMSG, "its values are not in the file");
    if (k->values.size < bytes)
        return sonata_error_set(l->source->err, -EBADMSG, "%zu bytes of values in the file, %zu were announced", k->values.size, bytes);
    *ret = k->values;
    return 0;
}

static int read_pickles(struct legacy *l, struct reader *rest)
{
    const struct source *s = l->source;
    for (int i = 0; i < PICKLES; i++) {
        int r = pickle_read(rest->p, rest->left, s->name, s->size - rest->left, &l->pickle[i], s->err);
        if (r)
            return r;
        reader_take(rest, l->pickle[i].size);
        const struct pickle_value *root = &l->pickle[i].value[l->pickle[i].root];
        bool is_magic = root->kind == PICKLE_TEXT && root->text_size == sizeof magic && !memcmp(root->text, magic, sizeof magic);
        if (i == 0 && !is_magic)
            return sonata_error_set(s->err, -ENOTSUP,
                                    "%s: a pickle, but not by torch.save(); save the weights with torch.save(model.state_dict(), …)", s->name);
        if (i == 1 && (root->kind != PICKLE_INT || root->integer != VERSION))
            return sonata_error_set(s->err, -ENOTSUP, "%s: version of PyTorch's file format is not %d; save it with a newer PyTorch", s->name,
                                    VERSION);
    }
    return 0;
}

/* Bytes per element of the storage of that key, by the first mention in the object; 0 when nothing mentions it. */
static size_t element_size(const struct legacy *l, const struct map *mention, const struct pickle_value *key)
{
    const struct pickle *object = &l->pickle[3];
    const struct pickle_value *v = map_get(mention, key_hash(key->text, key->text_size));
    struct storage_name name;
    return v && storage_name_of(object, v, &name) && name.key_size == key->text_size && !memcmp(name.key, key->text, name.key_size)
               ? type_size(name.type)
               : 0;
}

static int read_storage(struct legacy *l, const struct map *mention, const struct pickle_value *key, struct reader *rest)
{
    const struct source *s = l->source;
    size_t size = key->kind == PICKLE_TEXT ? element_size(l, mention, key) : 0;
    if (!size)
        return sonata_error_set(s->err, -EBADMSG, "%s: byte %zu: values that no tensor of a known type uses", s->name, s->size - rest->left);
    uint64_t count = reader_u64(rest);
    if (rest->bad || count > rest->left / size)
        return sonata_error_set(s->err, -EBADMSG, "%s: byte %zu: values end beyond the file (cut off?)", s->name, s->size - rest->left);
    struct kept *k = xmalloc(sizeof *k);
    *k = (struct kept){key->text, key->text_size, {reader_take(rest, (size_t)count * size), (size_t)count * size}};
    free(map_remove(&l->storage, key_hash(k->key, k->key_size)));
    map_set(&l->storage, key_hash(k->key, k->key_size), k);
    return 0;
}

static int read_storages(struct legacy *l, struct reader *rest)
{
    const struct pickle *object = &l->pickle[3], *keys = &l->pickle[4];
    const struct pickle_value *list = &keys->value[keys->root];
    struct map mention = {0};
    struct storage_name name;
    for (size_t i = 0; i < object->n_values; i++) {
        if (storage_name_of(object, &object->value[i], &name))
            map_set(&mention, key_hash(name.key, name.key_size), &object->value[i]);
    }
    int r =
        list->kind == PICKLE_TUPLE ? 0 : sonata_error_set(l->source->err, -EBADMSG, "%s: no list of values' keys after the object", l->source->name);
    for (size_t i = 0; i < list->n_items && !r; i++)
        r = read_storage(l, &mention, &keys->value[list->item[i]], rest);
    map_fini(&mention);
    return r;
}

int read_legacy(const struct source *s)
{
    struct legacy l = {.source = s};
    struct reader rest = reader_of(s->data, s->size);
    int r = read_pickles(&l, &rest);
    r = r ? r : read_storages(&l, &rest);
    r = r ? r : read_state_dict(s, &l.pickle[3], find_kept, &l);
    map_fini_free(&l.storage);
    for (int i = 0; i < PICKLES; i++)
        pickle_fini(&l.pickle[i]);
    return r;
}
