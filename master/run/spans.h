/* Times when boards measured wrong. */
#ifndef SONATA_RUN_SPANS_H
#define SONATA_RUN_SPANS_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct spans *spans_new(void);
/* Frees it with all it holds; NULL is allowed. */
void spans_free(struct spans *s);
/* The board of the measurement was not to be trusted when it was taken. */
bool measured_wrong(const struct engine *r, const struct measurement *m);
/* The moment (wall clock of the worker) lies in a span of the record. */
bool span_covers(const struct invalid_record *record, int64_t wall_ns);
/* Writes the record under its board. */
void span_put(struct engine *r, const struct invalid_record *record);
/* A board whose earlier results are still looked for, or NULL. */
struct invalid_record *spans_next(const struct engine *r);
/* Reads the spans of all boards as the engine begins. Errors as store_scan(). */
int spans_load(struct engine *r) SONATA_MUST_CHECK;

#endif
