/* The reference firmware on emulated Cortex-M4 and M7: the grammar byte for byte, networks over the line, logits equal to the host's, ticks
 * equal in every run. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../firmware/conformance.h"
#include "base/clock.h"
#include "domain/analytic.h"
#include "mcu/int8_net.h"
#include "mcu/link.h"
#include "mcu/quantize.h"
#include "mcu/tiny.h"
#include "qemu_board.h"
#include "random_net.h"
#include "support/cmocka.h"

static const char *const machines[] = {"mps2-an386", "mps2-an500"};
enum { MACHINES = 2, PICTURES = 3 };

static int connect_raw(const struct qemu_board *q)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strncpy(a.sun_path, q->path, sizeof a.sun_path - 1);
    for (unsigned i = 0; i < 100; i++) {
        if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
            return fd;
        clock_sleep_ns(20 * SONATA_MS);
    }
    fail_msg("cannot connect to %s", q->path);
    return -1;
}

/* Reads up to and with "m-ready\r\n". */
static void read_answer(int fd, char *text, size_t size)
{
    static const char end[] = "m-ready\r\n";
    size_t n = 0, length = strlen(end);

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t k;

        if (poll(&p, 1, 10000) <= 0)
            fail_msg("no m-ready after '%.*s'", (int)n, text);
        k = read(fd, text + n, size - 1 - n);
        if (k <= 0 || n + (size_t)k >= size - 1)
            fail_msg("line lost or flooded after '%.*s'", (int)n, text);
        n += (size_t)k;
        text[n] = 0;
        if (n >= length && memcmp(text + n - length, end, length) == 0)
            return;
    }
}

static void test_grammar(void **state)
{
    (void)state;
    for (unsigned m = 0; m < MACHINES; m++) {
        struct qemu_board q;
        char text[2048], want[64];
        unsigned lap;
        int fd, used = 0;

        qemu_board_start(&q, machines[m], true);
        fd = connect_raw(&q);
        read_answer(fd, text, sizeof text);
        assert_int_equal(sscanf(text, "m-timestamp-mode-performance\r\nm-lap-us-%u\r\n%n", &lap, &used), 1);
        assert_string_equal(text + used, "m-init-done\r\nm-ready\r\n");
        for (unsigned i = 0; i < sizeof conformance_cases / sizeof *conformance_cases; i++) {
            const char *c = conformance_cases[i].command;

            assert_int_equal(write(fd, c, strlen(c)), (ssize_t)strlen(c));
            assert_int_equal(write(fd, "%", 1), 1);
            read_answer(fd, text, sizeof text);
            assert_string_equal(text, conformance_cases[i].answer);
        }
        assert_int_equal(write(fd, "name%", 5), 5);
        read_answer(fd, text, sizeof text);
        snprintf(want, sizeof want, "m-name-dut-[SONATA reference %s]\r\nm-ready\r\n", machines[m]);
        assert_string_equal(text, want);
        close(fd);
        qemu_board_stop(&q);
    }
}

struct candidate {
    struct bytes blob;
    struct int8_net net;
    struct analytic_memory memory; /* computed from the shapes alone */
    int8_t *input;  /* PICTURES inputs */
    int8_t *logits; /* and their logits on the host */
};

static void make_candidate(struct candidate *c, const struct random_net_options *o, uint64_t seed)
{
    struct rng rng = rng_seeded(seed, 1);
    struct network net;
    struct sonata_error err = {0};
    const struct q8_header *h;
    float *pictures;

    memset(c, 0, sizeof *c);
    random_net_init(&net, o, &rng);
    pictures = random_pictures(&net, PICTURES, &rng);
    c->memory = analytic_memory_of_network(&net);
    assert_int_equal(quantize_network(&net, pictures, PICTURES, &c->blob, &err), 0);
    assert_int_equal(int8_net_init(&c->net, c->blob.data, c->blob.size, &err), 0);
    h = int8_net_header(&c->net);
    c->input = calloc(PICTURES, h->input_count);
    c->logits = calloc(PICTURES, h->output_count);
    for (unsigned i = 0; i < PICTURES; i++) {
        int8_net_input(&c->net, pictures + (size_t)i * h->input_count, c->input + (size_t)i * h->input_count);
        int8_net_run(&c->net, c->input + (size_t)i * h->input_count, c->logits + (size_t)i * h->output_count);
    }
    free(pictures);
    random_net_fini(&net);
}

static void free_candidate(struct candidate *c)
{
    int8_net_fini(&c->net);
    bytes_fini(&c->blob);
    free(c->input);
    free(c->logits);
}

static struct tiny *open_board(const struct qemu_board *q)
{
    struct tiny_options o = tiny_defaults();
    struct sonata_error err = {0};
    struct tiny *t;

    o.path = q->path;
    o.boot_ns = 100 * SONATA_MS;
    for (unsigned i = 0; i < 50; i++) {
        if (tiny_open(&o, &t, &err) == 0)
            return t;
        clock_sleep_ns(50 * SONATA_MS);
    }
    fail_msg("%s", err.text);
    return NULL;
}

