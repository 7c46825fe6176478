/* See clock.h. */
#define _GNU_SOURCE /* CLOCK_MONOTONIC_RAW */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/parse.h"

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

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1, era = y / 400, of_era = y - era * 400,
            of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int clock_parse_utc(const char *text, int64_t now_ns, int64_t *ret_wall_ns)
{
    int year, month, day, hour, minute, second, used = 0;
    int64_t ago;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute, &second, &used) == 6 && used && !text[used]) {
        if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 ||
            (hour | minute | second) < 0)
            return -EINVAL;
        *ret_wall_ns = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * SONATA_SECOND;
        return 0;
    }
    if (parse_duration_ns(text, &ago) || ago < 0)
        return -EINVAL;
    *ret_wall_ns = now_ns - ago;
    return 0;
}
