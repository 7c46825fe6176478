/* How much a measurement costs and is worth: a word on the wire and in files, an enum wherever it decides something. */
#ifndef SONATA_DOMAIN_TIER_H
#define SONATA_DOMAIN_TIER_H

enum tier {
    TIER_SCREEN, /* a second each */
    TIER_SEARCH, /* 15 s and more; what no word stands for */
    TIER_REPORT, /* minutes */
    TIER_COUNT
};

/* "screen" …; "" outside the enum. */
const char *tier_name(enum tier t);
/* TIER_COUNT: no tier of that name. "" is TIER_SEARCH. */
enum tier tier_named(const char *word);

#endif
