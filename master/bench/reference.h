/* The best-known front of a problem and the judge made of it. */
#ifndef SONATA_BENCH_REFERENCE_H
#define SONATA_BENCH_REFERENCE_H

#include "bench/judge.h"
#include "bench/options.h"
#include "bench/problem.h"

struct reference {
    struct judge_front front; // minimised, unnormalised
    bool enumerated;          // exact: the whole space was looked at
    bool cached;              // read from the cache
    char how[256];            // for people and for the JSON
    char path[1200];          // of the cache file, "" when none
};

/* Enumerates a small space; else reads the cached front of this problem; else runs four long nsga2 runs (populations 400 and 1,000) and, when the
 * search library has it, a long sonata+ run, unites what they saw and caches the front with the command that made it. */
int reference_find(const struct bench_options *o, const struct problem *p, int argc, char **argv, struct reference *ret_reference,
                   struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void reference_fini(struct reference *r);
/* Ideal and reference point as given, else by the rule of `sonata bench --help`; then its hypervolume. -ERANGE when nothing lies inside. */
int reference_judge(const struct problem *p, const struct reference *r, struct judge *ret_judge, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
