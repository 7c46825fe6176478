/* Log lines as they leave the process: one line each, key=value or a JSON object with the fields as members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static char line[4096];
static int saved, ends[2];

static void begin(bool json)
{
    log_init("test", LOG_INFO, json);
    saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
}

/* The line after its time. */
static const char *end(void)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    line[n > 0 ? n : 0] = '\0';
    const char *level = strstr(line, "level");
    return level ? level : line;
}

static void test_key_value(void **state)
{
    (void)state;
    begin(false);
    log_warn("attempt lost", "attempt=%d reason=\"%s\"", 7, "silence\nof 30 s");
    assert_string_equal(end(), "level=warn program=test msg=\"attempt lost\" attempt=7 reason=\"silence of 30 s\"\n");
}

static void test_json_members(void **state)
{
    (void)state;
    begin(true);
    log_info("m", "search=%d team=%s empty= name=\"%s\" reason=\"\" last=%s", 3, "vision", "a \"b\", c=1 \\", "x=y");
    assert_string_equal(end(), "level\":\"info\",\"program\":\"test\",\"msg\":\"m\",\"search\":\"3\",\"team\":\"vision\",\"empty\":\"\",\"name\":\"a 'b', c=1 /\","
                               "\"reason\":\"\",\"last\":\"x=y\"}\n");
    begin(true);
    log_info("m", "%s", "");
    assert_string_equal(end(), "level\":\"info\",\"program\":\"test\",\"msg\":\"m\"}\n");
    begin(true);
    log_info("m", "open=\"never closed and words =odd");
    assert_string_equal(end(), "level\":\"info\",\"program\":\"test\",\"msg\":\"m\",\"open\":\"never closed and words =odd\"}\n");
}

/* A text of somebody else cannot end its value, nor begin another. */
static void test_forged_fields(void **state)
{
    (void)state;
    begin(true);
    log_warn("event", "worker=%s reason=\"%.60s\" n=%d of=%zu", "w search=1", "x\" search=9 team=\"root", -3, (size_t)7);
    assert_string_equal(end(), "level\":\"warn\",\"program\":\"test\",\"msg\":\"event\",\"worker\":\"w_search=1\",\"reason\":\"x' search=9 team='root\","
                               "\"n\":\"-3\",\"of\":\"7\"}\n");
    begin(false);
    log_warn("event", "worker=%s share=%.1f%% id=%llu", "a\"b", 12.34, 1ULL << 40);
    assert_string_equal(end(), "level=warn program=test msg=\"event\" worker=a'b share=12.3% id=1099511627776\n");
}

static void test_bounds_and_level(void **state)
{
    (void)state;
    char large[3000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (int json = 0; json < 2; json++) {
        begin(json);
        log_debug("below the level", "a=%d", 1);
        log_info("m", "a=%s", large);
        const char *got = end();
        assert_null(strstr(got, "below"));
        assert_int_equal(got[strlen(got) - 1], json ? '\n' : strlen(line) < 2000 ? '\n' : got[strlen(got) - 1]);
        assert_true(!json || !strcmp(got + strlen(got) - 2, "}\n"));
    }
    memset(large, '"', sizeof large - 1); /* each of them becomes another character, none two */
    begin(true);
    log_info("m", "a=%s", large);
    const char *got = end();
    assert_string_equal(got + strlen(got) - 2, "}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_key_value), cmocka_unit_test(test_json_members), cmocka_unit_test(test_forged_fields), cmocka_unit_test(test_bounds_and_level)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
