/* The weights in a pickled object: which dict they are, and what PyTorch's calls for tensors mean. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "checkpoint/checkpoint_internal.h"

static const struct {
    const char *storage;
    enum checkpoint_type type;
} storages[] = {
    {"FloatStorage", CHECKPOINT_F32}, {"DoubleStorage", CHECKPOINT_F64}, {"HalfStorage", CHECKPOINT_F16},  {"BFloat16Storage", CHECKPOINT_BF16},
    {"LongStorage", CHECKPOINT_I64},  {"IntStorage", CHECKPOINT_I32},    {"ShortStorage", CHECKPOINT_I16}, {"CharStorage", CHECKPOINT_I8},
    {"ByteStorage", CHECKPOINT_U8},   {"BoolStorage", CHECKPOINT_BOOL},
};

static const struct pickle_value *item_of(const struct pickle *p, const struct pickle_value *v, size_t i)
{
    return v->kind == PICKLE_TUPLE && i < v->n_items ? &p->value[v->item[i]] : NULL;
}

static bool count_of(const struct pickle *p, const struct pickle_value *v, size_t i, size_t *ret)
{
    const struct pickle_value *item = item_of(p, v, i);
    if (!item || item->kind != PICKLE_INT || item->integer < 0 || item->integer > CHECKPOINT_BYTES_MAX)
        return false;
    *ret = (size_t)item->integer;
    return true;
}

bool storage_name_of(const struct pickle *p, const struct pickle_value *persistent, struct storage_name *ret)
{
    if (persistent->kind != PICKLE_PERSISTENT)
        return false;
    const struct pickle_value *id = &p->value[persistent->argument];
    const struct pickle_value *word = item_of(p, id, 0), *type = item_of(p, id, 1), *key = item_of(p, id, 2);
    size_t count = 0;
    if (!word || !pickle_is_text(word, "storage") || !type || !key || key->kind != PICKLE_TEXT || !count_of(p, id, 4, &count))
        return false;
    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++) {
        if (!pickle_is_global(p, type, "torch", storages[i].storage))
            continue;
        *ret = (struct storage_name){storages[i].type, key->text, key->text_size, count * type_size(storages[i].type)};
        return true;
    }
    return false;
}

/* The arguments (storage, offset, size, stride, …) of the call that makes a tensor; NULL when the value is something else. A parameter is its tensor.
 */
static const struct pickle_value *tensor_arguments(const struct pickle *p, const struct pickle_value *v)
{
    for (int depth = 0; depth < 2 && v->kind == PICKLE_CALL; depth++) {
        const struct pickle_value *function = &p->value[v->function], *arguments = &p->value[v->argument];
        if (pickle_is_global(p, function, "torch._utils", "_rebuild_tensor_v2") || pickle_is_global(p, function, "torch._utils", "_rebuild_tensor"))
            return arguments;
        const struct pickle_value *inner = item_of(p, arguments, 0);
        if (!inner || !pickle_is_global(p, function, "torch._utils", "_rebuild_parameter"))
            return NULL;
        v = inner;
    }
    return NULL;
}

static bool shape_of(const struct pickle *p, const struct pickle_value *arguments, struct checkpoint_tensor *t)
{
    const struct pickle_value *size = item_of(p, arguments, 2), *stride = item_of(p, arguments, 3);
    if (!size || !stride || size->kind != PICKLE_TUPLE || stride->kind != PICKLE_TUPLE)
        return false;
    if (size->n_items != stride->n_items || size->n_items > CHECKPOINT_DIMS_MAX)
        return false;
    t->n_dims = (unsigned)size->n_items;
    for (unsigned i = 0; i < t->n_dims; i++) {
        if (!count_of(p, size, i, &t->dim[i]) || !count_of(p, stride, i, &t->stride[i]))
            return false;
    }
    return true;
}

static int read_tensor(const struct source *s, const struct pickle *p, const char *name, const struct pickle_value *arguments, storage_find find,
                       void *context)
{
    const struct pickle_value *persistent = item_of(p, arguments, 0);
    struct checkpoint_tensor t = {.n_dims = 0};
    struct storage_name storage;
    struct storage values = {NULL, 0};
    size_t offset = 0;
    if (!persistent || !storage_name_of(p, persistent, &storage))
        return sonata_error_set(s->err, -ENOTSUP, "%s: tensor '%s' is of a kind that is not read (quantised, complex, sparse?)", s->name, name);
    if (!count_of(p, arguments, 1, &offset) || !shape_of(p, arguments, &t))
        return sonata_error_set(s->err, -EBADMSG, "%s: tensor '%s': its offset, size or stride is no list of at most %d numbers", s->name, name,
                                CHECKPOINT_DIMS_MAX);
    t.type = storage.type;
    int r = find(context, storage.key, storage.key_size, storage.bytes, &values);
    if (r)
        return sonata_error_prefix(s->err, r, "%s: tensor '%s'", s->name, name);
    return add_tensor(s, name, &t, values.data, offset, values.size / type_size(t.type));
}

static const struct pickle_value *weights_of(const struct pickle *p)
{
    const struct pickle_value *root = &p->value[p->root], *inner = pickle_get(p, root, "state_dict");
    return inner && (inner->kind == PICKLE_DICT || inner->kind == PICKLE_CALL) ? inner : root;
}

int read_state_dict(const struct source *s, const struct pickle *p, storage_find find, void *context)
{
    const struct pickle_value *weights = weights_of(p);
    if (weights->kind != PICKLE_DICT && weights->kind != PICKLE_CALL)
        return sonata_error_set(s->err, -EBADMSG, "%s: holds no dict of weights; save model.state_dict()", s->name);
    for (size_t i = 0; i + 1 < weights->n_items; i += 2) {
        const struct pickle_value *key = &p->value[weights->item[i]], *arguments = tensor_arguments(p, &p->value[weights->item[i + 1]]);
        char name[CHECKPOINT_NAME_MAX];
        if (!arguments)
            continue;
        if (key->kind != PICKLE_TEXT || key->text_size >= sizeof name || memchr(key->text, 0, key->text_size))
            return sonata_error_set(s->err, -EBADMSG, "%s: entry %zu of the weights has no name of at most %zu characters", s->name, i / 2,
                                    sizeof name - 1);
        memcpy(name, key->text, key->text_size);
        name[key->text_size] = 0;
        int r = read_tensor(s, p, name, arguments, find, context);
        if (r)
            return r;
    }
    return 0;
}
