/* Pools, means over space, linear resizing, channel shuffles and softmax by XNNPACK. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "graph/engine_internal.h"

static int status(enum xnn_status r) { return r == xnn_status_success ? 0 : -ENOTSUP; }

/* A step of one operator from a place to a place. */
static bool operator_step(struct graph_engine *e, enum xnn_status made, xnn_operator_t op, struct place x, struct place y)
{
    if (made != xnn_status_success)
        return false;
    struct step *s = step_add(e, "xnnpack");
    s->op = op;
    s->run = step_run_operator;
    s->in[0] = x;
    s->out = y;
    step_io(e);
    return true;
}

static struct step *last_step(struct graph_engine *e) { return &e->step[e->n_steps - 1]; }

static int setup_max_pool(struct graph_engine *e, struct step *s)
{
    return status(
        xnn_setup_max_pooling2d_nhwc_f32(s->op, s->size[0], s->size[1], s->size[2], place_data(e, s->in[0]), place_data(e, s->out), e->pool));
}

static int setup_average_pool(struct graph_engine *e, struct step *s)
{
    return status(
        xnn_setup_average_pooling2d_nhwc_f32(s->op, s->size[0], s->size[1], s->size[2], place_data(e, s->in[0]), place_data(e, s->out), e->pool));
}

struct pool {
    uint32_t begin[2], end[2], kernel[2], stride[2], dilation[2];
};

/* The window in two dimensions; the padding at the end is what the last window needs. False: not for the library. */
static bool pool_of(const struct graph_engine *e, const struct graph_node *n, struct pool *p)
{
    const struct graph_window *w = &n->window;
    const struct graph_shape *x = shape_of(e, n->input[0]), *y = shape_of(e, n->output[0]);
    bool padded = false;
    if (w->rank != 2 || !x->dim[0] || !x->dim[1] || (w->kernel[0] == 1 && w->kernel[1] == 1))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        int64_t end = (y->dim[2 + i] - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - x->dim[2 + i] - w->begin[i];
        p->begin[i] = (uint32_t)w->begin[i];
        p->end[i] = (uint32_t)(end < 0 ? 0 : end);
        p->kernel[i] = (uint32_t)w->kernel[i];
        p->stride[i] = (uint32_t)w->stride[i];
        p->dilation[i] = (uint32_t)w->dilation[i];
        padded = padded || p->begin[i] || p->end[i];
    }
    bool plain = p->dilation[0] == 1 && p->dilation[1] == 1;
    return n->op == GRAPH_MAX_POOL || (plain && !(n->window.include_pad && padded));
}

bool lower_pool(struct graph_engine *e, const struct graph_node *n)
{
    struct pool p;
    xnn_operator_t op = NULL;
    enum xnn_status r;
    const struct graph_shape *x = shape_of(e, n->input[0]);
    if (!pool_of(e, n, &p))
        return false;
    struct place from = place_read(e, n->input[0], LAST), to = place_write(e, n->output[0], LAST);
    size_t channels = channels_of(x);
    if (n->op == GRAPH_MAX_POOL)
        r = xnn_create_max_pooling2d_nhwc_f32(p.begin[0], p.end[1], p.end[0], p.begin[1], p.kernel[0], p.kernel[1], p.stride[0], p.stride[1],
                                              p.dilation[0], p.dilation[1], channels, from.stride, to.stride, n->min, n->max, 0, &op);
    else
        r = xnn_create_average_pooling2d_nhwc_f32(p.begin[0], p.end[1], p.end[0], p.begin[1], p.kernel[0], p.kernel[1], p.stride[0], p.stride[1],
                                                  channels, from.stride, to.stride, n->min, n->max, 0, &op);
    if (!operator_step(e, r, op, from, to))
        return false;
    struct step *s = last_step(e);
    s->setup = n->op == GRAPH_MAX_POOL ? setup_max_pool : setup_average_pool;
    memcpy(s->size, (size_t[]){(size_t)x->dim[0], (size_t)x->dim[2], (size_t)x->dim[3]}, 3 * sizeof *s->size);
    return true;
}

static int setup_mean(struct graph_engine *e, struct step *s)
{
    return status(xnn_setup_global_average_pooling_nwc_f32(s->op, s->size[0], s->size[1], place_data(e, s->in[0]), place_data(e, s->out), e->pool));
}

