/* The worker daemon as a process, a scripted master, a table board: every promise about jobs, results, crashes and lost links. */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "fake_master.h"
#include "support/cmocka.h"
#include "support/process.h"

enum { SOON = 5000, LONGER = 10000 * TEST_PATIENCE };

struct scene {
    struct fake_master master;
    char folder[64], endpoint[96], board[256], second[256], log[96]; /* second: another board, "" none */
    pid_t worker;
    uint8_t space_hash[32];
};

/* Two genes of two choices. */
static struct space tiny_space(void)
{
    struct space s = {.name = "tiny", .n_genes = 2};
    for (unsigned j = 0; j < 2; j++) {
        struct gene *g = &s.gene[j];
        g->name[0] = (char)('a' + j);
        g->n_choices = 2;
        g->label[0][0] = '1';
        g->label[1][0] = '2';
        g->value[0] = 1;
        g->value[1] = 2;
        g->condition_gene = g->block = g->edge_from = g->edge_to = g->none_allele = -1;
    }
    return s;
}

static void start_worker(struct scene *s)
{
    char state[96];
    snprintf(state, sizeof state, "%s/state", s->folder);
    const char *const argv[] = {SONATA_WORKER_PATH,
                                "--master",
                                s->endpoint,
                                "--name",
                                "w",
                                "--state",
                                state,
                                "--log",
                                "debug",
                                "--board",
                                s->board,
                                s->second[0] ? "--board" : NULL,
                                s->second,
                                NULL};
    s->worker = process_start(argv, s->log);
}

static void open_scene(struct scene *s, const char *options)
{
    *s = (struct scene){.folder = "/tmp/sonata-worker-test-XXXXXX"};
    assert_non_null(mkdtemp(s->folder));
    char table[96];
    static const char rows[] = "a,b,accuracy,latency\n1,1,50,1\n1,2,60,2\n2,1,70,3\n";
    struct sonata_error err = {0};
    snprintf(table, sizeof table, "%s/t.csv", s->folder);
    assert_int_equal(file_write_atomic(table, rows, sizeof rows - 1, &err), 0);
    snprintf(s->endpoint, sizeof s->endpoint, "ipc://%s/m", s->folder);
    snprintf(s->board, sizeof s->board, "b1:table:%s,accuracy=accuracy,latency=latency,type=toy%s", table, options);
    snprintf(s->log, sizeof s->log, "%s/log", s->folder);
    fake_master_open(&s->master, s->endpoint);
    struct space space = tiny_space();
    struct bytes b = {0};
    space_encode(&space, &b);
    memcpy(s->space_hash, fake_master_add_blob(&s->master, b.data, b.size), 32);
    bytes_fini(&b);
    start_worker(s);
}

static void close_scene(struct scene *s)
{
    if (s->worker)
        process_kill(s->worker);
    fake_master_close(&s->master);
    for (size_t i = 0; i < s->master.n_blobs; i++)
        bytes_fini(&s->master.blob[i].data);
    remove_folder(s->folder);
}

static struct evaluation_job job_of(const struct scene *s, uint64_t attempt, uint8_t a, uint8_t b)
{
    struct evaluation_job j = {.attempt = attempt,
                               .epoch = (uint32_t)attempt,
                               .board = "b1",
                               .n_genes = 2,
                               .genotype = {{a, b}},
                               .n_metrics = 2,
                               .metric = {"accuracy", "latency"},
                               .tier = "screen",
                               .lease_ns = 5 * SONATA_SECOND,
                               .time_limit_ns = 60 * SONATA_SECOND};
    memcpy(j.space_hash, s->space_hash, 32);
    return j;
}

static Sonata__Envelope *expect(struct scene *s, Sonata__Envelope__BodyCase kind)
{
    Sonata__Envelope *e = fake_master_wait(&s->master, kind, LONGER);
    if (!e)
        fail_msg("no message of kind %d from the worker; its log is %s", (int)kind, s->log);
    return e;
}

