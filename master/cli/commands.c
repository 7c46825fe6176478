/* See commands.h. */
#include "cli/commands.h"

#include <string.h>

const struct command command_table[] = {
#define COMMAND(id, table, first, actions, fewest, largest, synopsis, line, body)                                                                    \
    {.name = #id,                                                                                                                                    \
     .arguments = synopsis,                                                                                                                          \
     .summary = line,                                                                                                                                \
     .text = body,                                                                                                                                   \
     .options = table##_options,                                                                                                                     \
     .takes = TAKES_##first,                                                                                                                         \
     .words = actions,                                                                                                                               \
     .least = fewest,                                                                                                                                \
     .most = largest,                                                                                                                                \
     .run = cmd_##id},
#include "cli/commands.def"
#undef COMMAND
    {0},
};

const struct command *command_of(const char *name)
{
    for (const struct command *c = command_table; c->name; c++) {
        if (!strcmp(c->name, name))
            return c;
    }
    return NULL;
}
