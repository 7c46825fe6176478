/* The engine: rewriting, lowering node after node, addresses, set-up; then a run is a row of calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/engine_internal.h"

enum { THREADS_MAX = 64 };

static void engine_destroy(struct executor *base)
{
    struct graph_engine *e = (struct graph_engine *)base;
    for (size_t i = 0; i < e->n_steps; i++) {
        struct step *s = &e->step[i];
        if (s->op)
            xnn_delete_operator(s->op);
        if (s->release)
            s->release(s);
        free(s->state);
    }
    for (size_t i = 0; i < e->n_buffers; i++) {
        if (e->buffer[i].own)
            free(e->buffer[i].data);
    }
    free(e->step);
    free(e->buffer);
    free(e->arena);
    free(e->choice);
    free(e->place);
    free(e->uses);
    free(e->left);
    free(e->home);
    free(e->whole);
    free(e->joined);
    free(e->base.layer);
    if (e->pool)
        pthreadpool_destroy(e->pool);
    graph_fini(&e->g);
    free(e);
}

static int engine_run(struct executor *base, struct sonata_error *err)
{
    struct graph_engine *e = (struct graph_engine *)base;
    for (size_t i = 0; i < e->n_steps; i++) {
        int64_t start = base->now_ns ? base->now_ns() : 0;
        int r = e->step[i].run(e, &e->step[i]);
        if (r)
            return sonata_error_set(err, r, "layer '%.60s' (%s) failed", e->step[i].info.name, e->step[i].info.op);
        if (base->now_ns)
            base->layer[i].ns += base->now_ns() - start;
    }
    return 0;
}

static const struct executor_ops engine_ops = {.name = "engine", .run = engine_run, .destroy = engine_destroy};

/* ---- lowering ---- */

static bool lower_special(struct graph_engine *e, const struct graph_node *n)
{
    switch (n->op) {
    case GRAPH_CONV:
        return lower_conv(e, n);
    case GRAPH_CONV_TRANSPOSE:
        return lower_conv_transpose(e, n);
    case GRAPH_GEMM:
    case GRAPH_MATMUL:
        return lower_product(e, n);
    case GRAPH_MAX_POOL:
    case GRAPH_AVERAGE_POOL:
        return lower_pool(e, n);
    case GRAPH_REDUCE_MEAN:
        return lower_mean(e, n);
    case GRAPH_RESIZE:
        return lower_resize(e, n);
    case GRAPH_CHANNEL_SHUFFLE:
        return lower_shuffle(e, n);
    case GRAPH_AFFINE:
        return lower_affine(e, n);
    case GRAPH_SOFTMAX:
        return lower_softmax(e, n);
    case GRAPH_RESHAPE:
        return lower_reshape(e, n);
    case GRAPH_CONCAT:
        return lower_concat(e, n);
    case GRAPH_SPLIT:
    case GRAPH_SLICE:
        return lower_split(e, n);
    default:
        return graph_op_is_unary(n->op) ? lower_unary(e, n) : graph_op_is_binary(n->op) && lower_binary(e, n);
    }
}

static void lower_all(struct graph_engine *e)
{
    for (size_t i = 0; i < e->g.n_nodes; i++) {
        const struct graph_node *n = &e->g.node[i];
        e->node = n;
        size_t first = e->n_steps;
        if (!lower_special(e, n))
            lower_kernel(e, n);
        if (e->n_steps > first)
            e->step[e->n_steps - 1].info.macs =
                n->op == GRAPH_CONV || n->op == GRAPH_CONV_TRANSPOSE || n->op == GRAPH_GEMM || n->op == GRAPH_MATMUL ? graph_node_steps(&e->g, n) : 0;
        place_node_done(e, n);
    }
    e->node = NULL;
}

/* Inputs have memory of their own: whoever fills one may run again and again. */
static void place_inputs(struct graph_engine *e)
{
    for (unsigned i = 0; i < e->g.n_inputs; i++) {
        int32_t t = e->g.input[i], b = buffer_new(e, graph_tensor_bytes(&e->g.tensor[t]));
        e->buffer[b].own = true;
        e->buffer[b].data = xcalloc_line(e->buffer[b].bytes, 1);
        place_alias(e, t, PLAIN, (struct place){.buffer = b});
    }
}

static void place_outputs(struct graph_engine *e, struct place *at)
{
    for (unsigned i = 0; i < e->g.n_outputs; i++) {
        at[i] = place_read(e, e->g.output[i], PLAIN);
        e->buffer[at[i].buffer].last = INT32_MAX;
    }
}

