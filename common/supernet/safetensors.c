/* See safetensors.h. A small cursor over the JSON header reads only what the format allows; anything else is an error with its byte offset. */
#include "supernet/safetensors.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ---- reading ---- */

struct cursor {
    const char *text, *name;
    size_t at, n;
    struct sonata_error *err;
};

static int fail(const struct cursor *c, const char *expected)
{
    if (c->at >= c->n)
        return sonata_error_set(c->err, -EBADMSG, "%s: the header ends at byte %zu where %s was expected", c->name, c->at + 8, expected);
    return sonata_error_set(c->err, -EBADMSG, "%s: byte %zu of the file: expected %s", c->name, c->at + 8, expected);
}

static void skip_space(struct cursor *c)
{
    while (c->at < c->n && strchr(" \t\r\n", c->text[c->at]) && c->text[c->at])
        c->at++;
}

/* Takes the character after white space if it is there. */
static bool accept(struct cursor *c, char want)
{
    skip_space(c);
    if (c->at >= c->n || c->text[c->at] != want)
        return false;
    c->at++;
    return true;
}

static int expect(struct cursor *c, char want)
{
    char text[4] = {'\'', want, '\'', 0};
    return accept(c, want) ? 0 : fail(c, text);
}

/* Four hexadecimal digits as UTF-8; returns the bytes written or 0 when malformed, a surrogate or NUL. */
static size_t unescape_unicode(struct cursor *c, char out[3])
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++, c->at++) {
        const char *digits = "0123456789abcdefABCDEF", *d = c->at < c->n && c->text[c->at] ? strchr(digits, c->text[c->at]) : NULL;
        if (!d)
            return 0;
        unsigned digit = (unsigned)(d - digits);
        v = v * 16 + (digit > 15 ? digit - 6 : digit);
    }
    if (!v || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    if (v < 0x80) {
        out[0] = (char)v;
        return 1;
    }
    if (v < 0x800) {
        out[0] = (char)(0xc0 | v >> 6);
        out[1] = (char)(0x80 | (v & 63));
        return 2;
    }
    out[0] = (char)(0xe0 | v >> 12);
    out[1] = (char)(0x80 | (v >> 6 & 63));
    out[2] = (char)(0x80 | (v & 63));
    return 3;
}

/* A string of less than size bytes into dst. */
static int read_string(struct cursor *c, char *dst, size_t size)
{
    int r = expect(c, '"');
    if (r)
        return r;
    size_t used = 0;
    while (c->at < c->n && c->text[c->at] != '"') {
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        char piece[3] = {c->text[c->at++]};
        size_t n = 1;
        if ((unsigned char)piece[0] < 0x20)
            return fail(c, "no control character in a string");
        if (piece[0] == '\\') {
            char e = c->at < c->n ? c->text[c->at++] : 0;
            const char *known = e ? strchr(from, e) : NULL;
            if (known)
                piece[0] = to[known - from];
            else
                n = e == 'u' ? unescape_unicode(c, piece) : 0;
            if (!n)
                return fail(c, "a valid escape");
        }
        if (used + n >= size)
            return fail(c, "a shorter string");
        memcpy(dst + used, piece, n);
        used += n;
    }
    dst[used] = 0;
    return expect(c, '"');
}

static int read_count(struct cursor *c, size_t *ret_value)
{
    skip_space(c);
    uint64_t v = 0;
    size_t digits = 0;
    for (; c->at < c->n && c->text[c->at] >= '0' && c->text[c->at] <= '9'; c->at++, digits++) {
        v = v * 10 + (uint64_t)(c->text[c->at] - '0');
        if (v > UINT64_C(1) << 40 || v > SIZE_MAX)
            return fail(c, "a number below 2^40 (2^32 on a 32-bit system)");
    }
    if (!digits)
        return fail(c, "a number");
    *ret_value = (size_t)v;
    return 0;
}

/* [a, b, …] of at most max numbers. */
static int read_counts(struct cursor *c, size_t max, size_t *value, unsigned *ret_n)
{
    int r = expect(c, '[');
    *ret_n = 0;
    if (!r && accept(c, ']'))
        return 0;
    while (!r) {
        if (*ret_n == max)
            return fail(c, "fewer numbers in the list");
        r = read_count(c, &value[(*ret_n)++]);
        if (!r && !accept(c, ','))
            return expect(c, ']');
    }
    return r;
}

