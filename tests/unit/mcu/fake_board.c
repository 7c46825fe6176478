#define _GNU_SOURCE
#include "fake_board.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

void fake_write(struct fake_board *f, const void *p, size_t n)
{
    const char *b = p;
    unsigned delay = atomic_load(&f->byte_delay_us);

    while (n && !atomic_load(&f->stop)) {
        struct pollfd wait = {.fd = f->master, .events = POLLOUT};
        ssize_t k;

        if (poll(&wait, 1, 20) <= 0)
            continue;
        k = write(f->master, b, delay ? 1 : n);
        if (k < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (k > 0) {
            b += k;
            n -= (size_t)k;
        }
        if (delay)
            clock_sleep_ns((int64_t)delay * 1000);
    }
}

void fake_say(struct fake_board *f, const char *text)
{
    fake_write(f, text, strlen(text));
}

static bool input_waits(const struct fake_board *f)
{
    struct pollfd p = {.fd = f->master, .events = POLLIN};

    return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

/* Output of the device; an m-ready is found here, so that it can be doubled and early input be seen. */
static void port_write(void *context, const char *p, uint32_t n)
{
    struct fake_board *f = context;

    if (n == 7 && memcmp(p, "m-ready", 7) == 0) {
        if (input_waits(f))
            atomic_fetch_add(&f->violations, 1);
        if (atomic_load(&f->double_ready))
            fake_say(f, "m-ready\r\n");
    }
    if (n == 28 && memcmp(p, "m-timestamp-mode-performance", 28) == 0 && atomic_load(&f->energy_mode))
        fake_say(f, "m-timestamp-mode-energy");
    else
        fake_write(f, p, n);
}

static uint32_t port_ticks(void *context)
{
    struct fake_board *f = context;

    return f->ticks += atomic_load(&f->tick_step);
}

static void open_pty(struct fake_board *f)
{
    struct termios t;
    char link[80];

    f->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert(f->master >= 0 && grantpt(f->master) == 0 && unlockpt(f->master) == 0);
    /* kept open here so that the master does not see a hang-up before the host comes */
    f->held_slave = open(ptsname(f->master), O_RDWR | O_NOCTTY);
    assert(f->held_slave >= 0 && tcgetattr(f->held_slave, &t) == 0);
    cfmakeraw(&t);
    tcsetattr(f->held_slave, TCSANOW, &t);
    snprintf(link, sizeof link, "%s/next", f->folder);
    assert(symlink(ptsname(f->master), link) == 0 && rename(link, f->path) == 0);
}

void fake_reset(struct fake_board *f)
{
    device_start(&f->device, &f->port);
}

void fake_replug(struct fake_board *f)
{
    int master = f->master, held = f->held_slave;

    close(held);
    close(master);
    clock_sleep_ns(30 * SONATA_MS);
    open_pty(f);
    fake_reset(f);
}

void fake_pass(struct fake_board *f, const char *command)
{
    for (const char *c = command; *c; c++)
        device_byte(&f->device, (uint8_t)*c);
    device_byte(&f->device, '%');
}

static void finish_command(struct fake_board *f)
{
    bool (*hook)(struct fake_board *, const char *) = atomic_load(&f->hook);

    f->command[f->command_n] = 0;
    f->command_n = 0;
    atomic_fetch_add(&f->commands, 1);
    if (!*f->command || strlen(f->command) > 1030 || (strlen(f->command) > 66 && f->command[0] != 'x') || strpbrk(f->command, "\r\n"))
        atomic_fetch_add(&f->violations, 1);
    if (!hook || !hook(f, f->command))
        fake_pass(f, f->command);
}

static void take(struct fake_board *f, uint8_t byte)
{
    if (f->device.raw_left) {
        device_byte(&f->device, byte);
    } else if (byte == '%') {
        finish_command(f);
    } else if (f->command_n < sizeof f->command - 1) {
        f->command[f->command_n++] = (char)byte;
    }
}

static void *run(void *context)
{
    struct fake_board *f = context;

    fake_reset(f);
    while (!atomic_load(&f->stop)) {
        struct pollfd p = {.fd = f->master, .events = POLLIN};
        uint8_t buffer[256];
        ssize_t k;

        if (poll(&p, 1, 10) <= 0)
            continue;
        k = read(f->master, buffer, 1);
        if (k == 1)
            take(f, buffer[0]);
        else if (k < 0 && errno == EIO)
            clock_sleep_ns(5 * SONATA_MS);
    }
    return NULL;
}

struct fake_board *fake_board_new(const char *vendor)
{
    struct fake_board *f = xcalloc(1, sizeof *f);
    atomic_store(&f->tick_step, 100);

    f->port = (struct device_port){
        .context = f, .write = port_write, .ticks = port_ticks, .tick_hz = FAKE_HZ, .vendor = vendor, .model = "ic01", .flash_code = 20000,
        .ram_runtime = 33000, .blob = f->blob, .blob_max = sizeof f->blob, .arena = f->arena, .arena_max = sizeof f->arena,
    };
    snprintf(f->folder, sizeof f->folder, "/tmp/sonata-fake-XXXXXX");
    assert(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/tty", f->folder);
    open_pty(f);
    assert(pthread_create(&f->thread, NULL, run, f) == 0);
    return f;
}

void fake_board_free(struct fake_board *f)
{
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    close(f->held_slave);
    close(f->master);
    unlink(f->path);
    rmdir(f->folder);
    free(f);
}

void fake_set_hook(struct fake_board *f, bool (*hook)(struct fake_board *f, const char *command))
{
    atomic_store(&f->hook_count, 0);
    atomic_store(&f->hook, hook);
}
