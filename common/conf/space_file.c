/* See space_file.h.
 *
 * Flow: find the file → yaml_doc (schema) → convert gene by gene, running space_check() on the part read so far, so that what it rejects
 * is the gene just read and the error can name its line → network → final space_check(). */
#include "conf/space_file.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/text.h"
#include "conf/share.h"
#include "conf/yaml_doc.h"

struct raw_when {
    char *gene;
    char **in;
    unsigned in_count;
};

struct raw_gene {
    char *name;
    bool ordinal;
    char **choices;
    unsigned choices_count;
    char *block;
    struct raw_when *when;
    uint16_t *edge;
    char *none;
};

struct raw_cell {
    uint16_t nodes;
    int identity;
};

struct raw_stage {
    uint16_t stride, width, depth;
};

struct raw_network {
    char *family;
    uint16_t input, channels, classes, stem, head;
    struct raw_stage *stages;
    unsigned stages_count;
};

struct raw_space {
    char *name;
    struct raw_cell *cell;
    struct raw_gene *genes;
    unsigned genes_count;
    struct raw_network *network;
};

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t label_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, SPACE_LABEL_MAX - 1)};
static const cyaml_schema_value_t node_schema = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint16_t)};

static const cyaml_schema_field_t when_fields[] = {
    CYAML_FIELD_STRING_PTR("gene", CYAML_FLAG_POINTER, struct raw_when, gene, 1, SPACE_NAME_MAX - 1),
    CYAML_FIELD_SEQUENCE("in", CYAML_FLAG_POINTER, struct raw_when, in, &label_schema, 1, SPACE_CHOICES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t gene_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_gene, name, 1, SPACE_NAME_MAX - 1),
    CYAML_FIELD_BOOL("ordinal", CYAML_FLAG_OPTIONAL, struct raw_gene, ordinal),
    CYAML_FIELD_SEQUENCE("choices", CYAML_FLAG_POINTER, struct raw_gene, choices, &label_schema, 1, SPACE_CHOICES_MAX),
    CYAML_FIELD_STRING_PTR("block", OPTIONAL_POINTER, struct raw_gene, block, 1, SPACE_NAME_MAX - 1),
    CYAML_FIELD_MAPPING_PTR("when", OPTIONAL_POINTER, struct raw_gene, when, when_fields),
    CYAML_FIELD_SEQUENCE_FIXED("edge", OPTIONAL_POINTER, struct raw_gene, edge, &node_schema, 2),
    CYAML_FIELD_STRING_PTR("none", OPTIONAL_POINTER, struct raw_gene, none, 1, SPACE_LABEL_MAX - 1),
    CYAML_FIELD_END,
};

static const cyaml_strval_t identities[] = {{"genotype", 0}, {"graph", 1}};

static const cyaml_schema_field_t cell_fields[] = {
    CYAML_FIELD_UINT("nodes", CYAML_FLAG_DEFAULT, struct raw_cell, nodes),
    CYAML_FIELD_ENUM("identity", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_cell, identity, identities, 2),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t stage_fields[] = {
    CYAML_FIELD_UINT("stride", CYAML_FLAG_DEFAULT, struct raw_stage, stride),
    CYAML_FIELD_UINT("width", CYAML_FLAG_DEFAULT, struct raw_stage, width),
    CYAML_FIELD_UINT("depth", CYAML_FLAG_DEFAULT, struct raw_stage, depth),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t stage_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_stage, stage_fields)};

static const cyaml_schema_field_t network_fields[] = {
    CYAML_FIELD_STRING_PTR("family", CYAML_FLAG_POINTER, struct raw_network, family, 1, 15),
    CYAML_FIELD_UINT("input", CYAML_FLAG_DEFAULT, struct raw_network, input),
    CYAML_FIELD_UINT("channels", CYAML_FLAG_DEFAULT, struct raw_network, channels),
    CYAML_FIELD_UINT("classes", CYAML_FLAG_DEFAULT, struct raw_network, classes),
    CYAML_FIELD_UINT("stem", CYAML_FLAG_DEFAULT, struct raw_network, stem),
    CYAML_FIELD_UINT("head", CYAML_FLAG_DEFAULT, struct raw_network, head),
    CYAML_FIELD_SEQUENCE("stages", CYAML_FLAG_POINTER, struct raw_network, stages, &stage_schema, 1, SPACE_STAGES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t gene_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_gene, gene_fields)};
static const cyaml_schema_field_t space_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_space, name, 1, SPACE_NAME_MAX - 1),
    CYAML_FIELD_MAPPING_PTR("cell", OPTIONAL_POINTER, struct raw_space, cell, cell_fields),
    CYAML_FIELD_SEQUENCE("genes", CYAML_FLAG_POINTER, struct raw_space, genes, &gene_schema, 1, SPACE_GENES_MAX),
    CYAML_FIELD_MAPPING_PTR("network", OPTIONAL_POINTER, struct raw_space, network, network_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t space_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_space, space_fields)};

