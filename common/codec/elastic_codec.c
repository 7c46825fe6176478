/* Described networks of spaces on the wire. What is here only has to fit the struct; elastic_check() judges it. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "codec/codec_internal.h"

static Sonata__ElasticNumber *number_to_message(const struct elastic_number *n)
{
    Sonata__ElasticNumber *m = xmalloc(sizeof *m);
    sonata__elastic_number__init(m);
    m->fixed = n->fixed;
    bool varies = false;
    for (unsigned i = 1; i < ELASTIC_DEPTH_MAX; i++)
        varies |= n->gene[i] != n->gene[0];
    if (n->gene[0] < 0 && !varies)
        return m;
    m->n_genes = varies ? ELASTIC_DEPTH_MAX : 1;
    m->genes = xcalloc(m->n_genes, sizeof *m->genes);
    for (size_t i = 0; i < m->n_genes; i++)
        m->genes[i] = (uint32_t)(n->gene[i] + 1);
    return m;
}

static int number_from_message(const Sonata__ElasticNumber *m, struct elastic_number *ret, struct sonata_error *err)
{
    *ret = elastic_fixed(m ? m->fixed : 0);
    if (!m || !m->n_genes)
        return 0;
    if (m->n_genes != 1 && m->n_genes != ELASTIC_DEPTH_MAX)
        return sonata_error_set(err, -EINVAL, "network: a number with %zu genes; expected none, 1 or %d", m->n_genes, ELASTIC_DEPTH_MAX);
    for (unsigned i = 0; i < ELASTIC_DEPTH_MAX; i++) {
        uint32_t gene = m->genes[m->n_genes == 1 ? 0 : i];
        if (gene > SPACE_GENES_MAX)
            return sonata_error_set(err, -EINVAL, "network: gene %u; a space has at most %d", gene, SPACE_GENES_MAX);
        ret->gene[i] = (int16_t)((int)gene - 1);
    }
    return 0;
}

static Sonata__ElasticItem *item_to_message(const struct elastic_item *item)
{
    Sonata__ElasticItem *m = xmalloc(sizeof *m);
    sonata__elastic_item__init(m);
    m->kind = item->kind;
    m->activation = item->activation;
    m->shortcut = item->shortcut;
    m->stride = item->stride;
    m->max_depth = item->max_depth;
    m->squeeze = item->squeeze;
    m->norm = item->norm;
    m->depth = number_to_message(&item->depth);
    m->width = number_to_message(&item->width);
    m->kernel = number_to_message(&item->kernel);
    m->expand = number_to_message(&item->expand);
    m->scale = number_to_message(&item->scale);
    return m;
}

static int item_from_message(const Sonata__ElasticItem *m, struct elastic_item *ret, struct sonata_error *err)
{
    if (m->kind > UINT8_MAX || m->activation > UINT8_MAX || m->shortcut > UINT8_MAX || m->stride > UINT8_MAX || m->max_depth > UINT8_MAX)
        return sonata_error_set(err, -EINVAL, "network: an item has a kind, activation, shortcut, stride or depth above 255");
    *ret = (struct elastic_item){.kind = (uint8_t)m->kind,
                                 .activation = (uint8_t)m->activation,
                                 .shortcut = (uint8_t)m->shortcut,
                                 .stride = (uint8_t)m->stride,
                                 .max_depth = (uint8_t)m->max_depth,
                                 .squeeze = m->squeeze,
                                 .norm = m->norm};
    int r = number_from_message(m->depth, &ret->depth, err);
    r = r ? r : number_from_message(m->width, &ret->width, err);
    r = r ? r : number_from_message(m->kernel, &ret->kernel, err);
    r = r ? r : number_from_message(m->expand, &ret->expand, err);
    return r ? r : number_from_message(m->scale, &ret->scale, err);
}

Sonata__Elastic *elastic_to_message(const struct elastic *e)
{
    Sonata__Elastic *m = xmalloc(sizeof *m);
    sonata__elastic__init(m);
    m->n_items = e->n_items;
    m->items = xcalloc(e->n_items ? e->n_items : 1, sizeof *m->items);
    for (unsigned i = 0; i < e->n_items; i++)
        m->items[i] = item_to_message(&e->item[i]);
    m->resolution = number_to_message(&e->resolution);
    m->epsilon = e->epsilon;
    return m;
}

int elastic_from_message(const Sonata__Elastic *m, struct elastic *ret_elastic, struct sonata_error *err)
{
    if (m->n_items > ELASTIC_ITEMS_MAX)
        return sonata_error_set(err, -EINVAL, "network: %zu items; at most %d are expected", m->n_items, ELASTIC_ITEMS_MAX);
    struct elastic *e = ret_elastic;
    e->n_items = (uint8_t)m->n_items;
    e->epsilon = m->epsilon;
    int r = number_from_message(m->resolution, &e->resolution, err);
    for (size_t i = 0; i < m->n_items && !r; i++)
        r = item_from_message(m->items[i], &e->item[i], err);
    return r;
}
