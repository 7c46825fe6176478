/* sonata front: the Pareto front as a table. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/outputs.h"
#include "cli/pick.h"
#include "cli/session.h"

struct settings {
    struct cli_common common;
    struct option_list where;
    bool knee;
};

const struct option_def front_options[] = {
    {.name = "where",
     .letter = 'w',
     .type = OPTION_LIST,
     .offset = offsetof(struct settings, where),
     .argument = "CONDITION",
     .help = "Only points like 'latency@host<0.01', 'accuracy>=90' or 'kernel=3' (a metric or a gene); several must all hold."},
    {.name = "knee",
     .letter = 'k',
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, knee),
     .help = "Only the point nearest to the best of every objective, each scaled to what the front (after --where) spans."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

int cmd_front(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_results struct results *results = NULL;
    int r = results_open(&s.common, rest < argc ? argv[rest] : NULL, &session, &results, &err);
    if (!r)
        r = results_fetch_individuals(session, results, true, &err);
    if (!r)
        r = pick_where(results, &s.where, &err);
    if (!r && s.knee)
        pick_knee(results);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (s.common.json)
        return json_print(json_results(results, false));
    if (!results->n_front && s.where.n)
        puts("no point of the front is like that");
    else if (!results->n_front)
        puts("the front is empty: nothing feasible was measured yet");
    front_table(results, stdout);
    return CLI_OK;
}
