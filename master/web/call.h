/* One request of the API on its way: who asks for what, and its answer as JSON. */
#ifndef SONATA_WEB_CALL_H
#define SONATA_WEB_CALL_H

#include <cjson/cJSON.h>

#include "web/out.h"
#include "web/web.h"

enum { CALL_ARGUMENTS = 2, CALL_ARGUMENT_MAX = 96 };

struct route;
struct call {
    struct web *web;
    struct http_request *request;
    char token[TOKEN_TEXT];                           /* with whose rights; "": our key's own */
    struct audience *audience;                        /* of them; NULL before they are known */
    char argument[CALL_ARGUMENTS][CALL_ARGUMENT_MAX]; /* what stands for {…} in the route */
    uint64_t search, individual;                      /* the same as numbers where the route says so */
    struct bytes out;                                 /* the answer so far */
    cJSON *body;                                      /* of a request that changes something; NULL: none */
    const struct route *route;
    void (*write)(struct call *c, const Sonata__Reply *reply);
};

/* A request on its way through the handlers; freed with its answer. */
struct call *call_new(struct web *w, struct http_request *q);
/* Answers with what is in out (200, gzip, ETag) and frees the call. */
void call_finish(struct call *c);
/* Answers {"error": {"code": …, "text": …}} with the status that fits the negative errno, and frees the call. */
void call_fail(struct call *c, int code, const char *format, ...) SONATA_PRINTF(3, 4);
/* Frees a call whose request was answered by other means. */
void call_drop(struct call *c);
/* Asks the master; its answer goes through write, then call_finish(). A refusal goes through call_fail(). */
void call_ask(struct call *c, Sonata__Request *request, void (*write)(struct call *c, const Sonata__Reply *reply));
/* call_fail() or, without an error, the mirror of c->search to `use`, which finishes the call. */
void call_mirror(struct call *c, void (*use)(struct call *c, const struct mirror *m));
/* A whole number of the query, `otherwise` when absent. false: the call was answered with an error. */
bool call_number(struct call *c, const char *name, uint64_t max, uint64_t otherwise, uint64_t *ret_value);
/* A text of the body, "" when absent. */
const char *call_body_text(const struct call *c, const char *name);
/* A whole number of the body within limits; false when it is absent or not. */
bool call_body_number(const struct call *c, const char *name, double min, double max, double *ret);
/* The status that fits a negative errno. */
unsigned status_of(int code);
/* Packs with gzip; false when it did not get smaller. */
bool call_gzip(const struct bytes *in, struct bytes *out);

#endif
