/* The board table for people. */
#include <stdlib.h>

#include "base/memory.h"
#include "rpc/rpc_internal.h"

static char **copy_texts(const char *text, size_t stride, uint32_t n)
{
    char **copy = xcalloc(n ? n : 1, sizeof *copy);
    for (uint32_t i = 0; i < n; i++)
        copy[i] = xstrdup(text + i * stride);
    return copy;
}

static Sonata__BoardInfo *info_message(const struct sched_board_info *b, uint32_t epoch)
{
    Sonata__BoardInfo *m = xmalloc(sizeof *m);
    sonata__board_info__init(m);
    m->id = xstrdup(b->id);
    m->type = xstrdup(b->type);
    m->backend = xstrdup(b->backend);
    m->state = xstrdup(b->state);
    m->detail = xstrdup(b->detail);
    m->epoch = epoch;
    m->n_metrics = b->n_metrics;
    m->metrics = copy_texts(b->metric[0], sizeof b->metric[0], b->n_metrics);
    m->n_datasets = b->n_datasets;
    m->datasets = copy_texts(b->dataset[0], sizeof b->dataset[0], b->n_datasets);
    return m;
}

static Sonata__BoardStatus *status_message(struct rpc *rpc, const struct sched_board_view *v)
{
    Sonata__BoardStatus *m = xmalloc(sizeof *m);
    sonata__board_status__init(m);
    m->info = info_message(v->info, v->epoch);
    m->worker = xstrdup(v->worker);
    m->online = v->online;
    m->attempt = v->attempt;
    m->phase = xstrdup(v->suspect ? "link suspect" : v->phase);
    cleanup_bytes struct bytes b = {0};
    struct board_record record;
    if (!store_get(run_store(rpc->run), STORE_BOARD, key_text(v->info->id), &b) && !board_record_decode(b.data, b.size, &record)) {
        int64_t known = run_wall(rpc->run) - record.first_wall_ns;
        m->done = record.done;
        m->failed = record.failed;
        m->busy_share = known > 0 ? (double)record.busy_ns / (double)known : 0;
    }
    return m;
}

/* Boards are everybody's; what others do on them is not: border_out(). */
int client_boards(struct rpc *rpc, struct rpc_reply *reply)
{
    const struct sched *s = run_sched(rpc->run);
    uint32_t n = sched_board_count(s);
    reply->message.boards = xcalloc(n ? n : 1, sizeof *reply->message.boards);
    for (uint32_t i = 0; i < n; i++) {
        struct sched_board_view v;
        sched_board_view(s, i, &v);
        reply->message.boards[reply->message.n_boards++] = status_message(rpc, &v);
    }
    return 0;
}
