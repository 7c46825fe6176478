/* `sonata-master --check`: the promises between the databases, verified from what is stored and nothing else. Every search is run again from its
 * event log (from the start when its algorithm is quick, else from the snapshot) and its front is recomputed from the individuals by pairwise
 * comparison. */
#include "run/check_internal.h"

#include <stdio.h>
#include <stdlib.h>

static void check_counter(struct check *c, const char *name, uint64_t largest)
{
    uint64_t next = store_counter(c->store, name);
    if (largest && next <= largest)
        check_finding(c, "%s is %llu but %llu exists: ids would be given twice", name, (ull)next, (ull)largest);
}

static void check_counts(struct check *c)
{
    uint64_t measurements = store_count(c->store, STORE_MEASUREMENT), again = store_count(c->store, STORE_RETELL);
    if (c->with_measurement != measurements)
        check_finding(c, "%llu attempts have a measurement but %llu measurements are stored", (ull)c->with_measurement, (ull)measurements);
    if (c->again != again)
        check_finding(c, "%llu individuals are measured again but %llu are listed", (ull)c->again, (ull)again);
    if (c->board_events.count)
        check_finding(c, "there are events of boards that are not known");
    check_counter(c, "next_attempt", c->max_attempt);
    check_counter(c, "next_evaluation", c->max_evaluation);
}

static void say_counts(const struct check *c)
{
    char line[200];
    for (unsigned db = 0; db < STORE_DB_COUNT; db++) {
        snprintf(line, sizeof line, "%-16s %llu", store_db_name((enum store_db)db), (ull)store_count(c->store, (enum store_db)db));
        c->say(c->user, line);
    }
    snprintf(line, sizeof line, c->findings ? "%llu problems found" : "no problems found", (ull)c->findings);
    c->say(c->user, line);
}

uint64_t engine_check(struct store *store, void (*say)(void *user, const char *line), void *user)
{
    struct check c = {.store = store, .say = say, .user = user};
    const struct {
        enum store_db db;
        bool (*each)(void *, const uint8_t *, size_t, const uint8_t *, size_t);
    } pass[] = {{STORE_ATTEMPT, check_attempt},
                {STORE_MEASUREMENT, check_measurement},
                {STORE_EVALUATION, check_evaluation},
                {STORE_EVALUATION_KEY, check_index},
                {STORE_BLOB, check_blob},
                {STORE_BLOB_POOL, check_blob_pool},
                {STORE_ARTEFACT, check_artefact},
                {STORE_SURROGATE, check_surrogate},
                {STORE_SEARCH, check_search},
                {STORE_INVALID, check_invalid},
                {STORE_BOARD_EVENT, check_board_event},
                {STORE_BOARD_HEALTH, check_board_health},
                {STORE_SUSPECT, check_suspect}};
    for (size_t i = 0; i < sizeof pass / sizeof *pass; i++) {
        if (store_scan(store, pass[i].db, (struct store_key){0}, 0, pass[i].each, &c))
            check_finding(&c, "database %s cannot be read", store_db_name(pass[i].db));
    }
    check_counts(&c);
    check_artefact_folder(&c);
    map_fini(&c.leases);
    map_fini(&c.accepted);
    map_fini(&c.numbers);
    map_fini(&c.board_events);
    free(c.individual);
    say_counts(&c);
    return c.findings;
}
