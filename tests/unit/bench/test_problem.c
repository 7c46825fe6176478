/* Tables: cells, conditions, merging, coverage, scales; every kind of bad input has an error with its place. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "bench_files.h"
#include "close.h"
#include "support/cmocka.h"

static struct bench_files files;

static int open_files(void **state)
{
    (void)state;
    bench_files_open(&files);
    return 0;
}

static int close_files(void **state)
{
    (void)state;
    bench_files_close(&files);
    return 0;
}

static void test_full_table(void **state)
{
    (void)state;
    struct bench_options o = bench_files_options(&files, "random", 10);
    struct problem p;
    struct sonata_error err = {{0}};
    assert_int_equal(problem_load(&o, &p, &err), 0);
    assert_int_equal(p.n_rows, 63); // d = 1: 3 x 3, d = 2, 3: 3 x 3 x 3 each
    assert_int_equal(p.n_space, 63);
    assert_true(p.complete && p.objective[0].percent);
    struct genotype g;
    double f[CORE_OBJECTIVES_MAX];
    assert_int_equal(genotype_parse(&p.space, "d=2 a=skip b=5 c=7", &g, &err), 0);
    assert_true(problem_objectives(&p, &g, VIEW_TRUTH, f));
    assert_close(f[0], 100 - (60 + 10 + 3 + 2.8 - 1), 1e-9);
    assert_close(f[1], 2 + 2 + 0.5 + 2.1, 1e-9);
    assert_close(problem_original(&p, 0, f[0]), 74.8, 1e-9);
    problem_fini(&p);
}

static void test_duplicate_rows_are_averaged_and_empty_cells_skipped(void **state)
{
    (void)state;
    struct bench_options o = bench_files_options(&files, "random", 10);
    struct problem p;
    struct sonata_error err = {{0}};
    char text[4096];
    int n = snprintf(text, sizeof text, "d,a,b,c,acc,lat\n1,none,3,junk,50,1\n1,0,3,5,60,\n"); // c is inactive: both rows are one architecture
    for (int a = 0; a < 3; a++) {
        for (int b = 3; b <= 7; b += 2) {
            for (int c = 3; c <= 7; c += 2)
                n += snprintf(text + n, sizeof text - (size_t)n, "2,%d,%d,%d,70,%d\n3,%d,%d,%d,71,5\n", a, b, c, b + c, a, b, c);
        }
    }
    bench_files_table(&files, text);
    assert_int_equal(problem_load(&o, &p, &err), 0);
    assert_int_equal(p.n_architectures, 55);
    assert_int_equal(p.quantity[1].missing, 1);
    assert_false(p.complete); // most of d = 1 is missing, but more than half of the space is there
    struct genotype g = {{0}};
    double f[CORE_OBJECTIVES_MAX];
    assert_true(problem_objectives(&p, &g, VIEW_TRUTH, f));
    assert_close(f[0], 100 - 55, 1e-12);
    assert_close(f[1], 1, 1e-12);
    assert_int_equal(genotype_parse(&p.space, "d=1 a=conv b=7", &g, &err), 0);
    assert_false(problem_objectives(&p, &g, VIEW_TRUTH, f));
    problem_fini(&p);
}

static void test_scales(void **state)
{
    (void)state;
    struct bench_options o = bench_files_options(&files, "random", 10);
    struct problem p;
    struct sonata_error err = {{0}};
    o.ideal.n = o.reference.n = 1;
    o.ideal.item[0] = (struct column_value){.column = "acc", .value = 20}; // below the reference: errors
    o.reference.item[0] = (struct column_value){.column = "acc", .value = 30};
    assert_int_equal(problem_load(&o, &p, &err), 0);
    assert_true(p.ideal_given[0] == 20 && p.reference_given[0] == 30 && isnan(p.ideal_given[1]));
    problem_fini(&p);
    o.ideal.item[0].value = 80; // above: accuracies
    o.reference.item[0].value = 70;
    assert_int_equal(problem_load(&o, &p, &err), 0);
    assert_true(p.ideal_given[0] == 20 && p.reference_given[0] == 30);
    problem_fini(&p);
    o.ideal.item[0] = (struct column_value){.column = "lat", .value = 9};
    o.reference.item[0] = (struct column_value){.column = "lat", .value = 3};
    assert_int_equal(problem_load(&o, &p, &err), -EINVAL);
    assert_non_null(strstr(err.text, "better than --reference"));
}

static void test_constraints(void **state)
{
    (void)state;
    struct bench_options o = bench_files_options(&files, "random", 10);
    struct problem p;
    struct sonata_error err = {{0}};
    struct genotype g = {{2, 2, 2, 2}}; // lat 3 + 4 + 0.7 + 2.1 = 9.8
    o.n_where = 2;
    o.where[0] = (struct where){.column = "lat", .value = 4.9};
    o.where[1] = (struct where){.column = "acc", .value = 10, .at_least = true};
    assert_int_equal(problem_load(&o, &p, &err), 0);
    assert_close(problem_violation(&p, &g), 1.0, 1e-12);
    g = (struct genotype){{0}};
    assert_close(problem_violation(&p, &g), 0, 0);
    problem_fini(&p);
}

static void test_bad_tables_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"d,a,b,acc,lat\n1,0,3,50,1\n", "no column 'c'"},
        {"d,a,b,c,acc,lat\n", "no rows"},
        {"d,a,b,c,acc,lat\n1,0,3,0,50,1\n4,0,3,0,50,1\n", ":3: '4' is not a choice of gene 'd'"},
        {"d,a,b,c,acc,lat\n2,0,3,4,50,1\n", ":2: '4' is not a choice of gene 'c'"},
        {"d,a,b,c,acc,lat\n1,0,3,0,nan,1\n", ":2: column 'acc' holds 'nan'"},
        {"d,a,b,c,acc,lat\n1,0,3,0,50,inf\n", "a finite number"},
        {"d,a,b,c,acc,lat\n1,0,3,0,5O,1\n", "holds '5O'"},
        {"d,a,b,c,acc,lat\n1,0,3,0,,1\n", "is empty in all 1 rows"},
        {"d,a,b,c,acc\n1,0,3,0,50\n", "no column 'lat'"},
        {"d,a,b,c,acc,lat\n1,0,3,0,50,1\n", "--fit"},
        {"d,a,b,c,acc,lat\n1,0,3,0,50\n", ":2:"},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bench_options o = bench_files_options(&files, "random", 10);
        struct problem p = {.n_rows = 77};
        struct sonata_error err = {{0}};
        bench_files_table(&files, wrong[i].text);
        assert_true(problem_load(&o, &p, &err) < 0);
        if (!strstr(err.text, wrong[i].says))
            fail_msg("'%s' does not say '%s'", err.text, wrong[i].says);
        assert_int_equal(p.n_rows, 77);
    }
}

static void test_bad_options_are_named(void **state)
{
    (void)state;
    struct bench_options o = bench_files_options(&files, "random", 10);
    struct problem p;
    struct sonata_error err = {{0}};
    o.n_fits = 1;
    copy_string(o.fit[0].column, BENCH_COLUMN_MAX, "other");
    assert_true(problem_load(&o, &p, &err) < 0);
    assert_non_null(strstr(err.text, "--fit other: no objective"));
    o.n_fits = 0;
    o.noise.n = 1;
    o.noise.item[0] = (struct column_value){.column = "latt", .value = 0.1};
    assert_true(problem_load(&o, &p, &err) < 0);
    assert_non_null(strstr(err.text, "--noise latt: that column is not an objective"));
    o.noise.n = 0;
    copy_string(o.table, sizeof o.table, "/nowhere/table.csv");
    assert_true(problem_load(&o, &p, &err) < 0);
    assert_non_null(strstr(err.text, "/nowhere/table.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full_table, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_duplicate_rows_are_averaged_and_empty_cells_skipped, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_scales, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_constraints, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_bad_tables_are_named, open_files, close_files),
        cmocka_unit_test_setup_teardown(test_bad_options_are_named, open_files, close_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
