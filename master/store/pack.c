/* See pack.h. A dictionary is made anew when it is worn: over the last WINDOW_VALUES values the share that packing left is WORN_FACTOR times the best
 * share it had (another search, other boards, another kernel). */
#include "store/pack.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/memory.h"

enum { LEVEL = 3, SMALLEST = 32, WITHOUT_DICTIONARY = 4096, WINDOW_VALUES = 2048, MAGIC_SIZE = 4 };
#define WORN_FACTOR 1.25

static const uint8_t magic[MAGIC_SIZE] = {0x28, 0xB5, 0x2F, 0xFD};

struct packer {
    ZSTD_CCtx *context;
    ZSTD_CDict *dictionary;
    uint64_t id;
    struct bytes sample; /* recent values, the newest last */
    uint64_t plain_bytes, packed_bytes;
    uint32_t n_values; /* in the window */
    double best_share; /* of the dictionary's windows; 0: none is full yet */
    bool worn;
};

struct packer *packer_new(void)
{
    struct packer *p = xcalloc(1, sizeof *p);
    p->context = ZSTD_createCCtx();
    if (!p->context)
        abort();
    ZSTD_CCtx_setParameter(p->context, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(p->context, ZSTD_c_checksumFlag, 0);
    ZSTD_CCtx_setParameter(p->context, ZSTD_c_dictIDFlag, 0);
    return p;
}

void packer_free(struct packer *p)
{
    if (!p)
        return;
    ZSTD_freeCCtx(p->context);
    ZSTD_freeCDict(p->dictionary);
    bytes_fini(&p->sample);
    free(p);
}

void packer_use(struct packer *p, uint64_t id, const void *content, size_t n)
{
    ZSTD_freeCDict(p->dictionary);
    p->dictionary = ZSTD_createCDict(content, n, LEVEL);
    if (!p->dictionary)
        abort();
    p->id = id;
    p->plain_bytes = p->packed_bytes = p->n_values = 0;
    p->best_share = 0;
    p->worn = false;
    bytes_clear(&p->sample);
}

bool packer_wants(const struct packer *p, const uint8_t **ret_content, size_t *ret_n)
{
    if (p->sample.size < PACK_DICTIONARY_MAX || (p->dictionary && !p->worn))
        return false;
    *ret_content = p->sample.data + p->sample.size - PACK_DICTIONARY_MAX;
    *ret_n = PACK_DICTIONARY_MAX;
    return true;
}

/* The sample is kept between one and two dictionaries long. */
static void remember(struct packer *p, const void *value, size_t n)
{
    if (p->dictionary && !p->worn && p->n_values < WINDOW_VALUES / 2)
        return;
    if (p->sample.size + n > 2 * PACK_DICTIONARY_MAX) {
        memmove(p->sample.data, p->sample.data + p->sample.size - PACK_DICTIONARY_MAX, PACK_DICTIONARY_MAX);
        p->sample.size = PACK_DICTIONARY_MAX;
    }
    bytes_append(&p->sample, value, n);
}

static void count(struct packer *p, size_t plain, size_t packed)
{
    p->plain_bytes += plain;
    p->packed_bytes += packed;
    if (++p->n_values < WINDOW_VALUES)
        return;
    double share = (double)p->packed_bytes / (double)p->plain_bytes;
    if (p->best_share == 0 || share < p->best_share)
        p->best_share = share;
    p->worn = share > WORN_FACTOR * p->best_share;
    p->plain_bytes = p->packed_bytes = p->n_values = 0;
}

static void put_varint(struct bytes *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        bytes_put_u8(out, (uint8_t)(v | 0x80));
    bytes_put_u8(out, (uint8_t)v);
}

bool packer_pack(struct packer *p, const void *value, size_t n, struct bytes *out)
{
    bool forced = n && *(const uint8_t *)value == PACK_MARK; /* a plain value must not look like a packed one */
    if (!forced && (n < SMALLEST || n > PACK_VALUE_MAX))
        return false;
    bool small = n < WITHOUT_DICTIONARY, with = small && p->dictionary;
    ZSTD_CCtx_refCDict(p->context, with ? p->dictionary : NULL);
    bytes_clear(out);
    bytes_put_u8(out, PACK_MARK);
    put_varint(out, with ? p->id : 0);
    size_t head = out->size, room = ZSTD_compressBound(n);
    uint8_t *frame = bytes_append(out, NULL, room);
    size_t size = ZSTD_compress2(p->context, frame, room, value, n);
    if (ZSTD_isError(size))
        return false; /* the room suffices: only a bug of the library */
    memmove(frame, frame + MAGIC_SIZE, size - MAGIC_SIZE);
    out->size = head + size - MAGIC_SIZE;
    bool smaller = out->size < n;
    if (small && n >= SMALLEST) {
        count(p, n, smaller ? out->size : n);
        remember(p, value, n);
    }
    return smaller || forced;
}

bool pack_is_packed(const void *value, size_t n, uint64_t *ret_dictionary)
{
    const uint8_t *v = value;
    if (!n || v[0] != PACK_MARK)
        return false;
    *ret_dictionary = 0;
    for (size_t i = 1; i < n && i <= 9; i++) {
        *ret_dictionary |= (uint64_t)(v[i] & 0x7F) << (7 * (i - 1));
        if (!(v[i] & 0x80))
            break;
    }
    return true;
}

/* One spare context: making one costs more than a small value. */
static _Atomic(ZSTD_DCtx *) spare;

static ZSTD_DCtx *take_context(void)
{
    ZSTD_DCtx *c = atomic_exchange(&spare, NULL);
    if (!c && !(c = ZSTD_createDCtx()))
        abort();
    return c;
}

static void give_context(ZSTD_DCtx *c) { ZSTD_freeDCtx(atomic_exchange(&spare, c)); }

int pack_unpack(const void *value, size_t n, const void *dictionary, size_t n_dictionary, struct bytes *out)
{
    const uint8_t *v = value;
    size_t head = 1;
    while (head < n && v[head] & 0x80)
        head++;
    if (++head >= n || head > 10)
        return -EBADMSG;
    cleanup_bytes struct bytes frame = {0};
    bytes_append(&frame, magic, MAGIC_SIZE);
    bytes_append(&frame, v + head, n - head);
    size_t length = ZSTD_findFrameCompressedSize(frame.data, frame.size);
    unsigned long long size = ZSTD_getFrameContentSize(frame.data, frame.size);
    if (ZSTD_isError(length) || size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > PACK_VALUE_MAX)
        return -EBADMSG;
    size_t before = out->size;
    uint8_t *to = bytes_append(out, NULL, (size_t)size);
    ZSTD_DCtx *context = take_context();
    size_t got = ZSTD_decompress_usingDict(context, to, (size_t)size, frame.data, length, dictionary, n_dictionary);
    give_context(context);
    if (!ZSTD_isError(got) && got == size)
        return 0;
    out->size = before;
    return -EBADMSG;
}
