/* Own loops of every processor level of this machine against the definition in double. */
#include <math.h>

#include "graph/vector.h"
#include "support/cmocka.h"

static void silu_is_exact_to_a_few_units(void **state)
{
    (void)state;
    for (const struct vector_code *const *c = vector_all(); *c; c++) {
        double worst = 0;
        for (int i = -100000; i <= 100000; i++) {
            float x[1] = {(float)i * 1e-3f}, y[1];
            (*c)->silu(x, y, 1);
            double exact = (double)x[0] / (1 + exp(-(double)x[0])), error = fabs((double)y[0] - exact);
            worst = fmax(worst, error / (fabs(exact) + 1e-28));
        }
        if (worst > 5e-7)
            fail_msg("%s: %g", (*c)->name, worst);
    }
}

static void affine_cuts_on_both_sides(void **state)
{
    (void)state;
    for (const struct vector_code *const *c = vector_all(); *c; c++) {
        float x[37], a[37], b[37];
        for (int i = 0; i < 37; i++) {
            x[i] = (float)i - 18;
            a[i] = 0.5f;
            b[i] = 1;
        }
        (*c)->affine(x, a, b, x, 37, -2, 6);
        for (int i = 0; i < 37; i++)
            assert_true(x[i] == fminf(fmaxf(((float)i - 18) * 0.5f + 1, -2), 6));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(silu_is_exact_to_a_few_units), cmocka_unit_test(affine_cuts_on_both_sides)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
