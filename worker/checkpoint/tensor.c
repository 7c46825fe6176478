/* Types of elements, and tensors that are taken over from a file. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "checkpoint/checkpoint_internal.h"

static const struct {
    const char *name;
    size_t size;
} types[CHECKPOINT_TYPES] = {
    [CHECKPOINT_F32] = {"float32", 4}, [CHECKPOINT_F64] = {"float64", 8}, [CHECKPOINT_F16] = {"float16", 2}, [CHECKPOINT_BF16] = {"bfloat16", 2},
    [CHECKPOINT_I64] = {"int64", 8},   [CHECKPOINT_I32] = {"int32", 4},   [CHECKPOINT_I16] = {"int16", 2},   [CHECKPOINT_I8] = {"int8", 1},
    [CHECKPOINT_U8] = {"uint8", 1},    [CHECKPOINT_BOOL] = {"bool", 1},
};

const char *checkpoint_type_name(enum checkpoint_type t) { return types[t].name; }

size_t type_size(enum checkpoint_type t) { return types[t].size; }

void hold(struct checkpoint *c, uint8_t *memory)
{
    c->held = xgrow(c->held, &c->held_capacity, c->n_held + 1, sizeof *c->held);
    c->held[c->n_held++] = memory;
}

/* Whether every element lies within `available` ones. A tensor without elements does. */
static bool reaches(const struct checkpoint_tensor *t, size_t offset, size_t available)
{
    size_t last = offset;
    for (unsigned i = 0; i < t->n_dims; i++) {
        if (!t->dim[i])
            return true;
        size_t room = last < available ? available - 1 - last : 0;
        if (last >= available || (t->stride[i] && t->dim[i] - 1 > room / t->stride[i]))
            return false;
        last += (t->dim[i] - 1) * t->stride[i];
    }
    return last < available;
}

int add_tensor(const struct source *s, const char *name, struct checkpoint_tensor *t, const uint8_t *data, size_t offset, size_t available)
{
    struct checkpoint *c = s->into;
    size_t elements = 1;
    if (c->n_tensors == CHECKPOINT_TENSORS_MAX)
        return sonata_error_set(s->err, -EFBIG, "%s: more than %d tensors", s->name, CHECKPOINT_TENSORS_MAX);
    if (!reaches(t, offset, available))
        return sonata_error_set(s->err, -EBADMSG, "%s: tensor '%s': its shape reaches beyond the %zu values that the file has for it", s->name, name,
                                available);
    for (unsigned i = 0; i < t->n_dims; i++) {
        if (t->dim[i] && elements > CHECKPOINT_BYTES_MAX / sizeof(float) / t->dim[i])
            return sonata_error_set(s->err, -EFBIG, "%s: tensor '%s': more than %zu values", s->name, name, CHECKPOINT_BYTES_MAX / sizeof(float));
        elements *= t->dim[i];
    }
    t->name = xstrdup(name);
    t->data = data + (elements ? offset * type_size(t->type) : 0);
    c->tensor = xgrow(c->tensor, &c->capacity, c->n_tensors + 1, sizeof *c->tensor);
    c->tensor[c->n_tensors++] = *t;
    return 0;
}

size_t checkpoint_elements(const struct checkpoint_tensor *t)
{
    size_t n = 1;
    for (unsigned i = 0; i < t->n_dims; i++)
        n *= t->dim[i];
    return n;
}
