/* Options from text: every type within its limits, and what an error says. */
#include "base/option.h"

#include <string.h>

#include "support/cmocka.h"

struct settings {
    bool flag;
    const char *text, *choice;
    char name[4];
    int64_t whole, pause_ns;
    uint32_t count, word;
    double number;
    struct option_list list;
    int own;
};

static int take_own(void *settings, const char *text, struct sonata_error *err)
{
    struct settings *s = settings;
    if (strcmp(text, "seven"))
        return sonata_error_set(err, -22, "only seven is expected");
    s->own = 7;
    return 0;
}

#define AT(field) .offset = offsetof(struct settings, field)
static const struct option_def table[] = {
    {.name = "flag", .type = OPTION_FLAG, AT(flag)},
    {.name = "text", .type = OPTION_TEXT, AT(text)},
    {.name = "choice", .type = OPTION_CHOICE, AT(choice), .choices = "one|two"},
    {.name = "word", .type = OPTION_WORD, AT(word), .choices = "red|green|blue"},
    {.name = "name", .type = OPTION_BUFFER, .size = 4, AT(name)},
    {.name = "whole", .type = OPTION_INT, AT(whole), .min = -5, .max = 5},
    {.name = "count", .type = OPTION_COUNT, AT(count), .min = 1, .max = 4e9},
    {.name = "number", .type = OPTION_NUMBER, AT(number), .min = 0, .max = 2000},
    {.name = "pause", .type = OPTION_DURATION, AT(pause_ns), .min = 1, .max = 60},
    {.name = "list", .type = OPTION_LIST, AT(list)},
    {.name = "own", .type = OPTION_OWN, .take = take_own},
    {0},
};

static int read_one(struct settings *s, const char *name, const char *text, const char *says)
{
    struct sonata_error err = {{0}};
    int r = option_read(option_find(table, name), text, s, &err);
    if (says && !strstr(err.text, says))
        fail_msg("%s=%s: '%s' does not say '%s'", name, text, err.text, says);
    return r;
}

static void test_values(void **state)
{
    (void)state;
    struct settings s = {0};
    const char *const given[][2] = {{"flag", "on"},     {"text", "a b"}, {"choice", "two"},       {"word", "blue"},
                                    {"name", "abc"},    {"whole", "-5"}, {"count", "4000000000"}, {"number", "1.5k"},
                                    {"pause", "500ms"}, {"list", "x"},   {"list", "y"},           {"own", "seven"}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        int expected = !strcmp(given[i][0], "pause") ? -22 : 0; /* half a second is below a second */
        assert_int_equal(read_one(&s, given[i][0], given[i][1], NULL), expected);
    }
    assert_true(s.flag && s.own == 7 && s.word == 2 && s.whole == -5 && s.count == 4000000000u && s.number == 1500 && s.pause_ns == 0);
    assert_string_equal(s.text, "a b");
    assert_string_equal(s.choice, "two");
    assert_string_equal(s.name, "abc");
    assert_int_equal(s.list.n, 2);
    assert_string_equal(s.list.item[1], "y");
    assert_int_equal(read_one(&s, "flag", "false", NULL), 0);
    assert_false(s.flag);
}

static void test_errors_leave_the_settings(void **state)
{
    (void)state;
    struct settings s = {.word = 1, .name = "old", .whole = 3, .count = 3, .number = 3};
    const struct settings before = s;
    const char *const wrong[][3] = {{"flag", "maybe", "expected true or false"},
                                    {"choice", "on", "one of one|two"},
                                    {"choice", "", "one of"},
                                    {"word", "gree", "one of red|green|blue"},
                                    {"name", "abcd", "1 to 3 characters"},
                                    {"name", "", "1 to 3"},
                                    {"whole", "6", "a whole number from -5 to 5"},
                                    {"whole", "1.5", "a whole number"},
                                    {"count", "0", "from 1 to"},
                                    {"count", "-1", "'-1' is here"},
                                    {"number", "2001", "a number from 0 to 2000"},
                                    {"number", "nan", "a number"},
                                    {"pause", "2h", "a duration"},
                                    {"own", "eight", "only seven"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(read_one(&s, wrong[i][0], wrong[i][1], wrong[i][2]), -22);
    assert_memory_equal(&s, &before, sizeof s);
    for (unsigned i = 0; i < OPTION_LIST_MAX; i++)
        assert_int_equal(read_one(&s, "list", "x", NULL), 0);
    assert_int_equal(read_one(&s, "list", "x", "more than"), -22);
    assert_null(option_find(table, "nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_errors_leave_the_settings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
