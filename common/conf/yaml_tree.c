/* See yaml_tree.h.
 *
 * Flow: libyaml looks at the events (syntax, aliases, one document), then makes the tree, which is checked once: depth, keys, texts. */
#include "conf/yaml_tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

struct yaml_tree {
    char *origin;
    yaml_document_t document;
    bool loaded;
};

static const yaml_node_t *node_of(const struct yaml_at *at) { return at->node; }

/* libyaml's own call does not take a constant document, though it only reads. */
static const yaml_node_t *node_number(const struct yaml_tree *t, int number)
{
    return yaml_document_get_node((yaml_document_t *)(uintptr_t)&t->document, number);
}

static int complain(const struct yaml_tree *t, struct sonata_error *err, size_t line, const char *path, const char *text)
{
    if (path[0])
        return sonata_error_set(err, -EINVAL, "%s:%zu: %s: %s", t->origin, line, path, text);
    return sonata_error_set(err, -EINVAL, "%s:%zu: %s", t->origin, line, text);
}

int yaml_wrong(const struct yaml_at *at, struct sonata_error *err, const char *format, ...)
{
    char text[440];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return complain(at->tree, err, node_of(at)->start_mark.line + 1, at->path, text);
}

static const char *scalar(const yaml_node_t *node) { return (const char *)node->data.scalar.value; }

enum yaml_kind yaml_kind(const struct yaml_at *at)
{
    const yaml_node_t *n = node_of(at);
    if (n->type == YAML_MAPPING_NODE)
        return YAML_MAPPING;
    return n->type == YAML_SEQUENCE_NODE ? YAML_LIST : YAML_TEXT;
}

const char *yaml_kind_name(const struct yaml_at *at)
{
    static const char *const name[] = {[YAML_TEXT] = "a value", [YAML_LIST] = "a list", [YAML_MAPPING] = "a mapping"};
    return name[yaml_kind(at)];
}

const char *yaml_value(const struct yaml_at *at) { return yaml_kind(at) == YAML_TEXT ? scalar(node_of(at)) : ""; }

size_t yaml_count(const struct yaml_at *at)
{
    const yaml_node_t *n = node_of(at);
    if (n->type == YAML_MAPPING_NODE)
        return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
    return n->type == YAML_SEQUENCE_NODE ? (size_t)(n->data.sequence.items.top - n->data.sequence.items.start) : 0;
}

const char *yaml_key(const struct yaml_at *mapping, size_t i)
{
    return scalar(node_number(mapping->tree, node_of(mapping)->data.mapping.pairs.start[i].key));
}

struct yaml_at yaml_entry(const struct yaml_at *at, size_t i)
{
    struct yaml_at child = {.tree = at->tree};
    struct text_builder path = text_begin(child.path, sizeof child.path);
    text_add(&path, "%s", at->path);
    if (yaml_kind(at) == YAML_MAPPING) {
        child.node = node_number(at->tree, node_of(at)->data.mapping.pairs.start[i].value);
        text_join(&path, ".", "%.80s", yaml_key(at, i));
    } else {
        child.node = node_number(at->tree, node_of(at)->data.sequence.items.start[i]);
        text_add(&path, "[%zu]", i);
    }
    return child;
}

/* Which key of a mapping it is; yaml_count(): none. */
static size_t key_index(const struct yaml_at *mapping, const char *key)
{
    size_t n = yaml_kind(mapping) == YAML_MAPPING ? yaml_count(mapping) : 0, i = 0;
    while (i < n && strcmp(yaml_key(mapping, i), key))
        i++;
    return i;
}

bool yaml_find(const struct yaml_at *mapping, const char *key, struct yaml_at *ret_value)
{
    size_t i = key_index(mapping, key);
    if (yaml_kind(mapping) != YAML_MAPPING || i == yaml_count(mapping))
        return false;
    *ret_value = yaml_entry(mapping, i);
    return true;
}

