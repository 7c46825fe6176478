/* Options of sonata-web: one table for flags, environment and file. */
#ifndef SONATA_WEB_SETTINGS_H
#define SONATA_WEB_SETTINGS_H

#include "conf/options.h"

struct web_settings {
    const char *server, *key, *server_key; /* the master: endpoint of its client port, our key file, its public key */
    const char *address;
    int64_t port;
    bool port_or_any;
    const char *tls_certificate, *tls_key; /* PEM files */
    bool behind_proxy, read_only;
    struct option_list host; /* names browsers may call us by, besides localhost and numeric addresses */
    const char *base_path;   /* "" or "/sonata" */
    const char *token_file, *link_file, *web_root;
    int64_t session_ns, link_ns, patience_ns, poll_ns, receive_ns;
    int64_t connections, per_address;
    double body_max;
    int64_t ready_fd;
    bool print_link, exit_with_parent, help, version;
    const char *log_level;
    bool log_json;
    const char *config;
};

extern const struct option_def web_settings_table[];

/* Defaults, file, environment (SONATA_WEB_…), flags. -EINVAL with the reason. *keep holds the file's text as long as the settings live. */
int web_settings_read(struct web_settings *s, int argc, char **argv, struct bytes *keep, struct sonata_error *err) SONATA_MUST_CHECK;
/* What cannot be together: an open address without TLS or a proxy in front, half a certificate, a base path with odd characters. */
int web_settings_check(const struct web_settings *s, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
