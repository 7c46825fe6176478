/* Open evaluations in memory, and who waits for each. */
#ifndef SONATA_RUN_EVALUATION_TABLE_H
#define SONATA_RUN_EVALUATION_TABLE_H

#include "run/engine_internal.h"

/* An evaluation without an answer. */
struct evaluation {
    struct evaluation_record record;
    struct waiter {
        struct search *search;
        uint64_t individual;
        uint32_t group;
    } * waiter;
    uint32_t n_waiters;
    size_t waiter_capacity;
};

/* Made and freed by the engine; free takes NULL. */
struct evaluations *evaluations_new(void);
/* Frees it with all it holds; NULL is allowed. */
void evaluations_free(struct evaluations *t);
/* Reads where the ids go on, as the engine begins. */
void evaluations_load(struct engine *r);
/* The next id; that it is given out joins the transaction of the turn. */
uint64_t evaluations_new_id(struct engine *r);
/* The open evaluation of that id, or NULL. Owned by the table. */
struct evaluation *evaluation_get(const struct engine *r, uint64_t id);
/* Into the table, with nobody waiting; the caller makes it a job of the scheduler. Owned by the table. */
struct evaluation *evaluation_open(struct engine *r, const struct evaluation_record *record);
/* Out of the table and out of memory. */
void evaluation_free(struct engine *r, struct evaluation *e);
/* The group of that individual waits for it, too. */
void evaluation_wait(struct evaluation *e, struct search *rs, uint64_t individual, uint32_t group);
/* Whether it does already. */
bool evaluation_is_awaited(const struct evaluation *e, const struct search *rs, uint64_t individual, uint32_t group);
/* What a board must offer to answer it. */
struct sched_need evaluation_need(const struct evaluation_record *record);
/* The measurement it waits for joins those it has. */
bool evaluation_is_further(const struct evaluation *e);

#endif
