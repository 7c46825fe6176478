/* What a search has learned: surrogates per objective, importance, feasibility, and how far they are to be trusted. */
#ifndef SONATA_SEARCH_MODELS_H
#define SONATA_SEARCH_MODELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "search/core.h"
#include "search/forest.h"
#include "search/gp.h"
#include "search/ridge.h"
#include "search/warp.h"

struct core;
struct candidate;

enum { MODELS_MIN_ROWS = 8, TRUST_WINDOW = 50, TRUST_MIN = 20 };

/* The data a model was fitted to: rows of the archive, then the first n_hints hints. */
struct training {
    uint32_t *row;
    uint32_t n, n_hints;
    uint32_t *part; // rows known in part: they train the models of what is known
    uint32_t n_part;
};

struct models {
    struct forest_gene gene[SPACE_GENES_MAX];
    bool fitted;           // the surrogates stand for `train`
    uint32_t fitted_told;  // results known when they were fitted
    uint32_t fitted_parts; // screenings, likewise
    struct training train;
    struct warp warp[CORE_OBJECTIVES_MAX];
    struct gp gp[CORE_OBJECTIVES_MAX];
    struct ridge ridge[CORE_OBJECTIVES_MAX];
    bool grown; // the forests and what follows from them stand for `forest_train`
    uint32_t grown_told;
    uint64_t n_grown; // forests grown so far: their random streams
    struct training forest_train;
    struct forest forest[CORE_OBJECTIVES_MAX];
    struct warp forest_warp[CORE_OBJECTIVES_MAX];
    double importance[CORE_OBJECTIVES_MAX][SPACE_GENES_MAX];
    double value[CORE_OBJECTIVES_MAX][SPACE_GENES_MAX][FOREST_VALUES];
    uint32_t risk_told; // results behind the feasibility model, 0: there is none
    struct forest risk;
    uint64_t key[CORE_OBJECTIVES_MAX + 1]; // of the forests, the risk's last: what they were grown from
    bool forests_due, fit_due;             // loaded: forests, surrogates are made when somebody needs them
    double effort_ns;                      // of the batch under way (effort.h)
    struct bytes kept;                     // blob that forests are borrowed from (forest_keep.h)
};

/* Models of a search without results yet. Free with models_free(). */
struct models *models_new(const struct core *s);
/* Frees it with all it holds; NULL is allowed. */
void models_free(struct models *m);
/* Results changed behind the models' back: fit anew at the next use. NULL is allowed. */
void models_invalidate(struct models *m);
/* The same when rows they were fitted to may have lost their values: what was fitted is gone, hyper-parameters stay. */
void models_forget(struct models *m);
/* Fits to what is known when that has changed; forests every 10 results (or 5 % of them) only. False while there are fewer than MODELS_MIN_ROWS
 * results or when the settings want no surrogate. */
bool models_refresh(struct core *s);
/* Predictions of n candidates: q at mean - beta sd and risk; with `full` also mean, sd (with noise) and predicted. Objective units. */
void models_predict(struct core *s, struct candidate *c, uint32_t n, double beta, bool full);

/* Rolling quality on the last TRUST_WINDOW predicted and measured rows. NAN with fewer than TRUST_MIN. */
void models_quality(const struct core *s, double ret_rank_correlation[CORE_OBJECTIVES_MAX], double ret_coverage[CORE_OBJECTIVES_MAX]);
/* False when the mean rank correlation over the objectives is worse than chance. */
bool models_trusted(const struct core *s);

/* Makes forests and what follows from them (importance, value tables) after a load; at no cost when they are there. */
void models_ready(struct core *s);

/* Appends what the models were fitted to and their hyper-parameters, not the forests. */
void models_save(const struct models *m, struct bytes *out);
/* Takes over what the models were fitted to; they are made again from it at the first use, the same to the bit. False when the bytes are not ours. */
bool models_load(struct models *m, struct core *s, struct reader *in);
/* core_forests_save() and core_forests_load() (core.h). */
void models_forests_save(struct core *s, size_t max, struct bytes *out);
/* Takes *forests over when they are those of the state that was loaded. 0, -EBADMSG: not those, or damaged: they are grown again. */
int models_forests_load(struct core *s, struct bytes *forests);

#endif
