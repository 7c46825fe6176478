/* sonata submit: a search file to a master. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "conf/search_file.h"

struct settings {
    struct cli_common common;
    int64_t priority;
};

enum { NOT_GIVEN = -1000 };

const struct option_def submit_options[] = {
    CLI_SERVER_OPTIONS(struct settings),
    {.name = "priority",
     .letter = 'p',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, priority),
     .argument = "N",
     .min = -SPEC_PRIORITY_MAX,
     .max = SPEC_PRIORITY_MAX,
     .help = "Instead of the file's `priority:`: within the team higher goes strictly first; 0 is ordinary."},
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static int upload(struct session *session, const struct search_file *f, struct sonata_error *err)
{
    if (!f->supernet_path[0])
        return 0;
    cleanup_bytes struct bytes blob = {0};
    int r = file_read(f->supernet_path, WIRE_BLOB_MAX, &blob, err);
    return r ? r : session_put_blob(session, f->spec.supernet_hash, blob.data, blob.size, err);
}

/* Right after its submission a search runs, or says why not: no board of the type, no metric, a quota. */
static void say_what_holds_it(struct session *session, uint64_t id)
{
    struct sonata_error err = {{0}};
    cleanup_results struct results *results = NULL;
    if (!results_fetch_status(session, id, &results, &err) && results->status.reason[0])
        printf("note: %s\n", results->status.reason);
}

int cmd_submit(const struct command *self, int argc, char **argv)
{
    struct settings s = {.priority = NOT_GIVEN};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_free struct search_file *f = xcalloc(1, sizeof *f);
    cleanup_session struct session *session = NULL;
    uint64_t id = 0;
    int r = search_file_load(argv[rest], f, &err);
    if (!r && f->n_boards)
        fprintf(stderr, "sonata submit: note: `boards:` of the file is only for `sonata run`; the master uses the boards of its workers\n");
    if (s.priority != NOT_GIVEN)
        f->spec.priority = (int32_t)s.priority;
    if (!r)
        r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = upload(session, f, &err);
    if (!r)
        r = session_submit(session, &f->spec, NULL, &id, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (!s.common.json) {
        printf("search %llu (%s) submitted; follow it with `sonata watch %llu`\n", (unsigned long long)id, f->spec.name, (unsigned long long)id);
        say_what_holds_it(session, id);
        return CLI_OK;
    }
    cJSON *o = cJSON_CreateObject();
    json_integer(o, "id", (int64_t)id);
    cJSON_AddStringToObject(o, "name", f->spec.name);
    return json_print(o);
}
