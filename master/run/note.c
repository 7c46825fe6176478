/* Notes: what people should read in the log, with the fields that name a search or an evaluation. */
#include "run/note.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "run/evaluation_table.h"

void engine_note(struct engine *r, bool warning, const char *msg, const char *format, ...)
{
    if (!r->hooks.note)
        return;
    char fields[700];
    va_list args;
    va_start(args, format);
    log_format(fields, sizeof fields, format, args);
    va_end(args);
    r->hooks.note(r->hooks.user, warning, msg, fields);
}

const char *search_fields(const struct search *rs, char text[NOTE_FIELDS_MAX])
{
    snprintf(text, NOTE_FIELDS_MAX, "search=%llu team=%s", (unsigned long long)rs->record.id, rs->record.team[0] ? rs->record.team : "-");
    return text;
}

const char *evaluation_fields(const struct engine *r, uint64_t evaluation, char text[NOTE_FIELDS_MAX])
{
    char search[NOTE_FIELDS_MAX] = "search=- team=-"; /* nobody waits for it any more */
    const struct evaluation *e = evaluation_get(r, evaluation);
    if (e && e->n_waiters)
        search_fields(e->waiter[0].search, search);
    snprintf(text, NOTE_FIELDS_MAX, "evaluation=%llu %.120s", (unsigned long long)evaluation, search);
    return text;
}