int yaml_wrong_key(const struct yaml_at *mapping, const char *key, struct sonata_error *err, const char *format, ...)
{
    struct yaml_at at = *mapping;
    char text[440];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t i = key_index(mapping, key);
    if (i < yaml_count(mapping))
        at.node = node_number(mapping->tree, node_of(mapping)->data.mapping.pairs.start[i].key);
    return complain(at.tree, err, node_of(&at)->start_mark.line + 1, at.path, text);
}

/* The place that the first step of *path leads to; advances *path behind the step. False: there is none. */
static bool step(const struct yaml_at *at, const char **path, struct yaml_at *ret_child)
{
    char key[80];
    const char *p = *path + (**path == '.');
    size_t n = strcspn(p, ".[");
    *path = p + (*p == '[' ? strcspn(p, "]") + 1 : n);
    if (*p == '[') {
        unsigned long i = strtoul(p + 1, NULL, 10);
        if (yaml_kind(at) != YAML_LIST || i >= yaml_count(at))
            return false;
        *ret_child = yaml_entry(at, i);
        return true;
    }
    return (size_t)snprintf(key, sizeof key, "%.*s", (int)n, p) < sizeof key && yaml_find(at, key, ret_child);
}

int yaml_wrong_in(const struct yaml_at *root, struct sonata_error *err, const char *path, const char *format, ...)
{
    struct yaml_at at = *root, child;
    char text[440];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (const char *p = path; *p && step(&at, &p, &child);)
        at = child;
    return complain(at.tree, err, node_of(&at)->start_mark.line + 1, path, text);
}

int yaml_is_list(const struct yaml_at *at, size_t min, size_t max, struct sonata_error *err)
{
    size_t n = yaml_count(at);
    char range[64];
    if (min == max)
        snprintf(range, sizeof range, "a list of exactly %zu entries", min);
    else
        snprintf(range, sizeof range, "a list of %zu to %zu entries", min, max);
    if (yaml_kind(at) != YAML_LIST)
        return yaml_wrong(at, err, "%s is here; expected %s", yaml_kind_name(at), range);
    return n < min || n > max ? yaml_wrong(at, err, "%zu entries are here; expected %s", n, range) : 0;
}

bool yaml_beside(const struct yaml_at *at, const char *name, char *path, size_t size)
{
    const char *slash = strrchr(at->tree->origin, '/');
    if (name[0] == '/' || !slash)
        return copy_string(path, size, name);
    int n = snprintf(path, size, "%.*s/%s", (int)(slash - at->tree->origin), at->tree->origin, name);
    return n > 0 && (size_t)n < size;
}

static int check_text(const struct yaml_at *at, struct sonata_error *err)
{
    const char *text = yaml_value(at);
    if (strlen(text) != node_of(at)->data.scalar.length)
        return yaml_wrong(at, err, "the value holds a zero byte; expected a text");
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return yaml_wrong(at, err, "the value holds a control character; expected a text on one line");
    }
    return 0;
}

static int check_key(const struct yaml_at *mapping, size_t i, struct sonata_error *err)
{
    struct yaml_at key = *mapping;
    key.node = node_number(mapping->tree, node_of(mapping)->data.mapping.pairs.start[i].key);
    int r = yaml_kind(&key) == YAML_TEXT ? check_text(&key, err) : 0;
    if (r)
        return r;
    if (!yaml_value(&key)[0])
        return yaml_wrong(&key, err, "%s is used as a key; expected a word", yaml_kind_name(&key));
    if (key_index(mapping, yaml_value(&key)) < i)
        return yaml_wrong(&key, err, "key '%.40s' is given twice; expected once", yaml_value(&key));
    return 0;
}

/* The whole tree once, so that whoever reads it meets neither endless nesting nor texts that are none. */
static int check(const struct yaml_at *at, unsigned depth, struct sonata_error *err)
{
    if (depth > YAML_DEPTH_MAX)
        return yaml_wrong(at, err, "nested too deeply; at most %d levels are expected", YAML_DEPTH_MAX);
    if (yaml_kind(at) == YAML_TEXT)
        return check_text(at, err);
    int r = 0;
    for (size_t i = 0; !r && i < yaml_count(at); i++) {
        r = yaml_kind(at) == YAML_MAPPING ? check_key(at, i, err) : 0;
        if (!r) {
            struct yaml_at child = yaml_entry(at, i);
            r = check(&child, depth + 1, err);
        }
    }
    return r;
}

