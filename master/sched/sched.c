/* See sched.h. This file: configuration and life. board.c and worker.c: who can work; queue.c, share.c and match.c: who gets what; jobs.c, lease.c
 * and result.c: jobs and their attempts; tick.c: time; action.c: what was decided. */
#include "sched/sched.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "sched/sched_internal.h"

struct sched_config sched_config_default(void)
{
    return (struct sched_config){.heartbeat_ns = 2 * SONATA_SECOND,
                                 .suspect_ns = 6 * SONATA_SECOND,
                                 .offline_ns = 15 * SONATA_SECOND,
                                 .lease_ns = 30 * SONATA_SECOND,
                                 .grace_ns = 60 * SONATA_SECOND,
                                 .backoff_ns = 5 * SONATA_SECOND,
                                 .max_infra = 3,
                                 .max_invalid = 3,
                                 .max_bug = 1,
                                 .prefetch = 1,
                                 .seed = 1};
}

int sched_config_check(const struct sched_config *c, struct sonata_error *err)
{
    if (c->heartbeat_ns < SONATA_MS || c->suspect_ns <= c->heartbeat_ns || c->offline_ns <= c->suspect_ns || c->lease_ns < c->offline_ns)
        return sonata_error_set(err, -EINVAL, "times must be ordered: heartbeat < suspect < offline <= lease");
    if (c->lease_ns > SONATA_DAY || c->grace_ns < 0 || c->grace_ns > SONATA_DAY)
        return sonata_error_set(err, -EINVAL, "lease and grace are at most a day");
    if (c->backoff_ns < 0 || c->backoff_ns > 3600 * SONATA_SECOND)
        return sonata_error_set(err, -EINVAL, "back-off is 0 to 1 hour");
    if (c->prefetch >= SCHED_SLOTS_MAX)
        return sonata_error_set(err, -EINVAL, "prefetch is 0 to %d", SCHED_SLOTS_MAX - 1);
    return 0;
}

struct sched *sched_new(const struct sched_config *config)
{
    struct sched *s = xcalloc(1, sizeof *s);
    s->config = *config;
    s->rng = rng_seeded(config->seed, 0);
    s->next_attempt = 1;
    s->next_deadline_ns = INT64_MAX;
    return s;
}

void sched_free(struct sched *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->n_workers; i++) {
        free(s->worker[i]->board);
        free(s->worker[i]);
    }
    for (uint32_t i = 0; i < s->n_boards; i++)
        free(s->board[i]);
    for (uint32_t i = 0; i < s->n_queues; i++)
        free(s->queue[i]);
    map_fini_free(&s->jobs);
    map_fini_free(&s->attempts);
    map_fini(&s->board_by_name);
    map_fini(&s->worker_by_name);
    shares_free(s);
    free(s->worker);
    free(s->board);
    free(s->queue);
    free(s->action);
    free(s);
}

void sched_set_next_attempt(struct sched *s, uint64_t next) { s->next_attempt = next; }

uint64_t sched_next_attempt(const struct sched *s) { return s->next_attempt; }

uint64_t sched_generation(const struct sched *s) { return s->generation; }
