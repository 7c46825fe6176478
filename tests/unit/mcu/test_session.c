/* A candidate on a board from blob to metrics, and what it says when board, line or candidate are at fault. */
#include "mcu/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake_board.h"
#include "mcu/int8_net.h"
#include "mcu/quantize.h"
#include "mcu/serial.h"
#include "random_net.h"
#include "support/cmocka.h"

enum { PICTURES = 3 };

struct bench {
    struct fake_board *board;
    struct mcu_options options;
    struct bytes blob;
    int8_t input[PICTURES * 144];
    struct mcu_request request;
    struct mcu_result result;
    struct sonata_error err;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct random_net_options o = random_net_small();
    struct rng rng = rng_seeded(51, 1);
    struct network net;
    struct int8_net int8;
    float *pictures;

    b->board = fake_board_new("fake board");
    random_net_init(&net, &o, &rng);
    pictures = random_pictures(&net, PICTURES, &rng);
    assert_int_equal(quantize_network(&net, pictures, PICTURES, &b->blob, &b->err), 0);
    assert_int_equal(int8_net_init(&int8, b->blob.data, b->blob.size, &b->err), 0);
    for (unsigned i = 0; i < PICTURES; i++)
        int8_net_input(&int8, pictures + i * 144, b->input + i * 144);
    int8_net_fini(&int8);
    free(pictures);
    random_net_fini(&net);
    b->options = mcu_options_defaults();
    assert_int_equal(option_put(mcu_keys, &b->options, "port", b->board->path, &b->err), 0);
    b->request = (struct mcu_request){
        .options = &b->options, .blob = b->blob.data, .size = b->blob.size, .input = b->input, .n_inputs = PICTURES, .windows = 5,
        .window_us = 40, .warmup_us = 8, .min_inferences = 10, .warmup_inferences = 2,
    };
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    assert_int_equal(atomic_load(&b->board->violations), 0);
    fake_board_free(b->board);
    bytes_fini(&b->blob);
    free(b);
    return 0;
}

static int run(struct bench *b)
{
    return mcu_run(&b->request, &b->result, &b->err);
}

static void test_candidate_from_blob_to_metrics(void **state)
{
    struct bench *b = *state;
    struct q8_header h;

    memcpy(&h, b->blob.data, sizeof h);
    if (run(b) != 0)
        fail_msg("%s", b->err.text);
    assert_string_equal(b->result.board, "fake board");
    assert_int_equal(b->result.compared, PICTURES);
    assert_int_equal(b->result.n_windows, 5);
    assert_int_equal(b->result.inferences, 5 * 10); /* 40 us of 4 us inferences */
    for (unsigned w = 0; w < 5; w++)
        assert_true(b->result.window_us[w] > 3.999 && b->result.window_us[w] < 4.001); /* 100 ticks of 25 MHz */
    assert_true(b->result.measured_us > 199.9 && b->result.measured_us < 200.1);
    assert_int_equal(b->result.memory.weights, b->blob.size);
    assert_int_equal(b->result.memory.flash_code, 20000);
    assert_int_equal(b->result.memory.ram_runtime, 33000);
    assert_int_equal(b->result.memory.ram_activation, h.arena_size);
    assert_int_equal(b->result.macs, h.macs);
}

struct wish {
    unsigned windows, asked;
    double measured_us;
};

static bool want_more(void *user, const struct mcu_result *so_far)
{
    struct wish *w = user;

    w->asked++;
    w->measured_us = so_far->measured_us;
    return so_far->n_windows < w->windows;
}

/* Asked after the tier's number of windows and after each further one; never beyond what a result holds. */
static void test_windows_go_on_as_long_as_they_are_wanted(void **state)
{
    struct bench *b = *state;
    struct wish w = {.windows = 9};

    b->request.want_more = want_more;
    b->request.want_more_user = &w;
    if (run(b) != 0)
        fail_msg("%s", b->err.text);
    assert_int_equal(b->result.n_windows, 9);
    assert_int_equal(b->result.inferences, 90);
    assert_int_equal(w.asked, 5);
    assert_true(w.measured_us > 359.9 && w.measured_us < 360.1);
    w = (struct wish){.windows = 3};
    assert_int_equal(run(b), 0);
    assert_int_equal(b->result.n_windows, 5);
    assert_int_equal(w.asked, 1);
    w = (struct wish){.windows = 1000};
    assert_int_equal(run(b), 0);
    assert_int_equal(b->result.n_windows, MCU_WINDOWS_MAX);
}

static void test_emulated_board_is_asked_once(void **state)
{
    struct bench *b = *state;

    assert_int_equal(option_put(mcu_keys, &b->options, "emulated", "yes", &b->err), 0);
    if (run(b) != 0)
        fail_msg("%s", b->err.text);
    assert_int_equal(b->result.n_windows, 1);
    assert_int_equal(b->result.inferences, 1);
    assert_int_equal(b->result.ticks, 100);
    assert_true(b->result.window_us[0] > 3.999 && b->result.window_us[0] < 4.001);
    assert_int_equal(b->result.compared, PICTURES);
}

