/* Adding nodes: what is known is computed at once. */
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "graph/graph.h"
#include "graph/kernel.h"

static bool all_known(const struct graph *g, const struct graph_node *n)
{
    for (unsigned i = 0; i < n->n_inputs; i++) {
        if (n->input[i] >= 0 && !g->tensor[n->input[i]].data)
            return false;
    }
    return n->n_inputs > 0;
}

static struct view view_of(const struct graph_tensor *t) { return (struct view){.type = t->type, .shape = t->shape, .data = t->data}; }

/* Computes a node of constants. Beyond the limits it stays a node, which gives the same result later. */
static int fold(struct graph *g, struct graph_node *n, struct sonata_error *err)
{
    int64_t bytes = 0;
    double steps = graph_node_steps(g, n);
    for (unsigned i = 0; i < n->n_outputs; i++)
        bytes += (int64_t)graph_tensor_bytes(&g->tensor[n->output[i]]);
    if (steps + (double)g->fold_steps > (double)GRAPH_FOLD_STEPS_MAX || bytes + g->computed_bytes > GRAPH_CONSTANT_BYTES_MAX)
        return 0;
    g->fold_steps += (int64_t)steps + 1;
    g->computed_bytes += bytes;
    struct view *in = xcalloc(n->n_inputs, sizeof *in), *out = xcalloc(n->n_outputs, sizeof *out);
    for (unsigned i = 0; i < n->n_inputs; i++)
        in[i] = n->input[i] < 0 ? (struct view){0} : view_of(&g->tensor[n->input[i]]);
    for (unsigned i = 0; i < n->n_outputs; i++) {
        struct graph_tensor *t = &g->tensor[n->output[i]];
        t->data = xcalloc(graph_tensor_bytes(t) + 8, 1);
        out[i] = view_of(t);
    }
    int r = kernel_run(n, in, out, err);
    n->dead = true;
    free(in);
    free(out);
    return r;
}

static int add_outputs(struct graph *g, struct graph_node *n, const struct graph_tensor *inferred, const char *const *output_names,
                       struct sonata_error *err)
{
    for (unsigned i = 0; i < n->n_outputs; i++) {
        const char *name = output_names ? output_names[i] : n->name;
        n->output[i] = graph_add_tensor(g, name, inferred[i].type, &inferred[i].shape, NULL);
        if (n->output[i] < 0)
            return sonata_error_set(err, -EFBIG, "node '%.60s': the model has more than %d tensors", n->name, GRAPH_TENSORS_MAX);
    }
    return 0;
}

int graph_add_node(struct graph *g, struct graph_node *take, const char *const *output_names, struct sonata_error *err)
{
    struct graph_tensor *inferred = xcalloc(take->n_outputs ? take->n_outputs : 1, sizeof *inferred);
    struct graph_node n = *take;
    *take = (struct graph_node){0};
    int r = g->n_nodes < GRAPH_NODES_MAX ? 0 : sonata_error_set(err, -EFBIG, "the model has more than %d nodes", GRAPH_NODES_MAX);
    r = r ? r : graph_infer(g, &n, inferred, err);
    r = r ? r : add_outputs(g, &n, inferred, output_names, err);
    free(inferred);
    if (!r && all_known(g, &n))
        r = fold(g, &n, err);
    if (r || n.dead) { /* what was computed needs no node */
        graph_node_fini(&n);
        return r;
    }
    g->node = xgrow(g->node, &g->nodes_capacity, g->n_nodes + 1, sizeof *g->node);
    g->node[g->n_nodes++] = n;
    return 0;
}
