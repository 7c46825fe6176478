/* Layout shared by the files of this module. */
#ifndef SONATA_RUN_ENGINE_INTERNAL_H
#define SONATA_RUN_ENGINE_INTERNAL_H

#include "base/map.h"
#include "base/time.h"
#include "run/engine.h"

enum { REPORT_PASSES = 3 }; /* measurements that an evaluation of tier report rests on */

#define QUARANTINE_NS (300 * SONATA_SECOND) /* of a board that failed, when the configuration says nothing else */

struct search {
    struct engine *run;
    struct search_record record;
    struct search_spec *spec; /* NULL when finished: read from the store on demand */
    struct core *core;        /* NULL when finished */
    uint8_t space_hash[32];
    bool proposal_order; /* results are told in the order of the proposals */
    uint32_t window;     /* proposals in flight in that order */
    struct map pending;  /* id → struct pending */
    uint64_t *complete;  /* ids in order of completion; tells of told ones are skipped */
    size_t n_complete, complete_at, complete_capacity;
    uint64_t next_tell; /* proposal order: id to be told next */
    uint64_t *again;    /* ids of completed ones that were told before, in order of completion */
    size_t n_again, again_at, again_capacity;
    uint32_t n_retelling; /* told ones among the pending */
    uint32_t n_abandoned; /* proposals never told, from when the search ended the time before */
    bool indexed;         /* finished, and in the index of run->scan */
    bool closed;          /* done, and cannot go on: its core cannot be loaded */
    uint32_t total_slots; /* of fitting boards, as of total_generation of the scheduler */
    uint64_t total_generation;
    bool dirty;               /* header to be written this turn */
    int64_t stored_active_ns; /* active_ns of the header as it was written last */
    bool front_dirty;
    uint64_t snapshot_event; /* events contained in the stored snapshot */
    size_t snapshot_size;
    uint64_t forests_stored; /* core_forests_number() of those in the store; UINT64_MAX: not known */
    /* an ask under way on another thread: core belongs to it meanwhile */
    bool busy, drop_when_idle;
    uint64_t events_looked_at, events_droppable; /* retention: of a log that long, the events before that one may go */
    uint32_t ask_wanted, ask_got;
    struct core_proposal *ask_proposal;
};

/* Individuals of finished searches by evaluation, while results are taken back (invalidate.c). */
struct user_index {
    struct user {
        uint64_t evaluation, search, individual;
    } * user;
    size_t n, capacity;
    bool sorted;
    uint64_t search, next; /* being indexed, and from which individual on; search 0: none */
};

struct engine {
    struct store *store;
    struct engine_config config;
    struct engine_hooks hooks;
    struct sched *sched;
    int64_t now, wall, last_active_ns;
    struct search **search; /* in order of id */
    uint32_t n_searches;
    size_t search_capacity;
    struct map search_by_id;
    struct map search_by_number; /* hash of team and number */
    struct map last_of_team;     /* hash of the team → its search of the largest number */
    struct map evaluations;      /* open ones by id */
    uint64_t next_search, next_evaluation;
    struct map usage;       /* hash of the team's name → struct usage_record, of usage_day */
    int64_t usage_day;      /* days since 1970, UTC */
    struct map uploaded;    /* hash of the team's name → struct uploaded */
    struct map upload_uses; /* first 8 bytes of a content's hash → how many uploads it is */
    struct map boards;      /* hash of the name → struct watched */
    struct map spreads;     /* hash of a type → struct type_spread: its boards measure differently */
    struct map suspects;    /* open evaluation → struct suspect_record */
    int64_t boards_due_ns;  /* when the next quarantine ends */
    bool stopping, blocked;
    char blocked_reason[256];
    int64_t retry_ns, retain_ns;
    bool room_noted;
    uint32_t skipped_attempts;      /* since the start */
    struct invalid_record *invalid; /* boards that measured wrong for a time */
    uint32_t n_invalid;
    size_t invalid_capacity;
    struct user_index scan;
    bool hold_asks; /* a scan waits until every search core is at home */
    uint32_t n_working;
    /* to be sent after the commit */
    struct outgoing {
        enum { OUT_ASSIGN, OUT_CANCEL, OUT_COMMAND } type; /* command: reason is what job.board is told */
        char worker[WORKER_NAME_MAX], reason[REASON_MAX];
        struct evaluation_job job;
    } * outgoing;
    size_t n_outgoing, outgoing_capacity;
};

#endif
