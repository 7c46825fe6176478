/* Quantisation in four steps: ranges by float passes over the calibration set -> scale and zero of every tensor -> arena plan -> the blob,
 * layer by layer. The layout of the blob is fixed first, so every array is written in place. */
#include "mcu/quantize.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "domain/arena.h"
#include "firmware/blob.h"
#include "mcu/float_pass.h"

enum { BIAS_LIMIT = 1 << 29 };

struct scale {
    double scale;
    int zero;
};

struct builder {
    const struct network *net;
    struct scale tensor[NETWORK_LAYERS_MAX + 1];
    struct arena_tensor plan[NETWORK_LAYERS_MAX + 1];
    uint8_t *blob;
};

static size_t align4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* Products of one output value. */
static size_t products(const struct network_layer *l)
{
    switch (l->type) {
    case NETWORK_CONV:
        return (size_t)l->kernel * l->kernel * l->in_channels;
    case NETWORK_DEPTHWISE:
        return (size_t)l->kernel * l->kernel;
    case NETWORK_MEAN:
        return 0;
    default:
        return l->in_channels;
    }
}

/* Index of product j of output channel c in the network's layout. */
static size_t weight_index(const struct network_layer *l, size_t c, size_t j)
{
    return j * l->out_channels + c;
}

/* multiplier * 2^-shift = ratio with 31 significant bits. */
static int to_multiplier(double ratio, int32_t *ret_multiplier, uint8_t *ret_shift)
{
    int exponent;
    double fraction = frexp(ratio, &exponent);
    int64_t m = llrint(fraction * 2147483648.0);
    int shift = 31 - exponent;

    if (m == INT64_C(2147483648)) {
        m /= 2;
        shift--;
    }
    if (!(ratio >= 0) || shift < 1)
        return -ERANGE;
    if (shift > 62) { /* below 2^-31: no value of an int32 sum gets to 1 */
        m = 0;
        shift = 62;
    }
    *ret_multiplier = (int32_t)m;
    *ret_shift = (uint8_t)shift;
    return 0;
}

static struct scale scale_of(double low, double high)
{
    struct scale s;
    long zero;

    low = min_of(low, 0);
    high = max_of(high, 0);
    s.scale = (high - low) / 255.0;
    if (s.scale < 1e-8)
        s.scale = 1e-8;
    zero = lrint(-128.0 - low / s.scale);
    s.zero = (int)clamp_of(zero, -128, 127);
    return s;
}

static int calibrate(struct builder *b, const float *pictures, size_t n, struct sonata_error *err)
{
    unsigned tensors = b->net->n_layers + 1u;
    double low[NETWORK_LAYERS_MAX + 1] = {0}, high[NETWORK_LAYERS_MAX + 1] = {0};
    struct float_pass *pass;
    size_t count;
    int rc = float_pass_new(b->net, &pass, err);

    if (rc < 0)
        return rc;
    float_pass_tensor(pass, 0, &count);
    for (size_t i = 0; i < n && rc == 0; i++) {
        float_pass_run(pass, pictures + i * count);
        for (unsigned t = 0; t < tensors; t++) {
            size_t values;
            const float *v = float_pass_tensor(pass, t, &values);

            for (size_t j = 0; j < values; j++) {
                if (!isfinite(v[j]))
                    rc = sonata_error_set(err, -EINVAL, "calibration picture %zu: tensor %u is not finite", i, t);
                low[t] = min_of((double)v[j], low[t]);
                high[t] = max_of((double)v[j], high[t]);
            }
        }
    }
    float_pass_free(pass);
    for (unsigned t = 0; t < tensors; t++)
        b->tensor[t] = scale_of(low[t], high[t]);
    return rc;
}

static int check_limits(const struct network *net, struct sonata_error *err)
{
    for (unsigned i = 0; i < net->n_layers; i++) {
        const struct network_layer *l = &net->layer[i];

        if (products(l) > Q8_PRODUCTS_MAX || l->stride > 8 || l->kernel > Q8_KERNEL_MAX)
            return sonata_error_set(err, -ERANGE, "layer %u: %zu products of one value, kernel %u, stride %u; the int8 format takes %d, %d, 8", i,
                                    products(l), l->kernel, l->stride, Q8_PRODUCTS_MAX, Q8_KERNEL_MAX);
    }
    if ((size_t)net->input_size * net->input_size * net->input_channels > Q8_INPUT_MAX || net->classes > Q8_OUTPUT_MAX)
        return sonata_error_set(err, -ERANGE, "the device takes %d input values and gives %d logits", Q8_INPUT_MAX, Q8_OUTPUT_MAX);
    return 0;
}