/* What one conversion works on. */
struct conversion {
    const struct yaml_doc *doc;
    const struct raw_space *raw;
    struct space *space;
    const char *block[SPACE_GENES_MAX]; /* names met so far; their index is the block number */
    int16_t n_blocks;
    struct sonata_error *err;
};

static int read_condition(struct conversion *c, unsigned j)
{
    const struct raw_when *when = c->raw->genes[j].when;
    struct gene *g = &c->space->gene[j];
    char path[64];
    snprintf(path, sizeof path, "genes[%u].when.gene", j);
    int other = -1;
    for (unsigned i = 0; i < j && other < 0; i++)
        other = strcmp(c->space->gene[i].name, when->gene) ? -1 : (int)i;
    if (other < 0)
        return yaml_doc_error(c->doc, c->err, path, "'%s' is not a gene listed before '%s'; expected one", when->gene, g->name);
    g->condition_gene = (int16_t)other;
    for (unsigned i = 0; i < when->in_count; i++) {
        int v = gene_find_choice(&c->space->gene[other], when->in[i]);
        snprintf(path, sizeof path, "genes[%u].when.in[%u]", j, i);
        if (v < 0)
            return yaml_doc_error(c->doc, c->err, path, "'%s' is not a choice of gene '%s'; expected one of its choices", when->in[i], when->gene);
        g->condition_mask = (uint16_t)(g->condition_mask | 1u << v);
    }
    return 0;
}

static int read_edge(struct conversion *c, unsigned j)
{
    const struct raw_gene *raw = &c->raw->genes[j];
    struct gene *g = &c->space->gene[j];
    char path[64];
    snprintf(path, sizeof path, "genes[%u].edge", j);
    if (!c->space->cell_nodes)
        return yaml_doc_error(c->doc, c->err, path, "gene '%s' is an edge, but the space has no cell; expected `cell: {nodes: N}` at the top",
                              g->name);
    if (raw->edge[0] >= raw->edge[1] || raw->edge[1] >= c->space->cell_nodes)
        return yaml_doc_error(c->doc, c->err, path, "[%u, %u] is here; expected a lower and a higher node of 0 to %d", raw->edge[0], raw->edge[1],
                              c->space->cell_nodes - 1);
    g->edge_from = (int16_t)raw->edge[0];
    g->edge_to = (int16_t)raw->edge[1];
    return 0;
}

static int16_t block_number(struct conversion *c, const char *name)
{
    for (int16_t b = 0; b < c->n_blocks; b++) {
        if (!strcmp(c->block[b], name))
            return b;
    }
    c->block[c->n_blocks] = name;
    return c->n_blocks++;
}

static int read_choices(struct conversion *c, unsigned j)
{
    const struct raw_gene *raw = &c->raw->genes[j];
    struct gene *g = &c->space->gene[j];
    char path[64];
    for (unsigned v = 0; v < raw->choices_count; v++) {
        copy_string(g->label[v], sizeof g->label[v], raw->choices[v]);
        if (parse_double(raw->choices[v], &g->value[v]))
            g->value[v] = NAN;
        int same = gene_find_choice(g, raw->choices[v]);
        g->n_choices = (uint8_t)(v + 1);
        snprintf(path, sizeof path, "genes[%u].choices[%u]", j, v);
        if (same >= 0)
            return yaml_doc_error(c->doc, c->err, path, "choice '%s' is listed twice; expected distinct choices", raw->choices[v]);
        if (strpbrk(raw->choices[v], " =,"))
            return yaml_doc_error(c->doc, c->err, path, "choice '%s' holds a space, '=' or ','; expected a word or a number", raw->choices[v]);
    }
    return 0;
}

