/* See checkpoint.h. */
#include "checkpoint/checkpoint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "checkpoint/checkpoint_internal.h"

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