static void greet(struct scene *s) { envelope_free(expect(s, SONATA__ENVELOPE__BODY_HELLO)); }

static struct measurement expect_result(struct scene *s, uint64_t attempt, enum outcome outcome)
{
    struct measurement m;
    if (!fake_master_result(&s->master, LONGER, true, &m))
        fail_msg("no result of attempt %u", (unsigned)attempt);
    if (m.attempt != attempt || m.outcome != outcome)
        fail_msg("attempt %u %s (%s) instead of %u %s", (unsigned)m.attempt, outcome_name(m.outcome), m.reason, (unsigned)attempt,
                 outcome_name(outcome));
    return m;
}

static void wait_for_no_running(struct scene *s)
{
    for (int i = 0; i < 50; i++) {
        Sonata__Envelope *e = expect(s, SONATA__ENVELOPE__BODY_HEARTBEAT);
        size_t n = e->heartbeat->n_running;
        envelope_free(e);
        if (!n)
            return;
    }
    fail_msg("heartbeats go on to list attempts");
}

static void assign_result_acknowledge(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    Sonata__Envelope *hello = expect(&s, SONATA__ENVELOPE__BODY_HELLO);
    assert_string_equal(hello->hello->worker, "w");
    assert_int_equal(hello->hello->n_boards, 1);
    assert_string_equal(hello->hello->boards[0]->type, "toy");
    assert_int_equal(hello->hello->boards[0]->n_metrics, 2);
    assert_int_equal(hello->hello->n_running, 0);
    envelope_free(hello);
    struct evaluation_job job = job_of(&s, 1, 0, 1);
    fake_master_assign(&s.master, &job);
    struct measurement m = expect_result(&s, 1, OUTCOME_OK);
    assert_true(measurement_metric(&m, "accuracy")->value == 60 && measurement_metric(&m, "latency")->value == 2);
    assert_string_equal(m.board_type, "toy");
    assert_non_null(strstr(m.fingerprint, "kernel="));
    assert_true(s.master.blob_requests >= 2); /* pulled in chunks, once */
    unsigned requests = s.master.blob_requests;
    wait_for_no_running(&s);
    job = job_of(&s, 2, 1, 1);
    fake_master_assign(&s.master, &job);
    expect_result(&s, 2, OUTCOME_INFEASIBLE); /* not in the table */
    assert_int_equal(s.master.blob_requests, requests);
    assert_int_equal(process_stop(s.worker, SOON), 0);
    s.worker = 0;
    close_scene(&s);
}

static void spool_is_replayed_after_kill(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    greet(&s);
    struct evaluation_job job = job_of(&s, 7, 1, 0);
    fake_master_assign(&s.master, &job);
    struct measurement m;
    assert_true(fake_master_result(&s.master, LONGER, false, &m)); /* never acknowledged */
    process_kill(s.worker);
    char spool[128];
    snprintf(spool, sizeof spool, "%s/state/spool", s.folder);
    FILE *f = fopen(spool, "a"); /* half a record at the end, as a power cut leaves it */
    fputs("SPL1 half a rec", f);
    fclose(f);
    start_worker(&s);
    Sonata__Envelope *hello = expect(&s, SONATA__ENVELOPE__BODY_HELLO);
    assert_int_equal(hello->hello->n_running, 1);
    assert_true(hello->hello->running[0]->spooled && hello->hello->running[0]->attempt == 7);
    envelope_free(hello);
    m = expect_result(&s, 7, OUTCOME_OK);
    assert_true(measurement_metric(&m, "accuracy")->value == 70);
    wait_for_no_running(&s);
    process_kill(s.worker);
    start_worker(&s);
    hello = expect(&s, SONATA__ENVELOPE__BODY_HELLO);
    assert_int_equal(hello->hello->n_running, 0);
    envelope_free(hello);
    close_scene(&s);
}

