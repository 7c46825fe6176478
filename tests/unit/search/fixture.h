/* Spaces and made-up objectives for the tests of the search. */
#ifndef SONATA_TESTS_UNIT_SEARCH_FIXTURE_H
#define SONATA_TESTS_UNIT_SEARCH_FIXTURE_H

#include "search/core.h"

/* |a - b| <= tolerance, in double (cmocka's own takes float). */
#define assert_close(a, b, tolerance) fixture_close((a), (b), (tolerance), __FILE__, __LINE__)
void fixture_close(double a, double b, double tolerance, const char *file, int line);

enum { N_ALGORITHMS = 12 };
extern const char *const algorithm_name[N_ALGORITHMS];

/* Six cell edges of five operations on four nodes (15,625 genotypes). */
void fixture_cell_space(struct space *s);
/* Two depths of 1..3, each with three layers of kernel and expansion, active by depth; blocks per layer. */
void fixture_depth_space(struct space *s);
/* Three genes of 2, 3 and 2 choices, the last active for one choice of the first: 9 architectures. */
void fixture_tiny_space(struct space *s);

/* `m` conflicting objectives, each a sum over active genes with some interaction; deterministic. */
void fixture_evaluate(const struct space *s, const struct genotype *g, uint32_t m, double *ret_y);
struct core *fixture_search(const struct space *s, const char *algorithm, uint32_t objectives, uint32_t budget, uint64_t seed);
/* Asks for n, evaluates, tells; returns how many there were. Fails the test on an illegal, inactive-dirty or repeated proposal. */
uint32_t fixture_step(struct core *search, const struct space *s, uint32_t m, uint32_t n);

#endif
