/* The option table: precedence, ranges, wording, help and the dump that reads back. */
#include "conf/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

struct settings {
    bool verbose;
    const char *state, *level;
    int64_t port, wait;
    double rate;
    struct option_list boards;
};

static const struct option_def table[] = {
    {.name = "verbose", .letter = 'v', .type = OPTION_FLAG, .offset = offsetof(struct settings, verbose), .help = "Say more."},
    {.name = "state-dir", .letter = 's', .type = OPTION_TEXT, .offset = offsetof(struct settings, state), .argument = "DIR", .help = "Where state lies.", .standard = "/var/lib/x"},
    {.name = "level", .type = OPTION_CHOICE, .offset = offsetof(struct settings, level), .choices = "error|warn|info", .help = "Log level.", .standard = "info"},
    {.name = "port", .letter = 'p', .type = OPTION_INT, .offset = offsetof(struct settings, port), .min = 0, .max = 65535, .help = "Port.", .standard = "7000"},
    {.name = "wait", .type = OPTION_DURATION, .offset = offsetof(struct settings, wait), .min = 1, .max = 3600, .help = "How long.", .standard = "2m"},
    {.name = "rate", .type = OPTION_NUMBER, .offset = offsetof(struct settings, rate), .help = "Rate.", .standard = "1.5k"},
    {.name = "board", .letter = 'b', .type = OPTION_LIST, .offset = offsetof(struct settings, boards), .argument = "BOARD", .help = "A board."},
    {0},
};

static int parse(struct settings *s, struct sonata_error *err, int *rest, const char *a, const char *b, const char *c, const char *d)
{
    char text[4][64];
    char *argv[6] = {(char *)"prog"};
    const char *in[4] = {a, b, c, d};
    int argc = 1;
    for (int i = 0; i < 4 && in[i]; i++) {
        strncpy(text[i], in[i], sizeof text[i] - 1);
        text[i][sizeof text[i] - 1] = 0;
        argv[argc++] = text[i];
    }
    int r = options_parse(table, argc, argv, s, rest, err);
    if (s->state && s->state >= text[0] && s->state < text[0] + sizeof text) /* values live in argv: keep none of the local one */
        s->state = strcmp(s->state, "/a") ? "?" : "/a";
    return r;
}

static void test_defaults_and_flags(void **state)
{
    (void)state;
    struct settings s = {0};
    struct sonata_error err = {{0}};
    int rest;
    options_defaults(table, &s);
    assert_string_equal(s.state, "/var/lib/x");
    assert_int_equal(s.port, 7000);
    assert_int_equal(s.wait, INT64_C(120000000000));
    assert_true(s.rate == 1500.0);
    assert_int_equal(parse(&s, &err, &rest, "-v", "--state-dir=/a", "-p", "81"), 0);
    assert_true(s.verbose);
    assert_string_equal(s.state, "/a");
    assert_int_equal(s.port, 81);
    assert_int_equal(rest, 5);
    assert_int_equal(parse(&s, &err, &rest, "file.yaml", "--wait", "90s", NULL), 0);
    assert_int_equal(s.wait, INT64_C(90000000000));
    assert_int_equal(rest, 3); /* argv was reordered: the file is last */
}

static void test_complaints(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *expected;
    } bad[] = {
        {"--port", "x", "--port: 'x' is here; expected a whole number from 0 to 65535"},
        {"--port", "65536", "--port: '65536' is here; expected a whole number from 0 to 65535"},
        {"--level", "loud", "--level: 'loud' is here; expected one of error|warn|info"},
        {"--level", "inf", "--level: 'inf' is here; expected one of error|warn|info"},
        {"--wait", "2d", "--wait: '2d' is here; expected a duration such as 90s, 15m or 2h, in seconds from 1 to 3600"},
        {"--rate", "fast", "--rate: 'fast' is here; expected a number"},
        {"--port", NULL, "option '--port' needs a value; see --help"},
        {"--bogus", NULL, "unknown or ambiguous option '--bogus'; see --help"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct settings s = {0};
        struct sonata_error err = {{0}};
        int rest;
        assert_int_equal(parse(&s, &err, &rest, bad[i].a, bad[i].b, NULL, NULL), -EINVAL);
        assert_string_equal(err.text, bad[i].expected);
    }
}

