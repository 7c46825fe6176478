/* Messages of workers. The peer must say hello first; its routing id then stands for the worker's name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/medium.h"
#include "base/memory.h"
#include "base/number.h"
#include "rpc/rpc_internal.h"

/* The names keep to the grammar, or are those that the master has known a board by since before there was one. */
static bool board_may_be_called(const struct rpc *rpc, const char *id, const char *type)
{
    struct sched_board_view known;
    if (name_is_valid(id, BOARD_NAME_MAX) && name_is_valid(type, BOARD_NAME_MAX))
        return true;
    return sched_board_named(engine_sched(rpc->run), id, &known) && !strcmp(known.info->type, type);
}

/* Metrics are refused when a name is none, so that a job never asks for half a word. */
static bool read_board(const struct rpc *rpc, const Sonata__BoardInfo *in, struct sched_board_info *b, struct sonata_error *err)
{
    *b = (struct sched_board_info){.epoch = in->epoch};
    if (!board_may_be_called(rpc, in->id, in->type)) {
        sonata_error_set(err, -EINVAL, "board '%.48s' of type '%.48s': " NAME_GRAMMAR, in->id, in->type);
        return false;
    }
    copy_string(b->id, sizeof b->id, in->id);
    copy_string(b->type, sizeof b->type, in->type);
    copy_string(b->backend, sizeof b->backend, in->backend);
    copy_string(b->state, sizeof b->state, in->state);
    copy_string(b->detail, sizeof b->detail, in->detail);
    for (size_t i = 0; i < in->n_metrics && b->n_metrics < SCHED_BOARD_METRICS_MAX; i++) {
        if (name_is_valid(in->metrics[i], METRIC_NAME_MAX))
            copy_string(b->metric[b->n_metrics++], METRIC_NAME_MAX, in->metrics[i]);
    }
    for (size_t i = 0; i < in->n_datasets && b->n_datasets < SCHED_DATASETS_MAX; i++) {
        if (name_is_valid(in->datasets[i], sizeof b->dataset[0]))
            copy_string(b->dataset[b->n_datasets++], sizeof b->dataset[0], in->datasets[i]);
    }
    return true;
}

/* Elements to allocate for n that are announced: at least one, at most max. */
static size_t bounded(size_t n, size_t max) { return clamp_of(n, (size_t)1, max); }

static uint32_t read_boards(const struct rpc *rpc, Sonata__BoardInfo **in, size_t n, struct sched_board_info *board, struct sonata_error *err)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n && count < SCHED_BOARDS_PER_WORKER; i++)
        count += read_board(rpc, in[i], &board[count], err);
    return count;
}

static uint32_t read_running(Sonata__RunningAttempt **in, size_t n, struct sched_running *running)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n && count < SCHED_RUNNING_MAX; i++) {
        struct sched_running *r = &running[count];
        *r = (struct sched_running){.attempt = in[i]->attempt, .epoch = in[i]->epoch, .spooled = in[i]->spooled};
        if (!copy_string(r->board, sizeof r->board, in[i]->board))
            continue;
        copy_string(r->phase, sizeof r->phase, in[i]->phase);
        r->started = r->phase[0] && strcmp(r->phase, "queued");
        count++;
    }
    return count;
}

/* Boards of another key whose worker may come back, and more than a key may have. */
static uint32_t drop_foreign_boards(struct rpc *rpc, const char *key, struct sched_board_info *board, uint32_t n, int *ret_code,
                                    struct sonata_error *err)
{
    uint32_t kept = 0;
    *ret_code = 0;
    for (uint32_t i = 0; i < n; i++) {
        char owner[BOARD_KEY_MAX];
        engine_board_owner(rpc->run, board[i].id, owner);
        int code = 0;
        if (key[0] && owner[0] && strcmp(owner, key) && worker_key_is_in_force(rpc, owner))
            code = sonata_error_set(err, -EADDRINUSE,
                                    "board '%s' belongs to another key: give it another name, or an admin lets it go: `sonata board %s disown`",
                                    board[i].id, board[i].id);
        else
            code = engine_board_may_come(rpc->run, board[i].id, key, err);
        if (!code)
            board[kept++] = board[i];
        *ret_code = code ? code : *ret_code;
    }
    return kept;
}

