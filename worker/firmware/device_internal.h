/* Shared by the command files of the device. */
#ifndef SONATA_FIRMWARE_DEVICE_INTERNAL_H
#define SONATA_FIRMWARE_DEVICE_INTERNAL_H

#include "firmware/device.h"
#include "firmware/text.h"

/* Writes t and CR LF, and empties it. (This and the next three: device_line.c) */
void device_line(struct device *d, struct text *t);
/* A whole line of constant text. */
void device_say(struct device *d, const char *s);
/* Extended tick counter. */
uint64_t device_now(struct device *d);
/* Microseconds modulo 2^32 of a 64-bit tick count, for any tick rate. */
uint32_t device_microseconds(const struct device *d, uint64_t ticks);

/* db …; rest is what follows the word. (device_db.c) */
void device_db(struct device *d, char *rest);
/* infer … and results. (device_infer.c) */
void device_infer(struct device *d, char *rest);
/* Answers `results` with the outputs of the last inference, in thousandths. */
void device_results(struct device *d);
/* sonata …; false when raw bytes have to come before m-ready. (device_sonata.c) */
bool device_sonata(struct device *d, char *rest);
/* Byte of a raw chunk. (device_sonata.c) */
void device_raw_byte(struct device *d, uint8_t byte);
/* Ends an incomplete raw chunk with an error. (device_sonata.c) */
void device_raw_abort(struct device *d);

#endif
