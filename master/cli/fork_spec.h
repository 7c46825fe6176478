/* What a fork has else than its parent. */
#ifndef SONATA_CLI_FORK_SPEC_H
#define SONATA_CLI_FORK_SPEC_H

#include "base/error.h"
#include "domain/spec.h"

struct fork_changes {
    const char *objective[OBJECTIVES_MAX]; /* "accuracy:max", "latency@rpi4:min"; n_objectives 0: the parent's */
    unsigned n_objectives;
    uint32_t evaluations; /* 0: the parent's */
    bool has_seed;
    uint64_t seed;
    const char *algorithm, *name; /* NULL or "": the parent's, the parent's with -fork */
};

/* Changes the parent's specification in place. -EINVAL: what is given makes no sense. */
int fork_spec_change(struct search_spec *spec, const struct fork_changes *x, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
