/* Protocol state machine: table of (state, event) -> state; one exchange function under all commands.
 *
 * exchange(): drain stale lines -> send -> lines into the reply until an m-ready that has what was wanted. Every failure that leaves the
 * board's place in the dialogue unknown drops the state to OPEN, from where only tiny_synchronize() leads on. */
#include "mcu/tiny.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "firmware/device.h"
#include "mcu/serial.h"

enum { REPLY_BYTES_MAX = 1 << 20, QUIET_MS = 50 };

enum event { EVENT_OPENED, EVENT_SENT, EVENT_READY, EVENT_UNKNOWN, EVENT_HANGUP, EVENT_COUNT };

struct tiny {
    struct tiny_options o;
    struct serial *line;
    enum tiny_state state;
    char name[TINY_TEXT_MAX];
    unsigned resets;
    bool raw_pending; /* the board may still wait for raw bytes */
};

/* EVENT_UNKNOWN: restart, silence or nonsense: where the board is has to be found out. */
static void step(struct tiny *t, enum event e)
{
    static const signed char next[TINY_STATE_COUNT][EVENT_COUNT] = {
        [TINY_CLOSED] = {TINY_OPEN, -1, -1, TINY_CLOSED, TINY_CLOSED},
        [TINY_OPEN] = {-1, TINY_WAIT_READY, -1, TINY_OPEN, TINY_CLOSED},
        [TINY_WAIT_READY] = {-1, -1, TINY_IDLE, TINY_OPEN, TINY_CLOSED},
        [TINY_IDLE] = {-1, TINY_WAIT_READY, -1, TINY_OPEN, TINY_CLOSED},
    };
    signed char to = next[t->state][e];

    assert(to >= 0);
    t->state = (enum tiny_state)to;
    if (e == EVENT_HANGUP) {
        serial_close(t->line);
        t->line = NULL;
    }
}

/* Notes what a failed read or write means for the state and turns the code into one of ours. */
static int failed(struct tiny *t, int code)
{
    step(t, code == -EIO ? EVENT_HANGUP : EVENT_UNKNOWN);
    return code == -EOVERFLOW ? -EPROTO : code;
}

static void log_line(const struct tiny *t, char direction, const char *line)
{
    if (t->o.log)
        t->o.log(t->o.log_context, direction, line);
}

static int restarted(struct tiny *t, struct sonata_error *err)
{
    t->resets++;
    t->raw_pending = false;
    step(t, EVENT_UNKNOWN);
    return sonata_error_set(err, -ECONNRESET, "the board restarted in the middle of the dialogue");
}

struct tiny_options tiny_defaults(void)
{
    return (struct tiny_options){
        .baud = 115200, .tries = 3, .db_bytes = TINY_DB_BYTES, .db_max = TINY_DB_MAX, .boot_ns = 2 * SONATA_SECOND,
        .command_ns = 5 * SONATA_SECOND, .first_infer_ns = 60 * SONATA_SECOND,
    };
}

/* Lines already here before a command is sent: late text and surplus m-ready are logged and dropped, a restart is not overlooked. */
static int drain(struct tiny *t, struct sonata_error *err)
{
    char line[SERIAL_LINE_MAX];
    struct tiny_reply stale = {0};
    bool reset = false;
    size_t total = 0;

    for (;;) {
        struct sonata_error quiet = {0};
        int rc = serial_read_line(t->line, 0, line, &quiet);

        if (rc == -ETIMEDOUT)
            break;
        total += SERIAL_LINE_MAX;
        if (rc == -EOVERFLOW && total < REPLY_BYTES_MAX)
            continue;
        if (rc < 0 || total >= REPLY_BYTES_MAX) {
            copy_string(err->text, sizeof err->text, rc < 0 ? quiet.text : "the board talks without being asked");
            return failed(t, rc < 0 ? rc : -EPROTO);
        }
        log_line(t, '!', line);
        reset |= tiny_parse_line(line, &stale) == TINY_LINE_RESET;
    }
    return reset ? restarted(t, err) : 0;
}

