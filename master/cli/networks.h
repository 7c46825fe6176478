/* The networks of a front as ONNX files, built from the supernet: the one place where the client needs the engine. */
#ifndef SONATA_CLI_NETWORKS_H
#define SONATA_CLI_NETWORKS_H

#include <stdbool.h>

#include "cli/results.h"

/* Where boards ran model files: writes FOLDER/NNN.FORMAT of every front point (or of all that were measured), the very files. *ret_n counts them.
 * Those that went to make room at the master are named on stderr and left out. */
int networks_fetch(struct session *session, const struct results *r, bool all, const char *folder, unsigned *ret_n,
                   struct sonata_error *err) SONATA_MUST_CHECK;
/* Writes FOLDER/NNN.onnx (NNN: id) of every front point (or of all that were measured). supernet_path NULL: found by the spec's name. *ret_n counts
 * the files. -ENOTSUP: the space builds no network; -ENOENT: supernet or data set not found; -EBADMSG: the supernet file is not the one the search
 * used. */
int networks_write(const struct results *r, bool all, const char *supernet_path, const char *folder, unsigned *ret_n,
                   struct sonata_error *err) SONATA_MUST_CHECK;

/* The network of one genotype as an ONNX file in memory; the supernet is found by the name in the spec. Errors as above. Takes seconds. */
int networks_build(const struct search_spec *s, const struct genotype *genotype, uint64_t id, struct bytes *ret_model,
                   struct sonata_error *err) SONATA_MUST_CHECK;

#endif
