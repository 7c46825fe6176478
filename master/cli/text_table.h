/* Text tables for people: columns as wide as their widest cell, numbers right-aligned. */
#ifndef SONATA_CLI_TEXT_TABLE_H
#define SONATA_CLI_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum { TABLE_COLUMNS_MAX = 32 };

struct text_table;

/* An empty table; free with text_table_free(). */
struct text_table *text_table_new(void);
/* Frees it with all it holds; NULL is allowed. */
void text_table_free(struct text_table *t);
/* Adds a column before the first row. */
void text_table_column(struct text_table *t, const char *heading, bool right);
/* Appends the next cell; rows fill up left to right. */
void text_table_cell(struct text_table *t, const char *format, ...) SONATA_PRINTF(2, 3);
/* Prints heading and rows; nothing when there are no rows. */
void text_table_print(const struct text_table *t, FILE *out);

#endif
