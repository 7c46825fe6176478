/* What the check of a store finds. */
#include "run/check_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { FINDINGS_SHOWN = 100 };

void check_finding(struct check *c, const char *format, ...)
{
    char line[700] = "PROBLEM ";
    if (c->findings++ >= FINDINGS_SHOWN)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(line + 8, sizeof line - 8, format, args);
    va_end(args);
    c->say(c->user, line);
}

bool check_has(struct check *c, enum store_db db, struct store_key key)
{
    cleanup_bytes struct bytes b = {0};
    return !store_get_committed(c->store, db, key, &b);
}
