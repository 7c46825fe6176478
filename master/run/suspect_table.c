/* Failures of open evaluations on boards with canaries, in memory and in the store (suspect.c judges them). */
#include "run/suspect_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct suspects {
    struct map open; /* open evaluation → struct suspect_record */
};

struct suspects *suspects_new(void) { return xcalloc(1, sizeof(struct suspects)); }

void suspect_put(struct engine *r, const struct suspect_record *s)
{
    cleanup_bytes struct bytes b = {0};
    suspect_record_encode(s, &b);
    store_put(r->store, STORE_SUSPECT, key_u64(s->evaluation), b.data, b.size);
}

static int suspect_read(struct engine *r, uint64_t evaluation, struct suspect_record *ret_record)
{
    cleanup_bytes struct bytes b = {0};
    int rc = store_get(r->store, STORE_SUSPECT, key_u64(evaluation), &b);
    return rc ? rc : suspect_record_decode(b.data, b.size, ret_record);
}

void suspect_load(struct engine *r, uint64_t evaluation)
{
    struct suspect_record s;
    if (!suspect_read(r, evaluation, &s))
        map_set(&r->suspects->open, evaluation, xmemdup(&s, sizeof s));
}

void suspects_free(struct suspects *t)
{
    if (!t)
        return;
    map_fini_free(&t->open);
    free(t);
}

struct suspect_record *suspect_find(const struct engine *r, uint64_t evaluation) { return map_get(&r->suspects->open, evaluation); }

struct suspect_record *suspect_get(struct engine *r, uint64_t evaluation)
{
    struct suspect_record *s = suspect_find(r, evaluation);
    if (s)
        return s;
    s = xcalloc(1, sizeof *s);
    s->evaluation = evaluation;
    map_set(&r->suspects->open, evaluation, s);
    return s;
}

struct suspect_record *suspect_next(const struct engine *r, uint32_t *at) { return map_next(&r->suspects->open, at); }

void suspect_keep_record(struct engine *r, uint64_t evaluation) { free(map_remove(&r->suspects->open, evaluation)); }

/* Closed in another way: nothing to prove any more. */
void suspect_forget(struct engine *r, uint64_t evaluation)
{
    struct suspect_record *s = map_remove(&r->suspects->open, evaluation);
    if (s)
        store_erase(r->store, STORE_SUSPECT, key_u64(evaluation));
    free(s);
}

bool suspect_is_first_of_board(const struct suspect_record *s, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++) {
        if (!strcmp(s->failure[k].board, s->failure[i].board))
            return false;
    }
    return true;
}

void suspect_reason_of(const struct suspect_record *s, char reason[REASON_MAX])
{
    size_t used = (size_t)snprintf(reason, REASON_MAX, "infeasible:kills_board");
    for (uint32_t i = 0; i < s->n && used + BOARD_NAME_MAX + 2 < REASON_MAX; i++) {
        if (suspect_is_first_of_board(s, i))
            used +=
                (size_t)snprintf(reason + used, REASON_MAX - used, "%s %s", used > sizeof "infeasible:kills_board" ? "," : "", s->failure[i].board);
    }
}

void suspect_reason(struct engine *r, uint64_t evaluation, char reason[REASON_MAX])
{
    struct suspect_record s = {0};
    (void)!suspect_read(r, evaluation, &s);
    suspect_reason_of(&s, reason);
}
