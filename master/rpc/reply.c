/* Memory of a reply. See call.h. */
#include <stdlib.h>

#include "rpc/call.h"

static void release_tokens(Sonata__Reply *m)
{
    for (size_t i = 0; i < m->n_tokens; i++)
        sonata__token_info__free_unpacked(m->tokens[i], NULL);
    free(m->tokens);
}

void reply_release(struct rpc_reply *reply)
{
    Sonata__Reply *m = &reply->message;
    for (size_t i = 0; i < m->n_searches; i++)
        sonata__search_status__free_unpacked(m->searches[i], NULL);
    for (size_t i = 0; i < m->n_individuals; i++)
        sonata__individual__free_unpacked(m->individuals[i], NULL);
    for (size_t i = 0; i < m->n_boards; i++)
        sonata__board_status__free_unpacked(m->boards[i], NULL);
    for (size_t i = 0; i < m->n_board_events; i++)
        sonata__board_event__free_unpacked(m->board_events[i], NULL);
    free(m->board_events);
    for (size_t i = 0; i < m->n_measurements; i++)
        sonata__measurement__free_unpacked(m->measurements[i], NULL);
    free(m->searches);
    free(m->individuals);
    free(m->boards);
    for (size_t i = 0; i < m->n_keys; i++)
        sonata__key_info__free_unpacked(m->keys[i], NULL);
    for (size_t i = 0; i < m->n_teams; i++)
        sonata__team_info__free_unpacked(m->teams[i], NULL);
    for (size_t i = 0; i < m->n_audit; i++)
        sonata__audit_entry__free_unpacked(m->audit[i], NULL);
    for (size_t i = 0; i < m->n_uploads; i++)
        sonata__upload_info__free_unpacked(m->uploads[i], NULL);
    free(m->uploads);
    release_tokens(m);
    free(m->measurements);
    free(m->keys);
    free(m->teams);
    free(m->audit);
    if (m->task)
        sonata__task_status__free_unpacked(m->task, NULL);
    if (m->master)
        sonata__master_status__free_unpacked(m->master, NULL);
    if (m->chunk)
        sonata__blob_chunk__free_unpacked(m->chunk, NULL);
    if (m->caller)
        sonata__caller__free_unpacked(m->caller, NULL);
    if (m->insight)
        sonata__insight__free_unpacked(m->insight, NULL);
}
