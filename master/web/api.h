/* The handlers of the API, one file for each kind of thing. Each is given a call of its own and finishes or fails it. */
#ifndef SONATA_WEB_API_H
#define SONATA_WEB_API_H

#include "web/call.h"

/* api_session.c: who is here, by login. */
void api_login(struct call *c);
void api_logout(struct call *c);
void api_me(struct call *c);
/* api_searches.c: searches: list, one, what its models learned, its control. */
void api_searches(struct call *c);
void api_search(struct call *c);
void api_insight(struct call *c);
void api_control(struct call *c);
/* api_individuals.c: individuals of a search, its front, its genes. */
void api_individuals(struct call *c);
void api_front(struct call *c);
void api_genes(struct call *c);
/* api_individual.c: one individual with its layers. */
void api_individual(struct call *c);
/* api_boards.c: boards, their history, orders to them. */
void api_boards(struct call *c);
void api_board_history(struct call *c);
void api_board_control(struct call *c);
/* api_teams.c: teams, the queue, the audit log, keys. */
void api_teams(struct call *c);
void api_queue(struct call *c);
void api_audit(struct call *c);
void api_keys(struct call *c);
/* api_submit.c: new searches and forks; a file that is only looked at. */
void api_submit(struct call *c);
void api_search_check(struct call *c);
/* api_network.c: one individual as an ONNX file. */
void api_network(struct call *c);
/* Whoever waits for a network is told that it will not come. */
void network_stop(struct web *w);
/* api_tokens.c: tokens in force; taking one back. */
void api_tokens(struct call *c);
void api_token_revoke(struct call *c);
/* events.c: the event stream. */
void api_events(struct call *c);
/* api_session.c: the description of this API. */
void api_openapi(struct call *c);

/* What is written the same way in several places. */
void write_status(struct bytes *out, const char *key, const struct results_status *s);
/* A value made by the client's own functions, so that the API says what `sonata --json` says. Takes it. */
void write_cjson(struct bytes *out, const char *key, cJSON *value);
/* One board as an object. */
void write_board(struct bytes *out, const struct results_board *b);

#endif
