/* See cpu.h. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "base/cpu.h"

#include <errno.h>
#include <sched.h>

int cpu_pin(int core)
{
    cpu_set_t set;
    if (core < 0 || core >= CPU_SETSIZE)
        return -EINVAL;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    return sched_setaffinity(0, sizeof set, &set) ? -errno : 0;
}

int cpu_pin_mask(uint64_t mask)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned i = 0; i < 64; i++) {
        if (mask >> i & 1)
            CPU_SET(i, &set);
    }
    return sched_setaffinity(0, sizeof set, &set) ? -errno : 0;
}
