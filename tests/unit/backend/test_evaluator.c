/* The evaluator backend against programs that behave and that do not: each answer has its outcome and its text, and whatever a program does, the
 * time, the memory and the log it gets are bounded. The programs are one script whose behaviour is an argument. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/clock.h"
#include "process/process.h"
#include "support/cmocka.h"
#include "support/fake_tree.h"

static const char script[] =
    "import json, os, subprocess, sys, time\n"
    "mode = sys.argv[1]\n"
    "def say(o): sys.stdout.write(json.dumps(o) + '\\n'); sys.stdout.flush()\n"
    "first = json.loads(sys.stdin.readline())\n"
    "assert first['sonata'] == 1 and first['init']['board'] == 'gpu'\n"
    "if mode == 'never': time.sleep(100)\n"
    "if mode == 'dies': sys.stderr.write('no such\\tfile: net.pt\\n'); sys.exit(3)\n"
    "if mode == 'chatty': print('loading weights')\n"
    "if mode == 'refuses': say({'ready': False, 'error': 'no CUDA'}); sys.exit(1)\n"
    "say({'ready': True, 'metrics': ['accuracy', 'latency'], 'name': mode, 'version': '2'})\n"
    "eaten = []\n"
    "for line in sys.stdin:\n"
    "    q = json.loads(line)\n"
    "    if 'id' not in q: break\n"
    "    i, bad = q['id'], q['genotype']['a'] == 'y' and not q.get('check')\n"
    "    with open(os.environ['ASKED'], 'a') as f: f.write(line)\n"
    "    if mode == 'samples': say({'id': i, 'metrics': {'accuracy': {'value': 91, 'low': 90, 'high': 92, 'n': 10000}, 'latency': 1},\n"
    "                               'samples_us': [2000 + k for k in range(100)]}); continue\n"
    "    if bad and mode == 'garbage': sys.stdout.write('epoch 1: loss 0.3\\n'); sys.stdout.flush(); time.sleep(100)\n"
    "    if bad and mode == 'endless':\n"
    "        for _ in range(1024): sys.stdout.write('x' * (1 << 20))\n"
    "    if bad and mode == 'other': i += 1\n"
    "    if bad and mode == 'number': say({'id': i, 'metrics': {'accuracy': float('nan')}}); continue\n"
    "    if bad and mode == 'nothing': say({'id': i}); continue\n"
    "    if bad and mode == 'forks':\n"
    "        p = [subprocess.Popen(['sleep', '100'], start_new_session=True) for _ in range(40)]; time.sleep(100)\n"
    "    if bad and mode == 'eats':\n"
    "        while True: eaten.append(b'x' * (8 << 20)); time.sleep(0.01)\n"
    "    if bad and mode == 'chats':\n"
    "        while True: eaten.append(b'x' * (4 << 20)); say({'id': i, 'progress': 0.5}); time.sleep(0.005)\n"
    "    if bad and mode == 'fills':\n"
    "        try:\n"
    "            with open(os.path.join(os.environ['TMPDIR'], 'data'), 'wb') as f:\n"
    "                while True: f.write(b'x' * 65536)\n"
    "        except OSError as e: say({'id': i, 'error': str(e)}); continue\n"
    "    if bad and mode == 'crash': sys.stderr.write('core dumped\\n\\n'); os._exit(1)\n"
    "    if bad and mode == 'silent': time.sleep(100)\n"
    "    if bad and mode == 'floods':\n"
    "        for k in range(3000): sys.stderr.write('noise ' * 1000 + '\\n')\n"
    "        sys.stderr.write('the last word\\n'); sys.stderr.flush(); os._exit(1)\n"
    "    if bad and mode == 'slow':\n"
    "        for k in range(25):\n"
    "            say({'id': i, 'progress': k / 25}); time.sleep(0.1)\n"
    "    if bad and mode == 'cancel':\n"
    "        say({'id': i, 'progress': 0.5}); c = json.loads(sys.stdin.readline()); assert c == {'cancel': i}; say({'id': i, 'canceled': True}); continue\n"
    "    if mode == 'grows': eaten.append(b'x' * (24 << 20))\n"
    "    if mode == 'twice': say({'id': i, 'metrics': {'accuracy': 1, 'latency': 1}})\n"
    "    if bad and mode == 'infeasible': say({'id': i, 'infeasible': 'ram'}); continue\n"
    "    if bad and mode == 'invalid': say({'id': i, 'invalid': 'hot'}); continue\n"
    "    say({'id': i, 'metrics': {'accuracy': 91.5, 'latency': 2}})\n";

struct outcome_page {
    struct measurement m;
    char died[REASON_MAX], phases[400];
    bool finished;
};

static struct fake_tree tree;
static struct space space;
static struct evaluation_job job;
static struct latency_protocol protocol;
static struct outcome_page *page;
static char asked[128];

static void phase(void *user, const char *name)
{
    struct outcome_page *p = user;
    strncat(p->phases, name, sizeof p->phases - strlen(p->phases) - 2);
    strncat(p->phases, ";", sizeof p->phases - strlen(p->phases) - 1);
}

static void died(void *user, const char *why) { snprintf(((struct outcome_page *)user)->died, REASON_MAX, "%s", why); }

static int setup(void **state)
{
    (void)state;
    fake_tree_open(&tree);
    fake_tree_put(&tree, "/evaluator.py", "%s", script);
    snprintf(asked, sizeof asked, "%s/asked", tree.root);
    setenv("ASKED", asked, 1);
    setenv("TMPDIR", tree.root, 1);
    space = (struct space){.name = "two", .n_genes = 1};
    space.gene[0] = (struct gene){.name = "a", .n_choices = 2, .condition_gene = -1, .block = -1, .edge_from = -1, .edge_to = -1, .none_allele = -1,
                                  .label = {"x", "y"}, .value = {NAN, NAN}};
    job = (struct evaluation_job){.attempt = 7, .n_genes = 1, .genotype = {{1}}, .n_metrics = 1, .metric = {"latency"}, .tier = "search"};
    protocol = *latency_protocol_of(TIER_SEARCH);
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    process_adopt_orphans(); /* as the board process does */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unsetenv("TMPDIR");
    fake_tree_close(&tree);
    munmap(page, sizeof *page);
    return 0;
}