static void send_welcome(struct rpc *rpc, const struct net_peer *peer)
{
    const struct engine_config config = engine_configuration(rpc->run);
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Welcome welcome = SONATA__WELCOME__INIT;
    welcome.server = (char *)"sonata-master " SONATA_VERSION;
    welcome.heartbeat_ms = (uint32_t)(config.sched.heartbeat_ns / 1000000);
    welcome.lease_ms = (uint32_t)(config.sched.lease_ns / 1000000);
    welcome.master_incarnation = rpc->config.incarnation;
    e.body_case = SONATA__ENVELOPE__BODY_WELCOME;
    e.welcome = &welcome;
    rpc_send(rpc, rpc->workers, peer, &e, false);
}

/* The worker that says hello, under its name from now on. NULL: it may not, and was told why; or nobody may now, as the engine is blocked. */
static struct rpc_worker *admit_hello(struct rpc *rpc, const struct net_peer *peer, const char *key, const Sonata__Hello *hello)
{
    if (!name_is_valid(hello->worker, WORKER_NAME_MAX) && !worker_with_name(rpc, hello->worker)) {
        rpc_fault(rpc, rpc->workers, peer, -EINVAL, "this is no name for a worker: " NAME_GRAMMAR);
        return NULL;
    }
    if (engine_is_blocked(rpc->run, NULL))
        return NULL; /* asked again by the worker; it keeps what it has */
    if (worker_name_is_taken(rpc, hello->worker, key)) {
        rpc_garbage(rpc, "worker", "a hello under a name that belongs to another key");
        rpc_fault(rpc, rpc->workers, peer, -EADDRINUSE,
                  "this name belongs to a worker with another key: choose another --name, or an admin lets it go: `sonata keys release NAME`");
        return NULL;
    }
    struct rpc_worker *w = worker_of_peer(rpc, peer, key);
    if (w && strcmp(w->name, hello->worker)) {
        rpc_fault(rpc, rpc->workers, peer, -EEXIST, "this connection speaks for another worker already: one connection, one name");
        return NULL;
    }
    if (worker_is_clone(rpc, peer, hello->worker, hello->incarnation))
        return NULL;
    w = worker_take_name(rpc, peer, hello->worker, key);
    if (!w)
        rpc_fault(rpc, rpc->workers, peer, -EUSERS,
                  "this key has too many worker names, or the master knows too many: an admin lets some go with `sonata keys release NAME`");
    return w;
}

/* Boards that the engine took become the key's. */
static void bind_boards(struct rpc *rpc, const char *worker, const char *key, const struct sched_board_info *board, uint32_t n)
{
    for (uint32_t i = 0; i < n && key[0]; i++) {
        if (sched_serves(engine_sched(rpc->run), worker, board[i].id))
            engine_board_bind(rpc->run, board[i].id, key);
    }
}

static void on_hello(struct rpc *rpc, const struct net_peer *peer, const char *key, const Sonata__Hello *hello)
{
    struct sonata_error err = {{0}};
    struct rpc_worker *w = admit_hello(rpc, peer, key, hello);
    if (!w)
        return;
    worker_note_incarnation(w, hello->incarnation);
    (void)copy_string(w->software, sizeof w->software, hello->software);
    cleanup_free struct sched_board_info *board = xcalloc(bounded(hello->n_boards, SCHED_BOARDS_PER_WORKER), sizeof *board);
    cleanup_free struct sched_running *running = xcalloc(bounded(hello->n_running, SCHED_RUNNING_MAX), sizeof *running);
    uint32_t n_boards = read_boards(rpc, hello->boards, hello->n_boards, board, &err);
    uint32_t n_running = read_running(hello->running, hello->n_running, running);
    int foreign;
    n_boards = drop_foreign_boards(rpc, key, board, n_boards, &foreign, &err);
    send_welcome(rpc, peer);
    int rc = engine_hello(rpc->run, &(struct sched_report){w->name, hello->incarnation, board, n_boards, running, n_running}, &err);
    bind_boards(rpc, w->name, key, board, n_boards);
    log_info("worker says hello", "worker=%s software=\"%.60s\" boards=%u of=%zu running=%u", w->name, hello->software, n_boards, hello->n_boards,
             n_running);
    if (!rc && hello->n_boards > SCHED_BOARDS_PER_WORKER)
        sonata_error_set(&err, -EINVAL, "a worker has at most %d boards, this one %zu: the others are not used", SCHED_BOARDS_PER_WORKER,
                         hello->n_boards);
    if (rc || n_boards < hello->n_boards) {
        log_warn("board refused", "worker=%s reason=\"%s\"", w->name, err.text);
        rc = foreign ? foreign : rc;
        rpc_fault(rpc, rpc->workers, peer, rc ? rc : -EINVAL, err.text);
    }
}

