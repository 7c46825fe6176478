/* Convolutions and products by XNNPACK. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/engine_internal.h"

static bool plane_of(const struct graph_engine *e, const struct graph_node *n, struct plane *ret)
{
    const struct graph_window *w = &n->window;
    const struct graph_shape *x = shape_of(e, n->input[0]), *y = shape_of(e, n->output[0]);
    struct plane p = {.batch = (size_t)x->dim[0], .in_channels = (size_t)x->dim[1], .out_channels = (size_t)y->dim[1], .group = (uint32_t)w->group};
    if (w->rank > 2 || !x->dim[0])
        return false;
    for (unsigned k = 0; k < 2; k++) {
        bool one = k < 2 - w->rank;
        unsigned d = one ? 0 : k - (2 - w->rank);
        p.in[k] = one ? 1 : (size_t)x->dim[2 + d];
        p.out[k] = one ? 1 : (size_t)y->dim[2 + d];
        p.kernel[k] = one ? 1 : (uint32_t)w->kernel[d];
        p.stride[k] = one ? 1 : (uint32_t)w->stride[d];
        p.dilation[k] = one ? 1 : (uint32_t)w->dilation[d];
        p.begin[k] = one ? 0 : (uint32_t)w->begin[d];
        p.end[k] = one ? 0 : (uint32_t)w->end[d];
        p.extra[k] = one ? 0 : (uint32_t)w->extra[d];
    }
    *ret = p;
    return true;
}

/* [M][C / group][taps] to [M][taps][C / group] */
static float *taps_first(const float *w, size_t out, size_t in, size_t taps)
{
    float *v = xmalloc(out * in * taps * sizeof *v + XNN_EXTRA_BYTES);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            for (size_t t = 0; t < taps; t++)
                v[(o * taps + t) * in + i] = w[(o * in + i) * taps + t];
    return v;
}

static int setup_conv(struct graph_engine *e, struct step *s)
{
    enum xnn_status r =
        xnn_setup_convolution2d_nhwc_f32(s->op, s->size[0], s->size[1], s->size[2], place_data(e, s->in[0]), place_data(e, s->out), e->pool);
    return r == xnn_status_success ? 0 : -ENOTSUP;
}

static bool has_constants(const struct graph_engine *e, const struct graph_node *n)
{
    bool open_bias = n->n_inputs > 2 && n->input[2] >= 0 && !constant_of(e, n->input[2]);
    return constant_of(e, n->input[1]) && !open_bias;
}

static const float *bias_of(const struct graph_engine *e, const struct graph_node *n) { return n->n_inputs > 2 ? constant_of(e, n->input[2]) : NULL; }

bool lower_conv(struct graph_engine *e, const struct graph_node *n)
{
    struct plane p;
    xnn_operator_t op = NULL;
    if (!has_constants(e, n) || !plane_of(e, n, &p))
        return false;
    size_t per_in = p.in_channels / p.group, per_out = p.out_channels / p.group, taps = (size_t)p.kernel[0] * p.kernel[1];
    struct place x = place_read(e, n->input[0], LAST), y = place_write(e, n->output[0], LAST);
    float *w = taps_first(constant_of(e, n->input[1]), p.out_channels, per_in, taps);
    enum xnn_status r = xnn_create_convolution2d_nhwc_f32(p.begin[0], p.end[1], p.end[0], p.begin[1], p.kernel[0], p.kernel[1], p.stride[0],
                                                          p.stride[1], p.dilation[0], p.dilation[1], p.group, per_in, per_out, x.stride, y.stride, w,
                                                          bias_of(e, n), n->min, n->max, 0, &op);
    free(w);
    if (r != xnn_status_success)
        return false;
    struct step *s = step_add(e, "xnnpack");
    s->op = op;
    s->setup = setup_conv;
    s->run = step_run_operator;
    s->in[0] = x;
    s->out = y;
    memcpy(s->size, (size_t[]){p.batch, p.in[0], p.in[1]}, 3 * sizeof *s->size);
    step_io(e);
    if (p.group == p.in_channels && p.in_channels == p.out_channels)
        prefer_own_depthwise(e, n, &p, &e->step[e->n_steps - 1]);
    return true;
}

/* [C][M / group][taps] to [M][taps][C / group] */
static float *transposed_weights(const float *w, const struct plane *p)
{
    size_t per_in = p->in_channels / p->group, per_out = p->out_channels / p->group, taps = (size_t)p->kernel[0] * p->kernel[1];
    float *v = xmalloc(p->in_channels * per_out * taps * sizeof *v + XNN_EXTRA_BYTES);
    for (size_t c = 0; c < p->in_channels; c++)
        for (size_t o = 0; o < per_out; o++)
            for (size_t t = 0; t < taps; t++) {
                size_t to = c / per_in * per_out + o;
                v[(to * taps + t) * per_in + c % per_in] = w[(c * per_out + o) * taps + t];
            }
    return v;
}

