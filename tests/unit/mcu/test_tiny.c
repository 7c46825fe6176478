/* The host's protocol against a board on a pty: normal work, the reference's quirks, and every fault a line can have. */
#include "mcu/tiny.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake_board.h"
#include "firmware/blob.h"
#include "mcu/int8_net.h"
#include "mcu/link.h"
#include "mcu/quantize.h"
#include "random_net.h"
#include "support/cmocka.h"

struct bench {
    struct fake_board *board;
    struct tiny *tiny;
    struct sonata_error err;
    struct bytes blob;
    struct int8_net net;
    int8_t input[144], logits[Q8_OUTPUT_MAX];
};

static struct tiny_options options(const struct bench *b)
{
    struct tiny_options o = tiny_defaults();

    o.path = b->board->path;
    o.boot_ns = 60 * SONATA_MS;
    o.command_ns = 300 * SONATA_MS;
    o.first_infer_ns = 600 * SONATA_MS;
    return o;
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct tiny_options o;

    b->board = fake_board_new("fake board");
    o = options(b);
    if (tiny_open(&o, &b->tiny, &b->err) != 0)
        fail_msg("%s", b->err.text);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    tiny_close(b->tiny);
    assert_int_equal(atomic_load(&b->board->violations), 0);
    fake_board_free(b->board);
    int8_net_fini(&b->net);
    bytes_fini(&b->blob);
    free(b);
    return 0;
}

/* A quantised random network and one input with its logits on the host. */
static void make_network(struct bench *b)
{
    struct random_net_options o = random_net_small();
    struct rng rng = rng_seeded(21, 1);
    struct network net;
    float *pictures;

    random_net_init(&net, &o, &rng);
    pictures = random_pictures(&net, 4, &rng);
    assert_int_equal(quantize_network(&net, pictures, 4, &b->blob, &b->err), 0);
    assert_int_equal(int8_net_init(&b->net, b->blob.data, b->blob.size, &b->err), 0);
    int8_net_input(&b->net, pictures, b->input);
    int8_net_run(&b->net, b->input, b->logits);
    free(pictures);
    random_net_fini(&net);
}

static void upload(struct bench *b, enum link_framing framing)
{
    struct link_info info;

    if (!b->blob.size)
        make_network(b);
    if (link_info_get(b->tiny, &info, &b->err) != 0 || link_upload(b->tiny, &info, b->blob.data, b->blob.size, framing, &b->err) != 0)
        fail_msg("%s", b->err.text);
}

static void load_input(struct bench *b)
{
    if (tiny_load(b->tiny, b->input, sizeof b->input, &b->err) != 0)
        fail_msg("%s", b->err.text);
}

/* After a fault is gone the board works again without being opened anew. */
static void assert_recovers(struct bench *b)
{
    struct tiny_reply reply;

    fake_set_hook(b->board, NULL);
    if (tiny_command(b->tiny, "profile", TINY_PROFILE | TINY_MODEL, SONATA_SECOND, &reply, &b->err) != 0)
        fail_msg("%s", b->err.text);
    assert_string_equal(reply.model, "ic01");
    assert_int_equal(tiny_state_of(b->tiny), TINY_IDLE);
}

static void test_open_finds_the_board(void **state)
{
    struct bench *b = *state;

    assert_int_equal(tiny_state_of(b->tiny), TINY_IDLE);
    assert_string_equal(tiny_name(b->tiny), "fake board");
}

static void infer_and_compare(struct bench *b)
{
    struct tiny_inference f;
    struct link_result r;
    const struct q8_header *h = int8_net_header(&b->net);

    load_input(b);
    if (tiny_infer(b->tiny, (struct tiny_work){3, 2, 0, h->output_count}, &f, &b->err) != 0)
        fail_msg("%s", b->err.text);
    assert_int_equal(f.n, 3);
    assert_int_equal(f.best, int8_net_class(&b->net, b->logits, NULL));
    for (unsigned i = 0; i < h->output_count; i++)
        assert_true(fabs((double)f.result[i] - (b->logits[i] - h->output_zero) * (double)h->output_scale) < 0.00051);
    assert_int_equal(link_result_get(b->tiny, &r, &b->err), 0);
    assert_int_equal(r.n_logits, h->output_count);
    assert_memory_equal(r.logit, b->logits, h->output_count);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.total, 300); /* the fake's clock: 100 ticks a look, one look an inference */
    assert_int_equal(r.min, 100);
    assert_int_equal(f.elapsed_us, 12);
}

static void test_network_over_the_line_binary(void **state)
{
    upload(*state, LINK_BINARY);
    infer_and_compare(*state);
}

