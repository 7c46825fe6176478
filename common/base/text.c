/* See text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/medium.h"

struct text_builder text_begin(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct text_builder){.at = buffer, .size = size};
}

/* Takes back the bytes at the end that are the beginning of a character only. */
static size_t whole_characters(const char *text, size_t n)
{
    size_t begin = n;
    while (begin && n - begin < 3 && ((unsigned char)text[begin - 1] & 0xC0) == 0x80)
        begin--;
    if (!begin || !((unsigned char)text[begin - 1] & 0x80))
        return n;
    unsigned char first = (unsigned char)text[begin - 1];
    size_t length = first >= 0xF0 ? 4 : 2 + (first >= 0xE0);
    return n - (begin - 1) < length ? begin - 1 : n;
}

static void add(struct text_builder *t, const char *format, va_list args)
{
    if (t->cut)
        return;
    int n = vsnprintf(t->at + t->used, t->size - t->used, format, args);
    if (n < 0)
        return;
    t->cut = (size_t)n >= t->size - t->used;
    if (t->cut)
        t->used = whole_characters(t->at, t->size - 1);
    else
        t->used += (size_t)n;
    t->at[t->used] = '\0';
}

void text_add(struct text_builder *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(t, format, args);
    va_end(args);
}

void text_join(struct text_builder *t, const char *separator, const char *format, ...)
{
    if (t->used)
        text_add(t, "%s", separator);
    va_list args;
    va_start(args, format);
    add(t, format, args);
    va_end(args);
}

void text_last_line(const char *text, size_t n, char *line, size_t size)
{
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    size_t from = n;
    while (from && text[from - 1] != '\n')
        from--;
    struct text_builder t = text_begin(line, size);
    if (n > from)
        text_add(&t, "%.*s", (int)(n - from), text + from);
}

/* Levenshtein distance of words up to 47 characters; longer ones are far from everything. */
static unsigned edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned row[48];
    if (n > 47 || m > 47)
        return 99;
    for (unsigned j = 0; j <= m; j++)
        row[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    unsigned least = strlen(word) > 4 ? 3 : 2;
    for (size_t i = 0; i < n; i++) {
        unsigned d = edit_distance(word, candidates[i]);
        if (d < least) {
            least = d;
            best = candidates[i];
        }
    }
    return best;
}

void text_last_lines(const char *text, size_t n, char *lines, size_t size)
{
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    size_t from = n > size - 1 ? n - (size - 1) : 0, k = 0;
    const char *end_of_line = from && text[from - 1] != '\n' ? memchr(text + from, '\n', n - from) : NULL;
    if (end_of_line)
        from = (size_t)(end_of_line - text) + 1;
    while (from < n && ((unsigned char)text[from] & 0xC0) == 0x80) /* not in the middle of a character */
        from++;
    for (size_t i = from; i < n; i++) {
        if (text[i] != '\r' && text[i])
            lines[k++] = text[i];
    }
    lines[k] = '\0';
    text_plain(lines, true);
}