static void repeated_assignments_run_once(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",delay=200ms");
    greet(&s);
    struct evaluation_job one = job_of(&s, 1, 0, 0), two = job_of(&s, 2, 0, 1);
    fake_master_assign(&s.master, &one);
    fake_master_assign(&s.master, &two); /* prefetched */
    fake_master_assign(&s.master, &one);
    fake_master_assign(&s.master, &two);
    expect_result(&s, 1, OUTCOME_OK);
    expect_result(&s, 2, OUTCOME_OK);
    struct measurement m;
    assert_false(fake_master_result(&s.master, 700, true, &m));
    close_scene(&s);
}

static void a_crash_is_a_result(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",crash=1");
    greet(&s);
    for (uint64_t i = 1; i <= 3; i++) {
        struct evaluation_job job = job_of(&s, i, 0, 0);
        fake_master_assign(&s.master, &job);
        struct measurement m = expect_result(&s, i, OUTCOME_INFEASIBLE);
        assert_non_null(strstr(m.reason, "signal 11"));
    }
    close_scene(&s);
}

static void a_hang_ends_at_its_time_limit(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",hang=1");
    greet(&s);
    struct evaluation_job job = job_of(&s, 1, 0, 0);
    job.time_limit_ns = 300 * SONATA_MS;
    fake_master_assign(&s.master, &job);
    struct measurement m = expect_result(&s, 1, OUTCOME_INFEASIBLE);
    assert_non_null(strstr(m.reason, "time limit of 0.3 s"));
    assert_in_range(m.duration_ns / SONATA_MS, 300, 3000 * TEST_PATIENCE);
    close_scene(&s);
}

/* The board's own limit holds, whatever the master allows. */
static void a_limit_of_the_board_holds(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",hang=1,limit=300ms");
    greet(&s);
    struct evaluation_job job = job_of(&s, 1, 0, 0); /* 60 s */
    fake_master_assign(&s.master, &job);
    struct measurement m = expect_result(&s, 1, OUTCOME_INFEASIBLE);
    assert_non_null(strstr(m.reason, "time limit of 0.3 s"));
    close_scene(&s);
}

/* Whether a process with that word on its command line runs. */
static bool runs(const char *word)
{
    char command[128];
    snprintf(command, sizeof command, "grep -qsaz -- '^%s$' /proc/[0-9]*/cmdline", word);
    return system(command) == 0;
}

static void wait_until(const char *word, bool there)
{
    for (int i = 0; i < 100 * TEST_PATIENCE && runs(word) != there; i++)
        usleep(100000);
    if (runs(word) != there)
        fail_msg("a process with '%s' %s", word, there ? "does not start" : "is still there");
}

/* What an evaluator starts dies with its attempt, whoever ends and however, in a session of its own and detached too. No cgroup is needed. */
static void nothing_of_an_evaluator_is_left(void **state)
{
    (void)state;
    enum { LIMIT, CANCEL, STOP, KILL_CANDIDATE, KILL_BOARD, KILL_WORKER, CASES };
    for (int i = 0; i < CASES; i++) {
        struct scene s;
        struct sonata_error err = {0};
        char tool[96], text[256], stray[32], program[40];
        snprintf(stray, sizeof stray, "%d", 4000000 + (int)getpid() % 100000 * 10 + i);
        snprintf(program, sizeof program, "5%s", stray);
        open_scene(&s, "");
        process_kill(s.worker);
        snprintf(tool, sizeof tool, "%s/tool", s.folder);
        snprintf(text, sizeof text, "#!/bin/sh\n(setsid sleep %s &)\nsleep %s\n", stray, program);
        assert_int_equal(file_write_atomic(tool, text, strlen(text), &err), 0);
        assert_int_equal(chmod(tool, 0700), 0);
        snprintf(s.board, sizeof s.board, "b1:command,command=%s,offers=accuracy%s", tool, i == LIMIT ? ",limit=2s" : "");
        start_worker(&s);
        greet(&s);
        struct evaluation_job job = job_of(&s, 1, 0, 0);
        job.n_metrics = 1;
        fake_master_assign(&s.master, &job);
        fake_master_wait(&s.master, SONATA__ENVELOPE__BODY_RESULT, 100);
        wait_until(stray, true);
        wait_until(program, true);
        pid_t board = process_child_of(s.worker);
        if (i == CANCEL)
            fake_master_cancel(&s.master, 1);
        else if (i == STOP)
            kill(s.worker, SIGTERM);
        else if (i == KILL_CANDIDATE)
            kill(process_child_of(board), SIGKILL);
        else if (i == KILL_BOARD)
            kill(board, SIGKILL);
        else if (i == KILL_WORKER)
            process_kill(s.worker);
        fake_master_wait(&s.master, SONATA__ENVELOPE__BODY_RESULT, 100);
        wait_until(program, false);
        wait_until(stray, false);
        s.worker = i == KILL_WORKER ? 0 : s.worker;
        close_scene(&s);
    }
}

