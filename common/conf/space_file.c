/* See space_file.h.
 *
 * Flow: find the file → tree, by tables of keys → convert gene by gene, running space_check() on the part read so far, so that what it rejects
 * is the gene just read and the error can name its line → network → final space_check(). */
#include "conf/space_file.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/text.h"
#include "conf/elastic_item.h"
#include "conf/share.h"
#include "conf/yaml_options.h"

struct raw_gene {
    const char *name, *block, *none, *when;
    bool ordinal;
    struct option_list choices, when_in, edge;
};

/* What the file says, where it needs a second look. Texts are the tree's. */
struct raw_space {
    const char *name, *family;
    struct raw_gene gene[SPACE_GENES_MAX];
    struct raw_stage {
        uint32_t stride, width, depth;
    } stage[SPACE_STAGES_MAX];
    unsigned n_genes, n_stages;
    uint32_t nodes;
    uint32_t identity_graph;
    const char *input;
    uint32_t channels, classes, stem, head;  /* the last two of family mbconv, as stages */
    struct raw_item item[ELASTIC_ITEMS_MAX]; /* of family elastic, as epsilon */
    unsigned n_items;
    double epsilon; /* 0: not given */
};

#define OF(raw, member) .offset = offsetof(struct raw_##raw, member)
#define TEXT(raw, member, most) .type = OPTION_TEXT, OF(raw, member), .size = most
#define WORDS(raw, member, least, most) .type = OPTION_LIST, OF(raw, member), .min = least, .max = most, .size = SPACE_LABEL_MAX
#define OPTIONAL_COUNT(key, raw, member)                                                                                                             \
    {                                                                                                                                                \
        .name = key, .type = OPTION_COUNT, OF(raw, member), .min = 0, .max = UINT16_MAX                                                              \
    }
#define COUNT(key, raw, member)                                                                                                                      \
    {                                                                                                                                                \
        .name = key, .type = OPTION_COUNT, OF(raw, member), .min = 0, .max = UINT16_MAX, .required = true                                            \
    }
static const struct option_def when_keys[] = {{.name = "gene", TEXT(gene, when, SPACE_NAME_MAX), .required = true},
                                              {.name = "in", WORDS(gene, when_in, 1, SPACE_CHOICES_MAX), .required = true},
                                              {0}};

static const struct option_def gene_keys[] = {{.name = "name", TEXT(gene, name, SPACE_NAME_MAX), .required = true},
                                              {.name = "ordinal", .type = OPTION_FLAG, OF(gene, ordinal)},
                                              {.name = "choices", WORDS(gene, choices, 1, SPACE_CHOICES_MAX), .required = true},
                                              {.name = "block", TEXT(gene, block, SPACE_NAME_MAX)},
                                              {.name = "when", .type = OPTION_PART, .keys = when_keys},
                                              {.name = "edge", WORDS(gene, edge, 2, 2)},
                                              {.name = "none", TEXT(gene, none, SPACE_LABEL_MAX)},
                                              {0}};

static const struct option_def cell_keys[] = {{.name = "nodes", .type = OPTION_COUNT, OF(space, nodes), .min = 2, .max = 16, .required = true},
                                              {.name = "identity", .type = OPTION_WORD, OF(space, identity_graph), .choices = "genotype|graph"},
                                              {0}};

static const struct option_def stage_keys[] = {COUNT("stride", stage, stride), COUNT("width", stage, width), COUNT("depth", stage, depth), {0}};

static const struct option_def network_keys[] = {{.name = "family", TEXT(space, family, 16), .required = true},
                                                 {.name = "input", TEXT(space, input, SPACE_NAME_MAX), .required = true},
                                                 COUNT("channels", space, channels),
                                                 COUNT("classes", space, classes),
                                                 OPTIONAL_COUNT("stem", space, stem),
                                                 OPTIONAL_COUNT("head", space, head),
                                                 {.name = "stages",
                                                  .type = OPTION_PART,
                                                  OF(space, stage),
                                                  .keys = stage_keys,
                                                  .size = sizeof(struct raw_stage),
                                                  .count = offsetof(struct raw_space, n_stages),
                                                  .min = 1,
                                                  .max = SPACE_STAGES_MAX},
                                                 {.name = "epsilon", .type = OPTION_NUMBER, OF(space, epsilon), .min = 1e-12, .max = 1},
                                                 {.name = "items",
                                                  .type = OPTION_PART,
                                                  OF(space, item),
                                                  .keys = raw_item_keys,
                                                  .size = sizeof(struct raw_item),
                                                  .count = offsetof(struct raw_space, n_items),
                                                  .min = 1,
                                                  .max = ELASTIC_ITEMS_MAX},
                                                 {0}};

