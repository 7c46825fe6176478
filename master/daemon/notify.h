/* Telling others that the master is ready: a starting process and the state folder (the service manager: loop/service.h). */
#ifndef SONATA_DAEMON_NOTIFY_H
#define SONATA_DAEMON_NOTIFY_H

#include "base/error.h"

/* "worker=… \nclient=… \npid=…\n" into STATE/endpoints, old or new but never half. */
int notify_endpoints(const char *folder, const char *worker, const char *client, struct sonata_error *err) SONATA_MUST_CHECK;
/* Removes that file at the end; nothing when it is not there. */
void notify_remove_endpoints(const char *folder);
/* The same text to an inherited descriptor, which is closed. */
void notify_fd(int fd, const char *worker, const char *client);

#endif
