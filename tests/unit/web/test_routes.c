/* Paths of the API: what matches, and what numbers and names are taken from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/routes.h"

static const char *found(const char *method, const char *path, struct call *c, bool *other)
{
    *c = (struct call){.web = NULL};
    const struct route *r = route_find(method, path, c, other);
    return r ? r->pattern : NULL;
}

static void paths_match_their_route_only(void **state)
{
    (void)state;
    struct call c;
    bool other;
    assert_string_equal(found("GET", "/searches", &c, &other), "/searches");
    assert_string_equal(found("GET", "/searches/7", &c, &other), "/searches/{search}");
    assert_int_equal(c.search, 7);
    assert_string_equal(found("GET", "/searches/18446744073709551615/individuals/12", &c, &other), "/searches/{search}/individuals/{individual}");
    assert_true(c.search == UINT64_MAX && c.individual == 12);
    assert_string_equal(found("GET", "/boards/pi-4.lab/history", &c, &other), "/boards/{board}/history");
    assert_string_equal(c.argument[0], "pi-4.lab");
    static const char *const wrong[] = {"",
                                        "/",
                                        "//",
                                        "searches",
                                        "/searches/",
                                        "/searches/x",
                                        "/searches/-1",
                                        "/searches/18446744073709551616",
                                        "/searches/7/",
                                        "/searches//individuals",
                                        "/searches/7/individuals/",
                                        "/searches/7/individuals/1/2",
                                        "/boards//history",
                                        "/searchesx",
                                        "/search",
                                        "/searches/7x/individuals"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(found("GET", wrong[i], &c, &other));
}

static void another_method_is_told(void **state)
{
    (void)state;
    struct call c;
    bool other;
    assert_null(found("POST", "/searches/7", &c, &other));
    assert_true(other);
    assert_null(found("GET", "/searches/7/control", &c, &other));
    assert_true(other);
    assert_null(found("GET", "/nothing", &c, &other));
    assert_false(other);
}

static void a_long_name_does_not_fit(void **state)
{
    (void)state;
    struct call c;
    bool other;
    char path[300];
    memset(path, 'b', sizeof path);
    memcpy(path, "/boards/", 8);
    memcpy(path + 250, "/history", 9);
    assert_null(found("GET", path, &c, &other));
}

/* Whatever changes something is refused by --read-only, but for logging in and out; a file is only looked at. */
static void every_change_is_marked(void **state)
{
    (void)state;
    for (const struct route *r = routes; r->method; r++) {
        bool session = !strcmp(r->pattern, "/login") || !strcmp(r->pattern, "/logout");
        bool looks = !strcmp(r->pattern, "/searches/check");
        if (strcmp(r->method, "GET") != 0 && !session && !looks)
            assert_int_equal(r->right, ROUTE_CHANGE);
        else
            assert_int_not_equal(r->right, ROUTE_CHANGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_match_their_route_only),
        cmocka_unit_test(another_method_is_told),
        cmocka_unit_test(a_long_name_does_not_fit),
        cmocka_unit_test(every_change_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
