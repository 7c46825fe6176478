/* Rows that every program's table of options has (conf/options.h). SETTINGS: the program's struct, which has a member of the same name. */
#ifndef SONATA_CONF_PROGRAM_OPTIONS_H
#define SONATA_CONF_PROGRAM_OPTIONS_H

#include <stddef.h>

#include "base/option.h"

#define OPTION_ROW_LOG_JSON(SETTINGS)                                                                                                                \
    {                                                                                                                                                \
        .name = "log-json", .type = OPTION_FLAG, .offset = offsetof(SETTINGS, log_json), .help = "write log lines as JSON objects"                   \
    }
#define OPTION_ROW_LOG_LEVEL(SETTINGS)                                                                                                               \
    {                                                                                                                                                \
        .name = "log-level", .letter = 'l', .type = OPTION_CHOICE, .offset = offsetof(SETTINGS, log_level), .argument = "LEVEL", .standard = "info", \
        .choices = "error|warn|info|debug", .help = "least severe lines to write", .reloadable = true                                                \
    }
#define OPTION_ROW_READY_FD(SETTINGS, WHAT)                                                                                                          \
    {                                                                                                                                                \
        .name = "ready-fd", .type = OPTION_INT, .offset = offsetof(SETTINGS, ready_fd), .argument = "FD", .standard = "-1", .min = -1, .max = 65535, \
        .help = "write " WHAT " to this descriptor when ready, then close it"                                                                        \
    }
#define OPTION_ROW_EXIT_WITH_PARENT(SETTINGS)                                                                                                        \
    {                                                                                                                                                \
        .name = "exit-with-parent", .type = OPTION_FLAG, .offset = offsetof(SETTINGS, exit_with_parent),                                             \
        .help = "stop when the process that started this one ends"                                                                                   \
    }
#define OPTION_ROW_CONFIG(SETTINGS, LETTER, HELP)                                                                                                    \
    {                                                                                                                                                \
        .name = "config", .letter = LETTER, .type = OPTION_TEXT, .offset = offsetof(SETTINGS, config), .argument = "FILE", .help = HELP              \
    }
#define OPTION_ROW_HELP(SETTINGS)                                                                                                                    \
    {                                                                                                                                                \
        .name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = offsetof(SETTINGS, help), .help = "print this and exit"                        \
    }
#define OPTION_ROW_VERSION(SETTINGS)                                                                                                                 \
    {                                                                                                                                                \
        .name = "version", .letter = 'V', .type = OPTION_FLAG, .offset = offsetof(SETTINGS, version), .help = "print the version and exit"           \
    }

#endif
