/* See deaths.h. */
#include "board/deaths.h"

#include "base/hash.h"

static uint64_t hash_of(const struct evaluation_job *job)
{
    uint64_t space = hash64(job->space_hash, sizeof job->space_hash);
    return space ^ hash64(job->genotype.allele, job->n_genes * sizeof *job->genotype.allele);
}

bool deaths_note(struct deaths *d, const struct evaluation_job *job)
{
    uint64_t hash = hash_of(job);
    unsigned known = d->n < DEATHS_MAX ? d->n : DEATHS_MAX;
    for (unsigned i = 0; i < known; i++) {
        if (d->hash[i] == hash)
            return true;
    }
    d->hash[d->n++ % DEATHS_MAX] = hash;
    return false;
}
