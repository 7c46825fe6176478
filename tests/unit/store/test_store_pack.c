/* Packed values: what is packed is unpacked, with the right dictionary only; damage is an error or a value, never more; dictionaries wear out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/rng.h"
#include "store/pack.h"
#include "store/store.h"

static size_t record(struct rng *rng, const char *kernel, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "\001board=rpi4-%u kernel=%s governor=performance backend=engine value=%.6f", rng_below(rng, 100), kernel, rng_uniform(rng));
}

/* Packs and unpacks; returns the packed size. */
static size_t round_trip(struct packer *p, const void *value, size_t n, const void *dictionary, size_t n_dictionary)
{
    struct bytes packed = {0}, back = {0};
    uint64_t id;
    size_t size = n;
    if (packer_pack(p, value, n, &packed)) {
        size = packed.size;
        assert_true(pack_is_packed(packed.data, packed.size, &id));
        bytes_append(&packed, NULL, 7); /* room to grow is ignored */
        assert_int_equal(pack_unpack(packed.data, packed.size, id ? dictionary : NULL, id ? n_dictionary : 0, &back), 0);
        assert_int_equal(back.size, n);
        assert_memory_equal(back.data, value, n);
    }
    bytes_fini(&packed);
    bytes_fini(&back);
    return size;
}

static void test_dictionary_makes_values_small(void **state)
{
    (void)state;
    struct packer *p = packer_new();
    struct rng rng = rng_seeded(5, 0);
    char value[200];
    const uint8_t *content;
    size_t n;
    assert_false(packer_wants(p, &content, &n));
    for (int i = 0; i < 400; i++)
        round_trip(p, value, record(&rng, "Linux 6.1", value, sizeof value), NULL, 0);
    assert_true(packer_wants(p, &content, &n));
    uint8_t *dictionary = xmemdup(content, n);
    packer_use(p, 7, dictionary, n);
    assert_false(packer_wants(p, &content, &n));
    size_t plain = 0, packed = 0;
    for (int i = 0; i < 6000; i++) {
        size_t size = record(&rng, "Linux 6.1", value, sizeof value);
        plain += size;
        packed += round_trip(p, value, size, dictionary, PACK_DICTIONARY_MAX);
    }
    assert_true(2 * packed < plain);
    assert_false(packer_wants(p, &content, &n)); /* still good */
    char other[2000];
    for (int i = 0; i < 6000; i++) { /* something else comes in */
        for (size_t k = 0; k < 100; k++)
            other[k] = (char)('a' + (k * k + 11) % 23);
        other[0] = 1;
        snprintf(other + 100, 100, "%.12f", rng_uniform(&rng));
        round_trip(p, other, 114, dictionary, PACK_DICTIONARY_MAX);
    }
    assert_true(packer_wants(p, &content, &n));
    free(dictionary);
    packer_free(p);
}

static void test_odd_values(void **state)
{
    (void)state;
    struct packer *p = packer_new();
    struct rng rng = rng_seeded(6, 0);
    uint8_t *big = xmalloc(300000);
    for (size_t i = 0; i < 300000; i++)
        big[i] = (uint8_t)(i < 150000 ? i / 1000 : rng_below(&rng, 256));
    assert_true(round_trip(p, big, 300000, NULL, 0) < 300000);
    assert_int_equal(round_trip(p, "short", 5, NULL, 0), 5); /* stays plain */
    uint8_t like_packed[3] = {PACK_MARK, 0, 1};
    struct bytes out = {0};
    assert_true(packer_pack(p, like_packed, sizeof like_packed, &out));
    bytes_fini(&out);
    round_trip(p, like_packed, sizeof like_packed, NULL, 0);
    round_trip(p, like_packed, 1, NULL, 0);
    free(big);
    packer_free(p);
}

static void test_damage(void **state)
{
    (void)state;
    struct packer *p = packer_new();
    struct rng rng = rng_seeded(7, 0);
    struct bytes packed = {0}, back = {0};
    char value[400];
    size_t n = record(&rng, "Linux 6.1 Linux 6.1 Linux 6.1", value, sizeof value);
    packer_use(p, 300, value, n);
    assert_true(packer_pack(p, value, n, &packed));
    for (size_t cut = 0; cut < packed.size; cut++) {
        uint8_t *exact = xmemdup(packed.data, cut ? cut : 1);
        uint64_t id;
        if (pack_is_packed(exact, cut, &id))
            assert_int_equal(pack_unpack(exact, cut, value, n, &back), -EBADMSG);
        free(exact);
    }
    for (int i = 0; i < 20000; i++) {
        uint8_t *copy = xmemdup(packed.data, packed.size);
        copy[1 + rng_below(&rng, (uint32_t)packed.size - 1)] ^= (uint8_t)(1 + rng_below(&rng, 255));
        bytes_clear(&back);
        int r = pack_unpack(copy, packed.size, value, n, &back);
        assert_true(r == 0 || (r == -EBADMSG && back.size == 0));
        free(copy);
    }
    bytes_fini(&packed);
    bytes_fini(&back);
    packer_free(p);
}

/* Through the store: small on disk, the same to read, also after opening it again and beside a writer. */
static void test_store_packs_and_goes_on(void **state)
{
    (void)state;
    char folder[] = "/tmp/sonata-pack-XXXXXX", value[200], path[64];
    assert_non_null(mkdtemp(folder));
    struct sonata_error err = {{0}};
    struct store *s;
    struct bytes b = {0};
    for (int life = 0; life < 3; life++) {
        assert_int_equal(store_open(folder, NULL, &s, &err), 0);
        struct rng rng = rng_seeded(8, (uint64_t)life);
        for (uint64_t i = 0; i < 500; i++) {
            store_put(s, STORE_EVALUATION, key_u64(500 * (uint64_t)life + i), value, record(&rng, "Linux", value, sizeof value));
            if (i % 10 == 9)
                assert_int_equal(store_commit(s, &err), 0);
        }
        rng = rng_seeded(8, (uint64_t)life);
        for (uint64_t i = 0; i < 500; i++) {
            size_t n = record(&rng, "Linux", value, sizeof value);
            assert_int_equal(store_get(s, STORE_EVALUATION, key_u64(500 * (uint64_t)life + i), &b), 0);
            assert_int_equal(b.size, n);
            assert_memory_equal(b.data, value, n);
        }
        assert_true(store_size(s, STORE_EVALUATION) < (uint64_t)(life + 1) * 500 * 60 + 32768); /* 90 bytes each when plain */
        assert_int_equal(store_count(s, STORE_DICTIONARY), 1); /* the next life goes on with it */
        store_close(s);
    }
    bytes_fini(&b);
    static const char *const file[] = {"data.mdb", "lock.mdb", "master.lock"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, file[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dictionary_makes_values_small),
        cmocka_unit_test(test_odd_values),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_store_packs_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