static size_t dtype_bytes(const char *dtype)
{
    static const struct {
        const char *name;
        size_t bytes;
    } known[] = {{"F64", 8}, {"I64", 8}, {"U64", 8}, {"F32", 4}, {"I32", 4}, {"U32", 4}, {"F16", 2},
                 {"BF16", 2}, {"I16", 2}, {"U16", 2}, {"I8", 1}, {"U8", 1}, {"BOOL", 1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(dtype, known[i].name))
            return known[i].bytes;
    }
    return 0;
}

/* Type, shape and place agree with each other and with the file. */
static int place_tensor(const struct cursor *c, struct safetensors_tensor *t, const size_t offset[2], const uint8_t *data, size_t data_size)
{
    size_t bytes = dtype_bytes(t->dtype);
    if (!bytes)
        return sonata_error_set(c->err, -EBADMSG, "%s: tensor '%s': type '%s' is not known", c->name, t->name, t->dtype);
    for (unsigned i = 0; i < t->n_dims; i++) {
        if (t->dim[i] && bytes > data_size / t->dim[i])
            return sonata_error_set(c->err, -EBADMSG, "%s: tensor '%s': its shape needs more than the %zu bytes of data in the file", c->name,
                                    t->name, data_size);
        bytes *= t->dim[i];
    }
    if (offset[0] > offset[1] || offset[1] > data_size)
        return sonata_error_set(c->err, -EBADMSG, "%s: tensor '%s': bytes %zu to %zu, but the file has %zu bytes of data (truncated?)", c->name,
                                t->name, offset[0], offset[1], data_size);
    if (offset[1] - offset[0] != bytes)
        return sonata_error_set(c->err, -EBADMSG, "%s: tensor '%s': its shape needs %zu bytes, its offsets give %zu", c->name, t->name, bytes,
                                offset[1] - offset[0]);
    t->data = data + offset[0];
    t->size = bytes;
    return 0;
}

static int read_tensor(struct cursor *c, struct safetensors_tensor *t, const uint8_t *data, size_t data_size)
{
    size_t offset[2] = {1, 0};
    unsigned n_offsets = 0;
    bool shape = false;
    int r = expect(c, '{');
    while (!r) {
        char key[32];
        r = read_string(c, key, sizeof key);
        r = r ? r : expect(c, ':');
        if (r)
            return r;
        if (!strcmp(key, "dtype")) {
            r = read_string(c, t->dtype, sizeof t->dtype);
        } else if (!strcmp(key, "shape")) {
            r = read_counts(c, SAFETENSORS_DIMS_MAX, t->dim, &t->n_dims);
            shape = true;
        } else if (!strcmp(key, "data_offsets")) {
            r = read_counts(c, 2, offset, &n_offsets);
        } else {
            return fail(c, "dtype, shape or data_offsets before this");
        }
        if (!r && !accept(c, ',')) {
            r = expect(c, '}');
            break;
        }
    }
    if (!r && (!t->dtype[0] || !shape || n_offsets != 2))
        return fail(c, "dtype, shape and two data_offsets before this");
    return r ? r : place_tensor(c, t, offset, data, data_size);
}

static int read_metadata(struct cursor *c, struct safetensors *f)
{
    char *value = xmalloc(SAFETENSORS_TEXT_MAX);
    int r = expect(c, '{');
    bool more = !r && !accept(c, '}');
    while (more && !r) {
        char key[SAFETENSORS_NAME_MAX];
        r = f->n_metadata < SAFETENSORS_METADATA_MAX ? 0 : fail(c, "fewer metadata entries");
        r = r ? r : read_string(c, key, sizeof key);
        r = r ? r : expect(c, ':');
        r = r ? r : read_string(c, value, SAFETENSORS_TEXT_MAX);
        if (!r) {
            f->metadata = xreallocarray(f->metadata, f->n_metadata + 1, sizeof *f->metadata);
            struct safetensors_entry *e = &f->metadata[f->n_metadata++];
            memcpy(e->key, key, sizeof key);
            e->value = xstrdup(value);
            more = accept(c, ',');
            r = more ? 0 : expect(c, '}');
        }
    }
    free(value);
    return r;
}