static void test_network_over_the_line_hex(void **state)
{
    upload(*state, LINK_HEX);
    infer_and_compare(*state);
}

static bool hook_damage_chunk(struct fake_board *f, const char *command)
{
    char copy[128];

    if (strncmp(command, "sonata bin ", 11) != 0 || atomic_fetch_add(&f->hook_count, 1) != 1)
        return false;
    strncpy(copy, command, sizeof copy - 1);
    copy[sizeof copy - 1] = 0;
    copy[strlen(copy) - 1] ^= 1; /* another crc: as if the data were damaged */
    fake_pass(f, copy);
    return true;
}

static void test_damaged_chunk_is_sent_again(void **state)
{
    struct bench *b = *state;

    fake_set_hook(b->board, hook_damage_chunk);
    upload(b, LINK_BINARY);
    infer_and_compare(b);
}

static void test_network_that_does_not_fit(void **state)
{
    struct bench *b = *state;
    struct link_info info;
    uint32_t arena;

    make_network(b);
    arena = int8_net_header(&b->net)->arena_size;
    assert_int_equal(link_info_get(b->tiny, &info, &b->err), 0);
    assert_int_equal(info.blob_max, FAKE_BLOB_MAX);
    assert_int_equal(info.flash_code, 20000);
    info.arena_max = arena - 5;
    assert_int_equal(link_upload(b->tiny, &info, b->blob.data, b->blob.size, LINK_BINARY, &b->err), -ENOSPC);
    assert_non_null(strstr(b->err.text, "infeasible:ram: 5 bytes missing"));
    info.arena_max = arena;
    info.blob_max = (uint32_t)b->blob.size - 9;
    assert_int_equal(link_upload(b->tiny, &info, b->blob.data, b->blob.size, LINK_BINARY, &b->err), -ENOSPC);
    assert_non_null(strstr(b->err.text, "infeasible:flash: 9 bytes missing"));
}

static void test_refuses_what_confuses_a_board(void **state)
{
    static const char *const bad[] = {"", "name%", "name\r", "\nname", "123456789012345678901234567890123456789012345678901234567890123456x"};
    struct bench *b = *state;
    struct tiny_reply reply;
    uint8_t big[TINY_DB_MAX + 1] = {0};

    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tiny_command(b->tiny, bad[i], 0, SONATA_SECOND, &reply, &b->err), -EINVAL);
    assert_int_equal(tiny_load(b->tiny, big, sizeof big, &b->err), -EINVAL);
    assert_int_equal(tiny_load(b->tiny, big, 0, &b->err), -EINVAL);
}

static void test_error_texts_reach_the_caller(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    assert_int_equal(tiny_command(b->tiny, "frobnicate", 0, SONATA_SECOND, &reply, &b->err), -EREMOTEIO);
    assert_string_equal(reply.error, "Unknown command: frobnicate");
    assert_int_equal(tiny_command(b->tiny, "db load 30000", TINY_EXPECTING, SONATA_SECOND, &reply, &b->err), -EREMOTEIO);
    assert_string_equal(reply.error, "Supplied buffer size 30000 exceeds maximum of 27648");
    assert_int_equal(tiny_state_of(b->tiny), TINY_IDLE);
}

static void test_line_is_exclusive(void **state)
{
    struct bench *b = *state;
    struct tiny_options o = options(b);
    struct tiny *second;

    assert_int_equal(tiny_open(&o, &second, &b->err), -EBUSY);
    assert_non_null(strstr(b->err.text, "another process"));
}

static void test_wrong_board(void **state)
{
    struct bench *b = *state;
    struct tiny_options o = options(b);
    struct tiny *other;

    tiny_close(b->tiny);
    b->tiny = NULL;
    o.name = "some other board";
    assert_int_equal(tiny_open(&o, &other, &b->err), -ENODEV);
    assert_non_null(strstr(b->err.text, "fake board"));
}

/* ---- faults ---- */

static bool hook_silence(struct fake_board *f, const char *command)
{
    (void)f;
    (void)command;
    return true;
}

static void test_silence(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;
    int64_t begin = clock_monotonic_ns();

    fake_set_hook(b->board, hook_silence);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, 150 * SONATA_MS, &reply, &b->err), -ETIMEDOUT);
    assert_int_equal(tiny_state_of(b->tiny), TINY_OPEN);
    assert_true(clock_monotonic_ns() - begin < 2 * SONATA_SECOND);
    assert_int_equal(tiny_synchronize(b->tiny, &b->err), -ETIMEDOUT);
    assert_recovers(b);
}

