/* Serial line: open and lock -> poll with deadlines -> one bounded buffer that lines are cut from.
 *
 * The descriptor is never blocking; every wait is a poll() against the caller's deadline. */
#define _GNU_SOURCE /* TIOCEXCL, B921600, flock */
#include "mcu/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"

enum { DISCARD_MAX = 1 << 20 };

struct serial {
    int fd, lock_fd;
    size_t n;
    bool skip; /* inside a line that was too long */
    char buffer[SERIAL_LINE_MAX];
};

static int speed_of(unsigned baud, speed_t *ret)
{
    static const struct {
        unsigned baud;
        speed_t speed;
    } table[] = {
        {9600, B9600},     {19200, B19200},   {38400, B38400},   {57600, B57600},
        {115200, B115200}, {230400, B230400}, {460800, B460800}, {921600, B921600},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].baud == baud) {
            *ret = table[i].speed;
            return 0;
        }
    return -EINVAL;
}

static int lock_exclusive(int fd, const char *path, struct sonata_error *err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return sonata_error_set(err, -EBUSY, "%s: another process uses this line", path);
    return sonata_error_set(err, -errno, "%s: cannot lock: %s", path, strerror(errno));
}

static int open_tty(struct serial *s, const char *path, unsigned baud, struct sonata_error *err)
{
    struct termios t;
    speed_t speed;
    int rc;

    if (speed_of(baud, &speed) < 0)
        return sonata_error_set(err, -EINVAL, "%s: %u baud is not supported; use 9600 … 921600", path, baud);
    s->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    rc = lock_exclusive(s->fd, path, err);
    if (rc < 0)
        return rc;
    if (tcgetattr(s->fd, &t) < 0)
        return sonata_error_set(err, -EINVAL, "%s: not a serial line: %s", path, strerror(errno));
    ioctl(s->fd, TIOCEXCL); // keeps others out who do not look at flock; root passes, flock still tells us
    cfmakeraw(&t);
    t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSTOPB | CRTSCTS | HUPCL)) | CLOCAL | CREAD;
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 0;
    cfsetispeed(&t, speed);
    cfsetospeed(&t, speed);
    if (tcsetattr(s->fd, TCSANOW, &t) < 0)
        return sonata_error_set(err, -errno, "%s: cannot set %u 8N1: %s", path, baud, strerror(errno));
    return 0;
}

static int open_socket(struct serial *s, const char *path, struct sonata_error *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char lock[SERIAL_PATH_MAX + 8];
    int rc;

    if (!copy_string(a.sun_path, sizeof a.sun_path, path))
        return sonata_error_set(err, -ENAMETOOLONG, "%s: a socket's path has at most %zu bytes", path, sizeof a.sun_path - 1);
    snprintf(lock, sizeof lock, "%s.lock", path);
    s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return sonata_error_set(err, -errno, "%s: %s", lock, strerror(errno));
    rc = lock_exclusive(s->lock_fd, path, err);
    if (rc < 0)
        return rc;
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0 || connect(s->fd, (const struct sockaddr *)&a, sizeof a) < 0)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

int serial_open(const char *path, unsigned baud, struct serial **ret_serial, struct sonata_error *err)
{
    struct serial *s;
    struct stat st;
    int rc;

    if (strlen(path) >= SERIAL_PATH_MAX)
        return sonata_error_set(err, -ENAMETOOLONG, "serial path of %zu bytes, at most %d", strlen(path), SERIAL_PATH_MAX - 1);
    if (stat(path, &st) < 0)
        return sonata_error_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode) && !S_ISCHR(st.st_mode))
        return sonata_error_set(err, -EINVAL, "%s: neither a tty nor a socket", path);
    s = xcalloc(1, sizeof *s);
    s->fd = s->lock_fd = -1;
    rc = S_ISSOCK(st.st_mode) ? open_socket(s, path, err) : open_tty(s, path, baud, err);
    if (rc < 0) {
        serial_close(s);
        return rc;
    }
    *ret_serial = s;
    return 0;
}

