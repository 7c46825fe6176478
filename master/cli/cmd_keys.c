/* sonata keys: list, new, revoke, release. The secret half of a key never leaves this machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"
#include "net/keyfile.h"

struct settings {
    struct cli_common common;
    const char *role, *team, *out;
};

const struct option_def keys_options[] = {
    CLI_SERVER_OPTIONS(struct settings),
    {.name = "role",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct settings, role),
     .argument = "ROLE",
     .choices = "team|worker|admin|web",
     .standard = "team",
     .help = "new: what the key may do: run searches of a team, connect boards, everything, or (sonata-web) carry requests that have a token."},
    {.name = "team", .type = OPTION_TEXT, .offset = offsetof(struct settings, team), .argument = "NAME", .help = "new: the team of a team key."},
    {.name = "out",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, out),
     .argument = "FILE",
     .help = "new: where the key file goes (default: LABEL.key)."},
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static int call(struct session *session, Sonata__Keys *keys, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_KEYS;
    request.keys = keys;
    return session_call(session, &request, ret_reply, err);
}

static void format_day(int64_t wall_ns, char text[24])
{
    clock_format_utc(wall_ns, text);
    text[10] = '\0';
}

static void print_keys(const Sonata__Reply *reply)
{
    static const char *const heading[] = {"label", "role", "team", "since", "workers", "public key", "state"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], i == 4);
    for (size_t i = 0; i < reply->n_keys; i++) {
        const Sonata__KeyInfo *k = reply->keys[i];
        char since[24], until[24];
        format_day(k->created_wall_ns, since);
        format_day(k->revoked_wall_ns, until);
        text_table_cell(t, "%s", k->label);
        text_table_cell(t, "%s", k->role);
        text_table_cell(t, "%s", k->team);
        text_table_cell(t, "%s", since);
        text_table_cell(t, k->workers ? "%u" : "", k->workers);
        text_table_cell(t, "%s", k->public_key);
        text_table_cell(t, k->revoked_wall_ns ? "revoked %s" : "in force%.0s", until);
    }
    text_table_print(t, stdout);
    text_table_free(t);
}

static int print_json(const Sonata__Reply *reply)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < reply->n_keys; i++) {
        const Sonata__KeyInfo *k = reply->keys[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "label", k->label);
        cJSON_AddStringToObject(o, "role", k->role);
        cJSON_AddStringToObject(o, "team", k->team);
        cJSON_AddStringToObject(o, "public_key", k->public_key);
        json_time(o, "created", k->created_wall_ns);
        json_time(o, "revoked", k->revoked_wall_ns);
        json_integer(o, "workers", k->workers);
        cJSON_AddItemToArray(list, o);
    }
    return json_print(list);
}

static int list_keys(const struct command *self, const struct settings *s, struct session *session)
{
    struct sonata_error err = {{0}};
    Sonata__Keys keys = SONATA__KEYS__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    keys.action = (char *)"list";
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_KEYS;
    request.keys = &keys;
    int r = session_call_all(session, &request, &reply, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (s->common.json)
        return print_json(reply->reply);
    print_keys(reply->reply);
    return CLI_OK;
}

/* The master's public key as the admin's own key file has it. */
static int server_key(const struct settings *s, char ret_key[41], struct sonata_error *err)
{
    struct keyfile own;
    if (s->common.server_key)
        return copy_string(ret_key, 41, s->common.server_key) ? 0 : sonata_error_set(err, -EINVAL, "--server-key: 40 characters are expected");
    int r = s->common.key ? keyfile_read(s->common.key, &own, err) : sonata_error_set(err, -EINVAL, "--key FILE is needed: an admin's key file");
    if (!r)
        copy_string(ret_key, 41, own.server_key);
    return r;
}

static int check_role(const struct command *self, const struct settings *s)
{
    if (!strcmp(s->role, "team") && !s->team)
        return command_fail(self, CLI_USAGE, "--team NAME is needed for a team key (`sonata teams list`)");
    if (strcmp(s->role, "team") && s->team)
        return command_fail(self, CLI_USAGE, "--team is for a team key: a key of role %s belongs to no team", s->role);
    return CLI_OK;
}

/* Where the new key is, and how it is used. */
static int tell_key(const struct settings *s, const char *label, const char *path, const char *public_key)
{
    if (!s->common.json) {
        const char *use = !strcmp(s->role, "worker") ? "sonata-worker" : "sonata COMMAND";
        printf("key of %s in %s; use it: %s --key %s\n", label, path, use, path);
        return CLI_OK;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "label", label);
    cJSON_AddStringToObject(o, "file", path);
    cJSON_AddStringToObject(o, "public_key", public_key);
    return json_print(o);
}

static int new_key(const struct command *self, const struct settings *s, struct session *session, const char *label)
{
    int exit = check_role(self, s);
    if (exit)
        return exit;
    struct sonata_error err = {{0}};
    struct keyfile k = {.server_key = ""};
    char path[1024], comment[200];
    if (s->out)
        copy_string(path, sizeof path, s->out);
    else
        snprintf(path, sizeof path, "%s.key", label);
    snprintf(comment, sizeof comment, "SONATA key of %s: role %s", label, s->role);
    if (s->team)
        snprintf(comment, sizeof comment, "SONATA key of %s: role team, team %s", label, s->team);
    int r = server_key(s, k.server_key, &err);
    if (!r)
        r = net_new_keys(k.public_key, k.secret_key) ? sonata_error_set(&err, -ENOSYS, "this libzmq was built without CURVE") : 0;
    if (!r)
        r = keyfile_write(path, comment, &k, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    Sonata__Keys keys = SONATA__KEYS__INIT;
    Sonata__KeyInfo info = SONATA__KEY_INFO__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    keys.action = (char *)"add";
    keys.key = &info;
    info.public_key = k.public_key;
    info.role = (char *)s->role;
    info.team = (char *)(s->team ? s->team : "");
    info.label = (char *)label;
    r = call(session, &keys, &reply, &err);
    if (r == -ETIMEDOUT || r == -EINTR) /* the master may have it */
        return command_fail(self, exit_of(r), "%s; whether the master took the key is not known: %s is kept, see `sonata keys list`", err.text, path);
    if (r) {
        remove(path);
        return command_fail(self, exit_of(r), "%s", err.text);
    }
    return tell_key(s, label, path, k.public_key);
}

/* revoke a key, or release the name of a worker. */
static int take_back(const struct command *self, const struct settings *s, struct session *session, const char *action, const char *which)
{
    struct sonata_error err = {{0}};
    Sonata__Keys keys = SONATA__KEYS__INIT;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    keys.action = (char *)action;
    keys.which = (char *)which;
    int r = call(session, &keys, &reply, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (s->common.json)
        return json_done(action, which);
    printf("%s is %sd\n", which, action);
    return CLI_OK;
}

int cmd_keys(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    const char *action = argv[rest], *name = rest + 1 < argc ? argv[rest + 1] : NULL;
    bool list = !strcmp(action, "list"), make = !strcmp(action, "new"), back = !strcmp(action, "revoke") || !strcmp(action, "release");
    if (!list && !make && !back)
        return command_fail(self, CLI_USAGE, "'%s': list, new, revoke or release is expected", action);
    if (!list && !name)
        return command_fail(self, CLI_USAGE, "%s needs a %s", action, strcmp(action, "release") ? "LABEL" : "WORKER");
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    int r = session_open_common(&s.common, &session, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (list)
        return list_keys(self, &s, session);
    return make ? new_key(self, &s, session, name) : take_back(self, &s, session, action, name);
}
