/* See supernet.h. The layout walks stages, pairs of widths that can meet, expansions and kernels; a plan walks the layers of a sub-network and finds
 * each by the name its place gives. */
#include "supernet/supernet.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/rng.h"
#include "supernet/elastic_layout.h"

static void layer_name(struct mbconv_place p, char *text, size_t size)
{
    static const char *const role[] = {"stem", "expand", "depthwise", "project", "head", "mean", "linear"};
    char kernel[8] = "";
    if (p.role == MBCONV_DEPTHWISE)
        snprintf(kernel, sizeof kernel, "k%u.", p.kernel);
    if (p.role >= MBCONV_EXPAND && p.role <= MBCONV_PROJECT)
        snprintf(text, size, "stage%u.block%u.%uto%u.e%u.%s%s", p.stage + 1u, p.block + 1u, p.in, p.out, p.expansion, kernel, role[p.role]);
    else if (p.role == MBCONV_HEAD)
        snprintf(text, size, "head.%uto%u", p.in, p.out);
    else
        snprintf(text, size, "%s", role[p.role]);
}

static void add_tensor(struct supernet *n, const char *layer, const char *part, unsigned n_dims, const size_t *dim, bool decay)
{
    n->tensor = xgrow(n->tensor, &n->capacity, n->n_tensors + 1, sizeof *n->tensor);
    struct supernet_tensor *t = &n->tensor[n->n_tensors++];
    *t = (struct supernet_tensor){.n_dims = n_dims, .offset = n->n_values, .size = 1, .decay = decay};
    snprintf(t->name, sizeof t->name, "%s.%s", layer, part);
    for (unsigned i = 0; i < n_dims; i++) {
        t->dim[i] = dim[i];
        t->size *= dim[i];
    }
    n->n_values += t->size;
}

static void add_layer(struct supernet *n, struct mbconv_place place, enum network_layer_type type, size_t kernel, size_t in, size_t out)
{
    char name[SUPERNET_TENSOR_NAME_MAX - 8];
    layer_name(place, name, sizeof name);
    if (type == NETWORK_DEPTHWISE)
        add_tensor(n, name, "weight", 3, (size_t[]){kernel, kernel, out}, true);
    else if (type == NETWORK_CONV)
        add_tensor(n, name, "weight", 4, (size_t[]){kernel, kernel, in, out}, true);
    else
        add_tensor(n, name, "weight", 2, (size_t[]){in, out}, true);
    if (type == NETWORK_LINEAR) {
        add_tensor(n, name, "bias", 1, &out, false);
    } else {
        add_tensor(n, name, "scale", 1, &out, false);
        add_tensor(n, name, "shift", 1, &out, false);
    }
}

static unsigned choices(const struct space *s, char letter, unsigned stage, unsigned block, unsigned value[SPACE_CHOICES_MAX])
{
    char name[32];
    snprintf(name, sizeof name, "%c%u%u", letter, stage + 1, block + 1);
    return mbconv_choices(s, name, value);
}

static void add_block(struct supernet *n, unsigned stage, unsigned block, unsigned in, unsigned out)
{
    unsigned expansion[SPACE_CHOICES_MAX], kernel[SPACE_CHOICES_MAX];
    unsigned n_expansions = choices(n->space, 'e', stage, block, expansion), n_kernels = choices(n->space, 'k', stage, block, kernel);
    for (unsigned i = 0; i < n_expansions; i++) {
        struct mbconv_place place = {.role = MBCONV_EXPAND, .stage = (uint8_t)stage, .block = (uint8_t)block, .in = (uint16_t)in,
                                     .out = (uint16_t)out, .expansion = (uint8_t)expansion[i]};
        size_t hidden = (size_t)in * expansion[i];
        add_layer(n, place, NETWORK_POINTWISE, 1, in, hidden);
        place.role = MBCONV_DEPTHWISE;
        for (unsigned k = 0; k < n_kernels; k++) {
            place.kernel = (uint8_t)kernel[k];
            add_layer(n, place, NETWORK_DEPTHWISE, kernel[k], hidden, hidden);
        }
        place.role = MBCONV_PROJECT;
        add_layer(n, place, NETWORK_POINTWISE, 1, hidden, out);
    }
}

