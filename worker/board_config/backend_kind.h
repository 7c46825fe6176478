/* The kinds of boards: what a configuration has to know of a backend. How one runs is in worker/backend. */
#ifndef SONATA_BOARD_CONFIG_BACKEND_KIND_H
#define SONATA_BOARD_CONFIG_BACKEND_KIND_H

#include <stdbool.h>

enum backend_kind { BACKEND_COMMAND, BACKEND_ENGINE, BACKEND_EVALUATOR, BACKEND_MCU, BACKEND_MODEL, BACKEND_TABLE, BACKEND_KINDS };

/* "command", "engine", …; never NULL for a value of the enum. */
const char *backend_kind_name(enum backend_kind kind);
/* True and *ret_kind by name; false when there is none. */
bool backend_kind_find(const char *name, enum backend_kind *ret_kind);
/* "command, engine, …", for messages; static. */
const char *backend_kind_names(void);
/* Whether timing counts on such boards: their candidates get a core and are watched for contention. */
bool backend_kind_measures(enum backend_kind kind);
/* Whether an attempt is measured in several candidates (measure/processes.h): the network runs in them, and a second one is cheap. */
bool backend_kind_fresh(enum backend_kind kind);
/* Whether what it was opened with (a program, a table) is a person's to mend while the worker runs: it is opened anew when the master says so. */
bool backend_kind_reloads(enum backend_kind kind);

#endif
