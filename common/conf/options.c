/* See options.h. Every way to give an option ends in option_set(), so ranges and wording are the same everywhere. */
#include "conf/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parse.h"

enum { OPTIONS_MAX = 64, OPTION_FILE_MAX = 1 << 18 };

static void *at(const struct option_def *def, void *settings)
{
    return (char *)settings + def->offset;
}

int option_set(const struct option_def *def, const char *text, void *settings, struct sonata_error *err)
{
    int r = option_read(def, text, settings, err);
    return r ? sonata_error_prefix(err, r, "--%s", def->name) : 0;
}

void options_defaults(const struct option_def *table, void *settings)
{
    for (const struct option_def *d = table; d->name; d++) {
        struct sonata_error err = {{0}};
        if (d->standard && option_set(d, d->standard, settings, &err)) {
            fprintf(stderr, "default of %s\n", err.text);
            abort();
        }
    }
}

int options_environment(const struct option_def *table, const char *prefix, void *settings, struct sonata_error *err)
{
    for (const struct option_def *d = table; d->name; d++) {
        char name[96];
        snprintf(name, sizeof name, "%s_%s", prefix, d->name);
        for (char *p = name; *p; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        const char *text = getenv(name);
        if (!text || !text[0])
            continue;
        int r = option_set(d, text, settings, err);
        if (r)
            return sonata_error_prefix(err, r, "environment variable %s", name);
    }
    return 0;
}

/* getopt tables of the option table; returns the number of options. */
static int build_getopt(const struct option_def *table, struct option *longs, char *letters)
{
    int n = 0;
    size_t k = 0;
    letters[k++] = ':'; /* a missing argument is told apart from an unknown option */
    for (; table[n].name; n++) {
        assert(n < OPTIONS_MAX);
        int has = table[n].type == OPTION_FLAG ? no_argument : required_argument;
        longs[n] = (struct option){.name = table[n].name, .has_arg = has, .val = 256 + n};
        if (table[n].letter) {
            letters[k++] = table[n].letter;
            if (has == required_argument)
                letters[k++] = ':';
        }
    }
    longs[n] = (struct option){0};
    letters[k] = 0;
    return n;
}

static const struct option_def *find_letter(const struct option_def *table, int letter)
{
    for (const struct option_def *d = table; d->name; d++) {
        if (d->letter && d->letter == letter)
            return d;
    }
    return NULL;
}

int options_parse(const struct option_def *table, int argc, char **argv, void *settings, int *ret_rest, struct sonata_error *err)
{
    struct option longs[OPTIONS_MAX + 1];
    char letters[3 * OPTIONS_MAX + 2];
    build_getopt(table, longs, letters);
    bool replaced[OPTIONS_MAX] = {false};
    opterr = 0;
    optind = 0; /* glibc: start over, also after an earlier parse */
    for (;;) {
        int c = getopt_long(argc, argv, letters, longs, NULL);
        if (c == -1)
            break;
        if (c == ':')
            return sonata_error_set(err, -EINVAL, "option '%s' needs a value; see --help", argv[optind - 1]);
        if (c == '?')
            return sonata_error_set(err, -EINVAL, "unknown or ambiguous option '%s'; see --help", argv[optind - 1]);
        const struct option_def *d = c >= 256 ? &table[c - 256] : find_letter(table, c);
        if (d->type == OPTION_LIST && !replaced[d - table]) { /* the first flag replaces what file or environment gave */
            ((struct option_list *)at(d, settings))->n = 0;
            replaced[d - table] = true;
        }
        int r = option_set(d, d->type == OPTION_FLAG ? "true" : optarg, settings, err);
        if (r)
            return r;
    }
    *ret_rest = optind;
    return 0;
}

/* One line "name: value # comment" in place; *ret_name is NULL for an empty line. */
static int split_line(char *line, char **ret_name, char **ret_value)
{
    *ret_name = NULL;
    char *hash = line[0] == '#' ? line : strstr(line, " #");
    if (hash)
        *hash = 0;
    size_t n = strlen(line);
    while (n && isspace((unsigned char)line[n - 1]))
        line[--n] = 0;
    line += strspn(line, " \t");
    if (!line[0])
        return 0;
    char *colon = strchr(line, ':');
    if (!colon)
        return -EINVAL;
    *colon = 0;
    *ret_name = line;
    *ret_value = colon + 1 + strspn(colon + 1, " \t");
    return 0;
}

int options_file(const struct option_def *table, const char *path, void *settings, struct bytes *keep, struct sonata_error *err)
{
    int r = file_read(path, OPTION_FILE_MAX, keep, err);
    if (r)
        return r;
    if (keep->size && memchr(keep->data, 0, keep->size))
        return sonata_error_set(err, -EINVAL, "%s: holds a zero byte; expected a text file", path);
    bytes_put_u8(keep, 0);
    unsigned number = 0;
    for (char *line = (char *)keep->data, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        number++;
        char *name, *value = NULL;
        if (split_line(line, &name, &value))
            return sonata_error_set(err, -EINVAL, "%s:%u: expected `name: value`", path, number);
        if (!name)
            continue;
        const struct option_def *d = option_find(table, name);
        if (!d)
            return sonata_error_set(err, -EINVAL, "%s:%u: unknown key '%.60s'; see --help for the names", path, number, name);
        r = option_set(d, value, settings, err);
        if (r)
            return sonata_error_prefix(err, r, "%s:%u", path, number);
    }
    return 0;
}

static void print_help_line(const struct option_def *d, FILE *out)
{
    char before[8] = "    --";
    if (d->letter)
        snprintf(before, sizeof before, "-%c, --", d->letter);
    option_help(d, before, " ", out);
}

void options_help(const struct option_def *table, FILE *out)
{
    for (const struct option_def *d = table; d->name; d++) {
        if (d->section)
            fprintf(out, "%s%s\n", d == table ? "" : "\n", d->section);
        print_help_line(d, out);
    }
}

static void dump_value(const struct option_def *d, const void *settings, FILE *out)
{
    const void *value = (const char *)settings + d->offset;
    if (d->type == OPTION_FLAG)
        fputs(*(const bool *)value ? "true" : "false", out);
    else if (d->type == OPTION_INT)
        fprintf(out, "%lld", (long long)*(const int64_t *)value);
    else if (d->type == OPTION_DURATION)
        fprintf(out, "%.15gs", (double)*(const int64_t *)value * 1e-9);
    else if (d->type == OPTION_NUMBER)
        fprintf(out, "%.15g", *(const double *)value);
    else if (d->type == OPTION_COUNT)
        fprintf(out, "%u", *(const uint32_t *)value);
    else if (d->type == OPTION_BUFFER)
        fputs(value, out);
    else
        fputs(*(const char *const *)value ? *(const char *const *)value : "", out);
}

void options_dump(const struct option_def *table, const void *settings, FILE *out)
{
    for (const struct option_def *d = table; d->name; d++) {
        if (d->type == OPTION_LIST) {
            const struct option_list *list = (const struct option_list *)((const char *)settings + d->offset);
            for (unsigned i = 0; i < list->n; i++)
                fprintf(out, "%s: %s\n", d->name, list->item[i]);
            continue;
        }
        if ((d->type == OPTION_TEXT || d->type == OPTION_CHOICE) && !*(const char *const *)((const char *)settings + d->offset))
            continue;
        fprintf(out, "%s: ", d->name);
        dump_value(d, settings, out);
        fputc('\n', out);
    }
}