/* A board of the script; options as "key=value,key=value". */
static struct board_config config_of(const char *mode, const char *options)
{
    char text[512];
    struct board_config c;
    struct sonata_error err = {0};
    snprintf(text, sizeof text, "gpu:evaluator,command=python3 %s/evaluator.py %s%s%s", tree.root, mode, options[0] ? "," : "", options);
    if (board_config_parse(text, &c, &err))
        fail_msg("%s", err.text);
    return c;
}

static void *open_board(const struct board_config *c)
{
    void *backend = NULL;
    struct sonata_error err = {0};
    if (backend_evaluator.open(c, &backend, &err))
        fail_msg("%s", err.text);
    return backend;
}

static pid_t pid_of(void *backend)
{
    pid_t pid[BACKEND_KEEPS_MAX];
    assert_int_equal(backend_evaluator.keeps(backend, pid), 2);
    return pid[0];
}

static pid_t begin(void *backend, uint64_t attempt, uint8_t allele)
{
    job.attempt = attempt;
    job.genotype.allele[0] = allele;
    *page = (struct outcome_page){.finished = false};
    struct backend_job j = {.tier = TIER_SEARCH, .job = &job, .space = &space, .protocol = &protocol, .phase = phase, .died = died, .phase_user = page};
    struct sonata_error err = {0};
    assert_int_equal(backend_evaluator.prepare(backend, &j, &err), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        backend_evaluator.run(backend, &j, &page->m);
        page->finished = true;
        _exit(0);
    }
    return pid;
}

