/* What a space may be: see space_check() and space_check_names() in space.h. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/medium.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/rng.h"
#include "domain/elastic.h"
#include "domain/space.h"

static int check_gene(const struct space *s, unsigned j, struct sonata_error *err)
{
    const struct gene *g = &s->gene[j];
    if (!g->name[0] || space_find_gene(s, g->name) != (int)j)
        return sonata_error_set(err, -EINVAL, "gene %u: a unique name is expected, not '%s'", j, g->name);
    if (g->n_choices < 1 || g->n_choices > SPACE_CHOICES_MAX)
        return sonata_error_set(err, -EINVAL, "gene '%s': 1 to %d choices are expected, not %u", g->name, SPACE_CHOICES_MAX, g->n_choices);
    for (unsigned v = 0; v < g->n_choices; v++) {
        if (!g->label[v][0] || gene_find_choice(g, g->label[v]) != (int)v)
            return sonata_error_set(err, -EINVAL, "gene '%s': choice %u ('%s') is empty or listed twice", g->name, v, g->label[v]);
    }
    if (g->condition_gene >= 0) {
        if ((unsigned)g->condition_gene >= j)
            return sonata_error_set(err, -EINVAL, "gene '%s': its condition must name a gene listed before it", g->name);
        unsigned n = s->gene[g->condition_gene].n_choices;
        if (!g->condition_mask || g->condition_mask >> n)
            return sonata_error_set(err, -EINVAL, "gene '%s': its condition lists no choice, or one that '%s' does not have", g->name,
                                    s->gene[g->condition_gene].name);
    }
    if (g->edge_from >= 0 || g->edge_to >= 0) {
        if (g->edge_from < 0 || g->edge_from >= g->edge_to || g->edge_to >= (int)s->cell_nodes)
            return sonata_error_set(err, -EINVAL, "gene '%s': an edge goes from a lower to a higher of %u nodes", g->name, s->cell_nodes);
        if (g->none_allele >= (int)g->n_choices)
            return sonata_error_set(err, -EINVAL, "gene '%s': its `none` choice does not exist", g->name);
    }
    return 0;
}

static int check_elastic(const struct space *s, struct sonata_error *err)
{
    const struct space_network *n = &s->network;
    if (n->input_channels < 1 || n->input_channels > 16 || n->classes < 2 || n->input_size || n->stem || n->head || n->n_stages)
        return sonata_error_set(err, -EINVAL, "network: 1..16 channels, 2..65535 classes, and items instead of stem, head and stages are expected");
    return elastic_check(s, err);
}

static int check_network(const struct space *s, struct sonata_error *err)
{
    const struct space_network *n = &s->network;
    if (n->elastic.n_items && strcmp(n->family, "elastic"))
        return sonata_error_set(err, -EINVAL, "network: items are for family elastic");
    if (!n->family[0])
        return 0;
    if (!strcmp(n->family, "elastic"))
        return check_elastic(s, err);
    if (strcmp(n->family, "mbconv"))
        return sonata_error_set(err, -EINVAL, "network family '%s' is not known; 'mbconv' and 'elastic' are", n->family);
    if (n->input_size < 4 || n->input_size > 512 || n->input_channels < 1 || n->input_channels > 16 || n->classes < 2 || n->classes > 1024)
        return sonata_error_set(err, -EINVAL, "network: input size 4..512, 1..16 channels and 2..1024 classes are expected");
    if (!n->stem || n->stem > 512 || !n->head || n->head > 2048 || !n->n_stages || n->n_stages > SPACE_STAGES_MAX)
        return sonata_error_set(err, -EINVAL, "network: stem 1..512, head 1..2048 and 1..%d stages are expected", SPACE_STAGES_MAX);
    for (unsigned i = 0; i < n->n_stages; i++) {
        if (n->stage[i].stride < 1 || n->stage[i].stride > 2 || !n->stage[i].max_width || n->stage[i].max_width > 512 || !n->stage[i].max_depth ||
            n->stage[i].max_depth > SPACE_LAYERS_MAX)
            return sonata_error_set(err, -EINVAL, "network stage %u: stride 1..2, width 1..512 and depth 1..%d are expected", i + 1,
                                    SPACE_LAYERS_MAX);
    }
    return 0;
}

int space_check(const struct space *s, struct sonata_error *err)
{
    if (!s->name[0])
        return sonata_error_set(err, -EINVAL, "a space needs a name");
    if (s->n_genes < 1 || s->n_genes > SPACE_GENES_MAX)
        return sonata_error_set(err, -EINVAL, "a space has 1 to %d genes, not %u", SPACE_GENES_MAX, s->n_genes);
    if (s->cell_nodes > 16)
        return sonata_error_set(err, -EINVAL, "a cell has at most 16 nodes, not %u", s->cell_nodes);
    for (unsigned j = 0; j < s->n_genes; j++) {
        int r = check_gene(s, j, err);
        if (r)
            return r;
    }
    return check_network(s, err);
}

/* A label may be a number with a sign; it never holds what parts a line of genes or columns. */
static bool label_is_plain(const char *label) { return !label[strcspn(label, " ,;=\"'\\")]; }

int space_check_names(const struct space *s, struct sonata_error *err)
{
    if (!name_is_valid(s->name, sizeof s->name))
        return sonata_error_set(err, -EINVAL, "the space '%s' has no proper name: " NAME_GRAMMAR, s->name);
    for (unsigned j = 0; j < s->n_genes; j++) {
        const struct gene *g = &s->gene[j];
        if (!name_is_valid(g->name, sizeof g->name))
            return sonata_error_set(err, -EINVAL, "gene '%s' has no proper name: " NAME_GRAMMAR, g->name);
        for (unsigned v = 0; v < g->n_choices; v++) {
            if (!label_is_plain(g->label[v]))
                return sonata_error_set(err, -EINVAL, "gene '%s': choice '%s': no blanks, separators, quotes or = are expected", g->name,
                                        g->label[v]);
        }
    }
    return 0;
}
