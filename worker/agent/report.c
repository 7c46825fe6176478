/* What the worker tells the master: Hello, Heartbeat, Result, Goodbye. Messages are built on the stack from borrowed strings and packed at once. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/part.h"

static const int64_t SEND_AGAIN_NS = 5 * SONATA_SECOND;

/* Boards and attempts of a Hello or Heartbeat; strings are borrowed from agent and spool. */
struct status {
    size_t n_boards, n_running;
    Sonata__BoardInfo *info, **boards;
    Sonata__RunningAttempt *attempt, **running;
    char *(*texts)[OFFER_METRICS_MAX + BOARD_DATASETS_MAX];
};

static void fill_board(Sonata__BoardInfo *m, const struct agent *a, struct board *b, char **text)
{
    sonata__board_info__init(m);
    m->id = b->config.id;
    m->type = b->config.type;
    m->backend = (char *)backend_kind_name(b->config.backend);
    m->epoch = b->epoch;
    m->state = (char *)watch_state(a, b);
    m->detail = (char *)watch_detail(a, b);
    m->metrics = text;
    m->n_metrics = b->offer.n_metrics;
    for (uint32_t i = 0; i < b->offer.n_metrics; i++)
        text[i] = b->offer.metric[i];
    m->datasets = text + OFFER_METRICS_MAX;
    m->n_datasets = b->offer.n_datasets;
    for (uint32_t i = 0; i < b->offer.n_datasets; i++)
        m->datasets[i] = b->offer.dataset[i];
}

static void add_attempt(struct status *s, uint64_t attempt, uint32_t epoch, char *board, const char *phase, bool spooled)
{
    Sonata__RunningAttempt *m = &s->attempt[s->n_running];
    sonata__running_attempt__init(m);
    m->attempt = attempt;
    m->epoch = epoch;
    m->board = board;
    m->phase = (char *)phase;
    m->spooled = spooled;
    s->running[s->n_running++] = m;
}

static void status_fill(struct status *s, struct agent *a)
{
    size_t n = a->config->n_boards, most = n * BOARD_QUEUE + spool_count(a->spool);
    *s = (struct status){.n_boards = n};
    s->info = xcalloc(n, sizeof *s->info);
    s->boards = xcalloc(n, sizeof *s->boards);
    s->texts = xcalloc(n, sizeof *s->texts);
    s->attempt = xcalloc(most + 1, sizeof *s->attempt);
    s->running = xcalloc(most + 1, sizeof *s->running);
    for (size_t i = 0; i < n; i++) {
        struct board *b = &a->board[i];
        s->boards[i] = &s->info[i];
        fill_board(&s->info[i], a, b, s->texts[i]);
        for (unsigned k = 0; k < b->n_queue; k++) {
            const struct evaluation_job *job = &b->queue[k].frame.job;
            const char *phase = k == 0 && b->front_sent ? b->phase : "queued";
            if (!b->queue[k].have_blobs)
                phase = "fetching";
            add_attempt(s, job->attempt, job->epoch, b->config.id, phase, false);
        }
    }
    for (size_t i = 0; i < spool_count(a->spool); i++) {
        struct spool_item *item = spool_at(a->spool, i);
        add_attempt(s, item->attempt, item->epoch, item->board, "done", true);
    }
}

static void status_fini(struct status *s)
{
    free(s->info);
    free(s->boards);
    free(s->texts);
    free(s->attempt);
    free(s->running);
}

int agent_send_hello(struct agent *a)
{
    char software[] = "sonata-worker " SONATA_VERSION;
    struct status s;
    status_fill(&s, a);
    Sonata__Hello hello = SONATA__HELLO__INIT;
    hello.worker = (char *)a->config->name;
    hello.software = software;
    hello.incarnation = a->incarnation;
    hello.boards = s.boards;
    hello.n_boards = s.n_boards;
    hello.running = s.running;
    hello.n_running = s.n_running;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_HELLO;
    e.hello = &hello;
    int r = agent_send(a, &e);
    status_fini(&s);
    return r;
}