static int send_text(struct tiny *t, const char *command, int64_t deadline, struct sonata_error *err)
{
    char text[TINY_COMMAND_MAX + 2];
    size_t n = strlen(command);
    int rc;

    memcpy(text, command, n);
    text[n] = '%';
    log_line(t, '>', command);
    rc = serial_write(t->line, text, n + 1, deadline, err);
    if (rc < 0)
        return failed(t, rc);
    step(t, EVENT_SENT);
    return 0;
}

struct exchange {
    unsigned want;
    const void *raw;
    size_t n_raw;
    int64_t deadline;
    unsigned stale_ready;
};

/* An m-ready came: is it the answer? Errors always are. */
static bool answered(struct tiny *t, struct exchange *x, const struct tiny_reply *reply)
{
    if (reply->seen & (TINY_ERROR | TINY_BAD) || (reply->seen & x->want) == x->want)
        return true;
    x->stale_ready++;
    log_line(t, '!', "m-ready without the answer");
    return false;
}

static int send_raw(struct tiny *t, struct exchange *x, struct sonata_error *err)
{
    int rc = serial_write(t->line, x->raw, x->n_raw, x->deadline, err);

    if (rc < 0)
        return failed(t, rc);
    x->raw = NULL;
    return 0;
}

static int collect(struct tiny *t, struct exchange *x, struct tiny_reply *reply, struct sonata_error *err)
{
    char line[SERIAL_LINE_MAX];
    size_t total = 0;

    for (;;) {
        enum tiny_line kind;
        int rc = serial_read_line(t->line, x->deadline, line, err);

        if (rc == -ETIMEDOUT && x->stale_ready)
            rc = sonata_error_set(err, -EPROTO, "m-ready came without the answer to the command");
        if (rc < 0)
            return failed(t, rc);
        total += strlen(line) + 2;
        if (total > REPLY_BYTES_MAX)
            return failed(t, sonata_error_set(err, -EPROTO, "an answer of more than 1 MiB"));
        kind = tiny_parse_line(line, reply);
        log_line(t, kind == TINY_LINE_OTHER ? '!' : '<', line);
        if (kind == TINY_LINE_RESET)
            return restarted(t, err);
        if (x->raw && tiny_extension(reply, "bin")) {
            rc = send_raw(t, x, err);
            if (rc < 0)
                return rc;
        }
        if (kind == TINY_LINE_READY && answered(t, x, reply)) {
            step(t, EVENT_READY);
            return 0;
        }
    }
}

static int check_command(const char *command, struct sonata_error *err)
{
    size_t n = strlen(command);

    if (!n || n > TINY_COMMAND_MAX)
        return sonata_error_set(err, -EINVAL, "a command has 1 to %d bytes, not %zu", TINY_COMMAND_MAX, n);
    for (size_t i = 0; i < n; i++)
        if (command[i] < ' ' || command[i] > '~' || command[i] == '%')
            return sonata_error_set(err, -EINVAL, "byte 0x%02x in a command would confuse the board", (unsigned char)command[i]);
    return 0;
}

/* From IDLE. */
static int exchange(struct tiny *t, const char *command, struct exchange *x, struct tiny_reply *reply, struct sonata_error *err)
{
    int rc = drain(t, err);

    if (rc == 0)
        rc = send_text(t, command, x->deadline, err);
    if (rc < 0)
        return rc;
    t->raw_pending = x->raw != NULL;
    rc = collect(t, x, reply, err);
    if (rc < 0)
        return rc;
    t->raw_pending = false;
    if (reply->seen & TINY_ERROR)
        return sonata_error_set(err, -EREMOTEIO, "the board answered: %s", reply->error);
    return 0;
}

int tiny_command_raw(struct tiny *t, const struct tiny_question *q, struct tiny_reply *ret_reply, struct sonata_error *err)
{
    struct exchange x = {.want = q->want, .raw = q->raw, .n_raw = q->n_raw};
    struct sonata_error ignored = {0};
    int rc;

    err = err ? err : &ignored;
    memset(ret_reply, 0, sizeof *ret_reply);
    rc = check_command(q->command, err);
    if (rc == 0 && t->state == TINY_CLOSED)
        rc = sonata_error_set(err, -ENOTCONN, "the line is closed");
    if (rc == 0 && t->state == TINY_OPEN)
        rc = tiny_synchronize(t, err);
    if (rc < 0)
        return rc;
    x.deadline = clock_monotonic_ns() + q->limit_ns;
    return exchange(t, q->command, &x, ret_reply, err);
}

