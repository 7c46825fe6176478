/* Self-contained HTML pages that commands write beside the report: light and dark by the reader's system, no script, fit for a mail. */
#ifndef SONATA_CLI_HTML_PAGE_H
#define SONATA_CLI_HTML_PAGE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"

/* Head, title and a line below it. */
void html_page_begin(struct bytes *out, const char *title, const char *lead);
/* Closes what html_page_begin() opened. */
void html_page_end(struct bytes *out);
/* Columns separated by '|'; a heading that begins with '>' is of numbers. */
void html_table_begin(struct bytes *out, const char *columns);
/* Closes the table. */
void html_table_end(struct bytes *out);
/* A row; its cells follow. */
void html_row_begin(struct bytes *out);
/* Closes the row. */
void html_row_end(struct bytes *out);
/* A cell of text, escaped. */
void html_cell(struct bytes *out, bool number, const char *format, ...) SONATA_PRINTF(3, 4);

#endif
