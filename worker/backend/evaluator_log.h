/* What an evaluator writes to stderr: passed on to the worker's log at a bounded rate by a process of its own, the end of it kept for failures. */
#ifndef SONATA_BACKEND_EVALUATOR_LOG_H
#define SONATA_BACKEND_EVALUATOR_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { EVALUATOR_LOG_TAIL = 4096, EVALUATOR_LOG_BURST = 256 << 10, EVALUATOR_LOG_RATE = 16 << 10 /* bytes a second */ };

/* In memory that the passing process, the board process and candidates share. */
struct evaluator_log {
    _Atomic uint64_t written; /* bytes ever */
    atomic_bool ended;        /* nobody writes any more */
    char tail[EVALUATOR_LOG_TAIL];
};

/* Starts the passing process over the read end `fd` (which stays the caller's, to be closed); its pid, or -errno. It ends with the last writer, or
 * with its parent. */
pid_t evaluator_log_start(struct evaluator_log *log, int fd);
/* The last line that is not blank, control characters as blanks; "" none. Waits up to 200 ms for what is still on its way when `to_end`. */
void evaluator_log_last(struct evaluator_log *log, bool to_end, char *line, size_t size);

/* Bytes written so far. */
uint64_t evaluator_log_written(const struct evaluator_log *log);
/* The last whole lines written after the first `since` bytes that fit (base/text.h). Waits up to 50 ms for what is still on its way. */
void evaluator_log_lines(const struct evaluator_log *log, uint64_t since, char *lines, size_t size);

#endif
