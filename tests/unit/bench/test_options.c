/* The command line: everything is taken, and everything wrong is named. */
#include "bench/options.h"

#include <errno.h>
#include <string.h>

#include "support/cmocka.h"

enum { ARGS_MAX = 40 };

/* Parses the required options plus `extra` (NULL-terminated). */
static int parse(const char *const *extra, struct bench_options *o, struct sonata_error *err)
{
    static const char *const base[] = {"bench",
                                       "--space",
                                       "s.yaml",
                                       "--table",
                                       "t.csv",
                                       "--objective",
                                       "acc:max",
                                       "--objective",
                                       "lat:min",
                                       "--algorithm",
                                       "random,sonata+[agent=fixed,budget=40;round=3],nsga2[generational=1]",
                                       "--budget",
                                       "100",
                                       "--seeds",
                                       "2"};
    char *argv[ARGS_MAX];
    int argc = 0;
    for (unsigned i = 0; i < sizeof base / sizeof *base; i++)
        argv[argc++] = (char *)(uintptr_t)base[i];
    for (; *extra; extra++)
        argv[argc++] = (char *)(uintptr_t)*extra;
    argv[argc] = NULL;
    err->text[0] = '\0';
    return bench_options_parse(argc, argv, o, err);
}

static void test_everything_is_taken(void **state)
{
    (void)state;
    struct bench_options o;
    struct sonata_error err;
    const char *const extra[] = {"--where", "lat<=20", "--where",          "acc>=50",   "--ideal", "acc=90",  "--reference",
                                 "lat=30",  "--fit",   "acc:0.3:0.05",     "--workers", "16",      "--delay", "lognormal:0.5",
                                 "--fail",  "0.05",    "--straggler=0.02", "--at",      "100,20",  "--noise", "lat=0.03",
                                 NULL};
    assert_int_equal(parse(extra, &o, &err), 0);
    assert_int_equal(o.n_objectives, 2);
    assert_true(o.objective[0].maximise && !o.objective[1].maximise);
    assert_int_equal(o.n_where, 2);
    assert_true(!o.where[0].at_least && o.where[1].at_least && o.where[1].value == 50);
    assert_true(column_list_find(&o.ideal, "acc")->value == 90);
    assert_null(column_list_find(&o.ideal, "lat"));
    assert_true(o.fit[0].alpha == 0.3 && o.fit[0].gamma == 0.05);
    assert_int_equal(o.n_algorithms, 3);
    assert_string_equal(o.algorithm[1].params.algorithm, "sonata+");
    assert_int_equal(o.algorithm[1].params.budget, 40);
    assert_int_equal(o.algorithm[1].batch, 3);
    assert_int_equal(o.algorithm[1].params.n_options, 1);
    assert_string_equal(o.algorithm[1].params.option[0].name, "agent");
    assert_string_equal(o.algorithm[1].params.option[0].value, "fixed");
    assert_true(o.algorithm[2].rounds && o.algorithm[2].params.generational);
    assert_false(o.algorithm[0].rounds); // workers without --generational: asynchronous
    assert_int_equal(o.at[0], 20);
    assert_int_equal(o.at[1], 100);
}

static void test_defaults(void **state)
{
    (void)state;
    struct bench_options o;
    struct sonata_error err;
    const char *const none[] = {NULL};
    assert_int_equal(parse(none, &o, &err), 0);
    assert_int_equal(o.algorithm[0].params.budget, 100);
    assert_true(o.algorithm[0].rounds); // no workers: rounds of --batch
    assert_int_equal(o.algorithm[0].batch, 10);
    assert_int_equal(o.n_at, 2);
    assert_int_equal(o.at[1], 100);
}

static void test_wrong_values_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value, *says;
    } wrong[] = {
        {"--objective", "acc", "COLUMN:min"},
        {"--objective", "acc:min", "given twice"},
        {"--budget", "0", "--budget"},
        {"--seeds", "1001", "1 to 1000"},
        {"--where", "lat<20", "COLUMN<=V"},
        {"--ideal", "acc=x", "a number"},
        {"--noise", "lat=2", "relative sigma"},
        {"--fail", "1", "below 1"},
        {"--delay", "uniform:1", "lognormal"},
        {"--fit", "acc:1", "ALPHA:GAMMA"},
        {"--algorithm", "nsga2[a", "closing ]"},
        {"--algorithm", "nsga2[a]", "key=value"},
        {"--algorithm", "nsga2[budget=x]", "budget"},
        {"--at", "0", "--at"},
        {"--proxy", "acc", "COLUMN=VALUE"},
        {"--pool", "acc=0", "whole number of boards"},
        {"--pool", "acc=4", "twice"},
        {"--nonsense", "1", "--nonsense"},
        {"extra", "words", "not expected"},
        {"--algorithm", ",", "names separated"},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bench_options o = {.budget = 77};
        struct sonata_error err;
        const char *const extra[] = {wrong[i].option, wrong[i].value, NULL};
        assert_int_equal(parse(extra, &o, &err), -EINVAL);
        if (!strstr(err.text, wrong[i].says))
            fail_msg("'%s' does not say '%s'", err.text, wrong[i].says);
        assert_int_equal(o.budget, 77); // untouched on failure
    }
}

static void test_missing_options_are_named(void **state)
{
    (void)state;
    struct bench_options o;
    struct sonata_error err = {{0}};
    char *argv[] = {(char[]){"bench"}, (char[]){"--space"}, (char[]){"nb201"}, NULL};
    assert_int_equal(bench_options_parse(3, argv, &o, &err), -EINVAL);
    assert_non_null(strstr(err.text, "--table is missing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_taken),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_wrong_values_are_named),
        cmocka_unit_test(test_missing_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
