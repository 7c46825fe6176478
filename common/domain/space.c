/* See space.h. Conditions point to genes of a lower index, so one forward pass settles which genes are active. */
#include "domain/space.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/medium.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"
#include "base/rng.h"

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

static int check_network(const struct space_network *n, struct sonata_error *err)
{
    if (!n->family[0])
        return 0;
    if (strcmp(n->family, "mbconv"))
        return sonata_error_set(err, -EINVAL, "network family '%s' is not known; 'mbconv' is", n->family);
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
    return check_network(&s->network, err);
}

/* A label may be a number with a sign; it never holds what parts a line of genes or columns. */
static bool label_is_plain(const char *label)
{
    return !label[strcspn(label, " ,;=\"'\\")];
}

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

int space_find_gene(const struct space *s, const char *name)
{
    for (int j = 0; j < s->n_genes; j++) {
        if (!strcmp(s->gene[j].name, name))
            return j;
    }
    return -1;
}

int gene_find_choice(const struct gene *g, const char *label)
{
    double v;
    bool number = parse_double(label, &v) == 0;
    for (int i = 0; i < g->n_choices; i++) {
        if (!strcmp(g->label[i], label) || (number && g->value[i] == v))
            return i;
    }
    return -1;
}

bool genotype_is_legal(const struct space *s, const struct genotype *g)
{
    for (unsigned j = 0; j < s->n_genes; j++) {
        if (g->allele[j] >= s->gene[j].n_choices)
            return false;
    }
    return true;
}

void space_active(const struct space *s, const struct genotype *g, bool ret_active[SPACE_GENES_MAX])
{
    for (unsigned j = 0; j < s->n_genes; j++) {
        int c = s->gene[j].condition_gene;
        ret_active[j] = c < 0 || (ret_active[c] && (s->gene[j].condition_mask >> g->allele[c] & 1));
    }
}

/* An edge is alive when its source is reachable from node 0 and node cell_nodes-1 is reachable from its target. */
static void mark_dead_edges(const struct space *s, const struct genotype *g, const bool active[SPACE_GENES_MAX], bool ret_dead[SPACE_GENES_MAX])
{
    memset(ret_dead, 0, SPACE_GENES_MAX * sizeof *ret_dead);
    if (!s->cell_nodes)
        return;
    uint32_t from_input = 1, to_output = 1u << (s->cell_nodes - 1);
    for (unsigned round = 0; round < s->cell_nodes; round++) {
        for (unsigned j = 0; j < s->n_genes; j++) {
            const struct gene *e = &s->gene[j];
            if (e->edge_from < 0 || !active[j] || g->allele[j] == e->none_allele)
                continue;
            if (from_input >> e->edge_from & 1)
                from_input |= 1u << e->edge_to;
            if (to_output >> e->edge_to & 1)
                to_output |= 1u << e->edge_from;
        }
    }
    for (unsigned j = 0; j < s->n_genes; j++) {
        const struct gene *e = &s->gene[j];
        ret_dead[j] = e->edge_from >= 0 && (g->allele[j] == e->none_allele || !(from_input >> e->edge_from & 1) || !(to_output >> e->edge_to & 1));
    }
}

struct genotype space_canonical(const struct space *s, const struct genotype *g)
{
    bool active[SPACE_GENES_MAX], dead[SPACE_GENES_MAX];
    struct genotype out = {{0}};
    space_active(s, g, active);
    mark_dead_edges(s, g, active, dead);
    for (unsigned j = 0; j < s->n_genes; j++) {
        out.allele[j] = active[j] ? g->allele[j] : 0;
        if (s->identity_graph && dead[j] && active[j] && s->gene[j].none_allele >= 0)
            out.allele[j] = (uint8_t)s->gene[j].none_allele;
    }
    return out;
}

void space_features(const struct space *s, const struct genotype *g, uint8_t ret_features[SPACE_GENES_MAX])
{
    bool active[SPACE_GENES_MAX], dead[SPACE_GENES_MAX];
    space_active(s, g, active);
    mark_dead_edges(s, g, active, dead);
    memset(ret_features, 0, SPACE_GENES_MAX);
    for (unsigned j = 0; j < s->n_genes; j++)
        ret_features[j] = active[j] && !dead[j] ? (uint8_t)(g->allele[j] + 1) : 0;
}

