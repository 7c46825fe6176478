/* What the passes of graph_optimise() share: who writes and who reads each tensor. */
#ifndef SONATA_GRAPH_REWRITE_H
#define SONATA_GRAPH_REWRITE_H

#include "graph/graph.h"

struct rewrite {
    struct graph *g;
    uint32_t *uses;    /* of each tensor: inputs of nodes and outputs of the graph */
    int32_t *producer; /* its node, or -1 */
    size_t capacity;   /* of both arrays, in tensors */
};

/* Counts who reads and writes what. Until rewrite_end() the graph is changed through w only. */
void rewrite_begin(struct rewrite *w, struct graph *g);
/* Takes dead nodes out of the graph and frees tensors that nobody reads. */
void rewrite_end(struct rewrite *w);

/* The node that writes a tensor when it is of the operator and nobody else reads the tensor; NULL otherwise. */
struct graph_node *rewrite_only(const struct rewrite *w, int32_t tensor, enum graph_op op);
/* The same whoever reads it, too. */
struct graph_node *rewrite_maker(const struct rewrite *w, int32_t tensor, enum graph_op op);
/* Input i of a node becomes another tensor (-1: none). Nodes that nobody reads any more go. */
void rewrite_input(struct rewrite *w, struct graph_node *n, unsigned i, int32_t tensor);
/* The node stays with this many inputs; the others are let go. */
void rewrite_cut_inputs(struct rewrite *w, struct graph_node *n, unsigned n_inputs);
/* `before` writes what `after` wrote; `after` goes. */
void rewrite_absorb(struct rewrite *w, struct graph_node *before, struct graph_node *after);
/* A new float constant, not used by anyone yet. data is taken. */
int32_t rewrite_constant(struct rewrite *w, const struct graph_shape *shape, float *data);

/* A float constant of one value. */
bool rewrite_scalar(const struct graph *g, int32_t tensor, float *ret);

/* Passes, by file. */
void rewrite_activations(struct rewrite *w); /* SiLU, hard-swish, Gelu, channel shuffle in their spelled-out forms */
void rewrite_affine(struct rewrite *w);      /* batch norm and constants per channel, into convolutions */
void rewrite_cuts(struct rewrite *w);        /* Relu, Clip, hard-sigmoid and padding, into their neighbours */

#endif
