/* See forest.h. Breiman's forest (2001) cut down to genes with at most 17 values: a split is a bit mask over values, found from one
 * histogram (count, sum) per gene and node; bootstrap samples are row weights, so a row is touched once however often it was drawn.
 * Every tree has a random stream of its own and is grown into its own node list, so threads cannot change it. */
#include "search/forest.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/rng.h"
#include "search/parallel.h"

/* Rows up to which a node's genes are done one by one. */
enum { FEW = 12, LOOK = 32 /* rows between two looks whether all genes vary */, TOGETHER = 8 /* rows that walk down a tree in turn */ };

struct job {
    const struct forest_gene *gene;
    uint32_t n_genes, n;
    const uint8_t (*rows)[FOREST_GENES_MAX];
    const double *y;
    const struct forest_params *params;
    struct tree {
        struct forest_node *node;
        uint32_t n_nodes;
        size_t capacity;
        uint32_t *out_of_bag, n_out_of_bag;
    } * tree;
};

/* {count, sum of targets} of some rows, added with one instruction. */
typedef double tally __attribute__((vector_size(16)));

/* What growing a tree needs. The histograms are all zero between two nodes: whoever reads one clears what was filled. Rows go to two
 * histograms in turn, so that neighbouring rows of one value do not wait for each other. */
struct grower {
    const struct job *job;
    tally *weight;                    // of a row: how often the bootstrap drew it, and that times its target
    double *square;                   // of a row: its sum times its target
    uint32_t order[FOREST_GENES_MAX]; // all genes, shuffled further at every node
    uint32_t drawn[FOREST_GENES_MAX]; // genes tried at this node
    struct histogram {
        tally even[FOREST_VALUES], odd[FOREST_VALUES];
    } bin[FOREST_GENES_MAX]; // of drawn[]
    struct rng rng;
};

struct split {
    double gain;
    int32_t gene;
    uint32_t mask;
};

static double gain_of(tally left, tally all, double parent)
{
    tally right = all - left, sum = {left[1], right[1]}, count = {left[0], right[0]}, square = sum * sum / count;
    return square[0] + square[1] - parent;
}

/* Takes the candidate "values of mask go left" when it is the best so far. */
static void try_split(struct split *best, uint32_t gene, uint32_t mask, double gain)
{
    if (gain > best->gain)
        *best = (struct split){gain, (int32_t)gene, mask};
}

/* Best split of one gene from its histogram, in which the values of `present` occur. */
static void split_gene(struct split *best, uint32_t gene, bool ordinal, struct histogram *bin, uint32_t present, tally all, double parent)
{
    tally left = {0, 0};
    for (uint32_t rest = present, mask = 0; rest; rest &= rest - 1) {
        uint32_t v = (uint32_t)__builtin_ctz(rest);
        tally here = bin->even[v] + bin->odd[v];
        bin->even[v] = bin->odd[v] = (tally){0, 0};
        mask = ordinal ? mask | 1u << v : 1u << v;
        left = ordinal ? left + here : here;
        if (!ordinal || rest & (rest - 1)) /* all ordinal values to the left is no split */
            try_split(best, gene, mask, gain_of(left, all, parent));
    }
}

/* Two rows, a third of all nodes: every gene that differs parts them, and what that gains depends only on which of them goes left. */
static void split_pair(const struct grower *g, struct split *best, uint32_t k, const uint32_t *id, tally all, double parent)
{
    const uint8_t *row[2] = {g->job->rows[id[0]], g->job->rows[id[1]]};
    const double gain[2] = {gain_of(g->weight[id[0]], all, parent), gain_of(g->weight[id[1]], all, parent)};
    for (uint32_t t = 0; t < k; t++) {
        uint32_t gene = g->drawn[t], low = row[0][gene] > row[1][gene];
        try_split(best, gene, 1u << row[low][gene], gain[low]);
        if (!g->job->gene[gene].ordinal)
            try_split(best, gene, 1u << row[!low][gene], gain[!low]);
    }
}

