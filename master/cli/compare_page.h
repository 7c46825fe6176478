/* A comparison as a page. */
#ifndef SONATA_CLI_COMPARE_PAGE_H
#define SONATA_CLI_COMPARE_PAGE_H

#include "base/bytes.h"
#include "cli/compare.h"

/* The whole page, appended to out. */
void compare_page(const struct comparison *c, struct bytes *out);
/* What the numbers of a pair say, in words. */
void compare_verdict(const struct comparison *c, const struct compare_pair *x, char text[120]);

#endif
