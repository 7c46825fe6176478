/* Word to the service manager (sd_notify(3)) without its library. */
#ifndef SONATA_LOOP_SERVICE_H
#define SONATA_LOOP_SERVICE_H

#include <stdint.h>

/* One datagram ("READY=1", "STOPPING=1") to $NOTIFY_SOCKET; nothing when it is not set. Never blocks, failures are the manager's business. */
void service_notify(const char *state);
/* Milliseconds within which the manager wants a sign of life of this process ($WATCHDOG_USEC, $WATCHDOG_PID), 0: none. The loop gives it
 * (loop.h). */
uint64_t service_watchdog_ms(void);

#endif
