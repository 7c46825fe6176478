/* The health of a board as the running worker drives it, seen by a scripted master. The board is a table whose canary reads its latency from a file,
 * so that the test is the board's illness and its cure. */
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

enum { SOON = 5000, LONGER = 15000 * TEST_PATIENCE };

struct scene {
    struct fake_master master;
    char folder[64], endpoint[96], board[1200], log[96], canary[96];
    pid_t worker;
    uint8_t space_hash[32];
    uint64_t last; /* event that was looked at: what is sent again is passed over */
};

static struct space tiny_space(void)
{
    struct space s = {.name = "tiny", .n_genes = 1};
    struct gene *g = &s.gene[0];
    g->name[0] = 'a';
    g->n_choices = 2;
    g->label[0][0] = '1';
    g->label[1][0] = '2';
    g->value[0] = 1;
    g->value[1] = 2;
    g->condition_gene = g->block = g->edge_from = g->edge_to = g->none_allele = -1;
    return s;
}

static void start_worker(struct scene *s)
{
    char state[96];
    snprintf(state, sizeof state, "%s/state", s->folder);
    const char *const argv[] = {SONATA_WORKER_PATH, "--master", s->endpoint, "--name", "w", "--state", state,
                                "--board",          s->board,   "--log",     "debug",  NULL};
    s->worker = process_start(argv, s->log);
    Sonata__Envelope *hello = fake_master_wait(&s->master, SONATA__ENVELOPE__BODY_HELLO, LONGER);
    if (!hello)
        fail_msg("the worker does not come; its log is %s", s->log);
    envelope_free(hello);
}

static void write_file(const char *path, const char *text)
{
    struct sonata_error err = {0};
    if (file_write_atomic(path, text, strlen(text), &err))
        fail_msg("%s", err.text);
}

static void set_canary(struct scene *s, const char *us) { write_file(s->canary, us); }

/* A program in the scene's folder; its path. */
static const char *script(const struct scene *s, const char *name, const char *body)
{
    static char path[128];
    char text[512];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    snprintf(text, sizeof text, "#!/bin/sh\ncd %s\n%s\n", s->folder, body);
    write_file(path, text);
    chmod(path, 0755);
    return path;
}

static void prepare_scene(struct scene *s)
{
    *s = (struct scene){.folder = "/tmp/sonata-health-test-XXXXXX"};
    assert_non_null(mkdtemp(s->folder));
    char table[96];
    snprintf(table, sizeof table, "%s/t.csv", s->folder);
    snprintf(s->canary, sizeof s->canary, "%s/canary", s->folder);
    write_file(table, "a,latency\n1,1\n2,2\n");
    set_canary(s, "100\n");
    snprintf(s->endpoint, sizeof s->endpoint, "ipc://%s/m", s->folder);
    snprintf(s->log, sizeof s->log, "%s/log", s->folder);
}

static void open_scene(struct scene *s, const char *options)
{
    if (!s->folder[0])
        prepare_scene(s);
    snprintf(s->board, sizeof s->board, "b1:table:%s/t.csv,latency=latency,type=toy%s", s->folder, options);
    fake_master_open(&s->master, s->endpoint);
    struct space space = tiny_space();
    struct bytes b = {0};
    space_encode(&space, &b);
    memcpy(s->space_hash, fake_master_add_blob(&s->master, b.data, b.size), 32);
    bytes_fini(&b);
    start_worker(s);
}

/* With timed canaries from the file, a short cool-down and back-off. */
static void open_timed(struct scene *s, const char *more)
{
    char options[1100];
    if (!s->folder[0])
        prepare_scene(s);
    snprintf(options, sizeof options, ",canary=20ms,canary.file=%s,cool_down=50ms%s", s->canary, more);
    open_scene(s, options);
}

static void close_scene(struct scene *s)
{
    process_kill(s->worker);
    fake_master_close(&s->master);
    for (size_t i = 0; i < s->master.n_blobs; i++)
        bytes_fini(&s->master.blob[i].data);
    remove_folder(s->folder);
}

/* The next event of that kind and state (NULL: any); others before it are passed over. All are acknowledged. */
static Sonata__Envelope *expect_event(struct scene *s, const char *kind, const char *state)
{
    int64_t end = clock_monotonic_ns() + LONGER * SONATA_MS;
    while (clock_monotonic_ns() < end) {
        Sonata__Envelope *e = fake_master_event(&s->master, SOON, true);
        if (!e)
            continue;
        const Sonata__BoardEvent *m = e->board_event;
        assert_string_equal(m->board, "b1");
        assert_true(m->wall_ns > 0 && m->sequence > 0);
        bool news = m->sequence > s->last;
        s->last = news ? m->sequence : s->last;
        if (news && (!kind || !strcmp(m->kind, kind)) && (!state || !strcmp(m->state, state)))
            return e;
        envelope_free(e);
    }
    fail_msg("no event %s, %s; the log is %s", kind ? kind : "of any kind", state ? state : "any state", s->log);
    return NULL;
}

