/* Greedy arena planning: each tensor in turn takes the lowest gap between the tensors already placed that live at the same time. */
#include "domain/arena.h"

#include <assert.h>
#include <stdbool.h>

static bool together(const struct arena_tensor *a, const struct arena_tensor *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static uint32_t align_up(uint32_t v)
{
    return (v + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

/* Lowest offset at which tensor t overlaps none of the placed ones that live with it. */
static uint32_t lowest_gap(const struct arena_tensor *tensor, const uint16_t *placed, size_t n_placed, uint16_t t)
{
    uint32_t at = 0;
    bool moved = true;

    while (moved) {
        moved = false;
        for (size_t i = 0; i < n_placed; i++) {
            const struct arena_tensor *p = &tensor[placed[i]];

            if (together(p, &tensor[t]) && at < p->offset + p->size && p->offset < at + tensor[t].size) {
                at = align_up(p->offset + p->size);
                moved = true;
            }
        }
    }
    return at;
}

static uint32_t place_all(struct arena_tensor *tensor, const uint16_t *order, size_t n)
{
    uint32_t arena = 0;

    for (size_t i = 0; i < n; i++) {
        struct arena_tensor *t = &tensor[order[i]];

        t->offset = lowest_gap(tensor, order, i, order[i]);
        if (t->offset + t->size > arena)
            arena = t->offset + t->size;
    }
    return align_up(arena);
}

static void sort_by_size(const struct arena_tensor *tensor, uint16_t *order, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && tensor[order[j]].size > tensor[order[j - 1]].size; j--) {
            uint16_t swap = order[j];

            order[j] = order[j - 1];
            order[j - 1] = swap;
        }
}

uint32_t arena_plan(struct arena_tensor *tensor, size_t n)
{
    uint16_t birth[ARENA_TENSORS_MAX], size[ARENA_TENSORS_MAX];
    uint32_t by_birth, by_size;

    assert(n <= ARENA_TENSORS_MAX);
    for (size_t i = 0; i < n; i++)
        birth[i] = size[i] = (uint16_t)i;
    sort_by_size(tensor, size, n);
    by_birth = place_all(tensor, birth, n);
    by_size = place_all(tensor, size, n);
    return by_birth < by_size ? place_all(tensor, birth, n) : by_size;
}

uint32_t arena_lower_bound(const struct arena_tensor *tensor, size_t n)
{
    uint32_t bound = 0;

    for (size_t step = 0; step < n; step++) {
        uint32_t live = 0;

        for (size_t i = 0; i < n; i++)
            if (tensor[i].first <= step && step <= tensor[i].last)
                live += tensor[i].size;
        if (live > bound)
            bound = live;
    }
    return bound;
}

void arena_of_network(const struct network *n, struct arena_tensor *tensor)
{
    for (unsigned t = 0; t <= n->n_layers; t++) {
        const struct network_layer *l = t ? &n->layer[t - 1] : NULL;
        uint32_t before = t ? t - 1 : 0;
        uint32_t values = l ? (uint32_t)l->out_size * l->out_size * l->out_channels : (uint32_t)n->input_size * n->input_size * n->input_channels;
        tensor[t] = (struct arena_tensor){.size = values, .first = before, .last = before};
    }
    for (unsigned i = 0; i < n->n_layers; i++) { /* written in its own step, read until its last reader */
        tensor[n->layer[i].input].last = i;
        if (n->layer[i].add >= 0)
            tensor[n->layer[i].add].last = i;
    }
}
