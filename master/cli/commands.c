/* See commands.h. */
#include "cli/commands.h"

#include <string.h>

const struct command command_table[] = {
#define ROW(id, text_name, table, first, actions, fewest, largest, synopsis, line, body)                                                             \
    {.name = text_name,                                                                                                                              \
     .arguments = synopsis,                                                                                                                          \
     .summary = line,                                                                                                                                \
     .text = body,                                                                                                                                   \
     .options = table##_options,                                                                                                                     \
     .takes = TAKES_##first,                                                                                                                         \
     .words = actions,                                                                                                                               \
     .least = fewest,                                                                                                                                \
     .most = largest,                                                                                                                                \
     .run = cmd_##id},
#define COMMAND(id, ...) ROW(id, #id, __VA_ARGS__)
#define COMMAND_AS(id, name, ...) ROW(id, name, __VA_ARGS__)
#include "cli/commands.def"
#undef COMMAND
#undef ROW
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
