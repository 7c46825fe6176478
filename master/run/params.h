/* From a specification to the search core at its beginning. */
#ifndef SONATA_RUN_PARAMS_H
#define SONATA_RUN_PARAMS_H

#include "run/engine_internal.h"

/* The parameters of the core; `order` and `window` among the options are those of the run (advance.c) and given apart. -EINVAL: an option that is not
 * known or has no such value. */
int plan_params(const struct search_spec *spec, uint32_t threads, struct core_params *ret_params, bool *ret_proposal_order, uint32_t *ret_window,
                struct sonata_error *err) SONATA_MUST_CHECK;
/* The core at its beginning, with the policy it starts from; release it with core_free(). -EINVAL: the policy is damaged or of another algorithm. */
int plan_core(const struct search_spec *spec, const struct core_params *params, struct core **ret_core, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