int tiny_command(struct tiny *t, const char *command, unsigned want, int64_t limit_ns, struct tiny_reply *ret_reply,
                 struct sonata_error *err)
{
    return tiny_command_raw(t, &(struct tiny_question){.command = command, .want = want, .limit_ns = limit_ns}, ret_reply, err);
}

/* A board that waits for raw bytes takes any; then the rest is an unknown command. */
static int feed_raw_wait(struct tiny *t, struct sonata_error *err)
{
    char filler[DEVICE_CHUNK_MAX + 1];
    int rc;

    memset(filler, 'x', sizeof filler);
    filler[sizeof filler - 1] = '%';
    rc = serial_write(t->line, filler, sizeof filler, clock_monotonic_ns() + t->o.command_ns, err);
    if (rc == 0)
        t->raw_pending = false;
    return rc;
}

/* One name% with a clean answer. The board may be anywhere, so restarts and strange lines are no failure here. */
static int ask_name(struct tiny *t, struct tiny_reply *reply, struct sonata_error *err)
{
    int64_t deadline = clock_monotonic_ns() + t->o.command_ns;
    char line[SERIAL_LINE_MAX];
    int rc = 0;

    if (t->raw_pending)
        rc = feed_raw_wait(t, err);
    if (rc == 0)
        rc = serial_discard(t->line, QUIET_MS * SONATA_MS, deadline, err);
    if (rc == 0)
        rc = serial_write(t->line, "name%", 5, clock_monotonic_ns() + t->o.command_ns, err);
    log_line(t, '>', "name");
    deadline = clock_monotonic_ns() + t->o.command_ns;
    while (rc == 0) {
        enum tiny_line kind;

        rc = serial_read_line(t->line, deadline, line, err);
        if (rc == -EOVERFLOW) {
            rc = 0;
            continue;
        }
        if (rc < 0)
            break;
        kind = tiny_parse_line(line, reply);
        log_line(t, kind == TINY_LINE_OTHER ? '!' : '<', line);
        if (kind == TINY_LINE_RESET) {
            t->resets++;
            reply->seen = 0;
        }
        if (kind == TINY_LINE_READY && reply->seen & TINY_NAME)
            return 0;
        if (kind == TINY_LINE_READY && reply->seen & TINY_ERROR)
            return sonata_error_set(err, -EAGAIN, "the board answered name%% with: %s", reply->error); // an unfinished command before ours
    }
    return rc;
}

int tiny_synchronize(struct tiny *t, struct sonata_error *err)
{
    struct tiny_reply *reply = xcalloc(1, sizeof *reply);
    struct sonata_error ignored = {0};
    int rc = -ETIMEDOUT;

    err = err ? err : &ignored;
    if (t->state == TINY_CLOSED) {
        free(reply);
        return sonata_error_set(err, -ENOTCONN, "the line is closed");
    }
    step(t, EVENT_UNKNOWN);
    for (unsigned i = 0; i < t->o.tries && rc != 0 && rc != -EIO; i++) {
        memset(reply, 0, sizeof *reply);
        rc = ask_name(t, reply, err);
    }
    if (rc == -EIO) {
        step(t, EVENT_HANGUP);
    } else if (rc < 0) {
        rc = sonata_error_prefix(err, rc == -EAGAIN ? -EPROTO : rc, "no clean answer to name%% in %u tries", t->o.tries);
    } else if (t->o.name && strcmp(t->o.name, reply->name) != 0) {
        rc = sonata_error_set(err, -ENODEV, "%s: the board is '%.60s', not '%.60s'", t->o.path, reply->name, t->o.name);
    } else {
        copy_string(t->name, sizeof t->name, reply->name);
        step(t, EVENT_SENT);
        step(t, EVENT_READY);
    }
    free(reply);
    return rc;
}

