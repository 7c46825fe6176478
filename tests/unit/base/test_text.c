/* Text put together in a buffer: what fits is whole, what does not is cut between characters, and the last line of what a program said. */
#include <string.h>

#include "base/text.h"
#include "support/cmocka.h"

static void test_lists(void **state)
{
    (void)state;
    char text[32] = "what was there";
    struct text_builder t = text_begin(text, sizeof text);
    assert_string_equal(text, "");
    text_join(&t, ", ", "%s", "a");
    text_join(&t, ", ", "%d", 2);
    text_add(&t, " and %c", 'c');
    assert_string_equal(text, "a, 2 and c");
    assert_int_equal(t.used, strlen(text));
    assert_false(t.cut);
}

static void test_every_size_is_kept(void **state)
{
    (void)state;
    const char *whole = "größe → ∞ 𝄞!";
    for (size_t size = 1; size <= strlen(whole) + 2; size++) {
        char text[40];
        memset(text, 'x', sizeof text);
        struct text_builder t = text_begin(text, size);
        text_add(&t, "%s", whole);
        assert_int_equal(t.cut, size <= strlen(whole));
        assert_int_equal(strlen(text), t.used);
        assert_true(t.used < size);
        assert_true(t.used + 4 >= size || !t.cut); /* no more than one character is lost */
        assert_memory_equal(text, whole, t.used);
        assert_true(((unsigned char)whole[t.used] & 0xC0) != 0x80); /* the cut is not inside a character */
        assert_int_equal(text[size], 'x');
    }
}

static void test_nothing_follows_a_cut(void **state)
{
    (void)state;
    char text[8];
    struct text_builder t = text_begin(text, sizeof text);
    text_add(&t, "%s", "1234ü7890");
    text_join(&t, "", "!");
    assert_string_equal(text, "1234ü7");
    text_add(&t, "8");
    assert_true(t.cut);
    assert_int_equal(strlen(text), 7);
}

static void expect_last(const char *said, const char *line)
{
    char got[12];
    text_last_line(said, strlen(said), got, sizeof got);
    assert_string_equal(got, line);
}

static void test_last_line(void **state)
{
    (void)state;
    expect_last("", "");
    expect_last(" \n\t\n", "");
    expect_last("one", "one");
    expect_last("one\ntwo\r\n\n  ", "two");
    expect_last("\n  two words ", "  two words");
    expect_last("too long to be kept", "too long to");
    char got[4];
    text_last_line("a\nbX", 3, got, sizeof got); /* no further than n */
    assert_string_equal(got, "b");
}

static void expect_lines(const char *said, const char *lines)
{
    char got[16];
    text_last_lines(said, strlen(said), got, sizeof got);
    assert_string_equal(got, lines);
}

static void test_last_lines(void **state)
{
    (void)state;
    expect_lines("", "");
    expect_lines(" \n\n", "");
    expect_lines("one\ntwo\r\n\n", "one\ntwo");
    expect_lines("first\nsecond\nthird", "second\nthird");
    expect_lines("12345\n123456789\n12345", "123456789\n12345"); /* whole lines that fit to the byte */
    expect_lines("a line of its own that is too long", "hat is too long");
    expect_lines("more than 14 bytes: \xc3\xbc"
                 "12345678901234",
                 "12345678901234"); /* a character is not cut */
    expect_lines("red \x1b[31m\ttab\x07", "red  [31m tab ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists), cmocka_unit_test(test_every_size_is_kept),
                                       cmocka_unit_test(test_nothing_follows_a_cut), cmocka_unit_test(test_last_line),
                                       cmocka_unit_test(test_last_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
