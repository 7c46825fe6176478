/* Search spaces on the wire. protobuf-c writes fields in the order of their numbers and leaves defaults out, so equal spaces give equal
 * bytes: their hash names the space. Numeric values of labels are derived, not sent. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/parse.h"
#include "codec/codec_internal.h"

static Sonata__Gene *gene_to_message(const struct gene *g)
{
    Sonata__Gene *m = xmalloc(sizeof *m);
    sonata__gene__init(m);
    m->name = wire_give_text(g->name);
    m->ordinal = g->ordinal;
    m->n_labels = g->n_choices;
    m->labels = xcalloc(g->n_choices ? g->n_choices : 1, sizeof *m->labels);
    for (unsigned i = 0; i < g->n_choices; i++)
        m->labels[i] = xstrdup(g->label[i]);
    m->condition_gene = g->condition_gene;
    m->condition_mask = g->condition_mask;
    m->block = g->block;
    m->edge_from = g->edge_from;
    m->edge_to = g->edge_to;
    m->none_allele = g->none_allele;
    return m;
}

Sonata__Space *space_to_message(const struct space *s)
{
    Sonata__Space *m = xmalloc(sizeof *m);
    sonata__space__init(m);
    m->name = wire_give_text(s->name);
    m->n_genes = s->n_genes;
    m->genes = xcalloc(s->n_genes ? s->n_genes : 1, sizeof *m->genes);
    for (unsigned j = 0; j < s->n_genes; j++)
        m->genes[j] = gene_to_message(&s->gene[j]);
    m->cell_nodes = s->cell_nodes;
    if (s->network.elastic.n_items)
        m->elastic = elastic_to_message(&s->network.elastic);
    m->identity_graph = s->identity_graph;
    const struct space_network *net = &s->network;
    m->family = wire_give_text(net->family);
    m->input_size = net->input_size;
    m->input_channels = net->input_channels;
    m->classes = net->classes;
    m->stem = net->stem;
    m->head = net->head;
    m->n_stages = net->n_stages;
    m->stages = xcalloc(net->n_stages ? net->n_stages : 1, sizeof *m->stages);
    for (unsigned i = 0; i < net->n_stages; i++) {
        Sonata__Stage *stage = m->stages[i] = xmalloc(sizeof *stage);
        sonata__stage__init(stage);
        stage->stride = net->stage[i].stride;
        stage->max_width = net->stage[i].max_width;
        stage->max_depth = net->stage[i].max_depth;
    }
    return m;
}

static bool fits_i16(int32_t v)
{
    return v >= -1 && v <= INT16_MAX;
}

static int gene_from_message(const Sonata__Gene *m, struct gene *g, struct sonata_error *err)
{
    int r = wire_take_text(g->name, sizeof g->name, m->name, true, false, "gene name", err);
    if (r)
        return r;
    if (m->n_labels < 1 || m->n_labels > SPACE_CHOICES_MAX)
        return sonata_error_set(err, -EINVAL, "gene '%s': 1 to %d choices are expected, not %zu", g->name, SPACE_CHOICES_MAX, m->n_labels);
    if (!fits_i16(m->condition_gene) || !fits_i16(m->block) || !fits_i16(m->edge_from) || !fits_i16(m->edge_to) || !fits_i16(m->none_allele) ||
        m->condition_mask > UINT16_MAX)
        return sonata_error_set(err, -EINVAL, "gene '%s': condition, block or edge out of range", g->name);
    g->n_choices = (uint8_t)m->n_labels;
    for (size_t i = 0; i < m->n_labels; i++) {
        r = wire_take_text(g->label[i], sizeof g->label[i], m->labels[i], true, false, "choice label", err);
        if (r)
            return sonata_error_prefix(err, r, "gene '%s'", g->name);
        if (parse_double(g->label[i], &g->value[i]))
            g->value[i] = NAN;
    }
    g->ordinal = m->ordinal;
    g->condition_gene = (int16_t)m->condition_gene;
    g->condition_mask = (uint16_t)m->condition_mask;
    g->block = (int16_t)m->block;
    g->edge_from = (int16_t)m->edge_from;
    g->edge_to = (int16_t)m->edge_to;
    g->none_allele = (int16_t)m->none_allele;
    return 0;
}

static int network_from_message(const Sonata__Space *m, struct space_network *net, struct sonata_error *err)
{
    int r = wire_take_text(net->family, sizeof net->family, m->family, false, false, "network family", err);
    if (r)
        return r;
    if (m->n_stages > SPACE_STAGES_MAX || m->input_size > UINT16_MAX || m->input_channels > UINT16_MAX || m->classes > UINT16_MAX ||
        m->stem > UINT16_MAX || m->head > UINT16_MAX)
        return sonata_error_set(err, -EINVAL, "network: a size is out of range");
    net->input_size = (uint16_t)m->input_size;
    net->input_channels = (uint16_t)m->input_channels;
    net->classes = (uint16_t)m->classes;
    net->stem = (uint16_t)m->stem;
    net->head = (uint16_t)m->head;
    net->n_stages = (uint16_t)m->n_stages;
    for (size_t i = 0; i < m->n_stages; i++) {
        const Sonata__Stage *stage = m->stages[i];
        if (stage->stride > UINT16_MAX || stage->max_width > UINT16_MAX || stage->max_depth > UINT16_MAX)
            return sonata_error_set(err, -EINVAL, "network stage %zu: a size is out of range", i + 1);
        net->stage[i].stride = (uint16_t)stage->stride;
        net->stage[i].max_width = (uint16_t)stage->max_width;
        net->stage[i].max_depth = (uint16_t)stage->max_depth;
    }
    return 0;
}

int space_from_message(const Sonata__Space *m, struct space *ret_space, struct sonata_error *err)
{
    cleanup_free struct space *s = xcalloc(1, sizeof *s);
    int r = wire_take_text(s->name, sizeof s->name, m->name, true, false, "space name", err);
    if (r)
        return r;
    if (m->n_genes < 1 || m->n_genes > SPACE_GENES_MAX)
        return sonata_error_set(err, -EINVAL, "a space has 1 to %d genes, not %zu", SPACE_GENES_MAX, m->n_genes);
    if (m->cell_nodes > UINT16_MAX)
        return sonata_error_set(err, -EINVAL, "space '%s': too many cell nodes", s->name);
    s->n_genes = (uint16_t)m->n_genes;
    for (size_t j = 0; j < m->n_genes; j++) {
        r = gene_from_message(m->genes[j], &s->gene[j], err);
        if (r)
            return r;
    }
    s->cell_nodes = (uint16_t)m->cell_nodes;
    s->identity_graph = m->identity_graph;
    r = network_from_message(m, &s->network, err);
    if (!r && m->elastic)
        r = elastic_from_message(m->elastic, &s->network.elastic, err);
    if (r)
        return r;
    r = space_check(s, err);
    if (r)
        return r;
    *ret_space = *s;
    return 0;
}

void space_encode(const struct space *s, struct bytes *out)
{
    Sonata__Space *m = space_to_message(s);
    wire_pack(&m->base, out);
    sonata__space__free_unpacked(m, NULL);
}

int space_decode(const void *p, size_t n, struct space *ret_space, struct sonata_error *err)
{
    Sonata__Space *m = n > WIRE_MESSAGE_MAX ? NULL : (Sonata__Space *)wire_unpack(&sonata__space__descriptor, p, n);
    if (!m)
        return sonata_error_set(err, -EBADMSG, "%zu bytes are not a search space", n);
    int r = space_from_message(m, ret_space, err);
    sonata__space__free_unpacked(m, NULL);
    return r;
}
