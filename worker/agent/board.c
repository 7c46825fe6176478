/* See board.h. */
#include "agent/board.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/medium.h"
#include "base/memory.h"
#include "codec/codec.h"

enum { RESTART_MS = 1000, RESTART_MAX_MS = 60000, END_PATIENCE_MS = 3000 };

static void spawn(struct board *b);

const char *board_state_name(enum board_state s)
{
    static const char *const name[] = {"starting", "ready", "busy", "recovering", "stopped"};
    return name[s];
}

static void check_closed(struct board *b)
{
    if (b->closing && !b->process_open && !b->pipe_open && !b->timer_open) {
        b->state = BOARD_STOPPED;
        frame_reader_fini(&b->in);
        b->hooks.closed(b->hooks.user, b);
    }
}

static void on_timer_closed(uv_handle_t *h)
{
    struct board *b = h->data;
    b->timer_open = false;
    check_closed(b);
}

static void finish_front(struct board *b, const uint8_t *result, size_t n)
{
    b->front_sent = false;
    board_remove(b, &b->queue[0]);
    b->hooks.result(b->hooks.user, b, result, n);
}

/* An attempt that ran when the process ended: interrupted, which says nothing about board or candidate. */
static void fail_front(struct board *b, const char *reason)
{
    const struct evaluation_job *job = &b->queue[0].frame.job;
    struct measurement m = {.attempt = job->attempt, .epoch = job->epoch, .started_wall_ns = clock_wall_ns()};
    copy_string(m.board, sizeof m.board, b->config.id);
    copy_string(m.board_type, sizeof m.board_type, b->config.type);
    measurement_fail(&m, b->queue[0].canceled ? OUTCOME_CANCELED : OUTCOME_LOST, "%s", reason);
    struct bytes out = {0};
    measurement_encode(&m, &out);
    finish_front(b, out.data, out.size);
    bytes_fini(&out);
}

static void on_restart(uv_timer_t *t) { spawn(t->data); }

static uint64_t restart_delay_ms(struct board *b, const char *reason)
{
    uint64_t wait_ms = (uint64_t)RESTART_MS << (b->restarts < 6 ? b->restarts : 6);
    wait_ms = wait_ms < RESTART_MAX_MS ? wait_ms : RESTART_MAX_MS;
    b->restarts++;
    log_error("board process ended", "board=%s reason=\"%s\" retrying in %llu ms", b->config.id, reason, (unsigned long long)wait_ms);
    return wait_ms;
}

static void process_lost(struct board *b, const char *reason)
{
    if (b->process_open || b->pipe_open)
        return; /* the other handle's close comes yet */
    frame_reader_fini(&b->in);
    if (b->closing) {
        if (!uv_is_closing((uv_handle_t *)&b->timer))
            uv_close((uv_handle_t *)&b->timer, on_timer_closed);
        check_closed(b);
        return;
    }
    bool ours = b->replacing;
    b->replacing = b->ordered = false;
    b->state = BOARD_RECOVERING;
    uv_timer_start(&b->timer, on_restart, ours ? 0 : restart_delay_ms(b, reason), 0);
    b->killed = ours;
    if (b->front_sent)
        fail_front(b, ours ? "the board's process was replaced" : reason);
    if (!ours)
        b->hooks.failed(b->hooks.user, b, reason);
}

static void on_process_closed(uv_handle_t *h)
{
    struct board *b = h->data;
    b->process_open = false;
    process_lost(b, "the board's process ended");
}

static void on_exit(uv_process_t *p, int64_t status, int signum)
{
    struct board *b = p->data;
    if (!b->closing && !b->replacing)
        log_warn("board process exited", "board=%s status=%lld signal=%d", b->config.id, (long long)status, signum);
    uv_close((uv_handle_t *)p, on_process_closed);
}

static void on_pipe_closed(uv_handle_t *h)
{
    struct board *b = h->data;
    b->pipe_open = false;
    process_lost(b, "the board's process closed its line");
}

static void close_pipe(struct board *b)
{
    if (b->pipe_open && !uv_is_closing((uv_handle_t *)&b->pipe))
        uv_close((uv_handle_t *)&b->pipe, on_pipe_closed);
}