static int read_gene(struct conversion *c, unsigned j)
{
    const struct raw_gene *raw = &c->raw->genes[j];
    struct gene *g = &c->space->gene[j];
    char path[64];
    *g = (struct gene){.ordinal = raw->ordinal, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
    copy_string(g->name, sizeof g->name, raw->name);
    snprintf(path, sizeof path, "genes[%u].name", j);
    if (strpbrk(raw->name, " =,"))
        return yaml_doc_error(c->doc, c->err, path, "'%s' holds a space, '=' or ','; expected one word", raw->name);
    for (unsigned i = 0; i < j; i++) {
        if (!strcmp(c->space->gene[i].name, g->name))
            return yaml_doc_error(c->doc, c->err, path, "a gene '%s' is there already; expected unique names", g->name);
    }
    int r = read_choices(c, j);
    if (!r && raw->when)
        r = read_condition(c, j);
    if (!r && raw->edge)
        r = read_edge(c, j);
    if (r)
        return r;
    if (raw->block)
        g->block = block_number(c, raw->block);
    if (raw->none) {
        g->none_allele = (int16_t)gene_find_choice(g, raw->none);
        snprintf(path, sizeof path, "genes[%u].none", j);
        if (g->none_allele < 0)
            return yaml_doc_error(c->doc, c->err, path, "'%s' is not a choice of gene '%s'; expected one of its choices", raw->none, g->name);
    }
    return 0;
}

static void read_network(const struct raw_network *raw, struct space_network *n)
{
    copy_string(n->family, sizeof n->family, raw->family);
    n->input_size = raw->input;
    n->input_channels = raw->channels;
    n->classes = raw->classes;
    n->stem = raw->stem;
    n->head = raw->head;
    n->n_stages = (uint16_t)raw->stages_count;
    for (unsigned i = 0; i < raw->stages_count; i++)
        n->stage[i] = (struct space_stage){raw->stages[i].stride, raw->stages[i].width, raw->stages[i].depth};
}

/* space_check() with its reason placed at `path`. */
static int check_here(struct conversion *c, const char *path)
{
    struct sonata_error reason = {{0}};
    int r = space_check(c->space, &reason);
    if (!r)
        r = space_check_names(c->space, &reason);
    return r ? yaml_doc_error(c->doc, c->err, path, "%s", reason.text) : 0;
}

static int convert(struct conversion *c)
{
    struct space *s = c->space;
    char path[32];
    copy_string(s->name, sizeof s->name, c->raw->name);
    if (c->raw->cell) {
        if (c->raw->cell->nodes < 2 || c->raw->cell->nodes > 16)
            return yaml_doc_error(c->doc, c->err, "cell.nodes", "%u is here; expected 2 to 16", c->raw->cell->nodes);
        s->cell_nodes = c->raw->cell->nodes;
        s->identity_graph = c->raw->cell->identity == 1;
    }
    for (unsigned j = 0; j < c->raw->genes_count; j++) {
        int r = read_gene(c, j);
        if (r)
            return r;
        s->n_genes = (uint16_t)(j + 1);
        snprintf(path, sizeof path, "genes[%u]", j);
        r = check_here(c, path);
        if (r)
            return r;
    }
    if (c->raw->network)
        read_network(c->raw->network, &s->network);
    return check_here(c, "network");
}

int space_file_parse(const char *text, size_t n, const char *origin, struct space *ret_space, struct sonata_error *err)
{
    cleanup_yaml_doc struct yaml_doc *doc = NULL;
    int r = yaml_doc_open(text, n, origin, &space_schema, &doc, err);
    if (r)
        return r;
    cleanup_free struct space *s = xcalloc(1, sizeof *s);
    struct conversion c = {.doc = doc, .raw = yaml_doc_data(doc), .space = s, .err = err};
    r = convert(&c);
    if (!r)
        *ret_space = *s;
    return r;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t space_presets(char *text, size_t size)
{
    char folder[1200];
    const char *own = getenv("SONATA_SPACES");
    if (own && own[0])
        copy_string(folder, sizeof folder, own);
    else
        snprintf(folder, sizeof folder, "%s/spaces", share_folder());
    struct text_builder t = text_begin(text, size);
    DIR *d = opendir(folder);
    if (!d)
        return 0;
    char *name[128];
    size_t n = 0;
    for (struct dirent *e; n < 128 && (e = readdir(d));) {
        size_t length = strlen(e->d_name);
        if (length <= 5 || strcmp(e->d_name + length - 5, ".yaml"))
            continue;
        name[n] = xstrdup(e->d_name);
        name[n++][length - 5] = 0;
    }
    closedir(d);
    qsort(name, n, sizeof *name, compare_names);
    for (size_t i = 0; i < n; i++) {
        text_join(&t, ", ", "%s", name[i]);
        free(name[i]);
    }
    return n;
}

static bool is_path(const char *name)
{
    size_t n = strlen(name);
    return strchr(name, '/') || (n > 5 && !strcmp(name + n - 5, ".yaml")) || (n > 4 && !strcmp(name + n - 4, ".yml"));
}

/* Where the preset of that name lies; false: nowhere. */
static bool find_preset(const char *name, char *path, size_t size)
{
    const char *own = getenv("SONATA_SPACES");
    if (own && own[0]) {
        int n = snprintf(path, size, "%s/%s.yaml", own, name);
        if (n > 0 && (size_t)n < size && file_exists(path))
            return true;
    }
    return share_find("spaces", name, ".yaml", path, size);
}

int space_file_read(const char *name, struct space *ret_space, struct sonata_error *err)
{
    char path[SPACE_NAME_MAX + 1200];
    if (is_path(name)) {
        if (!copy_string(path, sizeof path, name))
            return sonata_error_set(err, -ENAMETOOLONG, "the path of the space file is too long");
    } else if (!find_preset(name, path, sizeof path)) {
        char presets[360];
        space_presets(presets, sizeof presets);
        return sonata_error_set(err, -ENOENT, "no space is called '%.60s'; presets: %s; or give the path of a space file", name,
                                presets[0] ? presets : "none");
    }
    cleanup_bytes struct bytes data = {0};
    int r = file_read(path, YAML_TEXT_MAX, &data, err);
    return r ? r : space_file_parse((const char *)data.data, data.size, path, ret_space, err);
}
