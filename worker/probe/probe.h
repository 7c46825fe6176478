/* What this host offers for measuring: `sonata-worker --probe`. Reads, asks tools (each bounded) and serial ports, changes nothing. */
#ifndef SONATA_PROBE_PROBE_H
#define SONATA_PROBE_PROBE_H

#include <stdbool.h>
#include <stdio.h>

/* Writes the findings to out: as a worker.yaml to edit with everything found as comments (`sonata-worker --probe > worker.yaml` is a complete file),
 * or as one JSON object. sysfs_root ("" or NULL: the real system) is put before /sys, /proc and /dev paths. Takes a few seconds. 0 or negative errno
 * of out. */
int probe_run(FILE *out, bool json, const char *sysfs_root);

#endif
