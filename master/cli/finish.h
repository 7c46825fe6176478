/* Fetching a search completely and writing the files that people take away. */
#ifndef SONATA_CLI_FINISH_H
#define SONATA_CLI_FINISH_H

#include <stdio.h>

#include "cli/results.h"

struct collection {
    struct results *results;
    struct results_board board[RESULTS_BOARDS_MAX];
    size_t n_boards;
};

/* Everything a report shows: individuals, boards, raw measurements of the front, insight. */
int collect(struct session *session, uint64_t search, struct collection *ret, struct sonata_error *err) SONATA_MUST_CHECK;
/* Releases what it holds. */
void collection_fini(struct collection *c);

/* The HTML report of a collection to path, as write_output() does. */
int write_report(const struct collection *c, const char *path, struct sonata_error *err) SONATA_MUST_CHECK;
/* front.csv, front.json, all.csv and report.html into folder. */
int write_files(const struct collection *c, const char *folder, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
