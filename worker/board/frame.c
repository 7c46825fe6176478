/* See frame.h. */
#include "board/frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FRAME_HEAD = 5 };

void frame_put(struct bytes *out, enum frame_type type, const void *payload, size_t n)
{
    bytes_put_u32(out, (uint32_t)n);
    bytes_put_u8(out, (uint8_t)type);
    bytes_append(out, payload, n);
}

int frame_write(int fd, enum frame_type type, const void *payload, size_t n)
{
    struct bytes out = {0};
    frame_put(&out, type, payload, n);
    int r = 0;
    for (size_t done = 0; !r && done < out.size;) {
        ssize_t k = write(fd, out.data + done, out.size - done);
        if (k >= 0)
            done += (size_t)k;
        else if (errno != EINTR)
            r = -errno;
    }
    bytes_fini(&out);
    return r;
}

void frame_feed(struct frame_reader *r, const void *p, size_t n)
{
    if (r->used) {
        memmove(r->buffer.data, r->buffer.data + r->used, r->buffer.size - r->used);
        r->buffer.size -= r->used;
        r->used = 0;
    }
    bytes_append(&r->buffer, p, n);
}

bool frame_next(struct frame_reader *r, uint8_t *ret_type, const uint8_t **ret_payload, size_t *ret_n)
{
    struct reader in = reader_of(r->buffer.data + r->used, r->buffer.size - r->used);
    if (r->bad || in.left < FRAME_HEAD)
        return false;
    size_t n = reader_u32(&in);
    uint8_t type = reader_u8(&in);
    if (n > FRAME_MAX) {
        r->bad = true;
        return false;
    }
    if (in.left < n)
        return false;
    *ret_type = type;
    *ret_payload = in.p;
    *ret_n = n;
    r->used += FRAME_HEAD + n;
    return true;
}

void frame_reader_fini(struct frame_reader *r)
{
    bytes_fini(&r->buffer);
    *r = (struct frame_reader){0};
}
