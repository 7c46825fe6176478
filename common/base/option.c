/* See option.h. */
#include "base/option.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/parse.h"

static void *at(const struct option_def *def, void *settings) { return (char *)settings + def->offset; }

static int range_error(const struct option_def *def, const char *text, const char *what, struct sonata_error *err)
{
    if (def->min == 0 && def->max == 0)
        return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected %s", text, what);
    return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected %s from %.15g to %.15g", text, what, def->min, def->max);
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

static int choice_error(const struct option_def *def, const char *text, struct sonata_error *err)
{
    return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected one of %s", text, def->choices);
}

static int set_flag(const char *text, bool *value, struct sonata_error *err)
{
    bool on = !strcmp(text, "true") || !strcmp(text, "on"), off = !strcmp(text, "false") || !strcmp(text, "off");
    if (!on && !off)
        return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected true or false, on or off", text);
    *value = on;
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
            return range_error(def, text, "a whole number", err);
        if (def->type == OPTION_COUNT)
            *(uint32_t *)at(def, settings) = (uint32_t)i;
        else
            *(int64_t *)at(def, settings) = i;
        return 0;
    case OPTION_DURATION:
        if (parse_duration_ns(text, &i) || !in_range(def, (double)i * 1e-9))
            return range_error(def, text, "a duration such as 90s, 15m or 2h, in seconds", err);
        *(int64_t *)at(def, settings) = i;
        return 0;
    default:
        if (parse_quantity(text, &v) || !in_range(def, v))
            return range_error(def, text, "a number", err);
        *(double *)at(def, settings) = v;
        return 0;
    }
}

static int set_text(const struct option_def *def, const char *text, void *settings, struct sonata_error *err)
{
    struct option_list *list = at(def, settings);
    int choice;
    switch (def->type) {
    case OPTION_CHOICE:
    case OPTION_WORD:
        choice = choice_of(def->choices, text);
        if (choice < 0)
            return choice_error(def, text, err);
        if (def->type == OPTION_WORD)
            *(uint32_t *)at(def, settings) = (uint32_t)choice;
        else
            *(const char **)at(def, settings) = text;
        return 0;
    case OPTION_BUFFER:
        if (!text[0] || strlen(text) >= def->size)
            return sonata_error_set(err, -EINVAL, "'%.80s' is here; expected 1 to %zu characters", text, def->size - 1);
        return copy_string(at(def, settings), def->size, text) ? 0 : -EINVAL;
    case OPTION_LIST:
        if (list->n == OPTION_LIST_MAX)
            return sonata_error_set(err, -EINVAL, "given more than %d times", OPTION_LIST_MAX);
        list->item[list->n++] = text;
        return 0;
    default:
        *(const char **)at(def, settings) = text;
        return 0;
    }
}

int option_read(const struct option_def *def, const char *text, void *settings, struct sonata_error *err)
{
    switch (def->type) {
    case OPTION_FLAG:
        return set_flag(text, at(def, settings), err);
    case OPTION_OWN:
        return def->take(settings, text, err);
    case OPTION_INT:
    case OPTION_COUNT:
    case OPTION_NUMBER:
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
