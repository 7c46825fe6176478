/* Walking over broadcast shapes (kernel.h). */
#include <string.h>

#include "graph/kernel.h"

void walk_strides(const struct graph_shape *from, const struct graph_shape *to, int64_t stride[GRAPH_RANK_MAX])
{
    int64_t step = 1;
    for (unsigned i = 0; i < to->rank; i++)
        stride[i] = 0;
    for (unsigned k = 0; k < from->rank; k++) {
        unsigned i = from->rank - 1 - k, j = to->rank - 1 - k;
        stride[j] = from->dim[i] == 1 ? 0 : step;
        step *= from->dim[i];
    }
}

void walk_begin(struct walk *w, const struct graph_shape *shape)
{
    memset(w->at, 0, sizeof w->at);
    memset(w->offset, 0, sizeof w->offset);
    w->rank = shape->rank;
    memcpy(w->dim, shape->dim, sizeof w->dim);
    if (!w->rank) { /* a scalar is a row of one */
        w->rank = 1;
        w->dim[0] = 1;
        for (unsigned k = 0; k < 3; k++)
            w->stride[k][0] = 0;
    }
}

bool walk_next(struct walk *w)
{
    for (unsigned i = w->rank - 1; i-- > 0;) {
        for (unsigned k = 0; k < 3; k++)
            w->offset[k] += w->stride[k][i];
        if (++w->at[i] < w->dim[i])
            return true;
        for (unsigned k = 0; k < 3; k++)
            w->offset[k] -= w->stride[k][i] * w->dim[i];
        w->at[i] = 0;
    }
    return false;
}
