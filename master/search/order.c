/* See order.h. Runs of a few by insertion, then merged bottom-up, to and fro between the two arrays. */
#include "search/order.h"

#include <stdbool.h>
#include <string.h>

#include "base/number.h"

enum { RUN = 12 };

struct order {
    const double *f; // NULL: values alone
    uint32_t m;
};

static inline bool before(struct order o, struct value a, struct value b)
{
    if (a.v != b.v)
        return a.v < b.v;
    for (uint32_t j = 1; j < o.m; j++) {
        double x = o.f[(uint64_t)a.id * o.m + j], y = o.f[(uint64_t)b.id * o.m + j];
        if (x != y)
            return x < y;
    }
    return a.id < b.id;
}

static inline void insertion(struct order o, struct value *v, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct value x = v[i];
        uint32_t at = i;
        for (; at > 0 && before(o, x, v[at - 1]); at--)
            v[at] = v[at - 1];
        v[at] = x;
    }
}

static inline void merge(struct order o, const struct value *a, uint32_t na, const struct value *b, uint32_t nb, struct value *out)
{
    uint32_t i = 0, k = 0;
    while (i < na && k < nb) {
        bool second = before(o, b[k], a[i]);
        *out++ = second ? b[k] : a[i];
        k += second;
        i += !second;
    }
    memcpy(out, a + i, (na - i) * sizeof *a);
    memcpy(out + (na - i), b + k, (nb - k) * sizeof *b);
}

static inline void sort(struct order o, struct value *value, uint32_t n, struct value *spare)
{
    struct value *from = value, *to = spare;
    for (uint32_t i = 0; i < n; i += RUN)
        insertion(o, value + i, min_of(n - i, RUN));
    for (uint64_t width = RUN; width < n; width *= 2) {
        for (uint64_t i = 0; i < n; i += 2 * width) {
            uint32_t left = (uint32_t)(min_of(n - i, width)), rest = (uint32_t)(n - i) - left, right = rest < width ? rest : (uint32_t)width;
            merge(o, from + i, left, from + i + left, right, to + i);
        }
        struct value *t = from;
        from = to;
        to = t;
    }
    if (from != value)
        memcpy(value, from, n * sizeof *value);
}

void order_values(struct value *value, uint32_t n, struct value *spare) { sort((struct order){NULL, 1}, value, n, spare); }

void order_rows(const double *f, uint32_t m, struct value *value, uint32_t n, struct value *spare) { sort((struct order){f, m}, value, n, spare); }
