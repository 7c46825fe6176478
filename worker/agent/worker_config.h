/* Settings of one worker daemon: from worker.yaml, flags, or both (docs/WORKER.md). */
#ifndef SONATA_AGENT_WORKER_CONFIG_H
#define SONATA_AGENT_WORKER_CONFIG_H

#include "base/error.h"
#include "board_config/board_config.h"
#include "net/keyfile.h"

enum { WORKER_BOARDS_MAX = 32, WORKER_PATH_MAX = 900, WORKER_ENDPOINT_MAX = 200 };

struct worker_config {
    char name[WORKER_NAME_MAX];       /* stable, unique in the farm */
    char master[WORKER_ENDPOINT_MAX]; /* tcp://host:port or ipc:///path */
    char state[WORKER_PATH_MAX];      /* folder for spool and blob cache */
    uint64_t cache_max;               /* bytes of cached blobs */
    double bandwidth;                 /* bytes a second of files to and from the master; 0: no limit */
    char
        key[WORKER_PATH_MAX]; /* key file (net/keyfile.h); "" the credential sonata-worker.key if there is one, else plain, for ipc:// and loopback */
    struct keyfile keys;      /* read from it by worker_config_finish() */
    char launcher[WORKER_PATH_MAX];               /* program put before this one when a board process starts; "" none */
    char log[8];                                  /* level; "" info */
    struct health_options health;                 /* canary and its time of boards that name none */
    struct latency_protocol protocol[TIER_COUNT]; /* of all its boards */
    uint32_t n_boards;
    struct board_config *board; /* owned */
};

/* Host name, state folder ./sonata-worker-state, 512 MiB of cache, 48 MiB a second, no boards. */
void worker_config_init(struct worker_config *c);
void worker_config_fini(struct worker_config *c);
/* Adds a board (copied); one with evaluator slots as ID-1, ID-2 and so on. -EINVAL when its id is taken or there are too many. */
int worker_config_add(struct worker_config *c, const struct board_config *board, struct sonata_error *err) SONATA_MUST_CHECK;
/* The keys of worker.yaml and, but for `tiers` and `boards`, of the command line; and those of an entry of `tiers`. */
extern const struct option_def worker_keys[], tier_keys[];
/* Reads a YAML file over the defaults; errors name file, line and key. Relative table files are taken from the file's folder. */
int worker_config_read(struct worker_config *c, const char *path, struct sonata_error *err) SONATA_MUST_CHECK;
/* The same from memory; `origin` names it. */
int worker_config_parse(struct worker_config *c, const char *text, size_t n, const char *origin, struct sonata_error *err) SONATA_MUST_CHECK;
/* Gives every measuring board that names no core the highest one that is allowed and that no other board uses (with the cores below it for its
 * further threads); the lowest allowed core is left to others where there are two. A board that finds none stays without. -EINVAL: a core named is
 * not allowed. */
int worker_config_choose_cores(struct worker_config *c, const struct core_set *allowed, struct sonata_error *err) SONATA_MUST_CHECK;
/* Whole and consistent? Chooses cores, of those this process may use, and canaries. */
int worker_config_finish(struct worker_config *c, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
