/* Element by element: XNNPACK's operators, and own loops for SiLU and for a scale and shift per channel. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/engine_internal.h"
#include "graph/vector.h"

static int status(enum xnn_status r) { return r == xnn_status_success ? 0 : -ENOTSUP; }

typedef enum xnn_status (*setup_nc)(xnn_operator_t, size_t, const float *, float *, pthreadpool_t);

/* Set-up functions of one-input operators, by operator. */
static setup_nc setup_of(enum graph_op op)
{
    switch (op) {
    case GRAPH_RELU:
    case GRAPH_CLIP:
        return xnn_setup_clamp_nc_f32;
    case GRAPH_SIGMOID:
        return xnn_setup_sigmoid_nc_f32;
    case GRAPH_HARD_SWISH:
        return xnn_setup_hardswish_nc_f32;
    case GRAPH_LEAKY_RELU:
        return xnn_setup_leaky_relu_nc_f32;
    case GRAPH_ELU:
        return xnn_setup_elu_nc_f32;
    case GRAPH_ABS:
        return xnn_setup_abs_nc_f32;
    case GRAPH_NEG:
        return xnn_setup_negate_nc_f32;
    case GRAPH_FLOOR:
        return xnn_setup_floor_nc_f32;
    case GRAPH_CEIL:
        return xnn_setup_ceiling_nc_f32;
    case GRAPH_ROUND:
        return xnn_setup_bankers_rounding_nc_f32;
    case GRAPH_SQRT:
        return xnn_setup_square_root_nc_f32;
    default:
        return NULL;
    }
}

static enum xnn_status create(const struct graph_node *n, size_t channels, size_t from, size_t to, xnn_operator_t *op)
{
    switch (n->op) {
    case GRAPH_RELU:
        return xnn_create_clamp_nc_f32(channels, from, to, 0, INFINITY, 0, op);
    case GRAPH_CLIP:
        return xnn_create_clamp_nc_f32(channels, from, to, n->alpha, n->beta, 0, op);
    case GRAPH_SIGMOID:
        return xnn_create_sigmoid_nc_f32(channels, from, to, 0, op);
    case GRAPH_HARD_SWISH:
        return xnn_create_hardswish_nc_f32(channels, from, to, 0, op);
    case GRAPH_LEAKY_RELU:
        return xnn_create_leaky_relu_nc_f32(channels, from, to, n->alpha, 0, op);
    case GRAPH_ELU:
        return xnn_create_elu_nc_f32(channels, from, to, n->alpha, 0, op);
    case GRAPH_ABS:
        return xnn_create_abs_nc_f32(channels, from, to, 0, op);
    case GRAPH_NEG:
        return xnn_create_negate_nc_f32(channels, from, to, 0, op);
    case GRAPH_FLOOR:
        return xnn_create_floor_nc_f32(channels, from, to, 0, op);
    case GRAPH_CEIL:
        return xnn_create_ceiling_nc_f32(channels, from, to, 0, op);
    case GRAPH_ROUND:
        return xnn_create_bankers_rounding_nc_f32(channels, from, to, 0, op);
    case GRAPH_SQRT:
        return xnn_create_square_root_nc_f32(channels, from, to, 0, op);
    default:
        return xnn_status_unsupported_parameter;
    }
}

static int setup_unary(struct graph_engine *e, struct step *s)
{
    setup_nc f = setup_of((enum graph_op)s->size[1]);
    return status(f(s->op, s->size[0], place_data(e, s->in[0]), place_data(e, s->out), e->pool));
}

/* ---- own loops, cut into pieces for the threads ---- */

struct piecework {
    const struct graph_engine *e;
    const struct step *s;
    const struct vector_code *code;
    float min, max;
    const float *scale, *shift;
};

static void silu_piece(void *context, size_t first, size_t n)
{
    const struct piecework *w = context;
    w->code->silu(place_data(w->e, w->s->in[0]) + first, place_data(w->e, w->s->out) + first, n);
}

static int run_silu(struct graph_engine *e, struct step *s)
{
    struct piecework w = {.e = e, .s = s, .code = vector_best()};
    pthreadpool_parallelize_1d_tile_1d(e->pool, silu_piece, &w, s->size[0], e->pool ? 4096 : s->size[0] + 1, 0);
    return 0;
}

static void affine_piece(void *context, size_t first, size_t n)
{
    const struct piecework *w = context;
    const struct place *x = &w->s->in[0], *y = &w->s->out;
    for (size_t i = first; i < first + n; i++)
        w->code->affine(place_data(w->e, *x) + i * x->stride, w->scale, w->shift, place_data(w->e, *y) + i * y->stride, w->s->size[1], w->min,
                        w->max);
}

