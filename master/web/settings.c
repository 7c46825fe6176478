/* See settings.h. */
#include "web/settings.h"

#include <errno.h>
#include <string.h>

#include "conf/program_options.h"

#define AT(member) offsetof(struct web_settings, member)

const struct option_def web_settings_table[] = {
    {.name = "server",
     .letter = 's',
     .type = OPTION_TEXT,
     .offset = AT(server),
     .argument = "ENDPOINT",
     .standard = "tcp://127.0.0.1:7102",
     .help = "client port of the master"},
    {.name = "key",
     .letter = 'k',
     .type = OPTION_TEXT,
     .offset = AT(key),
     .argument = "FILE",
     .standard = "",
     .help = "key file (`sonata keys new`): whoever is logged in has exactly its rights; with systemd also the credential web.key"},
    {.name = "server-key",
     .type = OPTION_TEXT,
     .offset = AT(server_key),
     .argument = "KEY",
     .standard = "",
     .help = "the master's public key instead of the one in the key file"},
    {.name = "address",
     .letter = 'a',
     .type = OPTION_TEXT,
     .offset = AT(address),
     .argument = "ADDRESS",
     .standard = "127.0.0.1",
     .help = "numeric address to listen on; one that is not loopback needs a certificate or --behind-proxy"},
    {.name = "port",
     .letter = 'p',
     .type = OPTION_INT,
     .offset = AT(port),
     .argument = "PORT",
     .standard = "7180",
     .min = 0,
     .max = 65535,
     .help = "TCP port; 0: any free one"},
    {.name = "port-or-any", .type = OPTION_FLAG, .offset = AT(port_or_any), .help = "when the port is taken, any free one"},
    {.name = "tls-certificate",
     .type = OPTION_TEXT,
     .offset = AT(tls_certificate),
     .argument = "FILE",
     .standard = "",
     .help = "certificate with its chain, PEM"},
    {.name = "tls-key", .type = OPTION_TEXT, .offset = AT(tls_key), .argument = "FILE", .standard = "", .help = "its private key, PEM"},
    {.name = "behind-proxy",
     .type = OPTION_FLAG,
     .offset = AT(behind_proxy),
     .help = "a proxy in front speaks TLS: its X-Forwarded-For and X-Forwarded-Proto are believed, and cookies are for TLS only"},
    {.name = "host",
     .type = OPTION_LIST,
     .offset = AT(host),
     .argument = "NAME",
     .help = "name under which browsers reach this program; may be repeated. Others than these, localhost and numeric addresses are refused"},
    {.name = "base-path",
     .type = OPTION_TEXT,
     .offset = AT(base_path),
     .argument = "PATH",
     .standard = "",
     .help = "path under which a proxy shows it: /sonata"},
    {.name = "token-file",
     .type = OPTION_TEXT,
     .offset = AT(token_file),
     .argument = "FILE",
     .standard = "",
     .help = "secret for programs (Authorization: Bearer) and for logging in; made when absent, mode 0600"},
    {.name = "read-only", .type = OPTION_FLAG, .offset = AT(read_only), .help = "refuse everything that changes something, whatever the key may do"},
    {.name = "session",
     .type = OPTION_DURATION,
     .offset = AT(session_ns),
     .argument = "TIME",
     .standard = "12h",
     .min = 60,
     .max = 31536000,
     .help = "how long a browser stays logged in"},
    {.name = "link", .type = OPTION_FLAG, .offset = AT(print_link), .help = "print a link that logs one browser in, once"},
    {.name = "link-file",
     .type = OPTION_TEXT,
     .offset = AT(link_file),
     .argument = "FILE",
     .standard = "",
     .help = "write such a link to this file (mode 0600) when ready"},
    {.name = "link-lifetime",
     .type = OPTION_DURATION,
     .offset = AT(link_ns),
     .argument = "TIME",
     .standard = "60s",
     .min = 1,
     .max = 86400,
     .help = "how long that link works"},
    {.name = "patience",
     .type = OPTION_DURATION,
     .offset = AT(patience_ns),
     .argument = "TIME",
     .standard = "10s",
     .min = 1,
     .max = 600,
     .help = "how long to wait for the master's answer"},
    {.name = "poll",
     .type = OPTION_DURATION,
     .offset = AT(poll_ns),
     .argument = "TIME",
     .standard = "200ms",
     .min = 0.05,
     .max = 60,
     .help = "shortest time between two questions to the master while a page is open"},
    {.name = "connections",
     .type = OPTION_INT,
     .offset = AT(connections),
     .argument = "N",
     .standard = "2000",
     .min = 10,
     .max = 100000,
     .help = "connections open at a time; further ones are closed at once"},
    {.name = "connections-per-address",
     .type = OPTION_INT,
     .offset = AT(per_address),
     .argument = "N",
     .standard = "1000",
     .min = 1,
     .max = 100000,
     .help = "of them from one address"},
    {.name = "receive",
     .type = OPTION_DURATION,
     .offset = AT(receive_ns),
     .argument = "TIME",
     .standard = "15s",
     .min = 1,
     .max = 600,
     .help = "how long a request may take to arrive; slower ones are closed"},
    {.name = "body-max",
     .type = OPTION_NUMBER,
     .offset = AT(body_max),
     .argument = "BYTES",
     .standard = "1Mi",
     .min = 1024,
     .max = 67108864,
     .help = "largest request body"},
    {.name = "web-root",
     .type = OPTION_TEXT,
     .offset = AT(web_root),
     .argument = "DIR",
     .standard = "",
     .help = "serve the pages' files from this folder instead of the built-in ones, for work on them"},
    OPTION_ROW_READY_FD(struct web_settings, "the address (and with --link the link)"),
    OPTION_ROW_EXIT_WITH_PARENT(struct web_settings),
    {.name = "config",
     .letter = 'c',
     .type = OPTION_TEXT,
     .offset = AT(config),
     .argument = "FILE",
     .standard = "",
     .help = "file of `option: value` lines"},
    OPTION_ROW_LOG_LEVEL(struct web_settings),
    OPTION_ROW_LOG_JSON(struct web_settings),
    OPTION_ROW_HELP(struct web_settings),
    OPTION_ROW_VERSION(struct web_settings),
    {0}};

