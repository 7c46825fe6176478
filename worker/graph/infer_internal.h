/* What the files that infer shapes share. */
#ifndef SONATA_GRAPH_INFER_INTERNAL_H
#define SONATA_GRAPH_INFER_INTERNAL_H

#include "graph/graph.h"

struct inference {
    const struct graph *g;
    const struct graph_node *n;
    struct graph_tensor *out; /* of every output of the node */
    struct sonata_error *err;
};

const struct graph_tensor *infer_input(const struct inference *f, unsigned i); /* NULL: not given */
/* An error that names the node; returns code, or -EINVAL. */
int infer_refused(const struct inference *f, int code, const char *what);
/* As infer_refused() with -EINVAL. */
int infer_wrong(const struct inference *f, const char *what);
/* Output i; -EINVAL when it is too large. */
int infer_done(const struct inference *f, unsigned i, enum graph_type type, const struct graph_shape *shape);
/* Inputs first..last are there and have the type. */
int infer_need(const struct inference *f, unsigned first, unsigned last, enum graph_type type);
/* The output is like the first input. */
int infer_same(const struct inference *f);
/* s becomes what s and `with` are broadcast to. */
int infer_broadcast(const struct inference *f, const struct graph_shape *with, struct graph_shape *s);
/* Whether the node's axis is a dimension of its first input. */
bool infer_has_axis(const struct inference *f);

/* Rules (infer_move.c). */
int infer_concat(const struct inference *f);
int infer_split(const struct inference *f);
int infer_slice(const struct inference *f);
int infer_gather(const struct inference *f);
int infer_transpose(const struct inference *f);
int infer_reshape(const struct inference *f);
int infer_expand(const struct inference *f);
int infer_tile(const struct inference *f);
int infer_pad(const struct inference *f);
int infer_resize(const struct inference *f);
int infer_shuffle(const struct inference *f);

#endif
