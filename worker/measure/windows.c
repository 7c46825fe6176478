/* See windows.h. */
#include "measure/windows.h"

#include <string.h>

#include "measure/statistics.h"

void windows_summarise(const double *median_us, unsigned n, struct windows_summary *ret_summary)
{
    double sorted[LATENCY_WINDOWS_MAX];
    unsigned low, high;
    struct windows_summary s = {.cv = coefficient_of_variation(median_us, n)};
    memcpy(sorted, median_us, n * sizeof *sorted);
    sort_doubles(sorted, n);
    s.coverage = median_interval_ranks(n, 0.95, &low, &high);
    s.median_us = sorted_median(sorted, n);
    s.low_us = sorted[low - 1];
    s.high_us = sorted[high - 1];
    *ret_summary = s;
}

bool windows_accepted(const struct latency_protocol *p, const struct windows_summary *s)
{
    double half_width = (s->high_us - s->low_us) / 2 / s->median_us;
    return !(p->accept_half_width > 0 && half_width > p->accept_half_width) && !(p->accept_cv > 0 && s->cv > p->accept_cv);
}

bool windows_want_more(const struct latency_protocol *p, const struct windows_summary *s, unsigned n, int64_t measured_ns)
{
    return n < p->windows || (!windows_accepted(p, s) && n < p->windows_max && measured_ns < p->cap_ns);
}
