/* What is said about options: expectations, names, help. See option.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"

/* " from 1 to 5"; sizes as people write them. */
static void add_bounds(const struct option_def *def, struct text_builder *t)
{
    static const struct {
        double unit;
        const char *suffix;
    } units[] = {{1 << 30, "Gi"}, {1 << 20, "Mi"}, {1 << 10, "Ki"}, {1, ""}};
    if (def->min == 0 && def->max == 0)
        return;
    size_t u = def->type == OPTION_SIZE ? 0 : 3;
    while (u < 3 && (def->min < units[u].unit || fmod(def->min, units[u].unit) != 0))
        u++;
    text_add(t, " from %.15g%s to %.15g", def->min / units[u].unit, units[u].suffix, def->max);
}

void option_expected(const struct option_def *def, char *text, size_t size)
{
    static const char *const what[] = {[OPTION_FLAG] = "true or false, on or off",
                                       [OPTION_INT] = "a whole number",
                                       [OPTION_COUNT] = "a whole number",
                                       [OPTION_NUMBER] = "a number",
                                       [OPTION_SIZE] = "a size such as 64Ki or 1Gi",
                                       [OPTION_DURATION] = "a duration such as 90s, 15m or 2h, in seconds",
                                       [OPTION_PART] = "a mapping"};
    char keys[240];
    struct text_builder t = text_begin(text, size);
    if ((def->type == OPTION_PART || def->type == OPTION_LIST) && def->max > 0) {
        const char *format = def->min == def->max ? "a list of exactly %g entries" : "a list of %g to %g entries";
        text_add(&t, format, def->min, def->max);
        return;
    }
    if (def->type == OPTION_PART && def->keys) {
        option_names(def->keys, keys, sizeof keys);
        text_add(&t, "a mapping with the keys %s", keys);
        return;
    }
    if (def->choices)
        text_add(&t, "one of %s", def->choices);
    else if (def->size)
        text_add(&t, "a text of 1 to %zu characters", def->size - 1);
    else
        text_add(&t, "%s", (size_t)def->type < sizeof what / sizeof *what && what[def->type] ? what[def->type] : "a text");
    add_bounds(def, &t);
}

void option_names(const struct option_def *table, char *text, size_t size)
{
    struct text_builder t = text_begin(text, size);
    for (; table->name; table++)
        text_join(&t, ", ", "%s", table->name);
}

int option_unknown(const struct option_def *table, const char *name, struct sonata_error *err)
{
    const char *candidate[64];
    char names[360];
    size_t n = 0;
    for (const struct option_def *d = table; d->name && n < 64; d++)
        candidate[n++] = d->name;
    option_names(table, names, sizeof names);
    const char *near = nearest_word(name, candidate, n);
    if (near)
        return sonata_error_set(err, -ENOENT, "unknown key '%.40s': did you mean '%s'? expected %s", name, near, names);
    return sonata_error_set(err, -ENOENT, "unknown key '%.40s'; expected %s", name, names);
}

const char *option_argument(const struct option_def *def)
{
    if (def->argument)
        return def->argument;
    return def->type == OPTION_CHOICE ? def->choices : "VALUE";
}

enum { HELP_COLUMN = 30, HEAD_MAX = 26 };

void option_help(const struct option_def *def, const char *before, const char *link, FILE *out)
{
    char head[160];
    const char *argument = def->type == OPTION_FLAG && !def->argument ? "" : option_argument(def);
    snprintf(head, sizeof head, "%s%s%s%s", before, def->name, argument[0] ? link : "", argument);
    if (strlen(head) > HEAD_MAX)
        fprintf(out, "  %s\n%*s", head, HELP_COLUMN, "");
    else
        fprintf(out, "  %-*s  ", HEAD_MAX, head);
    for (const char *p = def->help; *p; p++) { /* help of several lines stands in its column */
        fputc(*p, out);
        if (*p == '\n')
            fprintf(out, "%*s", HELP_COLUMN, "");
    }
    if (def->standard && def->type != OPTION_FLAG)
        fprintf(out, " [%s]", def->standard);
    fputc('\n', out);
}
