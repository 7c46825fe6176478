/* See agent.h. Link states:
 *
 *   no socket --every board has started--> HELLO (a Hello every half second) --Welcome--> UP (heartbeats, results, blobs)
 *                                            ^                                              |
 *                                            +---- link down, or Fault -ENOTCONN -----------+
 *
 * Boards work in every state. The socket queues nothing while the link is down, so -EAGAIN of a heartbeat is how that shows. */
#define _GNU_SOURCE /* flock */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/agent_internal.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "loop/service.h"
#include "process/process.h"

enum { HELLO_MS = 500, REFUSED_MS = 30000, HEARTBEAT_MS = 2000, HEARTBEAT_MIN_MS = 50, HEARTBEAT_MAX_MS = 60000, HWM = 1000 };

static void set_beat(struct agent *a, uint64_t ms);

static void link_lost(struct agent *a, const char *why)
{
    if (!a->welcomed)
        return;
    a->welcomed = false;
    log_warn("no link to the master, measuring goes on, trying again", "worker=%s master=%s reason=\"%s\" spooled=%zu", a->config->name,
             a->config->master, why, spool_count(a->spool));
    set_beat(a, HELLO_MS);
}

static void on_transfer(uv_timer_t *t) { agent_transfer(t->data, false); }

void agent_transfer(struct agent *a, bool now)
{
    if (!a->welcomed || a->stopping)
        return;
    int64_t time = clock_monotonic_ns(), next = blobs_tick(a->blobs, time, now), models = outbound_tick(a->models, time, now);
    next = models < next ? models : next;
    if (next < INT64_MAX)
        uv_timer_start(&a->transfer, on_transfer, next <= 0 ? 1 : (uint64_t)(next / SONATA_MS) + 1, 0);
}

static void welcome(struct agent *a, const Sonata__Welcome *m)
{
    uint64_t ms = m->heartbeat_ms ? m->heartbeat_ms : HEARTBEAT_MS;
    a->heartbeat_ms = clamp_of(ms, (uint64_t)HEARTBEAT_MIN_MS, (uint64_t)HEARTBEAT_MAX_MS);
    bool news = !a->welcomed || a->master_incarnation != m->master_incarnation;
    a->welcomed = true;
    a->waiting_ns = 0;
    a->master_incarnation = m->master_incarnation;
    if (news)
        log_info("welcomed", "worker=%s master=%s software=\"%s\" heartbeat_ms=%" PRIu64 " spooled=%zu", a->config->name, a->config->master,
                 m->server, a->heartbeat_ms, spool_count(a->spool));
    set_beat(a, a->heartbeat_ms);
    agent_send_results(a, true);
    watch_send_events(a, true);
    agent_transfer(a, true);
}

static void fault(struct agent *a, const Sonata__Fault *m)
{
    if (m->code == -ENOTCONN) {
        link_lost(a, "the master does not know us: greeting it again");
        agent_send_hello(a);
        return;
    }
    log_error("the master refuses", "worker=%s code=%d reason=\"%.300s\"", a->config->name, (int)m->code, m->text);
    if (m->code == -EPROTONOSUPPORT) {
        a->welcomed = false;
        set_beat(a, REFUSED_MS);
    }
}

/* What the master sent cannot be read, as of another version. */
static void refuse(struct agent *a, bool other_major, const char *reason)
{
    if (other_major || clock_monotonic_ns() - a->refused_ns > 10 * SONATA_SECOND) {
        a->refused_ns = clock_monotonic_ns();
        log_error("message from the master refused", "worker=%s reason=\"%s\"", a->config->name, reason);
    }
    if (other_major && !a->welcomed)
        set_beat(a, REFUSED_MS);
}

static void take_put_ack(struct agent *a, const Sonata__BlobPutAck *m)
{
    outbound_acknowledged(a->models, &(struct outbound_answer){m->hash.data, m->hash.len, m->offset, m->done, m->code, m->text});
    agent_transfer(a, false);
}

static void take_chunk(struct agent *a, const Sonata__BlobChunk *m)
{
    blobs_chunk(a->blobs, m->hash.data, m->hash.len, m->offset, m->total, m->data.data, m->data.len, m->missing);
    agent_transfer(a, false);
}

static void take_message(struct agent *a, const Sonata__Envelope *e)
{
    switch (e->body_case) {
    case SONATA__ENVELOPE__BODY_WELCOME:
        welcome(a, e->welcome);
        break;
    case SONATA__ENVELOPE__BODY_ASSIGN:
        if (!a->stopping)
            agent_assign(a, e->assign);
        break;
    case SONATA__ENVELOPE__BODY_CANCEL:
        agent_cancel(a, e->cancel);
        break;
    case SONATA__ENVELOPE__BODY_RESULT_ACK:
        agent_acknowledged(a, e->result_ack);
        break;
    case SONATA__ENVELOPE__BODY_BOARD_COMMAND:
        if (!a->stopping)
            watch_command(a, e->board_command);
        break;
    case SONATA__ENVELOPE__BODY_BOARD_EVENT_ACK:
        watch_acknowledged(a, e->board_event_ack);
        break;
    case SONATA__ENVELOPE__BODY_BLOB_CHUNK:
        take_chunk(a, e->blob_chunk);
        break;
    case SONATA__ENVELOPE__BODY_BLOB_PUT_ACK:
        take_put_ack(a, e->blob_put_ack);
        break;
    case SONATA__ENVELOPE__BODY_FAULT:
        fault(a, e->fault);
        break;
    default:
        log_debug("message of another kind ignored", "worker=%s kind=%d", a->config->name, (int)e->body_case);
    }
}

