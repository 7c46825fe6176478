/* News for open pages: what changed since they last heard. The master is asked while somebody listens, and everybody is told from that one question.
 *
 * Numbers are the revisions of mirror.h; they grow over restarts too, so that a page that comes back with its last number (Last-Event-ID) gets what
 * it missed. */
#ifndef SONATA_WEB_FEED_H
#define SONATA_WEB_FEED_H

#include "loop/loop.h"
#include "web/mirror.h"
#include "web/upstream.h"

struct feed;
struct feed_listener;

/* Asks the master for news every poll_ns while somebody listens. Closed by feed_close(). */
struct feed *feed_new(struct loop *loop, struct upstream *up, struct mirrors *mirrors, int64_t poll_ns);
/* No question of its own is open. */
bool feed_is_idle(const struct feed *f);
/* After the listeners are gone; frees in its timer's close callback. */
void feed_close(struct feed *f);

/* wake(): there is news since the number it has, or it is time for a sign of life. */
struct feed_listener *feed_listen(struct feed *f, void (*wake)(void *user), void *user);
/* wake() does not come any more; frees the listener. */
void feed_leave(struct feed *f, struct feed_listener *l);
/* Number of the newest change. */
uint64_t feed_revision(const struct feed *f);
/* Appends {"revision": …, "up": …, "searches": [status …], "boards": whether they changed} of what is newer than `since`. */
void feed_write(const struct feed *f, uint64_t since, struct bytes *out);

#endif
