/* The oracle: every node by its plain C kernel, every tensor in a place of its own. */
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "graph/executor.h"
#include "graph/kernel.h"

struct ref {
    struct executor base;
    struct graph g;
};

static void ref_destroy(struct executor *e)
{
    struct ref *r = (struct ref *)e;
    free(e->layer);
    graph_fini(&r->g);
    free(r);
}

static struct view view_of(const struct graph *g, int32_t t)
{
    if (t < 0)
        return (struct view){0};
    return (struct view){.type = g->tensor[t].type, .shape = g->tensor[t].shape, .data = g->tensor[t].data};
}

static int run_node(const struct graph *g, const struct graph_node *n, struct sonata_error *err)
{
    struct view few[8], *in = n->n_inputs + n->n_outputs <= 8 ? few : xcalloc(n->n_inputs + n->n_outputs, sizeof *in), *out = in + n->n_inputs;
    for (unsigned i = 0; i < n->n_inputs; i++)
        in[i] = view_of(g, n->input[i]);
    for (unsigned i = 0; i < n->n_outputs; i++)
        out[i] = view_of(g, n->output[i]);
    int r = kernel_run(n, in, out, err);
    if (in != few)
        free(in);
    return r;
}

static int ref_run(struct executor *e, struct sonata_error *err)
{
    const struct graph *g = &((struct ref *)e)->g;
    int r = 0;
    for (size_t i = 0; i < g->n_nodes && !r; i++) {
        int64_t start = e->now_ns ? e->now_ns() : 0;
        r = run_node(g, &g->node[i], err);
        if (e->now_ns)
            e->layer[i].ns += e->now_ns() - start;
    }
    return r;
}

static const struct executor_ops ref_ops = {.name = "ref", .run = ref_run, .destroy = ref_destroy};

/* From here on tensor.data is a place for values, constant or not. */
static int give_places(struct ref *r, struct sonata_error *err)
{
    int64_t total = 0;
    for (size_t i = 0; i < r->g.n_tensors; i++)
        total += r->g.tensor[i].data ? 0 : (int64_t)graph_tensor_bytes(&r->g.tensor[i]) + 8;
    if (total > EXECUTOR_BYTES_MAX)
        return sonata_error_set(err, -EFBIG, "the network's tensors need %lld bytes; at most %lld are given", (long long)total,
                                (long long)EXECUTOR_BYTES_MAX);
    for (size_t i = 0; i < r->g.n_tensors; i++) {
        struct graph_tensor *t = &r->g.tensor[i];
        if (!t->data)
            t->data = xcalloc(graph_tensor_bytes(t) + 8, 1);
    }
    r->base.tensor_bytes = (size_t)total;
    return 0;
}

static struct executor_port port_of(const struct graph *g, int32_t tensor, const char *name)
{
    const struct graph_tensor *t = &g->tensor[tensor];
    return (struct executor_port){.name = name, .type = t->type, .shape = t->shape, .data = t->data};
}

static void describe(struct ref *r)
{
    struct graph *g = &r->g;
    struct executor *e = &r->base;
    e->n_inputs = g->n_inputs;
    e->n_outputs = g->n_outputs;
    for (unsigned i = 0; i < g->n_inputs; i++)
        e->input[i] = port_of(g, g->input[i], g->tensor[g->input[i]].name);
    for (unsigned i = 0; i < g->n_outputs; i++)
        e->output[i] = port_of(g, g->output[i], g->output_name[i]);
    e->n_layers = g->n_nodes;
    e->layer = xcalloc(g->n_nodes + 1, sizeof *e->layer);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct graph_node *n = &g->node[i];
        e->layer[i] = (struct executor_layer){.name = n->name, .op = graph_op_name(n->op), .how = "ref", .macs = graph_node_steps(g, n)};
    }
}

int executor_ref_create(struct graph *take, struct executor **ret, struct sonata_error *err)
{
    struct ref *r = xcalloc(1, sizeof *r);
    r->g = *take;
    *take = (struct graph){0};
    r->base = (struct executor){.ops = &ref_ops, .version = "", .threads = 1, .macs = graph_macs(&r->g), .params = graph_params(&r->g)};
    int e = give_places(r, err);
    if (e) {
        ref_destroy(&r->base);
        return e;
    }
    describe(r);
    *ret = &r->base;
    return 0;
}
