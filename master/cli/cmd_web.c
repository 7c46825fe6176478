/* sonata web: pages of a master in a browser, with the rights of the caller's own key, as long as the command runs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/servers.h"
#include "cli/web_server.h"

enum { LOOK_EVERY_MS = 100, FOLDER_MAX = 1024 };

struct settings {
    struct cli_common common;
    int64_t port;
    bool read_only;
};

const struct option_def web_options[] = {
    {.name = "port",
     .letter = 'p',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, port),
     .argument = "PORT",
     .standard = "7180",
     .min = 0,
     .max = 65535,
     .help = "Port on this machine; when it is taken, any free one."},
    {.name = "read-only",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, read_only),
     .help = "Show only: nothing can be changed from the pages."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* What one call works with. */
struct shown {
    struct servers *servers; /* of --state; NULL otherwise */
    struct web_server *web;
    char folder[FOLDER_MAX]; /* of the link and the log */
    bool temporary;
};

static int choose_folder(struct shown *w, const struct settings *s, struct sonata_error *err)
{
    if (s->common.state) {
        copy_string(w->folder, sizeof w->folder, s->common.state);
        return 0;
    }
    copy_string(w->folder, sizeof w->folder, "/tmp/sonata-web-XXXXXX");
    w->temporary = mkdtemp(w->folder) != NULL;
    return w->temporary ? 0 : sonata_error_set(err, -errno, "%s: %s", w->folder, strerror(errno));
}

static int start(struct shown *w, const struct settings *s, struct sonata_error *err)
{
    int r = s->common.state ? servers_attach(s->common.state, &w->servers, err) : 0;
    if (!r)
        r = choose_folder(w, s, err);
    if (r)
        return r;
    struct web_server_config config = {.folder = w->folder,
                                       .endpoint = w->servers ? servers_endpoint(w->servers) : s->common.server,
                                       .key = s->common.key,
                                       .server_key = s->common.server_key,
                                       .port = s->port,
                                       .read_only = s->read_only};
    return web_server_start(&config, &w->web, err);
}

static int serve(struct shown *w, struct sonata_error *err)
{
    while (!interrupted) {
        const char *link, *event = NULL;
        int r = web_server_poll(w->web, &link, &event, err);
        if (!r && w->servers && !event)
            r = servers_poll(w->servers, &event, err);
        if (r)
            return r;
        if (event)
            fprintf(stderr, "%s\n", event);
        if (link) {
            printf("%s\n", link);
            fprintf(stderr, "open it within 15 minutes: it logs one browser in, once. Ctrl-C ends the server.\n");
            fflush(stdout);
        }
        clock_sleep_ns(LOOK_EVERY_MS * SONATA_MS);
    }
    return 0;
}

static void stop(struct shown *w)
{
    char log[FOLDER_MAX + 16];
    web_server_stop(w->web);
    servers_stop(w->servers);
    if (!w->temporary)
        return;
    snprintf(log, sizeof log, "%s/web.log", w->folder);
    unlink(log);
    rmdir(w->folder);
}

int cmd_web(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    struct shown w = {0};
    struct sonata_error err = {{0}};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}; /* a second Ctrl-C ends at once */
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    int r = start(&w, &s, &err);
    if (!r)
        r = serve(&w, &err);
    stop(&w);
    return r ? command_fail(self, exit_of(r), "%s", err.text) : CLI_OK;
}
