/* See task.h. */
#include "rpc/task.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

const char *task_kind_name(enum task_kind kind) { return kind == TASK_REPLAY ? "replay" : "backup"; }

const char *task_state_name(enum task_state state)
{
    static const char *const name[] = {"running", "done", "failed"};
    return name[state];
}

struct task *task_find(struct task_table *t, uint64_t id)
{
    for (unsigned i = 0; id && i < RPC_TASKS_MAX; i++) {
        if (t->task[i].id == id)
            return &t->task[i];
    }
    return NULL;
}

static bool is_same(const struct task *k, enum task_kind kind, uint64_t search, const char *owner)
{
    return k->id && k->state == TASK_RUNNING && k->kind == kind && (kind == TASK_BACKUP || (k->search == search && !strcmp(k->owner, owner)));
}

/* A free place, else the one that ended first. */
static struct task *find_place(struct task_table *t)
{
    struct task *place = NULL;
    for (unsigned i = 0; i < RPC_TASKS_MAX; i++) {
        struct task *k = &t->task[i];
        if (!k->id && !k->handles)
            return k;
        if (!k->handles && k->state != TASK_RUNNING && (!place || k->ended_ns < place->ended_ns))
            place = k;
    }
    return place;
}

/* "sonata-master: search 7: text" → "text": a team knows its search by another number. */
static void strip_prefix(struct task *k)
{
    static const char program[] = "sonata-master: ";
    char search[40];
    char *p = k->text;
    snprintf(search, sizeof search, "search %" PRIu64 ": ", k->search);
    if (!strncmp(p, program, sizeof program - 1))
        p += sizeof program - 1;
    if (k->kind == TASK_REPLAY && !strncmp(p, search, strlen(search)))
        p += strlen(search);
    memmove(k->text, p, strlen(p) + 1);
    k->text[strcspn(k->text, "\n")] = '\0';
}

static void on_closed(uv_handle_t *h)
{
    struct task *k = h->data;
    if (!--k->n_closing)
        k->handles = false;
}

static void close_handles(struct task *k)
{
    if (k->n_closing)
        return;
    k->n_closing = 3;
    uv_close((uv_handle_t *)&k->process, on_closed);
    uv_close((uv_handle_t *)&k->out, on_closed);
    uv_close((uv_handle_t *)&k->limit, on_closed);
}

/* The process has ended and everything it said is read. */
static void end_step(struct task *k)
{
    if (--k->n_open)
        return;
    k->ended_ns = clock_monotonic_ns();
    strip_prefix(k);
    log_write(k->state == TASK_DONE ? LOG_INFO : LOG_WARN, "task ended", "kind=%s search=%" PRIu64 " state=%s text=\"%s\"", task_kind_name(k->kind),
              k->search, task_state_name(k->state), k->text);
    close_handles(k);
}

static void on_exit_of(uv_process_t *p, int64_t status, int term_signal)
{
    struct task *k = p->data;
    k->state = status == 0 && term_signal == 0 ? TASK_DONE : TASK_FAILED;
    if (term_signal && !k->n_text)
        k->n_text = (size_t)snprintf(k->text, sizeof k->text, "ended by signal %d", term_signal);
    end_step(k);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    static char rest[256]; /* what does not fit is read and dropped, so that the process never waits for us */
    struct task *k = h->data;
    size_t left = sizeof k->text - 1 - k->n_text;
    *buf = left ? uv_buf_init(k->text + k->n_text, (unsigned)left) : uv_buf_init(rest, sizeof rest);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct task *k = s->data;
    if (n < 0) {
        uv_read_stop(s);
        end_step(k);
    } else if (n > 0 && buf->base == k->text + k->n_text) {
        k->n_text += (size_t)n;
        k->text[k->n_text] = '\0';
    }
}

static void on_limit(uv_timer_t *timer)
{
    struct task *k = timer->data;
    uv_process_kill(&k->process, SIGKILL);
}

