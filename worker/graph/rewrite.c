/* See rewrite.h. */
#include "graph/rewrite.h"

#include <stdlib.h>

#include "base/memory.h"

static void grow(struct rewrite *w)
{
    size_t old = w->capacity, n = w->g->n_tensors;
    if (n <= old)
        return;
    w->capacity = n + n / 2 + 16;
    w->uses = xreallocarray(w->uses, w->capacity, sizeof *w->uses);
    w->producer = xreallocarray(w->producer, w->capacity, sizeof *w->producer);
    for (size_t i = old; i < w->capacity; i++) {
        w->uses[i] = 0;
        w->producer[i] = -1;
    }
}

static void drop(struct rewrite *w, struct graph_node *n);

static void let_go(struct rewrite *w, int32_t tensor)
{
    if (tensor < 0 || --w->uses[tensor] > 0)
        return;
    struct graph_node *n = w->producer[tensor] < 0 ? NULL : &w->g->node[w->producer[tensor]];
    for (unsigned i = 0; n && i < n->n_outputs; i++) {
        if (w->uses[n->output[i]])
            return;
    }
    if (n && !n->dead)
        drop(w, n);
}

static void drop(struct rewrite *w, struct graph_node *n)
{
    n->dead = true;
    for (unsigned i = 0; i < n->n_inputs; i++)
        let_go(w, n->input[i]);
}

void rewrite_begin(struct rewrite *w, struct graph *g)
{
    *w = (struct rewrite){.g = g};
    grow(w);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct graph_node *n = &g->node[i];
        for (unsigned k = 0; k < n->n_inputs; k++)
            w->uses[n->input[k] < 0 ? 0 : n->input[k]] += n->input[k] >= 0;
        for (unsigned k = 0; k < n->n_outputs; k++)
            w->producer[n->output[k]] = (int32_t)i;
    }
    for (unsigned i = 0; i < g->n_outputs; i++)
        w->uses[g->output[i]]++;
    for (unsigned i = 0; i < g->n_inputs; i++) /* they stay, read or not */
        w->uses[g->input[i]]++;
    for (size_t i = g->n_nodes; i-- > 0;) {
        bool read = g->node[i].dead;
        for (unsigned k = 0; k < g->node[i].n_outputs; k++)
            read = read || w->uses[g->node[i].output[k]];
        if (!read)
            drop(w, &g->node[i]);
    }
}

/* Leaves out dead nodes and the values of constants that nobody reads. */
void rewrite_end(struct rewrite *w)
{
    struct graph *g = w->g;
    size_t kept = 0;
    grow(w);
    for (size_t i = 0; i < g->n_nodes; i++) {
        if (g->node[i].dead)
            graph_node_fini(&g->node[i]);
        else
            g->node[kept++] = g->node[i];
    }
    g->n_nodes = kept;
    for (size_t i = 0; i < g->n_tensors; i++) {
        if (!w->uses[i]) {
            free(g->tensor[i].data);
            g->tensor[i].data = NULL;
            g->tensor[i].shape = (struct graph_shape){.rank = 1}; /* of no bytes */
        }
    }
    free(w->uses);
    free(w->producer);
}

struct graph_node *rewrite_maker(const struct rewrite *w, int32_t tensor, enum graph_op op)
{
    if (tensor < 0 || w->producer[tensor] < 0)
        return NULL;
    struct graph_node *n = &w->g->node[w->producer[tensor]];
    return n->dead || n->op != op ? NULL : n;
}

struct graph_node *rewrite_only(const struct rewrite *w, int32_t tensor, enum graph_op op)
{
    return tensor >= 0 && w->uses[tensor] == 1 ? rewrite_maker(w, tensor, op) : NULL;
}

void rewrite_input(struct rewrite *w, struct graph_node *n, unsigned i, int32_t tensor)
{
    int32_t old = n->input[i];
    grow(w);
    n->input[i] = tensor;
    if (tensor >= 0)
        w->uses[tensor]++;
    let_go(w, old);
}

void rewrite_cut_inputs(struct rewrite *w, struct graph_node *n, unsigned n_inputs)
{
    while (n->n_inputs > n_inputs)
        let_go(w, n->input[--n->n_inputs]);
}

void rewrite_absorb(struct rewrite *w, struct graph_node *before, struct graph_node *after)
{
    int32_t middle = before->output[0], end = after->output[0];
    before->output[0] = end;
    w->producer[end] = w->producer[middle];
    w->producer[middle] = -1;
    after->dead = true;
    for (unsigned i = 0; i < after->n_inputs; i++)
        let_go(w, after->input[i]);
}

int32_t rewrite_constant(struct rewrite *w, const struct graph_shape *shape, float *data)
{
    int32_t t = graph_add_tensor(w->g, "", GRAPH_F32, shape, data);
    grow(w);
    return t;
}

bool rewrite_scalar(const struct graph *g, int32_t tensor, float *ret)
{
    const struct graph_tensor *t = tensor < 0 ? NULL : &g->tensor[tensor];
    if (!t || !t->data || t->type != GRAPH_F32 || graph_elements(&t->shape) != 1)
        return false;
    *ret = *(const float *)t->data;
    return true;
}