static void test_file_environment_flags_in_that_order(void **state)
{
    (void)state;
    char path[] = "/tmp/sonata-options-XXXXXX";
    close(mkstemp(path));
    static const char text[] = "# comment\nport: 1\nstate-dir: /f  # where\nboard: one\nboard: two\nlevel: warn\n\nverbose: true\n";
    struct sonata_error err = {{0}};
    assert_int_equal(file_write_atomic(path, text, sizeof text - 1, &err), 0);
    struct settings s = {0};
    struct bytes keep = {0};
    options_defaults(table, &s);
    assert_int_equal(options_file(table, path, &s, &keep, &err), 0);
    assert_int_equal(s.port, 1);
    assert_string_equal(s.state, "/f");
    assert_int_equal(s.boards.n, 2);
    assert_true(s.verbose);
    setenv("T_PORT", "2", 1);
    setenv("T_STATE_DIR", "/e", 1);
    assert_int_equal(options_environment(table, "T", &s, &err), 0);
    assert_int_equal(s.port, 2);
    assert_string_equal(s.state, "/e");
    int rest;
    char *argv[] = {(char *)"prog", (char *)"--port=3", (char *)"-b", (char *)"three", NULL};
    assert_int_equal(options_parse(table, 4, argv, &s, &rest, &err), 0);
    assert_int_equal(s.port, 3);
    assert_int_equal(s.boards.n, 1); /* flags replace the file's list */
    assert_string_equal(s.boards.item[0], "three");
    setenv("T_PORT", "many", 1);
    assert_int_equal(options_environment(table, "T", &s, &err), -EINVAL);
    assert_string_equal(err.text, "environment variable T_PORT: --port: 'many' is here; expected a whole number from 0 to 65535");
    unsetenv("T_PORT");
    unsetenv("T_STATE_DIR");
    bytes_fini(&keep);
    unlink(path);
}

static void test_file_complaints_name_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"port: 1\nprt: 2\n", ":2: unknown key 'prt'; see --help for the names"},
        {"port 1\n", ":1: expected `name: value`"},
        {"\n\nport: high\n", ":3: --port: 'high' is here; expected a whole number from 0 to 65535"},
    };
    char path[] = "/tmp/sonata-options-XXXXXX";
    close(mkstemp(path));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct settings s = {0};
        struct bytes keep = {0};
        struct sonata_error err = {{0}};
        assert_int_equal(file_write_atomic(path, bad[i].text, strlen(bad[i].text), &err), 0);
        assert_int_equal(options_file(table, path, &s, &keep, &err), -EINVAL);
        assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
        assert_string_equal(err.text + strlen(path), bad[i].expected);
        bytes_fini(&keep);
    }
    unlink(path);
}

static void test_dump_reads_back_and_help_lists_all(void **state)
{
    (void)state;
    char path[] = "/tmp/sonata-options-XXXXXX", *help = NULL;
    size_t size;
    int fd = mkstemp(path);
    FILE *out = fdopen(fd, "w");
    struct settings s = {0}, t = {0};
    struct bytes keep = {0};
    struct sonata_error err = {{0}};
    options_defaults(table, &s);
    s.boards = (struct option_list){2, {"b1", "b2"}};
    options_dump(table, &s, out);
    fclose(out);
    assert_int_equal(options_file(table, path, &t, &keep, &err), 0);
    assert_int_equal(t.port, s.port);
    assert_int_equal(t.wait, s.wait);
    assert_true(t.rate == s.rate);
    assert_string_equal(t.state, s.state);
    assert_string_equal(t.boards.item[1], "b2");
    bytes_fini(&keep);
    unlink(path);
    FILE *text = open_memstream(&help, &size);
    options_help(table, text);
    fclose(text);
    for (const struct option_def *d = table; d->name; d++)
        assert_non_null(strstr(help, d->help));
    assert_non_null(strstr(help, "-p, --port VALUE"));
    assert_non_null(strstr(help, "Port. [7000]"));
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_flags),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_file_environment_flags_in_that_order),
        cmocka_unit_test(test_file_complaints_name_the_line),
        cmocka_unit_test(test_dump_reads_back_and_help_lists_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
