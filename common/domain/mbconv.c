/* See mbconv.h. One walk over stages and blocks builds the list; the walk asks for depth, width, kernel and expansion either by the genotype
 * or by the largest choice of each gene. */
#include "domain/mbconv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

/* Value of gene "<letter><number>"; g NULL asks for the largest choice. Returns 0 when there is no such gene. */
static unsigned gene_value(const struct space *s, const struct genotype *g, const char *name)
{
    int j = space_find_gene(s, name);
    if (j < 0)
        return 0;
    const struct gene *gene = &s->gene[j];
    double v = 0;
    if (g)
        v = gene->value[g->allele[j]];
    else
        for (unsigned i = 0; i < gene->n_choices; i++)
            v = max_of(gene->value[i], v);
    return v >= 1 && v <= 4096 ? (unsigned)v : 0;
}

static unsigned stage_value(const struct space *s, const struct genotype *g, char letter, unsigned stage)
{
    char name[32];
    snprintf(name, sizeof name, "%c%u", letter, stage + 1);
    return gene_value(s, g, name);
}

static unsigned block_value(const struct space *s, const struct genotype *g, char letter, unsigned stage, unsigned block)
{
    char name[32];
    snprintf(name, sizeof name, "%c%u%u", letter, stage + 1, block + 1);
    return gene_value(s, g, name);
}

unsigned mbconv_choices(const struct space *s, const char *gene, unsigned ret_value[SPACE_CHOICES_MAX])
{
    int j = space_find_gene(s, gene);
    if (j < 0)
        return 0;
    for (unsigned i = 0; i < s->gene[j].n_choices; i++)
        ret_value[i] = (unsigned)s->gene[j].value[i];
    return s->gene[j].n_choices;
}

static int check_gene(const struct space *s, const char *name, unsigned max, bool eights, bool odd, struct sonata_error *err)
{
    int j = space_find_gene(s, name);
    if (j < 0)
        return sonata_error_set(err, -EINVAL, "space '%s': family mbconv needs a gene '%s'", s->name, name);
    const struct gene *g = &s->gene[j];
    const char *expected = odd ? "an odd whole number" : "a whole number";
    if (eights)
        expected = "a multiple of 8 as whole number";
    for (unsigned i = 0; i < g->n_choices; i++) {
        double v = g->value[i];
        if (!(v >= 1 && v <= max) || v != (double)(unsigned)v || (eights && (unsigned)v % 8) || (odd && (unsigned)v % 2 == 0))
            return sonata_error_set(err, -EINVAL, "space '%s': gene '%s': choice '%s': expected %s from 1 to %u", s->name, name, g->label[i],
                                    expected, max);
    }
    return 0;
}

static int check_stage(const struct space *s, unsigned stage, struct sonata_error *err)
{
    const struct space_stage *t = &s->network.stage[stage];
    char name[32];
    snprintf(name, sizeof name, "d%u", stage + 1);
    int r = check_gene(s, name, t->max_depth, false, false, err);
    snprintf(name, sizeof name, "w%u", stage + 1);
    r = r ? r : check_gene(s, name, t->max_width, true, false, err);
    for (unsigned b = 0; b < t->max_depth && !r; b++) {
        snprintf(name, sizeof name, "k%u%u", stage + 1, b + 1);
        r = check_gene(s, name, MBCONV_KERNEL_MAX, false, true, err);
        snprintf(name, sizeof name, "e%u%u", stage + 1, b + 1);
        r = r ? r : check_gene(s, name, 16, false, false, err);
    }
    return r;
}

int mbconv_check(const struct space *s, struct sonata_error *err)
{
    const struct space_network *n = &s->network;
    if (strcmp(n->family, "mbconv"))
        return sonata_error_set(err, -EINVAL, "space '%s' has no network of family mbconv: its genotypes cannot be built", s->name);
    if (n->stem % 8 || n->head % 8)
        return sonata_error_set(err, -EINVAL, "space '%s': stem and head must be multiples of 8", s->name);
    unsigned layers = 4;
    for (unsigned i = 0; i < n->n_stages; i++) {
        int r = check_stage(s, i, err);
        if (r)
            return r;
        layers += 3u * n->stage[i].max_depth;
    }
    if (layers > NETWORK_LAYERS_MAX)
        return sonata_error_set(err, -EINVAL, "space '%s': the largest network has %u layers, more than %d", s->name, layers, NETWORK_LAYERS_MAX);
    return 0;
}

struct shape {
    enum network_layer_type type;
    unsigned out_channels, kernel, stride;
};

