/* See web_server.h. The link comes in a file that only we can read: a secret is neither an argument nor in a log. */
#include "cli/web_server.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/child.h"

enum { LINK_MAX = 512, STOP_SECONDS = 5 };

struct web_server {
    struct child child;
    char link_file[CHILD_PATH_MAX], link[LINK_MAX];
};

static void add_pair(struct child *c, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    child_add(c, name);
    child_add(c, value);
}

int web_server_start(const struct web_server_config *config, struct web_server **ret_server, struct sonata_error *err)
{
    char port[24];
    struct web_server *w = xcalloc(1, sizeof *w);
    struct child *c = &w->child;
    c->program = "sonata-web";
    snprintf(c->log, sizeof c->log, "%.1100s/web.log", config->folder);
    snprintf(w->link_file, sizeof w->link_file, "%.1100s/web.link", config->folder);
    snprintf(port, sizeof port, "%" PRId64, config->port);
    unlink(w->link_file);
    child_add(c, "sonata-web");
    add_pair(c, "--server", config->endpoint);
    add_pair(c, "--key", config->key);
    add_pair(c, "--server-key", config->server_key);
    add_pair(c, "--port", port);
    child_add(c, "--port-or-any");
    add_pair(c, "--link-file", w->link_file);
    add_pair(c, "--link-lifetime", "15m");
    if (config->read_only)
        child_add(c, "--read-only");
    int r = child_start(c, err);
    if (r)
        web_server_stop(w);
    else
        *ret_server = w;
    return r;
}

/* The file is there when the server listens; it is taken away once it is read. */
static bool take_link(struct web_server *w)
{
    cleanup_bytes struct bytes text = {0};
    if (!file_exists(w->link_file) || file_read(w->link_file, LINK_MAX - 1, &text, NULL) || !text.size)
        return false;
    unlink(w->link_file);
    memcpy(w->link, text.data, text.size);
    w->link[text.size] = 0;
    w->link[strcspn(w->link, "\n")] = 0;
    return true;
}

int web_server_poll(struct web_server *w, const char **ret_link, const char **ret_event, struct sonata_error *err)
{
    *ret_link = take_link(w) ? w->link : NULL;
    return child_poll(&w->child, ret_event, err);
}

void web_server_stop(struct web_server *w)
{
    if (!w)
        return;
    if (w->child.pid)
        kill(w->child.pid, SIGTERM);
    child_finish(&w->child, clock_monotonic_ns() + STOP_SECONDS * SONATA_SECOND);
    unlink(w->link_file);
    child_fini(&w->child);
    free(w);
}