/* Shape fields and blob offsets of every layer; returns the blob's size. */
static size_t lay_out(const struct network *net, struct q8_layer *layer)
{
    static const uint8_t type[] = {
        [NETWORK_CONV] = Q8_CONV, [NETWORK_POINTWISE] = Q8_POINTWISE, [NETWORK_DEPTHWISE] = Q8_DEPTHWISE, [NETWORK_MEAN] = Q8_MEAN,
        [NETWORK_LINEAR] = Q8_LINEAR,
    };
    size_t at = sizeof(struct q8_header) + net->n_layers * sizeof *layer;

    for (unsigned i = 0; i < net->n_layers; i++) {
        const struct network_layer *l = &net->layer[i];
        size_t channels = l->type == NETWORK_MEAN ? 1 : l->out_channels;
        size_t sums = l->type == NETWORK_MEAN ? 0 : channels;
        bool window = l->type == NETWORK_CONV || l->type == NETWORK_DEPTHWISE;

        layer[i] = (struct q8_layer){
            .type = type[l->type], .kernel = window ? (uint8_t)l->kernel : 1,
            .stride = l->type == NETWORK_MEAN || l->type == NETWORK_LINEAR ? 1 : (uint8_t)l->stride,
            .in_channels = l->in_channels, .out_channels = l->out_channels, .in_size = l->in_size, .out_size = l->out_size,
            .has_add = l->add >= 0,
        };
        layer[i].weight_at = (uint32_t)at;
        at = align4(at + products(l) * sums);
        layer[i].bias_at = (uint32_t)at;
        at += 4 * sums;
        layer[i].multiplier_at = (uint32_t)at;
        at += 4 * channels;
        layer[i].shift_at = (uint32_t)at;
        at = align4(at + channels);
    }
    return at;
}

/* Weight scale of channel c: the largest weight becomes 127, unless the bias would not fit. */
static double weight_scale(const struct network_layer *l, size_t c, double in_scale)
{
    double largest = 0, least_for_bias = fabs((double)l->bias[c]) / (in_scale * BIAS_LIMIT);

    for (size_t j = 0; j < products(l); j++) {
        double a = fabs((double)l->weight[weight_index(l, c, j)]);

        largest = max_of(a, largest);
    }
    largest /= 127.0;
    if (largest < 1e-12)
        largest = 1e-12;
    return max_of(largest, least_for_bias);
}

/* Weights, bias, multiplier and shift of channel c of layer i. */
static int write_channel(struct builder *b, const struct q8_layer *q, unsigned i, size_t c)
{
    const struct network_layer *l = &b->net->layer[i];
    struct scale in = b->tensor[l->input], out = b->tensor[i + 1];
    double ws = weight_scale(l, c, in.scale);
    int8_t *weight = (int8_t *)(b->blob + q->weight_at);
    size_t n = products(l);
    int64_t sum = 0, bias = llrint((double)l->bias[c] / (ws * in.scale));
    int32_t bias32, multiplier;
    uint8_t shift;

    for (size_t j = 0; j < n; j++) {
        long v = lrint((double)l->weight[weight_index(l, c, j)] / ws);
        int8_t v8 = (int8_t)clamp_of(v, -127, 127);

        weight[l->type == NETWORK_DEPTHWISE ? j * l->out_channels + c : c * n + j] = v8;
        sum += v8;
    }
    if (l->type == NETWORK_POINTWISE || l->type == NETWORK_LINEAR)
        bias -= in.zero * sum;
    if (bias > 2 * (int64_t)BIAS_LIMIT || bias < -2 * (int64_t)BIAS_LIMIT || to_multiplier(ws * in.scale / out.scale, &multiplier, &shift) < 0)
        return -ERANGE;
    bias32 = (int32_t)bias;
    memcpy(b->blob + q->bias_at + 4 * c, &bias32, 4);
    memcpy(b->blob + q->multiplier_at + 4 * c, &multiplier, 4);
    b->blob[q->shift_at + c] = shift;
    return 0;
}

static int write_mean(struct builder *b, const struct q8_layer *q, unsigned i)
{
    const struct network_layer *l = &b->net->layer[i];
    double pixels = (double)l->in_size * l->in_size;
    int32_t multiplier;
    uint8_t shift;

    if (to_multiplier(b->tensor[l->input].scale / b->tensor[i + 1].scale / pixels, &multiplier, &shift) < 0)
        return -ERANGE;
    memcpy(b->blob + q->multiplier_at, &multiplier, 4);
    b->blob[q->shift_at] = shift;
    return 0;
}

