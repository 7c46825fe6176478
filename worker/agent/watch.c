/* See watch.h; what others ask of it is in watch_state.c. One event of a board goes: hook or order -> driver -> news -> journal (fsync), health file,
 * log -> heartbeat and event to the master -> watch_run_next(), which starts the next order or job. Nothing here waits for a board. */
#include "agent/watch_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "health/record.h"
#include "measure/spread.h"
#include "power/fingerprint.h"

enum {
    CANARY_NETWORK_VERSION = 1,
    JOURNAL_MAX = 10000,
    SEND_MAX = 200,
    HEALTH_FILE_MAX = 1 << 16
};
static const int64_t SEND_AGAIN_NS = 5 * SONATA_SECOND;

static int64_t wall_of(int64_t monotonic_ns)
{
    int64_t wall = monotonic_ns + (clock_wall_ns() - clock_monotonic_ns());
    return wall > 0 ? wall : 0;
}

/* ---- what is remembered */

static void save(struct board_watch *w)
{
    cleanup_bytes struct bytes out = {0};
    struct board_health h = w->driver.health;
    struct sonata_error err = {0};
    health_shift(&h, clock_wall_ns() - clock_monotonic_ns());
    health_encode(&h, &out);
    spreads_encode(w->spread, TIER_COUNT, &out);
    uint8_t seal[HASH_SIZE];
    hash_content(out.data, out.size, seal);
    bytes_append(&out, seal, sizeof seal);
    if (file_write_atomic(w->path, out.data, out.size, &err))
        log_error("the health of a board cannot be saved; after a restart it is calibrated anew", "board=%s reason=\"%s\"", w->board->config.id,
                  err.text);
}

static int decode(const struct bytes *data, struct board_health *ret_health, struct spread ret_spread[TIER_COUNT], struct sonata_error *err)
{
    uint8_t seal[HASH_SIZE];
    if (data->size < HASH_SIZE)
        return sonata_error_set(err, -EBADMSG, "it is too short");
    size_t n = data->size - HASH_SIZE;
    hash_content(data->data, n, seal);
    if (memcmp(seal, data->data + n, HASH_SIZE))
        return sonata_error_set(err, -EBADMSG, "its checksum is wrong");
    struct reader in = reader_of(data->data, n);
    int r = health_decode(&in, ret_health, err);
    return r ? r : spreads_decode(&in, TIER_COUNT, ret_spread, err);
}

static void restore(struct board_watch *w, const char *id)
{
    cleanup_bytes struct bytes data = {0};
    struct board_health saved;
    struct sonata_error err = {0};
    if (!file_exists(w->path))
        return;
    if (file_read(w->path, HEALTH_FILE_MAX, &data, &err) || decode(&data, &saved, w->spread, &err)) {
        log_warn("a board's health file is not read; the board is calibrated anew", "board=%s file=%s reason=\"%s\"", id, w->path, err.text);
        return;
    }
    health_shift(&saved, clock_monotonic_ns() - clock_wall_ns());
    health_driver_restore(&w->driver, &saved);
}

/* ---- what is told */

static void send_event(struct agent *a, struct spool_item *item, int64_t now)
{
    Sonata__BoardEvent *m = sonata__board_event__unpack(NULL, item->result.size, item->result.data);
    if (!m)
        return; /* cannot be: it was packed or checked here */
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_BOARD_EVENT;
    e.board_event = m;
    if (!agent_send(a, &e))
        item->sent_ns = now;
    sonata__board_event__free_unpacked(m, NULL);
}

void watch_send_events(struct agent *a, bool all)
{
    int64_t now = clock_monotonic_ns();
    unsigned sent = 0;
    for (size_t i = 0; a->welcomed && i < spool_count(a->journal) && sent < SEND_MAX; i++) {
        struct spool_item *item = spool_at(a->journal, i);
        if (!all && item->sent_ns && now - item->sent_ns <= SEND_AGAIN_NS)
            continue;
        item->sent_ns = 0;
        send_event(a, item, now);
        if (!item->sent_ns)
            return; /* the link is down or full; the next tick goes on */
        sent++;
    }
}

