/* External programs inside bounds: what they print, how they end, that nothing outlives them. Uses /bin/sh as the program under
 * test; the module itself starts no shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/process_internal.h"

static struct process_result run_shell(const char *script, struct process_limits limits)
{
    struct process_result r;
    struct sonata_error err = {0};
    const char *argv[] = {"sh", "-c", script, NULL};
    int code = process_run(argv, &limits, &r, &err);
    if (code)
        fail_msg("%s", err.text);
    return r;
}

static void output_and_code(void **state)
{
    (void)state;
    const char *env[] = {"SONATA_TEST_WORD=seen", NULL};
    struct process_result r = run_shell("echo out $SONATA_TEST_WORD; echo err >&2; exit 3", (struct process_limits){.env = env});
    assert_int_equal(r.end, PROCESS_EXITED);
    assert_int_equal(r.exit_code, 3);
    assert_string_equal((char *)r.out.data, "out seen\n");
    assert_string_equal((char *)r.err.data, "err\n");
    assert_false(r.out_cut);
    process_result_fini(&r);
}

static void cannot_start(void **state)
{
    (void)state;
    struct process_result r;
    struct sonata_error err = {0};
    const char *argv[] = {"no-such-tool-here", NULL};
    assert_int_equal(process_run(argv, &(struct process_limits){0}, &r, &err), -ENOENT);
    assert_non_null(strstr(err.text, "no-such-tool-here"));
}

static void crash_is_told(void **state)
{
    (void)state;
    struct process_result r = run_shell("kill -SEGV $$", (struct process_limits){0});
    assert_int_equal(r.end, PROCESS_SIGNALLED);
    assert_int_equal(r.signal, SIGSEGV);
    process_result_fini(&r);
}

static void polite_timeout(void **state)
{
    (void)state;
    struct process_result r = run_shell("trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done", // time to set the trap on a busy machine
                                        (struct process_limits){.time_ns = 500 * SONATA_MS, .grace_ns = 60 * SONATA_SECOND});
    assert_int_equal(r.end, PROCESS_TIMEOUT);
    assert_string_equal((char *)r.out.data, "bye\n");
    assert_true(r.duration_ns < 30 * SONATA_SECOND);
    process_result_fini(&r);
}

static void deaf_to_term(void **state)
{
    (void)state;
    struct process_result r = run_shell("trap '' TERM; while :; do sleep 0.02; done",
                                        (struct process_limits){.time_ns = 500 * SONATA_MS, .grace_ns = 150 * SONATA_MS});
    assert_int_equal(r.end, PROCESS_TIMEOUT);
    assert_int_equal(r.signal, SIGKILL);
    assert_true(r.duration_ns >= 650 * SONATA_MS);
    process_result_fini(&r);
}

static int deaf(pid_t group, int sig)
{
    (void)group;
    (void)sig;
    return 0;
}

/* A process in uninterruptible sleep does not react to SIGKILL: the call must come back all the same. */
static void stuck_does_not_block(void **state)
{
    (void)state;
    int (*saved)(pid_t, int) = process_kill_group;
    process_kill_group = deaf;
    struct process_result r = run_shell("exec sleep 30", (struct process_limits){.time_ns = 50 * SONATA_MS, .grace_ns = 50 * SONATA_MS,
                                                                                 .dead_ns = 50 * SONATA_MS});
    process_kill_group = saved;
    assert_int_equal(r.end, PROCESS_STUCK);
    assert_true(r.duration_ns < 20 * SONATA_SECOND);
    assert_false(process_reap(r.pid));
    kill(-r.pid, SIGKILL);
    for (int i = 0; i < 100 && !process_reap(r.pid); i++)
        clock_sleep_ns(10 * SONATA_MS);
    assert_true(process_reap(r.pid)); // gone: nothing left to wait for
    process_result_fini(&r);
}

static void group_is_swept(void **state)
{
    (void)state;
    struct process_result r = run_shell("sleep 30 & echo $!", (struct process_limits){0});
    assert_int_equal(r.end, PROCESS_EXITED);
    assert_true(r.duration_ns < 20 * SONATA_SECOND); // did not wait for the child that holds the pipe
    pid_t left = (pid_t)strtol((char *)r.out.data, NULL, 10);
    assert_true(left > 1);
    bool gone = false;
    for (int i = 0; i < 100 && !gone; i++) { // an orphan is reaped by init: it may be a zombie for a moment
        char path[64], text[256] = "";
        snprintf(path, sizeof path, "/proc/%ld/stat", (long)left);
        FILE *f = fopen(path, "r");
        gone = !f || !fgets(text, sizeof text, f) || strstr(text, ") Z ");
        if (f)
            fclose(f);
        clock_sleep_ns(10 * SONATA_MS);
    }
    assert_true(gone);
    process_result_fini(&r);
}

static void keeps_the_end_of_long_output(void **state)
{
    (void)state;
    struct process_result r = run_shell("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo THE-END",
                                        (struct process_limits){.output_max = 1000});
    assert_int_equal(r.end, PROCESS_EXITED);
    assert_int_equal(r.out.size, 1000);
    assert_true(r.out_cut);
    assert_string_equal((char *)r.out.data + 1000 - 8, "THE-END\n");
    process_result_fini(&r);
}

static void flood_is_stopped(void **state)
{
    (void)state;
    struct process_result r = run_shell("exec yes", (struct process_limits){.output_max = 4096});
    assert_int_equal(r.end, PROCESS_OUTPUT);
    assert_true(r.out.size <= 4096);
    process_result_fini(&r);
}

