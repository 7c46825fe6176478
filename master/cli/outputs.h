/* Results as text: the table of a front, CSV, YAML. Each *_text() appends to a buffer. */
#ifndef SONATA_CLI_OUTPUTS_H
#define SONATA_CLI_OUTPUTS_H

#include <stdio.h>

#include "base/bytes.h"
#include "cli/results.h"

/* id, objectives with interval, constraint metrics, arm, board, genotype. */
void front_table(const struct results *r, FILE *out);
/* Header line, one line per individual of the front (or of all): id, state, front, every objective and constraint metric with low, high, n, further
 * metrics, every gene ("" when inactive), arm, generation, board, flags, order, hypervolume, violation of the constraints, parents, reason, time
 * told. */
void csv_text(const struct results *r, bool all, struct bytes *out);
/* A YAML list of individuals with genes by name, for scripts that build networks. */
void yaml_text(const struct results *r, bool all, struct bytes *out);

#endif