static int syntax_error(const struct yaml_tree *t, const yaml_parser_t *p, struct sonata_error *err)
{
    char text[300];
    size_t line = p->problem_mark.line + 1;
    struct text_builder what = text_begin(text, sizeof text);
    text_add(&what, "not valid YAML: %.120s", p->problem ? p->problem : "unreadable");
    if (p->context)
        text_add(&what, " %.80s", p->context);
    if (p->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < p->problem_offset && i < (size_t)(p->input.string.end - p->input.string.start); i++)
            line += p->input.string.start[i] == '\n';
    }
    return complain(t, err, line, "", text);
}

/* First pass over the events: syntax, one document, no aliases. */
static int scan_events(const struct yaml_tree *t, yaml_parser_t *parser, struct sonata_error *err)
{
    unsigned documents = 0;
    for (;;) {
        yaml_event_t e;
        if (!yaml_parser_parse(parser, &e))
            return syntax_error(t, parser, err);
        yaml_event_type_t type = e.type;
        size_t line = e.start_mark.line + 1;
        yaml_event_delete(&e);
        if (type == YAML_ALIAS_EVENT)
            return complain(t, err, line, "", "an alias (*name) is here; anchors and aliases cannot be used, write the value out");
        if (type == YAML_DOCUMENT_START_EVENT && documents++)
            return complain(t, err, line, "", "a second document starts here; expected one");
        if (type == YAML_STREAM_END_EVENT)
            return documents ? 0 : complain(t, err, 1, "", "the file is empty");
    }
}

static int load(struct yaml_tree *t, yaml_parser_t *parser, struct sonata_error *err)
{
    if (!yaml_parser_load(parser, &t->document))
        return syntax_error(t, parser, err);
    t->loaded = true;
    return yaml_document_get_root_node(&t->document) ? 0 : complain(t, err, 1, "", "the file is empty");
}

static int parse(struct yaml_tree *t, const char *text, size_t n, struct sonata_error *err)
{
    int r = 0;
    for (unsigned pass = 0; pass < 2 && !r; pass++) {
        yaml_parser_t parser;
        if (!yaml_parser_initialize(&parser))
            return sonata_error_set(err, -ENOMEM, "%s: no memory for the YAML parser", t->origin);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
        r = pass ? load(t, &parser, err) : scan_events(t, &parser, err);
        yaml_parser_delete(&parser);
    }
    return r;
}

int yaml_parse(const char *text, size_t n, const char *origin, struct yaml_at *ret_root, struct sonata_error *err)
{
    if (n > YAML_FILE_MAX)
        return sonata_error_set(err, -EFBIG, "%s: %zu bytes; at most %d are read", origin, n, YAML_FILE_MAX);
    struct yaml_tree *t = xcalloc(1, sizeof *t);
    struct yaml_at root = {.tree = t};
    t->origin = xstrdup(origin);
    int r = parse(t, text, n, err);
    if (!r) {
        root.node = yaml_document_get_root_node(&t->document);
        r = check(&root, 0, err);
    }
    if (r)
        yaml_tree_free(&root);
    else
        *ret_root = root;
    return r;
}

int yaml_read(const char *path, struct yaml_at *ret_root, struct sonata_error *err)
{
    cleanup_bytes struct bytes data = {0};
    int r = file_read(path, YAML_FILE_MAX, &data, err);
    return r ? r : yaml_parse((const char *)data.data, data.size, path, ret_root, err);
}

void yaml_tree_free(struct yaml_at *root)
{
    struct yaml_tree *t = (struct yaml_tree *)(uintptr_t)root->tree;
    if (!t)
        return;
    if (t->loaded)
        yaml_document_delete(&t->document);
    free(t->origin);
    free(t);
    *root = (struct yaml_at){0};
}
