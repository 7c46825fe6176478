/* A loop that hangs, noticed by the process itself: for where no service manager watches. */
#ifndef SONATA_LOOP_HANG_H
#define SONATA_LOOP_HANG_H

#include <stdint.h>

#include "loop/loop.h"

struct hang;

/* From now on a thread looks whether the loop turns. When it has not for the limit (nanoseconds), that is logged and the process aborts: whoever
 * keeps it running starts it again, and a core dump has what it was at. Only time in which the thread itself ran counts, so a process that was
 * stopped, or a machine that slept, hangs not. NULL with a limit of 0, or when there is no thread to be had. End it with hang_end(). */
struct hang *hang_begin(struct loop *l, int64_t limit_ns);
/* In the loop's thread, while the loop still runs once more: nobody looks from now on. NULL is nothing. */
void hang_end(struct hang *h);

#endif
