/* The running master: loop, sockets, store and searches wired together. */
#ifndef SONATA_DAEMON_MASTER_H
#define SONATA_DAEMON_MASTER_H

#include "daemon/settings.h"

/* Runs until SIGTERM or SIGINT. Returns the exit status: 0 orderly end, 1 it could not start (reason logged). */
int master_main(struct settings *settings, int argc, char **argv);

#endif
