/* A serial line to a board: tty, pty or unix stream socket (QEMU), raw 8N1, used by one process only, with bounded reads and deadlines.
 *
 * Use the stable name of a tty (/dev/serial/by-id/…): numbers change when a board comes back. All deadlines are monotonic nanoseconds
 * (clock_monotonic_ns()). A line object belongs to one thread. */
#ifndef SONATA_MCU_SERIAL_H
#define SONATA_MCU_SERIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SERIAL_LINE_MAX = 4096, SERIAL_PATH_MAX = 256 };

struct serial;

/* Opens and locks (flock, and TIOCEXCL on a tty; a socket is locked by path.lock beside it). Modem lines are left as they are as far as
 * the kernel allows: no hang-up on close. baud: 9600 … 921600; ignored on a socket.
 * -ENOENT, -EACCES, -EBUSY (another process has it), -EINVAL (baud, or neither tty nor socket), -ECONNREFUSED. */
int serial_open(const char *path, unsigned baud, struct serial **ret_serial, struct sonata_error *err) SONATA_MUST_CHECK;
/* NULL is fine. */
void serial_close(struct serial *s);

/* Writes all n bytes. -ETIMEDOUT, or -EIO when the line hung up. */
int serial_write(struct serial *s, const void *p, size_t n, int64_t deadline, struct sonata_error *err) SONATA_MUST_CHECK;
/* Next line without CR LF into line[SERIAL_LINE_MAX], terminated; bytes that are not printable become '?'. Returns 0, -ETIMEDOUT (what has
 * come of a line is kept), -EOVERFLOW (a line longer than 4 KiB: its rest will be dropped up to the next LF), or -EIO on hang-up. */
int serial_read_line(struct serial *s, int64_t deadline, char *line, struct sonata_error *err) SONATA_MUST_CHECK;
/* Throws away what comes until the line is quiet for quiet_ns, 1 MiB has come or the deadline is there. -EIO on hang-up. */
int serial_discard(struct serial *s, int64_t quiet_ns, int64_t deadline, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