static int setup_conv_transpose(struct graph_engine *e, struct step *s)
{
    enum xnn_status r = xnn_setup_deconvolution2d_nhwc_f32(s->op, s->size[0], s->size[1], s->size[2], (uint32_t)s->size[3], (uint32_t)s->size[4],
                                                           place_data(e, s->in[0]), place_data(e, s->out), e->pool);
    return r == xnn_status_success ? 0 : -ENOTSUP;
}

bool lower_conv_transpose(struct graph_engine *e, const struct graph_node *n)
{
    struct plane p;
    xnn_operator_t op = NULL;
    if (!has_constants(e, n) || !plane_of(e, n, &p) || p.extra[0] >= p.stride[0] || p.extra[1] >= p.stride[1])
        return false;
    struct place x = place_read(e, n->input[0], LAST), y = place_write(e, n->output[0], LAST);
    float *w = transposed_weights(constant_of(e, n->input[1]), &p);
    enum xnn_status r = xnn_create_deconvolution2d_nhwc_f32(p.begin[0], p.end[1], p.end[0], p.begin[1], p.kernel[0], p.kernel[1], p.stride[0],
                                                            p.stride[1], p.dilation[0], p.dilation[1], p.group, p.in_channels / p.group,
                                                            p.out_channels / p.group, x.stride, y.stride, w, bias_of(e, n), n->min, n->max, 0, &op);
    free(w);
    if (r != xnn_status_success)
        return false;
    struct step *s = step_add(e, "xnnpack");
    s->op = op;
    s->setup = setup_conv_transpose;
    s->run = step_run_operator;
    s->in[0] = x;
    s->out = y;
    memcpy(s->size, (size_t[]){p.batch, p.in[0], p.in[1], p.extra[0], p.extra[1]}, 5 * sizeof *s->size);
    step_io(e);
    return true;
}

/* ---- products with a constant matrix ---- */

static int setup_product(struct graph_engine *e, struct step *s)
{
    enum xnn_status r = xnn_setup_fully_connected_nc_f32(s->op, s->size[0], place_data(e, s->in[0]), place_data(e, s->out), e->pool);
    return r == xnn_status_success ? 0 : -ENOTSUP;
}

/* alpha B as [columns][inner]. */
static float *product_weights(const struct graph_engine *e, const struct graph_node *n, size_t inner, size_t columns)
{
    const float *b = constant_of(e, n->input[1]);
    float *w = xmalloc(inner * columns * sizeof *w + XNN_EXTRA_BYTES), alpha = n->op == GRAPH_GEMM ? n->alpha : 1;
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < inner; i++)
            w[j * inner + i] = alpha * (n->transpose_b ? b[j * inner + i] : b[i * columns + j]);
    return w;
}

/* beta C per column; NULL with *ret_ok false: it differs between rows. */
static float *product_bias(const struct graph_engine *e, const struct graph_node *n, size_t columns, bool *ret_ok)
{
    const float *c = n->op == GRAPH_GEMM ? bias_of(e, n) : NULL;
    *ret_ok = true;
    if (!c)
        return NULL;
    const struct graph_shape *s = shape_of(e, n->input[2]);
    int64_t count = graph_elements(s);
    *ret_ok = count == 1 || (count == (int64_t)columns && s->dim[s->rank - 1] == (int64_t)columns);
    float *bias = *ret_ok ? xmalloc(columns * sizeof *bias + XNN_EXTRA_BYTES) : NULL;
    for (size_t j = 0; bias && j < columns; j++)
        bias[j] = n->beta * c[count == 1 ? 0 : j];
    return bias;
}

bool lower_product(struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_shape *a = shape_of(e, n->input[0]), *b = shape_of(e, n->input[1]);
    bool ok;
    if (!has_constants(e, n) || b->rank != 2 || a->rank < 2 || (n->op == GRAPH_GEMM && n->transpose_a) || !graph_elements(a) || !graph_elements(b))
        return false;
    size_t inner = (size_t)a->dim[a->rank - 1], columns = (size_t)b->dim[n->transpose_b ? 0 : 1];
    float *bias = product_bias(e, n, columns, &ok);
    if (!ok)
        return false;
    struct place x = place_read(e, n->input[0], PLAIN), y = place_write(e, n->output[0], PLAIN);
    float *w = product_weights(e, n, inner, columns);
    xnn_operator_t op = NULL;
    enum xnn_status r = xnn_create_fully_connected_nc_f32(inner, columns, inner, columns, w, bias, n->min, n->max, 0, &op);
    free(w);
    free(bias);
    if (r != xnn_status_success)
        return false;
    struct step *s = step_add(e, "xnnpack");
    s->op = op;
    s->setup = setup_product;
    s->run = step_run_operator;
    s->in[0] = x;
    s->out = y;
    s->size[0] = (size_t)graph_elements(a) / inner;
    step_io(e);
    return true;
}
