/* The lesser, the greater, and a value kept within limits. The arguments are evaluated once; the type is that of a sum of both, as in arithmetic. */
#ifndef SONATA_BASE_NUMBER_H
#define SONATA_BASE_NUMBER_H

/* min: a < b ? a : b, so the second one where they do not compare (NaN). max: a > b ? a : b, likewise. */
#define SONATA_NUMBER(name, type)                                                                                                                    \
    static inline type min_##name(type a, type b) { return a < b ? a : b; }                                                                          \
    static inline type max_##name(type a, type b) { return a > b ? a : b; }                                                                          \
    static inline type clamp_##name(type v, type low, type high) { return max_##name(low, min_##name(v, high)); }
SONATA_NUMBER(int, int)
SONATA_NUMBER(unsigned, unsigned)
SONATA_NUMBER(long, long)
SONATA_NUMBER(ulong, unsigned long)
SONATA_NUMBER(llong, long long)
SONATA_NUMBER(ullong, unsigned long long)
SONATA_NUMBER(float, float)
SONATA_NUMBER(double, double)
#undef SONATA_NUMBER

#define SONATA_OF_TYPE(sum, kind)                                                                                                                    \
    _Generic((sum), int                                                                                                                              \
             : kind##_int, unsigned                                                                                                                  \
             : kind##_unsigned, long                                                                                                                 \
             : kind##_long, unsigned long                                                                                                            \
             : kind##_ulong, long long                                                                                                               \
             : kind##_llong, unsigned long long                                                                                                      \
             : kind##_ullong, float                                                                                                                  \
             : kind##_float, double                                                                                                                  \
             : kind##_double)
#define min_of(a, b) SONATA_OF_TYPE((a) + (b), min)(a, b)
#define max_of(a, b) SONATA_OF_TYPE((a) + (b), max)(a, b)
/* `low` where the limits contradict each other. */
#define clamp_of(v, low, high) SONATA_OF_TYPE((v) + (low) + (high), clamp)(v, low, high)

#endif
