/* Where a thread may run. */
#ifndef SONATA_BASE_CPU_H
#define SONATA_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum { CPU_CORES_MAX = 1024 };

/* A set of CPUs; zeroed: empty. */
struct core_set {
    uint64_t word[CPU_CORES_MAX / 64];
};

/* Numbers outside 0 … CPU_CORES_MAX - 1 are left out, and are in no set. */
void core_set_add(struct core_set *s, int core);
void core_set_remove(struct core_set *s, int core);
/* Whether the core is in the set. */
bool core_set_has(const struct core_set *s, int core);
/* How many cores are in the set. */
unsigned core_set_count(const struct core_set *s);

/* The calling thread, and what it starts from now on, runs on CPU `core` only; the second: on those of the set. 0, or -errno: -EINVAL when there is
 * no such CPU or this process may not use it. */
int cpu_pin(int core);
/* As cpu_pin(), on the cores of the set. -EINVAL also for an empty set. */
int cpu_pin_set(const struct core_set *s);
/* The CPUs the calling thread may run on. 0 or -errno. */
int cpu_allowed(struct core_set *ret_set);

#endif
