/* Items of a described network in a space file (domain/elastic.h, docs/SPACES.md). */
#ifndef SONATA_CONF_ELASTIC_ITEM_H
#define SONATA_CONF_ELASTIC_ITEM_H

#include "base/error.h"
#include "base/option.h"
#include "conf/yaml_tree.h"
#include "domain/space.h"

/* As it stands in the file; texts are the tree's, NULL where nothing is given. */
struct raw_item {
    uint32_t kind, act, shortcut; /* enums of domain/elastic.h */
    uint32_t stride;              /* 0: not given */
    uint32_t without_norm;
    bool se;
    const char *depth, *width, *kernel, *expand, *scale;
};

/* Keys of one entry of `network.items`. */
extern const struct option_def raw_item_keys[];

/* A number as it stands at `path` in the file: digits, the name of a gene, or "k1*" for genes k11, k12 … of the item's blocks. text NULL: `standard`.
 */
struct raw_number {
    const char *path, *text;
    double standard;
};
/* -EINVAL names the place of what is no number. */
int raw_number_read(const struct yaml_at *root, const struct space *s, const struct raw_number *raw, struct elastic_number *ret,
                    struct sonata_error *err) SONATA_MUST_CHECK;
/* Item `index` of the network. -EINVAL names the place. */
int raw_item_read(const struct yaml_at *root, const struct space *s, unsigned index, const struct raw_item *raw, struct elastic_item *ret,
                  struct sonata_error *err) SONATA_MUST_CHECK;

#endif
