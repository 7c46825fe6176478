/* Where the weights of a described network stand in its supernet. */
#ifndef SONATA_SUPERNET_ELASTIC_LAYOUT_H
#define SONATA_SUPERNET_ELASTIC_LAYOUT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "domain/elastic.h"
#include "supernet/supernet.h"

/* Adds the tensors of n->space's largest network to the layout. -EINVAL what elastic_check() refuses. */
int elastic_layout(struct supernet *n, struct sonata_error *err) SONATA_MUST_CHECK;
/* Whether a layer has a weight tensor (and norm or bias as its fields say). */
bool elastic_has_weights(const struct elastic_layer *l);
/* Name of a layer's "weight", "bias", or its norm's "scale", "shift", "mean", "variance": "item3.block2.depthwise.k5.weight". */
void elastic_tensor_name(const struct elastic_layer *l, const char *tensor, char text[SUPERNET_TENSOR_NAME_MAX]);
/* Appends what tells one described network from another. */
void elastic_hash(const struct elastic *e, struct bytes *out);

#endif
