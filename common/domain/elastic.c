/* See elastic.h. One walk over the items appends layers; it asks for every number either by the genotype or for the largest value. */
#include "domain/elastic.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "domain/space.h"

const char *const elastic_kind_word[ELASTIC_KINDS] = {"conv", "mbconv", "bottleneck", "maxpool", "mean", "linear"};
const char *const elastic_activation_word[ELASTIC_ACTIVATIONS] = {"none", "relu", "relu6", "hswish", "swish", "hsigmoid"};
const char *const elastic_shortcut_word[ELASTIC_SHORTCUTS] = {"none", "identity", "project", "pool"};

struct walk {
    const struct space *space;
    const struct genotype *genotype; /* NULL: the largest */
    struct elastic_plan *plan;
    unsigned item, block, channels, size;
    int16_t tensor; /* the newest */
    bool full;      /* more layers than there may be */
};

unsigned elastic_round8(double v)
{
    unsigned n = (unsigned)((v + 4) / 8) * 8;
    n = n < 8 ? 8 : n;
    return n < 0.9 * v ? n + 8 : n;
}

struct elastic_number elastic_fixed(double v)
{
    struct elastic_number n = {.fixed = v};
    for (unsigned i = 0; i < ELASTIC_DEPTH_MAX; i++)
        n.gene[i] = -1;
    return n;
}

unsigned elastic_values(const struct space *s, const struct elastic_number *n, unsigned block, double ret_value[16])
{
    if (n->gene[block] < 0) {
        ret_value[0] = n->fixed;
        return 1;
    }
    const struct gene *g = &s->gene[n->gene[block]];
    unsigned count = 0;
    for (unsigned i = 0; i < g->n_choices; i++) {
        unsigned at = count;
        while (at && ret_value[at - 1] >= g->value[i])
            at--;
        if (at < count && ret_value[at] == g->value[i])
            continue;
        memmove(ret_value + at + 1, ret_value + at, (count - at) * sizeof *ret_value);
        ret_value[at] = g->value[i];
        count++;
    }
    return count;
}

static double largest(const struct space *s, const struct elastic_number *n, unsigned block)
{
    double value[SPACE_CHOICES_MAX];
    return value[elastic_values(s, n, block, value) - 1];
}

static double number(const struct walk *w, const struct elastic_number *n, unsigned block)
{
    if (n->gene[block] < 0)
        return n->fixed;
    const struct gene *g = &w->space->gene[n->gene[block]];
    return w->genotype ? g->value[w->genotype->allele[n->gene[block]]] : largest(w->space, n, block);
}

static const struct elastic_item *item_of(const struct walk *w) { return &w->space->network.elastic.item[w->item]; }

/* Appends a layer that reads `input`; returns the tensor it writes. */
static int16_t append(struct walk *w, struct elastic_layer l, int16_t input, unsigned in_size)
{
    struct elastic_plan *p = w->plan;
    if (p->n_layers == ELASTIC_LAYERS_MAX) {
        w->full = true;
        return input;
    }
    l.item = (uint8_t)w->item;
    l.block = (uint8_t)w->block;
    l.input = input;
    l.in_size = (uint16_t)in_size;
    l.out_size = (uint16_t)(l.op == ELASTIC_OP_MEAN || l.op == ELASTIC_OP_LINEAR ? 1 : (in_size + l.stride - 1u) / l.stride);
    p->layer[p->n_layers++] = l;
    return (int16_t)p->n_layers;
}

static unsigned channels_of(const struct walk *w, int16_t tensor)
{
    return tensor ? w->plan->layer[tensor - 1].out_channels : w->plan->input_channels;
}

static unsigned size_of(const struct walk *w, int16_t tensor) { return tensor ? w->plan->layer[tensor - 1].out_size : w->plan->input_size; }

struct conv {
    enum elastic_part part;
    unsigned out, kernel, stride;
    enum elastic_activation activation;
    bool norm, bias;
};

static int16_t convolve(struct walk *w, int16_t input, const struct conv *c)
{
    struct elastic_layer l = {.op = c->part == ELASTIC_DEPTHWISE ? ELASTIC_OP_DEPTHWISE : ELASTIC_OP_CONV,
                              .part = (uint8_t)c->part,
                              .activation = (uint8_t)c->activation,
                              .norm = c->norm,
                              .bias = c->bias,
                              .kernel = (uint16_t)c->kernel,
                              .stride = (uint16_t)c->stride,
                              .in_channels = channels_of(w, input),
                              .out_channels = c->out,
                              .other = -1};
    return append(w, l, input, size_of(w, input));
}

/* A layer without weights that keeps the channels. */
static int16_t plain(struct walk *w, enum elastic_op op, int16_t input, int16_t other, unsigned kernel, unsigned stride)
{
    struct elastic_layer l = {.op = (uint8_t)op, .kernel = (uint16_t)kernel, .stride = (uint16_t)stride, .other = other};
    l.in_channels = l.out_channels = channels_of(w, input);
    return append(w, l, input, size_of(w, input));
}

