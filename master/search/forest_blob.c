/* The forest as one flat blob: u32 magic, trees, genes, nodes; f64 out-of-bag error; u32 roots; nodes as they lie in memory (little-endian
 * hosts only, which all of ours are). Borrowed bytes are checked once: every child lies after its parent or is the leaf itself, so every walk ends,
 * and none is longer than it can have been grown. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "search/forest.h"

enum { MAGIC = 0x32534652, HEADER = 24, DEPTH_MAX = FOREST_GENES_MAX * FOREST_VALUES };

static_assert(sizeof(struct forest_node) == 16, "nodes are stored as they lie in memory");

void forest_save(const struct forest *f, struct bytes *out)
{
    bytes_put_u32(out, MAGIC);
    bytes_put_u32(out, f->n_trees);
    bytes_put_u32(out, f->n_genes);
    bytes_put_u32(out, f->n_nodes);
    bytes_put_f64(out, f->oob_error);
    bytes_append(out, f->root, f->n_trees * sizeof *f->root);
    bytes_append(out, f->node, f->n_nodes * sizeof *f->node);
}

size_t forest_saved_size(const struct forest *f) { return HEADER + f->n_trees * sizeof *f->root + f->n_nodes * sizeof *f->node; }

/* Every useful split takes at least one value of one gene from a box, so no walk of a grown forest is longer; who recurses counts on it. */
static bool depth_is_bounded(const struct forest *f)
{
    uint16_t *depth = xcalloc(f->n_nodes, sizeof *depth);
    bool ok = true;
    for (uint32_t i = 0; i < f->n_nodes && ok; i++) {
        uint16_t next = (uint16_t)(depth[i] + 1);
        ok = next <= DEPTH_MAX;
        for (uint32_t child = f->node[i].left; f->node[i].left != i && child < f->node[i].left + 2; child++)
            depth[child] = (uint16_t)max_of(depth[child], next);
    }
    free(depth);
    return ok;
}

static bool sound(const struct forest *f)
{
    for (uint32_t t = 0; t < f->n_trees; t++) {
        if (f->root[t] >= f->n_nodes)
            return false;
    }
    for (uint32_t i = 0; i < f->n_nodes; i++) {
        const struct forest_node *d = &f->node[i];
        uint32_t gene = d->split >> FOREST_GENE_SHIFT;
        bool leaf = d->left == i && d->split == FOREST_MASK;
        if (!leaf && (gene >= f->n_genes || d->left <= i || d->left >= f->n_nodes - 1))
            return false;
    }
    return depth_is_bounded(f);
}

bool forest_borrow(const void *data, size_t n, uint32_t n_genes, struct forest *ret_forest)
{
    struct reader in = reader_of(data, n);
    bool ours = reader_u32(&in) == MAGIC;
    struct forest f = {.borrowed = true};
    f.n_trees = reader_u32(&in);
    f.n_genes = reader_u32(&in);
    f.n_nodes = reader_u32(&in);
    f.oob_error = reader_f64(&in);
    if (!ours || in.bad || (uintptr_t)data % 4 || f.n_genes != n_genes || n_genes > FOREST_GENES_MAX || !f.n_trees || !f.n_nodes ||
        f.n_trees > in.left / 4 || f.n_nodes > in.left / sizeof *f.node || in.left != f.n_trees * 4u + f.n_nodes * sizeof *f.node)
        return false;
    const uint8_t *roots = reader_take(&in, f.n_trees * 4u), *nodes = reader_take(&in, f.n_nodes * sizeof *f.node);
    f.root = (uint32_t *)(uintptr_t)roots;
    f.node = (struct forest_node *)(uintptr_t)nodes;
    if (!sound(&f))
        return false;
    *ret_forest = f;
    return true;
}
