/* Stored state that is damaged, cut or from elsewhere: refused with -EBADMSG, never a crash (run under the sanitizers). */
#include "search/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"
#include "fixture.h"
#include "search/core_internal.h"
#include "support/cmocka.h"

static struct space depth, cell;

static int setup(void **state)
{
    (void)state;
    fixture_depth_space(&depth);
    fixture_cell_space(&cell);
    return 0;
}

static void make_state(const char *algorithm, struct bytes *out)
{
    struct core *s = fixture_search(&depth, algorithm, 2, 60, 3);
    struct genotype g = space_last(&depth);
    struct core_proposal p[3];
    (void)core_hint(s, &g, 1, 2.5);
    while (core_told(s) < 45)
        (void)fixture_step(s, &depth, 2, 5);
    (void)core_ask(s, 3, p);
    core_save(s, out);
    core_free(s);
}

static int load(const struct space *space, const void *data, size_t n)
{
    struct core *s = NULL;
    struct sonata_error err = {{0}};
    int r = core_load(space, data, n, &s, &err);
    if (r)
        assert_true(err.text[0] != '\0');
    else {
        struct core_proposal p[4];
        (void)core_ask(s, 4, p); /* whatever was accepted must work */
    }
    core_free(s);
    return r;
}

static void seal(struct bytes *b)
{
    uint64_t h = hash64(b->data, b->size - 8);
    for (int i = 0; i < 8; i++)
        b->data[b->size - 8 + (size_t)i] = (uint8_t)(h >> (8 * i));
}

static void cut_state_is_refused(void **state)
{
    struct bytes b = {0};
    (void)state;
    make_state("sonata+", &b);
    assert_int_equal(load(&depth, b.data, b.size), 0);
    for (size_t n = 0; n < b.size; n++) {
        uint8_t *copy = malloc(n + 1); /* exact size: the sanitizer sees every read past it */
        memcpy(copy, b.data, n);
        assert_int_equal(load(&depth, copy, n), -EBADMSG);
        free(copy);
    }
    bytes_fini(&b);
}

static void damage_is_refused_by_the_check_sum(void **state)
{
    struct bytes b = {0};
    (void)state;
    make_state("nsga2", &b);
    for (size_t at = 6; at < b.size; at++) {
        b.data[at] ^= 0x40;
        assert_int_equal(load(&depth, b.data, b.size), -EBADMSG);
        b.data[at] ^= 0x40;
    }
    b.data[4] = 99;
    seal(&b);
    assert_int_equal(load(&depth, b.data, b.size), -EPROTONOSUPPORT);
    bytes_fini(&b);
}

/* States of former versions (tests/golden/search-state): their searches go on with the defaults they began with and propose what they would have. */
static void old_states_go_on(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 3; version++) {
        char path[512];
        struct bytes file = {0};
        struct sonata_error err = {{0}};
        struct core *s;
        struct core_proposal p[6];
        snprintf(path, sizeof path, SONATA_SOURCE_DIR "/tests/golden/search-state/state-v%u.bin", version);
        if (file_read(path, 1 << 20, &file, &err))
            fail_msg("%s", err.text);
        size_t tail = 6 * (size_t)depth.n_genes, n = file.size - tail;
        if (core_load(&depth, file.data, n, &s, &err))
            fail_msg("version %u: %s", version, err.text);
        assert_int_equal(s->params.revision, version);
        assert_true((s->set.bound > 0) == (version > 1));
        assert_int_equal(s->set.least_used, version > 1 ? LEAST_USED_AUTO : LEAST_USED_OFF);
        assert_int_equal(s->set.families, FAMILIES_OFF);
        assert_int_equal(core_ask(s, 6, p), 6);
        for (unsigned i = 0; i < 6; i++)
            assert_memory_equal(p[i].genotype.allele, file.data + n + i * depth.n_genes, depth.n_genes);
        core_free(s);
        bytes_fini(&file);
    }
}

static void the_newest_defaults_are_the_default(void **state)
{
    struct core_params p = {.algorithm = "sonata+", .n_objectives = 2, .budget = 60, .seed = 3};
    struct sonata_error err = {{0}};
    struct core *s;
    (void)state;
    assert_int_equal(core_new(&depth, &p, &s, &err), 0);
    assert_true(s->set.bound > 0 && s->set.least_used == LEAST_USED_AUTO);
    p.revision = CORE_REVISION + 1;
    assert_int_equal(core_params_check(&p, &err), -EINVAL);
    core_free(s);
}

/* With the check sum repaired, only the checks of the content are left. */
static void forged_content_never_crashes(void **state)
{
    static const char *const algorithm[] = {"nsga2", "sonata", "sonata+", "linas"};
    struct rng rng = rng_seeded(17, 0);
    (void)state;
    for (int a = 0; a < 4; a++) {
        struct bytes b = {0};
        make_state(algorithm[a], &b);
        uint8_t *good = malloc(b.size);
        memcpy(good, b.data, b.size);
        for (int t = 0; t < 150; t++) {
            for (uint32_t k = 1 + rng_below(&rng, 3); k; k--)
                b.data[rng_below(&rng, (uint32_t)b.size)] = (uint8_t)(rng_below(&rng, 3) ? rng_below(&rng, 256) : 255);
            seal(&b);
            (void)load(&depth, b.data, b.size);
            memcpy(b.data, good, b.size);
        }
        free(good);
        bytes_fini(&b);
    }
}

static void another_space_is_refused(void **state)
{
    struct bytes b = {0};
    (void)state;
    make_state("nsga2", &b);
    assert_int_equal(load(&cell, b.data, b.size), -EBADMSG);
    bytes_fini(&b);
}

static void policies_travel(void **state)
{
    struct core *a = fixture_search(&depth, "sonata", 2, 100, 1), *b = fixture_search(&cell, "sonata", 2, 100, 2),
                *c = fixture_search(&cell, "sonata+", 2, 100, 2), *d = fixture_search(&cell, "nsga2", 2, 100, 2);
    struct bytes p = {0};
    struct core_insight before, after;
    (void)state;
    while (core_told(a) < 90)
        (void)fixture_step(a, &depth, 2, 10);
    core_policy_save(a, &p);
    assert_int_equal(core_policy_load(b, p.data, p.size), 0);
    core_insight(a, &before);
    core_insight(b, &after);
    assert_memory_equal(before.arm_weight, after.arm_weight, sizeof before.arm_weight);
    assert_int_equal(core_policy_load(c, p.data, p.size), -EINVAL);
    assert_int_equal(core_policy_load(d, p.data, p.size), -EINVAL);
    p.data[p.size / 2] ^= 1;
    assert_int_equal(core_policy_load(b, p.data, p.size), -EBADMSG);
    assert_int_equal(core_policy_load(b, p.data, 3), -EBADMSG);
    bytes_fini(&p);
    core_policy_save(d, &p);
    assert_int_equal(p.size, 0);
    bytes_fini(&p);
    core_free(a);
    core_free(b);
    core_free(c);
    core_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_state_is_refused),
        cmocka_unit_test(damage_is_refused_by_the_check_sum),
        cmocka_unit_test(forged_content_never_crashes),
        cmocka_unit_test(another_space_is_refused),
        cmocka_unit_test(policies_travel),
        cmocka_unit_test(old_states_go_on),
        cmocka_unit_test(the_newest_defaults_are_the_default),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