static void describe(struct graph_engine *e, const struct place *output)
{
    struct executor *b = &e->base;
    const struct graph *g = &e->g;
    b->n_inputs = g->n_inputs;
    b->n_outputs = g->n_outputs;
    for (unsigned i = 0; i < g->n_inputs; i++) {
        const struct graph_tensor *t = &g->tensor[g->input[i]];
        b->input[i] = (struct executor_port){t->name, t->type, t->shape, place_data(e, e->place[g->input[i]][PLAIN])};
    }
    for (unsigned i = 0; i < g->n_outputs; i++) {
        const struct graph_tensor *t = &g->tensor[g->output[i]];
        b->output[i] = (struct executor_port){g->output_name[i], t->type, t->shape, place_data(e, output[i])};
    }
    b->n_layers = e->n_steps;
    b->layer = xcalloc(e->n_steps + 1, sizeof *b->layer);
    for (size_t i = 0; i < e->n_steps; i++)
        b->layer[i] = e->step[i].info;
}

static void count_uses(struct graph_engine *e)
{
    const struct graph *g = &e->g;
    e->uses = xcalloc(g->n_tensors + 1, sizeof *e->uses);
    for (size_t i = 0; i < g->n_nodes; i++)
        for (unsigned k = 0; k < g->node[i].n_inputs; k++)
            if (g->node[i].input[k] >= 0)
                e->uses[g->node[i].input[k]]++;
    for (unsigned i = 0; i < g->n_outputs; i++)
        e->uses[g->output[i]]++;
    e->left = xmemdup(e->uses, (g->n_tensors + 1) * sizeof *e->uses);
}

static void prepare(struct graph_engine *e)
{
    size_t tensors = e->g.n_tensors + 1, nodes = e->g.n_nodes + 1;
    count_uses(e);
    e->place = xcalloc(tensors, sizeof *e->place);
    e->home = xcalloc(tensors, sizeof *e->home);
    e->joined = xcalloc(nodes, sizeof *e->joined);
    e->whole = xcalloc(nodes, sizeof *e->whole);
    for (size_t i = 0; i < tensors; i++) {
        for (unsigned k = 0; k < LAYOUTS; k++)
            e->place[i][k] = place_none();
        e->home[i].concat = -1;
    }
    for (size_t i = 0; i < nodes; i++) {
        e->joined[i] = place_none();
        e->whole[i] = -1;
    }
}

static int set_up(struct graph_engine *e, struct sonata_error *err)
{
    for (size_t i = 0; i < e->n_steps; i++) {
        struct step *s = &e->step[i];
        int r = s->setup ? s->setup(e, s) : 0;
        if (r)
            return sonata_error_set(err, r, "layer '%.60s' (%s): the kernel library refuses its sizes", s->info.name, s->info.op);
    }
    return 0;
}

/* Refused before anything is allocated, by the sum of all tensors: what is alive at once is known only later. */
static int check_size(const struct graph *g, struct sonata_error *err)
{
    int64_t largest = 0;
    for (size_t i = 0; i < g->n_tensors; i++) {
        int64_t bytes = (int64_t)graph_tensor_bytes(&g->tensor[i]);
        largest = bytes > largest ? bytes : largest;
    }
    if (largest > EXECUTOR_BYTES_MAX / 2)
        return sonata_error_set(err, -EFBIG, "a tensor needs %lld bytes", (long long)largest);
    return 0;
}

int executor_engine_create(struct graph *take, unsigned threads, struct executor **ret, struct sonata_error *err)
{
    struct graph_engine *e = xcalloc(1, sizeof *e);
    struct place output[GRAPH_PORTS_MAX];
    e->g = *take;
    *take = (struct graph){0};
    e->base = (struct executor){.ops = &engine_ops, .version = "XNNPACK 20220216", .threads = threads};
    e->base.macs = graph_macs(&e->g);
    e->base.params = graph_params(&e->g);
    int r = threads >= 1 && threads <= THREADS_MAX ? 0 : sonata_error_set(err, -EINVAL, "1 to %d threads", THREADS_MAX);
    if (!r && xnn_initialize(NULL) != xnn_status_success)
        r = sonata_error_set(err, -ENOTSUP, "XNNPACK does not support this processor; use the executor 'ref'");
    r = r ? r : check_size(&e->g, err);
    if (!r) {
        e->pool = threads > 1 ? pthreadpool_create(threads) : NULL;
        graph_optimise(&e->g);
        prepare(e);
        place_plan_homes(e);
        place_inputs(e);
        lower_all(e);
        place_outputs(e, output);
        r = place_arena(e, err);
        r = r ? r : set_up(e, err);
    }
    if (r) {
        engine_destroy(&e->base);
        return r;
    }
    describe(e, output);
    *ret = &e->base;
    return 0;
}
