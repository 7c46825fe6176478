/* From trained weights as PyTorch saved them to a supernet: every tensor of the space's largest network is found once, by name and with its exact
 * shape, and kernels smaller than the largest are derived as the published supernets do. */
#ifndef SONATA_IMPORT_IMPORT_H
#define SONATA_IMPORT_IMPORT_H

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "supernet/supernet.h"

/* Called after each tensor: done of all. NULL is fine. */
typedef void (*import_progress)(void *context, unsigned done, unsigned all);

/* Fills an initialised supernet of family elastic. -EINVAL: tensors are missing, of another shape or left over (the text names some and says how
 * many), or hold values that are not finite. */
int import_supernet(const struct checkpoint *c, struct supernet *n, import_progress progress, void *context,
                    struct sonata_error *err) SONATA_MUST_CHECK;
/* How many tensors of the layout a file has with their exact shapes: to find the space that a file belongs to. */
unsigned import_matches(const struct checkpoint *c, const struct supernet *n);

#endif
