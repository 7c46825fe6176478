/* Every fault of MEASUREMENT section 4 on a microcontroller: the worker survives, the verdict has the right class, the board ends in the right state. The
 * worker, its network and the data set are real; the board is the real firmware code behind a pty that breaks as told. Skipped without data set or supernet. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "conf/share.h"
#include "conf/space_file.h"
#include "fake_master.h"
#include "support/process.h"
#include "unit/mcu/fake_board.h"

enum { SOON = 5000, LONGER = 20000 * TEST_PATIENCE };

struct scene {
    struct fake_master master;
    struct fake_board *device;
    char folder[64], log[96];
    pid_t worker;
    struct space space;
    uint8_t space_hash[32], supernet_hash[32];
    uint64_t attempt, last;
};

/* ---- what breaks */

/* The fault comes once per job, at the first command of that kind; what came before and what comes after is well. Read by the board's thread. */
static _Atomic(const char *) at;

static bool now(struct fake_board *f, const char *command)
{
    const char *first = at;
    return !strncmp(command, first, strlen(first)) && !atomic_fetch_add(&f->hook_count, 1);
}

static bool silence(struct fake_board *f, const char *command)
{
    (void)f, (void)command;
    return true;
}

static bool partial_line(struct fake_board *f, const char *command)
{
    (void)command;
    fake_say(f, "m-name-dut-[fa");
    return true;
}

static bool garbage(struct fake_board *f, const char *command)
{
    (void)command;
    fake_write(f, "\x00\xff\xfe%\x80\x01\x02m-rea\xf0\r\n\r\n\n\xaa\xbb", 18);
    return true;
}

static bool no_ready(struct fake_board *f, const char *command)
{
    (void)command;
    fake_say(f, "m-name-dut-[fake board]\r\n");
    return true;
}

static bool reset(struct fake_board *f, const char *command)
{
    if (!now(f, command))
        return false;
    fake_reset(f);
    return true;
}

static bool replug(struct fake_board *f, const char *command)
{
    if (!now(f, command))
        return false;
    fake_replug(f);
    return true;
}

static bool wrapped_counter(struct fake_board *f, const char *command)
{
    if (!strncmp(command, "infer", 5))
        f->device.now = (UINT64_C(1) << 32) * (FAKE_HZ / 1000000) - 350;
    return false;
}

static void say_results(struct fake_board *f, const char *results)
{
    fake_say(f, "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-1\r\nm-lap-us-9\r\nm-infer-done\r\n");
    fake_say(f, results);
    fake_say(f, "\r\nm-ready\r\n");
}

static bool nan_results(struct fake_board *f, const char *command)
{
    if (now(f, command))
        say_results(f, "m-results-[0.1,nan,0.3]");
    else
        return false;
    return true;
}

static bool no_results(struct fake_board *f, const char *command)
{
    if (now(f, command))
        say_results(f, "m-results-[]");
    else
        return false;
    return true;
}

static bool too_many_results(struct fake_board *f, const char *command)
{
    if (!now(f, command))
        return false;
    char text[2048] = "m-results-[0.1";
    for (size_t n = strlen(text); n < sizeof text - 8; n += 4)
        snprintf(text + n, sizeof text - n, "%s", n < sizeof text - 16 ? ",0.1" : "]");
    say_results(f, text);
    return true;
}

static bool long_line(struct fake_board *f, const char *command)
{
    if (!now(f, command))
        return false;
    static char line[1000000];
    memset(line, 'x', sizeof line);
    fake_write(f, line, sizeof line);
    fake_say(f, "\r\nm-ready\r\n");
    return true;
}

static bool other_logits(struct fake_board *f, const char *command)
{
    fake_pass(f, command);
    if (!strncmp(command, "infer", 5))
        f->arena[f->device.net->output] ^= 1;
    return true;
}

static bool other_name(struct fake_board *f, const char *command)
{
    if (strcmp(command, "name"))
        return false;
    fake_say(f, "m-name-dut-[somebody else]\r\nm-ready\r\n");
    return true;
}

/* ---- the farm */

static void put_supernet(struct scene *s, const char *path)
{
    struct bytes supernet = {0}, space = {0};
    struct sonata_error err = {0};
    space_encode(&s->space, &space);
    memcpy(s->space_hash, fake_master_add_blob(&s->master, space.data, space.size), 32);
    bytes_fini(&space);
    assert_int_equal(file_read(path, WIRE_BLOB_MAX, &supernet, &err), 0);
    memcpy(s->supernet_hash, fake_master_add_blob(&s->master, supernet.data, supernet.size), 32);
    bytes_fini(&supernet);
}

static Sonata__Envelope *expect_event(struct scene *s, const char *kind, const char *state)
{
    int64_t end = clock_monotonic_ns() + LONGER * SONATA_MS;
    while (clock_monotonic_ns() < end) {
        Sonata__Envelope *e = fake_master_event(&s->master, SOON, true);
        const Sonata__BoardEvent *m = e ? e->board_event : NULL;
        bool news = m && m->sequence > s->last;
        s->last = news ? m->sequence : s->last;
        if (news && (!kind || !strcmp(m->kind, kind)) && (!state || !strcmp(m->state, state)))
            return e;
        envelope_free(e);
    }
    fail_msg("no event %s, %s; the log is %s", kind ? kind : "of any kind", state ? state : "any state", s->log);
    return NULL;
}

