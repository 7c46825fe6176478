/* See out.h. */
#include "web/out.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct bytes *b, const char *text, size_t n) { bytes_append(b, text, n); }

/* Length of the UTF-8 character at p, 0 when it is none. */
static size_t character(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : 0;
    if (p[0] >= 0xe0 && p[0] < 0xf0)
        n = 3;
    if (p[0] >= 0xf0 && p[0] < 0xf5)
        n = 4;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong ? 0 : n;
}

static void put_quoted(struct bytes *b, const char *text)
{
    put(b, "\"", 1);
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t n = character(p);
        if (!n) {
            put(b, "\xef\xbf\xbd", 3);
            n = 1;
        } else if (*p == '"' || *p == '\\') {
            char two[2] = {'\\', (char)*p};
            put(b, two, 2);
        } else if (*p < 0x20 || *p == 0x7f) {
            char six[7];
            snprintf(six, sizeof six, "\\u%04x", *p);
            put(b, six, 6);
        } else {
            put(b, (const char *)p, n);
        }
        p += n;
    }
    put(b, "\"", 1);
}

/* Comma and key before a value. */
static void begin(struct bytes *b, const char *key)
{
    char last = '[';
    if (b->size)
        last = (char)b->data[b->size - 1];
    if (last != '{' && last != '[' && last != ':')
        put(b, ",", 1);
    if (!key)
        return;
    put_quoted(b, key);
    put(b, ":", 1);
}

void out_open(struct bytes *b, const char *key, char bracket)
{
    begin(b, key);
    put(b, &bracket, 1);
}

void out_close(struct bytes *b, char bracket) { put(b, &bracket, 1); }

void out_text(struct bytes *b, const char *key, const char *text)
{
    begin(b, key);
    if (text)
        put_quoted(b, text);
    else
        put(b, "null", 4);
}

/* %g with the fewest digits that read back to the same value. */
static void put_shortest(struct bytes *b, double v, int from, int to, bool single)
{
    char text[40];
    for (int digits = from; digits <= to; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
            break;
    }
    put(b, text, strlen(text));
}

void out_number(struct bytes *b, const char *key, double v)
{
    begin(b, key);
    if (isfinite(v))
        put_shortest(b, v, 15, 17, false);
    else
        put(b, "null", 4);
}

void out_float(struct bytes *b, const char *key, float v)
{
    begin(b, key);
    if (isfinite(v))
        put_shortest(b, (double)v, 6, 9, true);
    else
        put(b, "null", 4);
}

static void put_format(struct bytes *b, const char *format, va_list args)
{
    char text[1024];
    int n = vsnprintf(text, sizeof text, format, args);
    if (n > 0)
        put(b, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void out_printf(struct bytes *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_format(b, format, args);
    va_end(args);
}

void out_integer(struct bytes *b, const char *key, int64_t v)
{
    begin(b, key);
    out_printf(b, "%" PRId64, v);
}

void out_unsigned(struct bytes *b, const char *key, uint64_t v)
{
    begin(b, key);
    out_printf(b, "%" PRIu64, v);
}

void out_bool(struct bytes *b, const char *key, bool v)
{
    begin(b, key);
    const char *text = v ? "true" : "false";
    put(b, text, strlen(text));
}

void out_null(struct bytes *b, const char *key)
{
    begin(b, key);
    put(b, "null", 4);
}

void out_time(struct bytes *b, const char *key, int64_t wall_ns)
{
    if (wall_ns)
        out_integer(b, key, wall_ns / 1000000);
    else
        out_null(b, key);
}

void out_raw(struct bytes *b, const char *key, const char *json)
{
    begin(b, key);
    put(b, json, strlen(json));
}
