/* See import.h. */
#include "import/import.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "import/torch_names.h"
#include "supernet/elastic_layout.h"

/* The file's tensors by short name. */
struct index {
    const struct checkpoint *file;
    struct map by_name; /* hash of the short name -> number + 1 */
    bool *used;
    const struct elastic *elastic;
};

static void open_index(struct index *x, const struct checkpoint *c, const struct supernet *n)
{
    *x = (struct index){.file = c, .used = xcalloc(c->n_tensors + 1, sizeof *x->used), .elastic = &n->space->network.elastic};
    for (size_t i = 0; i < c->n_tensors; i++) {
        char name[CHECKPOINT_NAME_MAX];
        torch_short_name(c->tensor[i].name, name);
        map_set(&x->by_name, hash64_text(name), (void *)(uintptr_t)(i + 1));
        x->used[i] = torch_is_ignored(name);
    }
}

static void close_index(struct index *x)
{
    map_fini(&x->by_name);
    free(x->used);
}

static const struct checkpoint_tensor *find(struct index *x, const char *name)
{
    size_t i = (size_t)(uintptr_t)map_get(&x->by_name, hash64_text(name));
    char there[CHECKPOINT_NAME_MAX];
    if (!i)
        return NULL;
    torch_short_name(x->file->tensor[i - 1].name, there);
    if (strcmp(there, name))
        return NULL;
    x->used[i - 1] = true;
    return &x->file->tensor[i - 1];
}

static bool has_shape(const struct checkpoint_tensor *t, unsigned n_dims, const size_t *dim)
{
    bool same = t->n_dims == n_dims;
    for (unsigned i = 0; i < n_dims && same; i++)
        same = t->dim[i] == dim[i];
    return same;
}

/* Shape of a layer's tensor as PyTorch has it; returns the number of dimensions. */
static unsigned shape_of(const struct elastic_layer *l, const char *tensor, size_t dim[4])
{
    dim[0] = l->out_channels;
    dim[1] = l->op == ELASTIC_OP_DEPTHWISE ? 1 : l->in_channels;
    dim[2] = dim[3] = l->kernel;
    if (strcmp(tensor, "weight"))
        return 1;
    return l->op == ELASTIC_OP_LINEAR ? 2 : 4;
}

/* The tensor under one of its names and with its shape. *ret_other: one that has the name but another shape. */
static const struct checkpoint_tensor *find_layer(struct index *x, const struct elastic_layer *l, const char *tensor,
                                                  const struct checkpoint_tensor **ret_other)
{
    char name[TORCH_NAMES_MAX + 1][CHECKPOINT_NAME_MAX];
    size_t dim[4];
    unsigned n = torch_names(x->elastic, l, tensor, name), n_dims = shape_of(l, tensor, dim);
    elastic_tensor_name(l, tensor, name[n]); /* our own */
    *ret_other = NULL;
    for (unsigned i = 0; i <= n; i++) {
        const struct checkpoint_tensor *t = find(x, name[i]);
        if (t && has_shape(t, n_dims, dim))
            return t;
        *ret_other = t ? t : *ret_other;
    }
    return NULL;
}

/* ---- what is wrong, as one text ---- */

struct complaint {
    unsigned n;
    struct text_builder text;
    char buffer[320];
};

static void complain(struct complaint *c, const char *name, const char *detail)
{
    enum { SHOWN = 4 };
    if (c->n++ < SHOWN)
        text_join(&c->text, "; ", "'%s'%s", name, detail);
}

static void shape_text(const struct checkpoint_tensor *t, char text[96])
{
    struct text_builder b = text_begin(text, 96);
    text_add(&b, " has another shape (");
    for (unsigned i = 0; i < t->n_dims; i++)
        text_add(&b, "%s%zu", i ? "x" : "", t->dim[i]);
    text_add(&b, ")");
}

/* ---- values ---- */

static int copy_values(const struct checkpoint_tensor *from, float *to, struct sonata_error *err)
{
    size_t n = checkpoint_elements(from);
    checkpoint_values(from, to);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(to[i]))
            return sonata_error_set(err, -EINVAL, "tensor '%s': value %zu is not finite", from->name, i);
    }
    return 0;
}

/* Centre k x k of every channel's from x from. */
static void take_centre(const float *from, size_t size, size_t channels, size_t k, float *to)
{
    size_t margin = (size - k) / 2;
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < k * k; i++)
            *to++ = from[c * size * size + (margin + i / k) * size + margin + i % k];
    }
}

/* Every channel's k x k as a vector times matrix [k*k][k*k]. */
static void transform(float *value, size_t channels, size_t taps, const float *matrix)
{
    float *y = xcalloc(taps, sizeof *y);
    for (size_t c = 0; c < channels; c++, value += taps) {
        for (size_t i = 0; i < taps; i++) {
            double sum = 0;
            for (size_t j = 0; j < taps; j++)
                sum += (double)matrix[i * taps + j] * value[j];
            y[i] = (float)sum;
        }
        memcpy(value, y, taps * sizeof *y);
    }
    free(y);
}

/* A depthwise layer's weights of one size: [channels][size * size], in the supernet. */
struct kernel {
    size_t size;
    float *value;
};

static struct kernel kernel_of(const struct supernet *n, const struct elastic_layer *l, double size)
{
    char name[SUPERNET_TENSOR_NAME_MAX];
    struct elastic_layer one = *l;
    one.kernel = (uint16_t)size;
    elastic_tensor_name(&one, "weight", name);
    return (struct kernel){one.kernel, n->value + n->tensor[supernet_find(n, name)].offset};
}