static void expect_state(struct scene *s, const char *state)
{
    envelope_free(expect_event(s, NULL, state));
}

static void open_scene(struct scene *s, const char *more)
{
    char path[1024], endpoint[96], folder[96], board[512];
    struct sonata_error err = {0};
    *s = (struct scene){.folder = "/tmp/sonata-mcu-faults-XXXXXX"};
    if (!share_find("supernets", "fmnist-mbconv-v1", ".safetensors", path, sizeof path) || !file_exists("/usr/share/datasets/fashion-mnist"))
        skip();
    if (space_file_read("fmnist-mbconv", &s->space, &err))
        fail_msg("%s", err.text);
    assert_non_null(mkdtemp(s->folder));
    s->device = fake_board_new("fake board");
    atomic_store(&s->device->tick_step, FAKE_HZ / 100); /* 10 ms an inference, by its own clock: a window is a few of them */
    snprintf(endpoint, sizeof endpoint, "ipc://%s/m", s->folder);
    snprintf(folder, sizeof folder, "%s/state", s->folder);
    snprintf(s->log, sizeof s->log, "%s/log", s->folder);
    snprintf(board, sizeof board, "m4:mcu,port=%s,name=fake board,answer=400ms,samples=1,calibration=8,canary=functional%s", s->device->path, more);
    fake_master_open(&s->master, endpoint);
    s->master.chunk = WIRE_BLOB_CHUNK;
    put_supernet(s, path);
    const char *const argv[] = {SONATA_WORKER_PATH, "--master", endpoint, "--name", "w", "--state", folder, "--board", board, "--log", "debug", NULL};
    s->worker = process_start(argv, s->log);
    expect_state(s, "ready");
}

static void close_scene(struct scene *s)
{
    assert_int_equal(process_stop(s->worker, SOON), 0); /* it survived everything */
    fake_master_close(&s->master);
    fake_board_free(s->device);
    for (size_t i = 0; i < s->master.n_blobs; i++)
        bytes_fini(&s->master.blob[i].data);
    remove_folder(s->folder);
}

static struct measurement measure(struct scene *s)
{
    uint64_t attempt = ++s->attempt;
    struct evaluation_job j = {.attempt = attempt, .epoch = (uint32_t)attempt, .board = "m4", .genotype = space_first(&s->space), .n_genes = s->space.n_genes,
                               .n_metrics = 1, .metric = {"latency"}, .dataset = "fashion-mnist", .tier = "screen", .time_limit_ns = 60 * SONATA_SECOND};
    memcpy(j.space_hash, s->space_hash, 32);
    memcpy(j.supernet_hash, s->supernet_hash, 32);
    fake_master_assign(&s->master, &j);
    struct measurement m;
    if (!fake_master_result(&s->master, 60000 * TEST_PATIENCE, true, &m))
        fail_msg("no result; the log is %s", s->log);
    assert_true(m.attempt == attempt);
    return m;
}

struct fault {
    const char *name;
    bool (*hook)(struct fake_board *f, const char *command);
    const char *at;                 /* the command at which it happens; NULL: all the time until the result is there */
    bool double_ready, slow;
    enum outcome outcome;
    const char *reason;             /* words of it; NULL: whatever */
};

/* The board fails one job and is well afterwards: it has to prove itself where it is to blame, and ends ready. */
static void one_fault(struct scene *s, const struct fault *f)
{
    int64_t start = clock_monotonic_ns();
    at = f->at ? f->at : "";
    fake_set_hook(s->device, f->hook);
    atomic_store(&s->device->double_ready, f->double_ready);
    atomic_store(&s->device->byte_delay_us, f->slow ? 1040 : 0);
    struct measurement m = measure(s);
    fake_set_hook(s->device, NULL);
    atomic_store(&s->device->double_ready, 0);
    atomic_store(&s->device->byte_delay_us, 0);
    if (m.outcome != f->outcome || (f->reason && !strstr(m.reason, f->reason)))
        fail_msg("%s: %s (%s) instead of %s (%s); the log is %s", f->name, outcome_name(m.outcome), m.reason, outcome_name(f->outcome), f->reason, s->log);
    bool blamed = f->outcome == OUTCOME_INFRA;
    if (blamed) {
        expect_state(s, "suspect");
        expect_state(s, "ready");
    }
    struct measurement well = measure(s); /* and it measures */
    if (well.outcome != OUTCOME_OK)
        fail_msg("after %s: %s", f->name, well.reason);
    printf("# %-24s %-10s %4.1f s: %s\n", f->name, outcome_name(m.outcome), (double)(clock_monotonic_ns() - start) / 1e9, m.reason);
    measurement_fini(&m);
    measurement_fini(&well);
    if (blamed) { /* three different ones would be a quarantine: a person starts the count anew */
        fake_master_command(&s->master, "m4", "quarantine");
        fake_master_command(&s->master, "m4", "release");
        envelope_free(expect_event(s, "calibrated", "ready"));
    }
}

