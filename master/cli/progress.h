/* The live line of `sonata run` and `sonata watch`: one line rewritten on a terminal, rate-limited plain lines elsewhere. */
#ifndef SONATA_CLI_PROGRESS_H
#define SONATA_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/results.h"

enum { PROGRESS_SAMPLES = 64, PROGRESS_LINE_MAX = 720 };

struct progress {
    FILE *out;
    bool terminal, quiet, shown;
    unsigned columns;                       /* width of the terminal */
    int64_t last_line_ns;
    uint32_t last_told;
    char last_state[16], last_hold[16];
    int64_t failure_wall_ns, failure_shown_ns; /* of the last failure that was shown, and when it was */
    char failure[REASON_MAX];
    unsigned n;                             /* samples, a ring of (time, told) for the rate of the last half minute */
    int64_t time_ns[PROGRESS_SAMPLES];
    uint32_t told[PROGRESS_SAMPLES];
};

/* out is a terminal or not; quiet prints nothing. */
void progress_init(struct progress *p, FILE *out, bool quiet);
/* Evaluations per second over the remembered samples; 0 when unknown. */
double progress_rate(const struct progress *p);
/* The line for these counters into text. `budget_wall_ns` 0: no wall budget. */
void progress_format(const struct progress *p, const struct results_status *s, int64_t budget_wall_ns, const struct results_board *board,
                     size_t n_boards, char text[PROGRESS_LINE_MAX]);
/* Remembers the counters and shows them; `now` is monotonic. */
void progress_update(struct progress *p, const struct results_status *s, int64_t budget_wall_ns, const struct results_board *board, size_t n_boards,
                     int64_t now);
/* A failure of the user's program that was not shown yet, with what it said: at once, the same one again after a minute. */
void progress_failure(struct progress *p, const struct results_failure *f, int64_t now);
/* A message on a line of its own, above the live line. */
void progress_note(struct progress *p, const char *format, ...) SONATA_PRINTF(2, 3);
/* Ends the live line. */
void progress_end(struct progress *p);

#endif
