/* Teams and keys on a real store: roles and ports, revocation, names, limits, the audit log, and all of it again after a restart. */
#include "access/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "store/record_team.h"
#include "support/cmocka.h"

static char folder[] = "/tmp/sonata-access-XXXXXX";

struct bench {
    struct store *store;
    struct access *access;
    struct sonata_error err;
};

static void open_bench(struct bench *b)
{
    *b = (struct bench){.err = {""}};
    assert_int_equal(store_open(folder, NULL, &b->store, &b->err), 0);
    assert_int_equal(access_new(b->store, &b->access, &b->err), 0);
}

static void close_bench(struct bench *b)
{
    assert_int_equal(store_commit(b->store, &b->err), 0);
    access_free(b->access);
    store_close(b->store);
}

static struct access_key key_of(char letter, enum access_role role, const char *team, const char *label)
{
    struct access_key k = {.role = role};
    memset(k.public_key, letter, KEY_TEXT_MAX - 1);
    copy_string(k.team, sizeof k.team, team);
    copy_string(k.label, sizeof k.label, label);
    return k;
}

static const char *text_of(char letter)
{
    static char text[KEY_TEXT_MAX];
    memset(text, letter, KEY_TEXT_MAX - 1);
    return text;
}

static void roles_open_their_port_only(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b);
    struct team vision = {.name = "vision", .weight = 2.5, .searches_max = 2};
    struct access_key w = key_of('w', ACCESS_WORKER, "", "pi-1"), t = key_of('t', ACCESS_TEAM, "vision", "alice"),
                      a = key_of('a', ACCESS_ADMIN, "", "root");
    assert_int_equal(access_add_key(b.access, 1, "test", &t, &b.err), -ENOENT);
    assert_int_equal(access_set_team(b.access, 1, "test", &vision, &b.err), 0);
    assert_int_equal(access_add_key(b.access, 1, "test", &w, &b.err), 0);
    assert_int_equal(access_add_key(b.access, 1, "test", &t, &b.err), 0);
    assert_int_equal(access_add_key(b.access, 1, "test", &a, &b.err), 0);
    assert_int_equal(access_add_key(b.access, 1, "test", &a, &b.err), -EEXIST);
    assert_true(access_may_connect(b.access, "worker", text_of('w')));
    assert_false(access_may_connect(b.access, "client", text_of('w')));
    assert_true(access_may_connect(b.access, "client", text_of('t')));
    assert_false(access_may_connect(b.access, "worker", text_of('t')));
    assert_true(access_may_connect(b.access, "client", text_of('a')));
    assert_false(access_may_connect(b.access, "worker", text_of('a')));
    assert_false(access_may_connect(b.access, "client", text_of('x')));
    assert_false(access_may_connect(b.access, "other", text_of('a')));
    assert_string_equal(access_who(b.access, text_of('t'))->team, "vision");
    close_bench(&b);
}

static void all_is_there_after_a_restart(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b);
    assert_int_equal(access_team_count(b.access), 1);
    assert_int_equal(access_team(b.access, "vision")->searches_max, 2);
    assert_true(access_team(b.access, "vision")->weight == 2.5);
    assert_int_equal(access_key_count(b.access), 3);
    assert_true(access_may_connect(b.access, "worker", text_of('w')));
    struct audit_entry log[10];
    assert_int_equal(access_read_audit(b.access, 0, log, 10), 4);
    assert_non_null(strstr(log[0].text, "team vision"));
    assert_string_equal(log[3].actor, "test");
    close_bench(&b);
}

