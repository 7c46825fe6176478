/* GET /metrics: the state of farm and searches for Prometheus, as text. */
#ifndef SONATA_WEB_METRICS_H
#define SONATA_WEB_METRICS_H

#include "web/web.h"

/* Asks the master and answers. */
void metrics_answer(struct web *w, struct http_request *q, const char *token);

#endif