/* size: pixels, channels; state: min, max, then scale and shift of every channel. */
static int run_affine(struct graph_engine *e, struct step *s)
{
    const float *v = s->state;
    struct piecework w = {.e = e, .s = s, .code = vector_best(), .min = v[0], .max = v[1], .scale = v + 2, .shift = v + 2 + s->size[1]};
    pthreadpool_parallelize_1d_tile_1d(e->pool, affine_piece, &w, s->size[0], e->pool ? 64 : s->size[0] + 1, 0);
    return 0;
}

bool lower_affine(struct graph_engine *e, const struct graph_node *n)
{
    const float *scale = constant_of(e, n->input[1]), *shift = constant_of(e, n->input[2]);
    const struct graph_shape *x = shape_of(e, n->input[0]);
    if (!scale || !shift || (x->rank > 2 && !place_is_last(e, n->input[0]) && x->rank > 4))
        return false;
    size_t channels = channels_of(x);
    struct place from = place_read(e, n->input[0], LAST), to = place_over(e, n->input[0], from, n->output[0], LAST);
    struct step *s = step_add(e, "own");
    float *v = xmalloc((2 + 2 * channels) * sizeof *v);
    v[0] = n->min;
    v[1] = n->max;
    memcpy(v + 2, scale, channels * sizeof *v);
    memcpy(v + 2 + channels, shift, channels * sizeof *v);
    s->state = v;
    s->run = run_affine;
    s->in[0] = from;
    s->out = to;
    s->size[0] = pixels_of(x);
    s->size[1] = channels;
    step_io(e);
    return true;
}

static struct step *unary_step(struct graph_engine *e, const char *how, struct place from, struct place to)
{
    struct step *s = step_add(e, how);
    s->in[0] = from;
    s->out = to;
    step_io(e);
    return s;
}

bool lower_unary(struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_tensor *x = &e->g.tensor[n->input[0]];
    size_t count = (size_t)graph_elements(&x->shape);
    xnn_operator_t op = NULL;
    if (x->type != GRAPH_F32 || !count || (n->op != GRAPH_SILU && !setup_of(n->op)))
        return false;
    enum layout layout = place_is_last(e, n->input[0]) ? DENSE : PLAIN;
    if (n->op != GRAPH_SILU && create(n, count, count, count, &op) != xnn_status_success)
        return false;
    struct place from = place_read(e, n->input[0], layout), to = place_over(e, n->input[0], from, n->output[0], layout);
    struct step *s = unary_step(e, op ? "xnnpack" : "own", from, to);
    s->op = op;
    s->setup = op ? setup_unary : NULL;
    s->run = op ? step_run_operator : run_silu;
    s->size[0] = op ? 1 : count;
    s->size[1] = (size_t)n->op;
    return true;
}

/* ---- two inputs ---- */

typedef enum xnn_status (*setup_nd)(xnn_operator_t, size_t, const size_t *, size_t, const size_t *, const float *, const float *, float *,
                                    pthreadpool_t);

static setup_nd setup_pair_of(enum graph_op op)
{
    switch (op) {
    case GRAPH_ADD:
        return xnn_setup_add_nd_f32;
    case GRAPH_SUB:
        return xnn_setup_subtract_nd_f32;
    case GRAPH_MUL:
    case GRAPH_POW:
        return xnn_setup_multiply_nd_f32; /* a square */
    case GRAPH_DIV:
        return xnn_setup_divide_nd_f32;
    case GRAPH_MAX:
        return xnn_setup_maximum_nd_f32;
    case GRAPH_MIN:
        return xnn_setup_minimum_nd_f32;
    default:
        return NULL;
    }
}

static enum xnn_status create_pair(const struct graph_node *n, xnn_operator_t *op)
{
    switch (n->op) {
    case GRAPH_ADD:
        return xnn_create_add_nd_f32(n->min, n->max, 0, op);
    case GRAPH_SUB:
        return xnn_create_subtract_nd_f32(n->min, n->max, 0, op);
    case GRAPH_MUL:
    case GRAPH_POW:
        return xnn_create_multiply_nd_f32(n->min, n->max, 0, op);
    case GRAPH_DIV:
        return xnn_create_divide_nd_f32(n->min, n->max, 0, op);
    case GRAPH_MAX:
        return xnn_create_maximum_nd_f32(0, op);
    case GRAPH_MIN:
        return xnn_create_minimum_nd_f32(0, op);
    default:
        return xnn_status_unsupported_parameter;
    }
}

/* Both shapes as the library gets them: of the result's rank, channels last where the values are. */
struct pair {
    size_t rank, shape[2][GRAPH_RANK_MAX];
    enum graph_op op;
};

static int setup_pair(struct graph_engine *e, struct step *s)
{
    const struct pair *p = s->state;
    setup_nd f = setup_pair_of(p->op);
    return status(
        f(s->op, p->rank, p->shape[0], p->rank, p->shape[1], place_data(e, s->in[0]), place_data(e, s->in[1]), place_data(e, s->out), e->pool));
}

