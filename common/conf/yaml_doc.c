/* See yaml_doc.h.
 *
 * Flow: libyaml parses the text into a document tree (syntax errors carry a line) → the tree is walked along the schema, which finds the
 * first thing that does not fit and says what would → libcyaml, which sees only what passed, fills the structure. The tree is kept so
 * that later checks of meaning can name lines too. */
#include "conf/yaml_doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/text.h"

enum { PATH_MAX_TEXT = 200, LIST_MAX_TEXT = 240 };

struct yaml_doc {
    char *origin;
    yaml_document_t tree;
    bool have_tree;
    const cyaml_schema_value_t *schema;
    cyaml_data_t *data;
};

static void log_nothing(cyaml_log_t level, void *context, const char *format, va_list args)
{
    (void)level;
    (void)context;
    (void)format;
    (void)args;
}

static const cyaml_config_t config = {.log_fn = log_nothing, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_NO_ALIAS};

/* A place in the document during the walk. */
struct place {
    const struct yaml_doc *doc;
    struct sonata_error *err;
    char path[PATH_MAX_TEXT];
};

static int complain(const struct yaml_doc *doc, struct sonata_error *err, size_t line, const char *path, const char *text)
{
    if (path[0])
        return sonata_error_set(err, -EINVAL, "%s:%zu: %s: %s", doc->origin, line, path, text);
    return sonata_error_set(err, -EINVAL, "%s:%zu: %s", doc->origin, line, text);
}

static int misfit(const struct place *at, const yaml_node_t *node, const char *format, ...) SONATA_PRINTF(3, 4);
static int misfit(const struct place *at, const yaml_node_t *node, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return complain(at->doc, at->err, node->start_mark.line + 1, at->path, text);
}

static const char *scalar_text(const yaml_node_t *node) { return (const char *)node->data.scalar.value; }

static const char *kind_of(const yaml_node_t *node)
{
    if (node->type == YAML_MAPPING_NODE)
        return "a mapping";
    return node->type == YAML_SEQUENCE_NODE ? "a list" : "a value";
}

/* "a, b, c" of a mapping's keys. */
static void list_keys(const cyaml_schema_field_t *field, char text[LIST_MAX_TEXT])
{
    struct text_builder t = text_begin(text, LIST_MAX_TEXT);
    for (; field->key; field++)
        text_join(&t, ", ", "%s", field->key);
}

static void list_enum(const cyaml_schema_value_t *schema, char text[LIST_MAX_TEXT])
{
    struct text_builder t = text_begin(text, LIST_MAX_TEXT);
    for (uint32_t i = 0; i < schema->enumeration.count; i++)
        text_join(&t, " or ", "%s", schema->enumeration.strings[i].str);
}

/* What a value of this schema looks like, for the second half of an error. */
static void expectation(const cyaml_schema_value_t *schema, char text[LIST_MAX_TEXT])
{
    char inner[LIST_MAX_TEXT];
    switch (schema->type) {
    case CYAML_MAPPING:
        list_keys(schema->mapping.fields, inner);
        snprintf(text, LIST_MAX_TEXT, "a mapping with the keys %.200s", inner);
        return;
    case CYAML_SEQUENCE:
        snprintf(text, LIST_MAX_TEXT, "a list of %u to %u entries", schema->sequence.min, schema->sequence.max);
        return;
    case CYAML_SEQUENCE_FIXED:
        snprintf(text, LIST_MAX_TEXT, "a list of exactly %u entries", schema->sequence.min);
        return;
    case CYAML_ENUM:
        list_enum(schema, text);
        return;
    case CYAML_INT:
        copy_string(text, LIST_MAX_TEXT, "a whole number");
        return;
    case CYAML_UINT:
        copy_string(text, LIST_MAX_TEXT, "a whole number, 0 or more");
        return;
    case CYAML_FLOAT:
        copy_string(text, LIST_MAX_TEXT, "a number");
        return;
    case CYAML_BOOL:
        copy_string(text, LIST_MAX_TEXT, "true or false");
        return;
    default:
        snprintf(text, LIST_MAX_TEXT, "a text of %u to %u characters", schema->string.min, schema->string.max);
        return;
    }
}