/* Numbers of events grow over restarts too: they begin at the time of day in nanoseconds. */
static uint64_t next_sequence(struct agent *a)
{
    uint64_t now = (uint64_t)clock_wall_ns();
    a->event_sequence = now > a->event_sequence ? now : a->event_sequence + 1;
    return a->event_sequence;
}

static void keep_event(struct board_watch *w, Sonata__BoardEvent *m)
{
    struct agent *a = w->agent;
    cleanup_bytes struct bytes out = {0};
    struct sonata_error err = {0};
    size_t n = sonata__board_event__get_packed_size(m);
    uint8_t *p = xmalloc(n ? n : 1);
    sonata__board_event__pack(m, p);
    if (spool_add(a->journal, &(struct spool_key){m->sequence, 0, m->board}, p, n, &err))
        log_error("journal", "board=%s reason=\"%s\"", m->board, err.text);
    free(p);
    size_t lost = spool_trim(a->journal, JOURNAL_MAX);
    if (lost)
        log_error("the journal of board events is full: the oldest are given up", "events=%zu kept=%d", lost, JOURNAL_MAX);
}

static void on_news(void *user, const struct health_news *news)
{
    struct board_watch *w = user;
    char text[HEALTH_TEXT_MAX];
    copy_string(text, sizeof text, news->text);
    Sonata__BoardEvent m = SONATA__BOARD_EVENT__INIT;
    m.sequence = next_sequence(w->agent);
    m.board = w->board->config.id;
    m.wall_ns = clock_wall_ns();
    m.kind = (char *)news_kind_name(news->kind);
    m.state = (char *)health_state_name(news->state);
    m.text = text;
    m.latency_us = news->latency_us;
    m.reference_us = news->reference_us;
    if (news->kind == NEWS_CALIBRATED)
        m.fingerprint = w->fingerprint;
    if (news->invalid_to_ns) {
        m.invalid_from_wall_ns = wall_of(news->invalid_from_ns);
        m.invalid_to_wall_ns = m.wall_ns;
    }
    keep_event(w, &m);
    save(w);
    w->changed |= news->from != news->state;
    bool well = news->state == HEALTH_CALIBRATING || news->state == HEALTH_READY || news->state == HEALTH_BUSY;
    log_write(news->notify ? LOG_ERROR
              : well       ? LOG_INFO
                           : LOG_WARN,
              news->notify ? "a board needs a person" : "board health", "board=%s state=%s was=%s kind=%s text=\"%s\"%s", m.board, m.state,
              health_state_name(news->from), m.kind, text, news->invalid_to_ns ? " results since the last good canary are not to be trusted" : "");
}

/* ---- after every event of a board */

int watch_enqueue(struct agent *a, struct board *b, const struct job_frame *frame, bool have_blobs)
{
    int r = board_enqueue(b, frame, have_blobs);
    if (!r)
        watch_run_next(a, b);
    return r;
}

/* Jobs that wait for a board that will not take them are dropped: heartbeats no longer list them, so the master gives them to others, without blame.
 */
static void give_back(struct board_watch *w)
{
    struct board *b = w->board;
    if (health_driver_keeps_jobs(&w->driver))
        return;
    for (unsigned i = b->n_queue; i-- > (b->front_sent ? 1U : 0U);) {
        log_info("a waiting job is given back", "board=%s attempt=%llu state=%s", b->config.id, (unsigned long long)b->queue[i].frame.job.attempt,
                 health_state_name(w->driver.health.state));
        board_remove(b, &b->queue[i]);
    }
}

static void carry_out(struct board *b, const struct health_order *order)
{
    bool rung = order->kind == HEALTH_ORDER_RUNG;
    log_debug("order", "board=%s kind=%d timed=%d rung=%s", b->config.id, (int)order->kind, order->timed,
              rung ? recovery_rung_name(order->rung) : "");
    if (rung)
        log_warn("recovery", "board=%s rung=%s", b->config.id, recovery_rung_name(order->rung));
    if (rung && order->rung == RUNG_KILL_JOB)
        board_replace(b);
    else
        board_order(b, order);
}

/* At `report` a process is a whole attempt, from which nothing is learned: what was learned of shorter ones at `search` is assumed. */
static bool run_front(struct board_watch *w, enum tier tier)
{
    if (w->board->n_queue)
        w->board->queue[0].frame.prior = spread_prior(&w->spread[tier == TIER_REPORT ? TIER_SEARCH : tier]);
    return board_run_front(w->board);
}