static void ask_for_hello(struct rpc *rpc, const struct net_peer *peer) { rpc_fault(rpc, rpc->workers, peer, -ENOTCONN, "say hello first"); }

static void on_heartbeat(struct rpc *rpc, const struct net_peer *peer, const struct rpc_worker *w, const Sonata__Heartbeat *beat)
{
    struct sonata_error err = {{0}};
    struct sched_board_info *board = xcalloc(bounded(beat->n_boards, SCHED_BOARDS_PER_WORKER), sizeof *board);
    struct sched_running *running = xcalloc(bounded(beat->n_running, SCHED_RUNNING_MAX), sizeof *running);
    uint32_t n_boards = read_boards(rpc, beat->boards, beat->n_boards, board, &err);
    uint32_t n_running = read_running(beat->running, beat->n_running, running);
    if (engine_heartbeat(rpc->run, &(struct sched_report){w->name, beat->incarnation, board, n_boards, running, n_running}))
        ask_for_hello(rpc, peer);
    free(board);
    free(running);
}

static void send_ack(struct rpc *rpc, const struct net_peer *peer, const struct measurement *m, const char *verdict)
{
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__ResultAck ack = SONATA__RESULT_ACK__INIT;
    ack.attempt = m->attempt;
    ack.epoch = m->epoch;
    ack.verdict = (char *)verdict;
    e.body_case = SONATA__ENVELOPE__BODY_RESULT_ACK;
    e.result_ack = &ack;
    rpc_send(rpc, rpc->workers, peer, &e, false);
}

static void on_result(struct rpc *rpc, const struct net_peer *peer, struct rpc_worker *w, const Sonata__Result *result)
{
    struct sonata_error err = {{0}};
    struct measurement m = {0};
    if (!result->measurement || measurement_from_message(result->measurement, &m, &err)) {
        rpc_garbage(rpc, "worker", result->measurement ? err.text : "a result without a measurement");
        return;
    }
    enum engine_verdict v = engine_result(rpc->run, w->name, &m);
    const char *verdict = engine_verdict_name(v);
    if (v != ENGINE_NOT_NOW && v != ENGINE_UNKNOWN)
        worker_note_measured(rpc, w);
    if (verdict) {
        send_ack(rpc, peer, &m, verdict);
        log_debug("result", "worker=%s board=%s attempt=%llu outcome=%s verdict=%s", w->name, m.board, (unsigned long long)m.attempt,
                  outcome_name(m.outcome), verdict);
    }
    measurement_fini(&m);
}

/* What can never be stored is acknowledged too, or it would come again for ever. */
static void on_board_event(struct rpc *rpc, const struct net_peer *peer, const struct rpc_worker *w, const Sonata__BoardEvent *message)
{
    struct sonata_error err = {{0}};
    struct board_event event;
    int rc = board_event_from_message(message, &event, &err);
    if (rc) {
        if (engine_is_blocked(rpc->run, NULL))
            return;
        rpc_garbage(rpc, "worker", err.text);
    } else {
        rc = engine_board_event(rpc->run, w->name, &event);
    }
    if (rc == -EAGAIN || rc == -EBUSY)
        return; /* the worker keeps it */
    if (rc == -ENODEV)
        log_warn("event of a board that is not this worker's is dropped", "worker=%s board=%s kind=%s", w->name, event.board, event.kind);
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BoardEventAck ack = SONATA__BOARD_EVENT_ACK__INIT;
    ack.sequence = message->sequence;
    e.body_case = SONATA__ENVELOPE__BODY_BOARD_EVENT_ACK;
    e.board_event_ack = &ack;
    rpc_send(rpc, rpc->workers, peer, &e, false);
}

