/* See cpu.h. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "base/cpu.h"

#include <errno.h>
#include <sched.h>

_Static_assert(CPU_CORES_MAX <= CPU_SETSIZE, "a core_set fits a cpu_set_t");

static bool is_core(int core) { return core >= 0 && core < CPU_CORES_MAX; }

void core_set_add(struct core_set *s, int core)
{
    if (is_core(core))
        s->word[core / 64] |= UINT64_C(1) << core % 64;
}

void core_set_remove(struct core_set *s, int core)
{
    if (is_core(core))
        s->word[core / 64] &= ~(UINT64_C(1) << core % 64);
}

bool core_set_has(const struct core_set *s, int core) { return is_core(core) && s->word[core / 64] >> core % 64 & 1; }

unsigned core_set_count(const struct core_set *s)
{
    unsigned n = 0;
    for (int i = 0; i < CPU_CORES_MAX; i++)
        n += core_set_has(s, i);
    return n;
}

int cpu_pin(int core)
{
    struct core_set one = {{0}};
    core_set_add(&one, core);
    return cpu_pin_set(&one);
}

int cpu_pin_set(const struct core_set *s)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_CORES_MAX; i++) {
        if (core_set_has(s, i))
            CPU_SET((size_t)i, &set);
    }
    return sched_setaffinity(0, sizeof set, &set) ? -errno : 0;
}

int cpu_allowed(struct core_set *ret_set)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set))
        return -errno;
    *ret_set = (struct core_set){{0}};
    for (int i = 0; i < CPU_CORES_MAX; i++) {
        if (CPU_ISSET((size_t)i, &set))
            core_set_add(ret_set, i);
    }
    return 0;
}
