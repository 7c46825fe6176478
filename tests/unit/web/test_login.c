/* Codes that work once, sessions that end, a token file, and addresses that guess; with simulated time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/time.h"
#include "web/login.h"

#define NOW (1000 * SONATA_SECOND)
static const int64_t hour = 3600 * SONATA_SECOND;

static char rights[TOKEN_TEXT]; /* of the session that was looked at */

static struct login *open_login(const char *token_file)
{
    struct sonata_error err = {{0}};
    struct login *l = NULL;
    if (login_open(token_file, hour, &l, &err))
        fail_msg("%s", err.text);
    return l;
}

static void a_code_works_once_and_not_for_ever(void **state)
{
    (void)state;
    struct login *l = open_login("");
    char code[LOGIN_SECRET_TEXT], other[LOGIN_SECRET_TEXT], session[LOGIN_SECRET_TEXT];
    unsigned wait_s;
    login_new_code(l, NOW, 60 * SONATA_SECOND, code);
    login_new_code(l, NOW, 60 * SONATA_SECOND, other);
    assert_string_not_equal(code, other);
    assert_int_equal(login_enter(l, NOW + 1, "a", code, session, &wait_s), 0);
    assert_string_not_equal(session, code);
    assert_int_equal(login_enter(l, NOW + 2, "a", code, session, &wait_s), -EACCES);
    assert_int_equal(login_enter(l, NOW + 60 * SONATA_SECOND, "b", other, session, &wait_s), -EACCES);
    assert_int_equal(login_enter(l, NOW, "c", "", session, &wait_s), -EACCES);
    login_free(l);
}

static void a_session_lives_until_its_time_or_logout(void **state)
{
    (void)state;
    struct login *l = open_login("");
    char code[LOGIN_SECRET_TEXT], one[LOGIN_SECRET_TEXT], two[LOGIN_SECRET_TEXT];
    unsigned wait_s;
    login_new_code(l, NOW, hour, code);
    assert_int_equal(login_enter(l, NOW, "a", code, one, &wait_s), 0);
    login_new_code(l, NOW, hour, code);
    assert_int_equal(login_enter(l, NOW, "a", code, two, &wait_s), 0);
    assert_true(login_session(l, NOW + hour - 1, one, rights));
    assert_false(login_session(l, NOW + hour, one, rights));
    login_leave(l, two);
    assert_false(login_session(l, NOW + 1, two, rights));
    assert_true(login_session(l, NOW + 1, one, rights));
    assert_false(login_session(l, NOW + 1, code, rights));
    assert_false(login_session(l, NOW + 1, "", rights));
    login_free(l);
}

/* 1,100 sessions: the oldest end, the newest live. */
static void sessions_are_bounded(void **state)
{
    (void)state;
    struct login *l = open_login("");
    char code[LOGIN_SECRET_TEXT], first[LOGIN_SECRET_TEXT], last[LOGIN_SECRET_TEXT];
    unsigned wait_s;
    for (int i = 0; i < 1100; i++) {
        login_new_code(l, NOW + i, hour, code);
        assert_int_equal(login_enter(l, NOW + i, "a", code, i ? last : first, &wait_s), 0);
    }
    assert_false(login_session(l, NOW + 1100, first, rights));
    assert_true(login_session(l, NOW + 1100, last, rights));
    login_free(l);
}

static void who_guesses_waits_longer_and_longer(void **state)
{
    (void)state;
    struct login *l = open_login("");
    char session[LOGIN_SECRET_TEXT], code[LOGIN_SECRET_TEXT];
    unsigned wait_s = 0, tried = 0;
    int64_t now = NOW;
    while (login_enter(l, now, "guesser", "wrong", session, &wait_s) == -EACCES)
        tried++;
    assert_int_equal(tried, 5);
    login_new_code(l, now, hour, code);
    assert_int_equal(login_enter(l, now, "guesser", code, session, &wait_s), -EAGAIN); /* the right one, too */
    unsigned before = 0;
    for (int k = 0; k < 12; k++) {
        assert_int_equal(login_enter(l, now, "guesser", "wrong", session, &wait_s), -EAGAIN);
        assert_true(wait_s >= before && wait_s <= 301);
        before = wait_s;
        now += (int64_t)wait_s * SONATA_SECOND;
        assert_int_equal(login_enter(l, now, "guesser", "wrong", session, &wait_s), -EACCES);
    }
    assert_true(before >= 250);
    assert_int_equal(login_enter(l, now, "somebody else", code, session, &wait_s), 0);
    login_free(l);
}

static void the_token_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/sonata-login-XXXXXX", path[64], session[LOGIN_SECRET_TEXT], token[LOGIN_SECRET_TEXT + 1] = "";
    struct stat st;
    struct sonata_error err = {{0}};
    unsigned wait_s;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/token", folder);
    struct login *l = open_login(path);
    cleanup_bytes struct bytes text = {0};
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(path, 256, &text, NULL), 0);
    memcpy(token, text.data, text.size - 1); /* without its newline */
    assert_int_equal(login_token(l, NOW, "a", token, &wait_s), 0);
    assert_int_equal(login_token(l, NOW, "a", "", &wait_s), -EACCES);
    assert_int_equal(login_enter(l, NOW, "a", token, session, &wait_s), 0);
    assert_true(login_session(l, NOW, session, rights));
    login_free(l);
    l = open_login(path); /* kept over a restart; sessions are not */
    assert_int_equal(login_token(l, NOW, "a", token, &wait_s), 0);
    assert_false(login_session(l, NOW, session, rights));
    login_free(l);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(login_open(path, hour, &l, &err), -EPERM);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(login_open(path, hour, &l, &err), -EINVAL);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_works_once_and_not_for_ever),
        cmocka_unit_test(a_session_lives_until_its_time_or_logout),
        cmocka_unit_test(sessions_are_bounded),
        cmocka_unit_test(who_guesses_waits_longer_and_longer),
        cmocka_unit_test(the_token_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
