/* Text put together piece by piece in a buffer of the caller: lists of names, lines of several parts. */
#ifndef SONATA_BASE_TEXT_H
#define SONATA_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Made by text_begin(). The buffer is always terminated; what does not fit is cut between two characters of UTF-8, and `cut` set. */
struct text_builder {
    char *at; /* borrowed from the caller */
    size_t size, used;
    bool cut;
};

/* A builder that writes into buffer[size], size > 0, which then is "". */
struct text_builder text_begin(char *buffer, size_t size);
/* Appends as printf does. After the first piece that was cut nothing more is added. */
void text_add(struct text_builder *t, const char *format, ...) SONATA_PRINTF(2, 3);
/* The same for the next item of a list: `separator` goes before it unless it is the first thing in the buffer. */
void text_join(struct text_builder *t, const char *separator, const char *format, ...) SONATA_PRINTF(3, 4);

/* The last line of text[n] that holds more than blanks, without blanks at its end, into line[size]: what programs say before they give up. */
void text_last_line(const char *text, size_t n, char *line, size_t size);
/* The last whole lines of text[n] that fit into lines[size], without blank ones at the end; of one line that does not fit, its end. Made plain
 * (medium.h), so that they may be shown on a terminal. */
void text_last_lines(const char *text, size_t n, char *lines, size_t size);

/* The candidate nearest to `word` when it is near enough to be a slip of the fingers (edit distance 1 or 2), else NULL. */
const char *nearest_word(const char *word, const char *const *candidates, size_t n);

#endif
