/* See board_process.h. One poll loop over the control descriptor and the running child's pipe:
 *
 *   IDLE --job--> CANDIDATE --result--> IDLE, or another CANDIDATE (measure/processes.h)
 *                     | died or timed out without a result
 *                     v
 *                  CHECK --ok--> infeasible (the candidate's fault; of a program that is kept: the second time, before it is lost) --> IDLE
 *                     | fails --> infra (the board's fault)
 *   IDLE --order--> ORDER --answer--> IDLE     (a canary, or a rung of recovery)
 *
 * Killing: SIGTERM to the group, SIGKILL 2 s later; after 5 s more the child is in uninterruptible sleep: infra, and this process ends so
 * that the daemon starts a fresh one. */
#define _GNU_SOURCE /* prctl */
#include "board/board_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "board/candidate.h"
#include "board/deaths.h"
#include "board/frame.h"
#include "board/link.h"
#include "board/order.h"
#include "codec/codec.h"
#include "measure/processes.h"
#include "process/process.h"

static const int64_t GRACE_NS = 2 * SONATA_SECOND, STUCK_NS = 5 * SONATA_SECOND, TICK_NS = 50 * SONATA_MS;

static const struct health_order no_order = {.kind = HEALTH_ORDER_NONE};

enum stage { STAGE_IDLE, STAGE_CANDIDATE, STAGE_CHECK, STAGE_ORDER };
enum kill_step { KILL_NOT, KILL_TERM, KILL_KILL };

struct board_process {
    int control;
    bool quit;
    struct frame_reader in;
    struct board_config config;
    const struct backend_ops *ops;
    void *backend;
    /* blobs of the last jobs */
    uint8_t space_hash[HASH_SIZE], supernet_hash[HASH_SIZE], model_hash[HASH_SIZE];
    bool have_space, have_supernet;
    struct space space;
    struct bytes supernet;
    /* the child that runs now */
    enum stage stage;
    struct job_frame frame;
    enum tier tier;                          /* of the job */
    struct latency_protocol protocol, share; /* of the tier; of this process */
    struct processes processes;              /* of the attempt so far */
    pid_t pid;
    int pipe; /* -1 after its end */
    struct frame_reader from_child;
    int64_t started_ns, started_wall_ns, deadline_ns;
    enum kill_step kill_step;
    bool timed_out, canceled, have_result, have_answer, latency_only;
    bool kept_died; /* a program that the backend keeps ended over the candidate */
    struct deaths deaths;
    char phase[32], end[REASON_MAX];
    struct measurement result;
    struct health_order order; /* of STAGE_CHECK and STAGE_ORDER */
    struct board_answer answer;
};

static void send_frame(struct board_process *b, enum frame_type type, const void *p, size_t n)
{
    if (frame_write(b->control, type, p, n))
        b->quit = true; /* the daemon is gone */
}

/* Sends the result with the fields that are ours to say, and is idle again. */
static void answer(struct board_process *b, struct measurement *m)
{
    const struct evaluation_job *job = &b->frame.job;
    m->attempt = job->attempt;
    m->epoch = job->epoch;
    copy_string(m->board, sizeof m->board, b->config.id);
    copy_string(m->board_type, sizeof m->board_type, b->config.type);
    processes_fini(&b->processes);
    m->started_wall_ns = b->started_wall_ns;
    m->duration_ns = clock_monotonic_ns() - b->started_ns;
    if (b->ops && b->ops->said && (!outcome_is_good(m->outcome) || m->flags & FLAG_DIED))
        b->ops->said(b->backend, m->output, sizeof m->output);
    cleanup_bytes struct bytes out = {0};
    measurement_encode(m, &out);
    measurement_fini(m);
    b->stage = STAGE_IDLE;
    send_frame(b, FRAME_RESULT, out.data, out.size);
}

static void refuse(struct board_process *b, enum outcome outcome, const char *reason)
{
    struct measurement m = {0};
    measurement_fail(&m, outcome, "%s", reason);
    answer(b, &m);
}