static void on_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    (void)peer, (void)user_id;
    struct agent *a = user;
    bool other_major;
    struct sonata_error err = {0};
    cleanup_envelope Sonata__Envelope *e = envelope_unpack(data, n, &other_major, &err);
    if (e)
        take_message(a, e);
    else
        refuse(a, other_major, err.text);
}

/* Says after 5 s, and then every minute, that nobody answers. */
static void complain_of_waiting(struct agent *a, int send_code)
{
    int64_t now = clock_monotonic_ns();
    if (!a->waiting_ns)
        a->waiting_ns = now - 55 * SONATA_SECOND;
    if (now - a->waiting_ns < 60 * SONATA_SECOND)
        return;
    a->waiting_ns = now;
    log_warn("no answer from the master, going on trying", "worker=%s master=%s reason=\"%s\"", a->config->name, a->config->master,
             send_code ? "nobody listens there (or the keys do not fit)" : "connected, but no welcome");
}

static void on_beat(uv_timer_t *t)
{
    struct agent *a = t->data;
    if (!a->socket)
        return;
    if (!a->welcomed) {
        complain_of_waiting(a, agent_send_hello(a));
        return;
    }
    int r = agent_send_heartbeat(a);
    if (r == -EAGAIN)
        link_lost(a, "the connection is down");
}

static void set_beat(struct agent *a, uint64_t ms)
{
    if (!a->stopping)
        uv_timer_start(&a->beat, on_beat, ms, ms);
}

/* Whatever a board's process left when it was killed: orphans of a dead board process are children of this one. */
static void kill_strays(const struct agent *a)
{
    pid_t keep[WORKER_BOARDS_MAX];
    size_t n = 0;
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        if (a->board[i].process_open)
            keep[n++] = a->board[i].process.pid;
    }
    unsigned killed = process_kill_strays(keep, n);
    if (killed)
        log_warn("programs that outlived their board's process are killed", "worker=%s processes=%u", a->config->name, killed);
}

static void on_second(uv_timer_t *t)
{
    struct agent *a = t->data;
    kill_strays(a);
    watch_tick(a);
    if (!a->welcomed)
        return;
    agent_send_results(a, false);
    agent_transfer(a, false);
}

static int open_socket(struct agent *a, struct sonata_error *err)
{
    const struct worker_config *c = a->config;
    struct net_security keys = keyfile_security(&c->keys);
    struct net_target target = {c->master, WIRE_MESSAGE_MAX, HWM, c->key[0] ? &keys : NULL, {on_message, a}};
    return net_connect(a->net, a->loop, &target, &a->socket, err);
}

/* Hello tells what boards offer, so it waits for each to have been there once. */
static bool all_have_started(const struct agent *a)
{
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        if (!a->board[i].offered)
            return false;
    }
    return true;
}

static void on_board_started(void *user, struct board *b)
{
    struct agent *a = user;
    log_info("board ready", "board=%s type=%s backend=%s core=%d detail=\"%s\"", b->config.id, b->config.type, backend_kind_name(b->config.backend),
             b->config.core, b->offer.detail);
    watch_started(a, b);
    if (a->welcomed)
        agent_send_hello(a); /* it may offer something else than before */
    if (a->socket || a->stopping || !all_have_started(a))
        return;
    struct sonata_error err = {0};
    if (open_socket(a, &err)) {
        log_error("cannot connect", "worker=%s reason=\"%s\"", a->config->name, err.text);
        a->exit_status = 1;
        loop_stop(a->loop);
        return;
    }
    uv_timer_start(&a->beat, on_beat, 10, HELLO_MS);
    service_notify("READY=1");
}

static void on_board_failed(void *user, struct board *b, const char *reason)
{
    struct agent *a = user;
    if (a->stopping)
        return;
    if (b->offered) { /* it was up before: it is restarted */
        watch_failed(a, b, reason);
        return;
    }
    log_error("board cannot start", "board=%s reason=\"%s\"", b->config.id, reason);
    a->exit_status = 1;
    loop_stop(a->loop);
}

static void on_board_result(void *user, struct board *b, const uint8_t *p, size_t n)
{
    struct agent *a = user;
    struct measurement m;
    struct sonata_error err = {0};
    if (measurement_decode(p, n, &m, &err)) {
        log_error("a board's result is unreadable", "board=%s reason=\"%s\"", b->config.id, err.text);
        return;
    }
    agent_keep_result(a, &m, p, n);
    if (!a->stopping)
        watch_job_ended(a, b, &m);
    measurement_fini(&m);
}

