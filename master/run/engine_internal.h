/* What the files of this module share: the engine, which is a list of its parts, and a search. Each part is a struct of the file that has its name;
 * nobody else looks inside. */
#ifndef SONATA_RUN_ENGINE_INTERNAL_H
#define SONATA_RUN_ENGINE_INTERNAL_H

#include "base/map.h"
#include "base/time.h"
#include "run/engine.h"

enum { REPORT_PASSES = 6 }; /* measurements that an evaluation of tier report rests on */

#define SEARCH_SLOW_NS (5 * SONATA_MS) /* a step of the core that took longer: the search goes to the pool */
enum { STRIKES_MAX = 3 };              /* steps of a search that crash the master or take a minute, before it is parked */
#define PARKED "parked: three steps of it crashed the master or took longer than a minute"
#define QUARANTINE_NS (300 * SONATA_SECOND) /* of a board that failed, when the configuration says nothing else */

struct engine {
    struct store *store; /* borrowed */
    struct sched *sched;
    struct engine_config config;
    struct engine_hooks hooks;
    int64_t now, wall; /* as engine_set_time() said */
    bool stopping;
    bool blocked; /* the last commit failed */
    char blocked_reason[256];

    struct searches *searches;
    struct numbers *numbers;
    struct evaluations *evaluations; /* evaluation_table.c */
    struct suspects *suspects;       /* suspect_table.c */
    struct boards *boards;           /* board_table.c */
    struct board_health *board_health;
    struct spreads *spreads;
    struct spans *spans;
    struct user_index *users;
    struct usage *usage;
    struct uploads *uploads;
    struct artefacts *artefacts;
    struct retention *retention; /* retain.c */
    struct workers *workers;
    struct board_owners *board_owners;
    struct fair *fair;
    struct pool *pool;
    struct outgoing *outgoing;
    struct commits *commits;
    struct disk *disk;
    struct turn *turn;
};

struct search {
    struct engine *engine;
    struct search_record record;
    bool dirty;               /* the header is to be written this turn */
    uint64_t changed;         /* number of the commit that wrote it last (commits.h) */
    struct search_spec *spec; /* NULL when finished: read from the store on demand */
    uint8_t space_hash[32];
    struct core *core;           /* NULL when finished */
    bool front_changed;          /* it was told something, and search_refresh() did not look since (snapshot.h) */
    bool busy;                   /* the core belongs to another thread, or will (pool.c) */
    bool slow;                   /* a step of the core took long: the next ones are made on another thread */
    struct team_time *team_time; /* fair.c; NULL: not known yet */
    bool proposal_order;         /* results are told in the order of the proposals */
    uint32_t window;             /* proposals in flight in that order */

    struct pending_list *pending;
    struct ask *ask;
    struct snapshot *snapshot;
    struct batch *batch; /* solo.c; NULL: none yet */
    struct {
        struct pending *p; /* under way on another thread, or NULL */
        uint64_t id;
        struct core_result result;
        int rc;
        bool anew;    /* of one that was told its screening */
    } telling;        /* tell.c */
    uint32_t n_spare; /* results so far that no board made for it: others need not wait for more of them */
    bool spare;       /* so were most of the last ones */
    bool counted;     /* in what its team takes of the disk (disk.c) */
    bool no_room;     /* it would ask, but its team has all of the disk that it may */

    uint64_t largest_model; /* bytes, of those built since the start; 0: none yet */
    uint32_t n_abandoned; /* proposals never told, from when the search ended the time before */
    bool indexed;         /* finished, and among the users (users.c) */
    bool closed;          /* done, and cannot go on: its core cannot be loaded (invalidate.c) */
    struct {
        uint64_t looked_at, droppable;
    } retained; /* of an event log that long, the events before that one may go (retain.c) */
};

/* Done, canceled, or stopped as failed: it takes no results and asks for nothing (it may be opened again: reopen.h). */
static inline bool search_is_finished(const struct search *rs) { return rs->record.state != SEARCH_RUNNING && rs->record.state != SEARCH_PAUSED; }

#endif
