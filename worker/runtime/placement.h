/* Where a timed network lies: one arena for weights and tensors, on huge pages where the kernel offers them, its start offset by a random number of
 * cache lines.
 *
 * With small pages the physical place of every page is luck, and with it the sets of the second-level cache the network competes for; that luck lasts
 * as long as the process and is most of the difference between processes. In one arena all parts keep their distances; the offset, drawn anew for
 * each process, is that of the arena to everything else (stack, code, data), so that no process is lucky for good. The seed is told, so a process can
 * be placed again. */
#ifndef SONATA_RUNTIME_PLACEMENT_H
#define SONATA_RUNTIME_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct placement;

/* Reserves about `reserve` bytes (more are had when they are needed). Aborts without memory, as xmalloc does. */
struct placement *placement_new(size_t reserve, uint64_t seed);
/* NULL is fine. */
void placement_free(struct placement *p);
/* Zeroed, on a cache line, or on `alignment` (a power of two, at most a page) where that is more. Released by placement_free(). p NULL: of the heap,
 * for placement_drop(). */
void *placement_take(struct placement *p, size_t size, size_t alignment);
/* Gives back what placement_take() gave: to the heap where it is of the heap. NULL is fine. */
void placement_drop(struct placement *p, void *memory);

/* Bytes that lie on huge pages now, as the kernel says (0: none, or it does not say), of all that were taken. */
void placement_huge(const struct placement *p, size_t *ret_huge, size_t *ret_taken);

/* Calls run(user) with the stack deeper by a number of bytes that depends on the seed: up to 64 KiB. */
int placement_on_stack(uint64_t seed, int (*run)(void *user), void *user);

#endif
