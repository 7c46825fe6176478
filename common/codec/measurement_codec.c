/* Measurements on the wire, in the worker's spool and in the store. Raw samples are zstd over little-endian float32; the size after
 * decompression is known from n_samples, so a lying frame cannot make us allocate more. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/memory.h"
#include "codec/codec_internal.h"

enum { FLAGS_ALL = 127, ZSTD_LEVEL = 3 };

static uint32_t float_bits(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static ProtobufCBinaryData compress_samples(const float *sample, uint32_t n)
{
    ProtobufCBinaryData field = {0};
    if (!n)
        return field;
    size_t size = (size_t)n * 4, bound = ZSTD_compressBound(size);
    uint8_t *raw = xmalloc(size);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits = float_bits(sample[i]);
        for (unsigned k = 0; k < 4; k++)
            raw[4 * (size_t)i + k] = (uint8_t)(bits >> (8 * k));
    }
    field.data = xmalloc(bound);
    field.len = ZSTD_compress(field.data, bound, raw, size, ZSTD_LEVEL);
    free(raw);
    return field; /* with a bound-sized buffer only a bug can make it fail; the decoder would refuse the length then */
}

static int decompress_samples(const ProtobufCBinaryData *field, uint32_t n, float **ret_sample, struct sonata_error *err)
{
    size_t size = (size_t)n * 4;
    if (ZSTD_getFrameContentSize(field->data, field->len) != size)
        return sonata_error_set(err, -EBADMSG, "samples: the compressed frame does not hold %u numbers", n);
    uint8_t *raw = xmalloc(size);
    size_t got = ZSTD_decompress(raw, size, field->data, field->len);
    if (ZSTD_isError(got) || got != size) {
        free(raw);
        return sonata_error_set(err, -EBADMSG, "samples: corrupt compressed frame");
    }
    float *sample = xcalloc(n, sizeof *sample);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits = 0;
        for (unsigned k = 0; k < 4; k++)
            bits |= (uint32_t)raw[4 * (size_t)i + k] << (8 * k);
        memcpy(&sample[i], &bits, sizeof bits);
        if (!isfinite(sample[i]) || sample[i] < 0) {
            free(raw);
            free(sample);
            return sonata_error_set(err, -EINVAL, "sample %u is not a time", i);
        }
    }
    free(raw);
    *ret_sample = sample;
    return 0;
}

Sonata__Measurement *measurement_to_message(const struct measurement *s)
{
    Sonata__Measurement *m = xmalloc(sizeof *m);
    sonata__measurement__init(m);
    m->attempt = s->attempt;
    m->epoch = s->epoch;
    m->board = wire_give_text(s->board);
    m->board_type = wire_give_text(s->board_type);
    m->outcome = s->outcome;
    m->reason = wire_give_text(s->reason);
    m->output = wire_give_text(s->output);
    m->flags = s->flags;
    m->n_metrics = s->n_metrics;
    m->metrics = xcalloc(METRICS_MAX, sizeof *m->metrics);
    for (uint32_t i = 0; i < s->n_metrics; i++) {
        Sonata__MetricValue *v = m->metrics[i] = xmalloc(sizeof *v);
        sonata__metric_value__init(v);
        v->name = wire_give_text(s->metric[i].name);
        v->value = s->metric[i].value;
        v->low = s->metric[i].low;
        v->high = s->metric[i].high;
        v->n = s->metric[i].n;
    }
    m->fingerprint = wire_give_text(s->fingerprint);
    m->started_wall_ns = s->started_wall_ns;
    m->duration_ns = s->duration_ns;
    m->n_samples = s->n_samples;
    m->samples = compress_samples(s->samples_us, s->n_samples);
    m->n_window_median_us = s->n_windows;
    if (s->n_windows)
        m->window_median_us = xmemdup(s->window_median_us, s->n_windows * sizeof *s->window_median_us);
    m->n_process_median_us = s->n_processes;
    if (s->n_processes)
        m->process_median_us = xmemdup(s->process_median_us, s->n_processes * sizeof *s->process_median_us);
    m->n_process_control_us = s->n_processes;
    if (s->n_processes)
        m->process_control_us = xmemdup(s->process_control_us, s->n_processes * sizeof *s->process_control_us);
    m->process_variance = s->process_prior.variance;
    m->process_freedom = s->process_prior.freedom;
    m->process_moment = s->process_prior.moment;
    m->artefact = artefact_to_message(&s->artefact);
    return m;
}