/* The next smaller kernel from a larger one: its centre, times the file's matrix when there is one. */
static int shrink(struct index *x, const struct elastic_layer *l, struct kernel from, struct kernel to, struct sonata_error *err)
{
    char module[CHECKPOINT_NAME_MAX], name[CHECKPOINT_NAME_MAX + 64];
    torch_depthwise_name(x->elastic, l, module);
    snprintf(name, sizeof name, "%s.%zuto%zu_matrix", module, from.size, to.size);
    const struct checkpoint_tensor *matrix = find(x, name);
    size_t taps = to.size * to.size;
    take_centre(from.value, from.size, l->out_channels, to.size, to.value);
    if (!matrix)
        return 0;
    if (!has_shape(matrix, 2, (size_t[]){taps, taps}))
        return sonata_error_set(err, -EINVAL, "tensor '%s' is not %zux%zu", matrix->name, taps, taps);
    float *m = xcalloc(taps * taps, sizeof *m);
    int r = copy_values(matrix, m, err);
    if (!r)
        transform(to.value, l->out_channels, taps, m);
    free(m);
    return r;
}

static int derive_kernels(struct index *x, struct supernet *n, const struct elastic_layer *l, struct sonata_error *err)
{
    double size[16];
    unsigned count = elastic_values(n->space, &x->elastic->item[l->item].kernel, l->block, size);
    int r = 0;
    for (unsigned i = count; i-- > 1 && !r;)
        r = shrink(x, l, kernel_of(n, l, size[i]), kernel_of(n, l, size[i - 1]), err);
    return r;
}

/* One tensor of a layer into its place, or a complaint. */
static int import_tensor(struct index *x, struct supernet *n, const struct elastic_layer *l, const char *tensor, struct complaint *missing,
                         struct sonata_error *err)
{
    char name[SUPERNET_TENSOR_NAME_MAX], found[96];
    const struct checkpoint_tensor *other, *t = find_layer(x, l, tensor, &other);
    elastic_tensor_name(l, tensor, name);
    if (!t && other) {
        shape_text(other, found);
        complain(missing, other->name, found);
        return 0;
    }
    if (!t) {
        char names[TORCH_NAMES_MAX][CHECKPOINT_NAME_MAX];
        torch_names(x->elastic, l, tensor, names);
        complain(missing, names[0], " is missing");
        return 0;
    }
    int r = copy_values(t, n->value + n->tensor[supernet_find(n, name)].offset, err);
    bool kernels = l->op == ELASTIC_OP_DEPTHWISE && !strcmp(tensor, "weight");
    return !r && kernels ? derive_kernels(x, n, l, err) : r;
}

static const char *const tensor_word[] = {"weight", "bias", "scale", "shift", "mean", "variance"};
enum { TENSOR_WORDS = 6 };

static bool has_tensor(const struct elastic_layer *l, unsigned word)
{
    if (word == 1)
        return l->bias;
    return word == 0 || l->norm;
}

/* A shortcut's convolution that no sub-network uses, since the widths on both sides are always the same. */
static bool is_unused(const char *short_name) { return strstr(short_name, ".shortcut.conv.") != NULL; }

static int refuse_rest(const struct index *x, const struct complaint *missing, struct sonata_error *err)
{
    struct complaint rest = {.n = 0};
    rest.text = text_begin(rest.buffer, sizeof rest.buffer);
    for (size_t i = 0; i < x->file->n_tensors; i++) {
        char name[CHECKPOINT_NAME_MAX];
        torch_short_name(x->file->tensor[i].name, name);
        if (!x->used[i] && !is_unused(name))
            complain(&rest, x->file->tensor[i].name, "");
    }
    if (missing->n)
        return sonata_error_set(err, -EINVAL, "%u tensors do not fit the space: %s; %u tensors of the file are left over", missing->n,
                                missing->buffer, rest.n);
    if (rest.n)
        return sonata_error_set(err, -EINVAL, "%u tensors of the file have no place in the space: %s", rest.n, rest.buffer);
    return 0;
}

int import_supernet(const struct checkpoint *c, struct supernet *n, import_progress progress, void *context, struct sonata_error *err)
{
    struct index x;
    struct elastic_plan plan;
    struct complaint missing = {.n = 0};
    missing.text = text_begin(missing.buffer, sizeof missing.buffer);
    int r = elastic_plan(n->space, NULL, &plan, err);
    if (r)
        return r;
    open_index(&x, c, n);
    for (unsigned i = 0; i < plan.n_layers && !r; i++) {
        for (unsigned w = 0; w < TENSOR_WORDS && elastic_has_weights(&plan.layer[i]) && !r; w++)
            r = has_tensor(&plan.layer[i], w) ? import_tensor(&x, n, &plan.layer[i], tensor_word[w], &missing, err) : 0;
        if (progress)
            progress(context, i + 1, plan.n_layers);
    }
    r = r ? r : refuse_rest(&x, &missing, err);
    close_index(&x);
    return r;
}

unsigned import_matches(const struct checkpoint *c, const struct supernet *n)
{
    struct index x;
    struct elastic_plan plan;
    const struct checkpoint_tensor *other;
    unsigned count = 0;
    if (elastic_plan(n->space, NULL, &plan, NULL))
        return 0;
    open_index(&x, c, n);
    for (unsigned i = 0; i < plan.n_layers; i++) {
        for (unsigned w = 0; w < TENSOR_WORDS && elastic_has_weights(&plan.layer[i]); w++)
            count += has_tensor(&plan.layer[i], w) && find_layer(&x, &plan.layer[i], tensor_word[w], &other);
    }
    close_index(&x);
    return count;
}
