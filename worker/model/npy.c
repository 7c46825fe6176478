/* See npy.h. The header is a Python dictionary of three keys; only what NumPy itself writes is understood. */
#include "model/npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

enum { MAGIC = 6, HEADER_MAX = 4096 };
#define FILE_BYTES_MAX ((size_t)1 << 31)

struct header {
    const char *name;
    char text[HEADER_MAX + 1];
    char kind; /* f, i, u, b */
    size_t item;
    struct sonata_error *err;
};

static int refuse(const struct header *h, int code, const char *what) { return sonata_error_set(h->err, code, "%s: %s", h->name, what); }

/* The text after a key and its colon. */
static const char *value_of(const struct header *h, const char *key)
{
    const char *at = strstr(h->text, key);
    at = at ? strchr(at, ':') : NULL;
    return at ? at + 1 + strspn(at + 1, " ") : NULL;
}

static int read_type(struct header *h)
{
    const char *at = value_of(h, "'descr'");
    char order, kind;
    unsigned item;
    if (!at || sscanf(at, "'%c%c%1u'", &order, &kind, &item) != 3)
        return refuse(h, -ENOTSUP, "an array of records or of an unknown type");
    bool known = (kind == 'f' && (item == 4 || item == 8)) || ((kind == 'i' || kind == 'u') && (item == 1 || item == 2 || item == 4 || item == 8)) ||
                 (kind == 'b' && item == 1);
    if (!known || order == '>')
        return refuse(h, -ENOTSUP, "this type is not known here; save float32 or int64, little-endian");
    h->kind = kind;
    h->item = item;
    return 0;
}

static int read_shape(const struct header *h, struct graph_shape *s)
{
    const char *at = value_of(h, "'shape'");
    *s = (struct graph_shape){.rank = 0};
    if (!at || *at != '(')
        return refuse(h, -EBADMSG, "its shape is missing");
    for (at++; *at && *at != ')'; at += strspn(at, ", L")) {
        char *end;
        errno = 0;
        long long d = strtoll(at, &end, 10);
        if (end == at || errno || d < 0 || s->rank >= GRAPH_RANK_MAX)
            return refuse(h, -EBADMSG, "its shape is damaged, or has more than 8 dimensions");
        s->dim[s->rank++] = d;
        at = end;
    }
    return graph_elements(s) < 0 ? refuse(h, -EFBIG, "more than 2^28 values") : 0;
}

static uint64_t item_bits(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static float to_float(uint64_t bits, size_t item)
{
    uint32_t low = (uint32_t)bits;
    float f;
    double d;
    memcpy(&f, &low, sizeof f);
    memcpy(&d, &bits, sizeof d);
    return item == 4 ? f : (float)d;
}

static int64_t to_integer(const struct header *h, uint64_t bits)
{
    unsigned shift = (unsigned)(64 - 8 * h->item);
    if (h->kind == 'b')
        return bits != 0;
    return h->kind == 'i' ? (int64_t)(bits << shift) >> shift : (int64_t)bits;
}

static void convert(const struct header *h, const uint8_t *p, size_t n, const struct graph_tensor *t)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = item_bits(p + i * h->item, h->item);
        if (t->type == GRAPH_F32)
            ((float *)t->data)[i] = to_float(bits, h->item);
        else
            ((int64_t *)t->data)[i] = to_integer(h, bits);
    }
}

/* Copies the header's text; *ret_begin: where the values begin. */
static int read_header(struct header *h, const uint8_t *p, size_t size, size_t *ret_begin)
{
    if (size < MAGIC + 4 || memcmp(p, "\x93NUMPY", MAGIC))
        return refuse(h, -EBADMSG, "not a .npy file");
    bool first = p[MAGIC] == 1;
    size_t at = MAGIC + 2 + (first ? 2u : 4u), n = 0;
    if (size >= at)
        n = (size_t)item_bits(p + MAGIC + 2, first ? 2 : 4);
    if (size < at || n > HEADER_MAX || n > size - at)
        return refuse(h, -EBADMSG, "its header is damaged");
    memcpy(h->text, p + at, n);
    h->text[n] = 0;
    const char *order = value_of(h, "'fortran_order'");
    if (!order || strncmp(order, "False", 5))
        return refuse(h, -ENOTSUP, "an array in Fortran order; save numpy.ascontiguousarray of it");
    *ret_begin = at + n;
    return 0;
}

int npy_parse(const void *data, size_t size, const char *name, struct graph_tensor *ret, struct sonata_error *err)
{
    struct header h = {.name = name, .err = err};
    struct graph_tensor t = {0};
    size_t begin = 0;
    int r = read_header(&h, data, size, &begin);
    r = r ? r : read_type(&h);
    r = r ? r : read_shape(&h, &t.shape);
    if (r)
        return r;
    size_t n = (size_t)graph_elements(&t.shape);
    if ((size - begin) / h.item < n)
        return refuse(&h, -EBADMSG, "it is shorter than its shape says");
    t.type = h.kind == 'f' ? GRAPH_F32 : GRAPH_I64;
    t.data = xcalloc(n + 1, graph_type_size(t.type));
    convert(&h, (const uint8_t *)data + begin, n, &t);
    *ret = t;
    return 0;
}

int npy_read(const char *path, struct graph_tensor *ret, struct sonata_error *err)
{
    cleanup_bytes struct bytes b = {0};
    int r = file_read(path, FILE_BYTES_MAX, &b, err);
    return r ? r : npy_parse(b.data, b.size, path, ret, err);
}

int npy_write(const char *path, enum graph_type type, const struct graph_shape *shape, const void *data, struct sonata_error *err)
{
    cleanup_bytes struct bytes b = {0};
    char dict[512], dims[256] = "";
    size_t at = 0;
    for (unsigned i = 0; i < shape->rank; i++)
        at += (size_t)snprintf(dims + at, sizeof dims - at, "%lld,%s", (long long)shape->dim[i], i + 1 < shape->rank ? " " : "");
    int n = snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type == GRAPH_F32 ? "<f4" : "<i8", dims);
    size_t whole = ((size_t)n + 1 + 10 + 63) / 64 * 64 - 10; /* values begin at a multiple of 64 */
    bytes_append(&b, "\x93NUMPY\x01\x00", 8);
    bytes_put_u16(&b, (uint16_t)whole);
    bytes_append(&b, dict, (size_t)n);
    while (b.size < 10 + whole - 1)
        bytes_put_u8(&b, ' ');
    bytes_put_u8(&b, '\n');
    bytes_append(&b, data, (size_t)graph_elements(shape) * graph_type_size(type));
    return file_write_atomic(path, b.data, b.size, err);
}
