/* A loop that hangs ends its process; one that turns, one that is slow, and one whose process did not run, do not. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/hang.h"
#include "support/cmocka.h"

#define LIMIT_NS (600 * SONATA_MS)
#define LIFE_MS 400

struct life {
    struct loop loop;
    struct hang *hang;
    uv_timer_t end;
    int64_t block_ns;
};

static void on_end(uv_timer_t *t)
{
    struct life *life = t->data;
    if (life->block_ns)
        clock_sleep_ns(life->block_ns);
    hang_end(life->hang);
    uv_close((uv_handle_t *)t, NULL);
    loop_finish(&life->loop);
}

/* A process with a loop that lives for a while and then blocks for so long. Its exit code is 0 when all ended in order. */
static pid_t start(int64_t life_ms, int64_t block_ns)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    static struct life life;
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    life.block_ns = block_ns;
    if (loop_init(&life.loop, &life))
        _exit(2);
    life.hang = hang_begin(&life.loop, LIMIT_NS);
    uv_timer_init(&life.loop.uv, &life.end);
    life.end.data = &life;
    uv_timer_start(&life.end, on_end, (uint64_t)life_ms, 0);
    loop_run(&life.loop);
    _exit(loop_fini(&life.loop) ? 1 : 0);
}

static int end_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void one_that_hangs_is_ended(void **state)
{
    (void)state;
    assert_int_equal(end_of(start(LIFE_MS, 3600 * SONATA_SECOND)), 128 + SIGABRT);
}

static void one_that_turns_is_not(void **state)
{
    (void)state;
    assert_int_equal(end_of(start(3 * LIMIT_NS / SONATA_MS, 0)), 0);
    assert_int_equal(end_of(start(LIFE_MS, LIMIT_NS / 4)), 0);
}

static void one_that_was_stopped_is_not(void **state)
{
    (void)state;
    pid_t pid = start(3 * LIFE_MS, 0);
    clock_sleep_ns(LIFE_MS * SONATA_MS);
    kill(pid, SIGSTOP);
    clock_sleep_ns(3 * LIMIT_NS);
    kill(pid, SIGCONT);
    assert_int_equal(end_of(pid), 0);
}

static void nobody_looks_without_a_limit(void **state)
{
    (void)state;
    struct loop loop;
    assert_int_equal(loop_init(&loop, NULL), 0);
    assert_null(hang_begin(&loop, 0));
    hang_end(NULL);
    loop_finish(&loop);
    loop_run(&loop);
    assert_int_equal(loop_fini(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_that_hangs_is_ended), cmocka_unit_test(one_that_turns_is_not),
                                       cmocka_unit_test(one_that_was_stopped_is_not), cmocka_unit_test(nobody_looks_without_a_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
