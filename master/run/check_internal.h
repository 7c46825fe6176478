/* What the files of the check of a store share. */
#ifndef SONATA_RUN_CHECK_INTERNAL_H
#define SONATA_RUN_CHECK_INTERNAL_H

#include "run/engine_internal.h"

struct check {
    struct store *store;
    void (*say)(void *user, const char *line);
    void *user;
    uint64_t findings;
    struct map leases;       /* (board, epoch) of every attempt: given out once */
    struct map accepted;     /* evaluation id → its one accepted attempt + 1 */
    struct map numbers;      /* hash of team and number of a search */
    struct map board_events; /* hash of a board's name → events of it */
    uint64_t with_measurement, max_attempt, max_evaluation, again;
    /* of the search being checked */
    const struct search_record *search;
    struct individual_record *individual;
    size_t n_individuals, individual_capacity;
};

typedef unsigned long long ull;

/* A number as a value of a map, never NULL. */
static inline void *check_tag(uint64_t v) { return (void *)(uintptr_t)(v + 1); }

/* findings.c */
/* Says a line and counts it; after a hundred they are only counted. */
void check_finding(struct check *c, const char *format, ...) SONATA_PRINTF(2, 3);
/* Whether the database has something committed under the key. */
bool check_has(struct check *c, enum store_db db, struct store_key key);

/* Each looks at one record (store_scan(); user is the check), tells findings, and goes on to the next: true.
 * check_records.c: records that name others. */
bool check_attempt(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_measurement(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_evaluation(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_invalid(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_index(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_board_event(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_board_health(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_suspect(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_blob(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_blob_pool(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
/* check_artefacts.c: the record of a model file, and the file. */
bool check_artefact(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
/* Files that no record names are told, not counted: a transfer that was cut off leaves them. */
void check_artefact_folder(struct check *c);
/* check_search.c: searches with their states. */
bool check_surrogate(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);
bool check_search(void *user, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value);

#endif
