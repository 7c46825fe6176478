/* See analytic.h. RAM is the peak over the layers of the tensors alive while the layer runs: a tensor lives from the layer that writes it to
 * the last layer that reads or adds it. */
#include "domain/analytic.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "domain/arena.h"
#include "domain/mbconv.h"
#include "domain/metric.h"

struct named {
    const char *name;
    double value;
};

static double peak_bytes(const struct network *n)
{
    struct arena_tensor tensor[NETWORK_LAYERS_MAX + 1];
    arena_of_network(n, tensor);
    return 4.0 * arena_lower_bound(tensor, n->n_layers + 1u);
}

void analytic_of_network(const struct network *n, struct analytic *ret_counts)
{
    *ret_counts = (struct analytic){.params = n->params, .macs = n->macs, .ram = peak_bytes(n), .weights = 4 * n->params,
                                    .flash = 4 * n->params + (double)ANALYTIC_LAYER_BYTES * n->n_layers};
}

static bool is_elastic(const struct space *s) { return !strcmp(s->network.family, "elastic"); }

static int count_elastic(const struct space *s, const struct genotype *g, struct analytic *ret_counts, struct sonata_error *err)
{
    struct elastic_plan p;
    int r = elastic_plan(s, g, &p, err);
    if (!r)
        *ret_counts = (struct analytic){.params = p.params, .macs = p.macs, .ram = 4 * p.peak_floats, .weights = 4 * p.params,
                                        .flash = 4 * p.params + (double)ANALYTIC_LAYER_BYTES * p.n_layers};
    return r;
}

int analytic_count(const struct space *s, const struct genotype *g, struct analytic *ret_counts, struct sonata_error *err)
{
    if (is_elastic(s))
        return count_elastic(s, g, ret_counts, err);
    struct network n;
    int r = mbconv_shape(s, g, &n, NULL, err);
    if (!r)
        analytic_of_network(&n, ret_counts);
    return r;
}

/* Sizes of the blob format, version 1 (worker/firmware/blob.h, which this layer may not see; the tests of the quantiser compare). */
enum { BLOB_HEADER = 64, BLOB_LAYER = 52, BLOB_SUM = 4 + 4 + 1 };

static double align4(double bytes)
{
    return 4 * ceil(bytes / 4);
}

static double blob_bytes(const struct network *n)
{
    double at = BLOB_HEADER + BLOB_LAYER * (double)n->n_layers;
    for (unsigned i = 0; i < n->n_layers; i++) {
        const struct network_layer *l = &n->layer[i];
        double taps = l->type == NETWORK_CONV || l->type == NETWORK_DEPTHWISE ? (double)l->kernel * l->kernel : 1;
        double products = l->type == NETWORK_DEPTHWISE ? taps : taps * l->in_channels;
        if (l->type == NETWORK_MEAN)
            at += align4(4 + 1); /* one multiplier, one shift */
        else
            at += align4(products * l->out_channels) + align4((double)BLOB_SUM * l->out_channels);
    }
    return at;
}

struct analytic_memory analytic_memory_of_network(const struct network *n)
{
    struct arena_tensor tensor[NETWORK_LAYERS_MAX + 1];
    arena_of_network(n, tensor);
    return (struct analytic_memory){.flash_code = ANALYTIC_FLASH_CODE, .flash_weights = blob_bytes(n),
                                    .ram_activation = arena_plan(tensor, n->n_layers + 1u), .ram_runtime = ANALYTIC_RAM_RUNTIME};
}

static bool find(const char *name, const struct named *list, size_t n, double *ret_value)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(name, list[i].name)) {
            *ret_value = list[i].value;
            return true;
        }
    }
    return false;
}

int analytic_metric(const struct space *s, const struct genotype *g, const char *name, double *ret_value)
{
    struct network n;
    struct analytic a;
    if (is_elastic(s) ? count_elastic(s, g, &a, NULL) : mbconv_shape(s, g, &n, NULL, NULL))
        return -EINVAL;
    if (metric_is_memory(name) && is_elastic(s)) /* no int8 firmware runs these */
        return -ENOENT;
    if (metric_is_memory(name)) { /* planning an arena costs more than all counts together */
        struct analytic_memory m = analytic_memory_of_network(&n);
        const struct named by_name[] = {{"flash_code", m.flash_code}, {"flash_weights", m.flash_weights}, {"ram_activation", m.ram_activation},
                                        {"ram_runtime", m.ram_runtime}};
        return find(name, by_name, sizeof by_name / sizeof *by_name, ret_value) ? 0 : -ENOENT;
    }
    if (!is_elastic(s))
        analytic_of_network(&n, &a);
    const struct named by_name[] = {{"params", a.params}, {"macs", a.macs}, {"ram", a.ram}, {"weights", a.weights}, {"flash", a.flash}};
    return find(name, by_name, sizeof by_name / sizeof *by_name, ret_value) ? 0 : -ENOENT;
}

bool analytic_computes(const struct space *s, const char *metric, const char *board)
{
    return !board[0] && s->network.family[0] && metric_is_analytic(metric, board) && !(is_elastic(s) && metric_is_memory(metric));
}
