/* What moves values, mostly by not moving them: reshapes and splits are views, concatenations are written by who computes the parts. And the plain C
 * kernels for everything that has no better one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/engine_internal.h"

bool lower_reshape(struct graph_engine *e, const struct graph_node *n)
{
    struct place p = place_read(e, n->input[0], PLAIN);
    p.stride = channels_of(shape_of(e, n->output[0]));
    place_alias(e, n->output[0], PLAIN, p);
    return true;
}

/* Rows of one part into the whole; size: pixels, channels. */
static int run_part(struct graph_engine *e, struct step *s)
{
    const float *x = place_data(e, s->in[0]);
    float *y = place_data(e, s->out);
    for (size_t i = 0; i < s->size[0]; i++)
        memcpy(y + i * s->out.stride, x + i * s->in[0].stride, s->size[1] * sizeof *y);
    return 0;
}

static void copy_part(struct graph_engine *e, int32_t tensor, struct place to)
{
    struct place from = place_read(e, tensor, LAST);
    struct step *s = step_add(e, "copy");
    s->run = run_part;
    s->in[0] = from;
    s->out = to;
    s->size[0] = pixels_of(shape_of(e, tensor));
    s->size[1] = channels_of(shape_of(e, tensor));
    step_io(e);
}

bool lower_concat(struct graph_engine *e, const struct graph_node *n)
{
    int32_t whole = e->whole[n - e->g.node];
    bool last = false;
    for (unsigned i = 0; i < n->n_inputs; i++)
        last = last || place_is_last(e, n->input[i]);
    if (whole < 0 || !last)
        return false;
    struct place to = place_joined(e, whole);
    for (unsigned i = 0; i < n->n_inputs; i++) {
        struct place there = e->place[n->input[i]][LAST];
        if (there.buffer != to.buffer || there.at != to.at)
            copy_part(e, n->input[i], to);
        to.at += channels_of(shape_of(e, n->input[i]));
    }
    to.at = 0;
    place_alias(e, n->output[0], LAST, to);
    return true;
}

static bool is_channel_view(const struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_shape *x = shape_of(e, n->input[0]);
    if (!place_is_last(e, n->input[0]) || e->place[n->input[0]][LAST].buffer < 0)
        return false;
    if (n->op == GRAPH_SPLIT)
        return n->axis == 1;
    for (unsigned i = 0; i < x->rank; i++) {
        bool whole = n->shape.dim[i] == x->dim[i] && n->list[i] == 0;
        if (n->step[i] != 1 || (i != 1 && !whole))
            return false;
    }
    return true;
}

/* Some of the channels are the same pixels at another offset. */
bool lower_split(struct graph_engine *e, const struct graph_node *n)
{
    if (!is_channel_view(e, n))
        return false;
    struct place p = e->place[n->input[0]][LAST];
    p.at += n->op == GRAPH_SLICE ? (size_t)n->list[1] : 0;
    for (unsigned i = 0; i < n->n_outputs; i++) {
        place_alias(e, n->output[i], LAST, p);
        p.at += channels_of(shape_of(e, n->output[i]));
    }
    return true;
}

/* ---- the plain C kernels ---- */

struct kernel_call {
    struct graph_node n; /* borrows what the graph's node owns */
    struct place *place; /* inputs, then outputs */
    struct view *view;
    unsigned ports;
};

static void release_kernel(struct step *s)
{
    struct kernel_call *c = s->state;
    free(c->place);
    free(c->view);
}

static int setup_kernel(struct graph_engine *e, struct step *s)
{
    struct kernel_call *c = s->state;
    for (unsigned i = 0; i < c->ports; i++)
        c->view[i].data = c->place[i].buffer < 0 ? NULL : place_data(e, c->place[i]);
    return 0;
}

static int run_kernel(struct graph_engine *e, struct step *s)
{
    struct kernel_call *c = s->state;
    struct sonata_error err = {{0}};
    (void)e;
    return kernel_run(&c->n, c->view, c->view + c->n.n_inputs, &err);
}

/* The dimension of the memory that a dimension of the shape lies in, channels last. */
static unsigned turned(unsigned d, unsigned rank)
{
    if (d == 1)
        return rank - 1;
    return d ? d - 1 : 0;
}

static struct graph_shape turned_shape(const struct graph_shape *s)
{
    struct graph_shape r = {.rank = s->rank};
    for (unsigned i = 0; i < s->rank; i++)
        r.dim[turned(i, s->rank)] = s->dim[i];
    return r;
}

/* Operators whose dimensions can be named in another order, on a tensor that is there with channels last. */
static bool can_turn(const struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_tensor *x = &e->g.tensor[n->input[0]];
    bool reduces = n->op >= GRAPH_REDUCE_MEAN && n->op <= GRAPH_REDUCE_PROD && n->keep;
    bool listed = n->op == GRAPH_SPLIT || n->op == GRAPH_SLICE || n->op == GRAPH_PAD || n->op == GRAPH_TILE || n->op == GRAPH_RESIZE ||
                  n->op == GRAPH_SOFTMAX || n->op == GRAPH_LOG_SOFTMAX;
    return x->type == GRAPH_F32 && x->shape.rank > 2 && place_is_last(e, n->input[0]) && (graph_op_is_unary(n->op) || listed || reduces) &&
           e->g.tensor[n->output[0]].type == GRAPH_F32;
}

static void turn_node(struct graph_node *n, unsigned rank)
{
    struct graph_node from = *n;
    n->axes = 0;
    for (unsigned d = 0; d < rank; d++) {
        unsigned to = turned(d, rank);
        n->list[to] = from.list[d];
        n->step[to] = from.step[d];
        n->scale[to] = from.scale[d];
        n->axes |= (from.axes >> d & 1) << to;
    }
    n->axis = turned((unsigned)from.axis, rank);
    if (from.shape.rank == rank)
        n->shape = turned_shape(&from.shape);
}

static void add_port(struct graph_engine *e, struct kernel_call *c, int32_t tensor, struct place p, bool last)
{
    const struct graph_tensor *t = &e->g.tensor[tensor];
    c->view[c->ports] = (struct view){.type = t->type, .shape = last ? turned_shape(&t->shape) : t->shape};
    c->place[c->ports++] = p;
}

void lower_kernel(struct graph_engine *e, const struct graph_node *n)
{
    bool last = can_turn(e, n);
    enum layout layout = last ? DENSE : PLAIN;
    struct kernel_call *c = xcalloc(1, sizeof *c);
    c->n = *n;
    c->place = xcalloc(n->n_inputs + n->n_outputs, sizeof *c->place);
    c->view = xcalloc(n->n_inputs + n->n_outputs, sizeof *c->view);
    if (last)
        turn_node(&c->n, shape_of(e, n->input[0])->rank);
    for (unsigned i = 0; i < n->n_inputs; i++) {
        if (n->input[i] >= 0)
            add_port(e, c, n->input[i], place_read(e, n->input[i], layout), last);
        else
            c->place[c->ports++] = place_none();
    }
    struct step *s = step_add(e, "plain C");
    s->state = c;
    s->setup = setup_kernel;
    s->run = run_kernel;
    s->release = release_kernel;
    for (unsigned i = 0; i < n->n_outputs; i++) {
        struct place p = place_write(e, n->output[i], layout);
        add_port(e, c, n->output[i], p, last);
        step_writes(e, p);
    }
    for (unsigned i = 0; i < n->n_inputs; i++)
        step_reads(e, c->place[i]);
}
