/* See engine.h. Flow: request -> safetensors -> supernet -> network (recalibrated, folded) -> executor for batch 1. The executor for the accuracy is
 * made when it is asked for and released after. */
#include "runtime/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "runtime/accuracy.h"
#include "runtime/dataset.h"
#include "runtime/placement.h"
#include "runtime/runtime.h"
#include "supernet/build.h"
#include "supernet/safetensors.h"

enum { LATENCY_PICTURES = 64, RECALIBRATION_SEED = 20240213 };

struct engine_session {
    const struct runtime_ops *ops;
    struct network network;
    struct placement *place;            /* of `one` and the pictures */
    uint64_t seed;
    struct runtime *one;                /* batch 1 */
    const struct dataset *dataset;
    struct dataset own_dataset;         /* when loaded here */
    float *pictures, *logits;           /* LATENCY_PICTURES pictures, logits of one */
    unsigned next;
    uint32_t recalibration_pictures;
};

static int check_dataset(const struct space *s, const struct dataset *d, struct sonata_error *err)
{
    const struct space_network *n = &s->network;
    if (n->input_size != d->size || n->input_channels != d->channels || n->classes != d->classes)
        return sonata_error_set(err, -EINVAL, "space '%s' is for %ux%ux%u pictures of %u classes, data set '%s' has %ux%ux%u of %u", s->name,
                                n->input_size, n->input_size, n->input_channels, n->classes, d->name, d->size, d->size, d->channels, d->classes);
    return 0;
}

/* The fixed training pictures: the first `count` of one seeded shuffle, so that every board and every run takes the same. */
static float *recalibration_pictures(const struct dataset *d, uint32_t count)
{
    size_t pixels = (size_t)d->size * d->size * d->channels;
    uint32_t *index = xmalloc(d->train.n * sizeof *index);
    float *out = xmalloc(count * pixels * sizeof *out);
    struct rng rng = rng_seeded(RECALIBRATION_SEED, 0);
    for (uint32_t i = 0; i < d->train.n; i++)
        index[i] = i;
    for (uint32_t i = 0; i < count; i++) { /* Fisher-Yates from the front, only as far as needed */
        uint32_t j = i + rng_below(&rng, d->train.n - i), t = index[i];
        index[i] = index[j];
        index[j] = t;
        dataset_picture(d, &d->train, index[i], out + i * pixels);
    }
    free(index);
    return out;
}

int engine_build_from(const struct engine_source *from, const struct genotype *g, struct network *ret_network, struct sonata_error *err)
{
    const struct dataset *d = from->dataset;
    int r = check_dataset(from->supernet->space, d, err);
    if (r)
        return r;
    uint32_t count = from->pictures ? from->pictures : ENGINE_RECALIBRATION;
    count = count < d->train.n ? count : d->train.n;
    float *x = recalibration_pictures(d, count);
    r = supernet_build(from->supernet, g, &(struct build_statistics){x, count, from->ops->convolve, NULL}, ret_network, err);
    free(x);
    return r;
}

/* Data set of the request: the one given, or loaded into *own. */
static int request_dataset(const struct engine_request *q, struct dataset *own, const struct dataset **ret_dataset, struct sonata_error *err)
{
    *ret_dataset = q->dataset;
    if (q->dataset)
        return 0;
    if (!q->dataset_name || !*q->dataset_name)
        return sonata_error_set(err, -EINVAL, "no data set was named");
    int r = dataset_load(q->dataset_name, own, err);
    *ret_dataset = own;
    return r;
}

static int build(const struct engine_request *q, const struct dataset *d, const struct runtime_ops *ops, struct network *ret_network,
                 struct sonata_error *err)
{
    struct supernet n = {0};
    int r = supernet_init(&n, q->space, err);
    r = r ? r : safetensors_load_supernet(q->supernet, q->supernet_size, "supernet", &n, err);
    r = r ? r : engine_build_from(&(struct engine_source){&n, d, ops, q->recalibration_pictures}, q->genotype, ret_network, err);
    supernet_fini(&n);
    return r;
}

static const struct runtime_ops *request_ops(const struct engine_request *q, struct sonata_error *err)
{
    const struct runtime_ops *ops = runtime_find(q->executor);
    if (!ops)
        sonata_error_set(err, -ENOENT, "executor '%s' is not built in; 'xnnpack' and 'ref' are", q->executor);
    return ops;
}

int engine_build_network(const struct engine_request *q, struct network *ret_network, struct sonata_error *err)
{
    struct dataset own = {0};
    const struct dataset *d;
    const struct runtime_ops *ops = request_ops(q, err);
    if (!ops)
        return -ENOENT;
    int r = request_dataset(q, &own, &d, err);
    r = r ? r : build(q, d, ops, ret_network, err);
    dataset_fini(&own);
    return r;
}