void serial_close(struct serial *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

/* 0 when ready, -ETIMEDOUT. A hang-up counts as ready: read or write tells. */
static int wait_for(struct serial *s, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = s->fd, .events = events};
        int64_t left = deadline - clock_monotonic_ns(), ms = left <= 0 ? 0 : left / SONATA_MS + 1;
        int n = poll(&p, 1, ms > INT_MAX ? INT_MAX : (int)ms);

        if (n > 0)
            return 0;
        if (n == 0 && clock_monotonic_ns() >= deadline)
            return -ETIMEDOUT;
        if (n < 0 && errno != EINTR)
            return -EIO;
    }
}

static int hung_up(struct sonata_error *err)
{
    return sonata_error_set(err, -EIO, "the line hung up");
}

int serial_write(struct serial *s, const void *p, size_t n, int64_t deadline, struct sonata_error *err)
{
    const char *b = p;

    while (n) {
        int rc = wait_for(s, POLLOUT, deadline);
        ssize_t k;

        if (rc == -ETIMEDOUT)
            return sonata_error_set(err, rc, "the board takes no bytes: %zu left to send", n);
        k = s->lock_fd >= 0 ? send(s->fd, b, n, MSG_NOSIGNAL) : write(s->fd, b, n);
        if (k < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (k <= 0)
            return hung_up(err);
        b += k;
        n -= (size_t)k;
    }
    return 0;
}

/* Reads what is there into dst; >= 0 bytes, -ETIMEDOUT, -EIO. */
static ssize_t read_some(struct serial *s, char *dst, size_t size, int64_t deadline)
{
    for (;;) {
        int rc = wait_for(s, POLLIN, deadline);
        ssize_t k;

        if (rc < 0)
            return rc;
        k = read(s->fd, dst, size);
        if (k > 0)
            return k;
        if (k < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        return -EIO; // end of file on a socket, EIO on a pty or a pulled adapter
    }
}

/* Cuts the first complete line off the buffer. */
static bool take_line(struct serial *s, char *line)
{
    char *end = memchr(s->buffer, '\n', s->n);
    size_t n, used;

    if (!end)
        return false;
    n = (size_t)(end - s->buffer);
    used = n + 1;
    while (n && s->buffer[n - 1] == '\r')
        n--;
    for (size_t i = 0; i < n; i++)
        line[i] = s->buffer[i] >= ' ' && s->buffer[i] <= '~' ? s->buffer[i] : '?';
    line[n] = 0;
    s->n -= used;
    memmove(s->buffer, s->buffer + used, s->n);
    return true;
}

int serial_read_line(struct serial *s, int64_t deadline, char *line, struct sonata_error *err)
{
    for (;;) {
        ssize_t k;

        if (take_line(s, line)) {
            if (!s->skip)
                return 0;
            s->skip = false; // the tail of the long line
            continue;
        }
        if (s->n == sizeof s->buffer) {
            bool reported = s->skip;

            s->n = 0;
            s->skip = true;
            if (!reported)
                return sonata_error_set(err, -EOVERFLOW, "the board sent a line of more than %d bytes", SERIAL_LINE_MAX);
        }
        k = read_some(s, s->buffer + s->n, sizeof s->buffer - s->n, deadline);
        if (k == -ETIMEDOUT)
            return sonata_error_set(err, -ETIMEDOUT, "no answer from the board in time%s", s->n ? " (a line began but did not end)" : "");
        if (k < 0)
            return hung_up(err);
        s->n += (size_t)k;
    }
}

int serial_discard(struct serial *s, int64_t quiet_ns, int64_t deadline, struct sonata_error *err)
{
    size_t total = 0;

    s->n = 0;
    s->skip = false;
    for (;;) {
        int64_t quiet = clock_monotonic_ns() + quiet_ns;
        ssize_t k = read_some(s, s->buffer, sizeof s->buffer, min_of(quiet, deadline));

        if (k == -ETIMEDOUT)
            return 0;
        if (k < 0)
            return hung_up(err);
        total += (size_t)k;
        if (total >= DISCARD_MAX)
            return 0;
    }
}
