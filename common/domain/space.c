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