/* Boot text, if the board starts just now; none when it has been running. */
static int wait_boot(struct tiny *t, struct sonata_error *err)
{
    int64_t deadline = clock_monotonic_ns() + t->o.boot_ns;
    char line[SERIAL_LINE_MAX];
    struct tiny_reply boot = {0};

    for (;;) {
        struct sonata_error quiet = {0};
        int rc = serial_read_line(t->line, deadline, line, &quiet);

        if (rc == -ETIMEDOUT)
            return 0;
        if (rc == -EIO)
            return sonata_error_set(err, failed(t, rc), "%s", quiet.text);
        if (rc == 0) {
            log_line(t, '<', line);
            if (tiny_parse_line(line, &boot) == TINY_LINE_READY && boot.seen & TINY_INIT_DONE)
                return 0;
        }
        if (clock_monotonic_ns() >= deadline)
            return 0;
    }
}

static int connect_line(struct tiny *t, struct sonata_error *err)
{
    int rc = serial_open(t->o.path, t->o.baud, &t->line, err);

    if (rc < 0)
        return rc;
    step(t, EVENT_OPENED);
    rc = wait_boot(t, err);
    return rc < 0 ? rc : tiny_synchronize(t, err);
}

int tiny_open(const struct tiny_options *o, struct tiny **ret_tiny, struct sonata_error *err)
{
    struct tiny *t;
    int rc;

    if (!o->path || !o->tries || !o->db_bytes || o->db_bytes > TINY_DB_BYTES || o->db_max > TINY_DB_MAX)
        return sonata_error_set(err, -EINVAL, "mcu line: a path, 1 or more tries, 1 to %d db bytes and a db buffer of at most %d are needed",
                                TINY_DB_BYTES, TINY_DB_MAX);
    t = xcalloc(1, sizeof *t);
    t->o = *o;
    rc = connect_line(t, err);
    if (rc < 0) {
        tiny_close(t);
        return rc;
    }
    *ret_tiny = t;
    return 0;
}

void tiny_close(struct tiny *t)
{
    if (!t)
        return;
    serial_close(t->line);
    free(t);
}

enum tiny_state tiny_state_of(const struct tiny *t)
{
    return t->state;
}

const char *tiny_name(const struct tiny *t)
{
    return t->name;
}

int64_t tiny_command_limit(const struct tiny *t)
{
    return t->o.command_ns;
}

unsigned tiny_resets(const struct tiny *t)
{
    return t->resets;
}

static int load_once(struct tiny *t, const uint8_t *p, size_t n, struct tiny_reply *reply, struct sonata_error *err)
{
    char command[TINY_COMMAND_MAX + 1];
    int rc;

    snprintf(command, sizeof command, "db load %zu", n);
    rc = tiny_command(t, command, TINY_EXPECTING, t->o.command_ns, reply, err);
    if (rc == 0 && reply->expecting != n)
        rc = sonata_error_set(err, -EPROTO, "the board expects %u bytes instead of %zu", reply->expecting, n);
    for (size_t at = 0; at < n && rc == 0;) {
        size_t k = min_of(n - at, t->o.db_bytes);
        bool last = at + k == n;

        memcpy(command, "db ", 3);
        for (size_t i = 0; i < k; i++)
            snprintf(command + 3 + 2 * i, 3, "%02x", p[at + i]);
        rc = tiny_command(t, command, last ? TINY_LOAD_DONE : 0, t->o.command_ns, reply, err);
        at += k;
        if (rc == 0 && !last && reply->seen & TINY_LOAD_DONE)
            rc = sonata_error_set(err, -EPROTO, "the board had enough after %zu of %zu bytes", at, n);
    }
    return rc;
}

int tiny_load(struct tiny *t, const void *p, size_t n, struct sonata_error *err)
{
    struct tiny_reply *reply;
    int rc = -ETIMEDOUT;

    if (!n || n > t->o.db_max)
        return sonata_error_set(err, -EINVAL, "%zu bytes do not fit the board's db buffer of %u", n, t->o.db_max);
    reply = xcalloc(1, sizeof *reply);
    for (unsigned i = 0; i < t->o.tries && (rc == -ETIMEDOUT || rc == -EPROTO || rc == -EREMOTEIO); i++)
        rc = load_once(t, p, n, reply, err);
    free(reply);
    return rc;
}

