/* Time. One type for the tree: int64_t monotonic nanoseconds; wall-clock time is for display and records. */
#ifndef SONATA_BASE_CLOCK_H
#define SONATA_BASE_CLOCK_H

#include <stdint.h>

#include "base/time.h"

/* Nanoseconds of the clock that never jumps (CLOCK_MONOTONIC); its zero means nothing. */
int64_t clock_monotonic_ns(void);
/* As clock_monotonic_ns(), but not slewed by time synchronisation: for measuring. */
int64_t clock_raw_ns(void);
/* Nanoseconds since 1970 UTC. */
int64_t clock_wall_ns(void);
/* CPU time of this process. */
int64_t clock_cpu_ns(void);
/* Sleeps through signals. */
void clock_sleep_ns(int64_t ns);
/* "2026-01-31T12:00:00Z" into text[24]. */
void clock_format_utc(int64_t wall_ns, char text[24]);
/* That form back, or a duration ("2h") before now_ns. 0 or -EINVAL. */
int clock_parse_utc(const char *text, int64_t now_ns, int64_t *ret_wall_ns);

#endif
