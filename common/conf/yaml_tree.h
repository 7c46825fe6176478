/* YAML text as a tree of places, with errors a person can act on: every complaint reads `origin:line: path: what is here; what was expected`.
 *
 * What a place holds is read by tables of options (conf/yaml_options.h), or by hand with the calls below. */
#ifndef SONATA_CONF_YAML_TREE_H
#define SONATA_CONF_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { YAML_FILE_MAX = 1 << 20, /* bytes of one file */ YAML_PATH_MAX = 200, YAML_DEPTH_MAX = 16 };

struct yaml_tree;

/* One value of a document: a list, a mapping, or a text. Plain data; of use as long as the tree. */
struct yaml_at {
    const struct yaml_tree *tree;
    const void *node;
    char path[YAML_PATH_MAX]; /* "boards[1].power"; "" is the whole file */
};

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAPPING };

/* Parses n bytes: one document without aliases, of texts on one line without control characters, in which every key is a word that its mapping holds
 * once. `origin` names the text in errors and is copied. *ret_root is the whole file. -EINVAL with the place, -EFBIG above YAML_FILE_MAX. */
int yaml_parse(const char *text, size_t n, const char *origin, struct yaml_at *ret_root, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same of a file. -ENOENT and the like as file_read(). */
int yaml_read(const char *path, struct yaml_at *ret_root, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases the tree of the root that one of them gave; a zeroed one is nothing. */
void yaml_tree_free(struct yaml_at *root);
#define cleanup_yaml __attribute__((cleanup(yaml_tree_free)))

/* What the place holds. */
enum yaml_kind yaml_kind(const struct yaml_at *at);
/* "a value", "a list", "a mapping": for complaints about one that stands where another is expected. */
const char *yaml_kind_name(const struct yaml_at *at);
/* The text of a YAML_TEXT ("" of anything else); lives as long as the tree. */
const char *yaml_value(const struct yaml_at *at);
/* Entries of a list, keys of a mapping. */
size_t yaml_count(const struct yaml_at *at);
/* The i-th entry of a list or value of a mapping, i < yaml_count(). */
struct yaml_at yaml_entry(const struct yaml_at *at, size_t i);
/* The i-th key of a mapping. */
const char *yaml_key(const struct yaml_at *mapping, size_t i);
/* The value of a key; false: the mapping has none, or it is no mapping. */
bool yaml_find(const struct yaml_at *mapping, const char *key, struct yaml_at *ret_value);
/* Is it a list of min to max entries? -EINVAL says what it is. */
int yaml_is_list(const struct yaml_at *at, size_t min, size_t max, struct sonata_error *err) SONATA_MUST_CHECK;

/* Complains about the place. Returns -EINVAL. */
int yaml_wrong(const struct yaml_at *at, struct sonata_error *err, const char *format, ...) SONATA_PRINTF(3, 4);
/* The same about the value at `path` below the root ("objectives[1].metric"): the line is that of its nearest parent where it is absent. */
int yaml_wrong_in(const struct yaml_at *root, struct sonata_error *err, const char *path, const char *format, ...) SONATA_PRINTF(4, 5);
/* The same about what its mapping holds, or lacks, at `key`, or about `key` itself: the line is the key's where it is there. */
int yaml_wrong_key(const struct yaml_at *mapping, const char *key, struct sonata_error *err, const char *format, ...) SONATA_PRINTF(4, 5);
/* `name` as seen from the folder of the file that the place is in, unless it is absolute. False: too long. */
bool yaml_beside(const struct yaml_at *at, const char *name, char *path, size_t size);

#endif