static int64_t infer_limit(const struct tiny *t, uint32_t n, uint32_t warmups, double estimate_us)
{
    double ns = 3e3 * estimate_us * ((double)n + warmups);

    if (!(estimate_us > 0))
        return t->o.first_infer_ns;
    return (ns < 4e15 ? (int64_t)ns : INT64_C(4000000000000000)) + t->o.command_ns;
}

static int judge_results(const struct tiny_reply *reply, unsigned n_results, struct tiny_inference *f, struct sonata_error *err)
{
    if (reply->seen & TINY_BAD)
        return sonata_error_set(err, strncmp(reply->bad, "results", 7) == 0 ? -EBADMSG : -EPROTO, "the board sent %s", reply->bad);
    if (n_results && reply->n_results != n_results)
        return sonata_error_set(err, -EBADMSG, "the board gave %u results instead of %u", reply->n_results, n_results);
    f->n_results = reply->n_results;
    memcpy(f->result, reply->result, sizeof f->result);
    f->best = f->ties = 0;
    for (unsigned i = 1; i < f->n_results; i++)
        if (f->result[i] > f->result[f->best]) {
            f->best = i;
            f->ties = 0;
        } else if (f->result[i] >= f->result[f->best]) {
            f->ties++;
        }
    return 0;
}

static int judge_time(const struct tiny_reply *reply, uint32_t n, uint32_t warmups, struct tiny_inference *f, struct sonata_error *err)
{
    if (reply->inferences != n || reply->warmups != warmups)
        return sonata_error_set(err, -EPROTO, "asked for %u inferences after %u, the board did %u after %u", n, warmups, reply->inferences,
                                reply->warmups);
    if (reply->n_laps != 2)
        return sonata_error_set(err, -EPROTO, "%u lap times instead of 2%s", reply->n_laps,
                                reply->n_laps ? "" : ": energy-mode firmware gives no latency");
    f->n = n;
    f->warmups = warmups;
    f->elapsed_us = reply->lap_us[1] - reply->lap_us[0];
    f->us = (double)f->elapsed_us / n;
    return 0;
}

int tiny_infer(struct tiny *t, struct tiny_work work, struct tiny_inference *ret_inference, struct sonata_error *err)
{
    uint32_t n = work.n, warmups = work.warmups;
    unsigned want = TINY_WARMUP_DONE | TINY_INFER_DONE | TINY_RESULTS;
    struct tiny_inference f = {0};
    struct tiny_reply *reply;
    char command[TINY_COMMAND_MAX + 1];
    int rc;

    if (!n || n > INT32_MAX || warmups > INT32_MAX)
        return sonata_error_set(err, -EINVAL, "infer %u %u: the board counts from 1 to 2^31-1", n, warmups);
    reply = xcalloc(1, sizeof *reply);
    snprintf(command, sizeof command, "infer %u %u", n, warmups);
    rc = tiny_command(t, command, want, infer_limit(t, n, warmups, work.estimate_us), reply, err);
    if (rc == 0)
        rc = judge_results(reply, work.n_results, &f, err);
    if (rc == 0)
        rc = judge_time(reply, n, warmups, &f, err);
    if (rc == 0)
        *ret_inference = f;
    free(reply);
    return rc;
}

int tiny_choose_n(double us, double window_us, uint32_t minimum, uint32_t *ret_n)
{
    const double longest = 3600e6; /* 60 min, below the wrap of a 32-bit microsecond counter */
    double n = us > 0 ? ceil(window_us / us) : INFINITY;
    double most = us > 0 ? floor(longest / us) : INFINITY;

    if (us >= longest)
        return -ERANGE;
    n = max_of(n, minimum);
    n = min_of(n, most);
    n = min_of(n, 1000000);
    *ret_n = n < 1 ? 1 : (uint32_t)n;
    return 0;
}
