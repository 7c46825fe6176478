/* Lines of the log, and the fields that name things in them. */
#ifndef SONATA_RUN_NOTE_H
#define SONATA_RUN_NOTE_H

#include "run/engine_internal.h"

/* Room for the fields of a search or of an evaluation. */
enum { NOTE_FIELDS_MAX = 160 };

/* Something people should read, given to the hook `note`: msg in plain words, the fields as `key=value` made by format (at most 700 bytes).
 * Nothing happens without the hook. */
void engine_note(struct engine *r, bool warning, const char *msg, const char *format, ...) SONATA_PRINTF(4, 5);
/* "search=ID team=NAME" of the search into text; returns text. */
const char *search_fields(const struct search *rs, char text[NOTE_FIELDS_MAX]);
/* "evaluation=ID search=ID team=NAME" into text; returns text. Of several searches that wait it names the first, which is charged; "-" when none
 * does. */
const char *evaluation_fields(const struct engine *r, uint64_t evaluation, char text[NOTE_FIELDS_MAX]);

#endif
