/* Searches as their pages need them: a copy of the individuals of those that somebody looks at, brought up to date from the master when they changed.
 *
 * Every change of a row gets the next number of one counter (`revision`), so that a page asks for what changed since the last it saw. Rows hold what
 * charts and tables show; everything else about one individual is asked from the master when somebody opens it. */
#ifndef SONATA_WEB_MIRROR_H
#define SONATA_WEB_MIRROR_H

#include "cli/results.h"
#include "web/upstream.h"

enum { MIRROR_TEXTS_MAX = 256 };

enum mirror_state { MIRROR_PENDING, MIRROR_DONE, MIRROR_INFEASIBLE, MIRROR_FAILED, MIRROR_SCREENED };

/* One individual. Texts that repeat (arms, boards) are numbers of the mirror's table. */
struct mirror_row {
    uint64_t id, revision;
    int64_t told_wall_ns;
    double hypervolume;
    double value[OBJECTIVES_MAX], constraint[CONSTRAINTS_MAX];
    float low[OBJECTIVES_MAX], high[OBJECTIVES_MAX], mean[OBJECTIVES_MAX], sd[OBJECTIVES_MAX];
    int32_t parent[2]; /* -1: none */
    uint32_t generation, told_order, measured;
    uint16_t arm, board, flags;
    uint8_t state; /* enum mirror_state */
    bool on_front, reused, predicted;
    char *reason;    /* NULL: none */
    uint8_t *allele; /* of the space's genes */
};

struct mirror {
    uint64_t id, revision; /* revision: of the newest row or status */
    struct results_status status;
    struct search_spec spec;
    size_t n_rows, capacity;
    struct mirror_row *row; /* in order of id */
    unsigned n_texts;
    char *text[MIRROR_TEXTS_MAX];
};

struct mirrors;

/* m: complete and fresh, valid during the call; NULL: code and reason say why not. */
typedef void (*mirror_done)(void *user, const struct mirror *m, int code, const char *reason);

/* No copies yet; revisions begin behind first_revision; token: with which its questions go (upstream_ask()); borrowed, its text may change. Free with
 * mirrors_free(). */
struct mirrors *mirrors_new(struct upstream *up, uint64_t first_revision, const char *token);
/* The token they ask with. */
const char *mirrors_token(const struct mirrors *all);
/* No question of theirs is open. */
bool mirrors_are_idle(const struct mirrors *all);
/* After upstream_close(). */
void mirrors_free(struct mirrors *all);
/* Brings the search up to date and calls back; answered from the copy when that is younger than fresh_ns. */
void mirror_get(struct mirrors *all, uint64_t search, int64_t fresh_ns, mirror_done done, void *user);
/* The search was changed just now: what is asked from here on is not answered from an older copy. */
void mirror_stale(struct mirrors *all, uint64_t search);
/* The copy as it is, without asking; NULL: there is none. */
const struct mirror *mirror_peek(const struct mirrors *all, uint64_t search);
/* The next number of the counter all copies share. */
uint64_t mirrors_next_revision(struct mirrors *all);
/* The newest number given. */
uint64_t mirrors_revision(const struct mirrors *all);
/* The row of that individual; NULL: there is none. */
const struct mirror_row *mirror_find(const struct mirror *m, uint64_t individual);
/* '0' … 'f' for each active gene, '.' for a silent one. */
void row_genes(const struct mirror *m, const struct mirror_row *r, char text[SPACE_GENES_MAX + 1]);
/* "pending", "done", "infeasible", "failed". */
const char *row_state_name(const struct mirror_row *r);

#endif
