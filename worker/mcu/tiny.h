/* Host end of the MLPerf Tiny device protocol: one board on one line, blocking calls with deadlines, for a measuring child or thread.
 *
 *     CLOSED --open--> OPEN --name%--> WAIT_READY --m-ready--> IDLE --command--> WAIT_READY …
 *     WAIT_READY, IDLE: reset, silence or nonsense -> OPEN (synchronised again by name% before the next command); hang-up -> CLOSED
 *
 * Guarantees: nothing is sent before m-ready; never a bare '%', CR, LF or more than 66 bytes of command; db bytes only after a good
 * db load of at most db_max; a second m-ready is not taken for an answer; a restart of the board voids the command (-ECONNRESET) and
 * everything loaded before.
 *
 * Errors common to all calls: -ETIMEDOUT silence, -EPROTO nonsense (both: infrastructure), -ECONNRESET the board restarted, -EIO line lost,
 * -ENOTCONN closed, -EREMOTEIO the board answered e-[…] (its text in err), -ENODEV another board than expected. */
#ifndef SONATA_MCU_TINY_H
#define SONATA_MCU_TINY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "mcu/tiny_parse.h"

enum { TINY_COMMAND_MAX = 66, TINY_DB_BYTES = 31, TINY_DB_BYTES_IO_MANAGER = 26, TINY_DB_MAX = 27648 };

enum tiny_state { TINY_CLOSED, TINY_OPEN, TINY_WAIT_READY, TINY_IDLE, TINY_STATE_COUNT };

struct tiny_options {
    const char *path;      /* tty by stable name, pty or unix socket; borrowed until tiny_close() */
    const char *name;      /* vendor string the board must answer; NULL: any */
    unsigned baud;
    unsigned tries;        /* of name% */
    unsigned db_bytes;     /* bytes of one db command: 31, behind an IO manager 26 */
    uint32_t db_max;       /* size of the board's db buffer */
    int64_t boot_ns;       /* wait for boot text after opening */
    int64_t command_ns;    /* of a command that computes nothing */
    int64_t first_infer_ns; /* of the first inference, whose length is not known */
    /* Every line both ways; may be NULL. '>' sent, '<' received, '!' not of the grammar. */
    void (*log)(void *context, char direction, const char *line);
    void *log_context;
};
/* 115200 baud, 3 tries, 31 bytes, 27648, 2 s, 5 s, 60 s; no path. */
struct tiny_options tiny_defaults(void);

struct tiny;

/* Opens the line, waits for boot text, synchronises by name%. Also the errors of serial_open(). */
int tiny_open(const struct tiny_options *o, struct tiny **ret_tiny, struct sonata_error *err) SONATA_MUST_CHECK;
/* Closes the line. NULL is allowed. */
void tiny_close(struct tiny *t);

/* What the conversation is at. */
enum tiny_state tiny_state_of(const struct tiny *t);
/* The vendor string that the board answered. */
const char *tiny_name(const struct tiny *t);
/* command_ns of the options, for commands of extensions. */
int64_t tiny_command_limit(const struct tiny *t);
/* Number of restarts of the board seen so far. */
unsigned tiny_resets(const struct tiny *t);

/* name% until the answer is clean; state IDLE afterwards. */
int tiny_synchronize(struct tiny *t, struct sonata_error *err) SONATA_MUST_CHECK;
/* Sends command and '%', collects lines until m-ready. want: bits that must have been seen for an m-ready to count (an answer without them is
 * waited on until the limit). *ret_reply is filled as far as it went, also on failure. */
int tiny_command(struct tiny *t, const char *command, unsigned want, int64_t limit_ns, struct tiny_reply *ret_reply,
                 struct sonata_error *err) SONATA_MUST_CHECK;
/* A command with raw bytes that are sent when the board says m-sonata-bin-[…]. */
struct tiny_question {
    const char *command;
    const void *raw; /* NULL: none */
    size_t n_raw;
    unsigned want;
    int64_t limit_ns;
};
/* As tiny_command(). */
int tiny_command_raw(struct tiny *t, const struct tiny_question *q, struct tiny_reply *ret_reply, struct sonata_error *err) SONATA_MUST_CHECK;

/* db load and db until m-load-done. A disturbed load is begun again (tries), a restart of the board is not: -ECONNRESET.
 * -EINVAL when n is 0 or above db_max. */
int tiny_load(struct tiny *t, const void *p, size_t n, struct sonata_error *err) SONATA_MUST_CHECK;

struct tiny_inference {
    uint32_t n, warmups;
    uint32_t elapsed_us;         /* t1 - t0 modulo 2^32 */
    double us;                   /* of one inference */
    unsigned n_results;
    float result[TINY_RESULTS_MAX];
    unsigned best, ties;         /* first index of the largest; how many others equal it at 0.001 */
};
/* What is to be inferred. */
struct tiny_work {
    uint32_t n, warmups;
    double estimate_us; /* of one inference (0: unknown): sets the limit to 3 * estimate * (n + warmups) + 5 s */
    unsigned n_results; /* values the network has (0: any) */
};
/* infer n warmups. -EBADMSG: the results are not numbers or their count is wrong: the candidate, not the board, is to blame. */
int tiny_infer(struct tiny *t, struct tiny_work work, struct tiny_inference *ret_inference, struct sonata_error *err) SONATA_MUST_CHECK;
/* Smallest n with n * us >= window_us, at least minimum, and n * us below 60 min (the counter wraps at 71.6 min).
 * -ERANGE: one inference alone is too long. */
int tiny_choose_n(double us, double window_us, uint32_t minimum, uint32_t *ret_n) SONATA_MUST_CHECK;

#endif
