/* The turn hook runs, signals reach stop and reload, an orderly end leaves no handle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/service.h"

struct probe {
    struct loop loop;
    uv_timer_t timer;
    int turns, stops, reloads;
};

static void on_turn(void *user)
{
    ((struct probe *)user)->turns++;
}

static void on_stop(void *user)
{
    struct probe *p = user;
    p->stops++;
    uv_close((uv_handle_t *)&p->timer, NULL);
    loop_finish(&p->loop);
}

static void on_reload(void *user)
{
    struct probe *p = user;
    p->reloads++;
    kill(getpid(), SIGTERM);
}

static void raise_hup(uv_timer_t *t)
{
    (void)t;
    kill(getpid(), SIGHUP);
}

static void call_stop_twice(uv_timer_t *t)
{
    struct probe *p = t->data;
    loop_stop(&p->loop);
    loop_stop(&p->loop);
}

static void run(struct probe *p, uv_timer_cb cb)
{
    assert_int_equal(loop_init(&p->loop, p), 0);
    p->loop.turn = on_turn;
    p->loop.stop = on_stop;
    p->loop.reload = on_reload;
    uv_timer_init(&p->loop.uv, &p->timer);
    p->timer.data = p;
    uv_timer_start(&p->timer, cb, 1, 0);
    loop_run(&p->loop);
    assert_int_equal(loop_fini(&p->loop), 0);
}

static void signals(void **state)
{
    (void)state;
    struct probe p = {0};
    run(&p, raise_hup);
    assert_int_equal(p.reloads, 1);
    assert_int_equal(p.stops, 1);
    assert_true(p.turns >= 2);
}

static void stop_is_called_once(void **state)
{
    (void)state;
    struct probe p = {0};
    run(&p, call_stop_twice);
    assert_int_equal(p.stops, 1);
}

static void a_leaked_handle_is_reported(void **state)
{
    (void)state;
    struct loop l;
    uv_timer_t leaked;
    assert_int_equal(loop_init(&l, NULL), 0);
    uv_timer_init(&l.uv, &leaked);
    loop_finish(&l);
    loop_run(&l);
    assert_int_equal(loop_fini(&l), UV_EBUSY);
    uv_close((uv_handle_t *)&leaked, NULL);
    loop_run(&l);
    assert_int_equal(loop_fini(&l), 0);
}

/* The service manager's end of $NOTIFY_SOCKET. */
static int bind_notify(char path[108])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, 108, "/tmp/sonata-notify-%ld", (long)getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

/* Only the process that is meant is watched, and only by a time that can be kept. */
static void watchdog_time(void **state)
{
    (void)state;
    char pid[32];
    assert_int_equal(service_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "60000000", 1);
    assert_int_equal(service_watchdog_ms(), 60000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(service_watchdog_ms(), 0);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(service_watchdog_ms(), 60000);
    setenv("WATCHDOG_USEC", "soon", 1);
    assert_int_equal(service_watchdog_ms(), 0);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

static int drain(int fd)
{
    int n = 0;
    char text[32];
    for (ssize_t got; (got = recv(fd, text, sizeof text, MSG_DONTWAIT)) > 0; n++)
        assert_memory_equal(text, "WATCHDOG=1", (size_t)got);
    return n;
}

static int watched_fd, signs_before, signs_while_hanging;

static void hang_then_stop(uv_timer_t *t)
{
    struct probe *p = t->data;
    signs_before = drain(watched_fd);
    clock_sleep_ns(100 * SONATA_MS);
    signs_while_hanging = drain(watched_fd);
    loop_stop(&p->loop);
}

/* A loop that turns gives signs, one that hangs gives none. */
static void watchdog_is_the_loop(void **state)
{
    (void)state;
    char path[108];
    struct probe p = {0};
    watched_fd = bind_notify(path);
    setenv("WATCHDOG_USEC", "9000", 1);
    assert_int_equal(loop_init(&p.loop, &p), 0);
    unsetenv("WATCHDOG_USEC");
    p.loop.stop = on_stop;
    uv_timer_init(&p.loop.uv, &p.timer);
    p.timer.data = &p;
    uv_timer_start(&p.timer, hang_then_stop, 50, 0);
    loop_run(&p.loop);
    assert_int_equal(loop_fini(&p.loop), 0);
    assert_true(signs_before >= 2);
    assert_int_equal(signs_while_hanging, 0);
    close(watched_fd);
    unlink(path);
    unsetenv("NOTIFY_SOCKET");
}

static void service_hears(void **state)
{
    (void)state;
    char path[108];
    int fd = bind_notify(path);
    service_notify("READY=1");
    char text[32] = "";
    assert_int_equal(recv(fd, text, sizeof text, MSG_DONTWAIT), 7);
    assert_string_equal(text, "READY=1");
    close(fd);
    unlink(path);
    service_notify("STOPPING=1"); /* nobody listens: no harm */
    unsetenv("NOTIFY_SOCKET");
    service_notify("READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals),
        cmocka_unit_test(stop_is_called_once),
        cmocka_unit_test(a_leaked_handle_is_reported),
        cmocka_unit_test(service_hears),
        cmocka_unit_test(watchdog_time),
        cmocka_unit_test(watchdog_is_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
