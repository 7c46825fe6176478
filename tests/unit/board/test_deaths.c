/* A first death over an architecture is news, a second is not; another space's is another; only so many are remembered. */
#include "board/deaths.h"
#include "support/cmocka.h"

static void first_and_second(void **state)
{
    (void)state;
    struct deaths d = {.n = 0};
    struct evaluation_job a = {.n_genes = 2, .genotype = {{1, 2}}}, b = {.n_genes = 2, .genotype = {{1, 3}}}, other_space = a;
    other_space.space_hash[0] = 1;
    assert_false(deaths_note(&d, &a));
    assert_false(deaths_note(&d, &b));
    assert_false(deaths_note(&d, &other_space));
    assert_true(deaths_note(&d, &a));
    assert_true(deaths_note(&d, &b));
    for (int i = 0; i < DEATHS_MAX; i++) {
        struct evaluation_job more = {.n_genes = 2, .genotype = {{2, (uint8_t)i}}};
        assert_false(deaths_note(&d, &more));
    }
    assert_false(deaths_note(&d, &a)); /* forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_and_second)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
