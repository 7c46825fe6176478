/* Hash map from a 64-bit id to a pointer; open addressing, no ordering. Pointers are not owned. */
#ifndef SONATA_BASE_MAP_H
#define SONATA_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise; release with map_fini(). */
struct map {
    struct map_entry {
        uint64_t key;
        void *value; /* NULL: free */
    } *entry;
    uint32_t n_entries; /* power of two, or 0 */
    uint32_t count;
};

/* Releases what it holds. */
void map_fini(struct map *m);
/* The same, and every value goes to free(): for maps that own theirs. */
void map_fini_free(struct map *m);
/* NULL when absent. */
void *map_get(const struct map *m, uint64_t key);
/* value is not NULL; replaces. */
void map_set(struct map *m, uint64_t key, void *value);
/* Returns what was there, or NULL. */
void *map_remove(struct map *m, uint64_t key);
/* Drops the values that keep() is false for; it releases them. */
void map_filter(struct map *m, bool (*keep)(void *user, void *value), void *user);
/* Iterates in no particular order; start with *position = 0; the map must not change meanwhile. NULL at the end. */
void *map_next(const struct map *m, uint32_t *position);

#endif
