/* sonata replay, sonata backup: started at the master, waited for here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"

struct settings {
    struct cli_common common;
};

enum { POLL_MS = 200 };

/* One question about a task; *ret_reply is freed by the caller. */
static int ask(struct session *session, Sonata__Task *task, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_TASK;
    request.task = task;
    int r = session_call(session, &request, ret_reply, err);
    if (!r && !(*ret_reply)->reply->task) {
        envelope_free(*ret_reply);
        *ret_reply = NULL;
        r = sonata_error_set(err, -EPROTO, "the master answered without a task: is it of another version?");
    }
    return r;
}

static void show_waiting(const Sonata__TaskStatus *t)
{
    char elapsed[16];
    format_duration(t->elapsed_ns, elapsed);
    fprintf(stderr, "\r%s: running, %s\033[K", t->kind, elapsed);
    fflush(stderr);
}

/* Until it has ended; a terminal sees how long it has been running. */
static int wait_for(struct session *session, Sonata__Envelope **reply, struct sonata_error *err)
{
    bool terminal = isatty(STDERR_FILENO), shown = false;
    int r = 0;
    while (!r && !strcmp((*reply)->reply->task->state, "running")) {
        if (terminal) {
            show_waiting((*reply)->reply->task);
            shown = true;
        }
        clock_sleep_ns(POLL_MS * SONATA_MS);
        Sonata__Task status = SONATA__TASK__INIT;
        status.action = (char *)"status";
        status.task = (*reply)->reply->task->id;
        envelope_free(*reply);
        *reply = NULL;
        r = ask(session, &status, reply, err);
    }
    if (shown)
        fputs("\r\033[K", stderr);
    return r;
}

static int print_json(const Sonata__TaskStatus *t)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "kind", t->kind);
    cJSON_AddStringToObject(o, "state", t->state);
    cJSON_AddStringToObject(o, "text", t->text);
    if (t->search)
        json_integer(o, "search", (int64_t)t->search);
    if (t->path[0])
        cJSON_AddStringToObject(o, "path", t->path);
    cJSON_AddNumberToObject(o, "seconds", (double)t->elapsed_ns / 1e9);
    return json_print(o);
}

static int perform(const struct command *self, const struct settings *s, const char *search, const char *name)
{
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    Sonata__Task task = SONATA__TASK__INIT;
    task.action = (char *)self->name;
    task.name = (char *)name;
    bool replay = !strcmp(self->name, "replay");
    int r = session_open_common(&s->common, &session, &err);
    if (!r && replay)
        r = session_find_search(session, search, &task.search, &err);
    if (!r)
        r = ask(session, &task, &reply, &err);
    if (!r)
        r = wait_for(session, &reply, &err);
    if (r)
        return command_fail(self, r == -EINVAL ? CLI_REFUSED : exit_of(r), "%s", err.text);
    const Sonata__TaskStatus *t = reply->reply->task;
    bool done = !strcmp(t->state, "done");
    if (s->common.json) {
        r = print_json(t);
        return done ? r : CLI_FAILURE;
    }
    if (!done)
        return command_fail(self, CLI_FAILURE, "%s", t->text[0] ? t->text : "it failed and said nothing; the master's log may say more");
    if (replay)
        printf("search %llu: %s\n", (unsigned long long)task.search, t->text);
    else
        printf("%s\n", t->text);
    return CLI_OK;
}

int cmd_replay(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    return perform(self, &s, rest < argc ? argv[rest] : NULL, NULL);
}

int cmd_backup(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    return perform(self, &s, NULL, rest < argc ? argv[rest] : NULL);
}
