/* Something that happened to a board, as its worker tells it (message BoardEvent). */
#ifndef SONATA_DOMAIN_BOARD_EVENT_H
#define SONATA_DOMAIN_BOARD_EVENT_H

#include "domain/metric.h"

enum { BOARD_WORD_MAX = 24, BOARD_TEXT_MAX = 256 };

enum board_event_kind {
    BOARD_EVENT_STATE,
    BOARD_EVENT_CANARY,
    BOARD_EVENT_CALIBRATED,
    BOARD_EVENT_RECOVERY,
    BOARD_EVENT_ADMIN,
    BOARD_EVENT_OTHER /* the master's own, and those of a later worker */
};
/* Of the word that a worker sent. */
enum board_event_kind board_event_kind_named(const char *word);

struct board_event {
    uint64_t sequence; /* of the worker: with its name it makes the event one of its kind */
    char board[BOARD_NAME_MAX];
    int64_t wall_ns;            /* when, on the worker's clock; never negative */
    char kind[BOARD_WORD_MAX];  /* state, canary, calibrated, recovery, admin; the master's own: order, quarantine, probation */
    char state[BOARD_WORD_MAX]; /* of the health machine afterwards; "": not said */
    char text[BOARD_TEXT_MAX];
    double latency_us;   /* canary: measured, 0: it failed */
    double reference_us; /* 0: none */
    char fingerprint[FINGERPRINT_MAX];
    int64_t invalid_from_wall_ns, invalid_to_wall_ns; /* results that started in [from, to) are not to be trusted; both 0: none */
};

#endif
