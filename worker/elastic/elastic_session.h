/* One sub-network of a described supernet, ready to be timed and judged: what runtime/engine.h is for family mbconv. */
#ifndef SONATA_ELASTIC_ELASTIC_SESSION_H
#define SONATA_ELASTIC_ELASTIC_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "domain/elastic.h"
#include "domain/metric.h"
#include "domain/space.h"
#include "runtime/dataset.h"

struct elastic_session;

/* All borrowed until elastic_close(). */
struct elastic_request {
    const struct space *space;
    const struct genotype *genotype;
    const void *supernet; /* bytes of the safetensors blob */
    size_t supernet_size;
    const struct dataset *dataset; /* NULL: latency alone, with the statistics that stand in the file */
    const char *executor;          /* "ref"; else the engine */
    unsigned threads;              /* 0: 1 */
};

/* 0, or: -EINVAL space, genotype, supernet or data set do not fit together; -EBADMSG corrupt supernet; -ENOMEM more memory than the statistics may
 * take; what the engine says. */
int elastic_open(const struct elastic_request *request, struct elastic_session **ret_session, struct sonata_error *err) SONATA_MUST_CHECK;
/* NULL is fine. */
void elastic_close(struct elastic_session *s);

/* One inference of one picture. 0 or a negative errno. */
int elastic_infer(struct elastic_session *s) SONATA_MUST_CHECK;
/* Top-1 accuracy in percent over the whole test part, with its interval. -EINVAL: opened without a data set. */
int elastic_accuracy(struct elastic_session *s, struct metric_value *ret_accuracy, struct sonata_error *err) SONATA_MUST_CHECK;
/* Layers and counts; owned by the session. */
const struct elastic_plan *elastic_session_plan(const struct elastic_session *s);
/* Bytes of weights and biases (float32), and of the tensors of one inference. */
void elastic_memory(const struct elastic_session *s, size_t *ret_weights, size_t *ret_tensors);
/* "executor=engine\nrecipe=once-for-all\nrecalibration_pictures=2000 …" into text[size], cut to fit. */
void elastic_fingerprint(const struct elastic_session *s, char *text, size_t size);

#endif
