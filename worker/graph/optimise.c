/* Rewriting of a whole graph: the passes in their order. */
#include "graph/rewrite.h"

void graph_optimise(struct graph *g)
{
    struct rewrite w;
    rewrite_begin(&w, g);
    rewrite_activations(&w);
    rewrite_affine(&w);
    rewrite_cuts(&w);
    rewrite_end(&w);
}