static void run_faults(const char *more, const struct fault *fault, size_t n)
{
    struct scene s;
    open_scene(&s, more);
    for (size_t i = 0; i < n; i++)
        one_fault(&s, &fault[i]);
    close_scene(&s);
}

static void faults_of_the_line(void **state)
{
    (void)state;
    static const struct fault fault[] = {
        {.name = "silence", .hook = silence, .outcome = OUTCOME_INFRA, .reason = "no answer"},
        {.name = "partial line", .hook = partial_line, .outcome = OUTCOME_INFRA, .reason = "began"},
        {.name = "garbage", .hook = garbage, .outcome = OUTCOME_INFRA},
        {.name = "missing m-ready", .hook = no_ready, .outcome = OUTCOME_INFRA},
        {.name = "hang-up in db", .hook = replug, .at = "db", .outcome = OUTCOME_INFRA},
    };
    run_faults("", fault, sizeof fault / sizeof *fault);
}

static void faults_of_pace(void **state)
{
    (void)state;
    static const struct fault fault[] = {
        {.name = "m-ready twice", .double_ready = true, .outcome = OUTCOME_OK},
        {.name = "slow line", .slow = true, .outcome = OUTCOME_OK},
        {.name = "wrapped counter", .hook = wrapped_counter, .outcome = OUTCOME_OK},
    };
    run_faults(",answer=10s", fault, sizeof fault / sizeof *fault);
}

static void faults_of_answers(void **state)
{
    (void)state;
    static const struct fault fault[] = {
        {.name = "reset in db", .hook = reset, .at = "db", .outcome = OUTCOME_INFRA, .reason = "restarted"},
        {.name = "reset in infer", .hook = reset, .at = "infer", .outcome = OUTCOME_INFRA, .reason = "restarted"},
        {.name = "results that are NaN", .hook = nan_results, .at = "infer", .outcome = OUTCOME_INFEASIBLE},
        {.name = "no results", .hook = no_results, .at = "infer", .outcome = OUTCOME_INFEASIBLE},
        {.name = "too many results", .hook = too_many_results, .at = "infer", .outcome = OUTCOME_INFEASIBLE, .reason = "too many"},
        {.name = "line of 10^6 bytes", .hook = long_line, .at = "infer", .outcome = OUTCOME_INFRA},
    };
    run_faults("", fault, sizeof fault / sizeof *fault);
}

/* What does not go away: the ladder, and its end. */
static void faults_that_stay(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    fake_set_hook(s.device, other_logits); /* computes wrongly: nobody's result, and no instrument */
    struct measurement m = measure(&s);
    assert_int_equal(m.outcome, OUTCOME_BUG);
    measurement_fini(&m);
    fake_master_command(&s.master, "m4", "canary");
    envelope_free(expect_event(&s, "canary", "suspect"));
    fake_set_hook(s.device, NULL);
    expect_state(&s, "ready");
    fake_set_hook(s.device, other_name); /* another board on this line */
    m = measure(&s);
    assert_int_equal(m.outcome, OUTCOME_INFRA);
    assert_non_null(strstr(m.reason, "somebody else"));
    measurement_fini(&m);
    expect_state(&s, "suspect");
    expect_state(&s, "recovering");
    expect_state(&s, "quarantined");
    fake_set_hook(s.device, NULL);
    close_scene(&s);
}

/* Pulled out, found again by a rung of the ladder. */
static void unplugged_until_recovery(void **state)
{
    (void)state;
    struct scene s;
    char target[96], script[128], text[256], more[200];
    snprintf(script, sizeof script, "/tmp/sonata-replug-%ld", (long)getpid());
    snprintf(more, sizeof more, ",recover.reopen=%s", script);
    open_scene(&s, more);
    ssize_t n = readlink(s.device->path, target, sizeof target - 1);
    assert_true(n > 0);
    target[n] = '\0';
    snprintf(text, sizeof text, "#!/bin/sh\nexec ln -s %s %s\n", target, s.device->path);
    struct sonata_error err = {0};
    assert_int_equal(file_write_atomic(script, text, strlen(text), &err), 0);
    chmod(script, 0755);
    unlink(s.device->path);
    struct measurement m = measure(&s);
    assert_int_equal(m.outcome, OUTCOME_INFRA);
    measurement_fini(&m);
    expect_state(&s, "suspect");
    expect_state(&s, "recovering");
    Sonata__Envelope *e = expect_event(&s, "recovery", "calibrating");
    assert_string_equal(e->board_event->text, "reopen: the board answers");
    envelope_free(e);
    expect_state(&s, "ready");
    m = measure(&s);
    assert_int_equal(m.outcome, OUTCOME_OK);
    measurement_fini(&m);
    unlink(script);
    close_scene(&s);
}

/* The argument selects tests by name, so that each is a ctest of its own; without: the first. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_of_the_line),
        cmocka_unit_test(faults_of_pace),
        cmocka_unit_test(faults_of_answers),
        cmocka_unit_test(faults_that_stay),
        cmocka_unit_test(unplugged_until_recovery),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : "faults_of_the_line");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