/* The mean over all of space, with or without the dimensions of size 1 that it leaves. */
bool lower_mean(struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_shape *x = shape_of(e, n->input[0]);
    xnn_operator_t op = NULL;
    if (x->rank < 3 || x->rank > 4 || n->axes != (x->rank == 4 ? 12u : 4u) || !graph_elements(x) || e->g.tensor[n->input[0]].type != GRAPH_F32)
        return false;
    size_t channels = channels_of(x);
    struct place from = place_read(e, n->input[0], LAST), to = place_write(e, n->output[0], n->keep ? DENSE : PLAIN);
    enum xnn_status r = xnn_create_global_average_pooling_nwc_f32(channels, from.stride, channels, n->min, n->max, 0, &op);
    if (!operator_step(e, r, op, from, to))
        return false;
    struct step *s = last_step(e);
    s->setup = setup_mean;
    s->size[0] = (size_t)x->dim[0];
    s->size[1] = pixels_of(x) / s->size[0];
    return true;
}

static int setup_resize(struct graph_engine *e, struct step *s)
{
    return status(xnn_setup_resize_bilinear2d_nhwc_f32(s->op, s->size[0], s->size[1], s->size[2], s->size[3], s->size[4], place_data(e, s->in[0]),
                                                       place_data(e, s->out), e->pool));
}

/* The rule for places as the library has it; false: it has not. */
static bool resize_flags(const struct graph_node *n, const struct graph_shape *x, uint32_t *ret_flags)
{
    bool single = n->shape.dim[2] == 1 || n->shape.dim[3] == 1;
    for (unsigned i = 2; i < 4; i++) {
        if (fabs(n->scale[i] - (double)n->shape.dim[i] / (double)x->dim[i]) > 1e-9)
            return false;
    }
    switch (n->coordinates) {
    case GRAPH_HALF_PIXEL:
        *ret_flags = 0;
        return true;
    case GRAPH_PYTORCH_HALF_PIXEL:
        *ret_flags = 0;
        return !single;
    case GRAPH_ALIGN_CORNERS:
        *ret_flags = XNN_FLAG_ALIGN_CORNERS;
        return !single;
    case GRAPH_ASYMMETRIC:
        *ret_flags = XNN_FLAG_TENSORFLOW_LEGACY_MODE;
        return true;
    default:
        return false;
    }
}

bool lower_resize(struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_shape *x = shape_of(e, n->input[0]);
    uint32_t flags;
    xnn_operator_t op = NULL;
    if (n->mode != GRAPH_RESIZE_LINEAR || x->rank != 4 || !graph_elements(x) || x->dim[0] != n->shape.dim[0] || x->dim[1] != n->shape.dim[1] ||
        !resize_flags(n, x, &flags))
        return false;
    struct place from = place_read(e, n->input[0], LAST), to = place_write(e, n->output[0], LAST);
    enum xnn_status r = xnn_create_resize_bilinear2d_nhwc_f32(channels_of(x), from.stride, to.stride, flags, &op);
    if (!operator_step(e, r, op, from, to))
        return false;
    struct step *s = last_step(e);
    s->setup = setup_resize;
    memcpy(s->size, (size_t[]){(size_t)x->dim[0], (size_t)x->dim[2], (size_t)x->dim[3], (size_t)n->shape.dim[2], (size_t)n->shape.dim[3]},
           5 * sizeof *s->size);
    return true;
}

static int setup_shuffle(struct graph_engine *e, struct step *s)
{
    return status(xnn_setup_channel_shuffle_nc_x32(s->op, s->size[0], place_data(e, s->in[0]), place_data(e, s->out), e->pool));
}

bool lower_shuffle(struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_shape *x = shape_of(e, n->input[0]);
    xnn_operator_t op = NULL;
    if (n->axis < 2 || !graph_elements(x))
        return false;
    struct place from = place_read(e, n->input[0], LAST), to = place_write(e, n->output[0], LAST);
    size_t groups = (size_t)n->axis;
    enum xnn_status r = xnn_create_channel_shuffle_nc_x32(groups, channels_of(x) / groups, from.stride, to.stride, 0, &op);
    if (!operator_step(e, r, op, from, to))
        return false;
    last_step(e)->setup = setup_shuffle;
    last_step(e)->size[0] = pixels_of(x);
    return true;
}

static int setup_softmax(struct graph_engine *e, struct step *s)
{
    return status(xnn_setup_softmax_nc_f32(s->op, s->size[0], place_data(e, s->in[0]), place_data(e, s->out), e->pool));
}

bool lower_softmax(struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_shape *x = shape_of(e, n->input[0]);
    xnn_operator_t op = NULL;
    if (n->axis + 1 != (int64_t)x->rank || !graph_elements(x))
        return false;
    size_t row = (size_t)x->dim[n->axis];
    struct place from = place_read(e, n->input[0], PLAIN), to = place_write(e, n->output[0], PLAIN);
    enum xnn_status r = xnn_create_softmax_nc_f32(row, row, row, 0, &op);
    if (!operator_step(e, r, op, from, to))
        return false;
    last_step(e)->setup = setup_softmax;
    last_step(e)->size[0] = (size_t)graph_elements(x) / row;
    return true;
}