static void revocation_is_final_and_guarded(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b);
    assert_int_equal(access_revoke_key(b.access, 5, "test", "alice", &b.err), 0);
    assert_null(access_who(b.access, text_of('t')));
    assert_false(access_may_connect(b.access, "client", text_of('t')));
    assert_int_equal(access_revoke_key(b.access, 5, "test", "alice", &b.err), -EALREADY);
    assert_int_equal(access_revoke_key(b.access, 5, "test", "nobody", &b.err), -ENOENT);
    assert_int_equal(access_revoke_key(b.access, 5, "test", "wwwwwwww", &b.err), 0);
    assert_int_equal(access_revoke_key(b.access, 5, "test", "root", &b.err), -EPERM);
    struct access_key again = key_of('t', ACCESS_TEAM, "vision", "alice");
    assert_int_equal(access_add_key(b.access, 6, "test", &again, &b.err), -EEXIST);
    close_bench(&b);
    open_bench(&b);
    assert_null(access_who(b.access, text_of('t')));
    assert_non_null(access_who(b.access, text_of('a')));
    close_bench(&b);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b);
    struct team t = {.name = "bad name", .weight = 1};
    assert_int_equal(access_set_team(b.access, 1, "test", &t, &b.err), -EINVAL);
    copy_string(t.name, sizeof t.name, ".hidden");
    assert_int_equal(access_set_team(b.access, 1, "test", &t, &b.err), -EINVAL);
    copy_string(t.name, sizeof t.name, "fine");
    t.weight = 0;
    assert_int_equal(access_set_team(b.access, 1, "test", &t, &b.err), -EINVAL);
    struct access_key k = {.role = ACCESS_ADMIN, .public_key = "short"};
    assert_int_equal(access_add_key(b.access, 1, "test", &k, &b.err), -EINVAL);
    enum access_role role;
    assert_int_equal(access_role_parse("admin", &role), 0);
    assert_int_equal(role, ACCESS_ADMIN);
    assert_int_equal(access_role_parse("king", &role), -EINVAL);
    store_put(b.store, STORE_TEAM, key_text("broken"), "\1xx", 3);
    assert_int_equal(store_commit(b.store, &b.err), 0);
    struct access *a;
    assert_int_equal(access_new(b.store, &a, &b.err), -EBADMSG);
    close_bench(&b);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every message looks its sender's key up: with as many keys as there may be it takes no time to speak of. */
static void a_key_is_found_among_many(void **state)
{
    (void)state;
    enum { MANY = 15000, LOOKS = 40000 };
    struct bench b;
    open_bench(&b);
    struct access_key k = key_of('k', ACCESS_WORKER, "", "many");
    for (int i = 0; i < MANY; i++) {
        snprintf(k.public_key + KEY_TEXT_MAX - 1 - 8, 9, "%08d", i); /* they differ at the end: the slowest to compare */
        assert_int_equal(access_add_key(b.access, 1, "test", &k, &b.err), 0);
    }
    double start = cpu_seconds();
    for (int i = 0; i < LOOKS; i++) {
        snprintf(k.public_key + KEY_TEXT_MAX - 1 - 8, 9, "%08d", i % (2 * MANY));
        assert_int_equal(access_who(b.access, k.public_key) != NULL, i % (2 * MANY) < MANY);
    }
    assert_true(cpu_seconds() - start < 1); /* one after the other: 3 to 10 s */
    close_bench(&b);
}

/* A team of before there was a quota of uploads, or of the disk, has the ordinary one; set, it stays. */
static void uploads_and_disk_are_bounded_from_the_start(void **state)
{
    (void)state;
    struct team t = {.name = "old", .weight = 1, .boards_max = 3, .uploads_max = 7, .disk_max = 9}, got;
    struct bytes b = {0};
    team_encode(&t, &b);
    assert_int_equal(team_decode(b.data, b.size, &got), 0);
    assert_int_equal(got.uploads_max, 7);
    assert_int_equal(got.disk_max, 9);
    b.data[0] = 3;
    assert_int_equal(team_decode(b.data, b.size, &got), -EBADMSG);
    assert_int_equal(team_decode(b.data, b.size - 8, &got), 0);
    assert_int_equal(got.uploads_max, 7);
    assert_true(got.disk_max == TEAM_DISK_STANDARD);
    b.data[0] = 2;
    assert_int_equal(team_decode(b.data, b.size - 8, &got), -EBADMSG);
    assert_int_equal(team_decode(b.data, b.size - 16, &got), 0);
    assert_int_equal(got.boards_max, 3);
    assert_int_equal(got.uploads_max, TEAM_UPLOADS_STANDARD);
    bytes_fini(&b);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_open_their_port_only),
        cmocka_unit_test(all_is_there_after_a_restart),
        cmocka_unit_test(revocation_is_final_and_guarded),
        cmocka_unit_test(a_key_is_found_among_many),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(uploads_and_disk_are_bounded_from_the_start),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
