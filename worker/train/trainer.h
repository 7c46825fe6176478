/* Supernet training: the sandwich rule with in-place distillation (Yu and Huang, "Universally slimmable networks", ICCV 2019; Yu et al.,
 * "BigNAS", ECCV 2020). Each step trains the largest network on the labels, then the smallest and some random ones on the largest network's
 * soft labels; one Nesterov SGD update with each tensor's gradient averaged over the
 * networks that used it. Deterministic:
 * same options, same bytes (one thread). */
#ifndef SONATA_TRAIN_TRAINER_H
#define SONATA_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rng.h"
#include "runtime/dataset.h"
#include "supernet/supernet.h"

struct train_options {
    uint32_t epochs;            /* 1 .. 1000, also the length of the learning-rate schedule */
    uint32_t warmup_epochs;     /* the first ones train the largest network alone */
    uint32_t batch;             /* 8 .. 1024 pictures a step */
    uint32_t random;            /* random networks a step, 0 .. 16 */
    double lean;                /* how a random network is drawn: below 0 every gene by itself; else it draws a share from lean to 1 and takes each
                                 * next larger choice with that probability, so that sizes spread from small to the largest */
    uint32_t pictures;          /* training pictures used, 0: all but the validation ones */
    uint32_t validation;        /* pictures held out of the training part for the accuracy shown per epoch */
    double rate;                /* peak learning rate; linear rise over 1 % of the steps, then half a cosine to 0 */
    double decay;               /* L2 factor of weights */
    double smoothing;           /* label smoothing of the largest network */
    uint64_t seed;
    bool alone;                 /* train only `genotype`, on the labels */
    struct genotype genotype;
};

/* What sonata-supernet train does unless told otherwise. */
struct train_options train_options_default(void);
/* -EINVAL with the option that is out of range. */
int train_options_check(const struct train_options *o, const struct dataset *d, struct sonata_error *err) SONATA_MUST_CHECK;

/* What one epoch did; flop counts forward and backward of convolutions and classifier, 2 per multiply-accumulate. */
struct train_epoch {
    double loss_largest, loss_smallest;     /* mean over the epoch; smallest: against soft labels, NAN when not trained */
    double train_accuracy;                  /* percent, of the largest network in training mode */
    double flop;
    double seconds;                         /* CPU time */
};

struct trainer;

/* Borrows supernet (initialised; values are randomised here by the seed), dataset and options until trainer_free(). */
struct trainer *trainer_new(struct supernet *n, const struct dataset *d, const struct train_options *o);
/* Frees it with all it holds; NULL is allowed. */
void trainer_free(struct trainer *t);
uint32_t trainer_epoch(const struct trainer *t);    /* epochs finished */
/* Called every few steps with the part of the epoch done, 0 .. 1. */
typedef void (*trainer_progress)(void *context, double part, double loss);
/* Trains one epoch. -EDOM when the loss is no longer finite (learning rate too high). */
int trainer_run_epoch(struct trainer *t, trainer_progress progress, void *context, struct train_epoch *ret_epoch,
                      struct sonata_error *err) SONATA_MUST_CHECK;

/* A part of the training under the learning-rate schedule of another number of epochs: resuming with more or fewer epochs is allowed, the rate then
 * follows the new schedule from the epoch reached. */
struct train_phase {
    uint32_t epochs, until;     /* schedule; last epoch trained under it */
};
enum { TRAIN_PHASES_MAX = 8 };
/* Phases before the present schedule; returns how many. */
uint32_t trainer_phases(const struct trainer *t, struct train_phase ret_phase[TRAIN_PHASES_MAX]);

/* Whole state at an epoch boundary. Loading refuses (-EINVAL) a checkpoint of other options (but epochs), data or space. */
void trainer_save(const struct trainer *t, struct bytes *out);
/* -EINVAL: see trainer_save(); -EBADMSG: damaged. The trainer is only good for trainer_free() then. */
int trainer_load(struct trainer *t, const uint8_t *p, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;

/* Indices of held-out training pictures (o->validation of them). */
const uint32_t *trainer_validation(const struct trainer *t);

#endif