/* Reads a blob file again only when the hash differs from the loaded one; the content is checked, since files rot. */
static int load_blob(const char *path, const uint8_t hash[HASH_SIZE], struct bytes *ret_data, struct sonata_error *err)
{
    struct bytes data = {0};
    uint8_t seen[HASH_SIZE];
    int r = file_read(path, WIRE_BLOB_MAX, &data, err);
    if (r)
        return r;
    hash_content(data.data, data.size, seen);
    if (memcmp(seen, hash, HASH_SIZE)) {
        bytes_fini(&data);
        unlink(path);
        return sonata_error_set(err, -EBADMSG, "%s: its content is not what its name says; removed, it will be fetched again", path);
    }
    bytes_fini(ret_data);
    *ret_data = data;
    return 0;
}

static int load_space(struct board_process *b, struct sonata_error *err)
{
    const struct evaluation_job *job = &b->frame.job;
    if (b->have_space && !memcmp(b->space_hash, job->space_hash, HASH_SIZE))
        return 0;
    cleanup_bytes struct bytes data = {0};
    int r = load_blob(b->frame.space_path, job->space_hash, &data, err);
    if (!r)
        r = space_decode(data.data, data.size, &b->space, err);
    b->have_space = !r;
    if (!r)
        memcpy(b->space_hash, job->space_hash, HASH_SIZE);
    return r;
}

static int load_supernet(struct board_process *b, struct sonata_error *err)
{
    const struct evaluation_job *job = &b->frame.job;
    if (!b->frame.supernet_path[0] || (b->have_supernet && !memcmp(b->supernet_hash, job->supernet_hash, HASH_SIZE)))
        return 0;
    b->have_supernet = false;
    int r = load_blob(b->frame.supernet_path, job->supernet_hash, &b->supernet, err);
    if (r)
        return r;
    memcpy(b->supernet_hash, job->supernet_hash, HASH_SIZE);
    b->have_supernet = true;
    return 0;
}

/* Read once for each model in a row: files rot. */
static int check_model(struct board_process *b, struct sonata_error *err)
{
    uint8_t seen[HASH_SIZE];
    uint64_t size;
    const struct evaluation_job *job = &b->frame.job;
    if (!b->frame.model_path[0] || !memcmp(b->model_hash, job->artefact, HASH_SIZE))
        return 0;
    memset(b->model_hash, 0, HASH_SIZE);
    int r = file_hash(b->frame.model_path, ARTEFACT_BYTES_MAX, seen, &size, err);
    if (r)
        return r;
    if (memcmp(seen, job->artefact, HASH_SIZE)) {
        unlink(b->frame.model_path);
        return sonata_error_set(err, -EBADMSG, "%s: its content is not what its name says; removed, it will be fetched again", b->frame.model_path);
    }
    memcpy(b->model_hash, seen, HASH_SIZE);
    return 0;
}

static struct candidate_process candidate_of(struct board_process *b, const struct health_order *order)
{
    bool supernet = b->frame.supernet_path[0];
    return (struct candidate_process){.ops = b->ops,
                                      .backend = b->backend,
                                      .config = &b->config,
                                      .order = *order,
                                      .queued_ns = b->frame.queued_ns,
                                      .control_fd = b->control,
                                      .job = {.job = &b->frame.job,
                                              .space = &b->space,
                                              .supernet = supernet ? b->supernet.data : NULL,
                                              .supernet_size = supernet ? b->supernet.size : 0,
                                              .tier = b->tier,
                                              .model = b->frame.model_path[0] ? b->frame.model_path : NULL,
                                              .model_folder = b->frame.model_folder,
                                              .protocol = &b->share,
                                              .seed = b->frame.job.attempt * 2 * PROCESSES_MAX + b->processes.n,
                                              .latency_only = b->latency_only}};
}

static int start_child(struct board_process *b, enum stage stage, const struct health_order *order, int64_t limit_ns)
{
    struct candidate_process c = candidate_of(b, order);
    int r = candidate_start(&c, &b->pid, &b->pipe);
    if (r)
        return r;
    b->stage = stage;
    b->deadline_ns = clock_monotonic_ns() + limit_ns;
    b->kill_step = KILL_NOT;
    b->timed_out = b->have_answer = false;
    b->order = *order;
    return 0;
}