int agent_send_heartbeat(struct agent *a)
{
    struct status s;
    status_fill(&s, a);
    Sonata__Heartbeat beat = SONATA__HEARTBEAT__INIT;
    beat.incarnation = a->incarnation;
    beat.boards = s.boards;
    beat.n_boards = s.n_boards;
    beat.running = s.running;
    beat.n_running = s.n_running;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_HEARTBEAT;
    e.heartbeat = &beat;
    int r = agent_send(a, &e);
    status_fini(&s);
    return r;
}

void agent_send_goodbye(struct agent *a, const char *reason)
{
    Sonata__Goodbye bye = SONATA__GOODBYE__INIT;
    bye.reason = (char *)reason;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_GOODBYE;
    e.goodbye = &bye;
    agent_send(a, &e);
}

int agent_put_model(void *user, const struct model_piece *piece)
{
    struct agent *a = user;
    Sonata__BlobPut put = SONATA__BLOB_PUT__INIT;
    put.hash = (ProtobufCBinaryData){.len = HASH_SIZE, .data = (uint8_t *)(uintptr_t)piece->hash};
    put.offset = piece->offset;
    put.total = piece->total;
    put.data = (ProtobufCBinaryData){.len = piece->n, .data = (uint8_t *)(uintptr_t)piece->data};
    put.attempt = piece->attempt;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_BLOB_PUT;
    e.blob_put = &put;
    return a->welcomed ? agent_send(a, &e) : -1;
}

void agent_model_done(void *user, const uint8_t hash[HASH_SIZE], const char *reason)
{
    struct agent *a = user;
    char hex[HASH_HEX];
    hash_to_hex(hash, HASH_SIZE, hex);
    if (reason)
        log_error("the master does not take a model", "worker=%s file=%.16s reason=\"%s\"", a->config->name, hex, reason);
    else
        log_debug("model sent", "worker=%s file=%.16s", a->config->name, hex);
    agent_send_results(a, false);
}

bool agent_names_model(void *user, const uint8_t hash[HASH_SIZE])
{
    struct agent *a = user;
    for (size_t i = 0; i < spool_count(a->spool); i++) {
        if (!memcmp(spool_at(a->spool, i)->artefact, hash, HASH_SIZE))
            return true;
    }
    return false;
}

static int send_item(struct agent *a, struct spool_item *item, int64_t now)
{
    if (!hash_is_zero(item->artefact) && !outbound_send(a->models, item->artefact, item->attempt, item->artefact_bytes))
        return 0; /* after its file */
    Sonata__Measurement *m = sonata__measurement__unpack(NULL, item->result.size, item->result.data);
    if (!m)
        return 0; /* cannot be: it was encoded or checked here */
    Sonata__Result result = SONATA__RESULT__INIT;
    result.measurement = m;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_RESULT;
    e.result = &result;
    int r = agent_send(a, &e);
    sonata__measurement__free_unpacked(m, NULL);
    if (!r)
        item->sent_ns = now;
    return r;
}

void agent_send_results(struct agent *a, bool all)
{
    int64_t now = clock_monotonic_ns();
    for (size_t i = 0; a->welcomed && i < spool_count(a->spool); i++) {
        struct spool_item *item = spool_at(a->spool, i);
        if ((all || !item->sent_ns || now - item->sent_ns > SEND_AGAIN_NS) && send_item(a, item, now))
            return; /* the link is down or full; the next tick goes on */
    }
}

void agent_keep_result(struct agent *a, const struct measurement *m, const uint8_t *p, size_t n)
{
    struct sonata_error err = {0};
    log_write(m->outcome == OUTCOME_OK ? LOG_DEBUG : LOG_INFO, "attempt ended",
              "board=%s attempt=%llu epoch=%u outcome=%s duration_ms=%lld flags=%u reason=\"%s\"", m->board, (unsigned long long)m->attempt, m->epoch,
              outcome_name(m->outcome), (long long)(m->duration_ns / SONATA_MS), m->flags, m->reason);
    char path[WORKER_PATH_MAX + 100];
    if (!hash_is_zero(m->artefact.hash) && part_final_path(a->model_folder, m->artefact.hash, path, sizeof path))
        blobs_adopt(a->blobs, m->artefact.hash, path);
    if (spool_add(a->spool, &(struct spool_key){m->attempt, m->epoch, m->board}, p, n, &err))
        log_error("spool", "board=%s attempt=%llu reason=\"%s\"", m->board, (unsigned long long)m->attempt, err.text);
    agent_send_results(a, false);
}