/* The first block of a stage joins every width before with every width of the stage; the others keep the width. */
static unsigned add_stage(struct supernet *n, unsigned stage, unsigned n_before, unsigned before[SPACE_CHOICES_MAX])
{
    char name[32];
    unsigned width[SPACE_CHOICES_MAX];
    snprintf(name, sizeof name, "w%u", stage + 1);
    unsigned n_width = mbconv_choices(n->space, name, width);
    for (unsigned i = 0; i < n_width; i++) {
        for (unsigned j = 0; j < n_before; j++)
            add_block(n, stage, 0, before[j], width[i]);
        for (unsigned b = 1; b < n->space->network.stage[stage].max_depth; b++) {
            add_block(n, stage, b, width[i], width[i]);
        }
    }
    memcpy(before, width, sizeof width);
    return n_width;
}

static int mbconv_layout(struct supernet *n, struct sonata_error *err)
{
    int r = mbconv_check(n->space, err);
    if (r)
        return r;
    const struct space_network *net = &n->space->network;
    unsigned width[SPACE_CHOICES_MAX] = {net->stem}, n_width = 1;
    add_layer(n, (struct mbconv_place){.role = MBCONV_STEM}, NETWORK_CONV, MBCONV_STEM_KERNEL, net->input_channels, net->stem);
    for (unsigned i = 0; i < net->n_stages; i++)
        n_width = add_stage(n, i, n_width, width);
    for (unsigned i = 0; i < n_width; i++)
        add_layer(n, (struct mbconv_place){.role = MBCONV_HEAD, .in = (uint16_t)width[i], .out = net->head}, NETWORK_POINTWISE, 1, width[i],
                  net->head);
    add_layer(n, (struct mbconv_place){.role = MBCONV_LINEAR}, NETWORK_LINEAR, 1, net->head, net->classes);
    return 0;
}

int supernet_init(struct supernet *n, const struct space *space, struct sonata_error *err)
{
    *n = (struct supernet){.space = space};
    int r = strcmp(space->network.family, "elastic") ? mbconv_layout(n, err) : elastic_layout(n, err);
    if (r) {
        supernet_fini(n);
        return r;
    }
    if (n->n_tensors > SUPERNET_TENSORS_MAX || n->n_values > SUPERNET_VALUES_MAX) {
        r = sonata_error_set(err, -EINVAL, "space '%s': its supernet would have %u tensors of %zu values together, more than %d or %d", space->name,
                             n->n_tensors, n->n_values, SUPERNET_TENSORS_MAX, SUPERNET_VALUES_MAX);
        supernet_fini(n);
        return r;
    }
    n->value = xcalloc(n->n_values, sizeof *n->value);
    return 0;
}

void supernet_space_hash(const struct space *s, uint8_t ret_hash[HASH_SIZE])
{
    struct bytes b = {0};
    bytes_put_string(&b, s->name);
    for (unsigned j = 0; j < s->n_genes; j++) {
        const struct gene *g = &s->gene[j];
        bytes_put_string(&b, g->name);
        for (unsigned v = 0; v < g->n_choices; v++)
            bytes_put_string(&b, g->label[v]);
        bytes_put_u16(&b, (uint16_t)g->condition_gene);
        bytes_put_u16(&b, g->condition_mask);
    }
    const struct space_network *n = &s->network;
    bytes_put_string(&b, n->family);
    const uint16_t sizes[] = {n->input_size, n->input_channels, n->classes, n->stem, n->head};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        bytes_put_u16(&b, sizes[i]);
    for (unsigned i = 0; i < n->n_stages; i++) {
        bytes_put_u16(&b, n->stage[i].stride);
        bytes_put_u16(&b, n->stage[i].max_width);
        bytes_put_u16(&b, n->stage[i].max_depth);
    }
    if (n->elastic.n_items)
        elastic_hash(&n->elastic, &b);
    hash_content(b.data, b.size, ret_hash);
    bytes_fini(&b);
}

