/* Expected hypervolume improvement of independent normal predictions, exact for one to three minimised objectives.
 *
 * The improvement is the volume of what is neither dominated nor beyond the reference and dominated by the candidate y, so its expectation is the
 * integral of P(y <= u) over that region: cut into boxes, each gives a product of one-dimensional integrals
 *     int_a^b P(y_j <= u) du = sd (psi((b - mean) / sd) - psi((a - mean) / sd)),  psi(t) = t Phi(t) + phi(t)
 * (Emmerich, Deutz, Klinkenberg 2011; the decomposition of Yang, Emmerich, Deutz, Bäck 2019 has fewer boxes for three objectives, ours are simpler).
 */
#ifndef SONATA_SEARCH_EHVI_H
#define SONATA_SEARCH_EHVI_H

#include <stdint.h>

#include "search/hypervolume.h"

enum { EHVI_OBJECTIVES_MAX = 3 };

/* The region that a candidate may add, in boxes. */
struct ehvi_region {
    uint32_t m, n_boxes;
    uint32_t n_edges[EHVI_OBJECTIVES_MAX];
    double *edge[EHVI_OBJECTIVES_MAX]; // coordinates, ascending; the first is minus infinity
    struct ehvi_box {
        uint16_t low[EHVI_OBJECTIVES_MAX], high[EHVI_OBJECTIVES_MAX]; // places in edge[]
    } * box;
    double *integral; // room for one candidate
};

/* Of the front below the reference; f->m is 1 to 3. Release with ehvi_region_fini(). */
void ehvi_region_init(struct ehvi_region *r, const struct front *f, const double *reference);
/* Releases what it holds. */
void ehvi_region_fini(struct ehvi_region *r);
/* What a candidate with these predictions is expected to add; sd 0: the value is known. */
double ehvi_value(const struct ehvi_region *r, const double *mean, const double *sd);

#endif
