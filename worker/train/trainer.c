/* See trainer.h. Random streams: 0 initial weights, 1 split into training and validation, 2 everything of the steps (order, shifts, networks). */
#include "train/trainer.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "train/kernels.h"
#include "train/step.h"

enum { STREAM_WEIGHTS, STREAM_SPLIT, STREAM_STEPS, SHIFT = 2 };
#define MOMENTUM 0.9f
static const uint64_t CHECKPOINT_MAGIC = UINT64_C(0x3330544b43544e53); /* "SNTCKT03" */

struct trainer {
    struct supernet *n;
    const struct dataset *d;
    const struct train_options *o;
    struct rng rng;
    uint32_t epoch, step_count, steps_per_epoch;
    uint32_t n_train, n_phases;
    struct train_phase phase[TRAIN_PHASES_MAX];
    uint32_t *order, *validation;
    float *gradient, *momentum;
    float *pictures, *target, *soft, *dlogits;
    uint8_t *labels;
    struct step *step;
    unsigned *uses;                     /* of each tensor by the networks of this step */
    double flop;
};

struct train_options train_options_default(void)
{
    return (struct train_options){.epochs = 20, .warmup_epochs = 0, .batch = 32, .random = 4, .lean = -1, .validation = 5000, .rate = 0.1,
                                  .decay = 1e-4, .smoothing = 0.1, .seed = 1};
}

int train_options_check(const struct train_options *o, const struct dataset *d, struct sonata_error *err)
{
    if (o->epochs < 1 || o->epochs > 1000 || o->warmup_epochs > o->epochs)
        return sonata_error_set(err, -EINVAL, "epochs: 1 to 1000 are expected, and no more warm-up epochs than epochs");
    if (o->batch < 8 || o->batch > 1024 || o->random > 16)
        return sonata_error_set(err, -EINVAL, "batch: 8 to 1024 pictures and at most 16 random networks are expected");
    if (!(o->lean >= -1 && o->lean < 1))
        return sonata_error_set(err, -EINVAL, "lean: a share of 0 or more below 1 is expected, or -1");
    if (!(o->rate > 0 && o->rate <= 10) || !(o->decay >= 0 && o->decay < 1) || !(o->smoothing >= 0 && o->smoothing < 1))
        return sonata_error_set(err, -EINVAL, "learning rate above 0 up to 10, decay and smoothing of 0 or more below 1 are expected");
    if ((uint64_t)o->validation + (o->pictures ? o->pictures : o->batch) > d->train.n)
        return sonata_error_set(err, -EINVAL, "data set %s has %u training pictures, fewer than %u to train and %u to validate", d->name, d->train.n,
                                o->pictures ? o->pictures : o->batch, o->validation);
    if (o->pictures && o->pictures < o->batch)
        return sonata_error_set(err, -EINVAL, "pictures: at least one batch (%u) is expected", o->batch);
    return 0;
}

static void split(struct trainer *t)
{
    uint32_t all = t->d->train.n, *index = xmalloc(all * sizeof *index);
    struct rng rng = rng_seeded(t->o->seed, STREAM_SPLIT);
    for (uint32_t i = 0; i < all; i++)
        index[i] = i;
    rng_shuffle(&rng, index, all);
    t->n_train = t->o->pictures ? t->o->pictures : all - t->o->validation;
    t->validation = xmalloc((t->o->validation + 1) * sizeof *index);
    memcpy(t->validation, index, t->o->validation * sizeof *index);
    t->order = xmalloc(t->n_train * sizeof *index);
    memcpy(t->order, index + t->o->validation, t->n_train * sizeof *index);
    free(index);
}

struct trainer *trainer_new(struct supernet *n, const struct dataset *d, const struct train_options *o)
{
    struct trainer *t = xcalloc(1, sizeof *t);
    t->n = n;
    t->d = d;
    t->o = o;
    struct rng weights = rng_seeded(o->seed, STREAM_WEIGHTS);
    supernet_randomize(n, &weights);
    t->rng = rng_seeded(o->seed, STREAM_STEPS);
    split(t);
    t->steps_per_epoch = t->n_train / o->batch;
    size_t pixels = (size_t)d->size * d->size * d->channels, logits = (size_t)o->batch * d->classes;
    t->gradient = xcalloc(n->n_values, sizeof(float));
    t->momentum = xcalloc(n->n_values, sizeof(float));
    t->uses = xcalloc(n->n_tensors, sizeof *t->uses);
    t->pictures = xcalloc(o->batch * pixels, sizeof(float));
    t->labels = xcalloc(o->batch, 1);
    t->target = xcalloc(logits, sizeof(float));
    t->soft = xcalloc(logits, sizeof(float));
    t->dlogits = xcalloc(logits, sizeof(float));
    t->step = step_new(n, o->batch);
    return t;
}

