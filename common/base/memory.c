/* See memory.h. */
#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *p, size_t size)
{
    if (!p && size) {
        fprintf(stderr, "sonata: out of memory (%zu bytes)\n", size);
        abort();
    }
    return p;
}

void *xmalloc(size_t size)
{
    return check(malloc(size ? size : 1), size);
}

void *xcalloc(size_t n, size_t size)
{
    bool any = n && size;
    size_t wanted = any ? SIZE_MAX : 0;
    return check(any ? calloc(n, size) : calloc(1, 1), wanted);
}

void *xcalloc_line(size_t n, size_t size)
{
    enum { LINE = 64 };
    if (size && n > (SIZE_MAX - LINE) / size)
        check(NULL, SIZE_MAX);
    size_t whole = (n * size + LINE) / LINE * LINE;
    void *p = check(aligned_alloc(LINE, whole), whole);
    memset(p, 0, whole);
    return p;
}

void *xrealloc(void *p, size_t size)
{
    size_t least = size ? size : 1;
    return check(realloc(p, least), least);
}

void *xreallocarray(void *p, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        check(NULL, SIZE_MAX);
    return xrealloc(p, n * size);
}

char *xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

void *xmemdup(const void *p, size_t size)
{
    void *copy = xmalloc(size);
    if (size)
        memcpy(copy, p, size);
    return copy;
}

void *xgrow(void *p, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return p;
    size_t n = *capacity ? *capacity : 16;
    while (n < need)
        n = n > SIZE_MAX / 2 ? need : n * 2;
    *capacity = n;
    return xreallocarray(p, n, size);
}

bool copy_string(char *dst, size_t size, const char *src)
{
    size_t n = strlen(src);
    bool fits = n < size;
    if (!fits)
        n = size - 1;
    memcpy(dst, src, n);
    dst[n] = '\0';
    return fits;
}