/* Ends a process that misbehaves; its exit does the rest. */
static void end_process(struct board *b)
{
    if (b->process_open && !uv_is_closing((uv_handle_t *)&b->process))
        uv_process_kill(&b->process, SIGKILL);
    close_pipe(b);
}

static void take_offer(struct board *b, const uint8_t *p, size_t n)
{
    if (n != sizeof b->offer) {
        end_process(b);
        return;
    }
    memcpy(&b->offer, p, n);
    b->offered = true;
    b->trouble[0] = '\0';
    b->state = BOARD_READY;
    b->hooks.started(b->hooks.user, b);
}

static void take_answer(struct board *b, const uint8_t *p)
{
    struct board_answer answer;
    memcpy(&answer, p, sizeof answer);
    answer.text[sizeof answer.text - 1] = '\0';
    b->ordered = false;
    b->state = BOARD_READY;
    b->hooks.answer(b->hooks.user, b, &answer);
}

static void take_frame(struct board *b, uint8_t type, const uint8_t *p, size_t n)
{
    if (type == FRAME_OFFER) {
        take_offer(b, p, n);
    } else if (type == FRAME_PHASE && n < sizeof b->phase) {
        memcpy(b->phase, p, n);
        b->phase[n] = '\0';
    } else if (type == FRAME_RESULT && b->front_sent) {
        b->restarts = 0;
        b->state = BOARD_READY;
        finish_front(b, p, n);
    } else if (type == FRAME_KILLED && b->front_sent) {
        b->killed = true;
    } else if (type == FRAME_ANSWER && b->ordered && n == sizeof(struct board_answer)) {
        take_answer(b, p);
    } else if (type == FRAME_ERROR) {
        char reason[300];
        snprintf(reason, sizeof reason, "%.*s", (int)(n < 280 ? n : 280), (const char *)p);
        copy_string(b->trouble, sizeof b->trouble, reason);
        text_plain(b->trouble, false);
        b->hooks.failed(b->hooks.user, b, reason);
    }
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)h, (void)suggested;
    static char chunk[1 << 16]; /* one loop, one thread: used up before the next read */
    *buf = uv_buf_init(chunk, sizeof chunk);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct board *b = s->data;
    if (n < 0) {
        close_pipe(b);
        return;
    }
    frame_feed(&b->in, buf->base, (size_t)n);
    uint8_t type;
    const uint8_t *p;
    size_t size;
    while (frame_next(&b->in, &type, &p, &size))
        take_frame(b, type, p, size);
    if (b->in.bad)
        end_process(b);
}

struct write_request {
    uv_write_t request;
    struct bytes data;
};

static void on_written(uv_write_t *w, int status)
{
    (void)status; /* a broken pipe shows as the end of reading */
    struct write_request *r = (struct write_request *)w;
    bytes_fini(&r->data);
    free(r);
}

static void send_frame(struct board *b, enum frame_type type, const void *p, size_t n)
{
    if (!b->pipe_open || uv_is_closing((uv_handle_t *)&b->pipe))
        return;
    struct write_request *r = xcalloc(1, sizeof *r);
    frame_put(&r->data, type, p, n);
    uv_buf_t buf = uv_buf_init((char *)r->data.data, (unsigned)r->data.size);
    if (uv_write(&r->request, (uv_stream_t *)&b->pipe, &buf, 1, on_written))
        on_written(&r->request, 0);
}

static void spawn(struct board *b)
{
    char parent[24], launcher[1024], executable[1024];
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    copy_string(launcher, sizeof launcher, b->launcher);
    copy_string(executable, sizeof executable, b->executable);
    char flag[] = BOARD_PROCESS_FLAG;
    char *line[] = {launcher, executable, flag, parent, NULL}, **args = launcher[0] ? line : line + 1;
    uv_stdio_container_t io[4] = {{.flags = UV_IGNORE},
                                  {.flags = UV_INHERIT_FD, .data.fd = 1},
                                  {.flags = UV_INHERIT_FD, .data.fd = 2},
                                  {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&b->pipe}};
    uv_process_options_t options = {.exit_cb = on_exit, .file = args[0], .args = args, .stdio = io, .stdio_count = 4};
    b->state = BOARD_STARTING;
    uv_pipe_init(&b->loop->uv, &b->pipe, 0);
    b->pipe.data = b->process.data = b;
    b->pipe_open = b->process_open = true;
    int r = uv_spawn(&b->loop->uv, &b->process, &options);
    if (r) {
        log_error("cannot start a board's process", "board=%s reason=\"%s\"", b->config.id, uv_strerror(r));
        uv_close((uv_handle_t *)&b->process, on_process_closed);
        close_pipe(b);
        return;
    }
    uv_read_start((uv_stream_t *)&b->pipe, on_alloc, on_read);
    send_frame(b, FRAME_CONFIG, &b->config, sizeof b->config);
}