void watch_run_next(struct agent *a, struct board *b)
{
    struct health_driver *d = &watch_of(a, b)->driver;
    struct health_order order;
    int64_t now = clock_monotonic_ns();
    if (a->stopping || !board_is_idle(b))
        return;
    if (b->reload) {
        board_reload(b);
        return;
    }
    const struct evaluation_job *job = b->n_queue ? &b->queue[0].frame.job : NULL;
    enum tier tier = job ? tier_named(job->tier) : TIER_SCREEN;
    if (health_driver_next(d, tier, now, &order))
        carry_out(b, &order);
    else if (health_driver_may_work(d, now) && run_front(watch_of(a, b), tier))
        health_driver_job_started(d, job->attempt, tier, now);
}

static void follow_up(struct board_watch *w)
{
    struct agent *a = w->agent;
    bool changed = w->changed;
    w->changed = false;
    give_back(w);
    if (changed && a->welcomed)
        agent_send_heartbeat(a);
    watch_send_events(a, false);
    watch_run_next(a, w->board);
}

/* ---- what happens to a board */

static void describe(struct board_watch *w)
{
    const struct board_config *c = &w->board->config;
    const struct health_options *o = &c->health;
    struct conditions now;
    char *text = w->fingerprint;
    text[0] = '\0';
    conditions_read(&now, c->sysfs, c->core);
    now.clock_khz = now.temperature_mc = -1; /* what changes from minute to minute is not the board */
    now.load1 = -1;
    fingerprint_host(text, FINGERPRINT_TEXT, &now, c->core);
    fingerprint_add(text, FINGERPRINT_TEXT, "backend=%s", backend_kind_name(c->backend));
    fingerprint_add(text, FINGERPRINT_TEXT, "board=%.200s", w->board->offer.detail);
    fingerprint_add(text, FINGERPRINT_TEXT, "canary=%s %lld network %d", canary_mode_name(o->canary), (long long)o->canary_ns,
                    CANARY_NETWORK_VERSION);
    if (o->command[0] || o->file[0])
        fingerprint_add(text, FINGERPRINT_TEXT, "canary_of=%.200s", o->command[0] ? o->command : o->file);
}

void watch_started(struct agent *a, struct board *b)
{
    struct board_watch *w = watch_of(a, b);
    uint8_t hash[HASH_SIZE];
    int64_t now = clock_monotonic_ns();
    describe(w);
    hash_content(w->fingerprint, strlen(w->fingerprint), hash);
    health_driver_announce(&w->driver, hash, now);
    if (w->driver.running.kind == HEALTH_ORDER_RUNG && w->driver.running.rung == RUNG_KILL_JOB)
        health_driver_rung(&w->driver, true, "", now);
    follow_up(w);
}

void watch_failed(struct agent *a, struct board *b, const char *reason)
{
    struct board_watch *w = watch_of(a, b);
    if (w->driver.running.kind == HEALTH_ORDER_RUNG)
        health_driver_rung(&w->driver, false, reason, clock_monotonic_ns());
    else if (w->driver.running.kind != HEALTH_ORDER_NONE)
        health_driver_canary(&w->driver, 0, reason, clock_monotonic_ns());
    follow_up(w);
}

static enum health_event end_of(const struct measurement *m, bool killed)
{
    if (m->outcome == OUTCOME_INVALID)
        return HEALTH_JOB_INVALID;
    if (m->outcome == OUTCOME_INFRA)
        return HEALTH_JOB_INFRA;
    if (m->outcome == OUTCOME_LOST)
        return HEALTH_JOB_LOST;
    return killed ? HEALTH_JOB_KILLED : HEALTH_JOB_DONE;
}

static void learn(struct board_watch *w, const struct measurement *m)
{
    double value[PROCESSES_MAX];
    if (m->outcome != OUTCOME_OK || m->n_processes < 2 || m->flags & (FLAG_CONTENDED | FLAG_THROTTLED | FLAG_BIMODAL))
        return;
    for (uint32_t i = 0; i < m->n_processes; i++)
        value[i] = (double)m->process_median_us[i];
    spread_learn(&w->spread[w->driver.tier], value, m->n_processes);
    for (uint32_t i = 0; i < m->n_processes; i++)
        value[i] = (double)m->process_control_us[i];
    spread_learn_control(&w->spread[w->driver.tier], value, m->n_processes);
    save(w);
}

