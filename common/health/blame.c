/* See blame.h. */
#include "health/blame.h"

#include <string.h>

#include "base/number.h"

#define SECOND_NS INT64_C(1000000000)
#define HOUR_NS (3600 * SECOND_NS)

double blame_weight(enum job_class c)
{
    if (c == JOB_INFRA)
        return 1;
    return c == JOB_INVALID ? 0.5 : 0;
}

void blame_add(struct blame *b, uint64_t job, double weight, int64_t now_ns)
{
    b->entry[b->n++ % BLAME_RING] = (struct blame_entry){job, now_ns, weight};
}

/* The failure `age` jobs before the last one, when it still counts; else NULL. */
static const struct blame_entry *failure_of_age(const struct blame *b, unsigned age, int64_t now_ns)
{
    const struct blame_entry *e = &b->entry[(b->n - 1 - age) % BLAME_RING];
    return e->weight <= 0 || (age >= BLAME_JOBS && now_ns - e->t_ns > HOUR_NS) ? NULL : e;
}

static unsigned held(const struct blame *b) { return min_of(b->n, BLAME_RING); }

bool blame_counts(const struct blame *b, int64_t now_ns)
{
    for (unsigned age = 0; age < held(b); age++) {
        if (failure_of_age(b, age, now_ns))
            return true;
    }
    return false;
}

bool blame_exceeded(const struct blame *b, int64_t now_ns)
{
    double sum = 0;
    unsigned different = 0;
    uint64_t seen[BLAME_RING];
    for (unsigned age = 0; age < held(b); age++) {
        const struct blame_entry *e = failure_of_age(b, age, now_ns);
        if (!e)
            continue;
        sum += e->weight;
        bool known = false;
        for (unsigned i = 0; i < different; i++)
            known |= seen[i] == e->job;
        if (!known)
            seen[different++] = e->job;
    }
    return sum >= BLAME_LIMIT && different >= 3;
}

bool blame_forgive(struct blame *b, uint64_t job)
{
    bool forgiven = false;
    for (unsigned i = 0; i < BLAME_RING; i++) {
        if (b->entry[i].job != job || b->entry[i].weight <= 0)
            continue;
        b->entry[i].weight = 0;
        forgiven = true;
    }
    return forgiven;
}

void blame_clear(struct blame *b) { memset(b, 0, sizeof *b); }

void poison_add(struct poison *p, uint64_t board)
{
    if (p->n < POISON_MAX) {
        p->failure[p->n].board = board;
        p->failure[p->n++].well_after = false;
    }
}

bool poison_proven(const struct poison *p, unsigned boards_of_type)
{
    unsigned well = 0;
    bool distinct = false;
    for (unsigned i = 0; i < p->n; i++) {
        if (!p->failure[i].well_after)
            continue;
        well++;
        for (unsigned j = 0; j < i; j++)
            distinct |= p->failure[j].well_after && p->failure[j].board != p->failure[i].board;
    }
    return p->losses >= POISON_LOSSES || distinct || (boards_of_type <= 1 && well >= 3);
}
