/* See call.h. */
#include "web/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/time.h"

enum { GZIP_FROM = 1400, FRESH_MS = 400 };

struct call *call_new(struct web *w, struct http_request *q)
{
    struct call *c = xcalloc(1, sizeof *c);
    c->web = w;
    c->request = q;
    return c;
}

void call_drop(struct call *c)
{
    if (c->audience)
        c->audience->users--;
    cJSON_Delete(c->body);
    bytes_fini(&c->out);
    free(c);
}

bool call_gzip(const struct bytes *in, struct bytes *out)
{
    z_stream z = {.next_in = in->data, .avail_in = (uInt)in->size};
    if (in->size < GZIP_FROM || deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t bound = deflateBound(&z, (uLong)in->size);
    bytes_append(out, NULL, bound);
    z.next_out = out->data;
    z.avail_out = (uInt)bound;
    int r = deflate(&z, Z_FINISH);
    out->size = bound - z.avail_out;
    deflateEnd(&z);
    return r == Z_STREAM_END && out->size < in->size;
}

/* An answer that the browser has already is not sent again. */
static bool is_known(const struct call *c, const char *etag)
{
    const char *have = http_header(c->request, "If-None-Match");
    return have && strstr(have, etag);
}

void call_finish(struct call *c)
{
    uint8_t hash[HASH_SIZE];
    char hex[HASH_HEX], etag[40];
    struct bytes packed = {0};
    struct http_answer a = {.status = 200, .type = "application/json", .cache = "private, no-cache", .etag = etag};
    hash_content(c->out.data, c->out.size, hash);
    hash_to_hex(hash, sizeof hash, hex);
    snprintf(etag, sizeof etag, "W/\"%.16s\"", hex);
    if (is_known(c, etag)) {
        a.status = 304;
        a.type = NULL;
    } else {
        a.gzipped = http_accepts_gzip(c->request) && call_gzip(&c->out, &packed);
        a.data = a.gzipped ? packed.data : c->out.data;
        a.size = a.gzipped ? packed.size : c->out.size;
    }
    http_answer(c->request, &a);
    bytes_fini(&packed);
    call_drop(c);
}

static const struct {
    int code;
    unsigned status;
    const char *name;
} error_table[] = {
    {-ENOENT, 404, "not_found"}, {-EINVAL, 400, "invalid"},      {-ENAMETOOLONG, 400, "invalid"}, {-EACCES, 403, "forbidden"},
    {-EPERM, 403, "forbidden"},  {-EBUSY, 409, "busy"},          {-EALREADY, 409, "already"},     {-EEXIST, 409, "exists"},
    {-EDQUOT, 403, "quota"},     {-ETIMEDOUT, 504, "no_master"}, {-ENOBUFS, 503, "overloaded"},   {-ECANCELED, 503, "stopping"},
    {-ENOSPC, 507, "no_space"},  {-EFBIG, 413, "too_large"},     {-ENOSYS, 501, "not_supported"}, {-ENOTSUP, 501, "not_supported"},
    {-ENOTCONN, 401, "login"},   {-EKEYREJECTED, 401, "login"},  {-EAGAIN, 429, "slow_down"},     {-EPROTO, 405, "method"},
    {-EROFS, 403, "read_only"},
};

static size_t error_row(int code)
{
    size_t n = sizeof error_table / sizeof *error_table, i = 0;
    while (i < n && error_table[i].code != code)
        i++;
    return i;
}

unsigned status_of(int code)
{
    size_t i = error_row(code);
    return i < sizeof error_table / sizeof *error_table ? error_table[i].status : 502;
}

void call_fail(struct call *c, int code, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t row = error_row(code);
    bytes_clear(&c->out);
    out_open(&c->out, NULL, '{');
    out_open(&c->out, "error", '{');
    out_text(&c->out, "code", row < sizeof error_table / sizeof *error_table ? error_table[row].name : "failed");
    out_text(&c->out, "text", text);
    out_close(&c->out, '}');
    out_close(&c->out, '}');
    http_answer(c->request, &(struct http_answer){.status = status_of(code), .type = "application/json", .data = c->out.data, .size = c->out.size});
    call_drop(c);
}

static void on_answer(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct call *c = user;
    if (code) {
        call_fail(c, code, "%s", reason);
        return;
    }
    c->write(c, reply);
    call_finish(c);
}

/* Idempotency-Key: the same key is the same request to the master, which answers it once. */
static bool request_id(const struct call *c, uint8_t id[HASH_SIZE])
{
    const char *key = http_header(c->request, "Idempotency-Key");
    if (!key || !key[0])
        return false;
    hash_content(key, strlen(key), id);
    return true;
}

void call_ask(struct call *c, Sonata__Request *request, void (*write)(struct call *c, const Sonata__Reply *reply))
{
    uint8_t id[HASH_SIZE];
    c->write = write;
    if (!strcmp(http_method(c->request), "GET")) {
        upstream_ask_all(c->web->up, request, c->token, on_answer, c);
        return;
    }
    if (request_id(c, id))
        request->id = (ProtobufCBinaryData){UPSTREAM_ID_SIZE, id};
    upstream_ask(c->web->up, request, c->token, on_answer, c);
}

struct mirror_use {
    struct call *call;
    void (*use)(struct call *c, const struct mirror *m);
};

static void on_mirror(void *user, const struct mirror *m, int code, const char *reason)
{
    struct mirror_use u = *(struct mirror_use *)user;
    free(user);
    if (code == -EKEYREJECTED) /* another's token: the caller's own was looked at before */
        call_fail(u.call, -EBUSY, "the rights of this view are being looked at anew: ask again");
    else if (code)
        call_fail(u.call, code, "%s", reason);
    else
        u.use(u.call, m);
}

void call_mirror(struct call *c, void (*use)(struct call *c, const struct mirror *m))
{
    struct mirror_use *u = xmalloc(sizeof *u);
    *u = (struct mirror_use){c, use};
    mirror_get(c->audience->mirrors, c->search, FRESH_MS * SONATA_MS, on_mirror, u);
}

bool call_number(struct call *c, const char *name, uint64_t max, uint64_t otherwise, uint64_t *ret_value)
{
    const char *text = http_query(c->request, name);
    *ret_value = otherwise;
    if (!text || !parse_u64(text, 0, max, ret_value))
        return true;
    call_fail(c, -EINVAL, "%s: a whole number from 0 to %llu is expected", name, (unsigned long long)max);
    return false;
}

const char *call_body_text(const struct call *c, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(c->body, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

bool call_body_number(const struct call *c, const char *name, double min, double max, double *ret)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(c->body, name);
    if (!cJSON_IsNumber(item) || item->valuedouble < min || item->valuedouble > max || item->valuedouble != (double)(int64_t)item->valuedouble)
        return false;
    *ret = item->valuedouble;
    return true;
}
