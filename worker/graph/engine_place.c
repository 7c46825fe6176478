/* Where values are: layouts, views, copies between them, and the arena. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/engine_internal.h"

enum { LINE = 64, SLACK = 64, ARENA_BUFFERS_MAX = 8192, CONCATS_MAX = 1024 };

struct place place_none(void) { return (struct place){.buffer = -1}; }

static struct place at_begin(int32_t buffer, size_t stride) { return (struct place){.buffer = buffer, .stride = stride}; }

size_t channels_of(const struct graph_shape *s) { return s->rank > 1 ? (size_t)s->dim[1] : 1; }

size_t pixels_of(const struct graph_shape *s)
{
    size_t n = 1;
    for (unsigned i = 0; i < s->rank; i++)
        n *= i == 1 ? 1 : (size_t)s->dim[i];
    return n;
}

/* Both orders are the same bytes. */
static bool one_order(const struct graph_shape *s)
{
    size_t space = 1;
    for (unsigned i = 2; i < s->rank; i++)
        space *= (size_t)s->dim[i];
    return s->rank < 3 || s->dim[1] == 1 || space == 1;
}

const struct graph_shape *shape_of(const struct graph_engine *e, int32_t tensor) { return &e->g.tensor[tensor].shape; }

const float *constant_of(const struct graph_engine *e, int32_t tensor) { return tensor < 0 ? NULL : e->g.tensor[tensor].data; }

int32_t buffer_new(struct graph_engine *e, size_t bytes)
{
    e->buffer = xgrow(e->buffer, &e->buffers_capacity, e->n_buffers + 1, sizeof *e->buffer);
    e->buffer[e->n_buffers] = (struct buffer){.bytes = (bytes + LINE - 1) / LINE * LINE + SLACK, .first = -1, .last = -1};
    return (int32_t)e->n_buffers++;
}

float *place_data(const struct graph_engine *e, struct place p) { return (float *)e->buffer[p.buffer].data + p.at; }

/* ---- steps ---- */

struct step *step_add(struct graph_engine *e, const char *how)
{
    const struct graph_node *n = e->node;
    e->step = xgrow(e->step, &e->steps_capacity, e->n_steps + 1, sizeof *e->step);
    struct step *s = &e->step[e->n_steps++];
    *s = (struct step){.in = {place_none(), place_none()}, .out = place_none()};
    s->info = (struct executor_layer){.name = "", .op = "copy", .how = how};
    if (n) {
        s->info.name = n->name;
        s->info.op = graph_op_name(n->op);
    }
    return s;
}

void step_reads(struct graph_engine *e, struct place p)
{
    struct buffer *b = p.buffer < 0 ? NULL : &e->buffer[p.buffer];
    if (b && b->last < INT32_MAX)
        b->last = (int32_t)e->n_steps - 1;
}

void step_writes(struct graph_engine *e, struct place p)
{
    struct buffer *b = &e->buffer[p.buffer];
    if (b->first < 0)
        b->first = (int32_t)e->n_steps - 1;
    step_reads(e, p);
}

void step_io(struct graph_engine *e)
{
    const struct step *s = &e->step[e->n_steps - 1];
    step_reads(e, s->in[0]);
    step_reads(e, s->in[1]);
    step_writes(e, s->out);
}

int step_run_operator(struct graph_engine *e, struct step *s) { return xnn_run_operator(s->op, e->pool) == xnn_status_success ? 0 : -EIO; }

/* ---- copies between layouts ---- */

struct turn {
    size_t outer, rows, columns; /* [outer][rows][columns] to [outer][columns][rows] */
};

/* In squares of 16 x 16 values, so that both sides stay in the first cache. */
static void turn_one(const float *x, float *y, size_t rows, size_t columns)
{
    enum { SIDE = 16 };
    for (size_t i = 0; i < rows; i += SIDE)
        for (size_t j = 0; j < columns; j += SIDE)
            for (size_t k = i; k < rows && k < i + SIDE; k++)
                for (size_t l = j; l < columns && l < j + SIDE; l++)
                    y[l * rows + k] = x[k * columns + l];
}

