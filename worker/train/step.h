/* One sub-network on one batch: forward with batch statistics, loss, backward into a gradient array laid out as the supernet's values. */
#ifndef SONATA_TRAIN_STEP_H
#define SONATA_TRAIN_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "supernet/supernet.h"

/* Activations and gradients of one batch; sized for the largest network, reused by every step. */
struct step;

/* Memory for a forward and backward pass of the largest network of a space, so many pictures at once. Free with step_free(). */
struct step *step_new(const struct supernet *n, size_t batch);
/* Frees it with all it holds; NULL is allowed. */
void step_free(struct step *s);

/* Logits [batch][classes] of `count` <= batch pictures, borrowed until the next call. Keeps what step_backward() needs. */
const float *step_forward(struct step *s, const float *value, const struct supernet_plan *plan, const float *pictures, size_t count);
/* Adds the gradient to gradient[]; dlogits [count][classes] of the forward pass just made. */
void step_backward(struct step *s, const float *value, const float *dlogits, float *gradient);

/* Softmax cross entropy against target distributions [count][classes]: mean loss (nats); dlogits = (p - target) / count;
 * ret_probability may be NULL. */
double softmax_loss(const float *logits, const float *target, size_t count, size_t classes, float *dlogits, float *ret_probability);

#endif
