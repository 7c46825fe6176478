/* From a specification to the parameters of the search core, and the core at its beginning. */
#include "run/params.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"

enum { WINDOW_DEFAULT = 8, WINDOW_MAX = 4096 };

/* `order` and `window` are ours; all other options belong to the algorithm. */
int plan_params(const struct search_spec *spec, uint32_t threads, struct core_params *ret_params, bool *ret_proposal_order, uint32_t *ret_window,
                struct sonata_error *err)
{
    struct core_params p = {.n_objectives = spec->n_objectives,
                            .budget = spec->budget_evaluations,
                            .population = spec->population,
                            .generational = spec->generational,
                            .seed = spec->seed,
                            .revision = spec->revision ? spec->revision : 1,
                            .threads = threads};
    copy_string(p.algorithm, sizeof p.algorithm, spec->algorithm);
    bool proposal_order = false;
    uint64_t window = WINDOW_DEFAULT;
    for (uint32_t i = 0; i < spec->n_options; i++) {
        const struct spec_option *o = &spec->option[i];
        if (!strcmp(o->name, "order")) {
            proposal_order = !strcmp(o->value, "proposal");
            if (!proposal_order && strcmp(o->value, "arrival"))
                return sonata_error_set(err, -EINVAL, "option order: 'arrival' or 'proposal' is expected, not '%s'", o->value);
        } else if (!strcmp(o->name, "window")) {
            if (parse_u64(o->value, 1, WINDOW_MAX, &window))
                return sonata_error_set(err, -EINVAL, "option window: a number from 1 to %d is expected, not '%s'", WINDOW_MAX, o->value);
        } else {
            copy_string(p.option[p.n_options].name, sizeof p.option[0].name, o->name);
            copy_string(p.option[p.n_options].value, sizeof p.option[0].value, o->value);
            p.n_options++;
        }
    }
    int r = core_params_check(&p, err);
    if (r)
        return r;
    *ret_params = p;
    *ret_proposal_order = proposal_order;
    *ret_window = (uint32_t)window;
    return 0;
}

int plan_core(const struct search_spec *spec, const struct core_params *params, struct core **ret_core, struct sonata_error *err)
{
    struct core *core;
    int r = core_new(&spec->space, params, &core, err);
    if (r)
        return r;
    if (spec->policy_size && (r = core_policy_load(core, spec->policy, spec->policy_size))) {
        core_free(core);
        return r == -EBADMSG
                   ? sonata_error_set(err, -EINVAL, "the policy is damaged, or no policy at all")
                   : sonata_error_set(err, -EINVAL, "the policy is that of another algorithm than %s, or of another kind of agent", spec->algorithm);
    }
    *ret_core = core;
    return 0;
}
