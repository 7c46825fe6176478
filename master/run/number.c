/* The numbers of searches within their teams. A search's id counts the searches of all teams, so a team is shown its own count instead: 1, 2, 3 …
 * The number is in the header, hence in the transaction of the submission. Searches are never removed, so the next number follows the largest. */
#include "run/number.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

struct numbers {
    struct map by_number;    /* hash of team and number → struct search */
    struct map last_of_team; /* hash of the team → its search of the largest number */
};

struct numbers *numbers_new(void) { return xcalloc(1, sizeof(struct numbers)); }

void numbers_free(struct numbers *n)
{
    if (!n)
        return;
    map_fini(&n->by_number);
    map_fini(&n->last_of_team);
    free(n);
}

static uint64_t number_key(const char *team, uint64_t number)
{
    struct bytes b = {0};
    bytes_put_string(&b, team);
    bytes_put_u64(&b, number);
    uint64_t key = hash64(b.data, b.size);
    bytes_fini(&b);
    return key;
}

/* The search of the team with the largest number stands for its count. */
static uint64_t last_number(const struct engine *r, const char *team)
{
    const struct search *last = map_get(&r->numbers->last_of_team, hash64_text(team));
    return last && !strcmp(last->record.team, team) ? last->record.number : 0;
}

void number_index(struct search *rs)
{
    struct engine *r = rs->engine;
    const struct search_record *s = &rs->record;
    map_set(&r->numbers->by_number, number_key(s->team, s->number), rs);
    if (s->number > last_number(r, s->team))
        map_set(&r->numbers->last_of_team, hash64_text(s->team), rs);
}

void number_give(struct search *rs)
{
    rs->record.number = last_number(rs->engine, rs->record.team) + 1;
    rs->dirty = true;
    number_index(rs);
}

uint64_t engine_search_of_team(const struct engine *r, const char *team, uint64_t number)
{
    const struct search *rs = map_get(&r->numbers->by_number, number_key(team, number));
    return rs && rs->record.number == number && !strcmp(rs->record.team, team) ? rs->record.id : 0;
}