/* Genes form a forest by their conditions: a gene's count is the sum over its choices of the product of the genes that choice opens. Conditions name
 * genes of a lower index, so one pass from the last gene settles every product before it is summed. */
double space_size(const struct space *s)
{
    double size = 1, opened[SPACE_GENES_MAX][SPACE_CHOICES_MAX];
    for (unsigned j = 0; j < s->n_genes; j++) {
        for (unsigned v = 0; v < s->gene[j].n_choices; v++)
            opened[j][v] = 1;
    }
    for (unsigned j = s->n_genes; j-- > 0;) {
        const struct gene *g = &s->gene[j];
        double count = 0;
        for (unsigned v = 0; v < g->n_choices; v++)
            count += opened[j][v];
        if (g->condition_gene < 0)
            size *= count;
        for (unsigned v = 0; g->condition_gene >= 0 && v < s->gene[g->condition_gene].n_choices; v++)
            opened[g->condition_gene][v] *= g->condition_mask >> v & 1 ? count : 1;
    }
    return size;
}

struct genotype space_random(const struct space *s, struct rng *rng)
{
    struct genotype g = {{0}};
    for (unsigned j = 0; j < s->n_genes; j++)
        g.allele[j] = (uint8_t)rng_below(rng, s->gene[j].n_choices);
    return space_canonical(s, &g);
}

struct genotype space_first(const struct space *s)
{
    struct genotype g = {{0}};
    return space_canonical(s, &g);
}

struct genotype space_last(const struct space *s)
{
    struct genotype g = {{0}};
    for (unsigned j = 0; j < s->n_genes; j++)
        g.allele[j] = (uint8_t)(s->gene[j].n_choices - 1);
    return space_canonical(s, &g);
}

bool genotype_equal(const struct space *s, const struct genotype *a, const struct genotype *b) { return !memcmp(a->allele, b->allele, s->n_genes); }

uint64_t genotype_key(const struct space *s, const struct genotype *g)
{
    struct genotype c = space_canonical(s, g);
    return hash64(c.allele, s->n_genes);
}

int genotype_format(const struct space *s, const struct genotype *g, char *text, size_t size)
{
    bool active[SPACE_GENES_MAX];
    space_active(s, g, active);
    size_t used = 0;
    if (size)
        text[0] = '\0';
    for (unsigned j = 0; j < s->n_genes; j++) {
        if (!active[j])
            continue;
        const char *gap = used ? " " : "";
        size_t at = min_of(used, size); /* what does not fit is only counted */
        int n = snprintf(at < size ? text + at : NULL, size - at, "%s%s=%s", gap, s->gene[j].name, s->gene[j].label[g->allele[j]]);
        used += (size_t)n;
    }
    return (int)used;
}

int genotype_parse(const struct space *s, const char *text, struct genotype *ret_genotype, struct sonata_error *err)
{
    struct genotype g = {{0}};
    bool named[SPACE_GENES_MAX] = {false}, active[SPACE_GENES_MAX];
    for (const char *p = text; *p;) {
        p += strspn(p, " ");
        if (!*p)
            break;
        char word[SPACE_NAME_MAX + SPACE_LABEL_MAX + 2];
        size_t n = strcspn(p, " ");
        if (n >= sizeof word)
            return sonata_error_set(err, -EINVAL, "'%.40s…': longer than any gene=choice", p);
        memcpy(word, p, n);
        word[n] = '\0';
        p += n;
        char *equals = strchr(word, '=');
        if (!equals)
            return sonata_error_set(err, -EINVAL, "'%s': gene=choice is expected", word);
        *equals = '\0';
        int j = space_find_gene(s, word);
        if (j < 0)
            return sonata_error_set(err, -EINVAL, "space '%s' has no gene '%s'", s->name, word);
        int v = gene_find_choice(&s->gene[j], equals + 1);
        if (v < 0)
            return sonata_error_set(err, -EINVAL, "gene '%s' has no choice '%s'", word, equals + 1);
        g.allele[j] = (uint8_t)v;
        named[j] = true;
    }
    space_active(s, &g, active);
    for (unsigned j = 0; j < s->n_genes; j++) {
        if (active[j] && !named[j])
            return sonata_error_set(err, -EINVAL, "gene '%s' is active but not named", s->gene[j].name);
    }
    *ret_genotype = space_canonical(s, &g);
    return 0;
}