void board_start(struct board *b, struct loop *loop, const struct board_config *config, const char *launcher, const char *executable,
                 struct board_hooks hooks)
{
    *b = (struct board){.config = *config, .loop = loop, .hooks = hooks, .launcher = launcher, .executable = executable};
    uv_timer_init(&loop->uv, &b->timer);
    b->timer.data = b;
    b->timer_open = true;
    spawn(b);
}

int board_enqueue(struct board *b, const struct job_frame *frame, bool have_blobs)
{
    if (b->n_queue == BOARD_QUEUE)
        return -ENOBUFS;
    b->queue[b->n_queue++] = (struct board_job){.frame = *frame, .have_blobs = have_blobs, .arrived_ns = clock_monotonic_ns()};
    return 0;
}

bool board_is_idle(const struct board *b) { return b->state == BOARD_READY && !b->front_sent && !b->closing; }

bool board_run_front(struct board *b)
{
    if (!b->n_queue || !b->queue[0].have_blobs)
        return false;
    b->front_sent = true;
    b->killed = false;
    b->state = BOARD_BUSY;
    copy_string(b->phase, sizeof b->phase, "start");
    b->queue[0].frame.queued_ns = clock_monotonic_ns() - b->queue[0].arrived_ns;
    send_frame(b, FRAME_JOB, &b->queue[0].frame, sizeof b->queue[0].frame);
    return true;
}

void board_order(struct board *b, const struct health_order *order)
{
    b->ordered = true;
    b->state = BOARD_BUSY;
    send_frame(b, FRAME_ORDER, order, sizeof *order);
}

void board_replace(struct board *b)
{
    if (b->closing || b->replacing)
        return;
    b->replacing = true;
    if (b->process_open || b->pipe_open)
        end_process(b);
    else /* it waits for its restart */
        process_lost(b, "replaced");
}

void board_reload(struct board *b)
{
    b->reload = true;
    if (board_is_idle(b) || b->state == BOARD_RECOVERING) {
        b->reload = false;
        b->restarts = 0;
        board_replace(b);
    }
}

struct board_job *board_find(struct board *b, uint64_t attempt)
{
    for (unsigned i = 0; i < b->n_queue; i++) {
        if (b->queue[i].frame.job.attempt == attempt)
            return &b->queue[i];
    }
    return NULL;
}

void board_remove(struct board *b, struct board_job *job)
{
    unsigned i = (unsigned)(job - b->queue);
    memmove(job, job + 1, (b->n_queue - i - 1) * sizeof *job);
    b->n_queue--;
}

bool board_cancel(struct board *b, uint64_t attempt)
{
    struct board_job *job = board_find(b, attempt);
    if (!job)
        return false;
    if (job == &b->queue[0] && b->front_sent) {
        job->canceled = true;
        struct bytes payload = {0};
        bytes_put_u64(&payload, attempt);
        send_frame(b, FRAME_CANCEL, payload.data, payload.size);
        bytes_fini(&payload);
    } else {
        board_remove(b, job);
    }
    return true;
}

static void on_end_patience(uv_timer_t *t) { end_process(t->data); }

void board_close(struct board *b)
{
    if (b->closing)
        return;
    b->closing = true;
    uv_timer_stop(&b->timer);
    if (!b->process_open && !b->pipe_open) {
        uv_close((uv_handle_t *)&b->timer, on_timer_closed);
        return;
    }
    uv_timer_start(&b->timer, on_end_patience, END_PATIENCE_MS, 0);
    close_pipe(b); /* the process ends when its line closes */
}
