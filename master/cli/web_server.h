/* sonata-web beside a command: pages of one master for whoever called the command. */
#ifndef SONATA_CLI_WEB_SERVER_H
#define SONATA_CLI_WEB_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct web_server;

struct web_server_config {
    const char *folder;           /* of the files web.link and web.log, private to the caller */
    const char *endpoint;         /* client port of the master */
    const char *key, *server_key; /* as --key and --server-key; NULL: none */
    int64_t port;                 /* the first choice; any free one when it is taken */
    bool read_only;
};

/* Starts it. It is found as the other programs are, and ends with this process. */
int web_server_start(const struct web_server_config *config, struct web_server **ret_server, struct sonata_error *err) SONATA_MUST_CHECK;
/* Keeps it alive; call a few times a second. *ret_link is the link that logs one browser in, once, when there is a new one to show, else NULL;
 * *ret_event is a line for people, or left as it is. -ECHILD: it dies again and again. */
int web_server_poll(struct web_server *w, const char **ret_link, const char **ret_event, struct sonata_error *err) SONATA_MUST_CHECK;
/* Orderly end; frees. NULL is fine. */
void web_server_stop(struct web_server *w);

#endif
