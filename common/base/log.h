/* Structured log lines on stderr: `ts=… level=info msg="…" key=value`. JSON lines when chosen. Thread-safe. */
#ifndef SONATA_BASE_LOG_H
#define SONATA_BASE_LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Program name is put in every line. Level from SONATA_LOG or set here; json chooses one object per line. */
void log_init(const char *program, enum log_level level, _Bool json);
/* "error", "warn", "info", "debug"; -EINVAL for anything else. */
int log_level_parse(const char *text, enum log_level *ret_level);
/* Fields into out[size] (size > 0): as vsnprintf() of d, i, u, x, c, e, f, g and s, but a text after key= or key=" cannot end its value or begin
 * another: see log_value(). Returns the length written. */
size_t log_format(char *out, size_t size, const char *format, va_list args);
/* msg is a literal; fields is a printf format of space-separated key=value pairs ("" for none). */
void log_write(enum log_level level, const char *msg, const char *fields, ...) SONATA_PRINTF(3, 4);
#define log_error(msg, ...) log_write(LOG_ERROR, msg, __VA_ARGS__)
#define log_warn(msg, ...) log_write(LOG_WARN, msg, __VA_ARGS__)
#define log_info(msg, ...) log_write(LOG_INFO, msg, __VA_ARGS__)
#define log_debug(msg, ...) log_write(LOG_DEBUG, msg, __VA_ARGS__)

#endif
