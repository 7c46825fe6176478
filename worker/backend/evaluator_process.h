/* The program of an evaluator board: its start in bounds, its lines, its end. One for a board process; candidates, which are forks of it, use the
 * descriptors and the shared part. */
#ifndef SONATA_BACKEND_EVALUATOR_PROCESS_H
#define SONATA_BACKEND_EVALUATOR_PROCESS_H

#include <cjson/cJSON.h>

#include "backend/evaluator_log.h"
#include "base/bytes.h"
#include "board_config/board_config.h"

enum { EVALUATOR_LINE_MAX = 1 << 20 };

struct evaluator_process {
    pid_t pid, log_pid; /* 0: not running */
    int in, out;        /* to its stdin, from its stdout */
    char folder[64];    /* its TMPDIR, removed when it ends */
};

/* Starts the board's command with core, file size and TMPDIR of its own; what it writes to stderr goes through `log`. */
int evaluator_process_start(struct evaluator_process *p, const struct board_config *config, const struct evaluator_options *options,
                            struct evaluator_log *log, struct sonata_error *err) SONATA_MUST_CHECK;
/* Ends it and all it started. politely: it is said goodbye and given a second. Nothing when it does not run. */
void evaluator_process_stop(struct evaluator_process *p, bool politely);
/* It runs, as far as its stdout is open. */
bool evaluator_process_alive(const struct evaluator_process *p);
/* There is something to read from it. */
bool evaluator_process_spoke(const struct evaluator_process *p);

/* Writes a message (freed) as a line. -EPIPE: it is gone. */
int evaluator_say(int fd, cJSON *message) SONATA_MUST_CHECK;

/* Lines as they come. */
struct evaluator_lines {
    struct bytes in;
    size_t looked; /* that far there is no end of a line */
};
/* The next line as a JSON object (the caller's). -EAGAIN: none within timeout_ms, or a signal came; -EPIPE: it ended; -EBADMSG: not a JSON object;
 * -EMSGSIZE: longer than EVALUATOR_LINE_MAX. */
int evaluator_hear(int fd, struct evaluator_lines *lines, int timeout_ms, cJSON **ret_message) SONATA_MUST_CHECK;

#endif
