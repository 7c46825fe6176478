/* What the master tells the worker to do: Assign, Cancel, ResultAck, and the blobs that jobs need. Every assignment ends in a result. */
#include <stdio.h>
#include <string.h>

#include "agent/agent_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

static struct board *find_board(struct agent *a, const char *id)
{
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        if (!strcmp(a->board[i].config.id, id))
            return &a->board[i];
    }
    return NULL;
}

static bool is_zero(const uint8_t hash[HASH_SIZE])
{
    static const uint8_t zero[HASH_SIZE];
    return !memcmp(hash, zero, HASH_SIZE);
}

/* A result without having run. */
static void refuse(struct agent *a, const struct evaluation_job *job, const char *type, enum outcome outcome, const char *reason)
{
    struct measurement m = {.attempt = job->attempt, .epoch = job->epoch, .started_wall_ns = clock_wall_ns()};
    copy_string(m.board, sizeof m.board, job->board);
    copy_string(m.board_type, sizeof m.board_type, type);
    measurement_fail(&m, outcome, "%s", reason);
    struct bytes out = {0};
    measurement_encode(&m, &out);
    agent_keep_result(a, &m, out.data, out.size);
    bytes_fini(&out);
}

/* Paths of the job's blobs; true when all are on disk, else they are being fetched. */
static bool want_blobs(struct agent *a, struct job_frame *f)
{
    bool have = blobs_want(a->blobs, f->job.space_hash, f->space_path, sizeof f->space_path);
    f->supernet_path[0] = '\0';
    if (!is_zero(f->job.supernet_hash))
        have = blobs_want(a->blobs, f->job.supernet_hash, f->supernet_path, sizeof f->supernet_path) && have;
    f->model_path[0] = '\0';
    if (!is_zero(f->job.artefact))
        have = blobs_want(a->blobs, f->job.artefact, f->model_path, sizeof f->model_path) && have;
    copy_string(f->model_folder, sizeof f->model_folder, a->model_folder);
    return have;
}

void agent_assign(struct agent *a, const Sonata__Assign *m)
{
    struct job_frame f = {0};
    struct sonata_error err = {0};
    if (job_from_message(m, &f.job, &err)) {
        log_error("assignment refused", "attempt=%llu reason=\"%s\"", (unsigned long long)m->attempt, err.text);
        struct evaluation_job job = {.attempt = m->attempt, .epoch = m->epoch};
        copy_string(job.board, sizeof job.board, m->board);
        refuse(a, &job, "", OUTCOME_CONFIG, err.text);
        return;
    }
    struct board *b = find_board(a, f.job.board);
    if (!b) {
        refuse(a, &f.job, "", OUTCOME_CONFIG, "this worker has no such board");
    } else if (spool_has(a->spool, f.job.attempt, f.job.epoch)) {
        log_debug("assignment repeated, its result waits already", "board=%s attempt=%llu", b->config.id, (unsigned long long)f.job.attempt);
        agent_send_results(a, true);
    } else if (f.job.epoch < b->epoch || board_find(b, f.job.attempt)) {
        log_debug("assignment repeated or of an old epoch, ignored", "board=%s attempt=%llu epoch=%u", b->config.id,
                  (unsigned long long)f.job.attempt, f.job.epoch);
    } else if (!watch_keeps_jobs(a, b)) { /* heartbeats do not list it, so the master takes it back */
        log_info("assignment not taken: the board does not work", "board=%s attempt=%llu state=%s", b->config.id, (unsigned long long)f.job.attempt,
                 watch_state(a, b));
    } else {
        b->epoch = f.job.epoch;
        bool have = want_blobs(a, &f);
        log_debug("assigned", "board=%s attempt=%llu epoch=%u blobs=%s", b->config.id, (unsigned long long)f.job.attempt, f.job.epoch,
                  have ? "here" : "fetching");
        if (watch_enqueue(a, b, &f, have))
            refuse(a, &f.job, b->config.type, OUTCOME_INFRA, "the board's queue is full");
    }
}

void agent_cancel(struct agent *a, const Sonata__Cancel *m)
{
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        struct board *b = &a->board[i];
        struct board_job *job = board_find(b, m->attempt);
        if (!job)
            continue;
        log_info("canceled", "board=%s attempt=%llu", b->config.id, (unsigned long long)m->attempt);
        struct evaluation_job copy = job->frame.job;
        bool runs = job == &b->queue[0] && b->front_sent;
        board_cancel(b, m->attempt);
        if (!runs)
            refuse(a, &copy, b->config.type, OUTCOME_CANCELED, "canceled before it ran");
        watch_run_next(a, b);
        return;
    }
}

void agent_acknowledged(struct agent *a, const Sonata__ResultAck *m)
{
    uint8_t model[HASH_SIZE] = {0};
    for (size_t i = 0; i < spool_count(a->spool); i++) {
        const struct spool_item *item = spool_at(a->spool, i);
        if (item->attempt == m->attempt && item->epoch == m->epoch)
            memcpy(model, item->artefact, HASH_SIZE);
    }
    int r = spool_acknowledge(a->spool, m->attempt, m->epoch);
    if (!is_zero(model) && !agent_names_model(a, model))
        outbound_forget(a->models, model);
    log_debug("result acknowledged", "attempt=%llu epoch=%u verdict=%s%s", (unsigned long long)m->attempt, m->epoch, m->verdict, r ? " (again)" : "");
}

int agent_blob_request(void *user, const uint8_t hash[HASH_SIZE], uint64_t offset, uint32_t max)
{
    struct agent *a = user;
    Sonata__BlobGet get = SONATA__BLOB_GET__INIT;
    get.hash = (ProtobufCBinaryData){.len = HASH_SIZE, .data = (uint8_t *)hash};
    get.offset = offset;
    get.max = max;
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_BLOB_GET;
    e.blob_get = &get;
    return a->welcomed ? agent_send(a, &e) : -1;
}

static bool needs(const struct job_frame *f, const uint8_t hash[HASH_SIZE])
{
    return !memcmp(f->job.space_hash, hash, HASH_SIZE) || !memcmp(f->job.supernet_hash, hash, HASH_SIZE) || !memcmp(f->job.artefact, hash, HASH_SIZE);
}

bool agent_blob_needed(void *user, const uint8_t hash[HASH_SIZE])
{
    const struct agent *a = user;
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        for (unsigned k = 0; k < a->board[i].n_queue; k++) {
            if (needs(&a->board[i].queue[k].frame, hash))
                return true;
        }
    }
    return false;
}

void agent_blob_done(void *user, const uint8_t hash[HASH_SIZE], const char *reason)
{
    struct agent *a = user;
    char text[REASON_MAX];
    copy_string(text, sizeof text, reason ? reason : "");
    for (uint32_t i = 0; i < a->config->n_boards; i++) {
        struct board *b = &a->board[i];
        for (unsigned k = 0; k < b->n_queue;) {
            struct board_job *job = &b->queue[k];
            if (job->have_blobs || !needs(&job->frame, hash)) {
                k++;
            } else if (!reason) {
                job->have_blobs = want_blobs(a, &job->frame);
                k++;
            } else {
                struct evaluation_job copy = job->frame.job;
                board_remove(b, job);
                char why[REASON_MAX];
                snprintf(why, sizeof why, "a file this job needs cannot be had: %.100s", text);
                refuse(a, &copy, b->config.type, OUTCOME_INFRA, why);
            }
        }
        watch_run_next(a, b);
    }
}
