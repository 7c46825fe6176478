/* The pages' files, built in gzipped (assets.cmake makes the table), or read from a folder while somebody works on them. */
#ifndef SONATA_WEB_ASSETS_H
#define SONATA_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* One built-in file; data is a gzip member. */
struct web_asset {
    const char *name; /* "app/main.js" */
    const char *data, *end;
};
extern const struct web_asset web_assets[]; /* ended by a NULL name; made at build time */

struct assets;

/* root "": the built-in files. */
struct assets *assets_new(const char *root);
/* Frees it with all it holds; NULL is allowed. */
void assets_free(struct assets *a);

struct asset_file {
    const void *data; /* lives as long as the assets, or (fresh) until the next call */
    size_t size;
    const char *type, *etag;
    bool gzipped, fresh;
};
/* Only names of the table are found, so no path leads elsewhere. plain: not gzipped. */
bool assets_find(struct assets *a, const char *name, bool plain, struct asset_file *ret_file);

#endif
