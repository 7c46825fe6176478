/* "When": which arm breeds the next candidate. The arms are operators in `sonata` and sources in `sonata+`. */
#ifndef SONATA_SEARCH_CHOOSER_H
#define SONATA_SEARCH_CHOOSER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "search/archive.h"

enum {
    CHOOSER_ARMS_MAX = 8,
    CHOOSER_HIDDEN = 16,
    CHOOSER_WEIGHTS = (CHOOSER_ARMS_MAX + 1) * (CHOOSER_HIDDEN + 1) + CHOOSER_HIDDEN * (CHOOSER_FEATURES + 1),
    CHOOSER_MEMORY = 10
};

struct core;

struct chooser_decision {
    uint32_t arm;
    double probability, reward, context[CHOOSER_FEATURES];
};

/* Everything the policies learn; a policy uses its part. */
struct chooser {
    const struct policy *policy;
    uint32_t n_arms, arm[CHOOSER_ARMS_MAX]; // arm ids of the search
    double context[CHOOSER_FEATURES];       // state features now
    double gain_average, success_average, gain_largest;
    uint32_t stagnation;
    double discount;
    struct chooser_decision memory[CHOOSER_MEMORY]; // rewarded since the last update
    uint32_t n_memory;
    double good[CHOOSER_ARMS_MAX], bad[CHOOSER_ARMS_MAX];                                                  // Thompson: Beta counts
    double a[CHOOSER_ARMS_MAX][CHOOSER_FEATURES][CHOOSER_FEATURES], b[CHOOSER_ARMS_MAX][CHOOSER_FEATURES]; // LinUCB
    double theta[CHOOSER_ARMS_MAX][CHOOSER_FEATURES], critic[CHOOSER_FEATURES];                            // actor-critic
    double weight[CHOOSER_WEIGHTS], moment[2][CHOOSER_WEIGHTS];                                            // PPO and its Adam
    uint32_t steps;
};

/* One way of deciding. */
struct policy {
    const char *name;
    /* Index of an arm and how likely that choice was. */
    uint32_t (*pick)(struct chooser *a, struct rng *rng, double *ret_probability);
    /* Learns from a->memory. */
    void (*update)(struct chooser *a);
    /* Current preference over the arms, sums to 1. */
    void (*weights)(const struct chooser *a, double *ret_weights);
};
extern const struct policy policy_fixed, policy_thompson, policy_linucb, policy_actor_critic, policy_ppo;

/* The learning part of a search as its options say. Free with chooser_free(). */
struct chooser *chooser_new(const struct core *s);
/* Frees it with all it holds; NULL is allowed. */
void chooser_free(struct chooser *a);
/* Arm id of the search for the next candidate; what was seen and how likely it was go into the candidate. */
uint32_t chooser_choose(struct core *s, float ret_context[CHOOSER_FEATURES], float *ret_probability);
/* Credits the arms that bred these told rows; every CHOOSER_MEMORY rewards the policy learns. */
void chooser_reward(struct core *s, const uint32_t *rows, uint32_t n);

/* A loaded policy at the start of another search: what it learned stays, what it saw of the old search goes. */
void chooser_start(struct chooser *a);
/* Appends the whole state, for chooser_load(). */
void chooser_save(const struct chooser *a, struct bytes *out);
/* Takes over what chooser_save() wrote for the same options. False when the bytes are not ours; a is to be freed then. */
bool chooser_load(struct chooser *a, struct reader *in);

#endif