static int read_rest(struct web_settings *s, int argc, char **argv, struct sonata_error *err)
{
    int rest, r = options_environment(web_settings_table, "SONATA_WEB", s, err);
    if (!r)
        r = options_parse(web_settings_table, argc, argv, s, &rest, err);
    if (!r && rest < argc)
        return sonata_error_set(err, -EINVAL, "'%s': only options are expected", argv[rest]);
    return r;
}

int web_settings_read(struct web_settings *s, int argc, char **argv, struct bytes *keep, struct sonata_error *err)
{
    *s = (struct web_settings){0};
    options_defaults(web_settings_table, s);
    int r = read_rest(s, argc, argv, err);
    if (r || !s->config[0])
        return r;
    const char *path = s->config;
    *s = (struct web_settings){0};
    options_defaults(web_settings_table, s);
    r = options_file(web_settings_table, path, s, keep, err);
    return r ? r : read_rest(s, argc, argv, err);
}

static bool is_loopback(const char *address) { return !strncmp(address, "127.", 4) || !strcmp(address, "::1"); }

int web_settings_check(const struct web_settings *s, struct sonata_error *err)
{
    if (!s->tls_certificate[0] != !s->tls_key[0])
        return sonata_error_set(err, -EINVAL, "--tls-certificate and --tls-key belong together");
    if (!is_loopback(s->address) && !s->tls_certificate[0] && !s->behind_proxy)
        return sonata_error_set(
            err, -EINVAL, "--address %s is open to others: give --tls-certificate and --tls-key, or --behind-proxy when a proxy in front speaks TLS",
            s->address);
    size_t n = strlen(s->base_path);
    if (n && (s->base_path[0] != '/' || s->base_path[n - 1] == '/' || n > 100))
        return sonata_error_set(err, -EINVAL, "--base-path begins with a slash and ends without one: /sonata");
    if (strspn(s->base_path, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != n)
        return sonata_error_set(err, -EINVAL, "--base-path consists of letters, digits, '-', '_', '.' and slashes");
    return 0;
}