static void test_infeasible_before_a_byte_is_sent(void **state)
{
    struct bench *b = *state;
    unsigned before = atomic_load(&b->board->commands);

    assert_int_equal(option_put(mcu_keys, &b->options, "ram", "1Ki", &b->err), 0);
    assert_int_equal(run(b), -ENOSPC);
    assert_non_null(strstr(b->err.text, "infeasible:ram: 128 bytes missing"));
    assert_int_equal(b->result.memory.ram_missing, 128);
    assert_int_equal(atomic_load(&b->board->commands), before);
    /* with the firmware's own share known it is more */
    assert_int_equal(option_put(mcu_keys, &b->options, "ram", "34000", &b->err), 0);
    assert_int_equal(run(b), -ENOSPC);
    assert_non_null(strstr(b->err.text, "infeasible:ram: 152 bytes missing"));
    assert_int_equal(option_put(mcu_keys, &b->options, "ram", "0", &b->err), 0);
    assert_int_equal(option_put(mcu_keys, &b->options, "flash", "20001", &b->err), 0);
    assert_int_equal(run(b), -ENOSPC);
    assert_non_null(strstr(b->err.text, "infeasible:flash:"));
}

static bool hook_other_logits(struct fake_board *f, const char *command)
{
    fake_pass(f, command);
    if (strncmp(command, "infer", 5) == 0)
        f->arena[f->device.net->output] ^= 1;
    return true;
}

static void test_wrong_arithmetic_is_noticed(void **state)
{
    struct bench *b = *state;

    fake_set_hook(b->board, hook_other_logits);
    assert_int_equal(run(b), -EILSEQ);
}

static bool hook_nan(struct fake_board *f, const char *command)
{
    if (strncmp(command, "infer", 5) != 0)
        return false;
    fake_say(f, "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-1\r\nm-lap-us-2\r\nm-infer-done\r\nm-results-[nan]\r\nm-ready\r\n");
    return true;
}

static void test_candidate_without_numbers(void **state)
{
    struct bench *b = *state;

    fake_set_hook(b->board, hook_nan);
    assert_int_equal(run(b), -EBADMSG);
}

static bool hook_reset_in_window(struct fake_board *f, const char *command)
{
    if (strncmp(command, "infer", 5) != 0 || atomic_fetch_add(&f->hook_count, 1) != 4)
        return false;
    fake_reset(f);
    return true;
}

static void test_reset_voids_the_attempt(void **state)
{
    struct bench *b = *state;

    fake_set_hook(b->board, hook_reset_in_window);
    assert_int_equal(run(b), -ECONNRESET);
    assert_int_equal(run(b), 0); /* the next attempt is whole */
}

static void test_missing_board(void **state)
{
    struct bench *b = *state;
    struct link_info info;
    char name[TINY_TEXT_MAX];

    assert_int_equal(mcu_ping(&b->options, &info, name, &b->err), 0);
    assert_string_equal(name, "fake board");
    assert_int_equal(info.blob_max, FAKE_BLOB_MAX);
    assert_int_equal(option_put(mcu_keys, &b->options, "name", "another", &b->err), 0);
    assert_int_equal(mcu_ping(&b->options, &info, name, &b->err), -ENODEV);
    assert_int_equal(option_put(mcu_keys, &b->options, "port", "/tmp/no-such-line", &b->err), 0);
    assert_int_equal(mcu_ping(&b->options, &info, name, &b->err), -ENOENT);
}

static void test_option_values(void **state)
{
    static const char *const bad[][2] = {{"baud", "1"}, {"ram", "much"}, {"framing", "base64"}, {"samples", "0"}, {"port", ""}, {"answer", "1ms"}};
    struct bench *b = *state;

    assert_int_equal(option_put(mcu_keys, &b->options, "flash", "512Ki", &b->err), 0);
    assert_int_equal(b->options.flash, 512 * 1024);
    assert_int_equal(option_put(mcu_keys, &b->options, "framing", "hex", &b->err), 0);
    assert_true(b->options.hex);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(option_put(mcu_keys, &b->options, bad[i][0], bad[i][1], &b->err), -EINVAL);
    assert_int_equal(option_put(mcu_keys, &b->options, "colour", "red", &b->err), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_candidate_from_blob_to_metrics),
        TEST(test_windows_go_on_as_long_as_they_are_wanted),
        TEST(test_emulated_board_is_asked_once),
        TEST(test_infeasible_before_a_byte_is_sent),
        TEST(test_wrong_arithmetic_is_noticed),
        TEST(test_candidate_without_numbers),
        TEST(test_reset_voids_the_attempt),
        TEST(test_missing_board),
        TEST(test_option_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
