/* Mappings of a YAML file read by tables of options (base/option.h): the same rows, limits and words as command lines have. */
#ifndef SONATA_CONF_YAML_OPTIONS_H
#define SONATA_CONF_YAML_OPTIONS_H

#include "base/option.h"
#include "conf/yaml_tree.h"

/* Sets the options of a mapping, in the order of the table whatever the file's. Unknown keys, values that do not fit and missing required keys are
 * errors (-EINVAL) with their place. Texts of OPTION_TEXT, OPTION_CHOICE and OPTION_LIST live as long as the tree. */
int yaml_options(const struct yaml_at *mapping, const struct option_def *table, void *settings, struct sonata_error *err) SONATA_MUST_CHECK;
/* One value by its row; a list, where the row takes one, entry by entry. */
int yaml_option(const struct option_def *def, const struct yaml_at *value, void *settings, struct sonata_error *err) SONATA_MUST_CHECK;

/* What yaml_pairs() calls for each pair; the value is a text or a list of texts. 0, or -EINVAL with the place (yaml_wrong()), which ends it. */
typedef int yaml_pair_fn(void *user, const char *key, const struct yaml_at *value, struct sonata_error *err);
/* A mapping as flat pairs, as on a command line: those of a mapping inside are `outer.inner`, and of a list of mappings, which have a `name`, every
 * other key becomes `key.NAME`. */
int yaml_pairs(const struct yaml_at *mapping, yaml_pair_fn *pair, void *user, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
