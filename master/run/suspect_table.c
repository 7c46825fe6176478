/* Failures of open evaluations on boards with canaries, in memory and in the store (suspect.c judges them). */
#include "run/suspect_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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
        map_set(&r->suspects, evaluation, xmemdup(&s, sizeof s));
}

void suspects_free(struct engine *r)
{
    uint32_t at = 0;
    for (void *s; (s = map_next(&r->suspects, &at));)
        free(s);
    map_fini(&r->suspects);
}

/* Closed in another way: nothing to prove any more. */
void suspect_forget(struct engine *r, uint64_t evaluation)
{
    struct suspect_record *s = map_remove(&r->suspects, evaluation);
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