static int run_turn(struct graph_engine *e, struct step *s)
{
    const float *x = place_data(e, s->in[0]);
    float *y = place_data(e, s->out);
    size_t area = s->size[1] * s->size[2];
    for (size_t i = 0; i < s->size[0]; i++)
        turn_one(x + i * area, y + i * area, s->size[1], s->size[2]);
    return 0;
}

/* Rows of `size[1]` values from one stride to another. */
static int run_rows(struct graph_engine *e, struct step *s)
{
    const float *x = place_data(e, s->in[0]);
    float *y = place_data(e, s->out);
    for (size_t i = 0; i < s->size[0]; i++)
        memcpy(y + i * s->out.stride, x + i * s->in[0].stride, s->size[1] * sizeof *y);
    return 0;
}

static struct place copy_turned(struct graph_engine *e, int32_t tensor, struct place from, bool to_last)
{
    const struct graph_shape *s = shape_of(e, tensor);
    size_t space = pixels_of(s) / (s->dim[0] ? (size_t)s->dim[0] : 1), channels = channels_of(s);
    int32_t b = buffer_new(e, graph_tensor_bytes(&e->g.tensor[tensor]));
    struct step *t = step_add(e, "layout");
    t->run = run_turn;
    t->in[0] = from;
    t->out = at_begin(b, channels);
    t->size[0] = (size_t)s->dim[0];
    t->size[1] = to_last ? channels : space;
    t->size[2] = to_last ? space : channels;
    step_io(e);
    return e->step[e->n_steps - 1].out;
}

static struct place copy_rows(struct graph_engine *e, int32_t tensor, struct place from)
{
    size_t channels = channels_of(shape_of(e, tensor));
    int32_t b = buffer_new(e, graph_tensor_bytes(&e->g.tensor[tensor]));
    struct step *t = step_add(e, "copy");
    t->run = run_rows;
    t->in[0] = from;
    t->out = at_begin(b, channels);
    t->size[0] = pixels_of(shape_of(e, tensor));
    t->size[1] = channels;
    step_io(e);
    return e->step[e->n_steps - 1].out;
}

/* Constants are turned when the plan is made. */
static struct place constant_place(struct graph_engine *e, int32_t tensor, enum layout layout)
{
    const struct graph_tensor *t = &e->g.tensor[tensor];
    size_t bytes = graph_tensor_bytes(t), channels = channels_of(&t->shape);
    int32_t b = buffer_new(e, bytes);
    struct buffer *to = &e->buffer[b];
    to->own = true;
    to->data = xcalloc_line(to->bytes, 1);
    if (layout == PLAIN || one_order(&t->shape)) {
        memcpy(to->data, t->data, bytes);
    } else {
        size_t space = pixels_of(&t->shape) / (size_t)t->shape.dim[0], area = space * channels;
        for (size_t i = 0; i < (size_t)t->shape.dim[0]; i++)
            turn_one((const float *)t->data + i * area, (float *)to->data + i * area, channels, space);
    }
    return at_begin(b, channels);
}

/* ---- reading and writing ---- */

bool place_is_last(const struct graph_engine *e, int32_t tensor)
{
    return e->place[tensor][PLAIN].buffer < 0 && (e->place[tensor][LAST].buffer >= 0 || e->place[tensor][DENSE].buffer >= 0);
}

static void remember(struct graph_engine *e, int32_t tensor, enum layout layout, struct place p)
{
    struct place *slot = e->place[tensor];
    const struct graph_shape *s = shape_of(e, tensor);
    slot[layout] = p;
    if (layout == LAST && p.stride == channels_of(s))
        slot[DENSE] = p;
    if (layout == DENSE && slot[LAST].buffer < 0)
        slot[LAST] = p;
    if (one_order(s) && slot[DENSE].buffer >= 0 && slot[PLAIN].buffer < 0)
        slot[PLAIN] = slot[DENSE];
    if (one_order(s) && layout == PLAIN && slot[DENSE].buffer < 0) {
        slot[DENSE] = p;
        slot[DENSE].stride = channels_of(s);
        if (slot[LAST].buffer < 0)
            slot[LAST] = slot[DENSE];
    }
}

