/* Time of the loop and of the pool, shared between teams: a slice for each in a turn, and a pause for what no board waits for. */
#ifndef SONATA_RUN_FAIR_H
#define SONATA_RUN_FAIR_H

#include "run/engine_internal.h"

/* Made and freed by the engine; free takes NULL. */
struct fair *fair_new(void);
/* Frees it with all it holds; NULL is allowed. */
void fair_free(struct fair *f);
/* The clock of the hooks; 0 without one: time stands still, and nobody is limited. */
int64_t fair_clock(const struct engine *r);
/* A step of the core begins or ends here (engine_hooks). */
void fair_mark(const struct search *rs, bool begins);
/* A turn begins: slices are whole again. */
void fair_turn(struct engine *r);
/* Whether the search may take another step in this turn. */
bool fair_may_step(struct search *rs);
/* Its team does nothing now that no board waits for (fair_due() says until when). */
bool fair_is_paused(struct search *rs);
/* Its team used that much of the loop's time; `spare`: for results that no board made, which others need not wait for. */
void fair_charge(struct search *rs, int64_t ns, bool spare);
/* The turn's writes were committed in that time: to teams that wrote what no board made it counts as theirs. */
void fair_commit(struct engine *r, int64_t ns);
/* When the pause of some team is over: the loop is to turn again then. INT64_MAX: none. */
int64_t fair_due(const struct engine *r);
/* More than one team has a search that runs. */
bool fair_is_shared(const struct engine *r);
/* What the team of the search uses; the pool counts there too. */
struct team_time {
    int64_t used_ns, pause_until_ns; /* of the turn; until when nothing is done that no board waits for */
    bool wrote_spare;                /* since the last commit */
    uint64_t turn, planned_turn;     /* the last in which it had a search that runs, and one that has what it needs */
    uint32_t running;                /* threads of the pool */
    uint64_t served;                 /* when it last got one, as a number that grows */
    int64_t submissions_ns;          /* until then its submissions are used up, one every SUBMISSION_NS */
};
/* Never NULL; lives as long as the engine. */
struct team_time *fair_team(struct search *rs);
/* A submission leaves records for good: so many of a team at once, then one at a time. False: not now. */
enum { SUBMISSIONS_AT_ONCE = 100 };
#define SUBMISSION_NS (10 * SONATA_SECOND)
/* Counts the submission when it returns true. */
bool fair_may_submit(struct engine *r, const char *team);

#endif
