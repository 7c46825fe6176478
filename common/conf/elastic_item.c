/* See elastic_item.h. */
#include "conf/elastic_item.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/parse.h"

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

/* The words of domain/elastic.h; cyaml wants its own table. */
static const cyaml_strval_t kinds[] = {{"conv", ELASTIC_CONV},       {"mbconv", ELASTIC_MBCONV}, {"bottleneck", ELASTIC_BOTTLENECK},
                                       {"maxpool", ELASTIC_MAXPOOL}, {"mean", ELASTIC_MEAN},     {"linear", ELASTIC_LINEAR}};
static const cyaml_strval_t activations[] = {{"none", ELASTIC_NONE},     {"relu", ELASTIC_RELU},   {"relu6", ELASTIC_RELU6},
                                             {"hswish", ELASTIC_HSWISH}, {"swish", ELASTIC_SWISH}, {"hsigmoid", ELASTIC_HSIGMOID}};
static const cyaml_strval_t shortcuts[] = {
    {"none", ELASTIC_SHORTCUT_NONE}, {"identity", ELASTIC_SHORTCUT_IDENTITY}, {"project", ELASTIC_SHORTCUT_PROJECT}, {"pool", ELASTIC_SHORTCUT_POOL}};

#define NUMBER(name, field) CYAML_FIELD_STRING_PTR(name, OPTIONAL_POINTER, struct raw_item, field, 1, SPACE_NAME_MAX - 1)
#define WORD(name, field, words)                                                                                                                     \
    CYAML_FIELD_ENUM(name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_item, field, words, sizeof(words) / sizeof *(words))

static const cyaml_schema_field_t item_fields[] = {
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct raw_item, kind, kinds, sizeof kinds / sizeof *kinds),
    WORD("act", act, activations),
    WORD("shortcut", shortcut, shortcuts),
    CYAML_FIELD_UINT_PTR("stride", OPTIONAL_POINTER, struct raw_item, stride),
    CYAML_FIELD_BOOL_PTR("se", OPTIONAL_POINTER, struct raw_item, se),
    CYAML_FIELD_BOOL_PTR("norm", OPTIONAL_POINTER, struct raw_item, norm),
    NUMBER("depth", depth),
    NUMBER("width", width),
    NUMBER("kernel", kernel),
    NUMBER("expand", expand),
    NUMBER("scale", scale),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t raw_item_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_item, item_fields)};

/* Genes PREFIX1, PREFIX2 … as far as there are; the last one stands for blocks beyond. */
static int read_genes(const struct yaml_doc *doc, const struct space *s, const char *path, const char *prefix, int length, struct elastic_number *ret,
                      struct sonata_error *err)
{
    for (unsigned b = 0; b < ELASTIC_DEPTH_MAX; b++) {
        char name[SPACE_NAME_MAX + 12];
        snprintf(name, sizeof name, "%.*s%u", length, prefix, b + 1);
        int gene = space_find_gene(s, name);
        if (gene < 0 && !b)
            return yaml_doc_error(doc, err, path, "'%s' is here, but there is no gene '%s'; expected one for every block", prefix, name);
        ret->gene[b] = gene < 0 ? ret->gene[b - 1] : (int16_t)gene;
    }
    return 0;
}

int raw_number_read(const struct yaml_doc *doc, const struct space *s, const char *path, const char *text, double standard,
                    struct elastic_number *ret, struct sonata_error *err)
{
    double value;
    size_t n = text ? strlen(text) : 0;
    *ret = elastic_fixed(standard);
    if (!text)
        return 0;
    if (!parse_double(text, &value)) {
        ret->fixed = value;
        return 0;
    }
    if (text[n - 1] == '*')
        return read_genes(doc, s, path, text, (int)n - 1, ret, err);
    int gene = space_find_gene(s, text);
    if (gene < 0)
        return yaml_doc_error(doc, err, path, "'%s' is neither a number nor a gene; expected one of them, or GENE* for a gene for every block", text);
    for (unsigned b = 0; b < ELASTIC_DEPTH_MAX; b++)
        ret->gene[b] = (int16_t)gene;
    return 0;
}

/* Blocks that the item can have: the largest choice of its depth. */
static uint8_t max_depth(const struct space *s, const struct elastic_number *depth)
{
    double most = depth->fixed;
    if (depth->gene[0] >= 0) {
        const struct gene *g = &s->gene[depth->gene[0]];
        most = 0;
        for (unsigned i = 0; i < g->n_choices; i++)
            most = max_of(most, g->value[i]); /* words are NAN, which elastic_check() refuses */
    }
    return (uint8_t)(most >= 1 && most <= ELASTIC_DEPTH_MAX ? most : 1);
}

int raw_item_read(const struct yaml_doc *doc, const struct space *s, unsigned index, const struct raw_item *raw, struct elastic_item *ret,
                  struct sonata_error *err)
{
    const struct {
        const char *key, *text;
        double standard;
        struct elastic_number *to;
    } number[] = {{"depth", raw->depth, 1, &ret->depth},
                  {"width", raw->width, 0, &ret->width},
                  {"kernel", raw->kernel, raw->kind == ELASTIC_CONV ? 1 : 3, &ret->kernel},
                  {"expand", raw->expand, 1, &ret->expand},
                  {"scale", raw->scale, 1, &ret->scale}};
    int r = 0;
    for (size_t i = 0; i < sizeof number / sizeof *number && !r; i++) {
        char path[48];
        snprintf(path, sizeof path, "network.items[%u].%s", index, number[i].key);
        r = raw_number_read(doc, s, path, number[i].text, number[i].standard, number[i].to, err);
    }
    ret->kind = (uint8_t)raw->kind;
    ret->activation = (uint8_t)raw->act;
    ret->shortcut = (uint8_t)raw->shortcut;
    ret->stride = raw->stride ? (uint8_t)min_of(*raw->stride, UINT8_MAX) : 1;
    ret->squeeze = raw->se && *raw->se;
    ret->norm = !raw->norm || *raw->norm;
    ret->max_depth = r ? 1 : max_depth(s, &ret->depth);
    return r;
}