static int walk(struct place *at, const yaml_node_t *node, const cyaml_schema_value_t *schema);

static size_t push_path(struct place *at, const char *key)
{
    size_t old = strlen(at->path);
    snprintf(at->path + old, sizeof at->path - old, "%s%.80s", old ? "." : "", key);
    return old;
}

static int walk_sequence(struct place *at, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
    char expected[LIST_MAX_TEXT];
    expectation(schema, expected);
    if (node->type != YAML_SEQUENCE_NODE)
        return misfit(at, node, "%s is here; expected %s", kind_of(node), expected);
    size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (n < schema->sequence.min || n > schema->sequence.max)
        return misfit(at, node, "%zu entries are here; expected %s", n, expected);
    for (size_t i = 0; i < n; i++) {
        size_t old = strlen(at->path);
        snprintf(at->path + old, sizeof at->path - old, "[%zu]", i);
        const yaml_node_t *entry = yaml_document_get_node((yaml_document_t *)&at->doc->tree, node->data.sequence.items.start[i]);
        int r = walk(at, entry, schema->sequence.entry);
        if (r)
            return r;
        at->path[old] = 0;
    }
    return 0;
}

static int unknown_key(const struct place *at, const yaml_node_t *key, const cyaml_schema_field_t *fields)
{
    const char *candidate[64];
    size_t n = 0;
    for (const cyaml_schema_field_t *f = fields; f->key && n < 64; f++)
        candidate[n++] = f->key;
    char keys[LIST_MAX_TEXT];
    list_keys(fields, keys);
    const char *near = nearest_word(scalar_text(key), candidate, n);
    if (near)
        return misfit(at, key, "unknown key '%.40s': did you mean '%s'? expected %s", scalar_text(key), near, keys);
    return misfit(at, key, "unknown key '%.40s'; expected %s", scalar_text(key), keys);
}

static int walk_pair(struct place *at, const yaml_node_t *key, const yaml_node_t *value, const cyaml_schema_field_t *fields, uint64_t *seen)
{
    if (key->type != YAML_SCALAR_NODE || !scalar_text(key)[0])
        return misfit(at, key, "%s is used as a key; expected a word", kind_of(key));
    for (unsigned f = 0; fields[f].key; f++) {
        if (strcmp(fields[f].key, scalar_text(key)))
            continue;
        if (*seen >> f & 1)
            return misfit(at, key, "key '%s' is given twice; expected once", fields[f].key);
        *seen |= UINT64_C(1) << f;
        size_t old = push_path(at, fields[f].key);
        int r = walk(at, value, &fields[f].value);
        if (!r)
            at->path[old] = 0;
        return r;
    }
    return unknown_key(at, key, fields);
}

static int walk_mapping(struct place *at, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
    char expected[LIST_MAX_TEXT];
    expectation(schema, expected);
    if (node->type != YAML_MAPPING_NODE)
        return misfit(at, node, "%s is here; expected %s", kind_of(node), expected);
    uint64_t seen = 0;
    const cyaml_schema_field_t *fields = schema->mapping.fields;
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
        yaml_document_t *tree = (yaml_document_t *)&at->doc->tree;
        int r = walk_pair(at, yaml_document_get_node(tree, p->key), yaml_document_get_node(tree, p->value), fields, &seen);
        if (r)
            return r;
    }
    for (unsigned f = 0; fields[f].key; f++) {
        if (!(fields[f].value.flags & CYAML_FLAG_OPTIONAL) && !(seen >> f & 1)) {
            expectation(&fields[f].value, expected);
            return misfit(at, node, "key '%s' is missing; expected %s", fields[f].key, expected);
        }
    }
    return 0;
}

