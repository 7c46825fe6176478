/* Who is shown what: everybody whom the master gives the same rights shares one copy of searches and one feed of news, and nobody else does.
 *
 * Whether a token is good, and what it may, is the master's word: it is asked at the first use of a token and again when its last word is a second
 * old. What copies and feeds ask goes with a token of the audience, too, so the master checks every question there is. */
#ifndef SONATA_WEB_AUDIENCE_H
#define SONATA_WEB_AUDIENCE_H

#include "net/token.h"
#include "web/feed.h"
#include "web/mirror.h"

struct audience {
    struct audience *next;
    char name[160];         /* the rights, as text */
    char token[TOKEN_TEXT]; /* one that was good a moment ago; "": our own key's rights */
    bool admin;
    struct mirrors *mirrors;
    struct feed *feed;
    unsigned users; /* streams and questions that hold it */
    int64_t used_ns;
};

struct audiences;

/* a: valid during the call; whoever keeps it counts itself in `users`. NULL: code and reason say why not; -EKEYREJECTED: the token is no good. */
typedef void (*audience_done)(void *user, struct audience *a, int code, const char *reason);

/* None yet; their feeds ask the master every poll_ns while somebody listens. Free with audiences_free(). */
struct audiences *audiences_new(struct loop *loop, struct upstream *up, int64_t poll_ns);
/* Closes the feeds, after upstream_close(); then, when the loop has turned, audiences_free(). */
void audiences_close(struct audiences *all);
void audiences_free(struct audiences *all);
/* Whose token it is; "": our own key's. May call back before it returns. */
void audience_get(struct audiences *all, const char *token, audience_done done, void *user);

#endif
