/* See interval.h. */
#include "domain/interval.h"

#include <math.h>

enum { FRACTION_STEPS = 400, BISECTIONS = 200 };
static const double NORMAL_QUANTILE = 1.959963985;

/* Continued fraction of the incomplete beta function by Lentz's method (Abramowitz and Stegun 26.5.8). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m <= FRACTION_STEPS; m++) {
        for (int odd = 0; odd < 2; odd++) {
            double k = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 + k * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + k / c;
            c = fabs(c) < tiny ? tiny : c;
            h *= d * c;
        }
        if (fabs(d * c - 1) < 1e-14)
            break;
    }
    return h;
}

/* Regularised incomplete beta function I_x(a, b). */
static double beta_share(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_quantile(double freedom)
{
    double low = -10, high = 700; /* log of t */
    for (int i = 0; i < BISECTIONS && high - low > 1e-13; i++) {
        double middle = (low + high) / 2, square = exp(2 * middle);
        double beyond = isinf(square) ? 0 : beta_share(freedom / 2, 0.5, freedom / (freedom + square)); /* P(|T| > t) */
        if (beyond > 0.05)
            low = middle;
        else
            high = middle;
    }
    return exp((low + high) / 2);
}

void process_interval(const double *value, unsigned n, const struct process_prior *prior, struct process_interval *ret_interval)
{
    double mean = 0, squares = 0, half = INFINITY;
    struct process_interval i = {.deviation = INFINITY};
    for (unsigned p = 0; p < n; p++)
        mean += log(value[p]) / n;
    for (unsigned p = 0; p < n; p++)
        squares += (log(value[p]) - mean) * (log(value[p]) - mean);
    double known = prior ? prior->freedom : 0;
    i.freedom = known + n - 1;
    if (i.freedom > 0) {
        i.deviation = sqrt(((known > 0 ? known * prior->variance : 0) + squares) / i.freedom);
        half = hypot(student_quantile(i.freedom) * i.deviation / sqrt(n), prior ? NORMAL_QUANTILE * sqrt(prior->moment) : 0);
    }
    i.value = exp(mean);
    i.low = exp(mean - half);
    i.high = exp(mean + half);
    *ret_interval = i;
}
