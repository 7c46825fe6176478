/* Any meter that a program can read. The program prints one reading per line: a number in watts, or with the unit W, mW or uW.
 *
 * Two ways: started for every reading (the last non-empty line counts), or `stream: true`: started once, each line is a reading at its arrival, which
 * is what PPK2, Joulescope or a bench meter's script needs. The stream runs in its own process group and dies with the sensor. */
#define _GNU_SOURCE /* pipe2 */
#include "power/power_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "process/process.h"

enum { LINE_MAX_BYTES = 256 };

struct command_sensor {
    struct power_sensor base;
    struct power_config config;
    struct command_line command;
    pid_t pid;               /* stream: the running program */
    int fd;
    char line[LINE_MAX_BYTES];
    size_t used;
};

int command_reading_parse(const char *line, double *ret_mw)
{
    char *end;
    double v = strtod(line, &end);
    if (end == line || !isfinite(v))
        return -EBADMSG;
    while (*end == ' ' || *end == '\t')
        end++;
    static const struct {
        const char *unit;
        double to_mw;
    } units[] = {{"", 1e3}, {"W", 1e3}, {"mW", 1}, {"uW", 1e-3}};
    size_t n = strcspn(end, " \t\r\n");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].unit) == n && !strncmp(end, units[i].unit, n) && !end[n + strspn(end + n, " \t\r\n")]) {
            *ret_mw = v * units[i].to_mw;
            return 0;
        }
    }
    return -EBADMSG;
}

static int64_t reading_time_limit(const struct command_sensor *s)
{
    double hz = s->config.max_hz > 0 ? s->config.max_hz : 1;
    double seconds = 10 / hz;
    return (int64_t)(clamp_of(seconds, 2, 60) * 1e9);
}

static int read_once(struct command_sensor *s, int64_t *ret_t_ns, double *ret_mw, struct sonata_error *err)
{
    struct process_limits limits = {.time_ns = reading_time_limit(s), .output_max = 4096};
    struct process_result result;
    int64_t begin = clock_monotonic_ns();
    int r = process_run(s->command.argv, &limits, &result, err);
    if (r)
        return r;
    int64_t t = begin + (clock_monotonic_ns() - begin) / 2;
    if (result.end != PROCESS_EXITED || result.exit_code) {
        r = sonata_error_set(err, -EIO, "%s: %s, exit code %d: %.200s", s->command.argv[0], process_end_name(result.end), result.exit_code,
                             (const char *)result.err.data);
    } else {
        char *text = (char *)result.out.data;
        size_t n = strlen(text);
        while (n && strchr(" \t\r\n", text[n - 1]))
            text[--n] = '\0';
        char *newline = strrchr(text, '\n');
        const char *line = newline ? newline + 1 : text;
        r = command_reading_parse(line, ret_mw);
        if (r)
            r = sonata_error_set(err, r, "%s: '%.80s' is not a reading such as `1.25 W`", s->command.argv[0], line);
        else
            *ret_t_ns = t;
    }
    process_result_fini(&result);
    return r;
}

static int start_stream(struct command_sensor *s, struct sonata_error *err)
{
    extern char **environ;
    int out[2];
    if (pipe2(out, O_CLOEXEC))
        return sonata_error_set(err, -errno, "pipe: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    int e = posix_spawnp(&s->pid, s->command.argv[0], &actions, &attributes, (char *const *)(uintptr_t)s->command.argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(out[1]);
    if (e) {
        close(out[0]);
        s->pid = 0;
        return sonata_error_set(err, -e, "cannot start %s: %s", s->command.argv[0], strerror(e));
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    s->fd = out[0];
    return 0;
}

/* A whole line out of the buffer, if there is one. An overlong line is thrown away up to its end. */
static bool take_line(struct command_sensor *s, char line[LINE_MAX_BYTES])
{
    char *newline = memchr(s->line, '\n', s->used);
    if (!newline) {
        if (s->used == sizeof s->line)
            s->used = 0;
        return false;
    }
    size_t n = (size_t)(newline - s->line);
    memcpy(line, s->line, n);
    line[n] = '\0';
    s->used -= n + 1;
    memmove(s->line, newline + 1, s->used);
    return true;
}

static int read_stream(struct command_sensor *s, int64_t *ret_t_ns, double *ret_mw, struct sonata_error *err)
{
    int64_t end = clock_monotonic_ns() + reading_time_limit(s);
    char line[LINE_MAX_BYTES] = "";
    while (!take_line(s, line)) {
        int64_t left = end - clock_monotonic_ns();
        if (left <= 0)
            return sonata_error_set(err, -ETIMEDOUT, "%s: no line in time", s->command.argv[0]);
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        poll(&p, 1, (int)(left / SONATA_MS) + 1);
        ssize_t n = read(s->fd, s->line + s->used, sizeof s->line - s->used);
        if (n == 0)
            return sonata_error_set(err, -EPIPE, "%s: ended its output", s->command.argv[0]);
        if (n > 0)
            s->used += (size_t)n;
    }
    *ret_t_ns = clock_monotonic_ns();
    int r = command_reading_parse(line, ret_mw);
    return r ? sonata_error_set(err, r, "%s: '%.80s' is not a reading such as `1.25 W`", s->command.argv[0], line) : 0;
}

static int command_read(struct power_sensor *sensor, int64_t *ret_t_ns, double *ret_mw, struct sonata_error *err)
{
    struct command_sensor *s = (struct command_sensor *)sensor;
    return (s->config.stream ? read_stream : read_once)(s, ret_t_ns, ret_mw, err);
}

static void command_close(struct power_sensor *sensor)
{
    struct command_sensor *s = (struct command_sensor *)sensor;
    if (s->fd >= 0)
        close(s->fd);
    if (s->pid > 0) {
        kill(-s->pid, SIGTERM);
        for (int i = 0; i < 50 && !process_reap(s->pid); i++) {
            if (i == 20)
                kill(-s->pid, SIGKILL);
            clock_sleep_ns(10 * SONATA_MS);
        }
        kill(-s->pid, SIGKILL);
    }
    command_fini(&s->command);
    free(s);
}

static int command_open(const struct power_config *config, struct power_sensor **ret_sensor, struct sonata_error *err)
{
    if (config->scope == POWER_SCOPE_UNKNOWN)
        return sonata_error_set(err, -EINVAL, "an external meter needs a scope: rails, module_input, board_input or wall");
    struct command_sensor *s = xcalloc(1, sizeof *s);
    s->base.ops = &power_command;
    s->config = *config;
    s->fd = -1;
    int r = command_parse(config->command, &s->command, err);
    if (!r && config->stream)
        r = start_stream(s, err);
    char path[512];
    if (!r && !command_find(s->command.argv[0], path, sizeof path))
        r = sonata_error_set(err, -ENODEV, "program '%.200s' is not found", s->command.argv[0]);
    if (r) {
        command_close(&s->base);
        return r;
    }
    *ret_sensor = &s->base;
    return 0;
}

static void command_describe(const struct power_sensor *sensor, struct power_description *d)
{
    const struct command_sensor *s = (const struct command_sensor *)sensor;
    copy_string(d->sensor, sizeof d->sensor, s->command.argv[0]);
    d->kind = POWER_KIND_POWER;
    d->max_hz = s->config.max_hz > 0 ? s->config.max_hz : 1;
    if (s->config.rails[0]) {
        d->n_rails = 1;
        copy_string(d->rail[0], POWER_NAME_MAX, s->config.rails);
    }
    power_apply_config(&s->config, d);
}

const struct power_ops power_command = {
    .name = "command", .open = command_open, .describe = command_describe, .read = command_read, .close = command_close};