static bool scalar_fits(const char *text, const cyaml_schema_value_t *schema)
{
    uint64_t u;
    int64_t i;
    double d;
    uint64_t max = schema->data_size >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * schema->data_size)) - 1;
    switch (schema->type) {
    case CYAML_UINT:
        return parse_u64(text, 0, max, &u) == 0;
    case CYAML_INT:
        return parse_i64(text, -(int64_t)(max / 2) - 1, (int64_t)(max / 2), &i) == 0;
    case CYAML_FLOAT:
        return parse_double(text, &d) == 0;
    case CYAML_BOOL:
        return !strcmp(text, "true") || !strcmp(text, "false");
    case CYAML_ENUM:
        for (uint32_t e = 0; e < schema->enumeration.count; e++) {
            if (!strcmp(text, schema->enumeration.strings[e].str))
                return true;
        }
        return false;
    case CYAML_STRING:
        return strlen(text) >= schema->string.min && strlen(text) <= schema->string.max;
    default:
        return false;
    }
}

static int walk_scalar(struct place *at, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
    char expected[LIST_MAX_TEXT];
    expectation(schema, expected);
    if (node->type != YAML_SCALAR_NODE)
        return misfit(at, node, "%s is here; expected %s", kind_of(node), expected);
    const char *text = scalar_text(node);
    if (strlen(text) != node->data.scalar.length)
        return misfit(at, node, "the value holds a zero byte; expected %s", expected);
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return misfit(at, node, "the value holds a control character; expected %s on one line", expected);
    }
    if (!scalar_fits(text, schema))
        return misfit(at, node, text[0] ? "'%.60s' is here; expected %s" : "nothing is here%.0s; expected %s", text, expected);
    return 0;
}

static int walk(struct place *at, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
    switch (schema->type) {
    case CYAML_MAPPING:
        return walk_mapping(at, node, schema);
    case CYAML_SEQUENCE:
    case CYAML_SEQUENCE_FIXED:
        return walk_sequence(at, node, schema);
    default:
        return walk_scalar(at, node, schema);
    }
}

static int syntax_error(const struct yaml_doc *doc, const yaml_parser_t *p, struct sonata_error *err)
{
    char text[300];
    int n = snprintf(text, sizeof text, "not valid YAML: %.120s", p->problem ? p->problem : "unreadable");
    if (p->context)
        snprintf(text + n, sizeof text - (size_t)n, " %.80s", p->context);
    if (p->error == YAML_READER_ERROR) {
        size_t line = 1;
        for (size_t i = 0; i < p->problem_offset && i < (size_t)(p->input.string.end - p->input.string.start); i++)
            line += p->input.string.start[i] == '\n';
        return complain(doc, err, line, "", text);
    }
    return complain(doc, err, p->problem_mark.line + 1, "", text);
}

/* First pass over the events: syntax, one document, no aliases. */
static int scan_events(const struct yaml_doc *doc, yaml_parser_t *parser, struct sonata_error *err)
{
    unsigned documents = 0;
    for (;;) {
        yaml_event_t e;
        if (!yaml_parser_parse(parser, &e))
            return syntax_error(doc, parser, err);
        yaml_event_type_t type = e.type;
        size_t line = e.start_mark.line + 1;
        yaml_event_delete(&e);
        if (type == YAML_ALIAS_EVENT)
            return complain(doc, err, line, "", "an alias (*name) is here; anchors and aliases cannot be used, write the value out");
        if (type == YAML_DOCUMENT_START_EVENT && documents++)
            return complain(doc, err, line, "", "a second document starts here; expected one");
        if (type == YAML_STREAM_END_EVENT)
            return documents ? 0 : complain(doc, err, 1, "", "the file is empty");
    }
}

