/* YAML text checked against a libcyaml schema, with errors a person can act on.
 *
 * libcyaml loads the data; its own error places are not precise enough to print (they point at the previous sibling), so the document is
 * walked against the same schema first and every complaint reads `origin:line: path: what is wrong; what was expected`. */
#ifndef SONATA_CONF_YAML_DOC_H
#define SONATA_CONF_YAML_DOC_H

#include <cyaml/cyaml.h>
#include <stddef.h>

#include "base/error.h"

enum { YAML_TEXT_MAX = 1 << 20 }; /* bytes of one file */

struct yaml_doc;

/* Parses n bytes (no aliases, one document) into the structure `schema` describes (a CYAML_MAPPING with CYAML_FLAG_POINTER). `origin` names
 * the text in errors and is copied. -EINVAL with the place, -EFBIG above YAML_TEXT_MAX. Supported schema types: mapping, sequence, fixed
 * sequence, string, int, uint, float, bool, enum. */
int yaml_doc_open(const char *text, size_t n, const char *origin, const cyaml_schema_value_t *schema, struct yaml_doc **ret_doc,
                  struct sonata_error *err) SONATA_MUST_CHECK;
/* The loaded structure; lives until yaml_doc_free(). */
const void *yaml_doc_data(const struct yaml_doc *doc);
/* Frees it with all it holds; NULL is allowed. */
void yaml_doc_free(struct yaml_doc *doc);
#define cleanup_yaml_doc __attribute__((cleanup(cleanup_yaml_doc_pointer)))
/* For cleanup_yaml_doc. */
void cleanup_yaml_doc_pointer(struct yaml_doc **doc);

/* Complains about the value at `path` ("objectives[1].metric"; "" is the whole file): finds its line (that of its nearest existing parent
 * when it is absent) and writes the reason. Returns -EINVAL. */
int yaml_doc_error(const struct yaml_doc *doc, struct sonata_error *err, const char *path, const char *format, ...) SONATA_PRINTF(4, 5);

#endif
