/* CSV tables: cells by name, and errors that name file and line. */
#include "base/csv.h"

#include <errno.h>
#include <string.h>

#include "support/cmocka.h"

static int parse(const char *text, struct csv *t, struct sonata_error *err)
{
    return csv_parse(text, strlen(text), "t.csv", t, err);
}

static void reads_cells(void **state)
{
    (void)state;
    struct csv t;
    assert_int_equal(parse("a,b,c\n1,,x\r\n\n4,5,6", &t, NULL), 0);
    assert_int_equal(t.n_columns, 3);
    assert_int_equal(t.n_rows, 2);
    assert_int_equal(csv_column(&t, "c"), 2);
    assert_int_equal(csv_column(&t, "d"), -1);
    assert_string_equal(csv_cell(&t, 0, 1), "");
    assert_string_equal(csv_cell(&t, 0, 2), "x");
    assert_string_equal(csv_cell(&t, 1, 2), "6");
    csv_fini(&t);
    assert_int_equal(parse("\xEF\xBB\xBF" "a,b\n1,2\n", &t, NULL), 0);
    assert_int_equal(csv_column(&t, "a"), 0);
    csv_fini(&t);
}

static void names_the_bad_line(void **state)
{
    (void)state;
    struct csv t;
    struct sonata_error err = {""};
    assert_int_equal(parse("a,b\n1,2\n3\n", &t, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "t.csv:3:"));
    assert_non_null(strstr(err.text, "2 columns"));
}

static void refuses_empty_and_binary(void **state)
{
    (void)state;
    struct csv t;
    struct sonata_error err = {""};
    assert_int_equal(parse("", &t, &err), -EBADMSG);
    assert_int_equal(parse("\n", &t, &err), -EBADMSG);
    assert_int_equal(parse("a,b\n", &t, &err), -ENODATA);
    assert_non_null(strstr(err.text, "no rows"));
    assert_int_equal(csv_parse("a\n\0\n", 4, "t.csv", &t, &err), -EBADMSG);
    assert_int_equal(csv_read("/nonexistent/t.csv", &t, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/t.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_cells),
        cmocka_unit_test(names_the_bad_line),
        cmocka_unit_test(refuses_empty_and_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
