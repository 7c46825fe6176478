/* Checked parsers: whole string or -EINVAL, -ERANGE outside the limits. Locale-independent enough: LC_ALL is never set. */
#ifndef SONATA_BASE_PARSE_H
#define SONATA_BASE_PARSE_H

#include <stdint.h>

/* A decimal number between min and max; *ret_value is set on success only. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);
/* The same with a sign. */
int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);
/* Finite decimal number. */
int parse_double(const char *text, double *ret_value);
/* Number with an optional decimal suffix k, M, G (powers of 1000) or Ki, Mi, Gi (powers of 1024): "200k", "1.5M". */
int parse_quantity(const char *text, double *ret_value);
/* Duration "90", "90s", "500ms", "2h", "15m", "3d" into nanoseconds; a bare number is seconds. */
int parse_duration_ns(const char *text, int64_t *ret_ns);

#endif
