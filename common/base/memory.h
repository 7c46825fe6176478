/* Allocation that aborts with a message instead of returning NULL: the supervisor restarts the daemon and nothing
 * acknowledged is lost. Sizes that come from outside are bounded by the caller first. */
#ifndef SONATA_BASE_MEMORY_H
#define SONATA_BASE_MEMORY_H

#include <stddef.h>

/* As malloc(), but never NULL: without memory the program ends with a message. Size 0 gives a pointer to be freed, too. */
void *xmalloc(size_t size);
/* Zeroed; n * size is overflow-checked. */
void *xcalloc(size_t n, size_t size);
/* Zeroed and on a cache line, for data that vector code reads; released by free(). */
void *xcalloc_line(size_t n, size_t size);
/* As realloc(), never NULL, see xmalloc(). */
void *xrealloc(void *p, size_t size);
/* realloc of n elements, overflow-checked. */
void *xreallocarray(void *p, size_t n, size_t size);
/* A copy to be freed; never NULL. */
char *xstrdup(const char *s);
/* A copy of size bytes to be freed; never NULL. */
void *xmemdup(const void *p, size_t size);

/* Grows *capacity (doubling, from 16) so that it holds at least `need` elements of `size` bytes; returns the moved array. */
void *xgrow(void *p, size_t *capacity, size_t need, size_t size);

/* Copies src into dst[size], always terminated; returns false when it was cut. */
_Bool copy_string(char *dst, size_t size, const char *src);

#endif