/* At most one dimension is not 1: the order does not matter. */
static bool is_row(const struct graph_shape *s)
{
    unsigned many = 0;
    for (unsigned i = 0; i < s->rank; i++)
        many += s->dim[i] != 1;
    return many < 2;
}

static void shape_as(const struct graph_shape *s, unsigned rank, bool last, size_t to[GRAPH_RANK_MAX])
{
    size_t full[GRAPH_RANK_MAX];
    for (unsigned i = 0; i < rank; i++)
        full[i] = i + s->rank < rank ? 1 : (size_t)s->dim[i + s->rank - rank];
    for (unsigned i = 0; i < rank; i++) {
        to[i] = full[i];
        if (last && i > 0)
            to[i] = i + 1 < rank ? full[i + 1] : full[1];
    }
}

static bool is_square(const struct graph_engine *e, const struct graph_node *n)
{
    const float *c = constant_of(e, n->input[1]);
    return c && graph_elements(shape_of(e, n->input[1])) == 1 && *c == 2 && shape_of(e, n->input[1])->rank <= shape_of(e, n->input[0])->rank;
}

/* Whether an operand can be read with channels last beside a result of the rank. */
static bool turns(const struct graph_engine *e, int32_t tensor, unsigned rank)
{
    return shape_of(e, tensor)->rank == rank || is_row(shape_of(e, tensor));
}

static bool fits(const struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_tensor *y = &e->g.tensor[n->output[0]];
    bool right = setup_pair_of(n->op) && y->type == GRAPH_F32 && y->shape.rank <= XNN_MAX_TENSOR_DIMS && graph_elements(&y->shape) > 0;
    return right && (n->op != GRAPH_POW || is_square(e, n));
}

static struct place read_operand(struct graph_engine *e, int32_t tensor, unsigned rank, bool last)
{
    return place_read(e, tensor, last && shape_of(e, tensor)->rank == rank ? DENSE : PLAIN);
}

static bool lower_prelu(struct graph_engine *e, const struct graph_node *n);

bool lower_binary(struct graph_engine *e, const struct graph_node *n)
{
    int32_t a = n->input[0], b = n->op == GRAPH_POW ? a : n->input[1];
    const struct graph_shape *y = shape_of(e, n->output[0]);
    xnn_operator_t op = NULL;
    if (n->op == GRAPH_PRELU)
        return lower_prelu(e, n);
    if (!fits(e, n) || create_pair(n, &op) != xnn_status_success)
        return false;
    bool last = (place_is_last(e, a) || place_is_last(e, b)) && turns(e, a, y->rank) && turns(e, b, y->rank) && y->rank > 2;
    struct pair *p = xcalloc(1, sizeof *p);
    p->rank = y->rank;
    p->op = n->op;
    shape_as(shape_of(e, a), y->rank, last, p->shape[0]);
    shape_as(shape_of(e, b), y->rank, last, p->shape[1]);
    struct place x0 = read_operand(e, a, y->rank, last), x1 = read_operand(e, b, y->rank, last);
    bool over = graph_same_shape(shape_of(e, a), y);
    enum layout layout = last ? DENSE : PLAIN;
    struct place to = over ? place_over(e, a, x0, n->output[0], layout) : place_write(e, n->output[0], layout);
    struct step *s = step_add(e, "xnnpack");
    s->op = op;
    s->state = p;
    s->setup = setup_pair;
    s->run = step_run_operator;
    s->in[0] = x0;
    s->in[1] = x1;
    s->out = to;
    step_io(e);
    return true;
}

static int setup_prelu(struct graph_engine *e, struct step *s)
{
    return status(xnn_setup_prelu_nc_f32(s->op, s->size[0], place_data(e, s->in[0]), place_data(e, s->out), e->pool));
}

/* A slope per channel. */
static bool lower_prelu(struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_shape *x = shape_of(e, n->input[0]), *slope = shape_of(e, n->input[1]);
    const float *v = constant_of(e, n->input[1]);
    size_t channels = channels_of(x);
    xnn_operator_t op = NULL;
    bool channel = v && x->rank > 2 && slope->rank + 1 >= x->rank && is_row(slope) && slope->dim[slope->rank + 1 - x->rank] == x->dim[1];
    if (!channel || !graph_elements(x))
        return false;
    struct place from = place_read(e, n->input[0], LAST), to = place_over(e, n->input[0], from, n->output[0], LAST);
    if (xnn_create_prelu_nc_f32(channels, from.stride, to.stride, v, 0, &op) != xnn_status_success)
        return false;
    struct step *s = unary_step(e, "xnnpack", from, to);
    s->op = op;
    s->setup = setup_prelu;
    s->run = step_run_operator;
    s->size[0] = pixels_of(x);
    return true;
}
