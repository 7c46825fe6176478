/* See placement.h. An arena is a list of chunks, each a mapping of its own on a border of 2 MiB; what is taken is given back with the whole only. */
#define _GNU_SOURCE /* MADV_HUGEPAGE */
#include "runtime/placement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/rng.h"

enum { LINE = 64, PAGE = 4096, HUGE_PAGE = 2 << 20, OFFSET_LINES = 2048 /* 128 KiB: all sets of a second-level cache */, FRAME = 240, FRAMES = 240 };

struct chunk {
    struct chunk *next;
    uint8_t *mapping, *base; /* base: on a border of 2 MiB */
    size_t mapped, size, used;
};

struct placement {
    struct chunk *chunk; /* the newest first */
    size_t taken;
    struct rng rng;
};

static void add_chunk(struct placement *p, size_t bytes)
{
    struct chunk *c = xcalloc(1, sizeof *c);
    size_t offset = (size_t)rng_below(&p->rng, OFFSET_LINES) * LINE;
    c->size = (bytes + offset + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    c->mapped = c->size + HUGE_PAGE;
    void *m = mmap(NULL, c->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED) {
        fprintf(stderr, "no memory for an arena of %zu bytes\n", c->mapped);
        abort();
    }
    c->mapping = m;
    c->base = c->mapping + (HUGE_PAGE - (uintptr_t)m % HUGE_PAGE) % HUGE_PAGE;
    c->used = offset;
    (void)madvise(c->base, c->size, MADV_HUGEPAGE); /* where it is not offered, small pages do */
    c->next = p->chunk;
    p->chunk = c;
}

struct placement *placement_new(size_t reserve, uint64_t seed)
{
    struct placement *p = xcalloc(1, sizeof *p);
    p->rng = rng_seeded(seed, 0);
    add_chunk(p, reserve ? reserve : 1);
    return p;
}

void placement_free(struct placement *p)
{
    while (p && p->chunk) {
        struct chunk *c = p->chunk;
        p->chunk = c->next;
        munmap(c->mapping, c->mapped);
        free(c);
    }
    free(p);
}

static void *take_heap(size_t size, size_t alignment)
{
    void *m = NULL;
    if (posix_memalign(&m, alignment, size ? size : 1))
        return xcalloc_line(1, size); /* which aborts with a message */
    memset(m, 0, size);
    return m;
}

void *placement_take(struct placement *p, size_t size, size_t alignment)
{
    alignment = alignment < LINE ? LINE : alignment;
    if (!p)
        return take_heap(size, alignment);
    size_t at = (p->chunk->used + alignment - 1) / alignment * alignment;
    if (at > p->chunk->size || size > p->chunk->size - at) {
        add_chunk(p, size + alignment);
        at = (p->chunk->used + alignment - 1) / alignment * alignment;
    }
    p->chunk->used = at + size;
    p->taken += size;
    return p->chunk->base + at;
}

static bool owns(const struct placement *p, const void *memory)
{
    const uint8_t *m = memory;
    for (const struct chunk *c = p ? p->chunk : NULL; c; c = c->next) {
        if (m >= c->base && m < c->base + c->size)
            return true;
    }
    return false;
}

void placement_drop(struct placement *p, void *memory)
{
    if (!owns(p, memory))
        free(memory);
}

/* AnonHugePages of the mapping that a line of smaps belongs to. */
static size_t huge_bytes(const struct chunk *c)
{
    FILE *f = fopen("/proc/self/smaps", "re");
    char line[512];
    size_t sum = 0;
    bool ours = false;
    while (f && fgets(line, sizeof line, f)) {
        uintptr_t from, to;
        size_t kib;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            ours = from < (uintptr_t)c->base + c->size && to > (uintptr_t)c->base;
        else if (ours && sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
            sum += kib * 1024;
    }
    if (f)
        fclose(f);
    return sum;
}

void placement_huge(const struct placement *p, size_t *ret_huge, size_t *ret_taken)
{
    *ret_huge = 0;
    *ret_taken = p->taken;
    for (const struct chunk *c = p->chunk; c; c = c->next)
        *ret_huge += huge_bytes(c);
}

static __attribute__((noinline)) int deeper(unsigned frames, int (*run)(void *user), void *user)
{
    volatile char frame[FRAME];
    frame[0] = (char)frames;
    int r = frames ? deeper(frames - 1, run, user) : run(user);
    return frame[0] == (char)frames ? r : -1; /* uses the frame afterwards, so that it is one */
}

int placement_on_stack(uint64_t seed, int (*run)(void *user), void *user)
{
    struct rng rng = rng_seeded(seed, 1);
    return deeper(rng_below(&rng, FRAMES), run, user);
}