/* Floats of weights and biases. */
static size_t weight_floats(const struct network *n)
{
    size_t floats = 0;
    for (unsigned i = 0; i < n->n_layers; i++) {
        const struct network_layer *l = &n->layer[i];
        size_t taps = l->type == NETWORK_CONV || l->type == NETWORK_DEPTHWISE ? (size_t)l->kernel * l->kernel : 1;
        size_t inputs = l->type == NETWORK_DEPTHWISE ? 1 : l->in_channels;
        floats += l->weight ? taps * inputs * l->out_channels : 0;
        floats += l->bias ? l->out_channels : 0;
    }
    return floats;
}

/* About what an executor for one picture takes: weights padded to whole tiles, tensors, pictures. Too little only makes a second chunk. */
static size_t bytes_of(const struct network *n)
{
    size_t floats = weight_floats(n) * 5 / 4 + (size_t)(LATENCY_PICTURES + 1) * n->input_size * n->input_size * n->input_channels;
    for (unsigned i = 0; i < n->n_layers; i++)
        floats += (size_t)n->layer[i].out_size * n->layer[i].out_size * n->layer[i].out_channels;
    return floats * sizeof(float) + ((size_t)n->n_layers << 12);
}

static int fill_session(struct engine_session *s, const struct engine_request *q, struct sonata_error *err)
{
    s->ops = request_ops(q, err);
    if (!s->ops)
        return -ENOENT;
    s->recalibration_pictures = q->recalibration_pictures ? q->recalibration_pictures : ENGINE_RECALIBRATION;
    int r = request_dataset(q, &s->own_dataset, &s->dataset, err);
    r = r ? r : build(q, s->dataset, s->ops, &s->network, err);
    if (r)
        return r;
    s->seed = q->seed;
    s->place = placement_new(bytes_of(&s->network), q->seed);
    r = s->ops->create(&s->network, 1, s->place, &s->one, err);
    if (r)
        return r;
    const struct dataset *d = s->dataset;
    uint32_t n = d->test.n < LATENCY_PICTURES ? d->test.n : LATENCY_PICTURES;
    s->pictures = placement_take(s->place, (size_t)LATENCY_PICTURES * d->size * d->size * d->channels * sizeof(float), 0);
    dataset_pictures(d, &d->test, 0, n, s->pictures);
    s->logits = placement_take(s->place, d->classes * sizeof(float), 0);
    return 0;
}

int engine_open(const struct engine_request *request, struct engine_session **ret_session, struct sonata_error *err)
{
    struct engine_session *s = xcalloc(1, sizeof *s);
    int r = fill_session(s, request, err);
    if (r) {
        engine_close(s);
        return r;
    }
    *ret_session = s;
    return 0;
}

void engine_close(struct engine_session *s)
{
    if (!s)
        return;
    if (s->one)
        s->ops->destroy(s->one);
    network_free(&s->network);
    dataset_fini(&s->own_dataset);
    placement_free(s->place);
    free(s);
}

int engine_infer(struct engine_session *s)
{
    const float *x = s->pictures + (size_t)s->next * s->dataset->size * s->dataset->size * s->dataset->channels;
    s->next = (s->next + 1) % LATENCY_PICTURES;
    return s->ops->run(s->one, x, s->logits);
}

int engine_accuracy(struct engine_session *s, struct metric_value *ret_accuracy, struct sonata_error *err)
{
    uint32_t right;
    int r = accuracy_count(s->ops, &s->network, s->dataset, &s->dataset->test, NULL, s->dataset->test.n, &right, err);
    if (r)
        return r;
    *ret_accuracy = accuracy_metric(right, s->dataset->test.n);
    return 0;
}

const struct network *engine_network(const struct engine_session *s)
{
    return &s->network;
}

void engine_memory(const struct engine_session *s, size_t *ret_weights, size_t *ret_tensors)
{
    *ret_weights = weight_floats(&s->network) * sizeof(float);
    *ret_tensors = s->ops->tensor_bytes(s->one);
}

void engine_fingerprint(const struct engine_session *s, char *text, size_t size)
{
    char hash[HASH_HEX];
    size_t huge, taken;
    hash_to_hex(s->dataset->hash, sizeof s->dataset->hash, hash);
    placement_huge(s->place, &huge, &taken);
    snprintf(text, size,
             "executor=%s\nexecutor_version=%s\nrecalibration_pictures=%u\ndataset=%s\ndataset_hash=%s\nplacement=%016" PRIx64
             ", huge pages %zu of %zu KiB\n",
             s->ops->name, s->ops->version(), s->recalibration_pictures, s->dataset->name, hash, s->seed, huge / 1024, taken / 1024);
}
