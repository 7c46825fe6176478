/* Seeded random streams: xoshiro256++ (Blackman and Vigna, 2019), state seeded by splitmix64. Same seed and stream give the
 * same numbers everywhere; the state is plain data and is saved with whatever owns it. */
#ifndef SONATA_BASE_RNG_H
#define SONATA_BASE_RNG_H

#include <stdint.h>

struct bytes;
struct reader;

struct rng {
    uint64_t s[4];
};

/* Independent stream `stream` of seed `seed` (one per tree, island, board …). */
struct rng rng_seeded(uint64_t seed, uint64_t stream);

/* The next 64 random bits. */
static inline uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s, sum = s[0] + s[3], out = (sum << 23 | sum >> 41) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return out;
}

/* Uniform in 0 .. n-1 without bias; n >= 1. Lemire's multiply-shift with rejection of the short interval. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint64_t m = (rng_u64(r) >> 32) * n;
    if ((uint32_t)m < n) {
        uint32_t threshold = (uint32_t)-n % n;
        while ((uint32_t)m < threshold)
            m = (rng_u64(r) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

/* Uniform in [0, 1) with 53 bits. */
static inline double rng_uniform(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* Standard normal (Box-Muller, one number per call: no hidden state). */
double rng_normal(struct rng *r);
/* Gamma(shape, 1), shape > 0 (Marsaglia and Tsang, 2000). */
double rng_gamma(struct rng *r, double shape);
/* Beta(a, b), a and b > 0. */
double rng_beta(struct rng *r, double a, double b);
/* Fisher-Yates shuffle of n indices. */
void rng_shuffle(struct rng *r, uint32_t *index, uint32_t n);

/* Appends the state, 32 bytes. */
void rng_save(const struct rng *r, struct bytes *out);
/* Reads what rng_save() wrote; the reader says when it was not there. */
void rng_load(struct rng *r, struct reader *in);

#endif
