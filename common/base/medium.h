/* Text from outside, made harmless for where it goes: one function for each medium, and the grammar of names.
 *
 * Whatever comes off the wire was through text_plain() before anybody sees it (common/codec), so it has no control characters and is UTF-8; the media
 * differ in what else means something to them. */
#ifndef SONATA_BASE_MEDIUM_H
#define SONATA_BASE_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* A name of something that programs, files and tables know by it (space, gene, metric, board, worker, data set …): 1 to size - 1 of A-Z a-z 0-9 _ . +
 * -, the first a letter, digit or underscore. So it is never an option, a path of two parts, a formula or markup. */
bool name_is_valid(const char *text, size_t size);
/* What the error of a name that is none says is expected. */
#define NAME_GRAMMAR "letters, digits, _ . + and - are expected, the first of them a letter, a digit or _"

/* For a terminal, in place: control characters of C0 and C1 become blanks (line ends stay when `lines`), as do characters that turn or hide text
 * (bidirectional marks and overrides, zero width, line separators); bytes that are not UTF-8 become '?'. Never longer. */
void text_plain(char *text, bool lines);
/* For HTML, as content or in a quoted attribute: & < > " ' as entities. */
void html_text(struct bytes *out, const char *text);
/* One cell of a CSV without quoting (base/csv.h): separators, quotes and line ends become blanks; what a spreadsheet would take for a formula begins
 * with '. */
void csv_text_cell(struct bytes *out, const char *text);
/* A YAML scalar in double quotes. */
void yaml_scalar(struct bytes *out, const char *text);
/* The value of a log field, at most n bytes of it into out[size]: control characters, quotes and backslashes become blanks, ' and /; outside of
 * quotes blanks become _ . Returns its length. */
size_t log_value(char *out, size_t size, const char *text, size_t n, bool quoted);
/* An argument of a program, in place: a first - becomes _ , control characters blanks. */
void argument_text(char *text);

#endif
