/* See security.h. */
#include "daemon/security.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

enum { PATH_SIZE = 4096 };

static bool is_tcp(const char *endpoint)
{
    return !strncmp(endpoint, "tcp://", 6);
}

static bool wants_curve(const struct settings *s)
{
    return !strcmp(s->security, "curve") || (!strcmp(s->security, "auto") && (is_tcp(s->worker_endpoint) || is_tcp(s->client_endpoint)));
}

static int server_keys(struct security *s, const char *state, struct sonata_error *err)
{
    char path[PATH_SIZE];
    if (!keyfile_credential("sonata-server.key", path, sizeof path))
        snprintf(path, sizeof path, "%s/server.key", state);
    if (file_exists(path)) {
        int r = keyfile_read(path, &s->server, err);
        return r || s->server.secret_key[0] ? r : sonata_error_set(err, -EINVAL, "%s: `secret:` is missing", path);
    }
    if (net_new_keys(s->server.public_key, s->server.secret_key))
        return sonata_error_set(err, -ENOSYS, "this libzmq was built without CURVE: start with --security none on a closed network");
    return keyfile_write(path, "key pair of this SONATA master: keep the secret", &s->server, err);
}

static bool has_admin(const struct access *a)
{
    for (uint32_t i = 0; i < access_key_count(a); i++) {
        const struct access_key *k = access_key_at(a, i);
        if (k->role == ACCESS_ADMIN && !k->revoked_wall_ns)
            return true;
    }
    return false;
}

/* An admin.key left by a start that died before its key was durable is used, not replaced. */
static int first_admin(struct security *s, const char *state, struct store *store, struct sonata_error *err)
{
    char path[PATH_SIZE];
    struct keyfile k = {.server_key = ""};
    snprintf(path, sizeof path, "%s/admin.key", state);
    int r = 0;
    if (file_exists(path)) {
        r = keyfile_read(path, &k, err);
    } else {
        net_new_keys(k.public_key, k.secret_key);
        copy_string(k.server_key, sizeof k.server_key, s->server.public_key);
        r = keyfile_write(path, "first admin key of this SONATA master: sonata COMMAND --key FILE", &k, err);
    }
    struct access_key key = {.role = ACCESS_ADMIN, .label = "first-admin"};
    if (!r) {
        copy_string(key.public_key, sizeof key.public_key, k.public_key);
        r = access_add_key(s->access, clock_wall_ns(), "bootstrap", &key, err);
    }
    if (!r)
        r = store_commit(store, err);
    if (!r)
        log_warn("no admin key was there: one was made", "file=%s next=\"sonata teams set NAME --key %s\"", path, path);
    return r;
}

int security_open(struct security *s, const struct settings *settings, struct store *store, struct sonata_error *err)
{
    *s = (struct security){.access = NULL};
    if (!wants_curve(settings)) {
        if (is_tcp(settings->worker_endpoint) || is_tcp(settings->client_endpoint))
            log_warn("running WITHOUT keys and encryption: whoever reaches the ports may do everything", "security=none");
        return 0;
    }
    int r = server_keys(s, settings->state, err);
    if (!r)
        r = access_new(store, &s->access, err);
    if (!r && !has_admin(s->access))
        r = first_admin(s, settings->state, store, err);
    if (r)
        return r;
    s->keys = keyfile_security(&s->server);
    log_info("only listed keys may connect", "server_public_key=%s keys=%u teams=%u", s->server.public_key, access_key_count(s->access),
             access_team_count(s->access));
    return 0;
}

void security_close(struct security *s)
{
    access_free(s->access);
    s->access = NULL;
}
