/* Operators with a sliding window over one to three spatial dimensions: convolution, its transpose, pools. Fewer dimensions are padded with ones, so
 * that there is one loop nest for all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/kernel.h"

/* A window operator in three dimensions. */
struct geometry {
    int64_t batch, in_channels, out_channels, in[3], out[3], kernel[3], stride[3], dilation[3], begin[3], end[3], group;
};

static void three(unsigned rank, const int64_t *from, int64_t fill, int64_t to[3])
{
    for (unsigned i = 0; i < 3; i++)
        to[i] = i < 3 - rank ? fill : from[i - (3 - rank)];
}

static struct geometry geometry_of(const struct graph_node *n, const struct view *in, const struct view *out)
{
    const struct graph_window *w = &n->window;
    struct geometry g = {.batch = in->shape.dim[0], .in_channels = in->shape.dim[1], .out_channels = out->shape.dim[1], .group = w->group};
    three(w->rank, in->shape.dim + 2, 1, g.in);
    three(w->rank, out->shape.dim + 2, 1, g.out);
    three(w->rank, w->kernel, 1, g.kernel);
    three(w->rank, w->stride, 1, g.stride);
    three(w->rank, w->dilation, 1, g.dilation);
    three(w->rank, w->begin, 0, g.begin);
    three(w->rank, w->end, 0, g.end);
    return g;
}

static int64_t volume(const int64_t v[3]) { return v[0] * v[1] * v[2]; }

/* The taps of a window in one dimension that fall inside the input: from..to. */
static void inside(const struct geometry *g, unsigned d, int64_t first, int64_t *ret_from, int64_t *ret_to)
{
    int64_t step = g->dilation[d], from = first < 0 ? (-first + step - 1) / step : 0, to = 0;
    if (g->in[d] > first)
        to = (g->in[d] - first + step - 1) / step;
    *ret_from = from;
    *ret_to = to < g->kernel[d] ? to : g->kernel[d];
}

/* Sum over the taps of one input channel. */
static double taps(const struct geometry *g, const float *x, const float *w, const int64_t first[3])
{
    int64_t from[3], to[3];
    double sum = 0;
    for (unsigned d = 0; d < 3; d++)
        inside(g, d, first[d], &from[d], &to[d]);
    for (int64_t a = from[0]; a < to[0]; a++) {
        for (int64_t b = from[1]; b < to[1]; b++) {
            const float *row = x + ((first[0] + a * g->dilation[0]) * g->in[1] + first[1] + b * g->dilation[1]) * g->in[2] + first[2];
            const float *weight = w + (a * g->kernel[1] + b) * g->kernel[2];
            for (int64_t c = from[2]; c < to[2]; c++)
                sum += (double)row[c * g->dilation[2]] * (double)weight[c];
        }
    }
    return sum;
}

/* One output channel of one picture. */
static void conv_plane(const struct geometry *g, const float *x, const float *w, double bias, float *y)
{
    int64_t per = g->in_channels / g->group;
    for (int64_t a = 0; a < g->out[0]; a++)
        for (int64_t b = 0; b < g->out[1]; b++)
            for (int64_t c = 0; c < g->out[2]; c++) {
                int64_t first[3] = {a * g->stride[0] - g->begin[0], b * g->stride[1] - g->begin[1], c * g->stride[2] - g->begin[2]};
                double sum = 0;
                for (int64_t q = 0; q < per; q++)
                    sum += taps(g, x + q * volume(g->in), w + q * volume(g->kernel), first);
                *y++ = (float)(sum + bias);
            }
}

int kernel_conv(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct geometry g = geometry_of(n, in, out);
    const float *x = in[0].data, *w = in[1].data, *bias = n->n_inputs > 2 ? in[2].data : NULL;
    float *y = out->data;
    int64_t per_in = g.in_channels / g.group, per_out = g.out_channels / g.group;
    (void)err;
    for (int64_t b = 0; b < g.batch; b++)
        for (int64_t o = 0; o < g.out_channels; o++) {
            const float *from = x + (b * g.in_channels + o / per_out * per_in) * volume(g.in);
            conv_plane(&g, from, w + o * per_in * volume(g.kernel), bias ? (double)bias[o] : 0, y + (b * g.out_channels + o) * volume(g.out));
        }
    return 0;
}