static int16_t add(struct walk *w, int16_t a, int16_t b, enum elastic_activation activation)
{
    int16_t sum = plain(w, ELASTIC_OP_ADD, a, b, 1, 1);
    w->plan->layer[w->plan->n_layers - 1].activation = (uint8_t)activation;
    return sum;
}

/* Squeeze-and-excitation (Hu et al. 2018): a weight per channel from the channels' means through a quarter of the channels. */
static int16_t squeeze(struct walk *w, int16_t x)
{
    unsigned channels = channels_of(w, x);
    int16_t mean = plain(w, ELASTIC_OP_MEAN, x, -1, 1, 1);
    int16_t reduced = convolve(w, mean, &(struct conv){ELASTIC_REDUCE, elastic_round8(channels / 4), 1, 1, ELASTIC_RELU, .bias = true});
    int16_t excited = convolve(w, reduced, &(struct conv){ELASTIC_EXCITE, channels, 1, 1, ELASTIC_HSIGMOID, .bias = true});
    return plain(w, ELASTIC_OP_SCALE, x, excited, 1, 1);
}

/* The sum of a block's result with its input, by the item's rule. */
static int16_t close_block(struct walk *w, int16_t from, int16_t x, unsigned stride, enum elastic_activation activation)
{
    const struct elastic_item *item = item_of(w);
    bool same = channels_of(w, from) == channels_of(w, x), first = w->block == 0;
    enum elastic_shortcut shortcut = item->shortcut;
    if (shortcut == ELASTIC_SHORTCUT_NONE || (shortcut == ELASTIC_SHORTCUT_IDENTITY && (stride != 1 || !same)))
        return x;
    bool project = shortcut == ELASTIC_SHORTCUT_PROJECT && first;
    bool widen = shortcut == ELASTIC_SHORTCUT_POOL && (!same || (!w->genotype && first));
    if ((project || shortcut == ELASTIC_SHORTCUT_POOL) && stride > 1)
        from = plain(w, ELASTIC_OP_AVERAGE, from, -1, stride, stride);
    if (project || widen)
        from = convolve(w, from, &(struct conv){ELASTIC_SHORTCUT, channels_of(w, x), 1, 1, ELASTIC_NONE, .norm = project});
    return add(w, x, from, activation);
}

/* Output channels of the item's blocks; in: those of its input. */
static unsigned width_of(const struct walk *w, unsigned in)
{
    const struct elastic_item *item = item_of(w);
    double scale = number(w, &item->scale, 0);
    bool scaled = item->scale.gene[0] >= 0 || item->scale.fixed != 1;
    if (item->kind == ELASTIC_CONV && item->width.gene[0] < 0 && !(item->width.fixed > 0))
        return elastic_round8(rint(in * number(w, &item->expand, 0)));
    double width = number(w, &item->width, 0);
    return scaled ? elastic_round8(width * scale) : (unsigned)width;
}

static unsigned kernel_of(const struct walk *w) { return (unsigned)number(w, &item_of(w)->kernel, w->block); }

static int16_t conv_block(struct walk *w, int16_t x, unsigned width, unsigned stride)
{
    const struct elastic_item *item = item_of(w);
    int16_t y = convolve(w, x, &(struct conv){ELASTIC_MAIN, width, kernel_of(w), stride, item->activation, .norm = item->norm});
    return close_block(w, x, y, stride, ELASTIC_NONE);
}

static int16_t mbconv_block(struct walk *w, int16_t x, unsigned width, unsigned stride)
{
    const struct elastic_item *item = item_of(w);
    unsigned in = channels_of(w, x);
    int16_t y = x;
    if (largest(w->space, &item->expand, w->block) != 1) {
        unsigned hidden = elastic_round8(rint(in * number(w, &item->expand, w->block)));
        y = convolve(w, y, &(struct conv){ELASTIC_EXPAND, hidden, 1, 1, item->activation, .norm = true});
    }
    y = convolve(w, y, &(struct conv){ELASTIC_DEPTHWISE, channels_of(w, y), kernel_of(w), stride, item->activation, .norm = true});
    y = item->squeeze ? squeeze(w, y) : y;
    y = convolve(w, y, &(struct conv){ELASTIC_PROJECT, width, 1, 1, ELASTIC_NONE, .norm = true});
    return close_block(w, x, y, stride, ELASTIC_NONE);
}

static int16_t bottleneck_block(struct walk *w, int16_t x, unsigned width, unsigned stride)
{
    const struct elastic_item *item = item_of(w);
    unsigned middle = elastic_round8(rint(width * number(w, &item->expand, w->block)));
    int16_t y = convolve(w, x, &(struct conv){ELASTIC_FIRST, middle, 1, 1, item->activation, .norm = true});
    y = convolve(w, y, &(struct conv){ELASTIC_SECOND, middle, kernel_of(w), stride, item->activation, .norm = true});
    y = convolve(w, y, &(struct conv){ELASTIC_THIRD, width, 1, 1, ELASTIC_NONE, .norm = true});
    return close_block(w, x, y, stride, item->activation);
}

