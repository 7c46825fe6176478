/* Boards from text and worker.yaml: what is accepted, and that every mistake is named with its place. */

#include <errno.h>
#include <string.h>

#include "agent/worker_config.h"
#include "support/cmocka.h"

static void board_text(void **state)
{
    (void)state;
    struct board_config b;
    struct sonata_error err = {0};
    assert_int_equal(board_config_parse("pi-1:table:t.csv.gz,accuracy=acc,latency=lat,noise.latency=0.05,delay=20ms,fail=0.1,type=rpi4", &b, &err),
                     0);
    assert_string_equal(b.id, "pi-1");
    assert_string_equal(b.type, "rpi4");
    assert_string_equal(b.table.path, "t.csv.gz");
    assert_int_equal(b.table.n_metrics, 2);
    assert_string_equal(b.table.metric[1].column, "lat");
    assert_true(b.table.metric[1].noise == 0.05 && b.table.fail == 0.1 && b.table.delay_ns == 20000000);
    assert_int_equal(board_config_parse("host:engine", &b, &err), 0);
    assert_int_equal(b.core, -1);
    assert_int_equal(board_config_parse("host:engine,core=0,dataset=mnist,executor=ref,memory=256Mi,limit=2m", &b, &err), 0);
    assert_int_equal(b.core, 0);
    assert_true(b.memory_max == 256 << 20 && b.time_limit_ns == INT64_C(120000000000));
    assert_string_equal(b.dataset[0], "mnist");
}

