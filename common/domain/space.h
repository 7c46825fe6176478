/* Search spaces and genotypes.
 *
 * A space is a list of genes, each with listed choices, categorical or ordinal, possibly active only under a condition on another
 * gene (depth switches layers on). A genotype is one allele index per gene. Two forms derive from it:
 *   canonical form: every inactive gene set to allele 0; in a cell space declared `identity: graph` also every edge on no path from
 *                   input to output set to its `none` allele. It is the identity of the architecture: equal forms are one network.
 *   features:       what a surrogate sees: 0 for a silent gene (inactive, or a dead edge of a cell space), allele + 1 otherwise. */
#ifndef SONATA_DOMAIN_SPACE_H
#define SONATA_DOMAIN_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "domain/elastic.h"

struct rng;

enum {
    SPACE_GENES_MAX = 64,
    SPACE_CHOICES_MAX = 16,
    SPACE_NAME_MAX = 64,
    SPACE_LABEL_MAX = 32,
    SPACE_STAGES_MAX = 8,
    SPACE_LAYERS_MAX = 8, /* layers of one stage */
};

/* One architecture: alleles of genes 0 .. n_genes-1; the rest is zero. Compared and hashed over n_genes bytes. */
struct genotype {
    uint8_t allele[SPACE_GENES_MAX];
};

struct gene {
    char name[SPACE_NAME_MAX];
    bool ordinal;                                      /* choices have an order (their listed one) */
    uint8_t n_choices;                                 /* 1 .. 16 */
    char label[SPACE_CHOICES_MAX][SPACE_LABEL_MAX];    /* as written in the space file */
    double value[SPACE_CHOICES_MAX];                   /* numeric value of the label, NAN when it is a word */
    int16_t condition_gene;                            /* -1: always active; else a gene of a lower index … */
    uint16_t condition_mask;                           /* … whose allele must be in this bit mask (and which must be active) */
    int16_t block;                                     /* genes of one block are inherited together; -1: none */
    int16_t edge_from, edge_to;                        /* cell spaces: the nodes this gene's edge joins; -1: not an edge */
    int16_t none_allele;                               /* cell spaces: the allele that passes nothing; -1: none */
};

/* What the engine builds from a genotype. family "" means: no network can be built (table backends only). */
struct space_network {
    char family[16];                                   /* "mbconv", "elastic" or "" */
    uint16_t input_size, input_channels, classes, stem, head;
    uint16_t n_stages;
    struct space_stage {
        uint16_t stride, max_width, max_depth;
    } stage[SPACE_STAGES_MAX];
    struct elastic elastic;                            /* of family elastic, which has no stem, head and stages, and input_size 0 */
};

struct space {
    char name[SPACE_NAME_MAX];
    uint16_t n_genes;
    struct gene gene[SPACE_GENES_MAX];
    uint16_t cell_nodes;                               /* 0: not a cell space; else nodes 0 (input) .. cell_nodes-1 (output) */
    bool identity_graph;                               /* canonical form also clears dead edges */
    struct space_network network;
};

/* Checks every limit above, name uniqueness, condition order, masks and cell edges. 0 or -EINVAL with the reason. */
int space_check(const struct space *s, struct sonata_error *err) SONATA_MUST_CHECK;
/* Names of the space and its genes, and labels of choices: what is new must keep to them; what was stored before is read all the same. -EINVAL names
 * it. */
int space_check_names(const struct space *s, struct sonata_error *err) SONATA_MUST_CHECK;
/* Index of the gene of that name, or -1. */
int space_find_gene(const struct space *s, const char *name);
/* Allele whose label equals the text (numbers compare by value: "3" is "3.0"), or -1. */
int gene_find_choice(const struct gene *g, const char *label);

/* Whether each allele is within its gene's choices. */
bool genotype_is_legal(const struct space *s, const struct genotype *g);
/* Sets ret_active[j] for every gene. */
void space_active(const struct space *s, const struct genotype *g, bool ret_active[SPACE_GENES_MAX]);
/* Canonical form (see top). */
struct genotype space_canonical(const struct space *s, const struct genotype *g);
/* Features (see top): n_genes bytes, the rest zero. */
void space_features(const struct space *s, const struct genotype *g, uint8_t ret_features[SPACE_GENES_MAX]);
/* Number of distinct canonical forms by conditions (dead edges of a graph identity not subtracted), as a double: may be 1e19. */
double space_size(const struct space *s);
/* Uniform alleles for every gene, in canonical form. */
struct genotype space_random(const struct space *s, struct rng *rng);
/* The first choice of every gene, and the last: by convention smallest and largest network when all genes are ordinal. */
struct genotype space_first(const struct space *s);
struct genotype space_last(const struct space *s);

/* Whether all genes of the space are the same, those that do not act included: canonical genotypes are meant. */
bool genotype_equal(const struct space *s, const struct genotype *a, const struct genotype *b);
/* 64-bit key of the canonical form (hash64 over n_genes bytes); part of stored formats. */
uint64_t genotype_key(const struct space *s, const struct genotype *g);
/* "d1=2 k1=3 …" of active genes into text[size]; returns needed length as snprintf. */
int genotype_format(const struct space *s, const struct genotype *g, char *text, size_t size);
/* Parses that form; every gene must be named unless inactive. -EINVAL names what is wrong. */
int genotype_parse(const struct space *s, const char *text, struct genotype *ret_genotype, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
