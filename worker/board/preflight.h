/* Conditions before and after a timed candidate (docs/WORKER.md, "Measurement"). A violated condition makes the measurement invalid: kept out of the
 * search and measured again; neither board nor candidate is blamed. */
#ifndef SONATA_BOARD_PREFLIGHT_H
#define SONATA_BOARD_PREFLIGHT_H

#include "board_config/board_config.h"
#include "power/cpustate.h"

enum { PREFLIGHT_REASON_MAX = 120 };

/* Reads the state and waits, polling once a second, at most wait_ns for the hottest zone to come down to the board's limit. False with the reason
 * ("too_hot: …", "throttled: …", "under_voltage"): do not measure now. */
bool preflight(const struct board_config *config, int64_t wait_ns, struct cpu_state *ret_before, char reason[PREFLIGHT_REASON_MAX]);
/* False with the reason when the clock, the power mode or the throttle counters changed from `before` to `after`, or the clock fell below 99 % of its
 * set value: the numbers are of another machine. */
bool postcheck(const struct board_config *config, const struct cpu_state *before, const struct cpu_state *after, char reason[PREFLIGHT_REASON_MAX]);
/* Why flags of the run make it invalid at this tier : kernel throttle events always, a contended core but at `screen`. NULL: they do not. */
const char *flags_invalidate(uint32_t flags, enum tier tier);
/* Appends what the two states say about clock, throttling and power mode as key=value lines; nothing where the machine is silent. */
void preflight_describe(const struct board_config *config, const struct cpu_state *before, const struct cpu_state *after, char *text, size_t size);
/* The board's limit: max_celsius, else 60 on boards with a device tree (they throttle from 80 on), 85 elsewhere. */
double preflight_limit_celsius(const struct board_config *config, const struct cpu_state *s);

#endif