static int start_order(struct board_process *b, enum stage stage, const struct health_order *order)
{
    if (b->ops->revive && order->kind != HEALTH_ORDER_RUNG)
        b->ops->revive(b->backend);
    return start_child(b, stage, order, order_limit_ns(&b->config, order));
}

static int prepare_job(struct board_process *b, enum outcome *ret_outcome, struct sonata_error *err)
{
    const struct evaluation_job *job = &b->frame.job;
    *ret_outcome = OUTCOME_INFRA;
    int r = load_space(b, err);
    if (!r)
        r = load_supernet(b, err);
    if (!r)
        r = check_model(b, err);
    if (r)
        return r;
    *ret_outcome = OUTCOME_CONFIG;
    if (job->n_genes != b->space.n_genes || !genotype_is_legal(&b->space, &job->genotype))
        return sonata_error_set(err, -EINVAL, "the genotype is not one of space '%s'", b->space.name);
    b->tier = tier_named(job->tier);
    if (b->tier == TIER_COUNT)
        return sonata_error_set(err, -EINVAL, "tier '%.15s' is not known; screen, search and report are", job->tier);
    b->share = b->protocol = b->config.protocol[b->tier];
    struct candidate_process c = candidate_of(b, &no_order);
    return b->ops->prepare(b->backend, &c.job, err);
}

/* What the board's configuration says, else the master, else the worker. */
static int64_t job_limit_ns(const struct board_process *b)
{
    return board_config_limit_ns(&b->config, b->frame.job.time_limit_ns);
}

/* A candidate for the attempt: its first, or a further one. */
static void start_candidate(struct board_process *b)
{
    struct sonata_error err = {0};
    if (backend_kind_fresh(b->config.backend))
        b->share = processes_protocol(&b->protocol, b->processes.n);
    b->have_result = false;
    int r = start_child(b, STAGE_CANDIDATE, &no_order, b->started_ns + job_limit_ns(b) - clock_monotonic_ns());
    if (r) {
        sonata_error_set(&err, r, "cannot start a process: %s", strerror(-r));
        refuse(b, OUTCOME_INFRA, err.text);
    }
}

static void start_job(struct board_process *b, const uint8_t *p, size_t n)
{
    if (n != sizeof b->frame || b->stage != STAGE_IDLE) {
        log_error("job frame refused", "board=%s size=%zu stage=%d", b->config.id, n, (int)b->stage);
        b->quit = true;
        return;
    }
    memcpy(&b->frame, p, n);
    b->started_ns = clock_monotonic_ns();
    b->started_wall_ns = clock_wall_ns();
    b->canceled = b->have_result = b->latency_only = b->kept_died = false;
    b->end[0] = '\0';
    copy_string(b->phase, sizeof b->phase, "start");
    struct sonata_error err = {0};
    enum outcome outcome;
    if (prepare_job(b, &outcome, &err)) {
        refuse(b, outcome, err.text);
        return;
    }
    processes_begin(&b->processes, &b->protocol, &b->frame.prior);
    start_candidate(b);
}

static void kill_child(struct board_process *b, enum kill_step step)
{
    b->kill_step = step;
    kill(-b->pid, step == KILL_TERM ? SIGTERM : SIGKILL);
    b->deadline_ns = clock_monotonic_ns() + (step == KILL_TERM ? GRACE_NS : STUCK_NS);
}

static void cancel(struct board_process *b, uint64_t attempt)
{
    if ((b->stage != STAGE_CANDIDATE && b->stage != STAGE_CHECK) || attempt != b->frame.job.attempt || b->canceled)
        return;
    b->canceled = true;
    if (b->kill_step == KILL_NOT)
        kill_child(b, KILL_TERM);
}

static void answer_order(struct board_process *b)
{
    b->stage = STAGE_IDLE;
    send_frame(b, FRAME_ANSWER, &b->answer, sizeof b->answer);
}

static void fail_order(struct board_process *b, const char *text)
{
    b->answer = (struct board_answer){0};
    copy_string(b->answer.text, sizeof b->answer.text, text);
    answer_order(b);
}