static bool hook_partial(struct fake_board *f, const char *command)
{
    (void)command;
    fake_say(f, "m-profile-[ULPM");
    return true;
}

static void test_partial_line_then_silence(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    fake_set_hook(b->board, hook_partial);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, 150 * SONATA_MS, &reply, &b->err), -ETIMEDOUT);
    assert_non_null(strstr(b->err.text, "began"));
    assert_recovers(b);
}

static bool hook_garbage(struct fake_board *f, const char *command)
{
    static const char noise[] = "\x00\xff\xfe%\x80\x01\x02m-rea\xf0\r\n\r\n\n\xaa\xbb";

    fake_write(f, noise, sizeof noise);
    if (strcmp(command, "profile") == 0 && atomic_fetch_add(&f->hook_count, 1) > 0)
        return false;
    fake_say(f, "m-profile-[x]\r\nm-model-[y]\r\nm-re\xff\x64y\r\n");
    return true;
}

static void test_garbage_bytes(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    fake_set_hook(b->board, hook_garbage);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, 150 * SONATA_MS, &reply, &b->err), -ETIMEDOUT);
    assert_recovers(b);
}

static bool hook_other_text(struct fake_board *f, const char *command)
{
    fake_say(f, "Hello from the vendor's start-up code\r\n# heap 1234\r\nready\r\n");
    fake_pass(f, command);
    return true;
}

static void test_text_of_a_port_is_ignored(void **state)
{
    struct bench *b = *state;

    fake_set_hook(b->board, hook_other_text);
    upload(b, LINK_BINARY);
    infer_and_compare(b);
}

static bool hook_no_ready(struct fake_board *f, const char *command)
{
    (void)command;
    fake_say(f, "m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[ic01]\r\n");
    return true;
}

static void test_missing_ready(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    fake_set_hook(b->board, hook_no_ready);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, 150 * SONATA_MS, &reply, &b->err), -ETIMEDOUT);
    assert_recovers(b);
}

static void test_ready_twice(void **state)
{
    struct bench *b = *state;

    atomic_store(&b->board->double_ready, 1);
    upload(b, LINK_BINARY);
    infer_and_compare(b);
    infer_and_compare(b);
    /* the host may be one answer ahead within a db load; that it did not send early cannot be asked of it here */
    atomic_store(&b->board->violations, 0);
}

static bool hook_ready_only(struct fake_board *f, const char *command)
{
    (void)command;
    fake_say(f, "m-ready\r\n");
    return true;
}

static void test_ready_without_answer(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    fake_set_hook(b->board, hook_ready_only);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, 150 * SONATA_MS, &reply, &b->err), -EPROTO);
    assert_recovers(b);
}

static bool hook_reset_in_db(struct fake_board *f, const char *command)
{
    if (strncmp(command, "db ", 3) != 0 || atomic_fetch_add(&f->hook_count, 1) != 2)
        return false;
    fake_reset(f);
    return true;
}

static void test_reset_in_db(void **state)
{
    struct bench *b = *state;
    struct tiny_inference f;

    upload(b, LINK_BINARY);
    fake_set_hook(b->board, hook_reset_in_db);
    assert_int_equal(tiny_load(b->tiny, b->input, sizeof b->input, &b->err), -ECONNRESET);
    assert_int_equal(tiny_resets(b->tiny), 1);
    assert_int_equal(tiny_state_of(b->tiny), TINY_OPEN);
    fake_set_hook(b->board, NULL);
    /* the network is gone with the board's memory: begin again */
    load_input(b);
    assert_int_equal(tiny_infer(b->tiny, (struct tiny_work){1, 0, 0, 10}, &f, &b->err), -EREMOTEIO);
    upload(b, LINK_BINARY);
    infer_and_compare(b);
}

static bool hook_reset_in_infer(struct fake_board *f, const char *command)
{
    if (strncmp(command, "infer", 5) != 0)
        return false;
    fake_say(f, "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-st");
    fake_say(f, "\r\n");
    fake_reset(f);
    return true;
}

static void test_reset_in_infer(void **state)
{
    struct bench *b = *state;
    struct tiny_inference f;

    upload(b, LINK_BINARY);
    load_input(b);
    fake_set_hook(b->board, hook_reset_in_infer);
    assert_int_equal(tiny_infer(b->tiny, (struct tiny_work){1, 0, 0, 10}, &f, &b->err), -ECONNRESET);
    assert_int_equal(tiny_resets(b->tiny), 1);
    assert_recovers(b);
}

static bool hook_replug(struct fake_board *f, const char *command)
{
    (void)command;
    atomic_store(&f->hook, NULL);
    fake_replug(f);
    return true;
}

