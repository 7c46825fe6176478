/* The canary: a fixed small network with fixed weights, the same on every board of a kind and in every version, run through the board's own executor
 * or device (docs/WORKER.md, "Board health"). Nothing of a search is needed for it. */
#ifndef SONATA_BACKEND_CANARY_NETWORK_H
#define SONATA_BACKEND_CANARY_NETWORK_H

#include "base/error.h"
#include "domain/network.h"
#include "mcu/session.h"

enum { CANARY_SIDE = 16, CANARY_CHANNELS = 1, CANARY_CLASSES = 10, CANARY_PICTURES = 4 };

/* 16x16 picture and inverted residual blocks. CANARY_HOST: three of them, 0.5 million multiplications, 9 thousand weights. CANARY_DEVICE, which has
 * to go over a serial line: one narrower, 0.13 million, 2 thousand. Release with network_free(). */
enum canary_kind { CANARY_HOST, CANARY_DEVICE };
/* The network of that kind, with the same weights everywhere. */
void canary_network_init(struct network *ret_network, enum canary_kind kind);
/* CANARY_PICTURES fixed pictures. */
void canary_network_pictures(float ret_pictures[CANARY_PICTURES * CANARY_SIDE * CANARY_SIDE]);

/* Through the executor of that name (NULL: the best). time_ns 0: its logits are compared with those of the reference executor. Else its latency is
 * measured for about time_ns; where others took more than 3 % of the core's time, up to three times, and the lowest counts: others only make it
 * slower. */
int canary_on_engine(const char *executor, int64_t time_ns, double *ret_latency_us, struct sonata_error *err) SONATA_MUST_CHECK;
/* Quantised, sent to the device, logits compared with the host's; time_ns > 0: and its latency measured in the device's ticks. With time_ns 0, a
 * device that takes no networks or has no room for this one only has to answer. */
int canary_on_mcu(const struct mcu_options *o, int64_t time_ns, double *ret_latency_us, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
