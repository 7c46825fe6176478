/* The canary's network: fixed to the last bit, right on every executor, and timed by the engine and by a device. */
#include "backend/canary_network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"
#include "supernet/build.h"
#include "support/cmocka.h"
#include "unit/mcu/fake_board.h"

/* The references that farms have stored are for this network: a change shows here and needs another CANARY_NETWORK_VERSION (watch.c). */
static void assert_network(enum canary_kind kind, const char *expected)
{
    struct network n;
    struct bytes all = {0};
    uint8_t hash[HASH_SIZE];
    char hex[17];
    float pictures[CANARY_PICTURES * CANARY_SIDE * CANARY_SIDE];
    canary_network_init(&n, kind);
    canary_network_pictures(pictures);
    for (unsigned i = 0; i < n.n_layers; i++) {
        const struct network_layer *l = &n.layer[i];
        size_t fan = (size_t)l->kernel * l->kernel * (l->type == NETWORK_DEPTHWISE ? 1 : l->in_channels);
        if (l->weight)
            bytes_append(&all, l->weight, fan * l->out_channels * sizeof(float));
        if (l->bias)
            bytes_append(&all, l->bias, l->out_channels * sizeof(float));
    }
    bytes_append(&all, pictures, sizeof pictures);
    hash_content(all.data, all.size, hash);
    hash_to_hex(hash, 8, hex);
    bytes_fini(&all);
    printf("# %u layers, %.0f macs, %.0f params, %s\n", n.n_layers, n.macs, n.params, hex);
    assert_string_equal(hex, expected);
    network_free(&n);
}

static void it_never_changes(void **state)
{
    (void)state;
    assert_network(CANARY_HOST, "1ce4d0c25557c218");
    assert_network(CANARY_DEVICE, "0c62bcd1186b09ad");
}

static void on_the_engine(void **state)
{
    (void)state;
    struct sonata_error err = {0};
    double ref = 0, best = 0;
    if (canary_on_engine("ref", 0, NULL, &err) || canary_on_engine(NULL, 0, NULL, &err))
        fail_msg("%s", err.text);
    if (canary_on_engine("ref", 50 * SONATA_MS, &ref, &err) || canary_on_engine(NULL, 50 * SONATA_MS, &best, &err))
        fail_msg("%s", err.text);
    printf("# ref %.1f us, best %.1f us\n", ref, best);
    assert_true(ref > 0 && best > 0);
    assert_int_equal(canary_on_engine("none", 0, NULL, &err), -ENOENT);
}

static bool other_logits(struct fake_board *f, const char *command)
{
    fake_pass(f, command);
    if (!strncmp(command, "infer", 5))
        f->arena[f->device.net->output] ^= 1;
    return true;
}

static void on_a_device(void **state)
{
    (void)state;
    struct fake_board *board = fake_board_new("fake board");
    struct mcu_options o = mcu_options_defaults();
    struct sonata_error err = {0};
    double us = 0;
    assert_int_equal(option_put(mcu_keys, &o, "port", board->path, &err), 0);
    if (canary_on_mcu(&o, 0, NULL, &err) || canary_on_mcu(&o, 40000, &us, &err))
        fail_msg("%s", err.text);
    assert_true(us > 3.999 && us < 4.001); /* the fake's clock: 100 ticks of 25 MHz */
    fake_set_hook(board, other_logits);
    assert_int_equal(canary_on_mcu(&o, 0, NULL, &err), -EILSEQ);
    fake_set_hook(board, NULL);
    /* no room for it: then it only has to answer */
    assert_int_equal(option_put(mcu_keys, &o, "ram", "1Ki", &err), 0);
    assert_int_equal(canary_on_mcu(&o, 0, NULL, &err), 0);
    assert_int_equal(canary_on_mcu(&o, 40000, &us, &err), -ENOSPC);
    fake_board_free(board);
    assert_true(canary_on_mcu(&o, 0, NULL, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_never_changes), cmocka_unit_test(on_the_engine), cmocka_unit_test(on_a_device)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
