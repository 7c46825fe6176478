/* One measurement for people and programs: verdict, flags in words, and the key=value lines of its fingerprint put in order. */
#ifndef SONATA_CLI_ATTEMPT_H
#define SONATA_CLI_ATTEMPT_H

#include <stdio.h>

#include "cli/json.h"
#include "domain/metric.h"

/* "valid", "noisy", or the name of the outcome. */
const char *attempt_verdict(const struct measurement *m);
/* Several lines; unknown keys of the fingerprint are shown as they are. */
void attempt_print(const struct measurement *m, FILE *out);
/* One measurement with its attempt as a JSON object; the caller deletes it. */
cJSON *attempt_json(const struct measurement *m);

#endif