/* One gene over a few rows; returns the values present. */
static uint32_t fill_few(const struct grower *g, struct histogram *bin, uint32_t gene, const uint32_t *id, uint32_t n)
{
    const uint8_t(*rows)[FOREST_GENES_MAX] = g->job->rows;
    uint32_t present = 0, i = 0;
    for (; i + 2 <= n; i += 2) {
        uint32_t a = rows[id[i]][gene], b = rows[id[i + 1]][gene];
        bin->even[a] += g->weight[id[i]];
        bin->odd[b] += g->weight[id[i + 1]];
        present |= 1u << a | 1u << b;
    }
    if (i < n) {
        bin->even[rows[id[i]][gene]] += g->weight[id[i]];
        present |= 1u << rows[id[i]][gene];
    }
    return present;
}

/* The first k drawn genes over many rows: a row's codes share a cache line, so all genes are done while it is there. */
static void fill_many(struct grower *g, uint32_t k, const uint32_t *id, uint32_t n)
{
    const uint8_t(*rows)[FOREST_GENES_MAX] = g->job->rows;
    uint32_t i = 0;
    for (; i + 2 <= n; i += 2) {
        const uint8_t *a = rows[id[i]], *b = rows[id[i + 1]];
        tally wa = g->weight[id[i]], wb = g->weight[id[i + 1]];
        for (uint32_t t = 0; t < k; t++) {
            g->bin[t].even[a[g->drawn[t]]] += wa;
            g->bin[t].odd[b[g->drawn[t]]] += wb;
        }
    }
    for (uint32_t t = 0; t < k && i < n; t++)
        g->bin[t].even[rows[id[i]][g->drawn[t]]] += g->weight[id[i]];
}

static uint32_t values_present(const struct histogram *bin)
{
    uint32_t present = 0;
    for (uint32_t v = 0; v < FOREST_VALUES; v++)
        present |= (uint32_t)(bin->even[v][0] + bin->odd[v][0] > 0) << v;
    return present;
}

/* No byte of the word is zero. */
static bool all_set(uint64_t word) { return !((word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080)); }

/* Which genes differ between rows; `differs` is nonzero in their bytes. Ends as soon as all do. */
static void find_varying(const struct job *j, const uint32_t *id, uint32_t n, uint64_t differs[FOREST_GENES_MAX / 8])
{
    uint64_t first[FOREST_GENES_MAX / 8], row[FOREST_GENES_MAX / 8];
    memcpy(first, j->rows[id[0]], sizeof first);
    for (uint32_t i = 1; i < n;) {
        for (uint32_t end = n - i < LOOK ? n : i + LOOK; i < end; i++) {
            memcpy(row, j->rows[id[i]], sizeof row);
            for (uint32_t w = 0; w < FOREST_GENES_MAX / 8; w++)
                differs[w] |= row[w] ^ first[w];
        }
        bool all = true;
        for (uint32_t w = 0; w < j->n_genes / 8; w++)
            all &= all_set(differs[w]);
        for (uint32_t g = j->n_genes / 8 * 8; g < j->n_genes; g++)
            all &= (differs[g / 8] >> (g % 8 * 8) & 255) != 0;
        if (all)
            return;
    }
}

/* Draws the genes to try, without replacement; those that are constant here do not count. Returns how many. */
static uint32_t draw_genes(struct grower *g, const uint32_t *id, uint32_t n)
{
    uint64_t differs[FOREST_GENES_MAX / 8] = {0};
    uint8_t varies[FOREST_GENES_MAX];
    const struct job *j = g->job;
    uint32_t want = (uint32_t)(j->params->share * j->n_genes + 0.5), k = 0;
    find_varying(j, id, n, differs);
    memcpy(varies, differs, sizeof varies);
    want = want ? want : 1;
    for (uint32_t t = 0; t < j->n_genes && k < want; t++) {
        uint32_t other = t + rng_below(&g->rng, j->n_genes - t), gene = g->order[other];
        g->order[other] = g->order[t];
        g->order[t] = gene;
        if (varies[gene])
            g->drawn[k++] = gene;
    }
    return k;
}