static void cancel_running_and_waiting(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",hang=1");
    greet(&s);
    struct evaluation_job one = job_of(&s, 1, 0, 0), two = job_of(&s, 2, 0, 1);
    fake_master_assign(&s.master, &one);
    fake_master_assign(&s.master, &two);
    envelope_free(expect(&s, SONATA__ENVELOPE__BODY_HEARTBEAT));
    fake_master_cancel(&s.master, 2);
    expect_result(&s, 2, OUTCOME_CANCELED);
    fake_master_cancel(&s.master, 99); /* unknown: nothing */
    fake_master_cancel(&s.master, 1);
    expect_result(&s, 1, OUTCOME_CANCELED);
    close_scene(&s);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    greet(&s);
    struct evaluation_job job = job_of(&s, 1, 0, 0);
    copy_string(job.board, sizeof job.board, "nobody");
    fake_master_assign(&s.master, &job);
    expect_result(&s, 1, OUTCOME_CONFIG);
    job = job_of(&s, 2, 9, 0); /* no such allele */
    fake_master_assign(&s.master, &job);
    expect_result(&s, 2, OUTCOME_CONFIG);
    job = job_of(&s, 3, 0, 0);
    copy_string(job.metric[1], METRIC_NAME_MAX, "energy");
    fake_master_assign(&s.master, &job);
    expect_result(&s, 3, OUTCOME_CONFIG);
    job = job_of(&s, 4, 0, 0);
    job.space_hash[0] ^= 1; /* a blob that the master does not have */
    fake_master_assign(&s.master, &job);
    struct measurement m = expect_result(&s, 4, OUTCOME_INFRA);
    assert_non_null(strstr(m.reason, "does not have it"));
    job = job_of(&s, 5, 0, 0);
    copy_string(job.tier, sizeof job.tier, "hasty");
    fake_master_assign(&s.master, &job);
    expect_result(&s, 5, OUTCOME_CONFIG);
    close_scene(&s);
}

/* The master goes away while a job runs and comes back as another incarnation that does not know the worker. */
static void link_lost_and_found(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",delay=800ms");
    greet(&s);
    struct evaluation_job one = job_of(&s, 1, 0, 0), two = job_of(&s, 2, 0, 1);
    fake_master_assign(&s.master, &one);
    fake_master_assign(&s.master, &two);
    envelope_free(expect(&s, SONATA__ENVELOPE__BODY_HEARTBEAT));
    fake_master_close(&s.master);
    clock_sleep_ns(1200 * SONATA_MS); /* the first ends meanwhile, the second begins */
    fake_master_open(&s.master, s.endpoint);
    Sonata__Envelope *hello = expect(&s, SONATA__ENVELOPE__BODY_HELLO);
    assert_int_equal(hello->hello->n_running, 2);
    envelope_free(hello);
    expect_result(&s, 1, OUTCOME_OK);
    expect_result(&s, 2, OUTCOME_OK);
    wait_for_no_running(&s);
    close_scene(&s);
}

static void stranger_is_greeted_again(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    greet(&s);
    s.master.strangers = true; /* the next heartbeat is answered by Fault -ENOTCONN */
    greet(&s);
    struct evaluation_job job = job_of(&s, 1, 0, 0);
    fake_master_assign(&s.master, &job);
    expect_result(&s, 1, OUTCOME_OK);
    close_scene(&s);
}