struct place place_read(struct graph_engine *e, int32_t tensor, enum layout layout)
{
    struct place *slot = e->place[tensor];
    if (slot[layout].buffer >= 0)
        return slot[layout];
    struct place p;
    if (e->g.tensor[tensor].data && slot[PLAIN].buffer < 0)
        p = constant_place(e, tensor, layout);
    else if (layout != PLAIN)
        p = slot[LAST].buffer >= 0 ? copy_rows(e, tensor, slot[LAST]) : copy_turned(e, tensor, slot[PLAIN], true);
    else {
        struct place dense = place_read(e, tensor, DENSE);
        if (slot[PLAIN].buffer >= 0) /* both orders are one */
            return slot[PLAIN];
        p = copy_turned(e, tensor, dense, false);
    }
    e->buffer[p.buffer].readers += e->uses[tensor];
    remember(e, tensor, layout == LAST ? DENSE : layout, p);
    return p;
}

void place_alias(struct graph_engine *e, int32_t tensor, enum layout layout, struct place p)
{
    e->buffer[p.buffer].readers += e->uses[tensor];
    remember(e, tensor, layout, p);
}

struct place place_joined(struct graph_engine *e, int32_t concat)
{
    int32_t y = e->g.node[concat].output[0];
    struct place *whole = &e->joined[concat];
    if (whole->buffer < 0) {
        *whole = at_begin(buffer_new(e, graph_tensor_bytes(&e->g.tensor[y])), channels_of(shape_of(e, y)));
        e->buffer[whole->buffer].shared = true;
    }
    return *whole;
}

/* The tensor's part of the concatenation it belongs to. */
static struct place home_place(struct graph_engine *e, int32_t tensor)
{
    struct place p = place_joined(e, e->home[tensor].concat);
    p.at = e->home[tensor].channel;
    return p;
}

struct place place_write(struct graph_engine *e, int32_t tensor, enum layout layout)
{
    struct place p;
    if (layout == LAST && e->home[tensor].concat >= 0)
        p = home_place(e, tensor);
    else
        p = at_begin(buffer_new(e, graph_tensor_bytes(&e->g.tensor[tensor])), channels_of(shape_of(e, tensor)));
    place_alias(e, tensor, layout, p);
    return p;
}

struct place place_over(struct graph_engine *e, int32_t input, struct place from, int32_t tensor, enum layout layout)
{
    const struct buffer *b = &e->buffer[from.buffer];
    bool home = layout == LAST && e->home[tensor].concat >= 0, dense = layout == PLAIN || from.stride == channels_of(shape_of(e, input));
    if (home || !dense || b->own || b->shared || b->readers != 1)
        return place_write(e, tensor, layout);
    place_alias(e, tensor, layout, from);
    return from;
}

void place_node_done(struct graph_engine *e, const struct graph_node *n)
{
    for (unsigned i = 0; i < n->n_inputs; i++) {
        int32_t seen[LAYOUTS] = {-1, -1, -1};
        for (unsigned k = 0; n->input[i] >= 0 && k < LAYOUTS; k++) {
            int32_t b = e->place[n->input[i]][k].buffer;
            bool counted = b < 0 || (k > 0 && b == seen[0]) || (k > 1 && b == seen[1]);
            seen[k] = b;
            if (!counted && e->buffer[b].readers)
                e->buffer[b].readers--;
        }
        struct graph_tensor *t = n->input[i] < 0 ? NULL : &e->g.tensor[n->input[i]];
        if (t && t->data && !--e->left[n->input[i]]) {
            free(t->data);
            t->data = NULL;
        }
    }
}

/* ---- concatenations ---- */

static bool joins_channels(const struct graph_engine *e, const struct graph_node *n)
{
    const struct graph_tensor *y = n->n_outputs ? &e->g.tensor[n->output[0]] : NULL;
    return n->op == GRAPH_CONCAT && n->axis == 1 && y->type == GRAPH_F32 && (y->shape.rank == 4 || y->shape.rank == 3);
}

/* b begins with all that a joins. */
static bool continues(const struct graph_node *a, const struct graph_node *b)
{
    return b->n_inputs > a->n_inputs && !memcmp(a->input, b->input, a->n_inputs * sizeof *a->input);
}

static void plan_one(struct graph_engine *e, int32_t concat, int32_t whole)
{
    const struct graph_node *n = &e->g.node[concat];
    size_t channel = 0;
    e->whole[concat] = whole;
    for (unsigned i = 0; i < n->n_inputs; i++) {
        int32_t t = n->input[i];
        if (e->home[t].concat < 0 && !e->g.tensor[t].data)
            e->home[t] = (struct home){whole, channel};
        channel += channels_of(shape_of(e, t));
    }
}

