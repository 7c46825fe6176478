/* See assets.h. */
#include "web/assets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"

enum { ETAG_SIZE = 24, PLAIN_MAX = 16 << 20, PATH_SIZE = 4096 };

struct assets {
    char *root;
    size_t n;
    char (*etag)[ETAG_SIZE];
    struct bytes *plain; /* unpacked when somebody cannot read gzip */
    struct bytes fresh;  /* of --web-root */
    char fresh_etag[ETAG_SIZE];
};

static const char *type_of(const char *name)
{
    static const char *const type[][2] = {{".html", "text/html; charset=utf-8"},
                                          {".js", "text/javascript; charset=utf-8"},
                                          {".css", "text/css; charset=utf-8"},
                                          {".svg", "image/svg+xml"},
                                          {".json", "application/json"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof type / sizeof *type; i++) {
        if (!strcmp(dot, type[i][0]))
            return type[i][1];
    }
    return "application/octet-stream";
}

static void tag(const void *data, size_t n, char etag[ETAG_SIZE])
{
    uint8_t hash[HASH_SIZE];
    char hex[HASH_HEX];
    hash_content(data, n, hash);
    hash_to_hex(hash, sizeof hash, hex);
    snprintf(etag, ETAG_SIZE, "\"%.16s\"", hex);
}

struct assets *assets_new(const char *root)
{
    struct assets *a = xcalloc(1, sizeof *a);
    a->root = root[0] ? xstrdup(root) : NULL;
    while (web_assets[a->n].name)
        a->n++;
    a->etag = xcalloc(a->n + 1, sizeof *a->etag);
    a->plain = xcalloc(a->n + 1, sizeof *a->plain);
    for (size_t i = 0; i < a->n; i++)
        tag(web_assets[i].data, (size_t)(web_assets[i].end - web_assets[i].data), a->etag[i]);
    return a;
}

void assets_free(struct assets *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n; i++)
        bytes_fini(&a->plain[i]);
    bytes_fini(&a->fresh);
    free(a->plain);
    free(a->etag);
    free(a->root);
    free(a);
}

static bool unpack(const struct web_asset *x, struct bytes *out)
{
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)x->data, .avail_in = (uInt)(x->end - x->data)};
    uint8_t block[16384];
    int r = inflateInit2(&z, 15 + 16);
    while (r == Z_OK && out->size < PLAIN_MAX) {
        z.next_out = block;
        z.avail_out = sizeof block;
        r = inflate(&z, Z_NO_FLUSH);
        if (r == Z_OK || r == Z_STREAM_END)
            bytes_append(out, block, sizeof block - z.avail_out);
    }
    inflateEnd(&z);
    return r == Z_STREAM_END;
}

static bool from_root(struct assets *a, const char *name, struct asset_file *ret)
{
    char path[PATH_SIZE];
    bytes_clear(&a->fresh);
    snprintf(path, sizeof path, "%s/%s", a->root, name);
    if (file_read(path, PLAIN_MAX, &a->fresh, NULL))
        return false;
    tag(a->fresh.data, a->fresh.size, a->fresh_etag);
    *ret = (struct asset_file){a->fresh.data, a->fresh.size, type_of(name), a->fresh_etag, false, true};
    return true;
}

bool assets_find(struct assets *a, const char *name, bool plain, struct asset_file *ret_file)
{
    size_t i = 0;
    while (i < a->n && strcmp(web_assets[i].name, name))
        i++;
    if (i == a->n)
        return false;
    if (a->root && from_root(a, name, ret_file))
        return true;
    const struct web_asset *x = &web_assets[i];
    *ret_file = (struct asset_file){x->data, (size_t)(x->end - x->data), type_of(name), a->etag[i], true, false};
    if (!plain)
        return true;
    if (!a->plain[i].size && !unpack(x, &a->plain[i]))
        return false;
    ret_file->data = a->plain[i].data;
    ret_file->size = a->plain[i].size;
    ret_file->gzipped = false;
    return true;
}
