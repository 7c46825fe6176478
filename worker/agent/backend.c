/* The list of backends, and how a backend says no. */
#include "agent/backend.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct backend_ops *const backends[] = {
#ifdef SONATA_HAVE_ENGINE
    &backend_command,
    &backend_engine,
    &backend_mcu,
#endif
    &backend_table,
};

const struct backend_ops *backend_find(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        if (!strcmp(backends[i]->name, name))
            return backends[i];
    }
    return NULL;
}

const char *backend_names(void)
{
    static char text[128];
    size_t used = 0;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        int n = snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", backends[i]->name);
        if (n < 0 || (size_t)n >= sizeof text - used)
            break;
        used += (size_t)n;
    }
    return text;
}

void measurement_fail(struct measurement *m, enum outcome outcome, const char *format, ...)
{
    char text[REASON_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    m->outcome = outcome;
    if (outcome != OUTCOME_INVALID)
        m->n_metrics = 0;
    snprintf(m->reason, sizeof m->reason, "%s: %.*s", outcome_name(outcome), (int)(sizeof m->reason - 16), text);
    for (char *c = m->reason; *c; c++) {
        if ((unsigned char)*c < 32 || *c == 127)
            *c = ' ';
    }
}