static int write_layer(struct builder *b, struct q8_layer *q, unsigned i)
{
    const struct network_layer *l = &b->net->layer[i];
    struct scale out = b->tensor[i + 1];
    int rc = 0;

    q->input = b->plan[l->input].offset;
    q->output = b->plan[i + 1].offset;
    q->in_zero = (int8_t)b->tensor[l->input].zero;
    q->out_zero = (int8_t)out.zero;
    q->low = l->relu ? (int8_t)out.zero : -128;
    q->high = 127;
    q->add_shift = 1;
    if (l->add >= 0) {
        q->add = b->plan[l->add].offset;
        q->add_zero = (int8_t)b->tensor[l->add].zero;
        rc = to_multiplier(b->tensor[l->add].scale / out.scale, &q->add_multiplier, &q->add_shift);
    }
    if (l->type == NETWORK_MEAN)
        return rc < 0 ? rc : write_mean(b, q, i);
    for (size_t c = 0; c < l->out_channels && rc == 0; c++)
        rc = write_channel(b, q, i, c);
    return rc;
}

static int write_header(struct builder *b, uint32_t size, uint32_t arena)
{
    const struct network *net = b->net;
    unsigned last = net->n_layers;
    struct q8_header h = {
        .magic = Q8_MAGIC, .version = Q8_VERSION, .n_layers = net->n_layers, .size = size, .arena_size = arena,
        .input = b->plan[0].offset, .input_count = b->plan[0].size, .output = b->plan[last].offset, .output_count = b->plan[last].size,
        .input_zero = b->tensor[0].zero, .output_zero = b->tensor[last].zero, .input_scale = (float)b->tensor[0].scale,
        .output_scale = (float)b->tensor[last].scale,
    };
    double macs = 0;

    for (unsigned i = 0; i < net->n_layers; i++)
        macs += (double)products(&net->layer[i]) * net->layer[i].out_size * net->layer[i].out_size * net->layer[i].out_channels;
    h.macs = macs < 4294967295.0 ? (uint32_t)macs : UINT32_MAX;
    if (to_multiplier(b->tensor[last].scale * 1000.0, &h.milli_multiplier, &h.milli_shift) < 0)
        return -ERANGE;
    memcpy(b->blob, &h, sizeof h);
    h.crc = q8_blob_crc(b->blob, size);
    memcpy(b->blob, &h, sizeof h);
    return 0;
}

static int build(struct builder *b, struct bytes *ret_blob, struct sonata_error *err)
{
    const struct network *net = b->net;
    struct q8_layer *layer = xcalloc(net->n_layers, sizeof *layer);
    size_t size = lay_out(net, layer);
    int rc = 0;

    arena_of_network(net, b->plan);
    uint32_t arena = arena_plan(b->plan, net->n_layers + 1u);

    if (size > Q8_BLOB_MAX || arena > Q8_ARENA_MAX) {
        free(layer);
        return sonata_error_set(err, -ERANGE, "blob of %zu bytes, arena of %u: beyond the format's 16 MiB", size, arena);
    }
    b->blob = bytes_append(ret_blob, NULL, size);
    for (unsigned i = 0; i < net->n_layers && rc == 0; i++) {
        rc = write_layer(b, &layer[i], i);
        if (rc < 0)
            sonata_error_set(err, rc, "layer %u: its scales are too far apart for int8", i);
    }
    memcpy(b->blob + sizeof(struct q8_header), layer, net->n_layers * sizeof *layer);
    free(layer);
    if (rc == 0) {
        rc = write_header(b, (uint32_t)size, arena);
        if (rc < 0)
            sonata_error_set(err, rc, "the logits' scale is out of reach");
    }
    if (rc < 0)
        bytes_clear(ret_blob);
    return rc;
}

int quantize_network(const struct network *net, const float *pictures, size_t n_pictures, struct bytes *ret_blob, struct sonata_error *err)
{
    struct builder *b;
    int rc;

    if (!n_pictures)
        return sonata_error_set(err, -EINVAL, "quantisation needs at least one calibration picture");
    b = xcalloc(1, sizeof *b);
    b->net = net;
    rc = calibrate(b, pictures, n_pictures, err);
    if (rc == 0)
        rc = check_limits(net, err);
    if (rc == 0)
        rc = build(b, ret_blob, err);
    free(b);
    return rc;
}
