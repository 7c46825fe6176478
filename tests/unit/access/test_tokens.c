/* Tokens on a real store: their text, what finds them, what ends them, codes that work once, and all of it again after a restart. */
#include "access/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/time.h"
#include "net/token.h"
#include "support/cmocka.h"

static char folder[] = "/tmp/sonata-tokens-XXXXXX";

#define NOW (INT64_C(1700000000) * SONATA_SECOND)

struct bench {
    struct store *store;
    struct access *access;
    struct tokens *tokens;
    struct sonata_error err;
};

static void open_bench(struct bench *b)
{
    *b = (struct bench){.err = {""}};
    assert_int_equal(store_open(folder, NULL, &b->store, &b->err), 0);
    assert_int_equal(access_new(b->store, &b->access, &b->err), 0);
    assert_int_equal(tokens_open(b->access, b->store, &b->tokens, &b->err), 0);
}

static void close_bench(struct bench *b)
{
    assert_int_equal(store_commit(b->store, &b->err), 0);
    tokens_free(b->tokens);
    access_free(b->access);
    store_close(b->store);
}

static void add_key(struct bench *b, char letter, enum access_role role, const char *team)
{
    struct access_key k = {.role = role};
    memset(k.public_key, letter, KEY_TEXT_MAX - 1);
    copy_string(k.team, sizeof k.team, team);
    snprintf(k.label, sizeof k.label, "key-%c", letter);
    assert_int_equal(access_add_key(b->access, NOW, "test", &k, &b->err), 0);
}

/* Of that key, for a day. */
static struct token_record token_of(char letter, enum token_scope scope, const struct token *t)
{
    struct token_record r = {.scope = scope, .search = scope == SCOPE_SEARCH ? 7 : 0, .expires_wall_ns = NOW + SONATA_DAY};
    memset(r.public_key, letter, KEY_TEXT_MAX - 1);
    memcpy(r.id, t->id, sizeof r.id);
    memcpy(r.hash, t->hash, sizeof r.hash);
    return r;
}

static struct token kept; /* of the admin, write */

static void a_text_is_checked_digit_by_digit(void **state)
{
    (void)state;
    char text[TOKEN_TEXT], other[TOKEN_TEXT];
    struct token t, back;
    token_new(text, &t);
    token_new(other, &back);
    assert_string_not_equal(text, other);
    assert_int_equal(token_parse(text, &back), 0);
    assert_memory_equal(&t, &back, sizeof t);
    for (size_t i = 0; i < TOKEN_TEXT - 1; i++) {
        memcpy(other, text, sizeof text);
        other[i] = text[i] == 'a' ? 'b' : 'a';
        assert_int_equal(token_parse(other, &back), -EINVAL);
    }
    text[TOKEN_TEXT - 2] = '\0';
    assert_int_equal(token_parse(text, &back), -EINVAL);
    assert_int_equal(token_parse("", &back), -EINVAL);
}

static void only_the_secret_and_its_time_let_in(void **state)
{
    (void)state;
    struct bench b;
    char text[TOKEN_TEXT];
    struct token other;
    open_bench(&b);
    struct team vision = {.name = "vision", .weight = 1};
    assert_int_equal(access_set_team(b.access, NOW, "test", &vision, &b.err), 0);
    add_key(&b, 'a', ACCESS_ADMIN, "");
    add_key(&b, 't', ACCESS_TEAM, "vision");
    add_key(&b, 'w', ACCESS_WORKER, "");
    add_key(&b, 'x', ACCESS_WEB, "");
    token_new(text, &kept);
    token_new(text, &other);
    struct token_record r = token_of('a', SCOPE_WRITE, &kept);
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), 0);
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), -EEXIST);
    assert_non_null(tokens_find(b.tokens, NOW + SONATA_DAY - 1, kept.id, kept.hash));
    assert_null(tokens_find(b.tokens, NOW + SONATA_DAY, kept.id, kept.hash));
    assert_null(tokens_find(b.tokens, NOW, kept.id, other.hash));
    assert_null(tokens_find(b.tokens, NOW, other.id, other.hash));
    struct token_record of_worker = token_of('w', SCOPE_READ, &other);
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &of_worker, &b.err), 0);
    assert_null(tokens_find(b.tokens, NOW, other.id, other.hash)); /* of a key that is no client */
    close_bench(&b);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct bench b;
    char text[TOKEN_TEXT];
    struct token t;
    open_bench(&b);
    token_new(text, &t);
    struct token_record r = token_of('a', SCOPE_READ, &t);
    const int64_t bad[] = {NOW, NOW - 1, NOW + (TOKEN_LIFE_DAYS_MAX + 1) * SONATA_DAY, INT64_MIN};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r.expires_wall_ns = bad[i];
        assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), -EINVAL);
    }
    r.expires_wall_ns = NOW + SONATA_DAY;
    r.once = true; /* a code lives for minutes */
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), -EINVAL);
    r.once = false;
    r.search = 7;
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), -EINVAL);
    r.scope = SCOPE_SEARCH;
    r.search = 0;
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), -EINVAL);
    close_bench(&b);
}