void supernet_fini(struct supernet *n)
{
    free(n->tensor);
    free(n->value);
    *n = (struct supernet){0};
}

int supernet_find(const struct supernet *n, const char *name)
{
    for (unsigned i = 0; i < n->n_tensors; i++) {
        if (!strcmp(n->tensor[i].name, name))
            return (int)i;
    }
    return -1;
}

void supernet_randomize(struct supernet *n, struct rng *rng)
{
    for (unsigned i = 0; i < n->n_tensors; i++) {
        const struct supernet_tensor *t = &n->tensor[i];
        float *v = n->value + t->offset;
        bool scale = strstr(t->name, ".scale") != NULL;
        size_t fan_in = 1;
        for (unsigned d = 0; d + 1 < t->n_dims; d++)
            fan_in *= t->dim[d];
        double sigma = !strcmp(t->name, "linear.weight") ? sqrt(1.0 / (double)fan_in) : sqrt(2.0 / (double)fan_in);
        float plain = scale ? 1.0f : 0.0f; /* of what is no matrix */
        for (size_t j = 0; j < t->size; j++)
            v[j] = t->n_dims > 1 ? (float)(sigma * rng_normal(rng)) : plain;
    }
}

/* The named tensor of a layer, noted in l; NULL when the supernet has no such layer. */
static const struct supernet_tensor *use(const struct supernet *n, const char *layer, const char *part, struct supernet_layer *l)
{
    char name[SUPERNET_TENSOR_NAME_MAX];
    snprintf(name, sizeof name, "%s.%s", layer, part);
    int i = supernet_find(n, name);
    if (i < 0)
        return NULL;
    l->tensor[l->n_tensors++] = (unsigned)i;
    return &n->tensor[i];
}

static int plan_layer(const struct supernet *n, const struct network_layer *shape, struct mbconv_place place, struct supernet_layer *l,
                      struct sonata_error *err)
{
    *l = (struct supernet_layer){.shape = *shape};
    if (shape->type == NETWORK_MEAN)
        return 0;
    char name[SUPERNET_TENSOR_NAME_MAX - 8];
    layer_name(place, name, sizeof name);
    const struct supernet_tensor *w = use(n, name, "weight", l);
    if (!w)
        return sonata_error_set(err, -EINVAL, "the supernet of space '%s' has no layer '%s'", n->space->name, name);
    l->ld = w->dim[w->n_dims - 1];
    l->weight = w->offset;
    if (w->n_dims >= 3) {
        size_t margin = (w->dim[0] - shape->kernel) / 2, tap = w->n_dims == 3 ? l->ld : l->ld * w->dim[2];
        l->kernel_row = w->dim[1] * tap;
        l->weight += margin * l->kernel_row + margin * tap;
    }
    if (shape->type == NETWORK_LINEAR) {
        l->bias = use(n, name, "bias", l)->offset;
    } else {
        l->scale = use(n, name, "scale", l)->offset;
        l->shift = use(n, name, "shift", l)->offset;
    }
    return 0;
}

int supernet_plan(const struct supernet *n, const struct genotype *g, struct supernet_plan *ret_plan, struct sonata_error *err)
{
    struct network shape;
    struct mbconv_place place[NETWORK_LAYERS_MAX];
    int r = mbconv_shape(n->space, g, &shape, place, err);
    if (r)
        return r;
    ret_plan->n_layers = shape.n_layers;
    ret_plan->macs = shape.macs;
    ret_plan->params = shape.params;
    for (unsigned i = 0; !r && i < shape.n_layers; i++)
        r = plan_layer(n, &shape.layer[i], place[i], &ret_plan->layer[i], err);
    return r;
}
