/* See elastic_item.h. */
#include "conf/elastic_item.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/parse.h"

#define NUMBER(key)                                                                                                                                  \
    {                                                                                                                                                \
        .name = #key, .type = OPTION_TEXT, .offset = offsetof(struct raw_item, key), .size = SPACE_NAME_MAX                                          \
    }
#define WORD(key, member, words) .name = key, .type = OPTION_WORD, .offset = offsetof(struct raw_item, member), .choices = words
/* The words stand in the order of the enums of domain/elastic.h. */
const struct option_def raw_item_keys[] = {
    {WORD("kind", kind, "conv|mbconv|bottleneck|maxpool|mean|linear"), .required = true},
    {WORD("act", act, "none|relu|relu6|hswish|swish|hsigmoid")},
    {WORD("shortcut", shortcut, "none|identity|project|pool")},
    {WORD("norm", without_norm, "true|false")},
    {.name = "stride", .type = OPTION_COUNT, .offset = offsetof(struct raw_item, stride), .min = 1, .max = 255},
    {.name = "se", .type = OPTION_FLAG, .offset = offsetof(struct raw_item, se)},
    NUMBER(depth),
    NUMBER(width),
    NUMBER(kernel),
    NUMBER(expand),
    NUMBER(scale),
    {0}};
#undef WORD
#undef NUMBER

/* Genes PREFIX1, PREFIX2 … as far as there are; the last one stands for blocks beyond. */
static int read_genes(const struct yaml_at *root, const struct space *s, const struct raw_number *raw, struct elastic_number *ret,
                      struct sonata_error *err)
{
    int length = (int)strlen(raw->text) - 1;
    for (unsigned b = 0; b < ELASTIC_DEPTH_MAX; b++) {
        char name[SPACE_NAME_MAX + 12];
        snprintf(name, sizeof name, "%.*s%u", length, raw->text, b + 1);
        int gene = space_find_gene(s, name);
        if (gene < 0 && !b)
            return yaml_wrong_in(root, err, raw->path, "'%s' is here, but there is no gene '%s'; expected one for every block", raw->text, name);
        ret->gene[b] = gene < 0 ? ret->gene[b - 1] : (int16_t)gene;
    }
    return 0;
}

int raw_number_read(const struct yaml_at *root, const struct space *s, const struct raw_number *raw, struct elastic_number *ret,
                    struct sonata_error *err)
{
    double value;
    *ret = elastic_fixed(raw->standard);
    if (!raw->text)
        return 0;
    if (!parse_double(raw->text, &value)) {
        ret->fixed = value;
        return 0;
    }
    if (raw->text[strlen(raw->text) - 1] == '*')
        return read_genes(root, s, raw, ret, err);
    int gene = space_find_gene(s, raw->text);
    if (gene < 0)
        return yaml_wrong_in(root, err, raw->path, "'%s' is neither a number nor a gene; expected one of them, or GENE* for a gene for every block",
                             raw->text);
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

int raw_item_read(const struct yaml_at *root, const struct space *s, unsigned index, const struct raw_item *raw, struct elastic_item *ret,
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
        r = raw_number_read(root, s, &(struct raw_number){path, number[i].text, number[i].standard}, number[i].to, err);
    }
    ret->kind = (uint8_t)raw->kind;
    ret->activation = (uint8_t)raw->act;
    ret->shortcut = (uint8_t)raw->shortcut;
    ret->stride = raw->stride ? (uint8_t)raw->stride : 1;
    ret->squeeze = raw->se;
    ret->norm = !raw->without_norm;
    ret->max_depth = r ? 1 : max_depth(s, &ret->depth);
    return r;
}
