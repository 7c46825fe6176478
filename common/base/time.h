/* Units of time: int64_t nanoseconds everywhere (base/clock.h reads them; pure modules get them passed in). */
#ifndef SONATA_BASE_TIME_H
#define SONATA_BASE_TIME_H

#include <stdint.h>

#define SONATA_MS INT64_C(1000000)
#define SONATA_SECOND INT64_C(1000000000)
#define SONATA_DAY (86400 * SONATA_SECOND)

/* "1h02m", "3m05s", "12s", "0.4s" into text[16]. */
void format_duration(int64_t ns, char text[16]);

#endif