static const struct option_def space_keys[] = {{.name = "name", TEXT(space, name, SPACE_NAME_MAX), .required = true},
                                               {.name = "cell", .type = OPTION_PART, .keys = cell_keys},
                                               {.name = "genes",
                                                .type = OPTION_PART,
                                                OF(space, gene),
                                                .keys = gene_keys,
                                                .size = sizeof(struct raw_gene),
                                                .count = offsetof(struct raw_space, n_genes),
                                                .min = 1,
                                                .max = SPACE_GENES_MAX,
                                                .required = true},
                                               {.name = "network", .type = OPTION_PART, .keys = network_keys},
                                               {0}};
#undef COUNT
#undef OPTIONAL_COUNT
#undef WORDS
#undef TEXT
#undef OF

/* What one conversion works on. */
struct conversion {
    const struct yaml_at *root;
    const struct raw_space *raw;
    struct space *space;
    const char *block[SPACE_GENES_MAX]; /* names met so far; their index is the block number */
    int16_t n_blocks;
    struct sonata_error *err;
};

static int read_condition(struct conversion *c, unsigned j)
{
    const struct raw_gene *raw = &c->raw->gene[j];
    struct gene *g = &c->space->gene[j];
    char path[64];
    snprintf(path, sizeof path, "genes[%u].when.gene", j);
    int other = -1;
    for (unsigned i = 0; i < j && other < 0; i++)
        other = strcmp(c->space->gene[i].name, raw->when) ? -1 : (int)i;
    if (other < 0)
        return yaml_wrong_in(c->root, c->err, path, "'%s' is not a gene listed before '%s'; expected one", raw->when, g->name);
    g->condition_gene = (int16_t)other;
    for (unsigned i = 0; i < raw->when_in.n; i++) {
        int v = gene_find_choice(&c->space->gene[other], raw->when_in.item[i]);
        snprintf(path, sizeof path, "genes[%u].when.in[%u]", j, i);
        if (v < 0)
            return yaml_wrong_in(c->root, c->err, path, "'%s' is not a choice of gene '%s'; expected one of its choices", raw->when_in.item[i],
                                 raw->when);
        g->condition_mask = (uint16_t)(g->condition_mask | 1u << v);
    }
    return 0;
}

static int read_edge(struct conversion *c, unsigned j)
{
    const struct raw_gene *raw = &c->raw->gene[j];
    struct gene *g = &c->space->gene[j];
    char path[64];
    snprintf(path, sizeof path, "genes[%u].edge", j);
    if (!c->space->cell_nodes)
        return yaml_wrong_in(c->root, c->err, path, "gene '%s' is an edge, but the space has no cell; expected `cell: {nodes: N}` at the top",
                             g->name);
    uint64_t from, to;
    if (parse_u64(raw->edge.item[0], 0, UINT16_MAX, &from) || parse_u64(raw->edge.item[1], 0, UINT16_MAX, &to) || from >= to ||
        to >= c->space->cell_nodes)
        return yaml_wrong_in(c->root, c->err, path, "[%s, %s] is here; expected a lower and a higher node of 0 to %d", raw->edge.item[0],
                             raw->edge.item[1], c->space->cell_nodes - 1);
    g->edge_from = (int16_t)from;
    g->edge_to = (int16_t)to;
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
    const struct raw_gene *raw = &c->raw->gene[j];
    struct gene *g = &c->space->gene[j];
    char path[64];
    for (unsigned v = 0; v < raw->choices.n; v++) {
        copy_string(g->label[v], sizeof g->label[v], raw->choices.item[v]);
        if (parse_double(raw->choices.item[v], &g->value[v]))
            g->value[v] = NAN;
        int same = gene_find_choice(g, raw->choices.item[v]);
        g->n_choices = (uint8_t)(v + 1);
        snprintf(path, sizeof path, "genes[%u].choices[%u]", j, v);
        if (same >= 0)
            return yaml_wrong_in(c->root, c->err, path, "choice '%s' is listed twice; expected distinct choices", raw->choices.item[v]);
        if (strpbrk(raw->choices.item[v], " =,"))
            return yaml_wrong_in(c->root, c->err, path, "choice '%s' holds a space, '=' or ','; expected a word or a number", raw->choices.item[v]);
    }
    return 0;
}

static int read_gene(struct conversion *c, unsigned j)
{
    const struct raw_gene *raw = &c->raw->gene[j];
    struct gene *g = &c->space->gene[j];
    char path[64];
    *g = (struct gene){.ordinal = raw->ordinal, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1};
    copy_string(g->name, sizeof g->name, raw->name);
    snprintf(path, sizeof path, "genes[%u].name", j);
    if (strpbrk(raw->name, " =,"))
        return yaml_wrong_in(c->root, c->err, path, "'%s' holds a space, '=' or ','; expected one word", raw->name);
    for (unsigned i = 0; i < j; i++) {
        if (!strcmp(c->space->gene[i].name, g->name))
            return yaml_wrong_in(c->root, c->err, path, "a gene '%s' is there already; expected unique names", g->name);
    }
    int r = read_choices(c, j);
    if (!r && raw->when)
        r = read_condition(c, j);
    if (!r && raw->edge.n)
        r = read_edge(c, j);
    if (r)
        return r;
    if (raw->block)
        g->block = block_number(c, raw->block);
    if (raw->none) {
        g->none_allele = (int16_t)gene_find_choice(g, raw->none);
        snprintf(path, sizeof path, "genes[%u].none", j);
        if (g->none_allele < 0)
            return yaml_wrong_in(c->root, c->err, path, "'%s' is not a choice of gene '%s'; expected one of its choices", raw->none, g->name);
    }
    return 0;
}

