/* Items of a described network in a space file (domain/elastic.h, docs/SPACES.md). */
#ifndef SONATA_CONF_ELASTIC_ITEM_H
#define SONATA_CONF_ELASTIC_ITEM_H

#include "base/error.h"
#include "conf/yaml_doc.h"
#include "domain/space.h"

/* As it stands in the file; NULL: not given. */
struct raw_item {
    int kind, act, shortcut;
    uint16_t *stride;
    bool *se, *norm;
    char *depth, *width, *kernel, *expand, *scale;
};

/* One entry of `network.items`. */
extern const cyaml_schema_value_t raw_item_schema;

/* A number of the file: digits, the name of a gene, or "k1*" for genes k11, k12 … of the item's blocks. text NULL: `standard`. -EINVAL names the
 * place. */
int raw_number_read(const struct yaml_doc *doc, const struct space *s, const char *path, const char *text, double standard,
                    struct elastic_number *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* Item `index` of the network. -EINVAL names the place. */
int raw_item_read(const struct yaml_doc *doc, const struct space *s, unsigned index, const struct raw_item *raw, struct elastic_item *ret,
                  struct sonata_error *err) SONATA_MUST_CHECK;

#endif