static int read_header(struct cursor *c, struct safetensors *f, const uint8_t *data, size_t data_size)
{
    int r = expect(c, '{');
    bool more = !r && !accept(c, '}');
    size_t capacity = 0;
    while (more && !r) {
        struct safetensors_tensor t = {{0}, {0}, 0, {0}, NULL, 0};
        r = read_string(c, t.name, sizeof t.name);
        r = r ? r : expect(c, ':');
        if (!r && !strcmp(t.name, "__metadata__")) {
            r = read_metadata(c, f);
        } else if (!r) {
            r = f->n_tensors < SAFETENSORS_TENSORS_MAX ? read_tensor(c, &t, data, data_size) : fail(c, "fewer tensors");
            if (!r && safetensors_find(f, t.name))
                r = sonata_error_set(c->err, -EBADMSG, "%s: tensor '%s' is there twice", c->name, t.name);
            if (!r) {
                f->tensor = xgrow(f->tensor, &capacity, f->n_tensors + 1, sizeof t);
                f->tensor[f->n_tensors++] = t;
            }
        }
        if (!r) {
            more = accept(c, ',');
            r = more ? 0 : expect(c, '}');
        }
    }
    skip_space(c);
    if (r || c->at == c->n)
        return r;
    return fail(c, "the end of the header");
}

static int by_place(const void *a, const void *b)
{
    const struct safetensors_tensor *x = *(struct safetensors_tensor *const *)a, *y = *(struct safetensors_tensor *const *)b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

/* The format wants the data covered without holes or overlap. */
static int check_cover(const struct safetensors *f, const uint8_t *data, size_t data_size, const char *name, struct sonata_error *err)
{
    const struct safetensors_tensor **order = xcalloc(f->n_tensors + 1, sizeof *order);
    for (size_t i = 0; i < f->n_tensors; i++)
        order[i] = &f->tensor[i];
    qsort(order, f->n_tensors, sizeof *order, by_place);
    const uint8_t *at = data;
    int r = 0;
    for (size_t i = 0; i < f->n_tensors && !r; i++) {
        if (order[i]->data != at)
            r = sonata_error_set(err, -EBADMSG, "%s: tensor '%s' starts at data byte %zu, %zu was expected (hole or overlap)", name, order[i]->name,
                                 (size_t)(order[i]->data - data), (size_t)(at - data));
        at = order[i]->data + order[i]->size;
    }
    if (!r && at != data + data_size)
        r = sonata_error_set(err, -EBADMSG, "%s: %zu bytes after the last tensor", name, (size_t)(data + data_size - at));
    free(order);
    return r;
}

int safetensors_parse(const void *bytes, size_t n, const char *name, struct safetensors *ret_file, struct sonata_error *err)
{
    struct reader head = reader_of(bytes, n);
    uint64_t length = reader_u64(&head);
    if (head.bad)
        return sonata_error_set(err, -EBADMSG, "%s: ends at byte %zu, inside the 8-byte header length", name, n);
    if (length > SAFETENSORS_HEADER_MAX || length > head.left)
        return sonata_error_set(err, -EBADMSG, "%s: byte 0: a header of %llu bytes, but the file has %zu more bytes and %d is the limit", name,
                                (unsigned long long)length, head.left, SAFETENSORS_HEADER_MAX);
    struct cursor c = {.text = (const char *)head.p, .name = name, .n = (size_t)length, .err = err};
    const uint8_t *data = head.p + length;
    size_t data_size = head.left - (size_t)length;
    struct safetensors f = {0};
    int r = read_header(&c, &f, data, data_size);
    r = r ? r : check_cover(&f, data, data_size, name, err);
    if (r)
        safetensors_fini(&f);
    else
        *ret_file = f;
    return r;
}

void safetensors_fini(struct safetensors *f)
{
    for (size_t i = 0; i < f->n_metadata; i++)
        free(f->metadata[i].value);
    free(f->metadata);
    free(f->tensor);
    *f = (struct safetensors){0};
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *f, const char *name)
{
    for (size_t i = 0; i < f->n_tensors; i++) {
        if (!strcmp(f->tensor[i].name, name))
            return &f->tensor[i];
    }
    return NULL;
}

const char *safetensors_metadata(const struct safetensors *f, const char *key)
{
    for (size_t i = 0; i < f->n_metadata; i++) {
        if (!strcmp(f->metadata[i].key, key))
            return f->metadata[i].value;
    }
    return NULL;
}

/* ---- writing ---- */

static void put_text(struct bytes *out, const char *text)
{
    bytes_append(out, text, strlen(text));
}

static void put_string(struct bytes *out, const char *text)
{
    put_text(out, "\"");
    for (const char *p = text; *p; p++) {
        char escaped[8];
        if (*p == '"' || *p == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *p);
        else if ((unsigned char)*p < 0x20)
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*p);
        else
            snprintf(escaped, sizeof escaped, "%c", *p);
        put_text(out, escaped);
    }
    put_text(out, "\"");
}