static void cancel(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], "x", 1), 1);
    struct process_result r = run_shell("sleep 30", (struct process_limits){.cancel_fd = fd[0]});
    assert_int_equal(r.end, PROCESS_CANCELED);
    process_result_fini(&r);
    close(fd[0]);
    close(fd[1]);
}

static void inherits_nothing(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0); // not close-on-exec
    struct process_result r = run_shell("ls /proc/self/fd | wc -l; ulimit -c; grep NoNewPrivs /proc/self/status", (struct process_limits){0});
    assert_string_equal((char *)r.out.data, "4\n0\nNoNewPrivs:\t1\n"); // 0 1 2 and the folder ls reads
    process_result_fini(&r);
    close(fd[0]);
    close(fd[1]);
}

static void memory_is_bounded(void **state)
{
    (void)state;
#ifdef SONATA_SANITIZED
    skip();
#endif
    struct process_result r = run_shell("exec dd if=/dev/zero of=/dev/null bs=256M count=1", (struct process_limits){.memory_max = 64 << 20});
    assert_int_equal(r.end, PROCESS_EXITED);
    assert_int_not_equal(r.exit_code, 0);
    process_result_fini(&r);
}

static void file_size_is_bounded(void **state)
{
    (void)state;
    char folder[] = "/tmp/sonata-process-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct process_result r = run_shell("trap '' XFSZ; head -c 100000 /dev/zero > big; wc -c < big; rm big",
                                        (struct process_limits){.file_max = 4096, .work_dir = folder});
    assert_string_equal((char *)r.out.data, "4096\n");
    process_result_fini(&r);
    rmdir(folder);
}

static void unprivileged_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct process_result r = run_shell("id -u; id -G", (struct process_limits){.uid = 65534});
    assert_string_equal((char *)r.out.data, "65534\n65534\n");
    process_result_fini(&r);
}

/* The cgroup files as ordinary files: what is written is what the kernel would get. */
static void cgroup_files(void **state)
{
    (void)state;
    char root[] = "/tmp/sonata-cgroup-XXXXXX", path[1024], text[64] = "";
    assert_non_null(mkdtemp(root));
    assert_int_equal(process_cgroup_find(root, path, sizeof path), -ENOENT);
    snprintf(path, sizeof path, "mkdir -p %s/proc/self %s/sys/fs/cgroup/unit && echo '0::/unit' > %s/proc/self/cgroup && : > %s/sys/fs/cgroup/unit/cgroup.procs",
             root, root, root, root);
    assert_int_equal(system(path), 0);
    char parent[256];
    assert_int_equal(process_cgroup_find(root, parent, sizeof parent), 0);
    snprintf(text, sizeof text, "%s/sys/fs/cgroup/unit", root);
    assert_string_equal(parent, text);
    /* A plain folder has no cgroup.procs in a new leaf: the run goes on without one, and the leaf is removed. */
    struct process_result r = run_shell("echo fine", (struct process_limits){.cgroup_parent = parent, .memory_max = 1 << 30});
    assert_string_equal((char *)r.out.data, "fine\n");
    assert_false(r.in_cgroup);
    process_result_fini(&r);
    snprintf(path, sizeof path, "rm %s/cgroup.procs && rmdir %s && rm -r %s", parent, parent, root);
    assert_int_equal(system(path), 0);
}

static void real_cgroup_when_there(void **state)
{
    (void)state;
    char parent[256];
    if (process_cgroup_find("", parent, sizeof parent))
        skip();
    struct process_result r = run_shell("setsid sleep 30 & echo started", (struct process_limits){.cgroup_parent = parent});
    assert_true(r.in_cgroup);
    assert_true(r.duration_ns < 20 * SONATA_SECOND);
    process_result_fini(&r);
}

static void words(void **state)
{
    (void)state;
    struct command_line c;
    struct sonata_error err = {0};
    assert_int_equal(command_parse("  tool --a='b c' \"d \\\" e\" f\\ g '' ", &c, &err), 0);
    assert_int_equal(c.n, 5);
    assert_string_equal(c.argv[0], "tool");
    assert_string_equal(c.argv[1], "--a=b c");
    assert_string_equal(c.argv[2], "d \" e");
    assert_string_equal(c.argv[3], "f g");
    assert_string_equal(c.argv[4], "");
    assert_null(c.argv[5]);
    command_fini(&c);
    assert_int_equal(command_parse("$(reboot); x | y > z", &c, &err), 0); // words, not a program for a shell
    assert_string_equal(c.argv[0], "$(reboot);");
    command_fini(&c);
    assert_int_equal(command_parse("a 'b", &c, &err), -EINVAL);
    assert_int_equal(command_parse("   ", &c, &err), -EINVAL);
    char path[256];
    assert_true(command_find("sh", path, sizeof path));
    assert_false(command_find("no-such-tool-here", path, sizeof path));
    assert_false(command_find("/tmp", path, sizeof path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_code),   cmocka_unit_test(cannot_start),     cmocka_unit_test(crash_is_told),
        cmocka_unit_test(polite_timeout),    cmocka_unit_test(deaf_to_term),     cmocka_unit_test(stuck_does_not_block),
        cmocka_unit_test(group_is_swept),    cmocka_unit_test(keeps_the_end_of_long_output), cmocka_unit_test(flood_is_stopped),
        cmocka_unit_test(cancel),            cmocka_unit_test(inherits_nothing), cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(file_size_is_bounded), cmocka_unit_test(unprivileged_user), cmocka_unit_test(cgroup_files),
        cmocka_unit_test(real_cgroup_when_there), cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
