/* Assignments: an evaluation job as the master sends it to a worker. Durations travel in milliseconds. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/codec_internal.h"

static const uint64_t DURATION_MAX_MS = UINT64_C(7) * 24 * 3600 * 1000;

Sonata__Assign *job_to_message(const struct evaluation_job *job)
{
    Sonata__Assign *m = xmalloc(sizeof *m);
    sonata__assign__init(m);
    m->attempt = job->attempt;
    m->epoch = job->epoch;
    m->board = wire_give_text(job->board);
    m->genotype = wire_give_bytes(job->genotype.allele, job->n_genes);
    m->space_hash = wire_give_hash(job->space_hash);
    m->supernet_hash = wire_give_hash(job->supernet_hash);
    m->supernet = wire_give_text(job->supernet);
    m->dataset = wire_give_text(job->dataset);
    m->tier = wire_give_text(job->tier);
    m->n_metrics = job->n_metrics;
    m->metrics = xcalloc(METRICS_MAX, sizeof *m->metrics);
    for (uint32_t i = 0; i < job->n_metrics; i++)
        m->metrics[i] = wire_give_text(job->metric[i]);
    m->lease_ms = (uint64_t)(job->lease_ns / SONATA_MS);
    m->time_limit_ms = (uint64_t)(job->time_limit_ns / SONATA_MS);
    m->noise_seed = job->noise_seed;
    m->artefact = wire_give_hash(job->artefact);
    m->threads = job->run.threads;
    m->executor = wire_give_text(job->run.executor);
    return m;
}

static int text_from_message(const Sonata__Assign *m, struct evaluation_job *job, struct sonata_error *err)
{
    int r = wire_take_text(job->board, sizeof job->board, m->board, true, false, "board", err);
    if (!r)
        r = wire_take_text(job->supernet, sizeof job->supernet, m->supernet, false, false, "supernet", err);
    if (!r)
        r = wire_take_text(job->dataset, sizeof job->dataset, m->dataset, false, false, "data set", err);
    if (!r)
        r = wire_take_text(job->tier, sizeof job->tier, m->tier, false, false, "tier", err);
    if (!r)
        r = wire_take_hash(job->space_hash, &m->space_hash, "space hash", err);
    if (!r)
        r = wire_take_hash(job->supernet_hash, &m->supernet_hash, "supernet hash", err);
    if (!r)
        r = wire_take_hash(job->artefact, &m->artefact, "hash of the model", err);
    if (!r)
        r = wire_take_text(job->run.executor, sizeof job->run.executor, m->executor, false, false, "executor", err);
    if (!r && m->threads > SPEC_THREADS_MAX)
        r = sonata_error_set(err, -EINVAL, "at most %d threads are expected, not %u", SPEC_THREADS_MAX, m->threads);
    job->run.threads = m->threads;
    return r;
}

int job_from_message(const Sonata__Assign *m, struct evaluation_job *ret_job, struct sonata_error *err)
{
    struct evaluation_job job = {.attempt = m->attempt, .epoch = m->epoch, .noise_seed = m->noise_seed};
    int r = text_from_message(m, &job, err);
    if (r)
        return r;
    if (m->genotype.len < 1 || m->genotype.len > SPACE_GENES_MAX)
        return sonata_error_set(err, -EINVAL, "a genotype has 1 to %d genes, not %zu", SPACE_GENES_MAX, m->genotype.len);
    job.n_genes = (uint16_t)m->genotype.len;
    memcpy(job.genotype.allele, m->genotype.data, m->genotype.len);
    if (m->n_metrics < 1 || m->n_metrics > METRICS_MAX)
        return sonata_error_set(err, -EINVAL, "1 to %d metrics are asked for, not %zu", METRICS_MAX, m->n_metrics);
    job.n_metrics = (uint32_t)m->n_metrics;
    for (uint32_t i = 0; i < job.n_metrics; i++) {
        r = wire_take_text(job.metric[i], sizeof job.metric[i], m->metrics[i], true, false, "metric", err);
        if (r)
            return r;
    }
    if (m->lease_ms > DURATION_MAX_MS || m->time_limit_ms > DURATION_MAX_MS)
        return sonata_error_set(err, -EINVAL, "lease and time limit are at most 7 days");
    job.lease_ns = (int64_t)m->lease_ms * SONATA_MS;
    job.time_limit_ns = (int64_t)m->time_limit_ms * SONATA_MS;
    *ret_job = job;
    return 0;
}
