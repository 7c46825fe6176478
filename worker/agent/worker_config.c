/* See worker_config.h; what the keys are is in worker_keys.c. */
#define _GNU_SOURCE /* gethostname */
#include "agent/worker_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/memory.h"

void worker_config_init(struct worker_config *c)
{
    char host[64] = "";
    *c = (struct worker_config){.cache_max = UINT64_C(512) << 20, .bandwidth = 48 << 20};
    if (gethostname(host, sizeof host - 1) || !host[0])
        copy_string(host, sizeof host, "worker");
    copy_string(c->name, sizeof c->name, host);
    copy_string(c->state, sizeof c->state, "sonata-worker-state");
    for (enum tier t = 0; t < TIER_COUNT; t++)
        c->protocol[t] = *latency_protocol_of(t);
}

void worker_config_fini(struct worker_config *c)
{
    free(c->board);
    *c = (struct worker_config){0};
}

/* An evaluator board with several slots is so many boards of one type. */
static int add_slots(struct worker_config *c, const struct board_config *board, struct sonata_error *err)
{
    struct board_config slot = *board;
    int r = 0;
    slot.evaluator.slots = 1;
    for (uint32_t i = 0; !r && i < board->evaluator.slots; i++) {
        if ((size_t)snprintf(slot.id, sizeof slot.id, "%s-%u", board->id, i + 1) >= sizeof slot.id)
            return sonata_error_set(err, -EINVAL, "board '%s': its name is too long for %u slots", board->id, board->evaluator.slots);
        r = worker_config_add(c, &slot, err);
    }
    return r;
}

int worker_config_add(struct worker_config *c, const struct board_config *board, struct sonata_error *err)
{
    if (board->evaluator.slots > 1)
        return add_slots(c, board, err);
    if (c->n_boards == WORKER_BOARDS_MAX)
        return sonata_error_set(err, -EINVAL, "at most %d boards are expected", WORKER_BOARDS_MAX);
    for (uint32_t i = 0; i < c->n_boards; i++) {
        if (!strcmp(c->board[i].id, board->id))
            return sonata_error_set(err, -EINVAL, "board '%s' is named twice", board->id);
    }
    c->board = xreallocarray(c->board, c->n_boards + 1, sizeof *c->board);
    c->board[c->n_boards++] = *board;
    return 0;
}

/* The highest core of which it and those below it, `n` in all, are free; -1: there is none. */
static int highest_free(const struct core_set *free_cores, int n)
{
    for (int top = CPU_CORES_MAX - 1; top >= n - 1; top--) {
        int k = 0;
        while (k < n && core_set_has(free_cores, top - k))
            k++;
        if (k == n)
            return top;
    }
    return -1;
}

static void take(struct core_set *free_cores, const struct board_config *b)
{
    struct core_set cores = {{0}};
    board_config_cores(b, &cores);
    for (int i = 0; i < CPU_CORES_MAX; i++) {
        if (core_set_has(&cores, i))
            core_set_remove(free_cores, i);
    }
}

int worker_config_choose_cores(struct worker_config *c, const struct core_set *allowed, struct sonata_error *err)
{
    struct core_set free_cores = *allowed;
    for (int i = 0; core_set_count(allowed) > 1 && core_set_count(&free_cores) == core_set_count(allowed); i++)
        core_set_remove(&free_cores, i); /* the lowest core is left to the daemon and to others */
    for (uint32_t i = 0; i < c->n_boards; i++) {
        struct board_config *b = &c->board[i];
        if (b->core >= 0 && !core_set_has(allowed, b->core))
            return sonata_error_set(err, -EINVAL, "board '%s': core %d is not one this process may use", b->id, b->core);
        take(&free_cores, b);
    }
    for (uint32_t i = 0; i < c->n_boards; i++) {
        struct board_config *b = &c->board[i];
        if (b->core != BOARD_CORE_CHOSEN || !board_config_measures(b))
            continue;
        b->core = highest_free(&free_cores, board_config_core_count(b));
        take(&free_cores, b);
    }
    return 0;
}

int worker_config_finish(struct worker_config *c, struct sonata_error *err)
{
    if (!c->master[0])
        return sonata_error_set(err, -EINVAL, "no master is named: --master tcp://HOST:PORT (or ipc:///PATH)");
    if (!c->name[0] || !c->state[0])
        return sonata_error_set(err, -EINVAL, "the worker needs a name and a state folder");
    if (!c->n_boards)
        return sonata_error_set(err, -EINVAL, "no board is named: --board host:engine, or boards: in worker.yaml");
    if (!c->key[0] && !keyfile_credential("sonata-worker.key", c->key, sizeof c->key))
        c->key[0] = '\0';
    int r = c->key[0] ? keyfile_read(c->key, &c->keys, err) : 0;
    if (!r && c->key[0] && (!c->keys.secret_key[0] || !c->keys.public_key[0] || !c->keys.server_key[0]))
        r = sonata_error_set(err, -EINVAL, "%s: a worker's key file holds server, public and secret", c->key);
    for (uint32_t i = 0; !r && i < c->n_boards; i++)
        r = board_config_check(&c->board[i], err);
    for (uint32_t i = 0; i < c->n_boards; i++)
        memcpy(c->board[i].protocol, c->protocol, sizeof c->protocol);
    for (uint32_t i = 0; !r && i < c->n_boards; i++)
        health_options_complete(&c->board[i].health, &c->health, c->board[i].backend, c->board[i].mcu.emulated);
    struct core_set allowed;
    return r || cpu_allowed(&allowed) ? r : worker_config_choose_cores(c, &allowed, err);
}
