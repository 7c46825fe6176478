/* sonata uploads: list, remove, prune. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
};

enum { HEX_MIN = 8 };
#define PACE_NS (40 * SONATA_MS) /* below the changes a second that a master takes */

struct upload {
    char hex[HASH_HEX], team[64];
    uint64_t bytes;
    int64_t wall_ns;
    uint32_t searches;
};

struct uploads {
    struct upload *at;
    size_t n, capacity;
};

static void add(struct uploads *all, const Sonata__UploadInfo *m)
{
    if (m->hash.len != HASH_SIZE)
        return;
    all->at = xgrow(all->at, &all->capacity, all->n + 1, sizeof *all->at);
    struct upload *u = &all->at[all->n++];
    *u = (struct upload){.bytes = m->bytes, .wall_ns = m->wall_ns, .searches = m->searches};
    hash_to_hex(m->hash.data, HASH_SIZE, u->hex);
    copy_string(u->team, sizeof u->team, m->team);
}

static int call(struct session *session, Sonata__Uploads *verb, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_UPLOADS;
    request.uploads = verb;
    return session_call_all(session, &request, ret_reply, err);
}

static int fetch(struct session *session, struct uploads *ret_all, struct sonata_error *err)
{
    Sonata__Uploads verb = SONATA__UPLOADS__INIT;
    cleanup_envelope Sonata__Envelope *e = NULL;
    verb.action = (char *)"list";
    int r = call(session, &verb, &e, err);
    for (size_t i = 0; !r && i < e->reply->n_uploads; i++)
        add(ret_all, e->reply->uploads[i]);
    return r;
}

static void print_text(const struct uploads *all)
{
    static const char *const heading[] = {"upload", "team", "MiB", "since", "unfinished searches"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], i == 2 || i == 4);
    for (size_t i = 0; i < all->n; i++) {
        const struct upload *u = &all->at[i];
        char when[24] = "";
        if (u->wall_ns)
            clock_format_utc(u->wall_ns, when);
        text_table_cell(t, "%.16s", u->hex);
        text_table_cell(t, "%s", u->team);
        text_table_cell(t, "%.1f", (double)u->bytes / 1048576);
        text_table_cell(t, "%s", when);
        text_table_cell(t, "%u", u->searches);
    }
    text_table_print(t, stdout);
    text_table_free(t);
    if (!all->n)
        puts("no uploads");
}

static int print_json(const struct uploads *all)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < all->n; i++) {
        const struct upload *u = &all->at[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "hash", u->hex);
        cJSON_AddStringToObject(o, "team", u->team);
        json_integer(o, "bytes", (int64_t)u->bytes);
        json_time(o, "since", u->wall_ns);
        json_integer(o, "searches_unfinished", u->searches);
        cJSON_AddItemToArray(list, o);
    }
    return json_print(list);
}

static void print_removed(const char *action, unsigned n, uint64_t bytes)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "action", action);
    cJSON_AddNumberToObject(o, "removed", n);
    json_integer(o, "bytes", (int64_t)bytes);
    json_print(o);
}

static int remove_one(struct session *session, const struct upload *u, struct sonata_error *err)
{
    uint8_t hash[HASH_SIZE];
    cleanup_envelope Sonata__Envelope *e = NULL;
    Sonata__Uploads verb = SONATA__UPLOADS__INIT;
    verb.action = (char *)"remove";
    if (hash_from_hex(u->hex, hash))
        return sonata_error_set(err, -EBADMSG, "the master's answer is damaged");
    verb.hash = (ProtobufCBinaryData){HASH_SIZE, hash};
    return call(session, &verb, &e, err);
}

/* By the first characters of its hash. The same content of several teams, as an admin sees it, is one. */
static int remove_named(struct session *session, const struct uploads *all, const char *which, bool json, struct sonata_error *err)
{
    const struct upload *found = NULL;
    size_t n = strlen(which);
    for (size_t i = 0; i < all->n; i++) {
        if (n < HEX_MIN || strncmp(all->at[i].hex, which, n) || (found && !strcmp(found->hex, all->at[i].hex)))
            continue;
        if (found)
            return sonata_error_set(err, -EEXIST, "'%.64s' begins several uploads: give more of it", which);
        found = &all->at[i];
    }
    if (!found)
        return sonata_error_set(err, -ENOENT, "no upload begins with '%.64s': give at least %d characters as `sonata uploads` shows them", which,
                                HEX_MIN);
    int r = remove_one(session, found, err);
    if (!r && !json)
        printf("%.16s is removed\n", found->hex);
    else if (!r)
        print_removed("remove", 1, found->bytes);
    return r;
}

static int prune(struct session *session, const struct uploads *all, bool json, struct sonata_error *err)
{
    unsigned n = 0;
    uint64_t bytes = 0;
    const struct upload *last = NULL; /* the same content of several teams, as an admin sees it, goes at once */
    for (size_t i = 0; i < all->n; i++) {
        const struct upload *u = &all->at[i];
        if (u->searches || (last && !strcmp(u->hex, last->hex)))
            continue;
        if (last)
            clock_sleep_ns(PACE_NS);
        last = u;
        int r = remove_one(session, u, err);
        if (r && r != -ENOENT)
            return r;
        n += !r;
        bytes += r ? 0 : u->bytes;
    }
    if (json)
        print_removed("prune", n, bytes);
    else
        printf("%u upload%s removed, %.1f MiB\n", n, n == 1 ? "" : "s", (double)bytes / 1048576);
    return 0;
}

int cmd_uploads(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    const char *action = rest < argc ? argv[rest] : "list";
    const char *which = rest + 1 < argc ? argv[rest + 1] : NULL;
    bool list = !strcmp(action, "list"), removes = !strcmp(action, "remove");
    if (!list && !removes && strcmp(action, "prune"))
        return command_fail(self, CLI_USAGE, "'%s': list, remove or prune is expected", action);
    if (removes != !!which)
        return command_fail(self, CLI_USAGE, removes ? "remove needs an UPLOAD" : "only remove takes an UPLOAD");
    struct sonata_error err = {{0}};
    struct uploads all = {0};
    cleanup_session struct session *session = NULL;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = fetch(session, &all, &err);
    if (!r && !list)
        r = removes ? remove_named(session, &all, which, s.common.json, &err) : prune(session, &all, s.common.json, &err);
    if (r)
        code = command_fail(self, exit_of(r), "%s", err.text);
    else if (list && s.common.json)
        code = print_json(&all);
    else if (list)
        print_text(&all);
    free(all.at);
    return r || (list && s.common.json) ? code : CLI_OK;
}