/* Commas belong to values in quotes and after a backslash; a list goes on without its key. */
static void board_lists(void **state)
{
    (void)state;
    struct board_config b;
    struct sonata_error err = {0};
    static const char text[] =
        "lab:command,offers=accuracy,params,f1,command=python3 a.py --sizes 1\\,2 'x, y' \"z,\" \\\"q,offers=recall,datasets=mnist,kmnist";
    if (board_config_parse(text, &b, &err))
        fail_msg("%s", err.text);
    assert_string_equal(b.adapter.offers, "accuracy,params,f1,recall");
    assert_string_equal(b.adapter.command, "python3 a.py --sizes 1,2 'x, y' \"z,\" \\\"q");
    assert_int_equal(b.n_datasets, 2);
    assert_string_equal(b.dataset[1], "kmnist");
    assert_int_equal(board_config_parse("lab:command,command=x,accuracy", &b, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'accuracy' is here; expected key=value"));
    assert_int_equal(board_config_parse("lab:command,command=it's,threads=2", &b, &err), -EINVAL); /* a quote that does not close quotes nothing */
    assert_non_null(strstr(err.text, "command:"));
    assert_int_equal(board_config_parse("m:mcu,mcu.port=/dev/ttyX,mcu_x=1", &b, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'mcu_x' is not a key of a board of backend 'mcu'"));
    assert_int_equal(board_config_parse("m:mcu,mcu.port=/dev/ttyX", &b, &err), 0);
    assert_string_equal(b.mcu.port, "/dev/ttyX");
}

/* Programs that are not timed are taken for training: no bounds of a measurement, unless the board names them. */
static void bounds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool trains;
        uint64_t memory;
        int64_t limit_s;
        int nice;
    } cases[] = {{"a:engine", false, BOARD_MEMORY, 600, -10},
                 {"a:table:t.csv,accuracy=a", false, BOARD_MEMORY, 600, 0},
                 {"a:command,command=x", false, BOARD_MEMORY, 600, -10},
                 {"a:command,command=x,offers=accuracy,latency", false, BOARD_MEMORY, 600, -10},
                 {"a:command,tool=trtexec,offers=accuracy", false, BOARD_MEMORY, 600, -10},
                 {"a:command,command=x,offers=accuracy", true, 0, 86400, 0},
                 {"a:evaluator,command=x", true, 0, 86400, 0},
                 {"a:evaluator,command=x,memory=4Gi,limit=2h,nice=5", true, UINT64_C(4) << 30, 7200, 5},
                 {"a:engine,memory=none,limit=30s,nice=0", false, 0, 30, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct board_config b;
        struct sonata_error err = {0};
        if (board_config_parse(cases[i].text, &b, &err))
            fail_msg("%s", err.text);
        if (board_config_trains(&b) != cases[i].trains || board_config_memory(&b) != cases[i].memory || board_config_nice(&b) != cases[i].nice ||
            board_config_limit_ns(&b, 600 * INT64_C(1000000000)) != cases[i].limit_s * INT64_C(1000000000))
            fail_msg("%s: trains %d, %llu bytes, nice %d", cases[i].text, board_config_trains(&b), (unsigned long long)board_config_memory(&b),
                     board_config_nice(&b));
    }
}

static void board_mistakes(void **state)
{
    (void)state;
    const struct {
        const char *text, *expected;
    } wrong[] = {
        {"", "ID:BACKEND"},
        {"host", "ID:BACKEND"},
        {"ho st:engine", "names consist of"},
        {"host:gpu", "'gpu' is not known"},
        {"t:table", "table file"},
        {"t:table:f.csv", "1 to 16 metrics"},
        {"t:table:f.csv,accuracy", "key=value"},
        {"t:table:f.csv,accuracy=a,fail=2", "fail: '2' is here; expected a number from 0 to 1"},
        {"t:table:f.csv,accuracy=a,noise.latency=1", "expected latency=COLUMN"},
        {"t:table:f.csv,accuracy=a,delay=fast", "duration"},
        {"host:engine,accuracy=a", "not a key of a board of backend 'engine'; expected type, core"},
        {"host:engine,delay=1s", "a board of backend 'engine' has no 'delay'"},
        {"host:engine,core=-1", "CPU number"},
        {"host:engine,memory=1k", "a size such as 64Ki or 1Gi from 1Mi to"},
        {"host:engine:file", "takes a file"},
        {"g:evaluator,command=x,slots=0", "slots: '0' is here; expected a whole number from 1 to 32"},
        {"g:evaluator,command=x,ready=soon", "ready: 'soon' is here; expected a duration"},
        {"g:evaluator,command=x,growth=1", "growth: '1' is here; expected a size such as 64Ki or 1Gi from 1Mi"},
        {"g:evaluator,command=x,slots=2,core=1", "several slots cannot share one core"},
        {"g:command,command=x,slots=2", "a board of backend 'command' has no 'slots'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct board_config b;
        struct sonata_error err = {0};
        assert_int_equal(board_config_parse(wrong[i].text, &b, &err), -EINVAL);
        if (!strstr(err.text, wrong[i].expected))
            fail_msg("'%s': '%s' lacks '%s'", wrong[i].text, err.text, wrong[i].expected);
    }
}

/* So many boards of one type, each with a program of its own. */
static void slots(void **state)
{
    (void)state;
    struct worker_config c;
    struct sonata_error err = {0};
    static const char text[] = "boards:\n  - {id: gpu, backend: evaluator, command: {command: serve my.py, slots: 3, quiet: 10m}, tasks: 9}\n";
    worker_config_init(&c);
    if (worker_config_parse(&c, text, strlen(text), "worker.yaml", &err))
        fail_msg("%s", err.text);
    assert_int_equal(c.n_boards, 3);
    assert_string_equal(c.board[0].id, "gpu-1");
    assert_string_equal(c.board[2].id, "gpu-3");
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(c.board[i].type, "gpu");
        assert_int_equal(c.board[i].evaluator.slots, 1);
        assert_int_equal(c.board[i].evaluator.tasks, 9);
        assert_true(c.board[i].evaluator.quiet_ns == INT64_C(600000000000));
    }
    worker_config_fini(&c);
}

static const char good[] = "name: lab-1\n"
                           "master: tcp://10.0.0.1:7101\n"
                           "state: /var/lib/x\n"
                           "cache: 64Mi\n"
                           "log: warn\n"
                           "tiers:\n"
                           "  - {name: screen, windows: 4, window: 50ms, scale: 0}\n"
                           "boards:\n"
                           "  - id: pi-1\n"
                           "    type: rpi4\n"
                           "    backend: table\n"
                           "    file: t.csv\n"
                           "    metrics:\n"
                           "      - {name: accuracy, column: acc}\n"
                           "      - {name: latency, column: lat, noise: 0.1}\n"
                           "    delay: 5ms\n";

static void yaml(void **state)
{
    (void)state;
    struct worker_config c;
    struct sonata_error err = {0};
    worker_config_init(&c);
    if (worker_config_parse(&c, good, sizeof good - 1, "/etc/sonata/worker.yaml", &err))
        fail_msg("%s", err.text);
    assert_string_equal(c.name, "lab-1");
    assert_int_equal(c.cache_max, 64 << 20);
    assert_string_equal(c.log, "warn");
    assert_int_equal(c.n_boards, 1);
    assert_string_equal(c.board[0].table.path, "/etc/sonata/t.csv");
    assert_true(c.board[0].table.metric[1].noise == 0.1 && c.board[0].table.delay_ns == 5000000);
    assert_int_equal(worker_config_finish(&c, &err), 0);
    const struct latency_protocol *p = c.board[0].protocol;
    assert_true(p[TIER_SCREEN].windows == 4 && p[TIER_SCREEN].windows_max == 4 && p[TIER_SCREEN].window_ns == 50000000 && p[TIER_SCREEN].scale == 0);
    assert_int_equal(p[TIER_SEARCH].windows, 6);
    worker_config_fini(&c);
}

/* The good file with one text replaced. */
static void expect_yaml_error(const char *from, const char *to, const char *expected)
{
    char text[2048];
    const char *at = strstr(good, from);
    assert_non_null(at);
    size_t before = (size_t)(at - good), n = strlen(to), after = strlen(at + strlen(from));
    memcpy(text, good, before);
    memcpy(text + before, to, n);
    memcpy(text + before + n, at + strlen(from), after);
    struct worker_config c;
    struct sonata_error err = {0};
    worker_config_init(&c);
    if (!worker_config_parse(&c, text, before + n + after, "w.yaml", &err))
        fail_msg("accepted: %s", to);
    if (strncmp(err.text, "w.yaml:", 7) || !strstr(err.text, expected))
        fail_msg("'%s' lacks the file or '%s'", err.text, expected);
    worker_config_fini(&c);
}

static void yaml_mistakes(void **state)
{
    (void)state;
    expect_yaml_error("name: lab-1", "nam: lab-1", ":1");
    expect_yaml_error("delay: 5ms", "delay: soon", ":16: boards[0].delay");
    expect_yaml_error("noise: 0.1", "noise: loud", ":15: boards[0].metrics[1]");
    expect_yaml_error("noise: 0.1", "noise: 9", "a number from 0 to 2");
    expect_yaml_error("backend: table", "backend: engine", ":12: boards[0].file: a board of backend 'engine' has no 'file'");
    expect_yaml_error("backend: table", "backend: tabel", "'tabel' is not known");
    expect_yaml_error("name: screen", "name: quick", "expected one of screen|search|report");
    expect_yaml_error("windows: 4", "windows: 2", "windows: 3 to 64");
    expect_yaml_error("window: 50ms", "window: wide", ":7: tiers[0].window");
    expect_yaml_error("log: warn", "log: loud", ":5: log: 'loud' is here");
    expect_yaml_error("cache: 64Mi", "cache: little", ":4: cache");
    expect_yaml_error("    file: t.csv\n", "", "a table file is expected");
    expect_yaml_error("    delay: 5ms\n", "  - {id: pi-1, backend: engine}\n", "named twice");
}

/* The same keys as on a command line, nested or flat, lists as lists. */
static void yaml_forms(void **state)
{
    (void)state;
    static const char text[] =
        "boards:\n"
        "  - {id: a, backend: evaluator, command: \"serve --sizes 1,2\", limit: 6h, memory: none, nice: 3, datasets: [mnist, kmnist]}\n"
        "  - {id: b, backend: command, command: {command: run, offers: [accuracy, params]}, canary: functional}\n"
        "  - {id: c, backend: engine, power: {driver: hwmon, rails: [A, B]}, canary_interval: 2m, core: any}\n"
        "  - {id: d, backend: engine, power: sim, power.max_hz: 20}\n"
        "tiers: [{name: report, windows: 4}]\n";
    struct worker_config c;
    struct sonata_error err = {0};
    worker_config_init(&c);
    if (worker_config_parse(&c, text, sizeof text - 1, "w.yaml", &err))
        fail_msg("%s", err.text);
    assert_string_equal(c.board[0].adapter.command, "serve --sizes 1,2");
    assert_true(c.board[0].n_datasets == 2 && c.board[0].nice == 3 && c.board[0].memory_max == BOARD_MEMORY_NONE);
    assert_string_equal(c.board[1].adapter.offers, "accuracy,params");
    assert_string_equal(c.board[2].power.rails, "A,B");
    assert_true(c.board[2].health.interval_ns == 120 * INT64_C(1000000000) && c.board[2].core == BOARD_CORE_ANY);
    assert_true(c.board[3].power.max_hz == 20 && !strcmp(c.board[3].power.driver, "sim") && c.protocol[TIER_REPORT].windows == 4);
    worker_config_fini(&c);
    expect_yaml_error("    delay: 5ms\n", "    delay: [1s, 2s]\n", ":16: boards[0].delay");
    expect_yaml_error("    delay: 5ms\n", "    dealy: 5ms\n", "boards[0].dealy: 'dealy' is not a key of a board of backend 'table'");
    expect_yaml_error("    delay: 5ms\n", "    power: {scope: wall}\n", "a power sensor needs a driver");
    expect_yaml_error("column: acc}", "noise: 0.1}", "expected accuracy=COLUMN");
    expect_yaml_error("  - id: pi-1\n    type", "  - type", "key 'id' is missing");
    expect_yaml_error("backend: table", "backend: ''", "backend '' is not known");
    expect_yaml_error("name: lab-1", "name: lab-1\nname: x", ":2: key 'name' is given twice");
    expect_yaml_error("master: tcp", "mastr: tcp", "unknown key 'mastr': did you mean 'master'?");
}

/* How boards are watched over: keys of any board, and the worker's word for those that say nothing. */
static void canaries(void **state)
{
    (void)state;
    static const char text[] = "master: ipc:///x\ncanary: 200ms\nboards:\n"
                               "  - {id: a, backend: engine, canary: 3s, canary_interval: 5m, cool_down: 30s, backoff: 1m,\n"
                               "     recover: {soft_reset: ssh a reboot, pdu_power: \"pdu '4 b' cycle\"}}\n"
                               "  - {id: b, backend: engine}\n"
                               "  - {id: c, backend: table, file: t.csv, metrics: [{name: accuracy, column: acc}], canary_file: c.us}\n"
                               "  - {id: d, backend: table, file: t.csv, metrics: [{name: accuracy, column: acc}]}\n";
    struct worker_config c;
    struct sonata_error err = {0};
    worker_config_init(&c);
    if (worker_config_parse(&c, text, sizeof text - 1, "/etc/w.yaml", &err) || worker_config_finish(&c, &err))
        fail_msg("%s", err.text);
    const struct health_options *a = &c.board[0].health;
    assert_true(a->canary == CANARY_TIMED && a->canary_ns == 3000000000 && a->interval_ns == 300000000000 && a->cool_down_ns == 30000000000);
    assert_true(a->backoff_ns == 60000000000 && health_options_rungs(a) == (1U << RUNG_KILL_JOB | 1U << RUNG_SOFT_RESET | 1U << RUNG_PDU_POWER));
    assert_string_equal(a->recover[RUNG_PDU_POWER], "pdu '4 b' cycle");
    assert_true(c.board[1].health.canary == CANARY_TIMED && c.board[1].health.canary_ns == 200000000);
    assert_string_equal(c.board[2].health.file, "/etc/c.us");
    assert_true(c.board[2].health.canary == CANARY_TIMED && c.board[3].health.canary == CANARY_OFF);
    worker_config_fini(&c);
    expect_yaml_error("    delay: 5ms\n", "    canary: often\n", "boards[0].canary: 'often' is here; expected off, functional, or the time");
    expect_yaml_error("    delay: 5ms\n", "    canary: 1s\n", "canary.file");
    expect_yaml_error("    delay: 5ms\n", "    recover: {reopen: \"'\"}\n", "boards[0].recover.reopen");
    expect_yaml_error("    delay: 5ms\n", "    recover: {shout: x}\n", "shout");
    expect_yaml_error("cache: 64Mi", "canary: never", ":4: canary");
    struct board_config b;
    assert_int_equal(board_config_parse("h:engine,canary=functional,recover.reopen=true,canary.interval=1m", &b, &err), 0);
    assert_true(b.health.canary == CANARY_FUNCTIONAL && b.health.interval_ns == 60000000000);
    assert_int_equal(board_config_parse("h:engine,canary.command=x", &b, &err), -EINVAL);
    assert_non_null(strstr(err.text, "only boards of backend 'command'"));
}

static void incomplete(void **state)
{
    (void)state;
    struct worker_config c;
    struct sonata_error err = {0};
    struct board_config b;
    worker_config_init(&c);
    assert_int_equal(worker_config_finish(&c, &err), -EINVAL);
    assert_non_null(strstr(err.text, "--master"));
    memcpy(c.master, "ipc:///x", 9);
    assert_int_equal(worker_config_finish(&c, &err), -EINVAL);
    assert_non_null(strstr(err.text, "--board"));
    assert_int_equal(board_config_parse("host:engine,core=999", &b, &err), 0);
    assert_int_equal(worker_config_add(&c, &b, &err), 0);
    assert_int_equal(worker_config_finish(&c, &err), -EINVAL);
    assert_non_null(strstr(err.text, "core 999"));
    worker_config_fini(&c);
}

static struct core_set cores_to(int last)
{
    struct core_set s = {{0}};
    for (int i = 0; i <= last; i++)
        core_set_add(&s, i);
    return s;
}

static void expect_cores(const char *const *board, size_t n, int last, const int *expected)
{
    struct worker_config c;
    struct sonata_error err = {0};
    struct core_set allowed = cores_to(last);
    worker_config_init(&c);
    for (size_t i = 0; i < n; i++) {
        struct board_config b;
        assert_int_equal(board_config_parse(board[i], &b, &err), 0);
        assert_int_equal(worker_config_add(&c, &b, &err), 0);
    }
    assert_int_equal(worker_config_choose_cores(&c, &allowed, &err), 0);
    for (size_t i = 0; i < n; i++) {
        if (c.board[i].core != expected[i])
            fail_msg("%s: core %d instead of %d", board[i], c.board[i].core, expected[i]);
    }
    worker_config_fini(&c);
}

/* The highest core that no other board uses, for all its threads; the lowest is left to others; none is none. */
static void cores(void **state)
{
    (void)state;
    const char *const named_later[] = {"a:engine", "b:engine,core=7", "c:engine"};
    expect_cores(named_later, 3, 7, (const int[]){6, 7, 5});
    const char *const threads[] = {"a:command,command=x,threads=3", "b:engine", "c:command,command=x,threads=2,core=5"};
    expect_cores(threads, 3, 7, (const int[]){3, 7, 5});
    const char *const few[] = {"a:engine", "b:engine", "t:table:f.csv,accuracy=a"};
    expect_cores(few, 3, 1, (const int[]){1, -1, -1});
    expect_cores(few, 1, 0, (const int[]){0});
    const char *const far[] = {"a:engine"};
    expect_cores(far, 1, 95, (const int[]){95});
    struct worker_config c;
    struct board_config b;
    struct sonata_error err = {0};
    struct core_set allowed = cores_to(3);
    worker_config_init(&c);
    assert_int_equal(board_config_parse("a:engine,core=4", &b, &err), 0);
    assert_int_equal(worker_config_add(&c, &b, &err), 0);
    assert_int_equal(worker_config_choose_cores(&c, &allowed, &err), -EINVAL);
    worker_config_fini(&c);
    /* A command board's programs run where contention is watched, above core 63 too. */
    struct core_set used = {{0}};
    assert_int_equal(board_config_parse("a:command,command=x,core=70,threads=2", &b, &err), 0);
    board_config_cores(&b, &used);
    assert_true(core_set_count(&used) == 2 && core_set_has(&used, 70) && core_set_has(&used, 69));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(board_text),     cmocka_unit_test(board_lists), cmocka_unit_test(bounds),        cmocka_unit_test(yaml_forms),
        cmocka_unit_test(board_mistakes), cmocka_unit_test(yaml),        cmocka_unit_test(yaml_mistakes), cmocka_unit_test(canaries),
        cmocka_unit_test(incomplete),     cmocka_unit_test(cores),       cmocka_unit_test(slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
