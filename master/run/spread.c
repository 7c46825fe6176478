/* Boards of one type that measure differently. */
#include "run/spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "health/canary.h"
#include "run/board_table.h"
#include "run/note.h"

struct spreads {
    struct map by_type; /* hash of a type → struct type_spread: its boards measure differently */
};

struct spreads *spreads_new(void) { return xcalloc(1, sizeof(struct spreads)); }

struct type_spread {
    char type[BOARD_NAME_MAX], low[BOARD_NAME_MAX], high[BOARD_NAME_MAX];
    double low_us, high_us, share;
};

static double reference_of(const struct engine *r, const char *type, const struct sched_board_view *v)
{
    const struct watched *w = strcmp(v->info->type, type) ? NULL : watched_find(r, v->info->id);
    return w && w->record.order != BOARD_ORDER_RETIRE ? w->record.reference_us : 0;
}

static void spread_set(struct engine *r, const char *type, const struct type_spread *now)
{
    struct type_spread *t = map_get(&r->spreads->by_type, hash64_text(type));
    if (now->share <= CANARY_WARN_SHARE) {
        free(map_remove(&r->spreads->by_type, hash64_text(type)));
        return;
    }
    if (!t) {
        t = xcalloc(1, sizeof *t);
        map_set(&r->spreads->by_type, hash64_text(type), t);
        engine_note(r, true, "boards of one type measure differently: they are two types",
                    "type=%s low=%s low_us=%.3f high=%s high_us=%.3f apart=%.1f%%", type, now->low, now->low_us, now->high, now->high_us,
                    100 * now->share);
    }
    *t = *now;
}

void spread_update(struct engine *r, const char *type)
{
    uint32_t n = sched_board_count(r->sched);
    double *us = xcalloc(n ? n : 1, sizeof *us);
    struct sched_board_view v;
    for (uint32_t i = 0; i < n; i++) {
        sched_board_view(r->sched, i, &v);
        us[i] = reference_of(r, type, &v);
    }
    size_t low, high;
    struct type_spread now = {.share = canary_spread(us, n, &low, &high)};
    copy_string(now.type, sizeof now.type, type);
    if (low < n && high < n) {
        now.low_us = us[low];
        now.high_us = us[high];
        sched_board_view(r->sched, (uint32_t)low, &v);
        copy_string(now.low, sizeof now.low, v.info->id);
        sched_board_view(r->sched, (uint32_t)high, &v);
        copy_string(now.high, sizeof now.high, v.info->id);
    }
    spread_set(r, type, &now);
    free(us);
}

void engine_board_health(const struct engine *r, const char *board, const char *type, struct engine_board_health *ret_health)
{
    const struct watched *w = watched_find(r, board);
    const struct type_spread *t = map_get(&r->spreads->by_type, hash64_text(type));
    *ret_health = (struct engine_board_health){.record = w ? &w->record : NULL};
    if (w && w->hold_until_ns > r->now)
        ret_health->hold_left_ns = w->hold_until_ns - r->now;
    if (t && (!strcmp(t->low, board) || !strcmp(t->high, board)))
        snprintf(ret_health->warning, sizeof ret_health->warning,
                 "canary references of %s (%.4g us) and %s (%.4g us), both of type %s, are %.1f %% apart: they are two types, or a search must stay "
                 "on one of them",
                 t->low, t->low_us, t->high, t->high_us, t->type, 100 * t->share);
}

void spreads_free(struct spreads *s)
{
    if (!s)
        return;
    map_fini_free(&s->by_type);
    free(s);
}
