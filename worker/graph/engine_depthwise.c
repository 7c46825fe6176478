/* Depthwise convolutions by worker/runtime/depthwise.c where that is faster than XNNPACK. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/engine_internal.h"
#include "runtime/depthwise.h"

enum { BY_XNNPACK, BY_CHANNELS, BY_ROWS, WAYS };

struct own {
    struct depthwise *d;
    size_t batch, from, to; /* values of one picture */
    long rows;
};

static void release_own(struct step *s) { depthwise_free(((struct own *)s->state)->d); }

struct piece {
    const struct own *o;
    const float *x;
    float *y;
};

static void some_rows(void *context, size_t picture, size_t first, size_t n)
{
    const struct piece *p = context;
    depthwise_rows(p->o->d, (long)first, (long)(first + n), p->x + picture * p->o->from, p->y + picture * p->o->to);
}

static int run_own(struct graph_engine *e, struct step *s)
{
    const struct own *o = s->state;
    struct piece p = {o, place_data(e, s->in[0]), place_data(e, s->out)};
    size_t tile = (size_t)o->rows;
    if (e->pool) {
        size_t parts = 2 * pthreadpool_get_threads_count(e->pool);
        tile = (tile + parts - 1) / parts;
    }
    pthreadpool_parallelize_2d_tile_1d(e->pool, some_rows, &p, o->batch, (size_t)o->rows, tile, 0);
    return 0;
}

/* ---- the trial ---- */

static void try_own(void *user, const float *x, float *y)
{
    const struct own *o = user;
    for (size_t b = 0; b < o->batch; b++)
        depthwise_rows(o->d, 0, o->rows, x + b * o->from, y + b * o->to);
}

static void try_operator(void *user, const float *x, float *y)
{
    (void)x;
    (void)y;
    xnn_run_operator(user, NULL);
}

/* XNNPACK's operator is bound to its buffers: a trial gives it some of its own. */
struct bound {
    xnn_operator_t op;
    const struct plane *p;
    float *x, *y;
};

static bool bind(struct bound *b, size_t x_stride, size_t y_stride)
{
    const struct plane *p = b->p;
    b->x = xcalloc_line(p->batch * p->in[0] * p->in[1] * x_stride + 64, sizeof(float));
    b->y = xcalloc_line(p->batch * p->out[0] * p->out[1] * y_stride + 64, sizeof(float));
    return xnn_setup_convolution2d_nhwc_f32(b->op, p->batch, p->in[0], p->in[1], b->x, b->y, NULL) == xnn_status_success;
}

static struct depthwise *pack(const struct graph_engine *e, const struct graph_node *n, const struct plane *p, const struct step *s, bool by_rows)
{
    size_t taps = (size_t)p->kernel[0] * p->kernel[1], channels = p->in_channels;
    const float *from = constant_of(e, n->input[1]);
    float *w = xmalloc(taps * channels * sizeof *w);
    struct depthwise_shape shape = {.channels = channels,
                                    .kernel = (long)p->kernel[0],
                                    .stride = (long)p->stride[0],
                                    .in = {(long)p->in[0], (long)p->in[1]},
                                    .out = {(long)p->out[0], (long)p->out[1]},
                                    .pad = {(long)p->begin[0], (long)p->begin[1]},
                                    .in_stride = s->in[0].stride,
                                    .out_stride = s->out.stride,
                                    .min = n->min,
                                    .max = n->max,
                                    .by_rows = by_rows};
    for (size_t c = 0; c < channels; c++)
        for (size_t t = 0; t < taps; t++)
            w[t * channels + c] = from[c * taps + t];
    const float *bias = n->n_inputs > 2 ? constant_of(e, n->input[2]) : NULL;
    struct depthwise *d = depthwise_has(&shape) ? depthwise_pack(&shape, w, bias, NULL) : NULL;
    free(w);
    return d;
}

static int choose(struct graph_engine *e, const struct plane *p, const struct step *s, struct own own[2])
{
    struct bound b = {.op = s->op, .p = p};
    struct way way[WAYS] = {{try_operator, s->op}, {try_own, &own[0]}, {try_own, &own[1]}};
    int winner = bind(&b, s->in[0].stride, s->out.stride) ? fastest_way(e, p, s->in[0].stride, s->out.stride, way, WAYS) : BY_CHANNELS;
    free(b.x);
    free(b.y);
    return winner;
}

void prefer_own_depthwise(struct graph_engine *e, const struct graph_node *n, const struct plane *p, struct step *s)
{
    if (p->kernel[0] != p->kernel[1] || p->stride[0] != p->stride[1] || p->dilation[0] != 1 || p->dilation[1] != 1)
        return;
    struct own own[2];
    for (int i = 0; i < 2; i++) {
        struct depthwise *d = pack(e, n, p, s, i == 1);
        own[i] = (struct own){d, p->batch, p->in[0] * p->in[1] * s->in[0].stride, p->out[0] * p->out[1] * s->out.stride, (long)p->out[0]};
        if (!d)
            return; /* the first already: both have the same shape */
    }
    int winner = choose(e, p, s, own);
    for (int i = 0; i < 2; i++) {
        if (winner != BY_CHANNELS + i)
            depthwise_free(own[i].d);
    }
    if (winner == BY_XNNPACK)
        return;
    xnn_delete_operator(s->op);
    s->op = NULL;
    s->setup = NULL;
    s->run = run_own;
    s->release = release_own;
    s->state = xmemdup(&own[winner - BY_CHANNELS], sizeof *own);
    s->info.how = winner == BY_ROWS ? "own, by rows" : "own";
}
