/* A float pass over the flat layer list that keeps every tensor: ranges for quantisation, and the reference for int8 logits. Plain loops. */
#ifndef SONATA_MCU_FLOAT_PASS_H
#define SONATA_MCU_FLOAT_PASS_H

#include <stddef.h>

#include "base/error.h"
#include "domain/network.h"

struct float_pass;

/* Checks the list (shapes, tensor references, finite weights) and allocates all tensors; net is borrowed until float_pass_free().
 * -EINVAL with the layer blamed. */
int float_pass_new(const struct network *net, struct float_pass **ret_pass, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees it with all it holds; NULL is allowed. */
void float_pass_free(struct float_pass *p);
/* Runs one picture of input_size^2 * input_channels floats. */
void float_pass_run(struct float_pass *p, const float *picture);
/* Values of tensor t (0 .. n_layers) after the last run; *ret_n is their number. Borrowed until the next run. */
const float *float_pass_tensor(const struct float_pass *p, unsigned t, size_t *ret_n);

#endif