static void past_deadline(struct board_process *b)
{
    switch (b->kill_step) {
    case KILL_NOT:
        b->timed_out = true;
        kill_child(b, KILL_TERM);
        break;
    case KILL_TERM:
        kill_child(b, KILL_KILL);
        break;
    case KILL_KILL:
        if (b->stage == STAGE_ORDER)
            fail_order(b, "its process does not die of SIGKILL (uninterruptible sleep)");
        else
            refuse(b, OUTCOME_INFRA, "a candidate does not die of SIGKILL (uninterruptible sleep): the board needs recovery");
        b->quit = true;
        break;
    }
}

static void take_child_frame(struct board_process *b, uint8_t type, const uint8_t *p, size_t n)
{
    struct sonata_error err = {0};
    if (type == FRAME_PHASE && n < sizeof b->phase) {
        memcpy(b->phase, p, n);
        b->phase[n] = '\0';
        send_frame(b, FRAME_PHASE, p, n);
    } else if (type == FRAME_DIED && b->stage == STAGE_CANDIDATE) {
        snprintf(b->end, sizeof b->end, "%.*s", (int)min_of(n, sizeof b->end - 1), (const char *)p);
        b->kept_died = true;
    } else if (type == FRAME_RESULT && b->stage == STAGE_CANDIDATE && !b->have_result) {
        b->have_result = !measurement_decode(p, n, &b->result, &err);
        if (!b->have_result)
            snprintf(b->end, sizeof b->end, "its result is not a measurement: %.100s", err.text);
    } else if (type == FRAME_ANSWER && n == sizeof b->answer && b->stage != STAGE_CANDIDATE) {
        memcpy(&b->answer, p, n);
        b->have_answer = true;
    }
}

