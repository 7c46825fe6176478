/* See fields.h. */
#include "store/fields.h"

#include <errno.h>

struct fields fields_writing(struct bytes *out, uint8_t version)
{
    bytes_put_u8(out, version);
    return (struct fields){.out = out, .version = version};
}

int fields_reading(const void *p, size_t n, uint8_t latest, struct fields *ret_fields)
{
    struct fields f = {.in = reader_of(p, n)};
    f.version = reader_u8(&f.in);
    if (f.in.bad || !f.version)
        return -EBADMSG;
    if (f.version > latest)
        return -EPROTONOSUPPORT;
    *ret_fields = f;
    return 0;
}

int fields_end(const struct fields *f) { return f->out || reader_done(&f->in) ? 0 : -EBADMSG; }

void field_bool(struct fields *f, bool *v)
{
    if (f->out)
        bytes_put_u8(f->out, *v);
    else
        *v = reader_u8(&f->in) != 0;
}

void field_u16(struct fields *f, uint16_t *v)
{
    if (f->out)
        bytes_put_u16(f->out, *v);
    else
        *v = reader_u16(&f->in);
}

void field_u32(struct fields *f, uint32_t *v)
{
    if (f->out)
        bytes_put_u32(f->out, *v);
    else
        *v = reader_u32(&f->in);
}

void field_i32(struct fields *f, int32_t *v)
{
    if (f->out)
        bytes_put_u32(f->out, (uint32_t)*v);
    else
        *v = (int32_t)reader_u32(&f->in);
}

void field_u64(struct fields *f, uint64_t *v)
{
    if (f->out)
        bytes_put_u64(f->out, *v);
    else
        *v = reader_u64(&f->in);
}

void field_i64(struct fields *f, int64_t *v)
{
    if (f->out)
        bytes_put_u64(f->out, (uint64_t)*v);
    else
        *v = (int64_t)reader_u64(&f->in);
}

void field_f64(struct fields *f, double *v)
{
    if (f->out)
        bytes_put_f64(f->out, *v);
    else
        *v = reader_f64(&f->in);
}

void field_string(struct fields *f, char *text, size_t size)
{
    if (f->out)
        bytes_put_string(f->out, text);
    else
        reader_string(&f->in, text, size);
}

void field_bytes(struct fields *f, void *p, size_t n)
{
    if (f->out)
        bytes_append(f->out, p, n);
    else
        reader_copy(&f->in, p, n);
}

void field_count(struct fields *f, uint32_t *n, uint32_t max, size_t element_size)
{
    if (f->out)
        bytes_put_u32(f->out, *n);
    else
        *n = reader_count(&f->in, max, element_size);
}

unsigned field_number(struct fields *f, unsigned v, unsigned count)
{
    if (f->out) {
        bytes_put_u8(f->out, (uint8_t)v);
        return v;
    }
    unsigned read = reader_u8(&f->in);
    field_check(f, read < count);
    return read < count ? read : 0;
}

void field_check(struct fields *f, bool good)
{
    if (!f->out && !good)
        f->in.bad = true;
}
