/* See checkpoint.h. */
#include "checkpoint/checkpoint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
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

static int parse(const struct source *s)
{
    if (s->size >= 4 && !memcmp(s->data, "PK\3\4", 4))
        return read_zip(s);
    if (s->size >= 2 && s->data[0] == 0x80 && s->data[1] <= 5)
        return read_legacy(s);
    if (s->size > 9 && s->data[8] == '{')
        return read_safetensors(s);
    if (!s->size)
        return sonata_error_set(s->err, -EBADMSG, "%s: the file is empty", s->name);
    return sonata_error_set(s->err, -ENOTSUP,
                            "%s: neither a file of torch.save() nor safetensors; in PyTorch: torch.save(model.state_dict(), 'weights.pth')", s->name);
}

int checkpoint_parse(const void *data, size_t size, const char *name, struct checkpoint *ret, struct sonata_error *err)
{
    struct checkpoint c = {.tensor = NULL};
    struct source s = {.data = data, .size = size, .name = name, .into = &c, .err = err};
    int r = parse(&s);
    if (!r && !c.n_tensors)
        r = sonata_error_set(err, -EBADMSG, "%s: no tensors in it; the file must hold the dict of a model's weights (model.state_dict())", name);
    if (r)
        checkpoint_fini(&c);
    else
        *ret = c;
    return r;
}

int checkpoint_open(const char *path, struct checkpoint *ret, struct sonata_error *err)
{
    struct bytes file = {0};
    int r = file_read(path, CHECKPOINT_BYTES_MAX, &file, err);
    r = r ? r : checkpoint_parse(file.data, file.size, path, ret, err);
    if (r)
        bytes_fini(&file);
    else
        ret->file = file;
    return r;
}

void checkpoint_fini(struct checkpoint *c)
{
    for (size_t i = 0; i < c->n_tensors; i++)
        free(c->tensor[i].name);
    for (size_t i = 0; i < c->n_held; i++)
        free(c->held[i]);
    free(c->tensor);
    free(c->held);
    bytes_fini(&c->file);
    *c = (struct checkpoint){.tensor = NULL};
}

const struct checkpoint_tensor *checkpoint_find(const struct checkpoint *c, const char *name)
{
    for (size_t i = 0; i < c->n_tensors; i++) {
        if (!strcmp(c->tensor[i].name, name))
            return &c->tensor[i];
    }
    return NULL;
}

size_t checkpoint_elements(const struct checkpoint_tensor *t)
{
    size_t n = 1;
    for (unsigned i = 0; i < t->n_dims; i++)
        n *= t->dim[i];
    return n;
}