static int metrics_from_message(const Sonata__Measurement *m, struct measurement *s, struct sonata_error *err)
{
    if (m->n_metrics > METRICS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d metrics are expected, not %zu", METRICS_MAX, m->n_metrics);
    s->n_metrics = (uint32_t)m->n_metrics;
    for (uint32_t i = 0; i < s->n_metrics; i++) {
        const Sonata__MetricValue *v = m->metrics[i];
        struct metric_value *to = &s->metric[i];
        int r = wire_take_text(to->name, sizeof to->name, v->name, true, false, "metric name", err);
        if (r)
            return r;
        if (!isfinite(v->value) || !isfinite(v->low) || !isfinite(v->high) || v->low > v->high)
            return sonata_error_set(err, -EINVAL, "metric '%s': a finite value and interval are expected", to->name);
        for (uint32_t k = 0; k < i; k++) {
            if (!strcmp(s->metric[k].name, to->name))
                return sonata_error_set(err, -EINVAL, "metric '%s' is reported twice", to->name);
        }
        to->value = v->value;
        to->low = v->low;
        to->high = v->high;
        to->n = v->n;
    }
    return 0;
}

/* Times of a message, of which at most `max` are expected; what: a window, … */
struct times {
    const float *us;
    size_t n, max;
    const char *what;
};

static int take_times(struct times in, float *ret_us, uint32_t *ret_n, struct sonata_error *err)
{
    if (in.n > in.max)
        return sonata_error_set(err, -EINVAL, "at most %zu %ss are expected, not %zu", in.max, in.what, in.n);
    for (size_t i = 0; i < in.n; i++) {
        if (!isfinite(in.us[i]) || in.us[i] < 0)
            return sonata_error_set(err, -EINVAL, "%s %zu: its median is not a time", in.what, i);
        ret_us[i] = in.us[i];
    }
    *ret_n = (uint32_t)in.n;
    return 0;
}

static int processes_from_message(const Sonata__Measurement *m, struct measurement *s, struct sonata_error *err)
{
    s->process_prior = (struct process_prior){m->process_variance, m->process_freedom, m->process_moment};
    if (!(m->process_variance >= 0 && m->process_variance < 100) || !(m->process_moment >= 0 && m->process_moment < 100) ||
        !(m->process_freedom >= 0 && m->process_freedom < 1e6))
        return sonata_error_set(err, -EINVAL, "variance %g of processes (%g degrees of freedom) and %g of moments cannot be", m->process_variance,
                                m->process_freedom, m->process_moment);
    int r = take_times((struct times){m->process_median_us, m->n_process_median_us, PROCESSES_MAX, "process"}, s->process_median_us, &s->n_processes,
                       err);
    for (uint32_t i = 0; i < s->n_processes && !r; i++) {
        if (!(s->process_median_us[i] > 0))
            r = sonata_error_set(err, -EINVAL, "process %u: its median is not a time", i);
    }
    uint32_t n = 0;
    if (!r)
        r = take_times((struct times){m->process_control_us, m->n_process_control_us, PROCESSES_MAX, "control"}, s->process_control_us, &n, err);
    if (!r && n && n != s->n_processes)
        r = sonata_error_set(err, -EINVAL, "%u times of the control network for %u processes", n, s->n_processes);
    return r;
}

static int text_from_message(const Sonata__Measurement *m, struct measurement *s, struct sonata_error *err)
{
    int r = wire_take_text(s->board, sizeof s->board, m->board, true, false, "board", err);
    if (!r)
        r = wire_take_text(s->board_type, sizeof s->board_type, m->board_type, false, false, "board type", err);
    if (!r)
        r = wire_take_text(s->reason, sizeof s->reason, m->reason, false, false, "reason", err);
    if (!r)
        r = wire_take_text(s->output, sizeof s->output, m->output, false, true, "output", err);
    if (!r)
        r = wire_take_text(s->fingerprint, sizeof s->fingerprint, m->fingerprint, false, true, "fingerprint", err);
    return r;
}

int measurement_from_message(const Sonata__Measurement *m, struct measurement *ret_measurement, struct sonata_error *err)
{
    struct measurement s = {.attempt = m->attempt, .epoch = m->epoch, .flags = m->flags};
    if (m->outcome >= OUTCOME_COUNT)
        return sonata_error_set(err, -EINVAL, "outcome %u is not known", m->outcome);
    s.outcome = (enum outcome)m->outcome;
    if (m->flags & ~(uint32_t)FLAGS_ALL)
        s.flags &= FLAGS_ALL; /* flags of a newer minor version */
    if (m->duration_ns < 0 || m->n_samples > SAMPLES_MAX)
        return sonata_error_set(err, -EINVAL, "duration is negative, or more than %d samples", SAMPLES_MAX);
    s.started_wall_ns = m->started_wall_ns;
    s.duration_ns = m->duration_ns;
    int r = text_from_message(m, &s, err);
    if (!r)
        r = metrics_from_message(m, &s, err);
    if (!r)
        r = take_times((struct times){m->window_median_us, m->n_window_median_us, WINDOWS_MAX, "window"}, s.window_median_us, &s.n_windows, err);
    if (!r)
        r = processes_from_message(m, &s, err);
    if (!r)
        r = artefact_from_message(m->artefact, &s.artefact, err);
    if (!r && m->n_samples) {
        r = decompress_samples(&m->samples, m->n_samples, &s.samples_us, err);
        s.n_samples = m->n_samples;
    }
    if (!r)
        *ret_measurement = s;
    return r;
}

void measurement_encode(const struct measurement *s, struct bytes *out)
{
    Sonata__Measurement *m = measurement_to_message(s);
    wire_pack(&m->base, out);
    sonata__measurement__free_unpacked(m, NULL);
}

int measurement_decode(const void *p, size_t n, struct measurement *ret_measurement, struct sonata_error *err)
{
    Sonata__Measurement *m = n > WIRE_MESSAGE_MAX ? NULL : (Sonata__Measurement *)wire_unpack(&sonata__measurement__descriptor, p, n);
    if (!m)
        return sonata_error_set(err, -EBADMSG, "%zu bytes are not a measurement", n);
    int r = measurement_from_message(m, ret_measurement, err);
    sonata__measurement__free_unpacked(m, NULL);
    return r;
}
