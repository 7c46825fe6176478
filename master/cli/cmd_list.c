/* sonata list: the searches of a master. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
    const char *state_name, *team;
    int64_t since_ns;
};

const struct option_def list_options[] = {
    {.name = "in-state",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct settings, state_name),
     .choices = "running|paused|done|failed|canceled|unfinished",
     .help = "Only searches in that state; unfinished: running or paused."},
    {.name = "team",
     .letter = 't',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, team),
     .argument = "NAME",
     .help = "Only searches of that team."},
    {.name = "since",
     .type = OPTION_DURATION,
     .offset = offsetof(struct settings, since_ns),
     .argument = "TIME",
     .min = 1,
     .max = 1e10,
     .help = "Only searches that were submitted or ended within that time: 12h, 7d."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static void list_row(struct text_table *t, const struct results_status *st)
{
    char active[16];
    format_duration(st->active_ns, active);
    text_table_cell(t, "%llu", (unsigned long long)st->id);
    if (st->team[0]) /* what commands take, too */
        text_table_cell(t, "%s/%llu", st->team, (unsigned long long)st->number);
    else
        text_table_cell(t, "-");
    text_table_cell(t, "%s", st->name);
    text_table_cell(t, "%s", st->state);
    text_table_cell(t, "%u/%u", st->told, st->budget);
    text_table_cell(t, "%u", st->front_size);
    text_table_cell(t, "%.4f", st->hypervolume);
    text_table_cell(t, "%u", st->infeasible + st->failed);
    text_table_cell(t, "%s", active);
    text_table_cell(t, "%s", st->reason);
}

static bool is_wanted(const struct settings *s, const struct results_status *st)
{
    bool unfinished = !strcmp(st->state, "running") || !strcmp(st->state, "paused");
    if (s->state_name && strcmp(s->state_name, st->state) && !(unfinished && !strcmp(s->state_name, "unfinished")))
        return false;
    if (s->team && strcmp(s->team, st->team))
        return false;
    return !s->since_ns || max_of(st->created_wall_ns, st->finished_wall_ns) >= clock_wall_ns() - s->since_ns;
}

static int print_list(const Sonata__Reply *reply, const struct settings *s, struct sonata_error *err)
{
    static const char *const heading[] = {"id", "of team", "name", "state", "evaluations", "front", "hypervolume", "unusable", "time", "note"};
    struct text_table *t = text_table_new();
    cJSON *list = cJSON_CreateArray();
    bool json = s->common.json;
    size_t shown = 0;
    int r = 0;
    for (size_t i = 0; i < 10; i++)
        text_table_column(t, heading[i], i == 0 || (i >= 4 && i <= 8));
    for (size_t i = 0; !r && i < reply->n_searches; i++) {
        struct results_status st;
        r = results_from_status_message(reply->searches[i], &st, err);
        if (!r && is_wanted(s, &st)) {
            shown++;
            list_row(t, &st);
            cJSON_AddItemToArray(list, json_status(&st));
        }
    }
    if (r || !json)
        cJSON_Delete(list);
    else
        json_print(list);
    if (!r && !json && !reply->n_searches)
        puts("no searches; submit one with `sonata submit FILE`");
    else if (!r && !json && !shown)
        puts("no search is like that");
    if (!r && !json)
        text_table_print(t, stdout);
    text_table_free(t);
    return r;
}

int cmd_list(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = session_call_all(session, &request, &reply, &err);
    if (!r)
        r = print_list(reply->reply, &s, &err);
    return r ? command_fail(self, exit_of(r), "%s", err.text) : CLI_OK;
}
