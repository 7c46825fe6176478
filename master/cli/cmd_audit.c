/* sonata audit: who changed what. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/session.h"

struct settings {
    struct cli_common common;
    int64_t max;
};

const struct option_def audit_options[] = {
    CLI_SERVER_OPTIONS(struct settings),
    {.name = "max",
     .letter = 'n',
     .type = OPTION_INT,
     .offset = offsetof(struct settings, max),
     .argument = "N",
     .standard = "100",
     .min = 1,
     .max = 10000000,
     .help = "Show the newest N entries."},
    CLI_JSON_OPTION(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

int cmd_audit(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_envelope Sonata__Envelope *reply = NULL;
    Sonata__Request request = SONATA__REQUEST__INIT;
    Sonata__GetAudit audit = SONATA__GET_AUDIT__INIT;
    audit.max = (uint32_t)s.max;
    request.verb_case = SONATA__REQUEST__VERB_AUDIT;
    request.audit = &audit;
    int r = session_open_common(&s.common, &session, &err);
    if (!r)
        r = session_call_all(session, &request, &reply, &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    cJSON *list = s.common.json ? cJSON_CreateArray() : NULL;
    for (size_t i = 0; i < reply->reply->n_audit; i++) {
        const Sonata__AuditEntry *e = reply->reply->audit[i];
        char when[24];
        clock_format_utc(e->wall_ns, when);
        if (!list) {
            printf("%s  %-16s %s\n", when, e->actor, e->text);
            continue;
        }
        cJSON *o = cJSON_CreateObject();
        json_integer(o, "id", (int64_t)e->id);
        cJSON_AddStringToObject(o, "when", when);
        cJSON_AddStringToObject(o, "actor", e->actor);
        cJSON_AddStringToObject(o, "text", e->text);
        cJSON_AddItemToArray(list, o);
    }
    return list ? json_print(list) : CLI_OK;
}
