/* Individuals of finished searches by evaluation, while results are taken back (invalidate.c): read once into an index, in bounded steps. */
#include "run/users.h"

#include <stdlib.h>

#include "base/memory.h"
#include "run/records.h"
#include "run/searches.h"

enum { STEP_INDIVIDUALS = 2000 };

struct user_index {
    struct user *user;
    size_t n, capacity;
    bool sorted;
    uint64_t search, next; /* being indexed, and from which individual on; search 0: none */
};

struct user_index *users_new(void) { return xcalloc(1, sizeof(struct user_index)); }

static int compare_users(const void *pa, const void *pb)
{
    const struct user *a = pa, *b = pb;
    if (a->evaluation != b->evaluation)
        return a->evaluation < b->evaluation ? -1 : 1;
    if (a->search != b->search)
        return a->search < b->search ? -1 : 1;
    return (a->individual > b->individual) - (a->individual < b->individual);
}

static void index_add(struct user_index *x, uint64_t evaluation, uint64_t search, uint64_t individual)
{
    if (!evaluation)
        return;
    x->user = xgrow(x->user, &x->capacity, x->n + 1, sizeof *x->user);
    x->user[x->n++] = (struct user){evaluation, search, individual};
    x->sorted = false;
}

void users_free(struct user_index *x)
{
    if (x)
        free(x->user);
    free(x);
}

void users_forget(struct engine *r)
{
    struct user_index *x = r->users;
    if (!x->sorted && !x->search)
        return;
    free(x->user);
    *x = (struct user_index){.n = 0};
    for (uint32_t i = 0; i < searches_count(r); i++)
        searches_at(r, i)->indexed = false;
}

/* A finished search that is not in the index yet and may have been told results since then. */
static struct search *next_to_index(const struct engine *r, int64_t since)
{
    for (uint32_t i = 0; i < searches_count(r); i++) {
        struct search *rs = searches_at(r, i);
        if (search_is_finished(rs) && !rs->indexed && rs->record.finished_wall_ns >= since)
            return rs;
    }
    return NULL;
}

/* true: the index holds every search it must. */
bool users_fill(struct engine *r, int64_t since)
{
    struct user_index *x = r->users;
    struct search *rs;
    uint32_t room = STEP_INDIVIDUALS;
    while ((rs = next_to_index(r, since))) {
        uint64_t id = x->search == rs->record.id ? x->next : 0;
        for (; id < rs->record.asked && room; id++, room--) {
            struct individual_record ind;
            if (individual_load(r, rs->record.id, id, &ind) || !ind.told_order)
                continue;
            for (uint32_t g = 0; g < ind.n_evaluations; g++)
                index_add(x, ind.evaluation[g], rs->record.id, id);
        }
        x->search = rs->record.id;
        x->next = id;
        if (id < rs->record.asked)
            return false;
        rs->indexed = true;
        x->search = 0;
    }
    if (!x->sorted && x->n)
        qsort(x->user, x->n, sizeof *x->user, compare_users);
    x->sorted = true;
    return true;
}

static size_t first_user(const struct user_index *x, uint64_t evaluation)
{
    size_t low = 0, high = x->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x->user[middle].evaluation < evaluation)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct user *users_of(const struct engine *r, uint64_t evaluation, size_t *ret_n)
{
    const struct user_index *x = r->users;
    size_t first = first_user(x, evaluation), n = 0;
    while (first + n < x->n && x->user[first + n].evaluation == evaluation)
        n++;
    *ret_n = n;
    return n ? &x->user[first] : NULL;
}