static int spawn(struct task_table *t, struct task *k, struct sonata_error *err)
{
    char executable[RPC_TASK_PATH_MAX], number[24], self[24];
    size_t size = sizeof executable;
    uv_file fds[2];
    int r = uv_exepath(executable, &size);
    if (!r)
        r = uv_pipe(fds, UV_NONBLOCK_PIPE, 0);
    if (r)
        return sonata_error_set(err, -EIO, "a process cannot be started: %s", uv_strerror(r));
    snprintf(number, sizeof number, "%" PRIu64, k->search);
    snprintf(self, sizeof self, "%ld", (long)getpid());
    char *const argv[] = {executable,
                          (char *)"--exit-with",
                          self,
                          (char *)"--state",
                          (char *)t->state,
                          (char *)(k->kind == TASK_REPLAY ? "--replay" : "--backup"),
                          k->kind == TASK_REPLAY ? number : k->path,
                          NULL};
    uv_stdio_container_t io[3] = {{.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = fds[1]}, {.flags = UV_INHERIT_FD, .data.fd = fds[1]}};
    uv_process_options_t options = {.exit_cb = on_exit_of, .file = executable, .args = (char **)argv, .stdio = io, .stdio_count = 3};
    uv_pipe_init(&t->loop->uv, &k->out, 0);
    uv_timer_init(&t->loop->uv, &k->limit);
    k->process.data = k->out.data = k->limit.data = k;
    k->handles = true;
    r = uv_spawn(&t->loop->uv, &k->process, &options);
    k->process.data = k;
    close(fds[1]);
    if (!r)
        r = uv_pipe_open(&k->out, fds[0]);
    else
        close(fds[0]);
    if (!r)
        r = uv_read_start((uv_stream_t *)&k->out, on_alloc, on_read);
    if (r) {
        close_handles(k);
        return sonata_error_set(err, -EIO, "a process cannot be started: %s", uv_strerror(r));
    }
    k->n_open = 2;
    uv_timer_start(&k->limit, on_limit, RPC_TASK_HOURS * UINT64_C(3600000), 0);
    return 0;
}

/* Each is a process at full speed, perhaps for hours: a team has one at a time, and some places are left to others and to backups. */
static int check_share(const struct task_table *t, const struct task_request *request, struct sonata_error *err)
{
    unsigned replays = 0, own = 0;
    for (unsigned i = 0; i < RPC_TASKS_MAX; i++) {
        const struct task *k = &t->task[i];
        bool replay = k->id && k->state == TASK_RUNNING && k->kind == TASK_REPLAY;
        replays += replay;
        own += replay && !strcmp(k->owner, request->owner);
    }
    if (request->kind == TASK_REPLAY && request->owner[0] && own)
        return sonata_error_set(err, -EBUSY, "your team has a replay that runs: ask again when it has ended");
    if (request->kind == TASK_REPLAY && replays >= RPC_TASKS_MAX - 1)
        return sonata_error_set(err, -EBUSY, "%d replays run already: ask again later", RPC_TASKS_MAX - 1);
    return 0;
}

int task_start(struct task_table *t, const struct task_request *request, struct task **ret_task, struct sonata_error *err)
{
    for (unsigned i = 0; i < RPC_TASKS_MAX; i++) {
        if (is_same(&t->task[i], request->kind, request->search, request->owner)) {
            *ret_task = &t->task[i];
            return 0;
        }
    }
    int r = check_share(t, request, err);
    if (r)
        return r;
    struct task *k = find_place(t);
    if (!k)
        return sonata_error_set(err, -EBUSY, "%d such tasks run already: ask again later", RPC_TASKS_MAX);
    *k = (struct task){.kind = request->kind, .search = request->search, .started_ns = clock_monotonic_ns()};
    copy_string(k->owner, sizeof k->owner, request->owner);
    if (!copy_string(k->path, sizeof k->path, request->path))
        return sonata_error_set(err, -ENAMETOOLONG, "the path of the backup is too long");
    r = spawn(t, k, err);
    if (r)
        return r;
    while (!k->id || task_find(t, k->id) != k) {
        if (getrandom(&k->id, sizeof k->id, 0) != sizeof k->id)
            k->id = (uint64_t)k->started_ns;
    }
    *ret_task = k;
    return 0;
}

void task_close_all(struct task_table *t)
{
    for (unsigned i = 0; i < RPC_TASKS_MAX; i++) {
        struct task *k = &t->task[i];
        if (!k->handles)
            continue;
        if (k->state == TASK_RUNNING)
            uv_process_kill(&k->process, SIGKILL);
        close_handles(k);
    }
}
