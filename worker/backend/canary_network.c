/* See canary_network.h. The weights come from integers only, so that no libm has a say in them. Changing anything here changes what every stored
 * reference means: raise CANARY_NETWORK_VERSION in watch.c then. */
#include "backend/canary_network.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "power/fingerprint.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/rng.h"
#include "domain/metric.h"
#include "mcu/int8_net.h"
#include "mcu/quantize.h"
#include "measure/latency.h"
#include "measure/windows.h"
#include "runtime/runtime.h"
#include "supernet/build.h"

enum { SEED = 1997, WIDTH = 16, HEAD = 32, TRIES = 3, PIXELS = CANARY_SIDE * CANARY_SIDE };

/* Uniform in -1 .. 1, in steps of 2^-15. */
static float fixed_number(struct rng *rng)
{
    return (float)((int32_t)rng_below(rng, 65536) - 32768) / 32768.0f;
}

static struct network_layer *append(struct network *n, enum network_layer_type type, unsigned out, unsigned stride, bool relu, struct rng *rng)
{
    struct network_layer *l = &n->layer[n->n_layers];
    const struct network_layer *before = n->n_layers ? l - 1 : NULL;
    unsigned kernel = type == NETWORK_CONV || type == NETWORK_DEPTHWISE ? 3 : 1;
    *l = (struct network_layer){.type = type,
                                .in_channels = before ? before->out_channels : CANARY_CHANNELS,
                                .out_channels = (uint16_t)out,
                                .kernel = (uint16_t)kernel,
                                .stride = (uint16_t)stride,
                                .in_size = before ? before->out_size : CANARY_SIDE,
                                .relu = relu,
                                .input = (int16_t)n->n_layers,
                                .add = -1};
    l->out_size = (uint16_t)(type == NETWORK_MEAN || type == NETWORK_LINEAR ? 1 : (l->in_size + stride - 1) / stride);
    n->n_layers++;
    if (type == NETWORK_MEAN)
        return l;
    size_t fan = (size_t)kernel * kernel * (type == NETWORK_DEPTHWISE ? 1 : l->in_channels), count = fan * out;
    float scale = 2.0f / (float)(fan < 4 ? 4 : fan) * 4; /* keeps the activations of the same order from layer to layer */
    l->weight = xcalloc(count, sizeof *l->weight);
    l->bias = xcalloc(out, sizeof *l->bias);
    for (size_t i = 0; i < count; i++)
        l->weight[i] = scale * fixed_number(rng);
    for (size_t i = 0; i < out; i++)
        l->bias[i] = 0.125f * fixed_number(rng);
    n->params += (double)(count + out);
    n->macs += (double)count * l->out_size * l->out_size;
    return l;
}

void canary_network_init(struct network *n, enum canary_kind kind)
{
    bool host = kind == CANARY_HOST;
    unsigned blocks = host ? 3 : 1;
    unsigned expanded = host ? 64 : 32;
    struct rng rng = rng_seeded(SEED, 0);
    *n = (struct network){.input_size = CANARY_SIDE, .input_channels = CANARY_CHANNELS, .classes = CANARY_CLASSES};
    append(n, NETWORK_CONV, WIDTH, 2, true, &rng);
    for (unsigned b = 0; b < blocks; b++) {
        int16_t start = (int16_t)n->n_layers;
        append(n, NETWORK_POINTWISE, expanded, 1, true, &rng);
        append(n, NETWORK_DEPTHWISE, expanded, 1, true, &rng);
        append(n, NETWORK_POINTWISE, WIDTH, 1, false, &rng)->add = start;
    }
    append(n, NETWORK_POINTWISE, HEAD, 1, true, &rng);
    append(n, NETWORK_MEAN, HEAD, 1, false, &rng);
    append(n, NETWORK_LINEAR, CANARY_CLASSES, 1, false, &rng);
}

void canary_network_pictures(float pictures[CANARY_PICTURES * CANARY_SIDE * CANARY_SIDE])
{
    struct rng rng = rng_seeded(SEED, 1);
    for (size_t i = 0; i < (size_t)CANARY_PICTURES * PIXELS; i++)
        pictures[i] = 0.5f + 0.5f * fixed_number(&rng);
}

/* ---- engine */

struct engine_canary {
    const struct runtime_ops *ops;
    struct runtime *runtime;
    const float *picture;
    float logits[CANARY_CLASSES];
};

static int infer(void *user)
{
    struct engine_canary *c = user;
    return c->ops->run(c->runtime, c->picture, c->logits);
}

static int64_t raw_now(void *user)
{
    (void)user;
    return clock_raw_ns();
}

static struct latency_protocol protocol_of(int64_t time_ns)
{
    return (struct latency_protocol){.warmup_ns = time_ns / 4, .warmup_inferences = 5, .warmup_window_ns = time_ns / 20, .warmup_spread = 0.02,
                                     .warmup_cap_ns = time_ns / 2, .windows = 5, .window_ns = time_ns / 8, .min_inferences = 10, .windows_max = 5,
                                     .cap_ns = 2 * time_ns, .sample_ns = 100000};
}

