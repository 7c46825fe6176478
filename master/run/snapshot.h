/* The stored state of a search core, and the header of the search that is written with it. */
#ifndef SONATA_RUN_SNAPSHOT_H
#define SONATA_RUN_SNAPSHOT_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct snapshot *snapshot_new(void);
/* Frees it with all it holds; NULL is allowed. */
void snapshot_free(struct snapshot *s);
/* The stored snapshot has so many events and bytes; has_forests: forests may be stored with it. */
void snapshot_is_at(struct search *rs, uint64_t event, size_t size, bool has_forests);
/* The header is in the store as it is now. */
void search_header_is_stored(struct search *rs);
/* Active time that the stored header lacks. */
int64_t search_unstored_active_ns(const struct search *rs);
/* Front size and hypervolume of the header follow the core, when that is here and they may have changed; where the hypervolume costs much it is
 * measured on another thread, and the header has the one before until then. */
void search_refresh(struct search *rs);
/* The same at the end of the search, whose core goes: the last front is measured in any case. */
void search_measure_progress(struct search *rs);
/* Writes the core as it is, its front and (unless the search is finished) its forests. The core must be here. */
void search_snapshot(struct search *rs);
/* Writes the header of a search that changed in this turn, and before it a snapshot when one is due. */
void search_persist(struct search *rs);
/* Which core is to be restored, from what is stored of its search. Borrowed for the call. */
struct core_origin {
    struct store *store;
    const struct search_spec *spec;
    uint64_t search;
    uint64_t until;   /* events, exclusive */
    uint32_t threads; /* given to the core */
    bool from_start;  /* without the snapshot */
};

/* A core that was restored, for core_free(), and the snapshot it began with. */
struct restored_core {
    struct core *core;
    uint64_t event; /* events that are in the snapshot */
    size_t size;    /* of the snapshot */
    int forests;    /* 0: they came from the store, -ENOENT: none are stored, -EBADMSG: they are not those of the snapshot */
};

/* The search core as the stored snapshot has it, with its forests when they are stored. -ENOENT: there is no snapshot, or it is of a later event than
 * `until`. -EBADMSG: damaged. */
int snapshot_load(const struct core_origin *of, struct restored_core *ret_restored, struct sonata_error *err) SONATA_MUST_CHECK;
/* Ids of the front as of the last snapshot, none when there is no snapshot; *ret_ids is for free(). 0. */
int snapshot_front(struct engine *r, uint64_t id, uint64_t **ret_ids, uint32_t *ret_n) SONATA_MUST_CHECK;

#endif
