/* Which searches had a step under way when the master crashed. */
#ifndef SONATA_DAEMON_STEPS_H
#define SONATA_DAEMON_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { STEPS_AT_ONCE = 64 };

/* Opens FOLDER/steps, which another process's crash leaves as it was. The searches that had a step under way when the master before this one crashed
 * (not: was killed or stopped) go to ret_died[STEPS_AT_ONCE]. Crashes of this process are noted from now on. Failure is no error: nothing is noted
 * then. */
size_t steps_open(const char *folder, uint64_t ret_died[STEPS_AT_ONCE]);
/* A step of the search begins or ends, on any thread. */
void steps_mark(uint64_t search, bool begins);
/* An orderly end. */
void steps_close(void);

#endif