static struct split find_split(struct grower *g, const uint32_t *id, uint32_t n, tally all)
{
    struct split best = {.gain = 1e-12 * all[0], .gene = -1};
    uint32_t k = draw_genes(g, id, n);
    double parent = all[1] * all[1] / all[0];
    if (n == 2) {
        split_pair(g, &best, k, id, all, parent);
        return best;
    }
    if (n > FEW)
        fill_many(g, k, id, n);
    for (uint32_t t = 0; t < k; t++) {
        uint32_t gene = g->drawn[t];
        struct histogram *bin = &g->bin[n > FEW ? t : 0];
        uint32_t present = n > FEW ? values_present(bin) : fill_few(g, bin, gene, id, n);
        split_gene(&best, gene, g->job->gene[gene].ordinal, bin, present, all, parent);
    }
    return best;
}

/* Moves the rows that go left to the front; returns how many. */
static uint32_t partition(uint32_t *id, uint32_t n, const uint8_t (*rows)[FOREST_GENES_MAX], const struct split *split)
{
    uint32_t a = 0, b = n;
    while (a < b) {
        if (split->mask >> rows[id[a]][split->gene] & 1)
            a++;
        else {
            uint32_t t = id[a];
            id[a] = id[--b];
            id[b] = t;
        }
    }
    return a;
}

static uint32_t new_node(struct tree *t, uint32_t count)
{
    t->node = xgrow(t->node, &t->capacity, (size_t)t->n_nodes + count, sizeof *t->node);
    t->n_nodes += count;
    return t->n_nodes - count;
}

struct span {
    uint32_t first, n, node;
};

/* Makes the node a leaf of these rows. Returns false when it must stay one. */
static bool make_leaf(const struct grower *g, struct tree *t, uint32_t node, const uint32_t *id, uint32_t n, tally *ret_all)
{
    tally all = {0, 0};
    double square = 0;
    for (uint32_t i = 0; i < n; i++) {
        all += g->weight[id[i]];
        square += g->square[id[i]];
    }
    double mean = all[1] / all[0], var = fmax(0, square / all[0] - mean * mean);
    t->node[node] = forest_leaf(node, (float)mean, (float)var);
    *ret_all = all;
    return n >= 2 && !(var < 1e-12);
}

static void grow(struct grower *g, struct tree *t, uint32_t *id, uint32_t n)
{
    struct span *stack = xcalloc((size_t)n + 2, sizeof *stack);
    uint32_t depth = 0;
    stack[depth++] = (struct span){0, n, new_node(t, 1)};
    while (depth) {
        struct span s = stack[--depth];
        tally all;
        if (!make_leaf(g, t, s.node, id + s.first, s.n, &all))
            continue;
        struct split best = find_split(g, id + s.first, s.n, all);
        if (best.gene < 0)
            continue;
        uint32_t left = partition(id + s.first, s.n, g->job->rows, &best), child = new_node(t, 2);
        t->node[s.node].split = forest_split((uint32_t)best.gene, best.mask);
        t->node[s.node].left = child;
        stack[depth++] = (struct span){s.first, left, child};
        stack[depth++] = (struct span){s.first + left, s.n - left, child + 1};
    }
    free(stack);
}

/* One tree: bootstrap weights, growth, the rows left out. */
static void grow_tree(void *context, uint32_t piece)
{
    const struct job *j = context;
    struct tree *t = &j->tree[piece];
    struct grower *g = xcalloc(1, sizeof *g);
    uint32_t *id = xcalloc(j->n, sizeof *id), n = 0;
    *g = (struct grower){.job = j,
                         .weight = xcalloc(j->n, sizeof *g->weight),
                         .square = xcalloc(j->n, sizeof *g->square),
                         .rng = rng_seeded(j->params->seed, j->params->stream + piece)};
    t->out_of_bag = xcalloc(j->n, sizeof *t->out_of_bag);
    for (uint32_t i = 0; i < j->n_genes; i++)
        g->order[i] = i;
    for (uint32_t i = 0; i < j->n; i++)
        g->weight[rng_below(&g->rng, j->n)] += (tally){1, 0};
    for (uint32_t i = 0; i < j->n; i++) {
        g->weight[i][1] = (double)((float)g->weight[i][0] * (float)j->y[i]);
        g->square[i] = g->weight[i][1] * j->y[i];
        if (g->weight[i][0] > 0)
            id[n++] = i;
        else
            t->out_of_bag[t->n_out_of_bag++] = i;
    }
    grow(g, t, id, n);
    free(g->weight);
    free(g->square);
    free(g);
    free(id);
}

