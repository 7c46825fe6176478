/* The network that the engine backend measures, whatever family it is of (runtime/engine.h, elastic/elastic_session.h). */
#ifndef SONATA_BACKEND_ENGINE_NETWORK_H
#define SONATA_BACKEND_ENGINE_NETWORK_H

#include "backend/backend.h"
#include "runtime/dataset.h"

/* Zero-initialise; release with engine_network_close(). */
struct engine_network {
    const struct engine_family *family;
    void *session;
};

struct engine_counts {
    double params, macs;
    size_t weight_bytes, tensor_bytes; /* of the float network in this process; every tensor has its own place */
};

/* Builds the network of a job. dataset: NULL when nothing of the job needs pictures, which only family elastic allows. 0, or what the family's open
 * says. */
int engine_network_open(const struct backend_job *job, const struct dataset *dataset, const char *executor, struct engine_network *ret_network,
                        struct sonata_error *err) SONATA_MUST_CHECK;
/* Fine on a zeroed one. */
void engine_network_close(struct engine_network *n);
/* One inference; user is the struct engine_network. 0 or a negative errno. */
int engine_network_infer(void *user) SONATA_MUST_CHECK;
/* Top-1 accuracy over the test part, with its interval. */
int engine_network_accuracy(struct engine_network *n, struct metric_value *ret_accuracy, struct sonata_error *err) SONATA_MUST_CHECK;
/* What it holds. */
struct engine_counts engine_network_counts(const struct engine_network *n);
/* key=value lines about executor, pictures and place into text[size], cut to fit. */
void engine_network_fingerprint(const struct engine_network *n, char *text, size_t size);
/* Whether the space's networks can be built and timed without pictures. */
bool engine_network_without_pictures(const struct space *s);

#endif
