/* Energy of one candidate on a board with a power sensor: the session of power/session.h as metrics of a measurement. */
#ifndef SONATA_BACKEND_ENERGY_H
#define SONATA_BACKEND_ENERGY_H

#include "backend/backend.h"

enum { ENERGY_METRICS = 4 };
/* "energy" and "energy_dynamic" in millijoules per inference, "power_idle" and "power_active" in milliwatts. */
extern const char *const energy_metric[ENERGY_METRICS];
/* Whether the name is one of energy_metric. */
bool is_energy_metric(const char *name);

/* Whether the board can give energy under this tier: -EINVAL with the reason when it cannot (no sensor, or tier screen). */
int energy_possible(const struct board_config *config, enum tier tier, struct sonata_error *err) SONATA_MUST_CHECK;
/* Runs infer(user) under the tier's energy protocol with the poller on another core, adds the metrics and fingerprint lines. A tier that the board
 * shortens shortens the energy windows too: active = 5 latency windows, at most 10 s. A bad sensor makes the measurement invalid, a missing one
 * infra; 0 then too. */
int energy_measure(const struct board_config *config, const struct backend_job *job, int (*infer)(void *user), void *user, struct measurement *m,
                   struct sonata_error *err) SONATA_MUST_CHECK;

#endif