static void garbage_and_other_versions_from_the_master(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    greet(&s);
    fake_master_send_raw(&s.master, "garbage\xff\xff", 9);
    fake_master_send_raw(&s.master, "", 0);
    Sonata__Goodbye bye = SONATA__GOODBYE__INIT;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_GOODBYE;
    e.goodbye = &bye;
    e.major = WIRE_MAJOR + 1;
    uint8_t raw[64];
    fake_master_send_raw(&s.master, raw, sonata__envelope__pack(&e, raw));
    struct evaluation_job job = job_of(&s, 1, 0, 0);
    fake_master_assign(&s.master, &job);
    expect_result(&s, 1, OUTCOME_OK);
    struct bytes log = {0};
    struct sonata_error err = {0};
    assert_int_equal(file_read(s.log, 1 << 20, &log, &err), 0);
    bytes_put_u8(&log, 0);
    assert_non_null(strstr((char *)log.data, "upgrade"));
    bytes_fini(&log);
    close_scene(&s);
}

static pid_t candidate_of(const struct scene *s)
{
    pid_t candidate = 0;
    for (int i = 0; i < 200 && !candidate; i++) {
        clock_sleep_ns(10 * SONATA_MS);
        pid_t board = process_child_of(s->worker);
        candidate = board ? process_child_of(board) : 0;
    }
    return candidate;
}

static void children_die_with_a_killed_worker(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",hang=1");
    greet(&s);
    struct evaluation_job job = job_of(&s, 1, 0, 0);
    fake_master_assign(&s.master, &job);
    fake_master_wait(&s.master, SONATA__ENVELOPE__BODY_RESULT, 300); /* serves the blob */
    pid_t board = process_child_of(s.worker), candidate = candidate_of(&s);
    assert_true(board > 0 && candidate > 0);
    process_kill(s.worker);
    s.worker = 0;
    assert_true(process_is_gone(board, 10000));
    assert_true(process_is_gone(candidate, 10000));
    close_scene(&s);
}

static void a_killed_board_process_is_replaced(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",delay=1s");
    greet(&s);
    struct evaluation_job one = job_of(&s, 1, 0, 0), two = job_of(&s, 2, 0, 1);
    fake_master_assign(&s.master, &one);
    fake_master_assign(&s.master, &two);
    fake_master_wait(&s.master, SONATA__ENVELOPE__BODY_RESULT, 200);
    pid_t board = process_child_of(s.worker), candidate = candidate_of(&s);
    assert_true(board > 0 && candidate > 0);
    kill(board, SIGKILL);
    assert_true(process_is_gone(candidate, 10000));
    expect_result(&s, 1, OUTCOME_LOST);
    expect_result(&s, 2, OUTCOME_OK);
    close_scene(&s);
}

/* A board that is restarted while another is still coming up does not stand for it: the master hears of both with what they offer. */
static void hello_waits_for_every_board(void **state)
{
    (void)state;
    struct scene s;
    static const char slow[] = "#!/bin/sh\nsleep 3\necho '[TensorRT v100300]'\n";
    struct sonata_error err = {0};
    char tool[96];
    open_scene(&s, "");
    process_kill(s.worker);
    snprintf(tool, sizeof tool, "%s/tool", s.folder);
    assert_int_equal(file_write_atomic(tool, slow, sizeof slow - 1, &err), 0);
    assert_int_equal(chmod(tool, 0700), 0);
    snprintf(s.second, sizeof s.second, "gpu:command,tool=trtexec,program=%s", tool);
    start_worker(&s);
    usleep(500000);
    pid_t first = process_child_of(s.worker);
    assert_true(first > 0);
    kill(first, SIGKILL);
    Sonata__Envelope *hello;
    do /* of the worker before */
        hello = expect(&s, SONATA__ENVELOPE__BODY_HELLO);
    while (hello->hello->n_boards != 2 && (envelope_free(hello), true));
    assert_int_equal(hello->hello->boards[0]->n_metrics, 2);
    assert_true(hello->hello->boards[1]->n_metrics > 0);
    envelope_free(hello);
    close_scene(&s);
}

