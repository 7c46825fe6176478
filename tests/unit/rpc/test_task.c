/* Tasks: a team has one replay at a time, and cannot take the places of others or of a backup. The processes are this program again, which waits. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rpc/task.h"
#include "support/cmocka.h"

static struct loop loop;
static struct task_table table;

static int start(enum task_kind kind, uint64_t search, const char *owner, struct task **ret_task)
{
    struct sonata_error err = {{0}};
    return task_start(&table, &(struct task_request){kind, search, kind == TASK_BACKUP ? "/nowhere" : "", owner}, ret_task, &err);
}

static void a_team_has_one_replay(void **state)
{
    (void)state;
    struct task *first, *again, *other;
    assert_int_equal(start(TASK_REPLAY, 1, "a", &first), 0);
    assert_int_equal(start(TASK_REPLAY, 1, "a", &again), 0);
    assert_ptr_equal(first, again);
    assert_int_equal(start(TASK_REPLAY, 2, "a", &other), -EBUSY);
    assert_int_equal(start(TASK_REPLAY, 3, "b", &other), 0);
    for (unsigned i = 2; i < RPC_TASKS_MAX - 1; i++)
        assert_int_equal(start(TASK_REPLAY, 10 + i, "", &other), 0);
    assert_int_equal(start(TASK_REPLAY, 99, "", &other), -EBUSY);
    assert_int_equal(start(TASK_BACKUP, 0, "", &other), 0);
}

static int open_table(void **state)
{
    (void)state;
    table = (struct task_table){.loop = &loop, .state = "/nowhere"};
    return loop_init(&loop, NULL);
}

static int close_table(void **state)
{
    (void)state;
    task_close_all(&table);
    loop_finish(&loop);
    loop_run(&loop);
    return loop_fini(&loop);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--exit-with")) {
        sleep(60);
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(a_team_has_one_replay, open_table, close_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