static void put_tensor(struct bytes *out, const struct supernet_tensor *t)
{
    char text[64];
    put_string(out, t->name);
    put_text(out, ":{\"dtype\":\"F32\",\"shape\":[");
    for (unsigned i = 0; i < t->n_dims; i++) {
        snprintf(text, sizeof text, "%s%zu", i ? "," : "", t->dim[i]);
        put_text(out, text);
    }
    snprintf(text, sizeof text, "],\"data_offsets\":[%zu,%zu]}", 4 * t->offset, 4 * (t->offset + t->size));
    put_text(out, text);
}

static void put_float(struct bytes *out, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bytes_put_u32(out, bits);
}

void safetensors_write_supernet(const struct supernet *n, const struct safetensors_text *metadata, size_t n_metadata, struct bytes *out)
{
    struct bytes header = {0};
    put_text(&header, "{\"__metadata__\":{");
    for (size_t i = 0; i < n_metadata; i++) {
        put_text(&header, i ? "," : "");
        put_string(&header, metadata[i].key);
        put_text(&header, ":");
        put_string(&header, metadata[i].value);
    }
    put_text(&header, "}");
    for (unsigned i = 0; i < n->n_tensors; i++) {
        put_text(&header, ",");
        put_tensor(&header, &n->tensor[i]);
    }
    put_text(&header, "}");
    while (header.size % 8)
        put_text(&header, " ");
    bytes_put_u64(out, header.size);
    bytes_append(out, header.data, header.size);
    bytes_fini(&header);
    for (size_t i = 0; i < n->n_values; i++)
        put_float(out, n->value[i]);
}

/* ---- a supernet from a file ---- */

static float get_float(const uint8_t *p)
{
    uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static int load_tensor(const struct safetensors *f, const char *name, struct supernet *n, const struct supernet_tensor *t, struct sonata_error *err)
{
    const struct safetensors_tensor *from = safetensors_find(f, t->name);
    if (!from) {
        const char *space = safetensors_metadata(f, "space");
        return sonata_error_set(err, -EINVAL, "%s: tensor '%s' of space '%s' is missing: the file is of space '%s'", name, t->name, n->space->name,
                                space ? space : "unknown");
    }
    bool same = from->n_dims == t->n_dims && !strcmp(from->dtype, "F32");
    for (unsigned i = 0; same && i < t->n_dims; i++)
        same = from->dim[i] == t->dim[i];
    if (!same)
        return sonata_error_set(err, -EINVAL, "%s: tensor '%s' has another shape or type than space '%s' needs", name, t->name, n->space->name);
    for (size_t i = 0; i < t->size; i++) {
        float v = get_float(from->data + 4 * i);
        if (!isfinite(v))
            return sonata_error_set(err, -EINVAL, "%s: tensor '%s': value %zu is not finite", name, t->name, i);
        n->value[t->offset + i] = v;
    }
    return 0;
}

int safetensors_load_supernet(const void *bytes, size_t n, const char *name, struct supernet *supernet, struct sonata_error *err)
{
    struct safetensors f;
    int r = safetensors_parse(bytes, n, name, &f, err);
    if (r)
        return r;
    for (unsigned i = 0; i < supernet->n_tensors && !r; i++)
        r = load_tensor(&f, name, supernet, &supernet->tensor[i], err);
    safetensors_fini(&f);
    return r;
}
