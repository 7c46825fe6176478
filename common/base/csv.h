/* Plain CSV tables (`,` separated, no quoting, header first, .gz read directly), columns looked up by name. */
#ifndef SONATA_BASE_CSV_H
#define SONATA_BASE_CSV_H

#include <stddef.h>

#include "base/error.h"

/* Cells are strings owned by the table, row major; every row has n_columns cells. */
struct csv {
    char *text;
    const char **cell;
    size_t n_columns, n_rows;
    const char **header;
};

/* Reads at most 1 GiB of text. Errors name file and line: no header, no rows, a row with another number of cells. */
int csv_read(const char *path, struct csv *ret_table, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same from memory (text is copied); `name` is used in errors. */
int csv_parse(const char *text, size_t n, const char *name, struct csv *ret_table, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void csv_fini(struct csv *table);
/* Column index or -1. */
int csv_column(const struct csv *table, const char *name);
/* Text of a cell, "" when empty; row and column must exist. It lives as long as the table. */
const char *csv_cell(const struct csv *table, size_t row, size_t column);

#endif
