/* One row says what an option is: name, type, place, limits, words, help. Command lines, configuration files, boards and their parts, switches of a
 * search and options of the bench are tables of such rows; a value given as text always comes through option_read(), so limits and wording are the
 * same everywhere. conf/options.h has what belongs to programs: flags, environment, plain files, help; conf/yaml_options.h reads YAML by such tables.
 */
#ifndef SONATA_BASE_OPTION_H
#define SONATA_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum option_type {
    OPTION_FLAG, /* bool; no argument on a command line; as text true or false, on or off, yes or no */
    OPTION_TEXT, /* const char *; points into argv, the environment, a tree or the default: never freed; 1 to size - 1 characters where size is given
                  */
    OPTION_BUFFER,   /* char[size]: a copy; longer is an error; one of the words in `choices` where there are any */
    OPTION_INT,      /* int64_t, within min .. max */
    OPTION_COUNT,    /* uint32_t, within min .. max */
    OPTION_NUMBER,   /* double; suffixes k, M, Ki … allowed; within min .. max */
    OPTION_SIZE,     /* uint64_t bytes, with the same suffixes; within min .. max, at most 1e15 */
    OPTION_DURATION, /* int64_t nanoseconds: 90s, 15m, 2h; min and max in seconds */
    OPTION_CHOICE,   /* const char *, one of the words in `choices` ("a|b|c") */
    OPTION_WORD,     /* uint32_t or an enum: which of the words in `choices`, from 0 */
    OPTION_LIST,     /* struct option_list of texts as OPTION_TEXT; may be given several times, in a file min .. max */
    OPTION_OWN,      /* `take` reads the text */
    OPTION_PART      /* of a YAML file, not of command lines: a mapping, or with max > 0 a list of min .. max of them; `part` or `keys` reads each */
};

enum { OPTION_LIST_MAX = 32 };

struct option_list {
    unsigned n;
    const char *item[OPTION_LIST_MAX];
};

struct yaml_at; /* a place in a YAML file (conf/yaml_tree.h) */

struct option_def {
    const char *name; /* long form without dashes, also the key in a file; NULL ends the table */
    char letter;      /* short form, 0: none */
    enum option_type type;
    size_t offset;        /* of the value in the settings structure */
    size_t size;          /* of OPTION_BUFFER and OPTION_TEXT; of an entry, of a list of mappings */
    const char *argument; /* what --help calls the argument: "DIR" */
    const char *help;     /* one sentence, or several lines */
    const char *section;  /* heading that --help puts before it; NULL: none */
    const char *standard; /* default as text; NULL: what the settings hold beforehand stays, so callers initialise them */
    double min, max;      /* both 0: unbounded */
    const char *choices;
    bool reloadable; /* takes effect on SIGHUP */
    bool required;   /* a mapping of a file has to hold it */
    bool joins;      /* OPTION_BUFFER: given again, or as a list in a file, the texts are joined by commas */
    bool is_file;    /* OPTION_BUFFER: a path; a relative one lies beside the file that names it */
    uint32_t group;  /* free for the owner of the table: who reads the option */
    /* OPTION_BUFFER: whether a text that fits will do. 0 or -EINVAL with the reason; NULL: any. */
    int (*check)(const char *text, struct sonata_error *err);
    /* OPTION_OWN: reads text into the settings. 0 or -EINVAL with what is expected. */
    int (*take)(void *settings, const char *text, struct sonata_error *err);
    /* OPTION_PART: reads one mapping (or whatever value) into the settings. 0 or -EINVAL with place and reason (yaml_wrong()). */
    int (*part)(void *settings, const struct yaml_at *value, struct sonata_error *err);
    /* OPTION_PART without `part`: what a mapping holds, into the structure at `offset`; of a list into an array there, and how many are told at
     * `count`. */
    const struct option_def *keys;
    size_t count; /* offset of an unsigned in the settings structure */
};

/* Sets one option of the settings from text. -EINVAL: err says what is here and what is expected, without the option's name, which the caller puts
 * before it as its users write it. The settings are untouched then. */
int option_read(const struct option_def *def, const char *text, void *settings, struct sonata_error *err) SONATA_MUST_CHECK;
/* The row of that name, or NULL. */
const struct option_def *option_find(const struct option_def *table, const char *name);
/* Sets the option of that name. -ENOENT: the table has none, with the nearest name or all; -EINVAL: as option_read(), with the name before it. */
int option_put(const struct option_def *table, void *settings, const char *name, const char *text, struct sonata_error *err) SONATA_MUST_CHECK;
/* "unknown key 'x': did you mean 'y'? expected a, b, c" about a name that the table lacks. Returns -ENOENT. */
int option_unknown(const struct option_def *table, const char *name, struct sonata_error *err);
/* What a value looks like, for messages and help: "a whole number from 1 to 5", "one of a|b". */
void option_expected(const struct option_def *def, char *text, size_t size);
/* The names of a table's options, separated by ", ". */
void option_names(const struct option_def *table, char *text, size_t size);
/* What help calls the value of an option: "DIR", "a|b", "VALUE". */
const char *option_argument(const struct option_def *def);
/* One option's help, aligned: `before` and its name, `link` and its argument where it has one, then the text. */
void option_help(const struct option_def *def, const char *before, const char *link, FILE *out);
/* Whether two settings hold the same value of the option (of a type that is a value: no OPTION_LIST, OPTION_OWN or OPTION_PART, which count as
 * equal). */
bool option_same(const struct option_def *def, const void *settings, const void *other);

#endif
