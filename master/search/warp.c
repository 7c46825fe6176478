/* See warp.h. With a, b, c the 10, 50 and 90 % points, the asymmetry of a scale is |(c - b) - (b - a)| / (c - a). Beyond 2.5 robust
 * deviations the slope falls to 0.1: broken architectures no longer own the scale, yet order and extrapolation are kept. */
#include "search/warp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double KNEE = 2.5, SLOPE = 0.1, SMALLEST = 1e-12, Z_MAX = 1e3;
/* Beyond them differences and squares would be no numbers any more: what is larger counts as that large. */
static const double VALUE_MAX = 1e150, DEVIATION_MAX = 1e100;

static int compare_doubles(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return a < b ? -1 : a > b;
}

static double asymmetry(double a, double b, double c) { return fabs((c - b) - (b - a)) / (c - a + 1e-12); }

static double squeeze(double z)
{
    if (z > KNEE)
        return KNEE + SLOPE * (z - KNEE);
    return z < -KNEE ? -KNEE + SLOPE * (z + KNEE) : z;
}

static double unsqueeze(double z)
{
    if (z > KNEE)
        return KNEE + (z - KNEE) / SLOPE;
    return z < -KNEE ? -KNEE + (z + KNEE) / SLOPE : z;
}

static double within(double v, double most) { return fmax(-most, fmin(most, v)); }

static double scaled(const struct warp *w, double y)
{
    double v = w->logarithm ? log(fmax(y, SMALLEST)) : within(y, VALUE_MAX);
    return squeeze(within((v - w->middle) / w->spread, DEVIATION_MAX));
}

/* Some width when the quartiles coincide: half the range, or 1. */
static double spread_of(double q1, double q3, double low, double high)
{
    double s = (q3 - q1) / 1.35;
    if (s > 1e-12 * (fabs(low) + fabs(high)))
        return s;
    return high > low ? (high - low) / 2 : 1;
}

void warp_fit(struct warp *w, const double *y, uint32_t n)
{
    double *t = xmemdup(y, n * sizeof *y), sum = 0, square = 0;
    for (uint32_t i = 0; i < n; i++)
        t[i] = within(t[i], VALUE_MAX);
    qsort(t, n, sizeof *t, compare_doubles);
    double a = t[n / 10], b = t[n / 2], c = t[(uint64_t)n * 9 / 10], q1 = t[n / 4], q3 = t[(uint64_t)n * 3 / 4], low = t[0], high = t[n - 1];
    free(t);
    *w = (struct warp){.logarithm = low > SMALLEST && asymmetry(log(a), log(b), log(c)) < asymmetry(a, b, c), .sd = 1};
    w->middle = w->logarithm ? log(b) : b;
    w->spread = w->logarithm ? spread_of(log(q1), log(q3), log(low), log(high)) : spread_of(q1, q3, low, high);
    for (uint32_t i = 0; i < n; i++) {
        double z = scaled(w, y[i]);
        sum += z;
        square += z * z;
    }
    w->mean = sum / n;
    w->sd = sqrt(fmax(1e-12, square / n - w->mean * w->mean));
}

double warp_forward(const struct warp *w, double y) { return (scaled(w, y) - w->mean) / w->sd; }

double warp_inverse(const struct warp *w, double z)
{
    double limited = within(z, Z_MAX), v = unsqueeze(limited * w->sd + w->mean) * w->spread + w->middle;
    return w->logarithm ? exp(fmax(-700, fmin(700, v))) : v;
}
