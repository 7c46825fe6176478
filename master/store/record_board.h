/* Stored records of a board: counts, what happened to it, its health and orders, and when it measured wrong. */
#ifndef SONATA_STORE_RECORD_BOARD_H
#define SONATA_STORE_RECORD_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "domain/board_event.h"
#include "domain/metric.h"
#include "health/blame.h"

enum { BOARD_KEY_MAX = 41 }; /* a public key as Z85 text */
struct board_record {
    char name[BOARD_NAME_MAX], type[BOARD_NAME_MAX];
    uint32_t epoch;
    uint64_t done, failed;
    int64_t busy_ns;
    int64_t first_wall_ns;
    char key[BOARD_KEY_MAX]; /* it belongs to; "": none yet */
};

/* When a board measured wrong: spans of wall-clock time [from, to), apart and in order. Spans whose scan is not over are looked through for
 * results that were accepted, in order of the attempts. */
enum { INVALID_SPANS_MAX = 64 };
struct invalid_record {
    char board[BOARD_NAME_MAX];
    uint32_t n_spans;
    struct invalid_span {
        int64_t from_wall_ns, to_wall_ns;
    } span[INVALID_SPANS_MAX];
    bool scanning; /* attempts from `next` to `last` are still to be looked at */
    uint64_t next, last;
};

enum { BOARD_EVENTS_KEPT = 10000, BOARD_EVENTS_KEPT_NEW = 100 }; /* of one board, and of one that never had a job; the oldest go */

struct board_event_record {
    struct board_event event;
    char worker[WORKER_NAME_MAX]; /* that told it; "": the master itself */
    int64_t stored_wall_ns;
};

/* What a person wants of a board. DRAIN and RETIRE stand until another order takes their place; the others until the board showed that it has them.
 */
enum board_order {
    BOARD_ORDER_NONE,
    BOARD_ORDER_DRAIN,
    BOARD_ORDER_QUARANTINE,
    BOARD_ORDER_RECALIBRATE,
    BOARD_ORDER_POWER_CYCLE,
    BOARD_ORDER_RELEASE,
    BOARD_ORDER_RETIRE,
    BOARD_ORDER_COUNT
};
/* "drain" …; NULL for none and outside the enum. */
const char *board_order_name(enum board_order o);

/* Health of a board as the master knows it: from its events, from people, and from its own rules. */
struct board_health_record {
    char name[BOARD_NAME_MAX];
    uint32_t n_events;               /* stored of this board */
    uint64_t n_own;                  /* ever written by the master itself: their sequence numbers */
    char state[BOARD_WORD_MAX];      /* of the last event */
    bool canaries;                   /* it proves itself by them */
    double latency_us, reference_us; /* last canary; 0: failed, or not timed */
    int64_t canary_wall_ns;          /* when; 0: never */
    int64_t well_wall_ns;            /* when one passed last */
    enum board_order order;
    bool given; /* the board showed that it has the order */
    char by[64], reason[REASON_MAX];
    int64_t order_wall_ns;
    /* the master's own quarantine, for boards without canaries */
    int64_t hold_until_wall_ns; /* 0: not held */
    bool probation;             /* one job at a time until one is good */
    uint32_t quarantines;       /* in a row, each less than a day after the one before */
    int64_t quarantine_wall_ns; /* when the last began */
    struct blame blame;         /* what it failed, by wall-clock time */
    char hold_why[REASON_MAX];  /* why the master quarantined it last */
    bool reload;                /* it is to open its program or table anew, and its worker has not been told */
    bool tell_lost;             /* it has canaries, an attempt of it was lost, and its worker has not been told */
};

/* Encoders append to out; decoders as said in record.h. */
void board_record_encode(const struct board_record *r, struct bytes *out);
/* Reads what board_record_encode() wrote, now or in an earlier version. */
int board_record_decode(const void *p, size_t n, struct board_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void board_event_record_encode(const struct board_event_record *r, struct bytes *out);
/* Reads what board_event_record_encode() wrote, now or in an earlier version. */
int board_event_record_decode(const void *p, size_t n, struct board_event_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void board_health_record_encode(const struct board_health_record *r, struct bytes *out);
/* Reads what board_health_record_encode() wrote, now or in an earlier version. */
int board_health_record_decode(const void *p, size_t n, struct board_health_record *ret_record) SONATA_MUST_CHECK;
/* Appends its bytes, in the newest version. */
void invalid_record_encode(const struct invalid_record *r, struct bytes *out);
/* Reads what invalid_record_encode() wrote, now or in an earlier version. */
int invalid_record_decode(const void *p, size_t n, struct invalid_record *ret_record) SONATA_MUST_CHECK;

#endif
