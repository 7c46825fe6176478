/* See evaluator_options.h. */
#include "board_config/evaluator_options.h"

#include <stddef.h>

#include "base/time.h"

#define AT(member) .offset = offsetof(struct evaluator_options, member)
const struct option_def evaluator_keys[] = {
    {.name = "slots",
     .type = OPTION_COUNT,
     AT(slots),
     .min = 1,
     .max = EVALUATOR_SLOTS_MAX,
     .argument = "N",
     .help = "so many programs, each a board ID-1, ID-2 ... of the same type; default 1"},
    {.name = "ready",
     .type = OPTION_DURATION,
     AT(ready_ns),
     .min = 0.001,
     .max = 86400,
     .argument = "TIME",
     .help = "from its start until it says that it is ready; default 5m"},
    {.name = "quiet",
     .type = OPTION_DURATION,
     AT(quiet_ns),
     .min = 0.001,
     .max = 30 * 86400,
     .argument = "TIME",
     .help = "of a request without answer or progress; default: only the board's limit"},
    {.name = "growth",
     .type = OPTION_SIZE,
     AT(growth),
     .min = 1 << 20,
     .max = 1e15,
     .argument = "SIZE",
     .help = "resident bytes beyond those when it was ready, after which it is started anew; default: any"},
    {.name = "requests",
     .type = OPTION_SIZE,
     AT(restart_requests),
     .min = 1,
     .max = 1e15,
     .argument = "N",
     .help = "it is started anew after so many; default: never"},
    {.name = "tasks", .type = OPTION_COUNT, AT(tasks), .min = 1, .max = 100000, .argument = "N", .help = "processes below it; default 1024"},
    {.name = "file_max",
     .type = OPTION_SIZE,
     AT(file_max),
     .min = 1 << 16,
     .max = 1e15,
     .argument = "SIZE",
     .help = "of any one file it writes; default 4Gi"},
    {0}};
#undef AT

void evaluator_options_complete(struct evaluator_options *o)
{
    o->slots = o->slots ? o->slots : 1;
    o->ready_ns = o->ready_ns ? o->ready_ns : 300 * SONATA_SECOND;
    o->file_max = o->file_max ? o->file_max : UINT64_C(4) << 30;
    o->tasks = o->tasks ? o->tasks : 1024;
}
