/* Lists that come in pages: what asks for the next one, and pages put together. Searches and the audit log come from the newest page to the oldest,
 * each page in order of time; the others from the first to the last. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "codec/codec.h"

static bool next_from(uint32_t *from, size_t n)
{
    *from += (uint32_t)n;
    return n > 0;
}

static bool next_searches(Sonata__ListSearches *list, const Sonata__Reply *page)
{
    if (page->n_searches)
        list->before = page->searches[0]->id;
    return page->n_searches && list->before;
}

/* As many as were wanted at first. */
static bool next_audit(Sonata__GetAudit *get, const Sonata__Reply *page)
{
    get->max -= (uint32_t)min_of(page->n_audit, get->max);
    if (page->n_audit)
        get->before = page->audit[0]->id;
    return page->n_audit && get->max && get->before;
}

/* The cursor stays that of the page. */
static bool next_uploads(Sonata__Uploads *list, const Sonata__Reply *page)
{
    list->cursor = page->cursor;
    return page->cursor.len > 0;
}

bool pages_next(Sonata__Request *q, const Sonata__Reply *page)
{
    if (!page->more)
        return false;
    switch (q->verb_case) {
    case SONATA__REQUEST__VERB_LIST:
        return next_searches(q->list, page);
    case SONATA__REQUEST__VERB_AUDIT:
        return next_audit(q->audit, page);
    case SONATA__REQUEST__VERB_BOARDS:
        return next_from(&q->boards->from, page->n_boards);
    case SONATA__REQUEST__VERB_KEYS:
        return !strcmp(q->keys->action, "list") && next_from(&q->keys->from, page->n_keys);
    case SONATA__REQUEST__VERB_TEAMS:
        return !strcmp(q->teams->action, "list") && next_from(&q->teams->from, page->n_teams);
    case SONATA__REQUEST__VERB_UPLOADS:
        return !strcmp(q->uploads->action, "list") && next_uploads(q->uploads, page);
    default:
        return false;
    }
}

/* Pointers of `more` behind (or before) those of `list`. */
static void join(void ***list, size_t *n, void ***more, size_t *n_more, bool before)
{
    if (!*n_more)
        return;
    void **all = xcalloc(*n + *n_more, sizeof *all);
    if (*n)
        memcpy(all + (before ? *n_more : 0), *list, *n * sizeof *all);
    memcpy(all + (before ? 0 : *n), *more, *n_more * sizeof *all);
    free(*list);
    *list = all;
    *n += *n_more;
    *n_more = 0;
}

#define JOIN(member, before) join((void ***)&whole->member, &whole->n_##member, (void ***)&page->member, &page->n_##member, before)

void pages_join(Sonata__Reply *whole, Sonata__Reply *page)
{
    JOIN(searches, true);
    JOIN(audit, true);
    JOIN(boards, false);
    JOIN(keys, false);
    JOIN(teams, false);
    JOIN(uploads, false);
    whole->more = page->more;
}