/* Its text holds `words` (NULL: whatever). */
static void expect_told(struct scene *s, const char *kind, const char *state, const char *words)
{
    Sonata__Envelope *e = expect_event(s, kind, state);
    if (words && !strstr(e->board_event->text, words))
        fail_msg("'%s' instead of '%s'", e->board_event->text, words);
    envelope_free(e);
}

/* Until heartbeats say that the board is in that state and has so many attempts. */
static void expect_heartbeat(struct scene *s, const char *state, size_t attempts)
{
    char seen[64] = "";
    int64_t end = clock_monotonic_ns() + LONGER * SONATA_MS;
    while (clock_monotonic_ns() < end) {
        Sonata__Envelope *e = fake_master_wait(&s->master, SONATA__ENVELOPE__BODY_HEARTBEAT, SOON);
        if (!e)
            continue;
        snprintf(seen, sizeof seen, "%s with %zu", e->heartbeat->boards[0]->state, e->heartbeat->n_running);
        bool right = !strcmp(e->heartbeat->boards[0]->state, state) && e->heartbeat->n_running == attempts;
        envelope_free(e);
        if (right)
            return;
    }
    fail_msg("heartbeats say %s attempts instead of %s with %zu; the log is %s", seen, state, attempts, s->log);
}

static void assign(struct scene *s, uint64_t attempt)
{
    struct evaluation_job j = {.attempt = attempt,
                               .epoch = (uint32_t)attempt,
                               .board = "b1",
                               .n_genes = 1,
                               .n_metrics = 1,
                               .metric = {"latency"},
                               .tier = "screen",
                               .lease_ns = 5 * SONATA_SECOND,
                               .time_limit_ns = 60 * SONATA_SECOND};
    memcpy(j.space_hash, s->space_hash, 32);
    fake_master_assign(&s->master, &j);
}

static void expect_result(struct scene *s, uint64_t attempt, enum outcome outcome)
{
    struct measurement m;
    if (!fake_master_result(&s->master, LONGER, true, &m))
        fail_msg("no result of attempt %u; the log is %s", (unsigned)attempt, s->log);
    if (m.attempt != attempt || m.outcome != outcome)
        fail_msg("attempt %u %s (%s) instead of %u %s", (unsigned)m.attempt, outcome_name(m.outcome), m.reason, (unsigned)attempt,
                 outcome_name(outcome));
    measurement_fini(&m);
}

/* Calibration, an event that is lost with its acknowledgement, kill -9, and 3 canaries instead of 20 for a board that is what it was. */
static void calibrated_journalled_and_remembered(void **state)
{
    (void)state;
    struct scene s = {0};
    open_timed(&s, "");
    expect_told(&s, "state", "calibrating", "registered");
    Sonata__Envelope *first = fake_master_event(&s.master, LONGER, false); /* the acknowledgement is lost */
    assert_non_null(first);
    assert_string_equal(first->board_event->kind, "calibrated");
    assert_string_equal(first->board_event->state, "ready");
    assert_string_equal(first->board_event->text, "20 canaries, reference 100.000 us");
    assert_true(first->board_event->reference_us == 100 && first->board_event->latency_us == 100);
    assert_non_null(strstr(first->board_event->fingerprint, "kernel="));
    expect_heartbeat(&s, "ready", 0);
    Sonata__Envelope *again = fake_master_event(&s.master, LONGER, false); /* sent again after 5 s */
    assert_non_null(again);
    assert_true(again->board_event->sequence == first->board_event->sequence);
    envelope_free(again);
    process_kill(s.worker);
    fake_master_close(&s.master); /* what came meanwhile is forgotten */
    fake_master_open(&s.master, s.endpoint);
    start_worker(&s);
    again = fake_master_event(&s.master, LONGER, true);
    assert_non_null(again);
    assert_true(again->board_event->sequence == first->board_event->sequence);
    assert_string_equal(again->board_event->text, first->board_event->text);
    s.last = first->board_event->sequence;
    envelope_free(first);
    envelope_free(again);
    expect_told(&s, "calibrated", "ready", "3 canaries, reference 100.000 us");
    /* while it was away it became slower: it is not trusted, nor is what it measured since it was last well */
    process_kill(s.worker);
    set_canary(&s, "120");
    start_worker(&s);
    Sonata__Envelope *e = expect_event(&s, NULL, "quarantined");
    assert_non_null(strstr(e->board_event->text, "3 canaries"));
    assert_true(e->board_event->invalid_from_wall_ns > 0 && e->board_event->invalid_to_wall_ns > e->board_event->invalid_from_wall_ns);
    envelope_free(e);
    /* quarantine is remembered; a damaged file is not trusted */
    process_kill(s.worker);
    start_worker(&s);
    expect_heartbeat(&s, "quarantined", 0);
    process_kill(s.worker);
    char path[128];
    snprintf(path, sizeof path, "%s/state/health/b1.health", s.folder);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, 20, SEEK_SET);
    fputs("rot", f);
    fclose(f);
    start_worker(&s);
    expect_told(&s, "calibrated", "ready", "20 canaries, reference 120.000 us");
    close_scene(&s);
}

