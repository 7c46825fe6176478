/* Safetensors with PyTorch's names, read by the parser that supernets are read with. */
#include "supernet/safetensors.h"

#include <errno.h>
#include <string.h>

#include "checkpoint/checkpoint_internal.h"

static bool type_of(const char *dtype, enum checkpoint_type *ret)
{
    static const struct {
        const char *name;
        enum checkpoint_type type;
    } known[] = {{"F32", CHECKPOINT_F32}, {"F64", CHECKPOINT_F64}, {"F16", CHECKPOINT_F16}, {"BF16", CHECKPOINT_BF16}, {"I64", CHECKPOINT_I64},
                 {"I32", CHECKPOINT_I32}, {"I16", CHECKPOINT_I16}, {"I8", CHECKPOINT_I8},   {"U8", CHECKPOINT_U8},     {"BOOL", CHECKPOINT_BOOL}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(known[i].name, dtype)) {
            *ret = known[i].type;
            return true;
        }
    }
    return false;
}

static int add(const struct source *s, const struct safetensors_tensor *from)
{
    struct checkpoint_tensor t = {.n_dims = from->n_dims};
    if (!type_of(from->dtype, &t.type))
        return sonata_error_set(s->err, -ENOTSUP, "%s: tensor '%s' has type %s, which is not read", s->name, from->name, from->dtype);
    size_t stride = 1;
    for (unsigned i = t.n_dims; i-- > 0;) {
        t.dim[i] = from->dim[i];
        t.stride[i] = stride;
        stride *= from->dim[i];
    }
    return add_tensor(s, from->name, &t, from->data, 0, from->size / type_size(t.type));
}

int read_safetensors(const struct source *s)
{
    struct safetensors f;
    int r = safetensors_parse(s->data, s->size, s->name, &f, s->err);
    if (r)
        return r;
    for (size_t i = 0; i < f.n_tensors && !r; i++)
        r = add(s, &f.tensor[i]);
    safetensors_fini(&f);
    return r;
}
