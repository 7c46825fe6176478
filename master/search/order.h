/* Numbered values in order. A merge sort that knows what it compares: several times faster than qsort() through a function pointer. */
#ifndef SONATA_SEARCH_ORDER_H
#define SONATA_SEARCH_ORDER_H

#include <stdint.h>

struct value {
    double v;
    uint32_t id;
};

/* Ascending by value, then by number. `spare` has room for n. */
void order_values(struct value *value, uint32_t n, struct value *spare);
/* Rows id of f (m doubles each) in lexicographic order, then by number; on entry v is the first of the row. */
void order_rows(const double *f, uint32_t m, struct value *value, uint32_t n, struct value *spare);

#endif
