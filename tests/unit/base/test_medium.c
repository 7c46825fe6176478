/* Texts meant to harm, in every medium. */
#include "base/medium.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "support/cmocka.h"

static void names_are_words(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "_", "9", "sonata+", "optuna-nsga2", "rpi4.lab", "e0_1", "NAS-Bench_201.v2"};
    static const char *const bad[] = {"",    "-",   "--config=x", ".hidden", "+1", "a b", "a/b",      "../x",  "a@b",
                                      "a=b", "a,b", "<b>",        "a\"",     "a'", "a:b", "\xc3\xa4", "a\x1b", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(name_is_valid(good[i], 64));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(name_is_valid(bad[i], 64));
    assert_true(name_is_valid("abc", 4));
    assert_false(name_is_valid("abcd", 4));
}

static void expect_plain(const char *text, const char *plain, bool lines)
{
    char copy[64];
    strcpy(copy, text);
    text_plain(copy, lines);
    assert_string_equal(copy, plain);
}

static void terminals_are_not_steered(void **state)
{
    (void)state;
    expect_plain("caf\xc3\xa9 \xe6\xb8\xac \xf0\x9f\x8e\xb5", "caf\xc3\xa9 \xe6\xb8\xac \xf0\x9f\x8e\xb5", false);
    expect_plain("a\x1b[2Jb\rc\td\x7f", "a [2Jb c d ", false);
    expect_plain("one\ntwo", "one two", false);
    expect_plain("one\ntwo\r", "one\ntwo ", true);
    expect_plain("a\xc2\x9b"
                 "2Jb",
                 "a 2Jb", false); /* CSI of C1 */
    expect_plain("a\xe2\x80\xae"
                 "b\xe2\x81\xa6",
                 "a b ", false); /* right to left, isolate */
    expect_plain("a\xef\xbb\xbf"
                 "b\xe2\x80\x8b",
                 "a b ", false); /* zero width */
    expect_plain("a\xff\xc3", "a??", false);
    expect_plain("\xc0\x9b\xed\xa0\x80", "?????", false); /* overlong ESC, surrogate */
}

/* Whatever the bytes: not longer, without controls, and the same when done again. */
static void any_bytes_become_plain(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1, 1);
    for (int round = 0; round < 200000; round++) {
        char text[24], once[24];
        size_t n = rng_below(&rng, 23);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(1 + rng_below(&rng, 255));
        text[n] = '\0';
        text_plain(text, false);
        assert_true(strlen(text) <= n);
        for (size_t i = 0; text[i]; i++)
            assert_true((unsigned char)text[i] >= 32 && text[i] != 127);
        strcpy(once, text);
        text_plain(text, false);
        assert_string_equal(text, once);
    }
}

static void expect(void (*put)(struct bytes *, const char *), const char *text, const char *wanted)
{
    cleanup_bytes struct bytes b = {0};
    put(&b, text);
    bytes_put_u8(&b, 0);
    assert_string_equal((char *)b.data, wanted);
}

static void markup_tables_and_yaml(void **state)
{
    (void)state;
    expect(html_text, "<script>alert('x\"&')</script>", "&lt;script&gt;alert(&#39;x&quot;&amp;&#39;)&lt;/script&gt;");
    expect(csv_text_cell, "=HYPERLINK(\"http://x\",1)", "'=HYPERLINK( http://x  1)");
    expect(csv_text_cell, "@x", "'@x");
    expect(csv_text_cell, "+1+cmd", "'+1+cmd");
    expect(csv_text_cell, "-1.5e3", "-1.5e3");
    expect(csv_text_cell, "a,b;c\nd", "a b c d");
    expect(yaml_scalar, "x\": 1\n- y: \\", "\"x\\\": 1 - y: \\\\\"");
}

static void log_values_stay_values(void **state)
{
    (void)state;
    char out[32];
    assert_int_equal(log_value(out, sizeof out, "a b=c", SIZE_MAX, false), 5);
    assert_string_equal(out, "a_b=c");
    log_value(out, sizeof out, "x\" search=9 team=\"y\\\n", SIZE_MAX, true);
    assert_string_equal(out, "x' search=9 team='y/ ");
    assert_int_equal(log_value(out, 4, "abcdef", SIZE_MAX, true), 3);
    assert_int_equal(log_value(out, sizeof out, "abcdef", 2, true), 2);
}

static void arguments_are_no_options(void **state)
{
    (void)state;
    char text[] = "--config=/etc/passwd", sound[] = "d1=2 k1=-3";
    argument_text(text);
    argument_text(sound);
    assert_string_equal(text, "_-config=/etc/passwd");
    assert_string_equal(sound, "d1=2 k1=-3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_words),        cmocka_unit_test(terminals_are_not_steered), cmocka_unit_test(any_bytes_become_plain),
        cmocka_unit_test(markup_tables_and_yaml), cmocka_unit_test(log_values_stay_values),    cmocka_unit_test(arguments_are_no_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
