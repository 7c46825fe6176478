/* sonata-web: options, then a client of the master that speaks HTTP. Exit status: 0 fine, 1 failure, 2 wrong usage. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "loop/service.h"
#include "net/keyfile.h"
#include "web/api.h"
#include "web/web.h"

enum { EXIT_USAGE = 2, IDLE_S = 75, PEM_MAX = 1 << 20, PATH_SIZE = 4096 };

struct program {
    struct web web;
    struct keyfile keys;
    struct bytes certificate, key;
    bool has_keys;
};

static void print_help(void)
{
    printf("Usage: sonata-web [OPTION]…\n\nShows searches and boards of a master in a browser, and serves its HTTP API and metrics.\n\n");
    options_help(web_settings_table, stdout);
    printf("\nEvery option can be set by a file (--config) or the environment (SONATA_WEB_PORT=…); flags win.\n");
}

static int read_keys(struct program *p, struct sonata_error *err)
{
    const struct web_settings *s = p->web.settings;
    char path[PATH_SIZE];
    if (s->key[0])
        copy_string(path, sizeof path, s->key);
    else if (!keyfile_credential("web.key", path, sizeof path))
        return 0;
    int r = keyfile_read(path, &p->keys, err);
    if (!r && s->server_key[0] && !copy_string(p->keys.server_key, sizeof p->keys.server_key, s->server_key))
        r = sonata_error_set(err, -EINVAL, "--server-key: 40 characters (Z85) are expected");
    if (!r && (!p->keys.secret_key[0] || !p->keys.server_key[0]))
        r = sonata_error_set(err, -EINVAL, "%s: `secret:` and `server:` are needed (or give the master's key by --server-key)", path);
    p->has_keys = !r;
    return r;
}

static int read_pem(const char *path, struct bytes *text, struct sonata_error *err)
{
    int r = path[0] ? file_read(path, PEM_MAX, text, err) : 0;
    if (!r && path[0])
        bytes_put_u8(text, 0);
    return r;
}

/* As many descriptors as the system lets us have: each connection is one. */
static void raise_limit(void)
{
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int open_http(struct program *p, struct sonata_error *err)
{
    const struct web_settings *s = p->web.settings;
    int r = read_pem(s->tls_certificate, &p->certificate, err);
    if (!r)
        r = read_pem(s->tls_key, &p->key, err);
    if (r)
        return r;
    struct http_config config = {.address = s->address,
                                 .port = (uint16_t)s->port,
                                 .certificate = (const char *)p->certificate.data,
                                 .key = (const char *)p->key.data,
                                 .connections = (unsigned)s->connections,
                                 .per_address = (unsigned)(s->behind_proxy ? s->connections : s->per_address),
                                 .body_max = (size_t)s->body_max,
                                 .receive_s = (unsigned)(s->receive_ns / SONATA_SECOND),
                                 .idle_s = IDLE_S};
    r = http_open(&p->web.loop, &config, (struct http_app){web_handle, &p->web}, &p->web.http, err);
    if (r == -EADDRINUSE && s->port_or_any) {
        config.port = 0;
        r = http_open(&p->web.loop, &config, (struct http_app){web_handle, &p->web}, &p->web.http, err);
    }
    return r;
}

static int open_all(struct program *p, struct sonata_error *err)
{
    struct web *w = &p->web;
    const struct web_settings *s = w->settings;
    struct net_security security = keyfile_security(&p->keys);
    int r = login_open(s->token_file, s->session_ns, &w->login, err);
    if (!r)
        r = read_keys(p, err);
    if (r)
        return r;
    w->net = net_new();
    w->assets = assets_new(s->web_root);
    security = keyfile_security(&p->keys);
    struct upstream_master master = {s->server, p->has_keys ? &security : NULL, s->patience_ns};
    r = upstream_open(&w->loop, w->net, &master, &w->up, err);
    if (r)
        return r;
    w->audiences = audiences_new(&w->loop, w->up, s->poll_ns);
    return open_http(p, err);
}

static void on_stop(void *user)
{
    struct web *w = user;
    service_notify("STOPPING=1");
    upstream_close(w->up); /* first: it answers the requests that wait for it */
    network_stop(w);
    http_close(w->http);
    audiences_close(w->audiences);
    loop_finish(&w->loop);
}

static void link_text(struct web *w, char *text, size_t size)
{
    const struct web_settings *s = w->settings;
    char code[LOGIN_SECRET_TEXT] = "";
    bool v6 = strchr(s->address, ':');
    if (s->print_link || s->link_file[0])
        login_new_code(w->login, clock_monotonic_ns(), s->link_ns, code);
    char host[sizeof s->address + 2];
    snprintf(host, sizeof host, v6 ? "[%s]" : "%s", s->address);
    snprintf(text, size, "%s://%s:%u%s/", s->tls_certificate[0] ? "https" : "http", host, http_port(w->http), s->base_path);
    if (code[0])
        snprintf(text + strlen(text), size - strlen(text), "#login=%s", code);
}

static void write_link(const struct web *w, const char *text)
{
    struct sonata_error err = {{0}};
    if (!w->settings->link_file[0])
        return;
    mode_t old = umask(077);
    if (file_write_atomic(w->settings->link_file, text, strlen(text), &err))
        log_warn("the link is not written", "reason=\"%s\"", err.text);
    umask(old);
}

/* The link is a secret: it goes to whoever asked for it, never to the log. */
static void announce(struct web *w)
{
    char text[400];
    int fd = (int)w->settings->ready_fd;
    link_text(w, text, sizeof text);
    write_link(w, text);
    service_notify("READY=1");
    log_info("ready", "address=%s port=%u master=%s pid=%ld", w->settings->address, http_port(w->http), w->settings->server, (long)getpid());
    if (fd >= 0) {
        if (dprintf(fd, "%s\n", text) < 0)
            log_warn("nobody reads the address", "fd=%d", fd);
        close(fd);
    } else if (w->settings->print_link) {
        printf("%s\n", text);
        fflush(stdout);
    }
}

static int serve(struct program *p)
{
    struct sonata_error err = {{0}};
    struct web *w = &p->web;
    w->start_wall_ns = clock_wall_ns();
    raise_limit();
    int r = loop_init(&w->loop, w);
    w->loop.stop = on_stop;
    if (!r)
        r = open_all(p, &err);
    if (r) {
        log_error("cannot start", "reason=\"%s\"", err.text);
        loop_stop(&w->loop);
    } else {
        announce(w);
    }
    loop_run(&w->loop);
    if (loop_fini(&w->loop))
        log_error("handles are left open", "program=sonata-web");
    net_free(w->net);
    audiences_free(w->audiences);
    assets_free(w->assets);
    login_free(w->login);
    bytes_fini(&p->certificate);
    bytes_fini(&p->key);
    return r ? 1 : 0;
}

/* What a killed parent began must not go on without it. It may have died before prctl(). */
static bool tie_to_parent(pid_t parent) { return !prctl(PR_SET_PDEATHSIG, SIGTERM) && getppid() == parent; }

int main(int argc, char **argv)
{
    pid_t parent = getppid();
    struct web_settings s;
    struct sonata_error err = {{0}};
    struct bytes keep = {0};
    struct program p = {.web = {.settings = &s}};
    int status = 0, r = web_settings_read(&s, argc, argv, &keep, &err);
    if (!r && !s.help && !s.version)
        r = web_settings_check(&s, &err);
    enum log_level level = LOG_INFO;
    if (r) {
        fprintf(stderr, "sonata-web: %s\nTry 'sonata-web --help'.\n", err.text);
        status = EXIT_USAGE;
    } else if (s.help) {
        print_help();
    } else if (s.version) {
        printf("sonata-web %s\n", SONATA_VERSION);
    } else if (s.exit_with_parent && !tie_to_parent(parent)) {
        status = 1;
    } else {
        if (log_level_parse(s.log_level, &level))
            level = LOG_INFO;
        log_init("sonata-web", level, s.log_json);
        status = serve(&p);
    }
    bytes_fini(&keep);
    return status;
}
