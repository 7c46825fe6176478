/* See forest_keep.h. u8 version, three zero bytes; per forest: u64 key, u32 bytes, u32 0, the bytes of forest_save(); hash64 of all that. Every
 * part is a multiple of 4 bytes long, so that nodes lie aligned. */
#include "search/forest_keep.h"

#include "base/hash.h"

enum { VERSION = 1, HEADER = 4, SEAL = 8, ENTRY = 16 };

void forest_keep_start(struct bytes *out) { bytes_put_u32(out, VERSION); }

void forest_keep_add(struct bytes *out, uint64_t key, const struct forest *f)
{
    bytes_put_u64(out, key);
    bytes_put_u32(out, (uint32_t)(forest_keep_size(f) - ENTRY));
    bytes_put_u32(out, 0);
    forest_save(f, out);
}

void forest_keep_seal(struct bytes *out) { bytes_put_u64(out, hash64(out->data, out->size)); }

size_t forest_keep_size(const struct forest *f) { return ENTRY + forest_saved_size(f); }

bool forest_keep_check(const void *data, size_t n)
{
    if (n < HEADER + SEAL)
        return false;
    struct reader in = reader_of(data, HEADER), tail = reader_of((const uint8_t *)data + n - SEAL, SEAL);
    return reader_u32(&in) == VERSION && reader_u64(&tail) == hash64(data, n - SEAL);
}

bool forest_keep_find(const void *data, size_t n, uint64_t key, uint32_t n_genes, struct forest *ret_forest)
{
    if (n < HEADER + SEAL)
        return false;
    struct reader in = reader_of((const uint8_t *)data + HEADER, n - HEADER - SEAL);
    while (in.left) {
        uint64_t here = reader_u64(&in);
        uint32_t size = reader_u32(&in);
        (void)reader_u32(&in);
        const uint8_t *bytes = reader_take(&in, size);
        if (in.bad)
            return false;
        if (here == key)
            return forest_borrow(bytes, size, n_genes, ret_forest);
    }
    return false;
}