/* Leaves of n rows, n <= TOGETHER, walked to in turn so that the loads overlap. */
static void descend_together(const struct forest_node *node, const uint8_t *const *row, uint32_t n, uint32_t ret_leaf[TOGETHER])
{
    uint32_t moved = 1;
    for (uint32_t i = 0; i < n; i++)
        ret_leaf[i] = 0;
    while (moved) {
        moved = 0;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t next = forest_step(&node[ret_leaf[i]], row[i]);
            moved |= next ^ ret_leaf[i];
            ret_leaf[i] = next;
        }
    }
}

static double out_of_bag_error(const struct job *j, const uint8_t (*rows)[FOREST_GENES_MAX])
{
    double *sum = xcalloc(2 * (size_t)j->n, sizeof *sum), *count = sum + j->n, error = 0;
    uint32_t n = 0;
    for (uint32_t t = 0; t < j->params->trees; t++) {
        const struct tree *tree = &j->tree[t];
        for (uint32_t first = 0; first < tree->n_out_of_bag; first += TOGETHER) {
            uint32_t k = min_of(tree->n_out_of_bag - first, TOGETHER), leaf[TOGETHER];
            const uint8_t *row[TOGETHER];
            for (uint32_t i = 0; i < k; i++)
                row[i] = rows[tree->out_of_bag[first + i]];
            descend_together(tree->node, row, k, leaf);
            for (uint32_t i = 0; i < k; i++) {
                sum[tree->out_of_bag[first + i]] += (double)tree->node[leaf[i]].mean;
                count[tree->out_of_bag[first + i]]++;
            }
        }
    }
    for (uint32_t i = 0; i < j->n; i++) {
        if (count[i] > 0) {
            double d = sum[i] / count[i] - j->y[i];
            error += d * d;
            n++;
        }
    }
    free(sum);
    return n ? error / n : NAN;
}

/* Puts the trees' nodes into one array. */
static void join(struct forest *f, const struct job *j)
{
    f->n_nodes = 0;
    for (uint32_t t = 0; t < f->n_trees; t++)
        f->n_nodes += j->tree[t].n_nodes;
    f->node = xcalloc(f->n_nodes, sizeof *f->node);
    f->root = xcalloc(f->n_trees, sizeof *f->root);
    uint32_t at = 0;
    for (uint32_t t = 0; t < f->n_trees; t++) {
        f->root[t] = at;
        for (uint32_t i = 0; i < j->tree[t].n_nodes; i++) {
            f->node[at + i] = j->tree[t].node[i];
            f->node[at + i].left += at;
        }
        at += j->tree[t].n_nodes;
    }
}

void forest_fit(struct forest *f, const struct forest_gene *gene, uint32_t n_genes, const uint8_t (*rows)[FOREST_GENES_MAX], const double *y,
                uint32_t n, const struct forest_params *params)
{
    assert(n && n_genes && params->trees);
    forest_fini(f);
    struct job j = {.gene = gene, .n_genes = n_genes, .n = n, .rows = rows, .y = y, .params = params};
    j.tree = xcalloc(params->trees, sizeof *j.tree);
    parallel_for(params->threads, params->trees, grow_tree, &j);
    *f = (struct forest){.n_trees = params->trees, .n_genes = n_genes};
    join(f, &j);
    f->oob_error = out_of_bag_error(&j, rows);
    for (uint32_t t = 0; t < params->trees; t++) {
        free(j.tree[t].node);
        free(j.tree[t].out_of_bag);
    }
    free(j.tree);
}

void forest_fini(struct forest *f)
{
    if (!f->borrowed) {
        free(f->node);
        free(f->root);
    }
    *f = (struct forest){0};
}
