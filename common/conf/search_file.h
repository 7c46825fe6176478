/* Search files (YAML, DESIGN section 3; documented in docs/SEARCH_FILE.md). */
#ifndef SONATA_CONF_SEARCH_FILE_H
#define SONATA_CONF_SEARCH_FILE_H

#include "base/error.h"
#include "domain/spec.h"

enum { SEARCH_BOARDS_MAX = 16 };

/* Everything a search file says: the spec that travels to the master, and what only the client needs. */
struct search_file {
    struct search_spec spec;
    char supernet_path[SPEC_PATH_MAX];            /* "" when there is none */
    unsigned n_boards;                            /* boards that `sonata run` gives its private worker; 0: this host */
    char board[SEARCH_BOARDS_MAX][SPEC_PATH_MAX]; /* as the --board option of sonata-worker */
};

/* Reads and checks a search file, resolves its space and its supernet (name → file by share_find("supernets"), or a path; paths are relative to
 * the search file). The supernet's content hash is put into the spec. Errors name file, line, key and what was expected. */
int search_file_load(const char *path, struct search_file *ret_file, struct sonata_error *err) SONATA_MUST_CHECK;
/* From memory; `origin` is used in errors and its folder for relative paths. */
int search_file_load_text(const char *text, size_t n, const char *origin, struct search_file *ret_file, struct sonata_error *err) SONATA_MUST_CHECK;

/* From a stranger: no file that the text names is opened. Its space is the preset it names or, when given, `space`, the text of a space file; a
 * supernet is one of share_find(); there is no policy, and boards are of no account. */
int search_file_load_closed(const char *text, const char *space, struct search_file *ret_file, struct sonata_error *err) SONATA_MUST_CHECK;

/* As search_file_load_text(), the spec and the supernet's path only ("" when there is none). */
int search_file_parse(const char *text, size_t n, const char *origin, struct search_spec *ret_spec, char ret_supernet_path[SPEC_PATH_MAX],
                      struct sonata_error *err) SONATA_MUST_CHECK;

#endif