static void drift_quarantine_probation(void **state)
{
    (void)state;
    struct scene s = {0};
    open_timed(&s, ",canary.interval=200ms,backoff=2s");
    expect_told(&s, "calibrated", "ready", NULL);
    assign(&s, 1);
    expect_result(&s, 1, OUTCOME_OK);
    set_canary(&s, "104"); /* 4 %: a warning */
    Sonata__Envelope *e;
    do {
        e = expect_event(&s, "canary", "ready");
        bool warned = e->board_event->latency_us == 104;
        envelope_free(e);
        if (warned)
            break;
    } while (true);
    set_canary(&s, "110");
    e = expect_event(&s, "canary", "suspect");
    assert_true(e->board_event->latency_us == 110 && e->board_event->reference_us == 100);
    assert_non_null(strstr(e->board_event->text, "+10.0 %"));
    int64_t from = e->board_event->invalid_from_wall_ns;
    assert_true(from > 0 && from < e->board_event->invalid_to_wall_ns && e->board_event->invalid_to_wall_ns <= e->board_event->wall_ns);
    envelope_free(e);
    expect_told(&s, "canary", "quarantined", "next look in 2 s");
    expect_heartbeat(&s, "quarantined", 0);
    assign(&s, 2); /* as a master would that did not know yet: it is not taken, so that it goes to another board */
    struct measurement m;
    assert_false(fake_master_result(&s.master, 500, true, &m));
    expect_heartbeat(&s, "quarantined", 0);
    set_canary(&s, "101");
    expect_told(&s, "state", "probation", "back-off");
    expect_told(&s, "canary", "ready", "+1.0 %");
    expect_heartbeat(&s, "ready", 0);
    assign(&s, 3);
    expect_result(&s, 3, OUTCOME_OK);
    close_scene(&s);
}

static void recovered_by_its_ladder(void **state)
{
    (void)state;
    struct scene s = {0};
    prepare_scene(&s);
    char options[512];
    snprintf(options, sizeof options, ",canary.interval=200ms,recover.reopen=%s one two",
             script(&s, "reopen", "echo \"$SONATA_BOARD $*\" >> rungs; echo 100 > c; mv c canary"));
    open_timed(&s, options);
    expect_told(&s, "calibrated", "ready", NULL);
    unlink(s.canary); /* it does not answer */
    expect_told(&s, "canary", "suspect", "canary failed");
    expect_told(&s, "canary", "recovering", NULL);
    expect_told(&s, "recovery", "recovering", "kill_job: no answer");
    expect_told(&s, "recovery", "calibrating", "reopen: the board answers");
    expect_told(&s, "calibrated", "ready", "3 canaries");
    char path[128];
    struct bytes said = {0};
    struct sonata_error err = {0};
    snprintf(path, sizeof path, "%s/rungs", s.folder);
    assert_int_equal(file_read(path, 100, &said, &err), 0);
    bytes_put_u8(&said, 0);
    assert_string_equal((char *)said.data, "b1 one two\n");
    bytes_fini(&said);
    assign(&s, 1);
    expect_result(&s, 1, OUTCOME_OK);
    close_scene(&s);
}

static void a_ladder_that_does_not_help(void **state)
{
    (void)state;
    struct scene s = {0};
    prepare_scene(&s);
    char options[512];
    snprintf(options, sizeof options, ",canary.interval=200ms,recover.reopen=%s", script(&s, "reopen", "echo no such hub >&2; exit 3"));
    open_timed(&s, options);
    expect_told(&s, "calibrated", "ready", NULL);
    unlink(s.canary);
    expect_told(&s, "canary", "recovering", NULL);
    for (int pass = 1; pass <= 2; pass++) {
        expect_told(&s, "recovery", NULL, "kill_job: no answer");
        expect_told(&s, "recovery", pass == 1 ? "recovering" : "quarantined", "code 3: no such hub");
    }
    expect_heartbeat(&s, "quarantined", 0);
    close_scene(&s);
}

