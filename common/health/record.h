/* PURE: what a board's health is after a restart of its owner, as bytes. Times are as in the struct: shift them to the wall clock before, and back
 * after (health_shift()). A calibration or recovery in progress is not kept: the board proves itself again. */
#ifndef SONATA_HEALTH_RECORD_H
#define SONATA_HEALTH_RECORD_H

#include "base/bytes.h"
#include "health/health.h"

/* Appends the bytes that health_decode() reads. */
void health_encode(const struct board_health *h, struct bytes *out);
/* -EBADMSG: not such bytes, or of another version. *ret_health is untouched then. */
int health_decode(struct reader *in, struct board_health *ret_health, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
