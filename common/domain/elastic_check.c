/* Whether a described network can be built: see elastic_check() in elastic.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "domain/elastic.h"
#include "domain/space.h"

struct range {
    const char *name;
    double min, max;
    bool whole, odd;
};

static const struct range depth_range = {"depth", 0, ELASTIC_DEPTH_MAX, true, false};
static const struct range width_range = {"width", 1, ELASTIC_CHANNELS_MAX, true, false};
static const struct range kernel_range = {"kernel", 1, ELASTIC_KERNEL_MAX, true, true};
static const struct range expand_range = {"expand", 0.01, 16, false, false};
static const struct range scale_range = {"scale", 0.01, 16, false, false};
static const struct range resolution_range = {"input", 4, ELASTIC_SIZE_MAX, true, false};

static bool lies_in(double v, const struct range *r)
{
    return v >= r->min && v <= r->max && (!r->whole || v == floor(v)) && (!r->odd || fmod(v, 2) == 1);
}

static int check_value(const struct space *s, const struct range *r, int gene, double v, struct sonata_error *err)
{
    if (lies_in(v, r))
        return 0;
    const char *kind = r->odd ? "an odd number" : "a number";
    if (gene >= 0)
        return sonata_error_set(err, -EINVAL, "%s: gene '%s' has a choice that is not %s from %g to %g", r->name, s->gene[gene].name, kind, r->min,
                                r->max);
    return sonata_error_set(err, -EINVAL, "%s: %g; expected %s from %g to %g", r->name, v, kind, r->min, r->max);
}

/* Every value in every block up to `blocks`. */
static int check_number(const struct space *s, const struct elastic_number *n, const struct range *r, unsigned blocks, struct sonata_error *err)
{
    int e = 0;
    for (unsigned b = 0; b < blocks && !e; b++) {
        if (n->gene[b] >= (int)s->n_genes)
            return sonata_error_set(err, -EINVAL, "%s: refers to a gene that is not there", r->name);
        if (n->gene[b] < 0)
            e = check_value(s, r, -1, n->fixed, err);
        for (unsigned i = 0; n->gene[b] >= 0 && i < s->gene[n->gene[b]].n_choices && !e; i++)
            e = check_value(s, r, n->gene[b], s->gene[n->gene[b]].value[i], err);
    }
    return e;
}

static int check_blocks(const struct space *s, const struct elastic_item *item, struct sonata_error *err)
{
    double value[SPACE_CHOICES_MAX];
    bool by_expansion = item->kind == ELASTIC_CONV && item->width.gene[0] < 0 && !(item->width.fixed > 0);
    int r = check_number(s, &item->depth, &depth_range, 1, err);
    if (r)
        return r;
    double depth = value[elastic_values(s, &item->depth, 0, value) - 1];
    depth = item->depth.gene[0] < 0 ? item->depth.fixed : depth;
    if (depth > item->max_depth || item->max_depth < 1 || item->max_depth > ELASTIC_DEPTH_MAX)
        return sonata_error_set(err, -EINVAL, "depth reaches %g, but blocks are given for %u (at most %d)", depth, item->max_depth,
                                ELASTIC_DEPTH_MAX);
    r = by_expansion ? 0 : check_number(s, &item->width, &width_range, 1, err);
    r = r ? r : check_number(s, &item->scale, &scale_range, 1, err);
    r = r ? r : check_number(s, &item->kernel, &kernel_range, item->max_depth, err);
    if (!r && item->kind != ELASTIC_MBCONV && item->kernel.gene[0] >= 0)
        return sonata_error_set(err, -EINVAL, "kernel: only that of the depthwise convolution of 'mbconv' can be a gene");
    if (!r && (item->kind != ELASTIC_CONV || by_expansion))
        r = check_number(s, &item->expand, &expand_range, by_expansion ? 1 : item->max_depth, err);
    return r;
}

static int check_item(const struct space *s, unsigned i, struct sonata_error *err)
{
    const struct elastic *e = &s->network.elastic;
    const struct elastic_item *item = &e->item[i];
    if (item->kind >= ELASTIC_KINDS || item->activation >= ELASTIC_ACTIVATIONS || item->shortcut >= ELASTIC_SHORTCUTS)
        return sonata_error_set(err, -EINVAL, "a kind, activation or shortcut that is not known");
    bool last = i + 1 == e->n_items, after_mean = i > 0 && e->item[i - 1].kind == ELASTIC_MEAN;
    if ((item->kind == ELASTIC_LINEAR) != last)
        return sonata_error_set(err, -EINVAL, "the last item, and no other, is 'linear'");
    if (item->kind == ELASTIC_MEAN || item->kind == ELASTIC_LINEAR)
        return 0;
    if (item->stride < 1 || item->stride > 4)
        return sonata_error_set(err, -EINVAL, "stride %u; expected 1 to 4", item->stride);
    if (item->kind == ELASTIC_MAXPOOL)
        return check_number(s, &item->kernel, &kernel_range, 1, err);
    if (after_mean && (item->kind != ELASTIC_CONV || item->stride != 1 || item->kernel.gene[0] >= 0 || item->kernel.fixed != 1))
        return sonata_error_set(err, -EINVAL, "after 'mean' only 1x1 convolutions and 'linear' can follow");
    return check_blocks(s, item, err);
}

/* A mean somewhere before the linear layer: its input is one pixel. Channels within 16 bits everywhere. */
static int check_largest(const struct space *s, struct sonata_error *err)
{
    struct elastic_plan plan;
    int r = elastic_plan(s, NULL, &plan, err);
    if (r)
        return r;
    const struct elastic_layer *last = &plan.layer[plan.n_layers - 1];
    int16_t input = last->input;
    if (input < 1 || plan.layer[input - 1].out_size != 1)
        return sonata_error_set(err, -EINVAL, "'linear' must follow 'mean'");
    for (unsigned i = 0; i < plan.n_layers; i++) {
        if (plan.layer[i].out_channels > ELASTIC_CHANNELS_MAX || plan.layer[i].in_channels > ELASTIC_CHANNELS_MAX)
            return sonata_error_set(err, -EINVAL, "item %u: a layer of the largest network has more than %d channels", plan.layer[i].item + 1u,
                                    ELASTIC_CHANNELS_MAX);
    }
    return 0;
}

int elastic_check(const struct space *s, struct sonata_error *err)
{
    const struct elastic *e = &s->network.elastic;
    if (e->n_items < 2 || e->n_items > ELASTIC_ITEMS_MAX)
        return sonata_error_set(err, -EINVAL, "network: %u items; expected 2 to %d", e->n_items, ELASTIC_ITEMS_MAX);
    if (!(e->epsilon >= 1e-12 && e->epsilon <= 1))
        return sonata_error_set(err, -EINVAL, "network: epsilon %g; expected 1e-12 to 1", e->epsilon);
    int r = check_number(s, &e->resolution, &resolution_range, 1, err);
    if (r)
        return sonata_error_prefix(err, r, "network");
    for (unsigned i = 0; i < e->n_items; i++) {
        r = check_item(s, i, err);
        if (r)
            return sonata_error_prefix(err, r, "network: item %u", i + 1);
    }
    r = check_largest(s, err);
    return r ? sonata_error_prefix(err, r, "network") : 0;
}
