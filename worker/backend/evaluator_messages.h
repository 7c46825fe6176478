/* What an evaluator is asked and what its answers mean (docs/ADAPTERS.md, "Reference: evaluators"). */
#ifndef SONATA_BACKEND_EVALUATOR_MESSAGES_H
#define SONATA_BACKEND_EVALUATOR_MESSAGES_H

#include <cjson/cJSON.h>

#include "backend/backend.h"

/* The first line: {"sonata":1,"init":{...}}. The caller's. */
cJSON *evaluator_hello(const struct board_config *config);
/* Takes what it offers from its {"ready":true,...}; its name and version into version[size]. */
int evaluator_take_ready(const cJSON *message, struct board_offer *offer, char *version, size_t size, struct sonata_error *err) SONATA_MUST_CHECK;

/* The request of a job; folder: its model is to be built there and nothing else is asked for, NULL: no. limit_ns: what it may take, 0 unknown. */
cJSON *evaluator_request(const struct backend_job *job, const char *folder, int64_t limit_ns);

enum evaluator_said {
    EVALUATOR_PROGRESS, /* ret_progress is set, 0 to 1 */
    EVALUATOR_ANSWER,   /* the measurement is complete */
    EVALUATOR_CANCELED, /* it gave up, as it was asked to */
    EVALUATOR_CONFUSED, /* as ANSWER, but it may have more to say: start it anew */
};
/* The file that a good answer to a build names is taken up (model_file.h); where that fails the name was wrong, or this machine's disk is at fault.
 */
void evaluator_take_model(const struct backend_job *job, const cJSON *answer, struct measurement *m);
/* Fills *m from an answer to request `id`. */
enum evaluator_said evaluator_take(const cJSON *answer, uint64_t id, double *ret_progress, struct measurement *m);

#endif
