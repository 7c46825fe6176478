/* See spread.h. */
#include "measure/spread.h"

#include <errno.h>
#include <math.h>

enum { VERSION = 2, SPREADS_MAX = 8 };

/* Assumed of an unknown board: one process differs from another by 1.5 %, boards' networks are as different in this as f0 = 4 says, worth so many
 * measurements. The second is worth more because the variance of e is known badly: for two processes psi'(1/2) = 4.9 of it is chance. */
static const double ASSUMED_DEVIATION = 0.015, ASSUMED_FREEDOM = 4, MEAN_WORTH = 2, SHAPE_WORTH = 20;
/* What all processes of a measurement share cannot be seen in it: assumed 0.2 %, worth so many measurements of the control network. */
static const double ASSUMED_MOMENT = 0.002, MOMENT_WORTH = 10, MOMENT_MIN = 0.0005;
/* Beyond this many degrees of freedom the quantile hardly changes, and two processes at a time cannot show them; clocks tick, so variances below the
 * square of 0.01 % are taken as that. */
static const double FREEDOM_MAX = 20, DEVIATION_MIN = 0.0001, FADE = 1 - 1.0 / 500, WEIGHT_MAX = 501;

/* psi: recurrence up to x >= 8, then the asymptotic series (Abramowitz and Stegun 6.3.18). */
static double digamma(double x)
{
    double sum = 0;
    for (; x < 8; x++)
        sum -= 1 / x;
    double y = 1 / (x * x);
    return sum + log(x) - 0.5 / x - y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y / 240)));
}

/* psi' likewise (6.4.12). */
static double trigamma(double x)
{
    double sum = 0;
    for (; x < 8; x++)
        sum += 1 / (x * x);
    double y = 1 / (x * x);
    return sum + 1 / x + y / 2 + y / x * (1.0 / 6 - y * (1.0 / 30 - y * (1.0 / 42 - y / 30)));
}

/* x > 0 with psi'(x) = y > 0: psi' falls, so by bisection on log x. */
static double trigamma_inverse(double y)
{
    double low = -30, high = 30;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (trigamma(exp(middle)) > y)
            low = middle;
        else
            high = middle;
    }
    return exp((low + high) / 2);
}

void spread_learn(struct spread *s, const double *value, unsigned n)
{
    double mean = 0, squares = 0, half = (n - 1) / 2.0;
    if (n < 2)
        return;
    for (unsigned p = 0; p < n; p++)
        mean += log(value[p]) / n;
    for (unsigned p = 0; p < n; p++)
        squares += (log(value[p]) - mean) * (log(value[p]) - mean);
    double variance = fmax(squares / (n - 1), DEVIATION_MIN * DEVIATION_MIN);
    double e = log(variance) - digamma(half) + log(half);
    s->weight = s->weight * FADE + 1;
    s->sum = s->sum * FADE + e;
    s->squares = s->squares * FADE + e * e;
    s->sampling = s->sampling * FADE + trigamma(half);
}

void spread_learn_control(struct spread *s, const double *value, unsigned n)
{
    double mean = 0, squares = 0;
    for (unsigned p = 0; p < n; p++) {
        if (!(value[p] > 0))
            return;
        mean += log(value[p]) / n;
    }
    if (n < 2)
        return;
    for (unsigned p = 0; p < n; p++)
        squares += (log(value[p]) - mean) * (log(value[p]) - mean);
    s->control_weight = s->control_weight * FADE + 1;
    double share = 1 / s->control_weight, off = mean - s->control_mean;
    s->control_mean += share * off;
    s->control_variance = (1 - share) * (s->control_variance + share * off * off);
    s->control_within += share * (squares / (n - 1) / n - s->control_within);
}

/* Variance that the processes of one measurement share. */
static double moment(const struct spread *s)
{
    double sum = MOMENT_WORTH * ASSUMED_MOMENT * ASSUMED_MOMENT, w = s->control_weight;
    if (w > 1)
        sum += w * (s->control_variance * w / (w - 1) - s->control_within);
    return fmax(sum / (MOMENT_WORTH + w), MOMENT_MIN * MOMENT_MIN);
}

struct process_prior spread_prior(const struct spread *s)
{
    double assumed = log(ASSUMED_DEVIATION * ASSUMED_DEVIATION) - digamma(ASSUMED_FREEDOM / 2) + log(ASSUMED_FREEDOM / 2);
    double shape = SHAPE_WORTH * trigamma(ASSUMED_FREEDOM / 2);
    if (s->weight > 1) {
        double mean = s->sum / s->weight, variance = (s->squares / s->weight - mean * mean) * s->weight / (s->weight - 1);
        shape += s->weight * (variance - s->sampling / s->weight);
    }
    shape = fmax(shape / (SHAPE_WORTH + s->weight), trigamma(FREEDOM_MAX / 2));
    double half = trigamma_inverse(shape);
    double mean = (MEAN_WORTH * assumed + s->sum) / (MEAN_WORTH + s->weight);
    return (struct process_prior){.variance = exp(mean + digamma(half) - log(half)), .freedom = 2 * half, .moment = moment(s)};
}

static void encode(const struct spread *s, struct bytes *out)
{
    bytes_put_f64(out, s->weight);
    bytes_put_f64(out, s->sum);
    bytes_put_f64(out, s->squares);
    bytes_put_f64(out, s->sampling);
    bytes_put_f64(out, s->control_weight);
    bytes_put_f64(out, s->control_mean);
    bytes_put_f64(out, s->control_variance);
    bytes_put_f64(out, s->control_within);
}

static int decode(struct reader *in, struct spread *ret_spread, struct sonata_error *err)
{
    struct spread s = {.weight = reader_f64(in)};
    s.sum = reader_f64(in);
    s.squares = reader_f64(in);
    s.sampling = reader_f64(in);
    s.control_weight = reader_f64(in);
    s.control_mean = reader_f64(in);
    s.control_variance = reader_f64(in);
    s.control_within = reader_f64(in);
    bool control = s.control_weight >= 0 && s.control_weight <= WEIGHT_MAX && fabs(s.control_mean) < 100 && s.control_variance >= 0 &&
                   s.control_variance < 100 && s.control_within >= 0 && s.control_within < 100;
    bool numbers = isfinite(s.weight) && isfinite(s.sum) && isfinite(s.squares) && isfinite(s.sampling);
    if (in->bad || !numbers || !control || s.weight < 0 || s.weight > WEIGHT_MAX || fabs(s.sum) > 100 * s.weight || s.squares < 0 ||
        s.squares > 1e4 * s.weight || s.sampling < 0 || s.sampling > 5 * s.weight)
        return sonata_error_set(err, -EBADMSG, "this is not what a board learned about its processes");
    *ret_spread = s;
    return 0;
}

void spreads_encode(const struct spread *s, size_t n, struct bytes *out)
{
    bytes_put_u8(out, VERSION);
    bytes_put_u8(out, (uint8_t)n);
    for (size_t i = 0; i < n; i++)
        encode(&s[i], out);
}

int spreads_decode(struct reader *in, size_t n, struct spread *ret_spread, struct sonata_error *err)
{
    struct spread read[SPREADS_MAX] = {{0}};
    bool ours = in->left && n <= SPREADS_MAX && reader_u8(in) == VERSION && reader_u8(in) == n;
    for (size_t i = 0; i < n && ours; i++) {
        int r = decode(in, &read[i], err);
        if (r)
            return r;
    }
    for (size_t i = 0; i < n; i++)
        ret_spread[i] = ours ? read[i] : (struct spread){0};
    return 0;
}