static void test_hang_up_and_return_under_another_number(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    fake_set_hook(b->board, hook_replug);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, SONATA_SECOND, &reply, &b->err), -EIO);
    assert_int_equal(tiny_state_of(b->tiny), TINY_CLOSED);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, SONATA_SECOND, &reply, &b->err), -ENOTCONN);
    struct tiny_options o = options(b);
    tiny_close(b->tiny);
    b->tiny = NULL;
    int64_t deadline = clock_monotonic_ns() + 3 * SONATA_SECOND;
    while (tiny_open(&o, &b->tiny, &b->err) != 0) {
        if (clock_monotonic_ns() >= deadline)
            fail_msg("%s", b->err.text);
        clock_sleep_ns(100 * SONATA_MS);
    }
    assert_recovers(b);
}

static void test_slow_line(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    atomic_store(&b->board->byte_delay_us, 1040); /* 9600 baud */
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE | TINY_MODEL, SONATA_SECOND, &reply, &b->err), 0);
}

static bool hook_wrap(struct fake_board *f, const char *command)
{
    if (strncmp(command, "infer", 5) == 0)
        f->device.now = (UINT64_C(1) << 32) * (FAKE_HZ / 1000000) - 350; /* 14 us before the 32-bit microsecond counter wraps */
    return false;
}

static void test_counter_wraps(void **state)
{
    struct bench *b = *state;

    upload(b, LINK_BINARY);
    fake_set_hook(b->board, hook_wrap);
    infer_and_compare(b);
}

static _Atomic(const char *) fake_results; /* read by the board's thread */

static bool hook_results(struct fake_board *f, const char *command)
{
    if (strncmp(command, "infer", 5) != 0)
        return false;
    fake_say(f, "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-4294967290\r\nm-lap-us-10\r\nm-infer-done\r\n");
    fake_say(f, fake_results);
    fake_say(f, "\r\nm-ready\r\n");
    return true;
}

static void test_impossible_results(void **state)
{
    static const char *const bad[] = {
        "m-results-[0.1,nan,0.3]", "m-results-[0.1,inf,0.3]", "m-results-[]",         "m-results-[0.1,0.2,0.3,0.4]", "m-results-[0.1,0.2]",
        "m-results-[0.1,0.2,0.3",  "m-results-[0.1,,0.3]",    "m-results-[1,2,3]x]", "m-results-[0x1p9999,1,2]",
    };
    struct bench *b = *state;
    struct tiny_inference f;
    char many[4 * 300 + 32] = "m-results-[";

    fake_set_hook(b->board, hook_results);
    fake_results = "m-results-[0.125,0.500,0.500]";
    assert_int_equal(tiny_infer(b->tiny, (struct tiny_work){1, 0, 0, 3}, &f, &b->err), 0);
    assert_int_equal(f.elapsed_us, 16); /* over the wrap */
    assert_int_equal(f.best, 1);
    assert_int_equal(f.ties, 1);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        fake_results = bad[i];
        assert_int_equal(tiny_infer(b->tiny, (struct tiny_work){1, 0, 0, 3}, &f, &b->err), -EBADMSG);
    }
    for (unsigned i = 0; i < 300; i++)
        strcat(many, "1.0,");
    many[strlen(many) - 1] = ']';
    fake_results = many;
    assert_int_equal(tiny_infer(b->tiny, (struct tiny_work){1, 0, 0, 0}, &f, &b->err), -EBADMSG);
    assert_non_null(strstr(b->err.text, "too many"));
}

static bool hook_laps(struct fake_board *f, const char *command)
{
    if (strncmp(command, "infer", 5) != 0)
        return false;
    fake_say(f, "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-infer-done\r\nm-results-[1.0]\r\nm-ready\r\n");
    return true;
}

static void test_energy_firmware_gives_no_latency(void **state)
{
    struct bench *b = *state;
    struct tiny_inference f;

    fake_set_hook(b->board, hook_laps);
    assert_int_equal(tiny_infer(b->tiny, (struct tiny_work){1, 0, 0, 1}, &f, &b->err), -EPROTO);
    assert_non_null(strstr(b->err.text, "energy-mode"));
}

static bool hook_endless_line(struct fake_board *f, const char *command)
{
    char block[1000];

    if (strcmp(command, "profile") != 0)
        return false;
    memset(block, 'm', sizeof block);
    for (unsigned i = 0; i < 1000; i++)
        fake_write(f, block, sizeof block);
    fake_say(f, "\r\n");
    return false;
}

