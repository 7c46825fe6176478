/* Which of several ways to compute a layer is the fastest here: each is tried on the layer's own sizes when the network is loaded. Layers of equal
 * shape share the answer. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "graph/engine_internal.h"

enum { ROUNDS = 5, ROUND_NS = 100000 };

static bool same_plane(const struct plane *a, const struct plane *b) { return !memcmp(a, b, sizeof *a); }

/* Nanoseconds of one run: the mean over at least ROUND_NS. */
static double time_of(const struct way *w, const float *x, float *y)
{
    int64_t start = clock_raw_ns(), spent = 0;
    int runs = 0;
    do {
        w->run(w->user, x, y);
        runs++;
        spent = clock_raw_ns() - start;
    } while (spent < ROUND_NS && runs < 1000);
    return (double)spent / runs;
}

/* The shortest time of each way over some rounds in turn, so that what else the machine does hits all alike. */
static int race(const struct way *way, int n, const float *x, float *y)
{
    double best[8];
    int winner = 0;
    for (int i = 0; i < n; i++)
        best[i] = time_of(&way[i], x, y); /* warms up */
    for (int k = 0; k < ROUNDS; k++)
        for (int i = 0; i < n; i++) {
            double t = time_of(&way[i], x, y);
            best[i] = t < best[i] ? t : best[i];
        }
    for (int i = 1; i < n; i++)
        winner = best[i] < best[winner] ? i : winner;
    return winner;
}

int fastest_way(struct graph_engine *e, const struct plane *p, size_t x_stride, size_t y_stride, const struct way *way, int n)
{
    for (size_t i = 0; i < e->n_choices; i++) {
        if (same_plane(&e->choice[i].plane, p))
            return e->choice[i].winner;
    }
    size_t in = p->batch * p->in[0] * p->in[1] * x_stride, out = p->batch * p->out[0] * p->out[1] * y_stride;
    float *x = xcalloc_line(in + 64, sizeof *x), *y = xcalloc_line(out + 64, sizeof *y);
    for (size_t i = 0; i < in; i++)
        x[i] = 0.5f;
    e->choice = xgrow(e->choice, &e->choices_capacity, e->n_choices + 1, sizeof *e->choice);
    e->choice[e->n_choices] = (struct choice){*p, race(way, n, x, y)};
    free(x);
    free(y);
    return e->choice[e->n_choices++].winner;
}