/* As a candidate of the board process. */
static void ask(void *backend, uint64_t attempt, uint8_t allele)
{
    int status;
    pid_t pid = begin(backend, attempt, allele);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* As the board process's check; in a fork too. 0: well. */
static int check(void *backend, char *text, size_t size)
{
    struct sonata_error *err = (struct sonata_error *)(void *)page;
    int status;
    backend_evaluator.revive(backend);
    *err = (struct sonata_error){0};
    pid_t pid = fork();
    if (!pid)
        _exit(backend_evaluator.canary(backend, false, NULL, err) ? 1 : 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    snprintf(text, size, "%.*s", (int)size - 1, err->text);
    return status;
}

static void good_answers(void **state)
{
    (void)state;
    struct board_config c = config_of("samples", "");
    void *b = open_board(&c);
    struct board_offer o;
    backend_evaluator.offer(b, &o);
    assert_int_equal(o.n_metrics, 2);
    assert_string_equal(o.detail, "evaluator=samples 2");
    ask(b, 7, 1);
    assert_true(page->finished && page->m.outcome == OUTCOME_OK);
    assert_string_equal(page->m.metric[0].name, "latency"); /* of the samples */
    assert_true(page->m.metric[0].value == 2.0495 && page->m.metric[0].low < 2.04 && page->m.metric[0].high > 2.06 && page->m.metric[0].n == 100);
    assert_true(page->m.metric[1].value == 91 && page->m.metric[1].low == 90 && page->m.metric[1].high == 92 && page->m.metric[1].n == 10000);
    assert_int_equal(page->m.n_metrics, 2);
    assert_int_equal(page->m.n_samples, 100);
    backend_evaluator.close(b);
    char line[400];
    FILE *f = fopen(asked, "r");
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    assert_string_equal(line, "{\"id\":7,\"genotype\":{\"a\":\"y\"},\"metrics\":[\"latency\"],\"tier\":\"search\",\"dataset\":\"\",\"fidelity\":null,"
                              "\"deadline_s\":86400}\n");
}

static void never_ready(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *options, *text;
    } bad[] = {{"never", "ready=300ms", "not ready within 0.3 s"},     {"dies", "", "it ended before it was ready: no such file: net.pt"},
               {"chatty", "", "not a JSON object a line; what is not"}, {"refuses", "", "no CUDA"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct board_config c = config_of(bad[i].mode, bad[i].options);
        struct sonata_error err = {0};
        void *b = NULL;
        int64_t before = clock_monotonic_ns();
        assert_true(backend_evaluator.open(&c, &b, &err) < 0);
        assert_true(clock_monotonic_ns() - before < 20 * SONATA_SECOND);
        if (!strstr(err.text, bad[i].text))
            fail_msg("%s: '%s' lacks '%s'", bad[i].mode, err.text, bad[i].text);
    }
    struct board_config c = config_of("good", "");
    struct sonata_error err = {0};
    void *b = NULL;
    snprintf(c.adapter.command, sizeof c.adapter.command, "/no/such/program");
    assert_true(backend_evaluator.open(&c, &b, &err) < 0);
    assert_non_null(strstr(err.text, "No such file or directory"));
}

/* Each is told with its reason, in time, and the same board answers the next candidate. */
static void hostile(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *options, *text;
        enum outcome outcome;
        bool anew; /* with another process */
    } bad[] = {{"garbage", "", "not a JSON object", OUTCOME_BUG, true},
               {"endless", "", "a line of more than 1048576 bytes", OUTCOME_BUG, true},
               {"other", "", "about request 9, it was asked 8", OUTCOME_BUG, true},
               {"nothing", "", "neither metrics nor infeasible", OUTCOME_BUG, true},
               {"number", "", "not a JSON object", OUTCOME_BUG, true},
               {"forks", "tasks=20", "more than 20 processes", OUTCOME_BUG, true},
               {"eats", "memory=200Mi", "its limit is 200 MiB", OUTCOME_INFEASIBLE, true},
               {"chats", "memory=200Mi", "its limit is 200 MiB", OUTCOME_INFEASIBLE, true}, /* progress all the time */
               {"fills", "file_max=1Mi", "File too large", OUTCOME_BUG, false},
               {"silent", "quiet=500ms", "neither answer nor progress for 0.5 s", OUTCOME_BUG, true},
               {"infeasible", "", "ram", OUTCOME_INFEASIBLE, false},
               {"invalid", "", "hot", OUTCOME_INVALID, false}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct board_config c = config_of(bad[i].mode, bad[i].options);
        void *b = open_board(&c);
        ask(b, 7, 0);
        if (!page->finished || page->m.outcome != OUTCOME_OK)
            fail_msg("%s: %s", bad[i].mode, page->m.reason);
        pid_t before = pid_of(b);
        int64_t begun = clock_monotonic_ns();
        ask(b, 8, 1);
        assert_true(clock_monotonic_ns() - begun < 20 * SONATA_SECOND);
        if (!page->finished || page->m.outcome != bad[i].outcome || !strstr(page->m.reason, bad[i].text))
            fail_msg("%s: outcome %d '%s' lacks '%s'", bad[i].mode, (int)page->m.outcome, page->m.reason, bad[i].text);
        ask(b, 9, 0);
        if (!page->finished || page->m.outcome != OUTCOME_OK)
            fail_msg("%s, afterwards: %s", bad[i].mode, page->m.reason);
        assert_int_equal(pid_of(b) != before, bad[i].anew);
        backend_evaluator.close(b);
        assert_int_equal(process_tree_usage(getpid()).below, 0); /* in sessions of their own too */
    }
}

/* It ends over a candidate: that is told with its last words, and the board is well when it answers again what it knew. */
static void crash(void **state)
{
    (void)state;
    char text[200];
    struct board_config c = config_of("crash", "");
    void *b = open_board(&c);
    ask(b, 7, 1);
    assert_false(page->finished);
    assert_string_equal(page->died, "the evaluator ended over it: core dumped");
    assert_int_equal(check(b, text, sizeof text), 0);
    assert_non_null(backend_evaluator.fault(b)); /* nothing shows that it ever works: its own failure, not the board's */
    char said[OUTPUT_MAX];
    backend_evaluator.said(b, said, sizeof said);
    ask(b, 8, 0);
    assert_true(page->finished && page->m.outcome == OUTCOME_OK);
    ask(b, 9, 1);
    assert_false(page->finished);
    assert_int_equal(check(b, text, sizeof text), 0);
    assert_null(backend_evaluator.fault(b)); /* the candidate's, or a chance */
    ask(b, 10, 0);
    assert_true(page->finished && page->m.outcome == OUTCOME_OK);
    assert_int_equal(check(b, text, sizeof text), 0);
    backend_evaluator.close(b);
    struct stat st;
    FILE *f = fopen(asked, "r");
    char line[400];
    int checks = 0;
    while (fgets(line, sizeof line, f))
        checks += strstr(line, "\"check\":true") != NULL;
    fclose(f);
    assert_int_equal(checks, 1); /* once, after the second death; the last check needed none */
    assert_int_equal(stat(asked, &st), 0);
}

/* Only as much of a flood as is allowed reaches the log; the end of it is in the reason. */
static void stderr_is_bounded(void **state)
{
    (void)state;
    char path[128];
    struct stat st;
    struct board_config c = config_of("floods", "");
    snprintf(path, sizeof path, "%s/log", tree.root);
    int log = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600), was = dup(2);
    assert_true(log >= 0 && was >= 0);
    dup2(log, 2);
    void *b = open_board(&c);
    int64_t begun = clock_monotonic_ns();
    ask(b, 7, 1);
    int64_t took = clock_monotonic_ns() - begun;
    backend_evaluator.close(b);
    dup2(was, 2);
    close(log);
    close(was);
    assert_string_equal(page->died, "the evaluator ended over it: the last word");
    assert_int_equal(stat(path, &st), 0);
    if (st.st_size < 200 << 10 || st.st_size > (300 << 10) + took / SONATA_SECOND * (16 << 10)) /* of 18 MB */
        fail_msg("%lld bytes in the log", (long long)st.st_size);
}