static void test_line_of_a_million_bytes(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    fake_set_hook(b->board, hook_endless_line);
    assert_int_equal(tiny_command(b->tiny, "profile", TINY_PROFILE, SONATA_SECOND, &reply, &b->err), -EPROTO);
    assert_non_null(strstr(b->err.text, "4096"));
    clock_sleep_ns(50 * SONATA_MS);
    assert_recovers(b);
}

static bool hook_stock(struct fake_board *f, const char *command)
{
    if (strncmp(command, "sonata", 6) != 0)
        return false;
    fake_say(f, "e-[Unknown command: sonata]\r\nm-ready\r\n");
    return true;
}

static void test_stock_firmware_is_told_apart(void **state)
{
    struct bench *b = *state;
    struct link_info info;

    fake_set_hook(b->board, hook_stock);
    assert_int_equal(link_info_get(b->tiny, &info, &b->err), -ENOTSUP);
}

static bool hook_half_command(struct fake_board *f, const char *command)
{
    if (atomic_fetch_add(&f->hook_count, 1) == 0) {
        for (const char *c = "db 00"; *c; c++)
            device_byte(&f->device, (uint8_t)*c);
    }
    fake_pass(f, command);
    return true;
}

/* A host that died in the middle of a command left half of it in the board's buffer. */
static void test_unfinished_command_of_another_host(void **state)
{
    struct bench *b = *state;
    struct tiny_options o = options(b);

    tiny_close(b->tiny);
    b->tiny = NULL;
    fake_set_hook(b->board, hook_half_command);
    if (tiny_open(&o, &b->tiny, &b->err) != 0)
        fail_msg("%s", b->err.text);
}

static void test_raw_transfer_cut_short(void **state)
{
    struct bench *b = *state;
    struct tiny_reply reply;

    upload(b, LINK_BINARY);
    assert_int_equal(tiny_command(b->tiny, "sonata load 500 00000000", TINY_EXTENSION, SONATA_SECOND, &reply, &b->err), 0);
    /* 400 bytes announced, 10 sent, as if the rest were lost */
    assert_int_equal(tiny_command_raw(b->tiny,
                                      &(struct tiny_question){"sonata bin 0 400 00000000", "0123456789", 10, TINY_EXTENSION, 150 * SONATA_MS}, &reply,
                                      &b->err),
                     -ETIMEDOUT);
    assert_recovers(b);
    atomic_store(&b->board->violations, 0); /* the filler that ends a raw transfer is longer than what the board waited for */
}

static void test_choice_of_n(void **state)
{
    uint32_t n;

    (void)state;
    assert_int_equal(tiny_choose_n(1000, 10e6, 10, &n), 0);
    assert_int_equal(n, 10000);
    assert_int_equal(tiny_choose_n(3e6, 10e6, 1, &n), 0);
    assert_int_equal(n, 4);
    assert_int_equal(tiny_choose_n(20e6, 10e6, 10, &n), 0);
    assert_int_equal(n, 10);
    assert_int_equal(tiny_choose_n(1000e6, 10e6, 10, &n), 0); /* ten would wrap the counter */
    assert_int_equal(n, 3);
    assert_int_equal(tiny_choose_n(0, 10e6, 10, &n), 0);
    assert_int_equal(n, 1000000);
    assert_int_equal(tiny_choose_n(3600e6, 10e6, 1, &n), -ERANGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open_finds_the_board),
        TEST(test_network_over_the_line_binary),
        TEST(test_network_over_the_line_hex),
        TEST(test_damaged_chunk_is_sent_again),
        TEST(test_network_that_does_not_fit),
        TEST(test_refuses_what_confuses_a_board),
        TEST(test_error_texts_reach_the_caller),
        TEST(test_line_is_exclusive),
        TEST(test_wrong_board),
        TEST(test_silence),
        TEST(test_partial_line_then_silence),
        TEST(test_garbage_bytes),
        TEST(test_text_of_a_port_is_ignored),
        TEST(test_missing_ready),
        TEST(test_ready_twice),
        TEST(test_ready_without_answer),
        TEST(test_reset_in_db),
        TEST(test_reset_in_infer),
        TEST(test_hang_up_and_return_under_another_number),
        TEST(test_slow_line),
        TEST(test_counter_wraps),
        TEST(test_impossible_results),
        TEST(test_energy_firmware_gives_no_latency),
        TEST(test_line_of_a_million_bytes),
        TEST(test_stock_firmware_is_told_apart),
        TEST(test_unfinished_command_of_another_host),
        TEST(test_raw_transfer_cut_short),
        cmocka_unit_test(test_choice_of_n),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