static void on_board_answer(void *user, struct board *b, const struct board_answer *answer)
{
    struct agent *a = user;
    if (!a->stopping)
        watch_answer(a, b, answer);
}

static void finish_when_closed(struct agent *a)
{
    if (a->stopping && a->boards_closed == a->config->n_boards && !a->timers_open) {
        kill_strays(a);
        net_close(a->socket);
        a->socket = NULL;
        loop_finish(a->loop);
    }
}

static void on_board_closed(void *user, struct board *b)
{
    (void)b;
    struct agent *a = user;
    a->boards_closed++;
    finish_when_closed(a);
}

static void on_timer_closed(uv_handle_t *h)
{
    struct agent *a = h->data;
    a->timers_open--;
    finish_when_closed(a);
}

void agent_stop(struct agent *a)
{
    if (a->stopping)
        return;
    a->stopping = true;
    service_notify("STOPPING=1");
    log_info("stopping", "worker=%s spooled=%zu", a->config->name, spool_count(a->spool));
    if (a->welcomed)
        agent_send_goodbye(a, "the worker stops");
    uv_close((uv_handle_t *)&a->beat, on_timer_closed);
    uv_close((uv_handle_t *)&a->second, on_timer_closed);
    uv_close((uv_handle_t *)&a->transfer, on_timer_closed);
    for (uint32_t i = 0; i < a->config->n_boards; i++)
        board_close(&a->board[i]);
}

static int open_state(struct agent *a, struct sonata_error *err)
{
    const char *state = a->config->state;
    char path[WORKER_PATH_MAX + 32];
    int r = file_make_dirs(state, true, err);
    if (r)
        return r;
    snprintf(path, sizeof path, "%s/lock", state);
    a->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (a->lock_fd < 0)
        return sonata_error_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
    if (flock(a->lock_fd, LOCK_EX | LOCK_NB))
        return sonata_error_set(err, -EBUSY, "%s: another worker uses this state folder; give each its own --state", state);
    size_t lost;
    snprintf(path, sizeof path, "%s/spool", state);
    r = spool_open(path, spool_identify_result, &a->spool, &lost, err);
    if (r)
        return r;
    if (lost)
        log_warn("the spool's end was damaged and is cut off; an attempt that was in it is measured again", "file=%s bytes=%zu", path, lost);
    if (spool_count(a->spool))
        log_info("results of an earlier run wait for the master", "worker=%s spooled=%zu", a->config->name, spool_count(a->spool));
    snprintf(path, sizeof path, "%s/blobs", state);
    a->rate = rate_of(a->config->bandwidth);
    struct blobs_hooks hooks = {agent_blob_request, agent_blob_done, agent_blob_needed, a};
    r = blobs_new(path, a->config->cache_max, &a->rate, hooks, &a->blobs, err);
    if (r)
        return r;
    snprintf(a->model_folder, sizeof a->model_folder, "%s/models", state);
    r = outbound_new(a->model_folder, &a->rate, (struct outbound_hooks){agent_put_model, agent_model_done, a}, &a->models, err);
    if (!r)
        outbound_sweep(a->models, agent_names_model, a);
    return r;
}

int agent_new(struct loop *loop, const struct worker_config *config, const char *executable, struct agent **ret_agent, struct sonata_error *err)
{
    struct agent *a = xcalloc(1, sizeof *a);
    a->loop = loop;
    a->config = config;
    a->lock_fd = -1;
    a->heartbeat_ms = HEARTBEAT_MS;
    a->incarnation = (uint64_t)clock_wall_ns() ^ ((uint64_t)getpid() << 48);
    copy_string(a->executable, sizeof a->executable, executable);
    int r = open_state(a, err);
    if (r) {
        agent_free(a);
        return r;
    }
    a->net = net_new();
    if (!a->net) {
        agent_free(a);
        return sonata_error_set(err, -EAGAIN, "no further threads may be started: raise ulimit -u or TasksMax");
    }
    a->board = xcalloc(config->n_boards, sizeof *a->board);
    r = watch_open(a, err);
    if (r) {
        agent_free(a);
        return r;
    }
    uv_timer_init(&loop->uv, &a->beat);
    uv_timer_init(&loop->uv, &a->second);
    uv_timer_init(&loop->uv, &a->transfer);
    a->beat.data = a->second.data = a->transfer.data = a;
    a->timers_open = 3;
    uv_timer_start(&a->second, on_second, 1000, 1000);
    process_adopt_orphans();
    struct board_hooks hooks = {on_board_started, on_board_failed, on_board_result, on_board_answer, on_board_closed, a};
    for (uint32_t i = 0; i < config->n_boards; i++)
        board_start(&a->board[i], loop, &config->board[i], config->launcher, a->executable, hooks);
    *ret_agent = a;
    return 0;
}

int agent_exit_status(const struct agent *a) { return a->exit_status; }

void agent_free(struct agent *a)
{
    if (!a)
        return;
    net_free(a->net);
    watch_close(a);
    spool_close(a->spool);
    blobs_free(a->blobs);
    outbound_free(a->models);
    if (a->lock_fd >= 0)
        close(a->lock_fd);
    free(a->board);
    free(a);
}
