/* Where a thread may run. */
#ifndef SONATA_BASE_CPU_H
#define SONATA_BASE_CPU_H

#include <stdint.h>

/* The calling thread, and what it starts from now on, runs on CPU `core` only; the second: on those whose bit is set (bit i: CPU i). 0, or -errno:
 * -EINVAL when there is no such CPU or this process may not use it. */
int cpu_pin(int core);
int cpu_pin_mask(uint64_t mask);

#endif