/* Adds one input value times one kernel to a plane of sums. */
static void spread(const struct geometry *g, double value, const int64_t at[3], const float *w, double *sum)
{
    for (int64_t k = 0; k < volume(g->kernel); k++) {
        int64_t tap[3] = {k / (g->kernel[1] * g->kernel[2]), k / g->kernel[2] % g->kernel[1], k % g->kernel[2]}, to = 0;
        bool here = true;
        for (unsigned d = 0; d < 3; d++) {
            int64_t i = at[d] * g->stride[d] + tap[d] * g->dilation[d] - g->begin[d];
            here = here && i >= 0 && i < g->out[d];
            to = to * g->out[d] + i;
        }
        if (here)
            sum[to] += value * (double)w[k];
    }
}

static void transpose_plane(const struct geometry *g, const float *x, const float *w, int64_t from_channel, int64_t out_channel, double *sum)
{
    int64_t per_out = g->out_channels / g->group, i = 0;
    const float *kernel = w + (from_channel * per_out + out_channel % per_out) * volume(g->kernel);
    for (int64_t a = 0; a < g->in[0]; a++)
        for (int64_t b = 0; b < g->in[1]; b++)
            for (int64_t c = 0; c < g->in[2]; c++, i++)
                spread(g, (double)x[i], (int64_t[3]){a, b, c}, kernel, sum);
}

int kernel_conv_transpose(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct geometry g = geometry_of(n, in, out);
    const float *x = in[0].data, *w = in[1].data, *bias = n->n_inputs > 2 ? in[2].data : NULL;
    float *y = out->data;
    int64_t per_in = g.in_channels / g.group, per_out = g.out_channels / g.group, size = volume(g.out);
    double *sum = xcalloc((size_t)size + 1, sizeof *sum);
    (void)err;
    for (int64_t b = 0; b < g.batch; b++)
        for (int64_t o = 0; o < g.out_channels; o++) {
            memset(sum, 0, (size_t)size * sizeof *sum);
            for (int64_t q = o / per_out * per_in; q < (o / per_out + 1) * per_in; q++)
                transpose_plane(&g, x + (b * g.in_channels + q) * volume(g.in), w, q, o, sum);
            for (int64_t i = 0; i < size; i++)
                y[(b * g.out_channels + o) * size + i] = (float)(sum[i] + (bias ? (double)bias[o] : 0));
        }
    free(sum);
    return 0;
}

/* Cells of one window that count for a mean over padding, too: inside the padded input. */
static int64_t padded_cells(const struct geometry *g, const int64_t first[3])
{
    int64_t cells = 1;
    for (unsigned d = 0; d < 3; d++) {
        int64_t end = g->in[d] + g->end[d], n = 0;
        for (int64_t k = 0; k < g->kernel[d]; k++)
            n += first[d] + k * g->dilation[d] < end;
        cells *= n;
    }
    return cells;
}

static float pool_at(const struct graph_node *n, const struct geometry *g, const float *x, const int64_t first[3])
{
    int64_t from[3], to[3], cells = 0;
    double sum = 0, top = -INFINITY;
    for (unsigned d = 0; d < 3; d++)
        inside(g, d, first[d], &from[d], &to[d]);
    for (int64_t a = from[0]; a < to[0]; a++)
        for (int64_t b = from[1]; b < to[1]; b++)
            for (int64_t c = from[2]; c < to[2]; c++, cells++) {
                int64_t i = first[0] + a * g->dilation[0], j = first[1] + b * g->dilation[1], k = first[2] + c * g->dilation[2];
                double v = (double)x[(i * g->in[1] + j) * g->in[2] + k];
                sum += v;
                top = v > top ? v : top;
            }
    if (n->op == GRAPH_MAX_POOL)
        return (float)top;
    cells = n->window.include_pad ? padded_cells(g, first) : cells;
    return (float)(sum / (double)cells);
}

int kernel_pool(const struct graph_node *n, const struct view *in, const struct view *out, struct sonata_error *err)
{
    struct geometry g = geometry_of(n, in, out);
    const float *x = in[0].data;
    float *y = out->data;
    (void)err;
    for (int64_t p = 0; p < g.batch * g.in_channels; p++, x += volume(g.in))
        for (int64_t a = 0; a < g.out[0]; a++)
            for (int64_t b = 0; b < g.out[1]; b++)
                for (int64_t c = 0; c < g.out[2]; c++) {
                    int64_t first[3] = {a * g.stride[0] - g.begin[0], b * g.stride[1] - g.begin[1], c * g.stride[2] - g.begin[2]};
                    *y++ = pool_at(n, &g, x, first);
                }
    return 0;
}