static void clean_stop_with_a_running_job(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, ",hang=1");
    greet(&s);
    struct evaluation_job job = job_of(&s, 1, 0, 0);
    fake_master_assign(&s.master, &job);
    fake_master_wait(&s.master, SONATA__ENVELOPE__BODY_RESULT, 300);
    pid_t candidate = candidate_of(&s);
    kill(s.worker, SIGTERM);
    envelope_free(expect(&s, SONATA__ENVELOPE__BODY_GOODBYE));
    assert_int_equal(process_wait(s.worker, SOON), 0);
    s.worker = 0;
    assert_true(process_is_gone(candidate, 10000));
    close_scene(&s);
}

static void one_worker_per_state_folder(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    greet(&s);
    pid_t first = s.worker;
    start_worker(&s);
    assert_int_equal(process_wait(s.worker, SOON), 1);
    s.worker = first;
    close_scene(&s);
}

/* A board that cannot work at all is a mistake to be told at the start. */
static void a_board_that_cannot_start(void **state)
{
    (void)state;
    const char *const board[] = {"host:engine,dataset=/nonexistent/set", "t:table:/nonexistent.csv,accuracy=a"};
    for (size_t i = 0; i < 2; i++) {
        struct scene s;
        open_scene(&s, "");
        process_kill(s.worker);
        copy_string(s.board, sizeof s.board, board[i]);
        start_worker(&s);
        assert_int_equal(process_wait(s.worker, SOON), 1);
        s.worker = 0;
        struct bytes log = {0};
        struct sonata_error err = {0};
        assert_int_equal(file_read(s.log, 1 << 20, &log, &err), 0);
        bytes_put_u8(&log, 0);
        assert_non_null(strstr((char *)log.data, "/nonexistent"));
        bytes_fini(&log);
        close_scene(&s);
    }
}

/* A master of another version says so: the worker stops greeting it twice a second, and comes when it is welcome. */
static void refused_for_its_version(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "");
    s.master.welcome = false;
    greet(&s);
    char text[] = "other version";
    Sonata__Fault fault = SONATA__FAULT__INIT;
    fault.code = -EPROTONOSUPPORT;
    fault.text = text;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_FAULT;
    e.fault = &fault;
    fake_master_send(&s.master, &e);
    Sonata__Envelope *hello = fake_master_wait(&s.master, SONATA__ENVELOPE__BODY_HELLO, 700); /* one may be under way */
    envelope_free(hello);
    assert_null(fake_master_wait(&s.master, SONATA__ENVELOPE__BODY_HELLO, 1500));
    assert_int_equal(process_stop(s.worker, SOON), 0);
    s.worker = 0;
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assign_result_acknowledge),         cmocka_unit_test(spool_is_replayed_after_kill),
        cmocka_unit_test(repeated_assignments_run_once),     cmocka_unit_test(a_crash_is_a_result),
        cmocka_unit_test(a_hang_ends_at_its_time_limit),     cmocka_unit_test(a_limit_of_the_board_holds),
        cmocka_unit_test(nothing_of_an_evaluator_is_left),   cmocka_unit_test(cancel_running_and_waiting),
        cmocka_unit_test(what_cannot_be_asked_is_refused),   cmocka_unit_test(link_lost_and_found),
        cmocka_unit_test(stranger_is_greeted_again),         cmocka_unit_test(garbage_and_other_versions_from_the_master),
        cmocka_unit_test(children_die_with_a_killed_worker), cmocka_unit_test(a_killed_board_process_is_replaced),
        cmocka_unit_test(hello_waits_for_every_board),       cmocka_unit_test(clean_stop_with_a_running_job),
        cmocka_unit_test(one_worker_per_state_folder),       cmocka_unit_test(a_board_that_cannot_start),
        cmocka_unit_test(refused_for_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
