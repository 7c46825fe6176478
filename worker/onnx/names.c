/* See names.h: open addressing, at most half full. */
#include "onnx/names.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

_Static_assert(sizeof((struct names){0}.key) == crypto_shorthash_KEYBYTES, "key");

void names_init(struct names *t)
{
    *t = (struct names){.capacity = 64};
    t->name = xcalloc(t->capacity, sizeof *t->name);
    t->value = xcalloc(t->capacity, sizeof *t->value);
    randombytes_buf(t->key, sizeof t->key);
}

void names_fini(struct names *t)
{
    free(t->name);
    free(t->value);
    *t = (struct names){0};
}

/* The slot of a name, or the empty one where it would be. */
static size_t slot(const struct names *t, const char *name)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t h;
    crypto_shorthash(hash, (const unsigned char *)name, strlen(name), t->key);
    memcpy(&h, hash, sizeof h);
    size_t i = (size_t)h & (t->capacity - 1);
    while (t->name[i] && strcmp(t->name[i], name))
        i = (i + 1) & (t->capacity - 1);
    return i;
}

int32_t names_find(const struct names *t, const char *name)
{
    size_t i = slot(t, name);
    return t->name[i] ? t->value[i] : -1;
}

static void grow(struct names *t)
{
    struct names old = *t;
    t->capacity *= 2;
    t->name = xcalloc(t->capacity, sizeof *t->name);
    t->value = xcalloc(t->capacity, sizeof *t->value);
    for (size_t i = 0; i < old.capacity; i++) {
        if (!old.name[i])
            continue;
        size_t to = slot(t, old.name[i]);
        t->name[to] = old.name[i];
        t->value[to] = old.value[i];
    }
    free(old.name);
    free(old.value);
}

int names_add(struct names *t, const char *name, int32_t value)
{
    if (2 * (t->n + 1) > t->capacity)
        grow(t);
    size_t i = slot(t, name);
    if (t->name[i])
        return -EEXIST;
    t->name[i] = name;
    t->value[i] = value;
    t->n++;
    return 0;
}
