/* sonata teams: list and set. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/text_table.h"

struct settings {
    struct cli_common common;
    int64_t searches, boards; /* < 0: not given */
    double weight, hours, uploads, disk;
    bool share, no_share;
};

const struct option_def teams_options[] = {
    CLI_SERVER_OPTIONS(struct settings),
    {.name = "weight",
     .letter = 'w',
     .type = OPTION_NUMBER,
     .offset = offsetof(struct settings, weight),
     .argument = "W",
     .min = 0.01,
     .max = 100,
     .help = "set: the team's share of board time while several teams want boards, 1 is ordinary."},
    {.name = "searches",
     .type = OPTION_INT,
     .offset = offsetof(struct settings, searches),
     .argument = "N",
     .min = 0,
     .max = 100000,
     .help = "set: unfinished searches the team may have at a time; 0: no limit."},
    {.name = "boards",
     .letter = 'b',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, boards),
     .argument = "N",
     .min = 0,
     .max = 100000,
     .help = "set: boards the team may use at a time; 0: no limit."},
    {.name = "hours-per-day",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct settings, hours),
     .argument = "H",
     .min = 0,
     .max = 1000000,
     .help = "set: board-hours the team may use per day (UTC); 0: no limit."},
    {.name = "uploads",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct settings, uploads),
     .argument = "BYTES",
     .min = 0,
     .max = 1e15,
     .help = "set: bytes of uploads the master keeps for the team (16Gi), each counts as 64Ki at least; 0: no limit; a new team has 8Gi."},
    {.name = "disk",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct settings, disk),
     .argument = "BYTES",
     .min = 0,
     .max = 1e15,
     .help = "set: bytes of the master's store that the team's searches may take (16Gi); beyond it they wait; 0: no limit; a new team has 8Gi."},
    {.name = "share",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, share),
     .help = "set: share measurements with the other teams that share."},
    {.name = "no-share", .type = OPTION_FLAG, .offset = offsetof(struct settings, no_share), .help = "set: keep measurements to the team."},
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static void print_bytes(struct text_table *t, uint64_t used, uint64_t most)
{
    double mib = 1048576;
    if (most && most != UINT64_MAX)
        text_table_cell(t, "%.4g/%.6g MiB", (double)used / mib, (double)most / mib);
    else
        text_table_cell(t, "%.4g MiB", (double)used / mib);
}

static void print_teams(const Sonata__Reply *reply)
{
    static const char *const heading[] = {"team", "weight", "unfinished", "boards", "today", "searches", "board time", "disk", "uploads", "shares"};
    struct text_table *t = text_table_new();
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        text_table_column(t, heading[i], i >= 1 && i <= 8);
    for (size_t i = 0; i < reply->n_teams; i++) {
        const Sonata__TeamInfo *m = reply->teams[i];
        char used[16], most[16];
        text_table_cell(t, "%s", m->name);
        text_table_cell(t, "%g", m->weight);
        text_table_cell(t, m->searches_max ? "%u/%u" : "%u", m->searches_unfinished, m->searches_max);
        text_table_cell(t, m->boards_max ? "%u/%u" : "%u", m->boards, m->boards_max);
        format_duration(m->day_ns, used);
        format_duration(m->day_ns_max, most);
        text_table_cell(t, m->day_ns_max ? "%s/%s" : "%s", used, most);
        text_table_cell(t, "%u", m->searches);
        format_duration(m->board_ns, used);
        text_table_cell(t, "%s", used);
        print_bytes(t, m->disk, m->disk_max);
        print_bytes(t, m->uploaded, m->uploads_max);
        text_table_cell(t, "%s", m->share ? "yes" : "no");
    }
    text_table_print(t, stdout);
    text_table_free(t);
    if (!reply->n_teams)
        puts("no teams; make one: sonata teams set NAME");
}

static int print_json(const Sonata__Reply *reply)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < reply->n_teams; i++)
        cJSON_AddItemToArray(list, json_team(reply->teams[i]));
    return json_print(list);
}

static int call(struct session *session, const char *action, Sonata__TeamInfo *team, Sonata__Envelope **ret_reply, struct sonata_error *err)
{
    Sonata__Request request = SONATA__REQUEST__INIT;
    Sonata__Teams teams = SONATA__TEAMS__INIT;
    teams.action = (char *)action;
    teams.team = team;
    request.verb_case = SONATA__REQUEST__VERB_TEAMS;
    request.teams = &teams;
    return session_call_all(session, &request, ret_reply, err);
}

/* What is not given stays as it is; a new team is ordinary. */
static int set_team(struct session *session, const struct settings *s, const char *name, struct sonata_error *err)
{
    cleanup_envelope Sonata__Envelope *known = NULL, *reply = NULL;
    Sonata__TeamInfo team = SONATA__TEAM_INFO__INIT;
    team.weight = 1;
    int r = call(session, "list", NULL, &known, err);
    for (size_t i = 0; !r && i < known->reply->n_teams; i++) {
        const Sonata__TeamInfo *m = known->reply->teams[i];
        if (strcmp(m->name, name))
            continue;
        team.weight = m->weight;
        team.searches_max = m->searches_max;
        team.boards_max = m->boards_max;
        team.day_ns_max = m->day_ns_max;
        team.share = m->share;
    }
    team.name = (char *)name;
    if (s->weight >= 0)
        team.weight = s->weight;
    if (s->searches >= 0)
        team.searches_max = (uint32_t)s->searches;
    if (s->boards >= 0)
        team.boards_max = (uint32_t)s->boards;
    if (s->hours >= 0)
        team.day_ns_max = (int64_t)(s->hours * 3600e9);
    if (s->uploads >= 0)
        team.uploads_max = s->uploads > 0 ? (uint64_t)ceil(s->uploads) : UINT64_MAX; /* else 0: as it is */
    if (s->disk >= 0)
        team.disk_max = s->disk > 0 ? (uint64_t)ceil(s->disk) : UINT64_MAX;
    team.share = (team.share || s->share) && !s->no_share;
    return r ? r : call(session, "set", &team, &reply, err);
}

int cmd_teams(const struct command *self, int argc, char **argv)
{
    struct settings s = {.searches = -1, .boards = -1, .weight = -1, .hours = -1, .uploads = -1, .disk = -1};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    const char *action = rest < argc ? argv[rest] : "list";
    const char *name = rest + 1 < argc ? argv[rest + 1] : NULL;
    bool set = !strcmp(action, "set");
    if (!set && strcmp(action, "list"))
        return command_fail(self, CLI_USAGE, "'%s': list or set is expected", action);
    if (set && !name)
        return command_fail(self, CLI_USAGE, "set needs a NAME");
    if (s.share && s.no_share)
        return command_fail(self, CLI_USAGE, "--share and --no-share are given together; expected one of them");
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = set ? set_team(session, &s, name, &err) : call(session, "list", NULL, &reply, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (set && s.common.json)
        return json_done(action, name);
    if (set) {
        printf("team %s is set\n", name);
        return CLI_OK;
    }
    if (s.common.json)
        return print_json(reply->reply);
    print_teams(reply->reply);
    return CLI_OK;
}
