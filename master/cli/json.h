/* Results as JSON values (cJSON); the caller deletes them. */
#ifndef SONATA_CLI_JSON_H
#define SONATA_CLI_JSON_H

#include <cjson/cJSON.h>

#include "cli/results.h"

/* A search: name, state, counts, budget, times. */
cJSON *json_status(const struct results_status *s);
/* Objectives, constraints, algorithm, budget, evaluation, seed, space with its genes. */
cJSON *json_spec(const struct search_spec *s);
/* {"d1": "2", …} of the active genes; numbers stay numbers. */
cJSON *json_genotype(const struct space *s, const struct genotype *g);
/* An individual with genotype, objectives, intervals, parents and times. */
cJSON *json_individual(const struct results *r, const struct results_individual *x);
/* A board with its health and what it supplies. */
cJSON *json_board(const struct results_board *b);
/* A team with its quotas and what it uses. */
cJSON *json_team(const Sonata__TeamInfo *m);
/* NULL-safe: JSON null when nothing was learned yet. */
cJSON *json_insight(const struct results *r);
/* {"search": status, "spec": spec, "individuals": […]} of the front or of all. */
cJSON *json_results(const struct results *r, bool all);
/* NaN and infinities become null. */
void json_number(cJSON *object, const char *key, double v);
/* ISO 8601 in UTC; 0 becomes null. */
void json_time(cJSON *object, const char *key, int64_t wall_ns);
/* "flags": ["noisy", …] of enum measurement_flag. */
void json_flags(cJSON *object, uint32_t flags);
/* Ids and times beyond 2^53 are kept exact. */
void json_integer(cJSON *object, const char *key, int64_t v);
/* Prints (indented unless compact) with a newline and deletes. Text for free(). */
char *json_text(cJSON *value, bool compact);
/* The same to stdout. CLI_OK, or CLI_FAILURE when it could not be written. */
int json_print(cJSON *value);
/* What a change that has nothing more to tell prints. Returns the exit code. */
int json_done(const char *action, const char *name);

#endif
