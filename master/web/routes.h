/* The table of the API: what there is, and who may. openapi.json says the same; a test compares the two. */
#ifndef SONATA_WEB_ROUTES_H
#define SONATA_WEB_ROUTES_H

#include "web/call.h"

enum route_right {
    ROUTE_OPEN, /* also without login */
    ROUTE_READ,
    ROUTE_CHANGE /* refused with --read-only, and when another site could have made the browser ask */
};

struct route {
    const char *method, *pattern; /* "/searches/{search}/individuals"; {search} and {individual} are numbers */
    enum route_right right;
    void (*run)(struct call *c);
};

extern const struct route routes[]; /* ended by a NULL method */

/* The route of a path below /api/v1, its arguments filled in. NULL: none; *ret_other: another method would do. */
const struct route *route_find(const char *method, const char *path, struct call *c, bool *ret_other);

#endif
