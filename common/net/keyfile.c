/* See keyfile.h. */
#include "net/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { KEYFILE_MAX = 4096 };

static int take_line(struct keyfile *k, const char *line, size_t n, const char *path, unsigned number, struct sonata_error *err)
{
    static const char *const name[] = {"server", "public", "secret"};
    char *const slot[] = {k->server_key, k->public_key, k->secret_key};
    while (n && (line[n - 1] == ' ' || line[n - 1] == '\r'))
        n--;
    if (!n || line[0] == '#')
        return 0;
    for (int i = 0; i < 3; i++) {
        size_t m = strlen(name[i]);
        if (n < m + 2 || strncmp(line, name[i], m) || line[m] != ':')
            continue;
        const char *value = line + m + 1;
        while (value < line + n && *value == ' ')
            value++;
        if ((size_t)(line + n - value) != 40)
            return sonata_error_set(err, -EINVAL, "%s:%u: `%s:` is followed by 40 characters (Z85), not by %zu", path, number, name[i],
                                    (size_t)(line + n - value));
        memcpy(slot[i], value, 40);
        slot[i][40] = '\0';
        return 0;
    }
    return sonata_error_set(err, -EINVAL, "%s:%u: `server:`, `public:` or `secret:` is expected", path, number);
}

int keyfile_parse(const char *name, const void *text, size_t n, struct keyfile *ret_keys, struct sonata_error *err)
{
    struct keyfile k = {.server_key = ""};
    int r = 0;
    unsigned number = 1;
    for (size_t at = 0; !r && at < n; number++) {
        const char *line = (const char *)text + at, *end = memchr(line, '\n', n - at);
        size_t length = end ? (size_t)(end - line) : n - at;
        r = take_line(&k, line, length, name, number, err);
        at += length + 1;
    }
    if (r)
        return r;
    char public_key[41];
    if (k.secret_key[0] && (net_public_key(k.secret_key, public_key) || (k.public_key[0] && strcmp(public_key, k.public_key))))
        return sonata_error_set(err, -EINVAL, "%s: the public key does not belong to the secret key", name);
    if (k.secret_key[0])
        memcpy(k.public_key, public_key, sizeof k.public_key);
    *ret_keys = k;
    return 0;
}

static const char *credentials_folder(void)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    return folder && folder[0] == '/' ? folder : NULL;
}

bool keyfile_credential(const char *name, char *path, size_t size)
{
    const char *folder = credentials_folder();
    return folder && (size_t)snprintf(path, size, "%s/%s", folder, name) < size && file_exists(path);
}

static bool is_credential(const char *path)
{
    const char *folder = credentials_folder();
    size_t n = folder ? strlen(folder) : 0;
    return n && !strncmp(path, folder, n) && path[n] == '/' && !strchr(path + n + 1, '/');
}

int keyfile_read(const char *path, struct keyfile *ret_keys, struct sonata_error *err)
{
    cleanup_bytes struct bytes text = {0};
    struct keyfile k;
    int r = file_read(path, KEYFILE_MAX, &text, err);
    if (!r)
        r = keyfile_parse(path, text.data, text.size, &k, err);
    if (r)
        return r;
    struct stat st;
    if (k.secret_key[0] && !stat(path, &st) && (st.st_mode & (is_credential(path) ? 037 : 077)))
        return sonata_error_set(err, -EPERM, "%s holds a secret key but others may read it: chmod 600 %s", path, path);
    *ret_keys = k;
    return 0;
}

int keyfile_write(const char *path, const char *comment, const struct keyfile *keys, struct sonata_error *err)
{
    char text[KEYFILE_MAX];
    struct text_builder t = text_begin(text, sizeof text);
    text_add(&t, "# %.200s\n", comment);
    const char *const name[] = {"server", "public", "secret"}, *const value[] = {keys->server_key, keys->public_key, keys->secret_key};
    for (int i = 0; i < 3; i++) {
        if (value[i][0])
            text_add(&t, "%s: %s\n", name[i], value[i]);
    }
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return sonata_error_set(err, -errno, "%s: cannot create: %s", path, strerror(errno));
    if (write(fd, text, t.used) != (ssize_t)t.used || fsync(fd)) {
        int code = errno ? errno : EIO;
        unlink(path);
        return sonata_error_set(err, -code, "%s: cannot write: %s", path, strerror(code));
    }
    return 0;
}

struct net_security keyfile_security(const struct keyfile *keys)
{
    return (struct net_security){.public_key = keys->public_key, .secret_key = keys->secret_key, .server_key = keys->server_key};
}
