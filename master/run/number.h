/* Numbers of searches within their teams. */
#ifndef SONATA_RUN_NUMBER_H
#define SONATA_RUN_NUMBER_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct numbers *numbers_new(void);
/* Frees it with all it holds; NULL is allowed. */
void numbers_free(struct numbers *n);
/* The next number of its team, at its submission (or when a record from before there were numbers is loaded), and enters it. */
void number_give(struct search *rs);
/* Enters a search that has its number. */
void number_index(struct search *rs);

#endif
