/* One row says what an option is: name, type, place, limits, words, help. Command lines, configuration files, switches of a search and options of the
 * bench are tables of such rows; a value given as text always comes through option_read(), so limits and wording are the same everywhere.
 * conf/options.h has what belongs to programs: flags, environment, files, help. */
#ifndef SONATA_BASE_OPTION_H
#define SONATA_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum option_type {
    OPTION_FLAG,     /* bool; no argument on a command line; as text true or false, on or off */
    OPTION_TEXT,     /* const char *; points into argv, the environment or the default: never freed */
    OPTION_BUFFER,   /* char[size]: a copy; longer is an error */
    OPTION_INT,      /* int64_t, within min .. max */
    OPTION_COUNT,    /* uint32_t, within min .. max */
    OPTION_NUMBER,   /* double; suffixes k, M, Ki … allowed; within min .. max */
    OPTION_DURATION, /* int64_t nanoseconds: 90s, 15m, 2h; min and max in seconds */
    OPTION_CHOICE,   /* const char *, one of the words in `choices` ("a|b|c") */
    OPTION_WORD,     /* uint32_t: which of the words in `choices`, from 0 */
    OPTION_LIST,     /* struct option_list; may be given several times */
    OPTION_OWN       /* `take` reads the text */
};

enum { OPTION_LIST_MAX = 32 };

struct option_list {
    unsigned n;
    const char *item[OPTION_LIST_MAX];
};

struct option_def {
    const char *name; /* long form without dashes, also the key in a file; NULL ends the table */
    char letter;      /* short form, 0: none */
    enum option_type type;
    size_t offset;        /* of the value in the settings structure */
    size_t size;          /* OPTION_BUFFER */
    const char *argument; /* what --help calls the argument: "DIR" */
    const char *help;     /* one sentence, or several lines */
    const char *section;  /* heading that --help puts before it; NULL: none */
    const char *standard; /* default as text; NULL: what the settings hold beforehand stays, so callers initialise them */
    double min, max;      /* both 0: unbounded */
    const char *choices;
    bool reloadable; /* takes effect on SIGHUP */
    uint32_t group;  /* free for the owner of the table: who reads the option */
    /* OPTION_OWN: reads text into the settings. 0 or -EINVAL with what is expected. */
    int (*take)(void *settings, const char *text, struct sonata_error *err);
};

/* Sets one option of the settings from text. -EINVAL: err says what is here and what is expected, without the option's name, which the caller puts
 * before it as its users write it. The settings are untouched then. */
int option_read(const struct option_def *def, const char *text, void *settings, struct sonata_error *err) SONATA_MUST_CHECK;
/* The row of that name, or NULL. */
const struct option_def *option_find(const struct option_def *table, const char *name);

#endif
