/* See map.h. Linear probing; removal moves later entries of the run back, so there are no tombstones. */
#include "base/map.h"

#include <stdlib.h>

#include "base/memory.h"

void map_fini(struct map *m)
{
    free(m->entry);
    *m = (struct map){0};
}

void map_fini_free(struct map *m)
{
    for (uint32_t i = 0; i < m->n_entries; i++)
        free(m->entry[i].value);
    map_fini(m);
}

static uint32_t home(const struct map *m, uint64_t key)
{
    return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (m->n_entries - 1);
}

static uint32_t find(const struct map *m, uint64_t key)
{
    uint32_t i = home(m, key);
    while (m->entry[i].value && m->entry[i].key != key)
        i = (i + 1) & (m->n_entries - 1);
    return i;
}

void *map_get(const struct map *m, uint64_t key)
{
    return m->count ? m->entry[find(m, key)].value : NULL;
}

static void grow(struct map *m)
{
    struct map old = *m;
    m->n_entries = old.n_entries ? 2 * old.n_entries : 64;
    m->entry = xcalloc(m->n_entries, sizeof *m->entry);
    for (uint32_t i = 0; i < old.n_entries; i++) {
        if (old.entry[i].value)
            m->entry[find(m, old.entry[i].key)] = old.entry[i];
    }
    free(old.entry);
}

void map_set(struct map *m, uint64_t key, void *value)
{
    if (3 * (m->count + 1) > 2 * m->n_entries)
        grow(m);
    struct map_entry *e = &m->entry[find(m, key)];
    if (!e->value)
        m->count++;
    *e = (struct map_entry){key, value};
}

void *map_remove(struct map *m, uint64_t key)
{
    if (!m->count)
        return NULL;
    uint32_t mask = m->n_entries - 1, hole = find(m, key);
    void *value = m->entry[hole].value;
    if (!value)
        return NULL;
    m->count--;
    for (uint32_t i = (hole + 1) & mask; m->entry[i].value; i = (i + 1) & mask) {
        uint32_t h = home(m, m->entry[i].key);
        if (((i - h) & mask) >= ((i - hole) & mask)) { /* its home lies at or before the hole */
            m->entry[hole] = m->entry[i];
            hole = i;
        }
    }
    m->entry[hole].value = NULL;
    return value;
}

void map_filter(struct map *m, bool (*keep)(void *user, void *value), void *user)
{
    struct map kept = {0};
    for (uint32_t i = 0; i < m->n_entries; i++) {
        if (m->entry[i].value && keep(user, m->entry[i].value))
            map_set(&kept, m->entry[i].key, m->entry[i].value);
    }
    map_fini(m);
    *m = kept;
}

void *map_next(const struct map *m, uint32_t *position)
{
    while (*position < m->n_entries) {
        void *value = m->entry[(*position)++].value;
        if (value)
            return value;
    }
    return NULL;
}