/* The firmware's own words about the network it has and about itself, against what is computed without it. */
static void check_memory(struct tiny *t, const struct link_info *info, const struct analytic_memory *m)
{
    struct tiny_reply *reply = calloc(1, sizeof *reply);
    struct sonata_error err = {0};
    const struct tiny_extension *e;
    uint64_t blob, arena, flash, ram;

    assert_int_equal(tiny_command(t, "sonata net", TINY_EXTENSION, 10 * SONATA_SECOND, reply, &err), 0);
    e = tiny_extension(reply, "net");
    assert_true(tiny_field(e, "blob", &blob) && tiny_field(e, "arena", &arena) && tiny_field(e, "flash", &flash) && tiny_field(e, "ram", &ram));
    assert_true((double)blob == m->flash_weights);
    assert_true((double)arena == m->ram_activation);
    assert_int_equal(flash - blob, info->flash_code);
    assert_int_equal(ram - arena, info->ram_runtime);
    assert_true(info->flash_code <= m->flash_code && info->flash_code >= 0.75 * m->flash_code);
    assert_true(info->ram_runtime <= m->ram_runtime && info->ram_runtime >= 0.75 * m->ram_runtime);
    free(reply);
}

/* Ticks of one inference of each picture; logits are compared on the way. */
static void run_candidate(struct tiny *t, const struct candidate *c, enum link_framing framing, uint64_t ticks[PICTURES])
{
    const struct q8_header *h = int8_net_header(&c->net);
    struct sonata_error err = {0};
    struct link_info info;

    if (link_info_get(t, &info, &err) != 0 || link_upload(t, &info, c->blob.data, c->blob.size, framing, &err) != 0)
        fail_msg("%s", err.text);
    check_memory(t, &info, &c->memory);
    for (unsigned i = 0; i < PICTURES; i++) {
        struct tiny_inference f;
        struct link_result r;

        if (tiny_load(t, c->input + (size_t)i * h->input_count, h->input_count, &err) != 0 ||
            tiny_infer(t, (struct tiny_work){1, 0, 0, h->output_count}, &f, &err) != 0 || link_result_get(t, &r, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(r.n_logits, h->output_count);
        assert_memory_equal(r.logit, c->logits + (size_t)i * h->output_count, h->output_count);
        assert_true(fabs(f.us - (double)r.total * 1e6 / r.tick_hz) < 1.01); /* the grammar's microseconds and the ticks agree */
        ticks[i] = r.total;
    }
}

static void test_logits_and_ticks(void **state)
{
    static const struct random_net_options shape[] = {{12, 1, 10, 8, 2, 3, 3, 24}, {9, 2, 5, 8, 2, 2, 5, 16}};
    struct candidate c[2];

    (void)state;
    for (unsigned s = 0; s < 2; s++)
        make_candidate(&c[s], &shape[s], 41 + s);
    for (unsigned m = 0; m < MACHINES; m++) {
        uint64_t ticks[2][2][PICTURES]; /* run, candidate */

        for (unsigned run = 0; run < 2; run++) {
            struct qemu_board q;
            struct tiny *t;

            qemu_board_start(&q, machines[m], false);
            t = open_board(&q);
            for (unsigned s = 0; s < 2; s++)
                run_candidate(t, &c[(s + run) % 2], run ? LINK_HEX : LINK_BINARY, ticks[run][(s + run) % 2]); /* other order, other framing */
            tiny_close(t);
            qemu_board_stop(&q);
        }
        for (unsigned s = 0; s < 2; s++) {
            print_message("%s network %u: %llu ticks, arena %u, blob %zu\n", machines[m], s, (unsigned long long)ticks[0][s][0],
                          int8_net_header(&c[s].net)->arena_size, c[s].blob.size);
            assert_memory_equal(ticks[0][s], ticks[1][s], sizeof ticks[0][s]);
        }
    }
    for (unsigned s = 0; s < 2; s++)
        free_candidate(&c[s]);
}

/* Power cycle between commands: seen as a hang-up of the socket, and the board works again afterwards. */
static void test_board_dies_and_returns(void **state)
{
    struct qemu_board q;
    struct tiny *t;
    struct tiny_reply reply;
    struct sonata_error err = {0};

    (void)state;
    qemu_board_start(&q, machines[0], false);
    t = open_board(&q);
    qemu_board_stop(&q);
    assert_int_equal(tiny_command(t, "profile", TINY_PROFILE, SONATA_SECOND, &reply, &err), -EIO);
    assert_int_equal(tiny_state_of(t), TINY_CLOSED);
    tiny_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_logits_and_ticks),
        cmocka_unit_test(test_board_dies_and_returns),
    };

    for (unsigned m = 0; m < MACHINES; m++)
        if (!qemu_board_available(machines[m])) {
            fprintf(stderr, "skipped: qemu-system-arm or the firmware image for %s is not there\n", machines[m]);
            return 77;
        }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