/* Appends a layer that reads the newest tensor; returns it. */
static struct network_layer *append(struct network *n, struct mbconv_place *place, struct mbconv_place where, struct shape shape)
{
    static const uint8_t relu[] = {[MBCONV_STEM] = 1, [MBCONV_EXPAND] = 1, [MBCONV_DEPTHWISE] = 1, [MBCONV_HEAD] = 1, [MBCONV_LINEAR] = 0};
    const struct network_layer *before = n->n_layers ? &n->layer[n->n_layers - 1] : NULL;
    struct network_layer *l = &n->layer[n->n_layers];
    *l = (struct network_layer){.type = shape.type,
                                .out_channels = (uint16_t)shape.out_channels,
                                .kernel = (uint16_t)shape.kernel,
                                .stride = (uint16_t)shape.stride,
                                .relu = relu[where.role],
                                .input = (int16_t)n->n_layers,
                                .add = -1};
    l->in_channels = before ? before->out_channels : n->input_channels;
    l->in_size = before ? before->out_size : n->input_size;
    l->out_size = (uint16_t)(shape.type == NETWORK_MEAN || shape.type == NETWORK_LINEAR ? 1u : (l->in_size + shape.stride - 1u) / shape.stride);
    if (where.role < MBCONV_EXPAND || where.role > MBCONV_PROJECT) {
        where.in = l->in_channels;
        where.out = l->out_channels;
    }
    if (place)
        place[n->n_layers] = where;
    n->n_layers++;
    return l;
}

static void append_block(const struct space *s, const struct genotype *g, unsigned stage, unsigned block, struct network *n,
                         struct mbconv_place *place)
{
    unsigned kernel = block_value(s, g, 'k', stage, block), expansion = block_value(s, g, 'e', stage, block);
    unsigned width = stage_value(s, g, 'w', stage), input = n->layer[n->n_layers - 1].out_channels;
    struct mbconv_place where = {.stage = (uint8_t)stage, .block = (uint8_t)block, .in = (uint16_t)input, .out = (uint16_t)width,
                                 .expansion = (uint8_t)expansion, .kernel = (uint8_t)kernel};
    int16_t from = (int16_t)n->n_layers;
    where.role = MBCONV_EXPAND;
    append(n, place, where, (struct shape){NETWORK_POINTWISE, expansion * input, 1, 1});
    where.role = MBCONV_DEPTHWISE;
    append(n, place, where, (struct shape){NETWORK_DEPTHWISE, expansion * input, kernel, block ? 1 : s->network.stage[stage].stride});
    where.role = MBCONV_PROJECT;
    struct network_layer *last = append(n, place, where, (struct shape){NETWORK_POINTWISE, width, 1, 1});
    if (block)
        last->add = from;
}

static void count(struct network *n)
{
    n->macs = n->params = 0;
    for (unsigned i = 0; i < n->n_layers; i++) {
        const struct network_layer *l = &n->layer[i];
        if (l->type == NETWORK_MEAN)
            continue;
        double taps = (double)l->kernel * l->kernel * (l->type == NETWORK_DEPTHWISE ? 1 : l->in_channels) * l->out_channels;
        n->params += taps + l->out_channels;
        n->macs += taps * l->out_size * l->out_size;
    }
}

static int build(const struct space *s, const struct genotype *g, struct network *n, struct mbconv_place *place, struct sonata_error *err)
{
    int r = mbconv_check(s, err);
    if (r)
        return r;
    if (g && !genotype_is_legal(s, g))
        return sonata_error_set(err, -EINVAL, "space '%s': the genotype has an allele that is not listed", s->name);
    *n = (struct network){.input_size = s->network.input_size, .input_channels = s->network.input_channels, .classes = s->network.classes};
    append(n, place, (struct mbconv_place){.role = MBCONV_STEM},
           (struct shape){NETWORK_CONV, s->network.stem, MBCONV_STEM_KERNEL, MBCONV_STEM_STRIDE});
    for (unsigned i = 0; i < s->network.n_stages; i++) {
        unsigned depth = stage_value(s, g, 'd', i);
        for (unsigned b = 0; b < depth; b++)
            append_block(s, g, i, b, n, place);
    }
    append(n, place, (struct mbconv_place){.role = MBCONV_HEAD}, (struct shape){NETWORK_POINTWISE, s->network.head, 1, 1});
    append(n, place, (struct mbconv_place){.role = MBCONV_MEAN}, (struct shape){NETWORK_MEAN, s->network.head, 1, 1});
    append(n, place, (struct mbconv_place){.role = MBCONV_LINEAR}, (struct shape){NETWORK_LINEAR, s->network.classes, 1, 1});
    count(n);
    return 0;
}

int mbconv_shape(const struct space *s, const struct genotype *g, struct network *ret_network,
                 struct mbconv_place ret_place[NETWORK_LAYERS_MAX], struct sonata_error *err)
{
    return build(s, g, ret_network, ret_place, err);
}

int mbconv_shape_largest(const struct space *s, struct network *ret_network, struct mbconv_place ret_place[NETWORK_LAYERS_MAX],
                         struct sonata_error *err)
{
    return build(s, NULL, ret_network, ret_place, err);
}