void trainer_free(struct trainer *t)
{
    if (!t)
        return;
    step_free(t->step);
    free(t->order);
    free(t->validation);
    free(t->gradient);
    free(t->momentum);
    free(t->uses);
    free(t->pictures);
    free(t->labels);
    free(t->target);
    free(t->soft);
    free(t->dlogits);
    free(t);
}

uint32_t trainer_epoch(const struct trainer *t)
{
    return t->epoch;
}

const uint32_t *trainer_validation(const struct trainer *t)
{
    return t->validation;
}

/* Picture moved by up to SHIFT pixels each way and mirrored or not; what comes in from outside is background. */
static void augment(struct trainer *t, uint32_t index, float *out)
{
    long size = t->d->size;
    long dx = (long)rng_below(&t->rng, 2 * SHIFT + 1) - SHIFT, dy = (long)rng_below(&t->rng, 2 * SHIFT + 1) - SHIFT;
    bool mirror = rng_below(&t->rng, 2);
    const uint8_t *from = t->d->train.pixels + (size_t)index * (size_t)(size * size);
    for (long r = 0; r < size; r++) {
        for (long c = 0; c < size; c++) {
            long u = r + dy, v = (mirror ? size - 1 - c : c) + dx;
            bool inside = u >= 0 && v >= 0 && u < size && v < size;
            out[r * size + c] = inside ? (float)from[u * size + v] * (1.0f / 255.0f) : 0;
        }
    }
}

static void load_batch(struct trainer *t, const uint32_t *index)
{
    size_t pixels = (size_t)t->d->size * t->d->size, classes = t->d->classes;
    float low = (float)(t->o->smoothing / (double)classes), high = (float)(1 - t->o->smoothing) + low;
    for (uint32_t b = 0; b < t->o->batch; b++) {
        augment(t, index[b], t->pictures + b * pixels);
        t->labels[b] = t->d->train.labels[index[b]];
        for (size_t c = 0; c < classes; c++)
            t->target[b * classes + c] = c == t->labels[b] ? high : low;
    }
}

/* One network of the step; teacher: trains on the labels and leaves its soft labels. */
static double train_one(struct trainer *t, const struct genotype *g, bool teacher)
{
    struct supernet_plan plan;
    int r = supernet_plan(t->n, g, &plan, NULL);
    assert(!r);
    const float *logits = step_forward(t->step, t->n->value, &plan, t->pictures, t->o->batch);
    const float *target = teacher ? t->target : t->soft;
    double loss = softmax_loss(logits, target, t->o->batch, t->d->classes, t->dlogits, teacher ? t->soft : NULL);
    step_backward(t->step, t->n->value, t->dlogits, t->gradient);
    for (unsigned i = 0; i < plan.n_layers; i++) {
        for (unsigned k = 0; k < plan.layer[i].n_tensors; k++)
            t->uses[plan.layer[i].tensor[k]]++;
    }
    t->flop += 6 * plan.macs * t->o->batch;
    return loss;
}

static uint32_t count_right(const struct trainer *t)
{
    uint32_t right = 0;
    for (uint32_t b = 0; b < t->o->batch; b++) {
        const float *p = t->soft + (size_t)b * t->d->classes;
        unsigned best = 0;
        for (unsigned c = 1; c < t->d->classes; c++)
            best = p[c] > p[best] ? c : best;
        right += best == t->labels[b];
    }
    return right;
}

static double learning_rate(const struct trainer *t)
{
    double total = (double)t->steps_per_epoch * t->o->epochs, rise = max_of(total / 100, 20);
    double at = t->step_count;
    if (at < rise)
        return t->o->rate * (at + 1) / rise;
    return t->o->rate * 0.5 * (1 + cos(3.14159265358979323846 * at / total));
}

/* A tensor's gradient is the mean over the networks of the step that used it: the stem, used by all, then learns at the same rate as a block variant
 * that one of them has. */
