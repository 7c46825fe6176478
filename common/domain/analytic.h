/* Metrics known before any measurement: counted from the layer shapes of a genotype. Used by the master before dispatch. */
#ifndef SONATA_DOMAIN_ANALYTIC_H
#define SONATA_DOMAIN_ANALYTIC_H

#include "base/error.h"
#include "domain/network.h"
#include "domain/space.h"

/* All for one picture, batch norm folded. These five are of the float32 network. */
struct analytic {
    double params;      /* weights and biases */
    double macs;        /* multiply-accumulates of convolutions and the classifier */
    double ram;         /* bytes: largest sum of activation tensors alive at the same time, input and output of the running layer included */
    double weights;     /* bytes: 4 * params */
    double flash;       /* bytes: weights + ANALYTIC_LAYER_BYTES per layer, the constant data of a deployed model without code */
};

enum { ANALYTIC_LAYER_BYTES = 32 };

/* Bytes of the network quantised to int8 on the reference firmware (docs/MCU.md), as the firmware and the quantiser report them. Code and weights lie
 * in flash, activations and the rest in RAM: it fits a part when flash_code + flash_weights and ram_activation + ram_runtime do. */
struct analytic_memory {
    double flash_code;     /* of any network: ANALYTIC_FLASH_CODE, at least what an image of the firmware reports */
    double flash_weights;  /* the int8 blob, exactly: header, layer table, weights, biases, multipliers, shifts */
    double ram_activation; /* the arena, exactly: activation tensors as the planner lays them (domain/arena.h) */
    double ram_runtime;    /* of any network: ANALYTIC_RAM_RUNTIME, at least what an image of the firmware reports */
};

/* The shipped images report between three quarters and all of these (tests/unit/mcu/test_qemu.c). */
enum { ANALYTIC_FLASH_CODE = 24 << 10, ANALYTIC_RAM_RUNTIME = 34 << 10 };

/* -EINVAL when the space has no network family. */
int analytic_count(const struct space *s, const struct genotype *g, struct analytic *ret_counts, struct sonata_error *err) SONATA_MUST_CHECK;
/* From a layer list (weights may be NULL). */
void analytic_of_network(const struct network *n, struct analytic *ret_counts);
/* Bytes of flash and RAM that the firmware needs for a network: int8 blob, planned arena, fixed parts (docs/MCU.md). */
struct analytic_memory analytic_memory_of_network(const struct network *n);
/* Whether the master computes the metric of a search's objective or constraint itself: it is one of the nine fields, no board is named for it, and
 * the space describes networks; the int8 memory of family elastic is not, as no firmware runs it. All else is measured. */
bool analytic_computes(const struct space *s, const char *metric, const char *board);
/* One of the nine fields by name. -EINVAL: no network family; -ENOENT: another name. */
int analytic_metric(const struct space *s, const struct genotype *g, const char *name, double *ret_value) SONATA_MUST_CHECK;

#endif
