/* See clock.h. */
#define _GNU_SOURCE /* CLOCK_MONOTONIC_RAW */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * SONATA_SECOND + t.tv_nsec;
}

int64_t clock_monotonic_ns(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t clock_raw_ns(void) { return read_clock(CLOCK_MONOTONIC_RAW); }
int64_t clock_wall_ns(void) { return read_clock(CLOCK_REALTIME); }
int64_t clock_cpu_ns(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

void clock_sleep_ns(int64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / SONATA_SECOND), .tv_nsec = (long)(ns % SONATA_SECOND)};
    while (ns > 0 && nanosleep(&t, &t) == -1 && errno == EINTR)
        ;
}

void clock_format_utc(int64_t wall_ns, char text[24])
{
    time_t seconds = (time_t)(wall_ns / SONATA_SECOND);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
