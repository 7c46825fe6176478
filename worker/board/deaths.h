/* Which architectures a program that is kept died over: a first death may be a chance or somebody else's doing, a second one of the same
 * architecture is not. The last DEATHS_MAX are remembered, for the life of the board's process. */
#ifndef SONATA_BOARD_DEATHS_H
#define SONATA_BOARD_DEATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/evaluation.h"

enum { DEATHS_MAX = 64 };

struct deaths {
    uint64_t hash[DEATHS_MAX];
    unsigned n; /* ever */
};

/* Notes a death over the job's architecture; whether there was one before. */
bool deaths_note(struct deaths *d, const struct evaluation_job *job);

#endif