static void average(struct trainer *t, unsigned tensor)
{
    const struct supernet_tensor *s = &t->n->tensor[tensor];
    float factor = 1.0f / (float)(t->uses[tensor] ? t->uses[tensor] : 1);
    for (size_t k = 0; factor < 1 && k < s->size; k++)
        t->gradient[s->offset + k] *= factor;
    t->uses[tensor] = 0;
}

static void update(struct trainer *t)
{
    float rate = (float)learning_rate(t);
    for (unsigned i = 0; i < t->n->n_tensors; i++) {
        const struct supernet_tensor *s = &t->n->tensor[i];
        average(t, i);
        sgd_update(t->n->value + s->offset, t->gradient + s->offset, t->momentum + s->offset, s->size, rate, MOMENTUM,
                   s->decay ? (float)t->o->decay : 0);
    }
    t->step_count++;
}

/* One random network. Drawn gene by gene, nearly all are of middle size and the large ones, which have most to learn, hardly learn at all. */
static struct genotype draw(const struct space *s, double lean, struct rng *rng)
{
    if (lean < 0)
        return space_random(s, rng);
    double share = lean + (1 - lean) * rng_uniform(rng);
    struct genotype g = {{0}};
    for (unsigned j = 0; j < s->n_genes; j++) {
        for (unsigned c = 1; c < s->gene[j].n_choices; c++)
            g.allele[j] = (uint8_t)(g.allele[j] + (rng_uniform(rng) < share));
    }
    return space_canonical(s, &g);
}

/* Returns the loss of the first (teacher) network. */
static double train_step(struct trainer *t, double *loss_smallest)
{
    const struct space *s = t->n->space;
    struct genotype largest = t->o->alone ? t->o->genotype : space_last(s), smallest = space_first(s);
    double loss = train_one(t, &largest, true);
    if (!t->o->alone && t->epoch >= t->o->warmup_epochs) {
        *loss_smallest += train_one(t, &smallest, false);
        for (uint32_t k = 0; k < t->o->random; k++) {
            struct genotype g = draw(s, t->o->lean, &t->rng);
            train_one(t, &g, false);
        }
    }
    update(t);
    return loss;
}

int trainer_run_epoch(struct trainer *t, trainer_progress progress, void *context, struct train_epoch *ret_epoch, struct sonata_error *err)
{
    int64_t start = clock_cpu_ns();
    struct train_epoch e = {0};
    uint64_t right = 0;
    t->flop = 0;
    rng_shuffle(&t->rng, t->order, t->n_train);
    for (uint32_t i = 0; i < t->steps_per_epoch; i++) {
        load_batch(t, t->order + (size_t)i * t->o->batch);
        double loss = train_step(t, &e.loss_smallest);
        if (!isfinite(loss))
            return sonata_error_set(err, -EDOM, "epoch %u, step %u: the loss is not finite; choose a lower learning rate than %g", t->epoch + 1,
                                    i + 1, t->o->rate);
        e.loss_largest += loss;
        right += count_right(t);
        if (progress && i % 16 == 0)
            progress(context, (double)i / t->steps_per_epoch, e.loss_largest / (i + 1));
    }
    e.loss_largest /= t->steps_per_epoch;
    e.loss_smallest = t->o->alone || t->epoch < t->o->warmup_epochs ? NAN : e.loss_smallest / t->steps_per_epoch;
    e.train_accuracy = 100.0 * (double)right / ((double)t->steps_per_epoch * t->o->batch);
    e.flop = t->flop;
    e.seconds = (double)(clock_cpu_ns() - start) * 1e-9;
    t->epoch++;
    *ret_epoch = e;
    return 0;
}

/* Everything that must be equal for a checkpoint to fit; epochs may differ. */
static void put_identity(const struct trainer *t, struct bytes *out)
{
    const struct train_options *o = t->o;
    bytes_put_u64(out, CHECKPOINT_MAGIC);
    bytes_append(out, t->d->hash, sizeof t->d->hash);
    supernet_space_hash(t->n->space, bytes_append(out, NULL, HASH_SIZE));
    const uint32_t counts[] = {o->warmup_epochs, o->batch, o->random, o->pictures, o->validation, o->alone};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        bytes_put_u32(out, counts[i]);
    bytes_put_f64(out, o->lean);
    bytes_put_f64(out, o->rate);
    bytes_put_f64(out, o->decay);
    bytes_put_f64(out, o->smoothing);
    bytes_put_u64(out, o->seed);
    bytes_append(out, o->genotype.allele, sizeof o->genotype.allele);
    bytes_put_u64(out, t->n->n_values);
}

