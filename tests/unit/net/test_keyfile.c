/* Key files: round trip, refusal of open permissions, of foreign keys and of anything that is not a key file. */
#include "net/keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/cmocka.h"

static char folder[] = "/tmp/sonata-keyfile-XXXXXX", path[128];

static void round_trip(void **state)
{
    (void)state;
    struct keyfile k = {.server_key = ""}, back;
    assert_int_equal(net_new_keys(k.public_key, k.secret_key), 0);
    memcpy(k.server_key, k.public_key, sizeof k.server_key);
    assert_int_equal(keyfile_write(path, "a key", &k, NULL), 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(keyfile_read(path, &back, NULL), 0);
    assert_memory_equal(&k, &back, sizeof k);
    struct sonata_error err = {""};
    assert_int_equal(keyfile_write(path, "again", &k, &err), -EEXIST);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(keyfile_read(path, &back, &err), -EPERM);
    assert_non_null(strstr(err.text, "chmod 600"));
    unlink(path);
}

/* What the service manager hands over lies in a folder of this process alone, so its group may read it. */
static void credentials(void **state)
{
    (void)state;
    struct keyfile k = {.server_key = ""}, back;
    char found[128];
    assert_false(keyfile_credential("key", found, sizeof found));
    assert_int_equal(net_new_keys(k.public_key, k.secret_key), 0);
    assert_int_equal(keyfile_write(path, "a key", &k, NULL), 0);
    assert_int_equal(chmod(path, 0440), 0);
    assert_int_equal(keyfile_read(path, &back, NULL), -EPERM);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_true(keyfile_credential("key", found, sizeof found));
    assert_string_equal(found, path);
    assert_false(keyfile_credential("other", found, sizeof found));
    assert_int_equal(keyfile_read(path, &back, NULL), 0);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(keyfile_read(path, &back, NULL), -EPERM);
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(path);
}

static void expect_refusal(const char *text, const char *part)
{
    struct sonata_error err = {""};
    struct keyfile k;
    assert_int_equal(file_write_atomic(path, text, strlen(text), &err), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(keyfile_read(path, &k, &err) < 0);
    assert_non_null(strstr(err.text, part));
    unlink(path);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    expect_refusal("# fine\npublic: short\n", ":2:");
    expect_refusal("hello\n", ":1:");
    struct keyfile a = {.server_key = ""}, b = {.server_key = ""};
    char text[256];
    assert_int_equal(net_new_keys(a.public_key, a.secret_key), 0);
    assert_int_equal(net_new_keys(b.public_key, b.secret_key), 0);
    snprintf(text, sizeof text, "public: %s\nsecret: %s\n", a.public_key, b.secret_key);
    expect_refusal(text, "does not belong");
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/key", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(credentials), cmocka_unit_test(refuses_nonsense)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