static int16_t walk_blocks(struct walk *w, int16_t x)
{
    static int16_t (*const block[])(struct walk *, int16_t, unsigned, unsigned) = {
        [ELASTIC_CONV] = conv_block, [ELASTIC_MBCONV] = mbconv_block, [ELASTIC_BOTTLENECK] = bottleneck_block};
    const struct elastic_item *item = item_of(w);
    unsigned depth = (unsigned)number(w, &item->depth, 0), width = width_of(w, channels_of(w, x));
    for (w->block = 0; w->block < depth; w->block++)
        x = block[item->kind](w, x, width, w->block ? 1 : item->stride);
    w->block = 0;
    return x;
}

static int16_t walk_item(struct walk *w, int16_t x)
{
    const struct elastic_item *item = item_of(w);
    switch ((enum elastic_kind)item->kind) {
    case ELASTIC_MAXPOOL:
        return plain(w, ELASTIC_OP_MAXPOOL, x, -1, kernel_of(w), item->stride);
    case ELASTIC_MEAN:
        return plain(w, ELASTIC_OP_MEAN, x, -1, 1, 1);
    case ELASTIC_LINEAR: {
        struct elastic_layer l = {.op = ELASTIC_OP_LINEAR, .part = ELASTIC_MAIN, .bias = true, .kernel = 1, .stride = 1, .other = -1};
        l.in_channels = channels_of(w, x);
        l.out_channels = w->space->network.classes;
        return append(w, l, x, 1);
    }
    default:
        return walk_blocks(w, x);
    }
}

/* ---- counts ---- */

static bool has_weights(const struct elastic_layer *l)
{
    return l->op == ELASTIC_OP_CONV || l->op == ELASTIC_OP_DEPTHWISE || l->op == ELASTIC_OP_LINEAR;
}

static void count(struct elastic_plan *p)
{
    for (unsigned i = 0; i < p->n_layers; i++) {
        const struct elastic_layer *l = &p->layer[i];
        if (!has_weights(l))
            continue;
        double taps = (double)l->kernel * l->kernel * (l->op == ELASTIC_OP_DEPTHWISE ? 1 : l->in_channels) * l->out_channels;
        p->params += taps + (l->norm || l->bias ? l->out_channels : 0);
        p->macs += taps * l->out_size * l->out_size;
    }
}

static double floats_of(const struct elastic_plan *p, unsigned tensor)
{
    if (!tensor)
        return (double)p->input_channels * p->input_size * p->input_size;
    const struct elastic_layer *l = &p->layer[tensor - 1];
    return (double)l->out_channels * l->out_size * l->out_size;
}

/* Largest sum of tensors alive while a layer runs: from the layer that writes one to the last that reads it. */
static void find_peak(struct elastic_plan *p)
{
    uint16_t last[ELASTIC_LAYERS_MAX + 1] = {0};
    double alive = floats_of(p, 0);
    for (unsigned i = 0; i < p->n_layers; i++) {
        last[p->layer[i].input] = (uint16_t)i;
        if (p->layer[i].other >= 0)
            last[p->layer[i].other] = (uint16_t)i;
    }
    last[p->n_layers] = (uint16_t)p->n_layers;
    for (unsigned i = 0; i < p->n_layers; i++) {
        const struct elastic_layer *l = &p->layer[i];
        alive += floats_of(p, i + 1);
        p->peak_floats = max_of(p->peak_floats, alive);
        if (last[l->input] == i)
            alive -= floats_of(p, (unsigned)l->input);
        if (l->other >= 0 && l->other != l->input && last[l->other] == i)
            alive -= floats_of(p, (unsigned)l->other);
    }
}

int elastic_plan(const struct space *s, const struct genotype *g, struct elastic_plan *ret_plan, struct sonata_error *err)
{
    struct elastic_plan *p = ret_plan;
    struct walk w = {.space = s, .genotype = g, .plan = p};
    if (strcmp(s->network.family, "elastic"))
        return sonata_error_set(err, -EINVAL, "space '%s' has no network of family elastic", s->name);
    if (g && !genotype_is_legal(s, g))
        return sonata_error_set(err, -EINVAL, "space '%s': the genotype has an allele that is not listed", s->name);
    p->n_layers = 0;
    p->macs = p->params = p->peak_floats = 0;
    p->input_channels = s->network.input_channels;
    p->input_size = (uint16_t)number(&w, &s->network.elastic.resolution, 0);
    int16_t x = 0;
    for (w.item = 0; w.item < s->network.elastic.n_items; w.item++)
        x = walk_item(&w, x);
    if (w.full)
        return sonata_error_set(err, -EINVAL, "space '%s': the network has more than %d layers", s->name, ELASTIC_LAYERS_MAX);
    count(p);
    find_peak(p);
    return 0;
}
