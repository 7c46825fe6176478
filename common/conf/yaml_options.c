/* See yaml_options.h. */
#include "conf/yaml_options.h"

#include <errno.h>
#include <stdio.h>

enum { KEY_MAX = 128, FILE_NAME_MAX = 1024 };

static int read_text(const struct option_def *d, const struct yaml_at *value, void *settings, struct sonata_error *err)
{
    struct sonata_error why = {{0}};
    const char *text = yaml_value(value);
    char expected[300], path[FILE_NAME_MAX];
    struct option_def entry = *d;
    if (d->type == OPTION_LIST) { /* of which this is one text */
        entry.type = OPTION_TEXT;
        entry.min = entry.max = 0;
    }
    option_expected(&entry, expected, sizeof expected);
    if (yaml_kind(value) != YAML_TEXT)
        return yaml_wrong(value, err, "%s is here; expected %s", yaml_kind_name(value), expected);
    if (!text[0])
        return yaml_wrong(value, err, "nothing is here; expected %s", expected);
    if (d->is_file && !yaml_beside(value, text, path, sizeof path))
        return yaml_wrong(value, err, "the path is too long");
    text = d->is_file ? path : text;
    return option_read(d, text, settings, &why) ? yaml_wrong(value, err, "%s", why.text) : 0;
}

/* One mapping of a part. */
static int read_part(const struct option_def *d, const struct yaml_at *value, void *settings, struct sonata_error *err)
{
    if (d->part)
        return d->part(settings, value, err);
    char *at = (char *)settings + d->offset;
    unsigned *count = d->max > 0 ? (unsigned *)((char *)settings + d->count) : NULL;
    int r = yaml_options(value, d->keys, count ? at + *count * d->size : at, err);
    if (count)
        ++*count;
    return r;
}

int yaml_option(const struct option_def *def, const struct yaml_at *value, void *settings, struct sonata_error *err)
{
    bool part = def->type == OPTION_PART, list = def->joins || ((part || def->type == OPTION_LIST) && def->max > 0);
    int r = 0;
    if (part && !list)
        return read_part(def, value, settings, err);
    if (list && !def->joins)
        r = yaml_is_list(value, (size_t)def->min, (size_t)def->max, err);
    if (r || yaml_kind(value) != YAML_LIST || !(list || def->type == OPTION_LIST))
        return r ? r : read_text(def, value, settings, err);
    for (size_t i = 0; !r && i < yaml_count(value); i++) {
        struct yaml_at entry = yaml_entry(value, i);
        r = part ? read_part(def, &entry, settings, err) : read_text(def, &entry, settings, err);
    }
    return r;
}

int yaml_options(const struct yaml_at *mapping, const struct option_def *table, void *settings, struct sonata_error *err)
{
    char text[360];
    struct sonata_error why = {{0}};
    option_names(table, text, sizeof text);
    if (yaml_kind(mapping) != YAML_MAPPING)
        return yaml_wrong(mapping, err, "%s is here; expected a mapping with the keys %s", yaml_kind_name(mapping), text);
    for (size_t i = 0; i < yaml_count(mapping); i++) {
        const char *key = yaml_key(mapping, i);
        if (!option_find(table, key) && option_unknown(table, key, &why))
            return yaml_wrong_key(mapping, key, err, "%s", why.text);
    }
    for (const struct option_def *d = table; d->name; d++) {
        struct yaml_at value;
        bool found = yaml_find(mapping, d->name, &value);
        int r = found ? yaml_option(d, &value, settings, err) : 0;
        if (r)
            return r;
        if (!found && d->required) {
            option_expected(d, text, sizeof text);
            return yaml_wrong(mapping, err, "key '%s' is missing; expected %s", d->name, text);
        }
    }
    return 0;
}

struct pairs {
    yaml_pair_fn *pair;
    void *user;
    struct sonata_error *err;
};

/* Every key of the mapping but `name`, as key.NAME. */
static int named_pairs(const struct pairs *p, const struct yaml_at *mapping)
{
    struct yaml_at name;
    char key[KEY_MAX];
    if (!yaml_find(mapping, "name", &name) || !yaml_value(&name)[0])
        return yaml_wrong(mapping, p->err, "key 'name' is missing; expected {name: …, …}");
    int r = 0;
    for (size_t i = 0; !r && i < yaml_count(mapping); i++) {
        struct yaml_at value = yaml_entry(mapping, i);
        if (value.node == name.node)
            continue;
        snprintf(key, sizeof key, "%.60s.%.60s", yaml_key(mapping, i), yaml_value(&name));
        r = p->pair(p->user, key, &value, p->err);
    }
    return r;
}

static int value_pairs(const struct pairs *p, const char *key, const struct yaml_at *value)
{
    struct yaml_at entry;
    char inner[KEY_MAX];
    int r = 0;
    bool mapping = yaml_kind(value) == YAML_MAPPING, mappings = false;
    for (size_t i = 0; i < yaml_count(value) && !mapping; i++) {
        entry = yaml_entry(value, i);
        mappings |= yaml_kind(&entry) == YAML_MAPPING;
        if (yaml_kind(&entry) != (mappings ? YAML_MAPPING : YAML_TEXT))
            return yaml_wrong(&entry, p->err, "%s is here; expected a list of texts or of mappings", yaml_kind_name(&entry));
    }
    if (!mapping && !mappings)
        return p->pair(p->user, key, value, p->err);
    for (size_t i = 0; !r && i < yaml_count(value); i++) {
        entry = yaml_entry(value, i);
        if (mapping)
            snprintf(inner, sizeof inner, "%.60s.%.60s", key, yaml_key(value, i));
        r = mapping ? value_pairs(p, inner, &entry) : named_pairs(p, &entry);
    }
    return r;
}

int yaml_pairs(const struct yaml_at *mapping, yaml_pair_fn *pair, void *user, struct sonata_error *err)
{
    const struct pairs p = {pair, user, err};
    int r = yaml_kind(mapping) == YAML_MAPPING ? 0 : yaml_wrong(mapping, err, "%s is here; expected a mapping", yaml_kind_name(mapping));
    for (size_t i = 0; !r && i < yaml_count(mapping); i++) {
        struct yaml_at value = yaml_entry(mapping, i);
        r = value_pairs(&p, yaml_key(mapping, i), &value);
    }
    return r;
}
