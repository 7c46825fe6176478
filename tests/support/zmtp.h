/* A peer that speaks ZMTP 3.1 (NULL mechanism, a DEALER) by itself over a bare socket: what libzmq would not send, when it would not send it. */
#ifndef SONATA_TESTS_SUPPORT_ZMTP_H
#define SONATA_TESTS_SUPPORT_ZMTP_H

#include <stddef.h>

#include "base/bytes.h"

/* Connects to ipc://PATH or tcp://127.0.0.1:PORT, no more: the descriptor, or -errno. */
int zmtp_connect(const char *endpoint);
/* Connects and shakes hands. The descriptor, or -errno. */
int zmtp_open(const char *endpoint);
/* One message frame. */
void zmtp_put_message(struct bytes *out, const void *p, size_t n);
/* The command PING (RFC 37) that asks for a PONG and lets the peer live for 10 s. */
void zmtp_put_ping(struct bytes *out);
/* Sends all of it; 0 or -errno. */
int zmtp_send(int fd, const struct bytes *b);
/* Closes it by a reset where the transport has one. */
void zmtp_reset(int fd);

#endif
