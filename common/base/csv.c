/* See csv.h. The text is split in place: one allocation for the bytes, one for the cell pointers. */
#include "base/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"

enum { COLUMNS_MAX = 4096 };

void csv_fini(struct csv *table)
{
    free(table->text);
    free(table->cell);
    free(table->header);
    *table = (struct csv){0};
}

/* Splits the line at *p (ended by \n, \r\n or the end); stores at most max cells; returns how many there were. */
static size_t split_line(char **p, const char **cells, size_t max)
{
    size_t n = 0;
    char *s = *p, *start = s;
    for (;; s++) {
        if (*s && *s != ',' && *s != '\n')
            continue;
        char c = *s;
        if (c != ',' && s > start && s[-1] == '\r')
            s[-1] = '\0';
        *s = '\0';
        if (n < max)
            cells[n] = start;
        n++;
        start = s + 1;
        if (c != ',') {
            *p = c ? s + 1 : s;
            return n;
        }
    }
}

static int parse_rows(struct csv *t, const char *name, struct sonata_error *err)
{
    char *p = t->text;
    const char **cells = xreallocarray(NULL, COLUMNS_MAX, sizeof *cells);
    size_t n = *p ? split_line(&p, cells, COLUMNS_MAX) : 0;
    if (n == 0 || n > COLUMNS_MAX || (n == 1 && !*cells[0])) {
        free(cells);
        return sonata_error_set(err, -EBADMSG, "%s:1: a header line with 1 to %d column names is expected", name, COLUMNS_MAX);
    }
    t->n_columns = n;
    t->header = xmemdup(cells, n * sizeof *cells);
    size_t capacity = 0, line = 1;
    int r = 0;
    while (*p && !r) {
        line++;
        size_t k = split_line(&p, cells, COLUMNS_MAX);
        if (k == 1 && !*cells[0])
            continue;
        if (k != n) {
            r = sonata_error_set(err, -EBADMSG, "%s:%zu: %zu cells, but the header has %zu columns", name, line, k, n);
            break;
        }
        t->cell = xgrow(t->cell, &capacity, (t->n_rows + 1) * n, sizeof *t->cell);
        memcpy(t->cell + t->n_rows * n, cells, n * sizeof *cells);
        t->n_rows++;
    }
    free(cells);
    if (!r && t->n_rows == 0)
        r = sonata_error_set(err, -ENODATA, "%s: the table has a header but no rows", name);
    return r;
}

int csv_parse(const char *text, size_t n, const char *name, struct csv *ret_table, struct sonata_error *err)
{
    if (n && memchr(text, '\0', n))
        return sonata_error_set(err, -EBADMSG, "%s: not a text file (it contains a zero byte)", name);
    if (n >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) { /* the mark that spreadsheets write before UTF-8 */
        text += 3;
        n -= 3;
    }
    struct csv t = {.text = xmalloc(n + 1)};
    if (n)
        memcpy(t.text, text, n);
    t.text[n] = '\0';
    int r = parse_rows(&t, name, err);
    if (r) {
        csv_fini(&t);
        return r;
    }
    *ret_table = t;
    return 0;
}

int csv_read(const char *path, struct csv *ret_table, struct sonata_error *err)
{
    cleanup_bytes struct bytes data = {0};
    int r = file_read(path, (size_t)1 << 30, &data, err);
    return r ? r : csv_parse((const char *)data.data, data.size, path, ret_table, err);
}

int csv_column(const struct csv *table, const char *name)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        if (!strcmp(table->header[i], name))
            return (int)i;
    }
    return -1;
}

const char *csv_cell(const struct csv *table, size_t row, size_t column)
{
    return table->cell[row * table->n_columns + column];
}
