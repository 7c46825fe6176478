/* PURE: what became of boards in a span of time, out of their histories: how long each could measure, what happened, which are to be looked at. */
#ifndef SONATA_CLI_FARM_WEEK_H
#define SONATA_CLI_FARM_WEEK_H

#include "cli/results.h"

struct farm_event {
    int64_t wall_ns;
    char kind[24], state[32];
    double latency_us, reference_us;
};

/* One board over the span. */
struct farm_board {
    const struct results_board *board;
    bool known;                                   /* its history could be read (admins) */
    double available;                             /* share of the span in a state in which it measures, NAN: not known */
    unsigned canaries, canaries_failed, troubles; /* troubles: quarantines, recoveries, and times it went away */
    double drift;                                 /* of its last canary from its reference; NAN: none */
    char look[200];                               /* why it is to be looked at; "": it is not */
};

/* Fills the rest from events of the board, newest first, down to one that is older than the span when there is one. */
void farm_board_judge(struct farm_board *b, const struct farm_event *event, size_t n, int64_t from_wall_ns, int64_t to_wall_ns);
/* Says in `look` what of the boards stands out beside others of their type; after farm_board_judge() of all. */
void farm_boards_compare(struct farm_board *board, size_t n);

#endif
