/* See tier.h. */
#include "domain/tier.h"

#include <string.h>

const char *tier_name(enum tier t)
{
    static const char *const name[TIER_COUNT] = {"screen", "search", "report"};
    return (unsigned)t < TIER_COUNT ? name[t] : "";
}

enum tier tier_named(const char *word)
{
    if (!word[0])
        return TIER_SEARCH;
    enum tier t = TIER_SCREEN;
    while (t < TIER_COUNT && strcmp(word, tier_name(t)))
        t++;
    return t;
}
