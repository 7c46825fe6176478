/* Names that PyTorch's modules gave the tensors of a described supernet. Those of the published files follow from the modules' nesting, which differs
 * between versions ("bn.weight", "bn.bn.weight"); both sides are brought to one short form and compared there. */
#ifndef SONATA_IMPORT_TORCH_NAMES_H
#define SONATA_IMPORT_TORCH_NAMES_H

#include <stdbool.h>

#include "checkpoint/checkpoint.h"
#include "domain/elastic.h"

enum { TORCH_NAMES_MAX = 4 };

/* The short form of a name in a file: wrappers ("module", "mobile_inverted_conv", "last_conv") and repeated words left out. */
void torch_short_name(const char *name, char text[CHECKPOINT_NAME_MAX]);
/* Short forms under which a layer's "weight", "bias", "scale", "shift", "mean" or "variance" may stand; returns how many. */
unsigned torch_names(const struct elastic *e, const struct elastic_layer *l, const char *tensor, char ret_name[TORCH_NAMES_MAX][CHECKPOINT_NAME_MAX]);
/* "blocks.3.depth_conv.conv": where a depthwise layer's weight and the matrices of its smaller kernels stand. */
void torch_depthwise_name(const struct elastic *e, const struct elastic_layer *l, char text[CHECKPOINT_NAME_MAX]);
/* Whether a tensor of a file has no place in any network and no meaning here: counters, statistics of training. */
bool torch_is_ignored(const char *short_name);

#endif