void place_plan_homes(struct graph_engine *e)
{
    int32_t list[CONCATS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < e->g.n_nodes && n < CONCATS_MAX; i++) {
        if (joins_channels(e, &e->g.node[i]))
            list[n++] = (int32_t)i;
    }
    for (size_t i = n; i-- > 0;) { /* later ones first: the longest holds all */
        int32_t whole = list[i];
        for (size_t k = n - 1; k > i; k--) {
            if (continues(&e->g.node[list[i]], &e->g.node[list[k]])) {
                whole = list[k];
                break;
            }
        }
        const struct graph_tensor *y = &e->g.tensor[e->g.node[list[i]].output[0]];
        if (e->home[e->g.node[list[i]].output[0]].concat < 0 && y->shape.dim[0] > 0)
            plan_one(e, list[i], whole);
    }
}

/* ---- the arena ---- */

/* Buffers that live now, in order of their offsets. */
struct living {
    int32_t *buffer;
    size_t n, capacity;
};

static void bury(struct graph_engine *e, struct living *l, int32_t step)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (e->buffer[l->buffer[i]].last >= step)
            l->buffer[kept++] = l->buffer[i];
    }
    l->n = kept;
}

/* The smallest gap that it fits into. */
static void settle(struct graph_engine *e, struct living *l, int32_t index)
{
    struct buffer *b = &e->buffer[index];
    size_t begin = 0, best = SIZE_MAX, slot = l->n;
    for (size_t i = 0; i < l->n; i++) {
        const struct buffer *next = &e->buffer[l->buffer[i]];
        size_t gap = next->offset - begin;
        if (gap >= b->bytes && gap < best) {
            best = gap;
            slot = i;
            b->offset = begin;
        }
        begin = next->offset + next->bytes;
    }
    if (slot == l->n)
        b->offset = begin;
    l->buffer = xgrow(l->buffer, &l->capacity, l->n + 1, sizeof *l->buffer);
    memmove(&l->buffer[slot + 1], &l->buffer[slot], (l->n - slot) * sizeof *l->buffer);
    l->buffer[slot] = index;
    l->n++;
}

static int by_first(const void *a, const void *b)
{
    const struct buffer *x = *(struct buffer *const *)a, *y = *(struct buffer *const *)b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x > y) - (x < y);
}

/* Offsets of all buffers; the arena's size. */
static size_t settle_all(struct graph_engine *e)
{
    struct buffer **order = xcalloc(e->n_buffers + 1, sizeof(struct buffer *));
    struct living l = {0};
    size_t n = 0, top = 0;
    for (size_t i = 0; i < e->n_buffers; i++) {
        if (!e->buffer[i].own && e->buffer[i].first >= 0)
            order[n++] = &e->buffer[i];
    }
    qsort(order, n, sizeof(struct buffer *), by_first);
    for (size_t i = 0; i < n; i++) {
        if (n <= ARENA_BUFFERS_MAX)
            bury(e, &l, order[i]->first);
        settle(e, &l, (int32_t)(order[i] - e->buffer));
        size_t end = order[i]->offset + order[i]->bytes;
        top = end > top ? end : top;
    }
    free(order);
    free(l.buffer);
    return top;
}

int place_arena(struct graph_engine *e, struct sonata_error *err)
{
    size_t top = settle_all(e), own = 0;
    for (size_t i = 0; i < e->n_buffers; i++)
        own += e->buffer[i].own ? e->buffer[i].bytes : 0;
    if ((int64_t)top + (int64_t)own > EXECUTOR_BYTES_MAX)
        return sonata_error_set(err, -EFBIG, "the network's tensors need %zu bytes; at most %lld are given", top + own,
                                (long long)EXECUTOR_BYTES_MAX);
    e->arena = xcalloc_line(top + LINE, 1);
    for (size_t i = 0; i < e->n_buffers; i++) {
        struct buffer *b = &e->buffer[i];
        if (!b->own)
            b->data = (char *)e->arena + (b->first < 0 ? 0 : b->offset);
    }
    e->base.tensor_bytes = top + own;
    return 0;
}