/* Stem, stages and head of family mbconv. */
static int read_mbconv(struct conversion *c, struct space_network *n)
{
    const struct raw_space *raw = c->raw;
    uint64_t input;
    if (raw->n_items || raw->epsilon || !raw->stem || !raw->head || !raw->n_stages)
        return yaml_wrong_in(c->root, c->err, "network", "family mbconv has stem, head and stages, and neither items nor epsilon");
    if (parse_u64(raw->input, 1, UINT16_MAX, &input))
        return yaml_wrong_in(c->root, c->err, "network.input", "'%s' is here; expected the side of the picture in pixels", raw->input);
    n->input_size = (uint16_t)input;
    n->stem = (uint16_t)raw->stem;
    n->head = (uint16_t)raw->head;
    n->n_stages = (uint16_t)raw->n_stages;
    for (unsigned i = 0; i < raw->n_stages; i++)
        n->stage[i] = (struct space_stage){(uint16_t)raw->stage[i].stride, (uint16_t)raw->stage[i].width, (uint16_t)raw->stage[i].depth};
    return 0;
}

static int read_elastic(struct conversion *c, struct elastic *e)
{
    const struct raw_space *raw = c->raw;
    if (!raw->n_items || raw->stem || raw->head || raw->n_stages)
        return yaml_wrong_in(c->root, c->err, "network", "family elastic has items, and no stem, head or stages");
    int r = raw_number_read(c->root, c->space, &(struct raw_number){"network.input", raw->input, NAN}, &e->resolution, c->err);
    e->epsilon = raw->epsilon ? raw->epsilon : 1e-5;
    for (unsigned i = 0; i < raw->n_items && !r; i++)
        r = raw_item_read(c->root, c->space, i, &raw->item[i], &e->item[e->n_items++], c->err);
    return r;
}

static int read_network(struct conversion *c)
{
    struct space_network *n = &c->space->network;
    copy_string(n->family, sizeof n->family, c->raw->family);
    n->input_channels = (uint16_t)c->raw->channels;
    n->classes = (uint16_t)c->raw->classes;
    return strcmp(n->family, "elastic") ? read_mbconv(c, n) : read_elastic(c, &n->elastic);
}

/* space_check() with its reason placed at `path`. */
static int check_here(struct conversion *c, const char *path)
{
    struct sonata_error reason = {{0}};
    int r = space_check(c->space, &reason);
    if (!r)
        r = space_check_names(c->space, &reason);
    return r ? yaml_wrong_in(c->root, c->err, path, "%s", reason.text) : 0;
}

static int convert(struct conversion *c)
{
    struct space *s = c->space;
    char path[32];
    copy_string(s->name, sizeof s->name, c->raw->name);
    s->cell_nodes = (uint16_t)c->raw->nodes;
    s->identity_graph = c->raw->identity_graph;
    for (unsigned j = 0; j < c->raw->n_genes; j++) {
        int r = read_gene(c, j);
        if (r)
            return r;
        s->n_genes = (uint16_t)(j + 1);
        snprintf(path, sizeof path, "genes[%u]", j);
        r = check_here(c, path);
        if (r)
            return r;
    }
    int r = c->raw->family ? read_network(c) : 0;
    return r ? r : check_here(c, "network");
}

static int read_tree(const struct yaml_at *root, struct space *ret_space, struct sonata_error *err)
{
    cleanup_free struct space *s = xcalloc(1, sizeof *s);
    cleanup_free struct raw_space *raw = xcalloc(1, sizeof *raw);
    struct conversion c = {.root = root, .raw = raw, .space = s, .err = err};
    int r = yaml_options(root, space_keys, raw, err);
    r = r ? r : convert(&c);
    if (!r)
        *ret_space = *s;
    return r;
}

int space_file_parse(const char *text, size_t n, const char *origin, struct space *ret_space, struct sonata_error *err)
{
    cleanup_yaml struct yaml_at root = {0};
    int r = yaml_parse(text, n, origin, &root, err);
    return r ? r : read_tree(&root, ret_space, err);
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

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
    cleanup_yaml struct yaml_at root = {0};
    int r = yaml_read(path, &root, err);
    return r ? r : read_tree(&root, ret_space, err);
}