void watch_job_ended(struct agent *a, struct board *b, const struct measurement *m)
{
    struct board_watch *w = watch_of(a, b);
    learn(w, m);
    health_driver_job_ended(&w->driver, end_of(m, b->killed), m->attempt, clock_monotonic_ns());
    follow_up(w);
}

void watch_answer(struct agent *a, struct board *b, const struct board_answer *answer)
{
    struct board_watch *w = watch_of(a, b);
    int64_t now = clock_monotonic_ns();
    if (w->driver.running.kind == HEALTH_ORDER_RUNG)
        health_driver_rung(&w->driver, answer->ok, answer->text, now);
    else
        health_driver_canary(&w->driver, answer->ok ? answer->latency_us : 0, answer->text, now);
    follow_up(w);
}

/* ---- the master */

void watch_command(struct agent *a, const Sonata__BoardCommand *m)
{
    enum person_order order = person_order_named(m->action);
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        struct board_watch *w = &a->watch[i];
        if (strcmp(w->board->config.id, m->board))
            continue;
        log_info("order of the master", "board=%s action=%.40s", m->board, m->action);
        if (!strcmp(m->action, "reload")) { /* only what may have been mended by a person: engine and microcontrollers stay as they are */
            if (backend_kind_reloads(w->board->config.backend))
                board_reload(w->board);
            return;
        }
        if (order == PERSON_ORDER_COUNT) {
            log_error("order of the master refused", "board=%s reason=\"'%.40s' is not an order to a board\"", m->board, m->action);
            return;
        }
        health_driver_command(&w->driver, order, clock_monotonic_ns());
        if (w->driver.health.state == HEALTH_RECOVERING && w->board->front_sent && order == PERSON_POWER_CYCLE)
            board_replace(w->board); /* the person does not want to wait for what runs */
        follow_up(w);
        return;
    }
    log_error("order of the master refused", "reason=\"this worker has no board '%.48s'\"", m->board);
}

void watch_acknowledged(struct agent *a, const Sonata__BoardEventAck *m) { spool_acknowledge(a->journal, m->sequence, 0); }

void watch_tick(struct agent *a)
{
    for (uint32_t i = 0; i < a->config->n_boards && !a->stopping; i++) {
        struct health_driver *d = &a->watch[i].driver;
        int64_t now = clock_monotonic_ns();
        if (d->running.kind == HEALTH_ORDER_RUNG && d->running.rung == RUNG_KILL_JOB && now > d->rung_until_ns)
            health_driver_rung(d, false, "the new process does not come up", now);
        health_driver_tick(d, now);
        follow_up(&a->watch[i]);
    }
}

int watch_open(struct agent *a, struct sonata_error *err)
{
    char path[WORKER_PATH_MAX + 32];
    size_t lost;
    snprintf(path, sizeof path, "%s/journal", a->config->state);
    int r = spool_open(path, spool_identify_event, &a->journal, &lost, err);
    if (r)
        return r;
    if (lost)
        log_warn("the journal's end was damaged and is cut off", "file=%s bytes=%zu", path, lost);
    for (size_t i = 0; i < spool_count(a->journal); i++)
        a->event_sequence = spool_at(a->journal, i)->attempt > a->event_sequence ? spool_at(a->journal, i)->attempt : a->event_sequence;
    snprintf(path, sizeof path, "%s/health", a->config->state);
    r = file_make_dirs(path, true, err);
    if (r)
        return r;
    a->watch = xcalloc(a->config->n_boards, sizeof *a->watch);
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        struct board_watch *w = &a->watch[i];
        const struct board_config *c = &a->config->board[i];
        w->agent = a;
        w->board = &a->board[i];
        snprintf(w->path, sizeof w->path, "%s/%s.health", path, c->id);
        health_driver_init(&w->driver, &c->health, on_news, w);
        restore(w, c->id);
    }
    return 0;
}

void watch_close(struct agent *a)
{
    spool_close(a->journal);
    free(a->watch);
}