static int time_engine(struct engine_canary *c, int64_t time_ns, double *ret_us, struct sonata_error *err)
{
    struct latency_protocol p = protocol_of(time_ns);
    struct latency_target target = {infer, raw_now, c};
    double best = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        struct latency_result result;
        struct contention watch;
        char text[256] = "";
        contention_begin(&watch);
        int r = latency_measure(&p, &target, &result, err);
        if (r)
            return r;
        bool contended = contention_end(&watch, text, sizeof text) != 0;
        best = !i || result.median_us < best ? result.median_us : best;
        latency_result_fini(&result);
        if (!contended)
            break;
    }
    *ret_us = best;
    return 0;
}

static int run_once(const struct runtime_ops *ops, const struct network *n, const float *picture, float logits[CANARY_CLASSES],
                    struct sonata_error *err)
{
    struct runtime *runtime = NULL;
    int r = ops->create(n, 1, NULL, &runtime, err);
    if (!r && (r = ops->run(runtime, picture, logits)) != 0)
        sonata_error_set(err, r, "the executor %s fails", ops->name);
    ops->destroy(runtime);
    return r;
}

static int check_engine(const struct runtime_ops *ops, const struct network *n, const float *pictures, struct sonata_error *err)
{
    for (unsigned k = 0; k < CANARY_PICTURES; k++) {
        float logits[CANARY_CLASSES], right[CANARY_CLASSES];
        int r = run_once(ops, n, pictures + (size_t)k * PIXELS, logits, err);
        r = r ? r : run_once(&runtime_ref, n, pictures + (size_t)k * PIXELS, right, err);
        if (r)
            return r;
        for (unsigned i = 0; i < CANARY_CLASSES; i++) {
            if (!(fabsf(logits[i] - right[i]) <= 1e-3f * (1 + fabsf(right[i]))))
                return sonata_error_set(err, -EILSEQ, "the executor %s computes %g where %g is right", ops->name, (double)logits[i],
                                        (double)right[i]);
        }
    }
    return 0;
}

int canary_on_engine(const char *executor, int64_t time_ns, double *ret_latency_us, struct sonata_error *err)
{
    float pictures[CANARY_PICTURES * PIXELS];
    struct network n;
    struct engine_canary c = {.ops = runtime_find(executor), .picture = pictures};
    if (!c.ops)
        return sonata_error_set(err, -ENOENT, "executor '%s' is not built in", executor);
    canary_network_init(&n, CANARY_HOST);
    canary_network_pictures(pictures);
    int r;
    if (!time_ns) {
        r = check_engine(c.ops, &n, pictures, err);
    } else {
        r = c.ops->create(&n, 1, NULL, &c.runtime, err);
        r = r ? r : time_engine(&c, time_ns, ret_latency_us, err);
        c.ops->destroy(c.runtime);
    }
    network_free(&n);
    return r;
}

/* ---- microcontroller */

static int run_mcu(const struct mcu_options *o, int64_t time_ns, const struct bytes *blob, const int8_t *input, double *ret_us,
                   struct sonata_error *err)
{
    double us = (double)time_ns * 1e-3;
    struct mcu_request q = {.options = o,
                            .blob = blob->data,
                            .size = blob->size,
                            .input = input,
                            .n_inputs = 1,
                            .windows = time_ns ? 3 : 1,
                            .warmup_us = us * 0.1,
                            .window_us = time_ns ? us * 0.3 : 1,
                            .warmup_inferences = time_ns ? 1 : 0,
                            .min_inferences = time_ns ? 3 : 1};
    struct mcu_result *result = xcalloc(1, sizeof *result);
    int r = mcu_run(&q, result, err);
    if (!r && time_ns) {
        struct windows_summary s;
        windows_summarise(result->window_us, result->n_windows, &s);
        *ret_us = s.median_us;
    }
    free(result);
    return r;
}

int canary_on_mcu(const struct mcu_options *o, int64_t time_ns, double *ret_latency_us, struct sonata_error *err)
{
    float pictures[CANARY_PICTURES * PIXELS];
    int8_t input[PIXELS];
    struct network n;
    struct bytes blob = {0};
    struct int8_net net = {0};
    canary_network_init(&n, CANARY_DEVICE);
    canary_network_pictures(pictures);
    int r = quantize_network(&n, pictures, CANARY_PICTURES, &blob, err);
    r = r ? r : int8_net_init(&net, blob.data, blob.size, err);
    if (!r) {
        int8_net_input(&net, pictures, input);
        r = run_mcu(o, time_ns, &blob, input, ret_latency_us, err);
    }
    int8_net_fini(&net);
    bytes_fini(&blob);
    network_free(&n);
    if (!time_ns && (r == -ENOTSUP || r == -ENOSPC)) {
        struct link_info info;
        char name[TINY_TEXT_MAX];
        r = mcu_ping(o, &info, name, err);
        r = r == -ENOTSUP ? 0 : r; /* it answered its name */
    }
    return r;
}
