/* See text_table.h. Widths count UTF-8 characters, not bytes. */
#define _DEFAULT_SOURCE // struct winsize
#include "cli/text_table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/parse.h"

enum { CELL_MAX = 512, LAST_MIN = 16 };

struct text_table {
    size_t n_columns, n_cells, capacity;
    char *heading[TABLE_COLUMNS_MAX];
    bool right[TABLE_COLUMNS_MAX];
    char **cell;
};

struct text_table *text_table_new(void)
{
    return xcalloc(1, sizeof(struct text_table));
}

void text_table_free(struct text_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n_columns; i++)
        free(t->heading[i]);
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cell[i]);
    free(t->cell);
    free(t);
}

void text_table_column(struct text_table *t, const char *heading, bool right)
{
    assert(t->n_columns < TABLE_COLUMNS_MAX && !t->n_cells);
    t->right[t->n_columns] = right;
    t->heading[t->n_columns++] = xstrdup(heading);
}

void text_table_cell(struct text_table *t, const char *format, ...)
{
    char text[CELL_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    t->cell = xgrow(t->cell, &t->capacity, t->n_cells + 1, sizeof *t->cell);
    t->cell[t->n_cells++] = xstrdup(text);
}

/* Characters of UTF-8 text: bytes that do not continue one. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Columns of the terminal that `out` is; 0: it is none. */
static size_t terminal_width(FILE *out)
{
    struct winsize size;
    uint64_t columns;
    const char *text = getenv("COLUMNS");
    if (text && !parse_u64(text, 20, 10000, &columns))
        return columns;
    return isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size) ? size.ws_col : 0;
}

/* The last cell of a row, in the `room` characters that are left (0: as it is). */
static void print_last(const char *text, size_t room, FILE *out)
{
    if (!room || width_of(text) <= room) {
        fputs(text, out);
        return;
    }
    size_t n = 0;
    const char *p = text;
    for (; *p && (n < room - 1 || ((unsigned char)*p & 0xc0) == 0x80); p++)
        n += ((unsigned char)p[1] & 0xc0) != 0x80;
    fprintf(out, "%.*s…", (int)(p - text), text);
}

static void print_row(const struct text_table *t, char *const *row, const size_t *width, size_t room, FILE *out)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        int pad = (int)(width[c] - width_of(row[c]));
        if (c)
            fputs("  ", out);
        if (t->right[c])
            fprintf(out, "%*s%s", pad, "", row[c]);
        else if (c + 1 < t->n_columns)
            fprintf(out, "%s%*s", row[c], pad, "");
        else
            print_last(row[c], room, out);
    }
    fputc('\n', out);
}

void text_table_print(const struct text_table *t, FILE *out)
{
    size_t width[TABLE_COLUMNS_MAX];
    if (!t->n_cells)
        return;
    assert(t->n_cells % t->n_columns == 0);
    for (size_t c = 0; c < t->n_columns; c++) {
        width[c] = width_of(t->heading[c]);
        for (size_t i = c; i < t->n_cells; i += t->n_columns) {
            size_t n = width_of(t->cell[i]);
            width[c] = max_of(n, width[c]);
        }
    }
    size_t columns = terminal_width(out), used = 2 * (t->n_columns - 1);
    for (size_t c = 0; c + 1 < t->n_columns; c++)
        used += width[c];
    size_t room = columns > used + LAST_MIN ? columns - used : (size_t)LAST_MIN;
    if (!columns)
        room = 0;
    print_row(t, t->heading, width, room, out);
    for (size_t i = 0; i < t->n_cells; i += t->n_columns)
        print_row(t, t->cell + i, width, room, out);
}