static void orders_of_people(void **state)
{
    (void)state;
    struct scene s = {0};
    prepare_scene(&s);
    char options[512];
    snprintf(options, sizeof options, ",delay=1s,recover.usb_power=%s", script(&s, "power", "echo off on > power.log"));
    open_timed(&s, options);
    expect_told(&s, "calibrated", "ready", NULL);
    assign(&s, 1);
    assign(&s, 2);
    expect_heartbeat(&s, "busy", 2);
    fake_master_command(&s.master, "b1", "drain");
    expect_told(&s, "admin", "busy", "drain: after the running job");
    expect_heartbeat(&s, "draining", 1); /* the other one was given back */
    expect_result(&s, 1, OUTCOME_OK);
    expect_told(&s, "state", "maintenance", NULL);
    expect_heartbeat(&s, "maintenance", 0);
    fake_master_command(&s.master, "b1", "power-cycle");
    expect_told(&s, "admin", "maintenance", "power-cycle refused");
    fake_master_command(&s.master, "b1", "release");
    expect_told(&s, "admin", "calibrating", "release");
    expect_told(&s, "calibrated", "ready", "3 canaries");
    fake_master_command(&s.master, "b1", "quarantine");
    expect_told(&s, "admin", "quarantined", "quarantine");
    fake_master_command(&s.master, "b1", "recalibrate");
    expect_told(&s, "admin", "calibrating", "recalibrate");
    expect_told(&s, "calibrated", "ready", "20 canaries");
    fake_master_command(&s.master, "b1", "canary");
    expect_told(&s, "canary", "ready", "+0.0 %");
    fake_master_command(&s.master, "b1", "dance");
    fake_master_command(&s.master, "b9", "drain");
    assign(&s, 3);
    expect_heartbeat(&s, "busy", 1);
    fake_master_command(&s.master, "b1", "power-cycle"); /* does not wait for the job */
    expect_told(&s, "admin", "recovering", "power-cycle");
    expect_result(&s, 3, OUTCOME_LOST);
    expect_told(&s, "recovery", "calibrating", "usb_power: the board answers");
    expect_told(&s, "calibrated", "ready", NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/power.log", s.folder);
    assert_true(file_exists(path));
    fake_master_command(&s.master, "b1", "retire");
    expect_told(&s, "admin", "retired", "retire");
    expect_heartbeat(&s, "retired", 0);
    process_kill(s.worker);
    start_worker(&s);
    expect_heartbeat(&s, "retired", 0);
    close_scene(&s);
}

/* A candidate that dies makes the board prove itself; one that the board fails counts against it: three of them are a quarantine. */
static void jobs_that_end_badly(void **state)
{
    (void)state;
    struct scene s = {0};
    open_scene(&s, ",canary=functional,crash=1");
    Sonata__Envelope *e = expect_event(&s, "calibrated", "ready");
    assert_true(e->board_event->reference_us == 0);
    assert_non_null(strstr(e->board_event->text, "functional"));
    envelope_free(e);
    for (uint64_t i = 1; i <= 4; i++) {
        assign(&s, i);
        expect_result(&s, i, OUTCOME_INFEASIBLE);
        expect_told(&s, "state", "suspect", "killed or died");
        expect_told(&s, "canary", "ready", "answered");
    }
    close_scene(&s);
    s = (struct scene){0};
    open_scene(&s, ",canary=functional,fail=1");
    for (uint64_t i = 1; i <= 3; i++) {
        assign(&s, i);
        expect_result(&s, i, OUTCOME_INFRA);
        if (i < 3)
            expect_told(&s, "canary", "ready", NULL);
    }
    expect_told(&s, "state", "quarantined", "failed a job; next look in 300 s");
    close_scene(&s);
}

/* Without canaries nothing is held against a board; people still have their say. */
static void canaries_off(void **state)
{
    (void)state;
    struct scene s = {0};
    open_scene(&s, ",fail=1");
    Sonata__Envelope *e = expect_event(&s, NULL, NULL);
    assert_string_equal(e->board_event->kind, "calibrated");
    assert_string_equal(e->board_event->text, "canaries are off");
    envelope_free(e);
    for (uint64_t i = 1; i <= 5; i++) {
        assign(&s, i);
        expect_result(&s, i, OUTCOME_INFRA);
    }
    expect_heartbeat(&s, "ready", 0);
    fake_master_command(&s.master, "b1", "drain");
    expect_told(&s, "admin", "maintenance", "drain");
    fake_master_command(&s.master, "b1", "release");
    expect_told(&s, "calibrated", "ready", NULL);
    close_scene(&s);
}

/* With an argument: the tests whose names match it; without: those that are not about the ladder (they have a ctest of their own). */
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    else
        cmocka_set_skip_filter("*ladder*");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibrated_journalled_and_remembered),
        cmocka_unit_test(drift_quarantine_probation),
        cmocka_unit_test(recovered_by_its_ladder),
        cmocka_unit_test(a_ladder_that_does_not_help),
        cmocka_unit_test(orders_of_people),
        cmocka_unit_test(jobs_that_end_badly),
        cmocka_unit_test(canaries_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
