/* Scope-bound release: `cleanup_free char *s = …;`, `cleanup_bytes struct bytes b = {0};`. */
#ifndef SONATA_BASE_CLEANUP_H
#define SONATA_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* For cleanup_free: p is the address of a pointer. */
static inline void cleanup_free_pointer(void *p)
{
    free(*(void **)p);
}
/* For cleanup_fd; a negative descriptor is none. */
static inline void cleanup_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
/* For cleanup_file; NULL is no file. */
static inline void cleanup_close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}
#define cleanup_free __attribute__((cleanup(cleanup_free_pointer)))
#define cleanup_fd __attribute__((cleanup(cleanup_close_fd)))
#define cleanup_file __attribute__((cleanup(cleanup_close_file)))

#endif