static void a_code_works_once(void **state)
{
    (void)state;
    struct bench b;
    char text[TOKEN_TEXT];
    struct token code, session;
    open_bench(&b);
    token_new(text, &code);
    token_new(text, &session);
    struct token_record r = token_of('t', SCOPE_SEARCH, &code), s = token_of('t', SCOPE_WRITE, &session);
    r.once = true;
    r.expires_wall_ns = NOW + 60 * SONATA_SECOND;
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), 0);
    assert_int_equal(tokens_enter(b.tokens, NOW, "test", tokens_find(b.tokens, NOW, code.id, code.hash), &s, &b.err), 0);
    assert_null(tokens_find(b.tokens, NOW, code.id, code.hash));
    const struct token_record *got = tokens_find(b.tokens, NOW, session.id, session.hash);
    assert_non_null(got);
    assert_int_equal(got->scope, SCOPE_SEARCH); /* not what the session asked for */
    assert_int_equal(got->search, 7);
    assert_false(got->once);
    close_bench(&b);
}

static void all_is_there_after_a_restart_and_dies_with_its_key(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b);
    assert_int_equal(tokens_count(b.tokens), 3);
    assert_non_null(tokens_find(b.tokens, NOW, kept.id, kept.hash));
    uint32_t before = tokens_count(b.tokens);
    assert_int_equal(access_revoke_key(b.access, NOW, "test", "key-t", &b.err), 0);
    for (uint32_t i = 0; i < before; i++) {
        const struct token_record *r = tokens_at(b.tokens, i);
        assert_int_equal(tokens_find(b.tokens, NOW, r->id, r->hash) != NULL, r->public_key[0] == 'a');
    }
    close_bench(&b);
}

static void revoking_is_for_the_team_and_is_kept(void **state)
{
    (void)state;
    struct bench b;
    char text[TOKEN_TEXT];
    struct token t;
    open_bench(&b);
    token_new(text, &t);
    add_key(&b, 'u', ACCESS_TEAM, "vision");
    struct token_record r = token_of('u', SCOPE_READ, &t);
    copy_string(r.label, sizeof r.label, "ci");
    assert_int_equal(tokens_add(b.tokens, NOW, "test", &r, &b.err), 0);
    assert_int_equal(tokens_revoke(b.tokens, NOW, "test", "ci", "audio", &b.err), -ENOENT);
    char hex[17];
    for (int i = 0; i < 8; i++)
        snprintf(hex + 2 * i, 3, "%02x", kept.id[i]);
    assert_int_equal(tokens_revoke(b.tokens, NOW, "test", hex, "vision", &b.err), -ENOENT); /* an admin's */
    assert_int_equal(tokens_revoke(b.tokens, NOW, "test", "ci", "vision", &b.err), 0);
    assert_null(tokens_find(b.tokens, NOW, t.id, t.hash));
    hex[6] = '\0';
    assert_int_equal(tokens_revoke(b.tokens, NOW, "test", hex, NULL, &b.err), 0);
    close_bench(&b);
    open_bench(&b);
    assert_null(tokens_find(b.tokens, NOW, kept.id, kept.hash));
    assert_null(tokens_find(b.tokens, NOW, t.id, t.hash));
    close_bench(&b);
    open_bench(&b);
    struct audit_entry log[40];
    uint32_t n = access_read_audit(b.access, 0, log, 40), made = 0, revoked = 0, entered = 0;
    for (uint32_t i = 0; i < n; i++) {
        made += strstr(log[i].text, " made: ") != NULL;
        revoked += !strncmp(log[i].text, "token ", 6) && strstr(log[i].text, "revoked");
        entered += strstr(log[i].text, "used to log in") != NULL;
    }
    assert_int_equal(made, 4);
    assert_int_equal(revoked, 2);
    assert_int_equal(entered, 1);
    close_bench(&b);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_checked_digit_by_digit),
        cmocka_unit_test(only_the_secret_and_its_time_let_in),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_code_works_once),
        cmocka_unit_test(all_is_there_after_a_restart_and_dies_with_its_key),
        cmocka_unit_test(revoking_is_for_the_team_and_is_kept),
    };
    return cmocka_run_group_tests(tests, make_folder, NULL);
}
