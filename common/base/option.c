/* See option.h. */
#include "base/option.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"

#define SIZE_BYTES_MAX 1e15

static void *at(const struct option_def *def, void *settings) { return (char *)settings + def->offset; }

static int misfit(const struct option_def *def, const char *text, struct sonata_error *err)
{
    char expected[300];
    option_expected(def, expected, sizeof expected);
    return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected %s", text, expected);
}

static bool in_range(const struct option_def *def, double v) { return (def->min == 0 && def->max == 0) || (v >= def->min && v <= def->max); }

/* Which of the words of "a|b|c" the text is, from 0; -1: none. */
static int choice_of(const char *choices, const char *text)
{
    size_t n = strlen(text);
    int index = 0;
    for (const char *p = choices; p; index++) {
        if (n && !strncmp(p, text, n) && (p[n] == '|' || !p[n]))
            return index;
        p = strchr(p, '|');
        p = p ? p + 1 : NULL;
    }
    return -1;
}

static int set_flag(const struct option_def *def, const char *text, bool *value, struct sonata_error *err)
{
    int word = choice_of("false|off|no|true|on|yes", text);
    if (word < 0)
        return misfit(def, text, err);
    *value = word >= 3;
    return 0;
}

static int set_number(const struct option_def *def, const char *text, void *settings, struct sonata_error *err)
{
    double v;
    int64_t i;
    switch (def->type) {
    case OPTION_INT:
    case OPTION_COUNT:
        if (parse_i64(text, INT64_MIN, INT64_MAX, &i) || !in_range(def, (double)i) || (def->type == OPTION_COUNT && (i < 0 || i > UINT32_MAX)))
            return misfit(def, text, err);
        if (def->type == OPTION_COUNT)
            *(uint32_t *)at(def, settings) = (uint32_t)i;
        else
            *(int64_t *)at(def, settings) = i;
        return 0;
    case OPTION_DURATION:
        if (parse_duration_ns(text, &i) || !in_range(def, (double)i * 1e-9))
            return misfit(def, text, err);
        *(int64_t *)at(def, settings) = i;
        return 0;
    case OPTION_SIZE:
        if (parse_quantity(text, &v) || !in_range(def, v) || !(v >= 0 && v <= SIZE_BYTES_MAX))
            return misfit(def, text, err);
        *(uint64_t *)at(def, settings) = (uint64_t)v;
        return 0;
    default:
        if (parse_quantity(text, &v) || !in_range(def, v))
            return misfit(def, text, err);
        *(double *)at(def, settings) = v;
        return 0;
    }
}

static int set_buffer(const struct option_def *def, const char *text, char *buffer, struct sonata_error *err)
{
    size_t n = strlen(text), before = def->joins ? strlen(buffer) : 0, comma = before > 0;
    if (!n || before + comma + n >= def->size || (def->choices && choice_of(def->choices, text) < 0))
        return misfit(def, text, err);
    int r = def->check ? def->check(text, err) : 0;
    if (r)
        return r;
    if (comma)
        buffer[before] = ',';
    memcpy(buffer + before + comma, text, n + 1);
    return 0;
}

static bool is_too_long(const struct option_def *def, const char *text) { return def->size && (!text[0] || strlen(text) >= def->size); }

static int set_text(const struct option_def *def, const char *text, void *settings, struct sonata_error *err)
{
    struct option_list *list = at(def, settings);
    int choice;
    switch (def->type) {
    case OPTION_CHOICE:
    case OPTION_WORD:
        choice = choice_of(def->choices, text);
        if (choice < 0)
            return misfit(def, text, err);
        if (def->type == OPTION_WORD)
            *(uint32_t *)at(def, settings) = (uint32_t)choice;
        else
            *(const char **)at(def, settings) = text;
        return 0;
    case OPTION_BUFFER:
        return set_buffer(def, text, at(def, settings), err);
    case OPTION_LIST:
        if (list->n == OPTION_LIST_MAX)
            return sonata_error_set(err, -EINVAL, "given more than %d times", OPTION_LIST_MAX);
        if (is_too_long(def, text))
            return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected a text of 1 to %zu characters", text, def->size - 1);
        list->item[list->n++] = text;
        return 0;
    case OPTION_PART:
        return misfit(def, text, err);
    default:
        if (is_too_long(def, text))
            return misfit(def, text, err);
        *(const char **)at(def, settings) = text;
        return 0;
    }
}

int option_read(const struct option_def *def, const char *text, void *settings, struct sonata_error *err)
{
    switch (def->type) {
    case OPTION_FLAG:
        return set_flag(def, text, at(def, settings), err);
    case OPTION_OWN:
        return def->take(settings, text, err);
    case OPTION_INT:
    case OPTION_COUNT:
    case OPTION_NUMBER:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return set_number(def, text, settings, err);
    default:
        return set_text(def, text, settings, err);
    }
}

const struct option_def *option_find(const struct option_def *table, const char *name)
{
    for (const struct option_def *d = table; d->name; d++) {
        if (!strcmp(d->name, name))
            return d;
    }
    return NULL;
}

int option_put(const struct option_def *table, void *settings, const char *name, const char *text, struct sonata_error *err)
{
    const struct option_def *d = option_find(table, name);
    if (!d)
        return option_unknown(table, name, err);
    int r = option_read(d, text, settings, err);
    return r ? sonata_error_prefix(err, r, "%s", name) : 0;
}

bool option_same(const struct option_def *def, const void *settings, const void *other)
{
    const char *p = (const char *)settings + def->offset, *q = (const char *)other + def->offset;
    switch (def->type) {
    case OPTION_TEXT:
    case OPTION_CHOICE: {
        const char *x = *(const char *const *)p, *y = *(const char *const *)q;
        return x == y || (x && y && !strcmp(x, y));
    }
    case OPTION_BUFFER:
        return !strcmp(p, q);
    case OPTION_FLAG:
        return *(const bool *)p == *(const bool *)q;
    case OPTION_COUNT:
    case OPTION_WORD:
        return !memcmp(p, q, sizeof(uint32_t));
    case OPTION_LIST:
    case OPTION_OWN:
    case OPTION_PART:
        return true;
    default:
        return !memcmp(p, q, sizeof(int64_t));
    }
}