static int load_tree(struct yaml_doc *doc, yaml_parser_t *parser, struct sonata_error *err)
{
    if (!yaml_parser_load(parser, &doc->tree))
        return syntax_error(doc, parser, err);
    doc->have_tree = true;
    return yaml_document_get_root_node(&doc->tree) ? 0 : complain(doc, err, 1, "", "the file is empty");
}

static int parse_tree(struct yaml_doc *doc, const char *text, size_t n, struct sonata_error *err)
{
    int r = 0;
    for (unsigned pass = 0; pass < 2 && !r; pass++) {
        yaml_parser_t parser;
        if (!yaml_parser_initialize(&parser))
            return sonata_error_set(err, -ENOMEM, "%s: no memory for the YAML parser", doc->origin);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
        r = pass ? load_tree(doc, &parser, err) : scan_events(doc, &parser, err);
        yaml_parser_delete(&parser);
    }
    return r;
}

int yaml_doc_open(const char *text, size_t n, const char *origin, const cyaml_schema_value_t *schema, struct yaml_doc **ret_doc,
                  struct sonata_error *err)
{
    if (n > YAML_TEXT_MAX)
        return sonata_error_set(err, -EFBIG, "%s: %zu bytes; at most %d are read", origin, n, YAML_TEXT_MAX);
    struct yaml_doc *doc = xcalloc(1, sizeof *doc);
    doc->origin = xstrdup(origin);
    doc->schema = schema;
    int r = parse_tree(doc, text, n, err);
    if (!r) {
        struct place at = {.doc = doc, .err = err};
        r = walk(&at, yaml_document_get_root_node(&doc->tree), schema);
    }
    if (!r) {
        cyaml_err_t e = cyaml_load_data((const uint8_t *)text, n, &config, schema, &doc->data, NULL);
        if (e != CYAML_OK)
            r = sonata_error_set(err, -EINVAL, "%s: %s", origin, cyaml_strerror(e));
    }
    if (r) {
        yaml_doc_free(doc);
        return r;
    }
    *ret_doc = doc;
    return 0;
}

const void *yaml_doc_data(const struct yaml_doc *doc) { return doc->data; }

void yaml_doc_free(struct yaml_doc *doc)
{
    if (!doc)
        return;
    if (doc->data)
        cyaml_free(&config, doc->schema, doc->data, 0);
    if (doc->have_tree)
        yaml_document_delete(&doc->tree);
    free(doc->origin);
    free(doc);
}

void cleanup_yaml_doc_pointer(struct yaml_doc **doc) { yaml_doc_free(*doc); }

/* The child of `node` that the first step of *path names; advances *path behind the step. NULL: absent. */
static const yaml_node_t *step(const struct yaml_doc *doc, const yaml_node_t *node, const char **path)
{
    yaml_document_t *tree = (yaml_document_t *)&doc->tree;
    const char *p = *path;
    if (*p == '[') {
        char *end;
        unsigned long i = strtoul(p + 1, &end, 10);
        *path = *end == ']' ? end + 1 : end;
        if (node->type != YAML_SEQUENCE_NODE || i >= (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
            return NULL;
        return yaml_document_get_node(tree, node->data.sequence.items.start[i]);
    }
    p += *p == '.';
    size_t n = strcspn(p, ".[");
    *path = p + n;
    if (node->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(tree, pair->key);
        if (key->type == YAML_SCALAR_NODE && strlen(scalar_text(key)) == n && !strncmp(scalar_text(key), p, n))
            return yaml_document_get_node(tree, pair->value);
    }
    return NULL;
}

int yaml_doc_error(const struct yaml_doc *doc, struct sonata_error *err, const char *path, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const yaml_node_t *node = yaml_document_get_root_node((yaml_document_t *)&doc->tree);
    for (const char *p = path; *p;) {
        const yaml_node_t *child = step(doc, node, &p);
        if (!child)
            break;
        node = child;
    }
    return complain(doc, err, node->start_mark.line + 1, path, text);
}