/* A message of a worker that has said hello. */
static void on_message(struct rpc *rpc, const struct net_peer *peer, struct rpc_worker *w, const Sonata__Envelope *e)
{
    switch (e->body_case) {
    case SONATA__ENVELOPE__BODY_HEARTBEAT:
        on_heartbeat(rpc, peer, w, e->heartbeat);
        break;
    case SONATA__ENVELOPE__BODY_RESULT:
        on_result(rpc, peer, w, e->result);
        break;
    case SONATA__ENVELOPE__BODY_BOARD_EVENT:
        on_board_event(rpc, peer, w, e->board_event);
        break;
    case SONATA__ENVELOPE__BODY_BLOB_GET:
        worker_blob_get(rpc, peer, e->blob_get);
        break;
    case SONATA__ENVELOPE__BODY_BLOB_PUT:
        worker_blob_put(rpc, peer, w, e->blob_put);
        break;
    case SONATA__ENVELOPE__BODY_GOODBYE:
        log_info("worker says goodbye", "worker=%s reason=\"%.100s\"", w->name, e->goodbye->reason);
        engine_goodbye(rpc->run, w->name);
        break;
    case SONATA__ENVELOPE__BODY_FAULT:
        log_warn("worker reports a fault", "worker=%s code=%d text=\"%.200s\"", w->name, e->fault->code, e->fault->text);
        break;
    default:
        rpc_garbage(rpc, "worker", "a message that is not for this port");
    }
}

void worker_message(void *user, const struct net_peer *peer, const char *user_id, const uint8_t *data, size_t n)
{
    struct rpc *rpc = user;
    rpc->counts.worker_messages++;
    if (!rpc_admit(rpc, rpc->workers, peer, user_id, n))
        return;
    if (rpc->config.access && !access_who(rpc->config.access, user_id)) {
        rpc_fault(rpc, rpc->workers, peer, -EACCES, "this worker's key was revoked");
        return;
    }
    cleanup_envelope Sonata__Envelope *e = rpc_unpack(rpc, rpc->workers, peer, data, n);
    if (!e)
        return;
    if (e->body_case == SONATA__ENVELOPE__BODY_HELLO) {
        on_hello(rpc, peer, user_id, e->hello);
        return;
    }
    struct rpc_worker *w = worker_of_peer(rpc, peer, user_id);
    if (w)
        on_message(rpc, peer, w, e);
    else
        ask_for_hello(rpc, peer);
}

void rpc_assign(struct rpc *rpc, const char *worker, const struct evaluation_job *job)
{
    struct rpc_worker *w = worker_with_name(rpc, worker);
    if (!w || !w->peer.size)
        return; /* released when its next heartbeat does not list the attempt */
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_ASSIGN;
    e.assign = job_to_message(job);
    rpc_send(rpc, rpc->workers, &w->peer, &e, false);
    sonata__assign__free_unpacked(e.assign, NULL);
}

void rpc_cancel(struct rpc *rpc, const char *worker, uint64_t attempt, const char *reason)
{
    struct rpc_worker *w = worker_with_name(rpc, worker);
    if (!w || !w->peer.size)
        return;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__Cancel cancel = SONATA__CANCEL__INIT;
    cancel.attempt = attempt;
    cancel.reason = (char *)reason;
    e.body_case = SONATA__ENVELOPE__BODY_CANCEL;
    e.cancel = &cancel;
    rpc_send(rpc, rpc->workers, &w->peer, &e, false);
}

void rpc_command(struct rpc *rpc, const char *worker, const char *board, const char *action)
{
    struct rpc_worker *w = worker_with_name(rpc, worker);
    if (!w || !w->peer.size)
        return; /* told again when it says hello */
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    Sonata__BoardCommand command = SONATA__BOARD_COMMAND__INIT;
    command.board = (char *)board;
    command.action = (char *)action;
    e.body_case = SONATA__ENVELOPE__BODY_BOARD_COMMAND;
    e.board_command = &command;
    rpc_send(rpc, rpc->workers, &w->peer, &e, false);
}
