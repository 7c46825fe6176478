/* Options of an evaluator board: how many programs, and what bounds one (docs/ADAPTERS.md). Plain data; zero fields mean the default. */
#ifndef SONATA_BOARD_CONFIG_EVALUATOR_OPTIONS_H
#define SONATA_BOARD_CONFIG_EVALUATOR_OPTIONS_H

#include <stdint.h>

#include "base/option.h"

enum { EVALUATOR_SLOTS_MAX = 32 };

struct evaluator_options {
    uint32_t slots;            /* programs, each a board of its own of the same type; 0: 1 */
    int64_t ready_ns;          /* from its start until it says that it is ready; 0: 5 minutes */
    int64_t quiet_ns;          /* of a request without answer or progress; 0: no limit but the board's */
    uint64_t growth;           /* resident bytes beyond those when it was ready, after which it is started anew; 0: any */
    uint64_t restart_requests; /* it is started anew after so many; 0: never */
    uint64_t file_max;         /* bytes of any one file it writes; 0: 4 GiB */
    uint32_t tasks;            /* processes below it; 0: 1024 */
};

/* The keys of struct evaluator_options. */
extern const struct option_def evaluator_keys[];
/* Fills in the defaults. */
void evaluator_options_complete(struct evaluator_options *o);

#endif
