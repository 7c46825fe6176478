/* JSON text written straight into a buffer: for answers of many thousand rows. Commas set themselves. */
#ifndef SONATA_WEB_OUT_H
#define SONATA_WEB_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* key NULL: an element of an array, or the outermost value. bracket: '{' or '['; out_close() with '}' or ']'. */
void out_open(struct bytes *b, const char *key, char bracket);
/* Closes what out_open() opened: '}' or ']'. */
void out_close(struct bytes *b, char bracket);
/* NULL becomes null; bytes that are not UTF-8 become U+FFFD. */
void out_text(struct bytes *b, const char *key, const char *text);
/* As short as reads back to the same value; NaN and infinities become null. */
void out_number(struct bytes *b, const char *key, double v);
/* The same of a value with the precision of a float. */
void out_float(struct bytes *b, const char *key, float v);
/* A whole number. */
void out_integer(struct bytes *b, const char *key, int64_t v);
/* A whole number without sign. */
void out_unsigned(struct bytes *b, const char *key, uint64_t v);
/* true or false. */
void out_bool(struct bytes *b, const char *key, bool v);
/* null. */
void out_null(struct bytes *b, const char *key);
/* Nanoseconds since 1970 as milliseconds; 0 becomes null. */
void out_time(struct bytes *b, const char *key, int64_t wall_ns);
/* Text that is JSON already. */
void out_raw(struct bytes *b, const char *key, const char *json);
/* Plain characters, no JSON. */
void out_printf(struct bytes *b, const char *format, ...) SONATA_PRINTF(2, 3);

#endif
