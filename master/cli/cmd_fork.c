/* sonata fork: a new search that starts with what another one measured. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/fork_spec.h"
#include "cli/json.h"
#include "cli/session.h"
#include "conf/search_file.h"

struct settings {
    struct cli_common common;
    const char *name, *algorithm;
    struct option_list objective;
    int64_t evaluations, seed;
};

enum { NOT_GIVEN = -1 };

const struct option_def fork_options[] = {
    {.name = "objective",
     .letter = 'o',
     .type = OPTION_LIST,
     .offset = offsetof(struct settings, objective),
     .argument = "METRIC[@TYPE]:min|max",
     .help = "Instead of the parent's objectives; may be given several times."},
    {.name = "evaluations",
     .letter = 'n',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, evaluations),
     .argument = "N",
     .min = 1,
     .max = SPEC_EVALUATIONS_MAX,
     .help = "Evaluations on top of what is taken over; default: the parent's budget."},
    {.name = "algorithm",
     .letter = 'a',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, algorithm),
     .argument = "NAME",
     .help = "Instead of the parent's algorithm; its switches are not taken over then."},
    {.name = "name", .type = OPTION_TEXT, .offset = offsetof(struct settings, name), .argument = "NAME", .help = "Default: the parent's with -fork."},
    {.name = "seed",
     .type = OPTION_INT,
     .offset = offsetof(struct settings, seed),
     .argument = "N",
     .min = 0,
     .max = 9e15,
     .help = "Default: the parent's."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static int adjust(const struct settings *s, struct search_spec *spec, struct sonata_error *err)
{
    struct fork_changes x = {.n_objectives = s->objective.n,
                             .evaluations = (uint32_t)s->evaluations,
                             .has_seed = s->seed != NOT_GIVEN,
                             .seed = (uint64_t)s->seed,
                             .algorithm = s->algorithm,
                             .name = s->name};
    if (s->objective.n > OBJECTIVES_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d objectives are possible", OBJECTIVES_MAX);
    for (unsigned i = 0; i < s->objective.n; i++)
        x.objective[i] = s->objective.item[i];
    return fork_spec_change(spec, &x, err);
}

/* The parent's specification, or that of a file. */
static int read_spec(struct session *session, uint64_t parent, const char *file, struct search_spec *spec, struct sonata_error *err)
{
    if (file) {
        cleanup_free struct search_file *f = xcalloc(1, sizeof *f);
        int r = search_file_load(file, f, err);
        *spec = f->spec;
        return r;
    }
    cleanup_results struct results *results = NULL;
    int r = results_fetch_status(session, parent, &results, err);
    if (!r)
        *spec = results->spec;
    return r;
}

int cmd_fork(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    s.seed = NOT_GIVEN;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    if (s.common.state)
        return command_fail(
            self, CLI_USAGE,
            "a state folder runs one search, so a fork in it would wait for ever; submit to a master (--server), or run a file of its own, "
            "which reuses what the same space measured");
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_free struct search_spec *spec = xcalloc(1, sizeof *spec);
    uint64_t parent = 0, id = 0;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = session_find_search(session, argv[rest], &parent, &err);
    if (!r)
        r = read_spec(session, parent, rest + 1 < argc ? argv[rest + 1] : NULL, spec, &err);
    if (!r)
        r = adjust(&s, spec, &err);
    if (!r)
        r = session_fork(session, parent, spec, &id, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (!s.common.json) {
        printf("search %llu (%s) starts with what search %llu measured; follow it with `sonata watch %llu`\n", (unsigned long long)id, spec->name,
               (unsigned long long)parent, (unsigned long long)id);
        return CLI_OK;
    }
    cJSON *o = cJSON_CreateObject();
    json_integer(o, "id", (int64_t)id);
    cJSON_AddStringToObject(o, "name", spec->name);
    json_integer(o, "parent", (int64_t)parent);
    return json_print(o);
}
