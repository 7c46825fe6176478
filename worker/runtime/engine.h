/* One candidate of a supernet as a running network: the only header the agent's forked child needs.
 *
 *     engine_open(): check -> plan (sliced views of the shared weights) -> batch norm recalibrated -> folded -> executor for batch 1
 *     engine_infer() again and again under the latency protocol, engine_accuracy() once, engine_close()
 *
 * A session belongs to one thread. Nothing here forks, logs or prints. Every buffer is allocated in engine_open(), so engine_infer()
 * allocates nothing. */
#ifndef SONATA_RUNTIME_ENGINE_H
#define SONATA_RUNTIME_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "domain/metric.h"
#include "domain/network.h"
#include "domain/space.h"

struct dataset;
struct runtime_ops;
struct supernet;
struct engine_session;

struct engine_request {
    const struct space *space;          /* of family mbconv; these five are borrowed until engine_close() */
    const struct genotype *genotype;
    const void *supernet;               /* bytes of the safetensors blob */
    size_t supernet_size;
    const struct dataset *dataset;      /* loaded before the fork; NULL: loaded by name in engine_open() */
    const char *dataset_name;           /* "fashion-mnist"; used when dataset is NULL */
    const char *executor;               /* "xnnpack", "ref"; NULL: the best one built in */
    uint32_t recalibration_pictures;    /* 0: ENGINE_RECALIBRATION */
    uint64_t seed;                      /* of its place in memory (placement.h) */
};

enum { ENGINE_RECALIBRATION = 512 };    /* fixed training pictures behind the batch-norm statistics */

/* 0, or: -EINVAL space, genotype or supernet do not fit together; -EBADMSG corrupt supernet; -ENOENT data set or executor not there;
 * -ENOMEM the executor could not be built. err says what and where. */
int engine_open(const struct engine_request *request, struct engine_session **ret_session, struct sonata_error *err) SONATA_MUST_CHECK;
/* NULL is fine. */
void engine_close(struct engine_session *s);

/* One inference of one test picture (the first 64 in turn). 0 or a negative errno. */
int engine_infer(struct engine_session *s) SONATA_MUST_CHECK;
/* Top-1 accuracy in percent over the whole test set, with the 95 % Wilson interval; name "accuracy", n = pictures. */
int engine_accuracy(struct engine_session *s, struct metric_value *ret_accuracy, struct sonata_error *err) SONATA_MUST_CHECK;

/* The folded layer list (for the ONNX writer); owned by the session. */
const struct network *engine_network(const struct engine_session *s);
/* Bytes of the weights and biases it holds (float32), and of the executor's tensors: every tensor has its own place. */
void engine_memory(const struct engine_session *s, size_t *ret_weights, size_t *ret_tensors);
/* "executor=xnnpack\nexecutor_version=…\nrecalibration_pictures=512\ndataset=…\ndataset_hash=…\nplacement=SEED, huge pages 2048 of 1536 KiB\n" into
 * text[size], cut to fit. */
void engine_fingerprint(const struct engine_session *s, char *text, size_t size);

/* Only plan, recalibrate and fold: the network without an executor. Release with network_free(). */
int engine_build_network(const struct engine_request *request, struct network *ret_network, struct sonata_error *err) SONATA_MUST_CHECK;
/* What networks are built from when the supernet is in memory; all borrowed. */
struct engine_source {
    const struct supernet *supernet;
    const struct dataset *dataset;
    const struct runtime_ops *ops;
    uint32_t pictures; /* for batch-norm statistics; 0: ENGINE_RECALIBRATION */
};
/* As engine_build_network(), from a supernet in memory. */
int engine_build_from(const struct engine_source *from, const struct genotype *g, struct network *ret_network,
                      struct sonata_error *err) SONATA_MUST_CHECK;

#endif
