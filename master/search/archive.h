/* Every architecture a search knows: evaluated, pending or failed; identity is the canonical genotype. Rows are never removed. */
#ifndef SONATA_SEARCH_ARCHIVE_H
#define SONATA_SEARCH_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/space.h"
#include "search/core.h"

enum { CHOOSER_FEATURES = 8, ARCHIVE_ROWS_MAX = 4000000 };

enum row_state { ROW_PENDING, ROW_OK, ROW_INFEASIBLE, ROW_FAILED, ROW_SCREENED /* some groups are known, nothing is under way */, ROW_STATES };

struct row {
    struct genotype genotype; // canonical
    uint8_t features[SPACE_GENES_MAX];
    double y[CORE_OBJECTIVES_MAX]; // objectives, when ROW_OK
    double violation;              // > 0: infeasible by a measured constraint
    double mean[CORE_OBJECTIVES_MAX], sd[CORE_OBJECTIVES_MAX];
    int64_t parent[2];
    uint32_t arm, generation, uses;  // uses: times chosen as a parent
    float context[CHOOSER_FEATURES]; // what the agent saw when it chose the arm …
    float probability;               // … and how likely it was to choose it
    double gain;                     // hypervolume it added when it was told, in search scale
    uint8_t state;                   // enum row_state
    uint8_t known, asked;            // groups whose objectives are in y; that were asked for
    bool predicted, injected;
};

struct archive {
    struct row *row;
    uint32_t n, n_pending, n_told;
    uint32_t n_screened; // rows that wait in ROW_SCREENED
    uint32_t n_parts;    // times that a row came to wait there
    size_t capacity;
    uint32_t *told; // rows in the order in which results came
    size_t told_capacity;
    struct archive_slot {
        uint32_t row, hash; // row + 1 (0: empty), low bits of the genotype's hash
    } * slot;               // open addressing
    uint32_t slots;         // power of two
    uint32_t *front;        // rows of the front, by id; feasible, non-dominated, distinct vectors
    double *front_y;        // their objectives, side by side
    uint32_t n_front;
    size_t front_capacity, front_y_capacity;
};

/* Releases what it holds. */
void archive_fini(struct archive *a);
/* Row of the canonical genotype, or -1. */
int64_t archive_find(const struct archive *a, const struct space *space, const struct genotype *canonical);
/* The same with hash64() of its alleles at hand. */
int64_t archive_find_hashed(const struct archive *a, const struct space *space, const struct genotype *canonical, uint64_t hash);
/* Appends a pending row (the genotype must be unknown); returns it, its number is a->n - 1. Valid until the next append. */
struct row *archive_push(struct archive *a, const struct space *space, const struct genotype *canonical, const uint8_t features[SPACE_GENES_MAX]);
/* Records the result of a pending row and updates the front. */
void archive_tell(struct archive *a, uint32_t row, const struct core_result *result, uint32_t n_objectives);
/* Records that some groups of a pending row are known; true when nothing of it is under way any more, so that it waits. */
bool archive_tell_part(struct archive *a, uint32_t row, const struct core_result *result, const uint8_t *group, uint32_t n_objectives);
/* Asks for further groups of a row that waits. */
void archive_promote(struct archive *a, uint32_t row, uint32_t groups);
/* Whether the row has its final result. */
bool row_told(const struct row *r);
/* Replaces the result of a told row; the front is rebuilt. */
void archive_retell(struct archive *a, uint32_t row, const struct core_result *result, uint32_t n_objectives);
/* Rebuilds the front from the rows, in the order they were told (load). */
void archive_rebuild_front(struct archive *a, uint32_t n_objectives);
/* Whether it has a result that breaks no constraint. */
bool row_feasible(const struct row *r);

#endif