uint32_t trainer_phases(const struct trainer *t, struct train_phase ret_phase[TRAIN_PHASES_MAX])
{
    memcpy(ret_phase, t->phase, sizeof t->phase);
    return t->n_phases;
}

void trainer_save(const struct trainer *t, struct bytes *out)
{
    put_identity(t, out);
    bytes_put_u32(out, t->o->epochs);
    bytes_put_u32(out, t->epoch);
    bytes_put_u32(out, t->step_count);
    bytes_put_u32(out, t->n_phases);
    for (uint32_t i = 0; i < TRAIN_PHASES_MAX; i++) {
        bytes_put_u32(out, t->phase[i].epochs);
        bytes_put_u32(out, t->phase[i].until);
    }
    rng_save(&t->rng, out);
    bytes_append(out, t->order, t->n_train * sizeof *t->order);
    bytes_append(out, t->n->value, t->n->n_values * sizeof(float));
    bytes_append(out, t->momentum, t->n->n_values * sizeof(float));
}

enum { PROGRESS_BYTES = 4 * (4 + 2 * TRAIN_PHASES_MAX), RNG_BYTES = 32 };

/* Epochs, steps and phases; notes the end of a phase when the schedule changes. */
static int load_progress(struct trainer *t, struct reader *r, struct sonata_error *err)
{
    uint32_t epochs = reader_u32(r);
    t->epoch = reader_u32(r);
    t->step_count = reader_u32(r);
    t->n_phases = reader_u32(r);
    for (uint32_t i = 0; i < TRAIN_PHASES_MAX; i++) {
        t->phase[i].epochs = reader_u32(r);
        t->phase[i].until = reader_u32(r);
    }
    if (t->n_phases > TRAIN_PHASES_MAX || t->epoch > epochs || t->step_count != t->epoch * t->steps_per_epoch)
        return sonata_error_set(err, -EBADMSG, "the checkpoint is corrupt: %u epochs, %u steps, %u phases", t->epoch, t->step_count, t->n_phases);
    if (t->epoch > t->o->epochs)
        return sonata_error_set(err, -EINVAL, "the checkpoint is at epoch %u, past the %u asked for", t->epoch, t->o->epochs);
    if (epochs != t->o->epochs && t->epoch) {
        if (t->n_phases == TRAIN_PHASES_MAX)
            return sonata_error_set(err, -EINVAL, "the number of epochs was changed %d times already", TRAIN_PHASES_MAX);
        t->phase[t->n_phases++] = (struct train_phase){epochs, t->epoch};
    }
    return 0;
}

int trainer_load(struct trainer *t, const uint8_t *p, size_t n, struct sonata_error *err)
{
    struct bytes identity = {0};
    put_identity(t, &identity);
    bool same = n >= identity.size && !memcmp(p, identity.data, identity.size);
    size_t expected = identity.size + PROGRESS_BYTES + RNG_BYTES + t->n_train * sizeof *t->order + 2 * t->n->n_values * sizeof(float);
    size_t begin = same ? identity.size : 0;
    struct reader r = reader_of(p + begin, n - begin);
    bytes_fini(&identity);
    if (!same)
        return sonata_error_set(err, -EINVAL, "the checkpoint is of another space, data set or command line");
    if (n != expected)
        return sonata_error_set(err, -EBADMSG, "the checkpoint ends at byte %zu, %zu were expected", n, expected);
    int e = load_progress(t, &r, err);
    if (e)
        return e;
    rng_load(&t->rng, &r);
    reader_copy(&r, t->order, t->n_train * sizeof *t->order);
    reader_copy(&r, t->n->value, t->n->n_values * sizeof(float));
    reader_copy(&r, t->momentum, t->n->n_values * sizeof(float));
    for (uint32_t i = 0; i < t->n_train; i++) {
        if (t->order[i] >= t->d->train.n)
            return sonata_error_set(err, -EBADMSG, "the checkpoint is corrupt: picture %u of %u", t->order[i], t->d->train.n);
    }
    return reader_done(&r) ? 0 : sonata_error_set(err, -EBADMSG, "the checkpoint is corrupt");
}