static void progress_and_cancel(void **state)
{
    (void)state;
    int status;
    struct board_config c = config_of("slow", "quiet=1s"); /* 2.5 s in all: what shows progress is not quiet */
    void *b = open_board(&c);
    ask(b, 7, 1);
    assert_true(page->finished && page->m.outcome == OUTCOME_OK);
    assert_non_null(strstr(page->phases, "evaluate;evaluate 0%;"));
    assert_non_null(strstr(page->phases, "evaluate 9"));
    assert_true(strlen(page->phases) < 50 * sizeof "evaluate 10%"); /* five a second at most */
    backend_evaluator.close(b);
    c = config_of("cancel", "");
    b = open_board(&c);
    pid_t before = pid_of(b), pid = begin(b, 8, 1);
    while (!strstr(page->phases, "50%"))
        usleep(1000);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_false(page->finished);
    assert_int_equal(page->died[0], '\0');
    ask(b, 9, 0); /* by the same process: it gave up when it was asked to */
    assert_true(page->finished && page->m.outcome == OUTCOME_OK);
    assert_int_equal(pid_of(b), before);
    backend_evaluator.close(b);
}

static void started_anew(void **state)
{
    (void)state;
    struct board_config c = config_of("good", "requests=2");
    void *b = open_board(&c);
    pid_t first = pid_of(b);
    ask(b, 7, 0);
    ask(b, 8, 0);
    assert_int_equal(pid_of(b), first);
    ask(b, 9, 0);
    assert_true(pid_of(b) != first && page->m.outcome == OUTCOME_OK);
    backend_evaluator.close(b);
    c = config_of("grows", "growth=40Mi");
    b = open_board(&c);
    first = pid_of(b);
    ask(b, 7, 0);
    assert_int_equal(pid_of(b), first);
    ask(b, 8, 0);
    ask(b, 9, 0);
    assert_true(pid_of(b) != first && page->m.outcome == OUTCOME_OK);
    backend_evaluator.close(b);
    c = config_of("twice", ""); /* an answer nobody asked for is not taken for the next one's */
    b = open_board(&c);
    first = pid_of(b);
    ask(b, 7, 0);
    assert_true(page->m.outcome == OUTCOME_OK);
    sleep(1); /* until it has said it */
    ask(b, 8, 0);
    assert_true(pid_of(b) != first && page->m.outcome == OUTCOME_OK);
    backend_evaluator.close(b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(good_answers), T(never_ready), T(hostile), T(crash), T(stderr_is_bounded), T(progress_and_cancel), T(started_anew)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