static void read_child(struct board_process *b)
{
    static uint8_t chunk[1 << 16];
    ssize_t n = read(b->pipe, chunk, sizeof chunk);
    if (n > 0) {
        frame_feed(&b->from_child, chunk, (size_t)n);
        uint8_t type;
        const uint8_t *p;
        size_t size;
        while (frame_next(&b->from_child, &type, &p, &size))
            take_child_frame(b, type, p, size);
        if (!b->from_child.bad)
            return;
        snprintf(b->end, sizeof b->end, "it wrote more than a result may hold");
        kill_child(b, KILL_KILL);
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    close(b->pipe);
    b->pipe = -1;
}

static void describe_end(struct board_process *b, int status)
{
    if (b->end[0])
        return;
    if (b->timed_out)
        snprintf(b->end, sizeof b->end, "over the time limit of %.1f s in phase %s", (double)job_limit_ns(b) / 1e9, b->phase);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        snprintf(b->end, sizeof b->end, "killed in phase %s, probably for want of memory", b->phase);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        snprintf(b->end, sizeof b->end, "aborted in phase %s: over its memory limit, or a failed internal check", b->phase);
    else if (WIFSIGNALED(status))
        snprintf(b->end, sizeof b->end, "died of signal %d (%s) in phase %s", WTERMSIG(status), strsignal(WTERMSIG(status)), b->phase);
    else
        snprintf(b->end, sizeof b->end, "ended with status %d and no result in phase %s", WEXITSTATUS(status), b->phase);
}

static bool wants_energy(const struct evaluation_job *job)
{
    for (uint32_t i = 0; i < job->n_metrics; i++) {
        if (!strncmp(job->metric[i], "energy", strlen("energy")) || !strncmp(job->metric[i], "power_", strlen("power_")))
            return true;
    }
    return false;
}

/* One process of the attempt gave its result: the whole one, or on to the next. */
static void take_result(struct board_process *b)
{
    struct measurement m = b->result;
    b->result = (struct measurement){0};
    if (backend_kind_fresh(b->config.backend)) {
        enum processes_step step = processes_take(&b->processes, &m, wants_energy(&b->frame.job));
        b->latency_only = step == PROCESSES_MORE;
        if (step != PROCESSES_DONE) {
            start_candidate(b);
            return;
        }
        processes_finish(&b->processes, &m);
    }
    answer(b, &m);
}

static void candidate_ended(struct board_process *b, int status)
{
    if (b->have_result && !b->canceled) {
        take_result(b);
        return;
    }
    if (b->have_result)
        measurement_fini(&b->result);
    if (b->canceled) {
        refuse(b, OUTCOME_CANCELED, "canceled by the master");
        return;
    }
    describe_end(b, status);
    log_warn("candidate ended without a result, checking the board", "board=%s attempt=%llu reason=\"%s\"", b->config.id,
             (unsigned long long)b->frame.job.attempt, b->end);
    struct health_order check = {.kind = HEALTH_ORDER_CHECK};
    send_frame(b, FRAME_KILLED, NULL, 0);
    int r = start_order(b, STAGE_CHECK, &check);
    if (r)
        refuse(b, OUTCOME_INFRA, "no process for the canary");
}

/* An order's child without an answer: says what became of it. */
static void complete_answer(struct board_process *b, int status)
{
    if (b->have_answer)
        return;
    b->answer = (struct board_answer){0};
    if (b->timed_out)
        copy_string(b->answer.text, sizeof b->answer.text, "no end within its time");
    else if (WIFSIGNALED(status))
        snprintf(b->answer.text, sizeof b->answer.text, "it died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(b->answer.text, sizeof b->answer.text, "it ended with status %d", WEXITSTATUS(status));
}

/* The candidate died over a board that is well. */
static void refuse_dead(struct board_process *b, enum outcome outcome)
{
    struct measurement m = {.flags = FLAG_DIED};
    measurement_fail(&m, outcome, "%s", b->end);
    answer(b, &m);
}

static void check_ended(struct board_process *b)
{
    char text[2 * REASON_MAX];
    const char *fault = b->ops->fault ? b->ops->fault(b->backend) : NULL;
    if (b->canceled) {
        refuse(b, OUTCOME_CANCELED, "canceled by the master");
    } else if (fault) { /* the program's, not the board's */
        refuse(b, OUTCOME_BUG, fault[0] ? fault : b->end);
    } else if (b->answer.ok) {
        bool again = !b->kept_died || deaths_note(&b->deaths, &b->frame.job);
        refuse_dead(b, again ? OUTCOME_INFEASIBLE : OUTCOME_LOST);
    } else {
        snprintf(text, sizeof text, "%.80s; and the board fails its canary: %.120s", b->end, b->answer.text);
        refuse(b, OUTCOME_INFRA, text);
    }
}

static void sweep(const struct board_process *b)
{
    pid_t keep[BACKEND_KEEPS_MAX];
    size_t n = b->ops && b->ops->keeps ? b->ops->keeps(b->backend, keep) : 0;
    process_kill_strays(keep, n);
}

/* The leader is gone: sweep up its group, drain the pipe, decide. */
static void child_ended(struct board_process *b, int status)
{
    kill(-b->pid, SIGKILL);
    sweep(b);                                       /* what left the group */
    for (int i = 0; b->pipe >= 0 && i < 256; i++) { /* what it wrote before is in the pipe still; 256 * 64 KiB is more than a frame */
        struct pollfd fd = {.fd = b->pipe, .events = POLLIN};
        if (poll(&fd, 1, 0) <= 0)
            break;
        read_child(b);
    }
    if (b->pipe >= 0)
        close(b->pipe);
    b->pipe = -1;
    frame_reader_fini(&b->from_child);
    if (b->stage == STAGE_CANDIDATE) {
        candidate_ended(b, status);
        return;
    }
    complete_answer(b, status);
    if (b->stage == STAGE_CHECK)
        check_ended(b);
    else
        answer_order(b);
}

static void reap(struct board_process *b)
{
    int status;
    if (b->stage != STAGE_IDLE && waitpid(b->pid, &status, WNOHANG) == b->pid)
        child_ended(b, status);
}

static int open_board(struct board_process *b, const uint8_t *p, size_t n, struct sonata_error *err)
{
    if (n != sizeof b->config || b->ops)
        return sonata_error_set(err, -EPROTO, "configuration of %zu bytes refused", n);
    memcpy(&b->config, p, n);
    const struct backend_ops *ops = backend_of(b->config.backend);
    int r = ops->open(&b->config, &b->backend, err);
    if (!r)
        b->ops = ops;
    return r;
}

static void take_control_frame(struct board_process *b, uint8_t type, const uint8_t *p, size_t n)
{
    struct sonata_error err = {0};
    struct reader in = reader_of(p, n);
    if (type == FRAME_CONFIG) {
        if (open_board(b, p, n, &err)) {
            send_frame(b, FRAME_ERROR, err.text, strlen(err.text));
            b->quit = true;
            return;
        }
        struct board_offer offer = {0};
        b->ops->offer(b->backend, &offer);
        send_frame(b, FRAME_OFFER, &offer, sizeof offer);
    } else if (type == FRAME_JOB && b->ops) {
        start_job(b, p, n);
    } else if (type == FRAME_ORDER && b->ops && n == sizeof(struct health_order) && b->stage == STAGE_IDLE) {
        struct health_order order;
        memcpy(&order, p, n);
        if (start_order(b, STAGE_ORDER, &order))
            fail_order(b, "no process for it");
    } else if (type == FRAME_CANCEL) {
        cancel(b, reader_u64(&in));
    } else {
        b->quit = true;
    }
}

static void read_control(struct board_process *b)
{
    static uint8_t chunk[1 << 14];
    ssize_t n = read(b->control, chunk, sizeof chunk);
    if (n <= 0) {
        b->quit = b->quit || !(n < 0 && errno == EINTR);
        return;
    }
    frame_feed(&b->in, chunk, (size_t)n);
    uint8_t type;
    const uint8_t *p;
    size_t size;
    while (!b->quit && frame_next(&b->in, &type, &p, &size))
        take_control_frame(b, type, p, size);
    b->quit = b->quit || b->in.bad;
}

/* Milliseconds to sleep: until the deadline while a child runs, in short ticks once its pipe is closed, else for ever. */
static int poll_timeout(const struct board_process *b)
{
    if (b->stage == STAGE_IDLE)
        return -1;
    int64_t left = b->deadline_ns - clock_monotonic_ns();
    int64_t most = b->pipe < 0 ? 2 * SONATA_MS : TICK_NS;
    left = clamp_of(left, (int64_t)0, most);
    return (int)((left + SONATA_MS - 1) / SONATA_MS);
}

static void turn(struct board_process *b)
{
    struct pollfd fd[2] = {{.fd = b->control, .events = POLLIN}, {.fd = b->stage == STAGE_IDLE ? -1 : b->pipe, .events = POLLIN}};
    if (poll(fd, 2, poll_timeout(b)) < 0 && errno != EINTR)
        b->quit = true;
    if (fd[1].revents)
        read_child(b);
    reap(b);
    if (b->stage != STAGE_IDLE && clock_monotonic_ns() >= b->deadline_ns)
        past_deadline(b);
    if (fd[0].revents)
        read_control(b);
}

/* The daemon ended, whatever way: what is left of the attempt is swept up before this process ends too. */
static volatile sig_atomic_t orphaned;
static void on_parent_signal(int signum)
{
    (void)signum;
    orphaned = 1;
    alarm(10); /* whatever happens */
}

static void on_child_signal(int signum) { (void)signum; /* interrupts poll(), so that an ended child is reaped at once */ }

int board_process_main(int fd, long parent_pid)
{
    struct sigaction wake = {.sa_handler = on_child_signal};
    struct sigaction end = {.sa_handler = on_parent_signal};
    sigaction(SIGTERM, &end, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent_pid)
        return 1;
    process_adopt_orphans();
    sigaction(SIGCHLD, &wake, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* Ctrl-C is for the daemon, which then ends us */
    signal(SIGHUP, SIG_IGN);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK); /* libuv made our end of the pair non-blocking */
    struct board_process *b = xcalloc(1, sizeof *b);
    b->control = fd;
    b->pipe = -1;
    while (!b->quit && !orphaned)
        turn(b);
    if (b->stage != STAGE_IDLE)
        kill(-b->pid, SIGKILL);
    process_kill_strays(NULL, 0);
    if (b->ops)
        b->ops->close(b->backend);
    bytes_fini(&b->supernet);
    processes_fini(&b->processes);
    frame_reader_fini(&b->in);
    frame_reader_fini(&b->from_child);
    free(b);
    return 0;
}
