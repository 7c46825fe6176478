/* JSON text: read back by cJSON it is what was written, whatever the text or number. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "base/rng.h"
#include "web/out.h"

static void is(const struct bytes *b, const char *text)
{
    assert_int_equal(b->size, strlen(text));
    assert_memory_equal(b->data, text, b->size);
}

static void commas_set_themselves(void **state)
{
    (void)state;
    cleanup_bytes struct bytes b = {0};
    out_open(&b, NULL, '{');
    out_open(&b, "a", '[');
    out_close(&b, ']');
    out_unsigned(&b, "b", 1);
    out_open(&b, "c", '[');
    out_integer(&b, NULL, -2);
    out_text(&b, NULL, "x");
    out_open(&b, NULL, '{');
    out_null(&b, "n");
    out_bool(&b, "t", true);
    out_close(&b, '}');
    out_raw(&b, NULL, "[0]");
    out_close(&b, ']');
    out_time(&b, "never", 0);
    out_time(&b, "at", 1795559090640999999);
    out_close(&b, '}');
    is(&b, "{\"a\":[],\"b\":1,\"c\":[-2,\"x\",{\"n\":null,\"t\":true},[0]],\"never\":null,\"at\":1795559090640}");
}

static void a_comma_in_a_text_is_none_between_values(void **state)
{
    (void)state;
    cleanup_bytes struct bytes b = {0};
    out_open(&b, NULL, '[');
    out_text(&b, NULL, "{[:");
    out_text(&b, NULL, "");
    out_close(&b, ']');
    is(&b, "[\"{[:\",\"\"]");
}

static void texts_are_escaped_and_made_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\""},
        {"</script>é€😀", "\"</script>é€😀\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"\xc3", "\"\xef\xbf\xbd\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cleanup_bytes struct bytes b = {0};
        out_text(&b, NULL, cases[i].text);
        is(&b, cases[i].json);
    }
}

static void numbers_read_back(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(7, 0);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t bits = rng_u64(&rng);
        double v;
        memcpy(&v, &bits, sizeof v);
        cleanup_bytes struct bytes b = {0};
        out_number(&b, NULL, v);
        bytes_put_u8(&b, 0);
        if (isfinite(v))
            assert_true(strtod((const char *)b.data, NULL) == v);
        else
            assert_string_equal((const char *)b.data, "null");
        bytes_clear(&b);
        out_float(&b, NULL, (float)v);
        bytes_put_u8(&b, 0);
        if (isfinite((float)v))
            assert_true(strtof((const char *)b.data, NULL) == (float)v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_set_themselves),
        cmocka_unit_test(a_comma_in_a_text_is_none_between_values),
        cmocka_unit_test(texts_are_escaped_and_made_utf8),
        cmocka_unit_test(numbers_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
