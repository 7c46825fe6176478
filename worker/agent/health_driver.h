/* Drives the health of one board: what happens to the board -> health_apply(), health_canary(), health_tick() -> what has to be done with it next
 * (docs/WORKER.md, "Board health"). No I/O, clock or log: time is passed in, orders are asked for with health_driver_next() and answered, news are
 * called out.
 *
 *     announced, job started/ended, order answered, command, time -> health machine -> pending: functional canary | timed canary | rung of recovery
 *
 * One order at a time. An order whose reason went away while it was carried out (a person stepped in) is answered all the same; the answer has no
 * effect. */
#ifndef SONATA_AGENT_HEALTH_DRIVER_H
#define SONATA_AGENT_HEALTH_DRIVER_H

#include "board/link.h"

enum { HEALTH_TEXT_MAX = 240 };

enum news_kind { NEWS_STATE, NEWS_CANARY, NEWS_CALIBRATED, NEWS_RECOVERY, NEWS_ADMIN };
/* "state", "canary", …: as it goes on the wire. */
const char *news_kind_name(enum news_kind k);

/* What a person, or the master, should know. */
struct health_news {
    enum news_kind kind;
    enum health_state from, state; /* before and after */
    char text[HEALTH_TEXT_MAX];
    double latency_us;                      /* of a canary; 0: it failed */
    double reference_us;                    /* 0: none (canaries are not timed) */
    int64_t invalid_from_ns, invalid_to_ns; /* results that began in between are not to be trusted; both 0: none. On the driver's clock */
    bool notify;                            /* a person has to look at it */
};

/* Called from inside the functions below; the driver is consistent then and may be read. */
typedef void health_news_fn(void *user, const struct health_news *news);

struct health_driver {
    const struct health_options *options; /* complete; borrowed */
    health_news_fn *news;
    void *user;
    struct board_health health;
    unsigned pending; /* bits, private */
    int64_t check_after_ns, canary_after_ns, work_after_ns;
    int64_t rung_until_ns; /* the present rung may try until then */
    struct health_order running;
    bool stale;                /* nobody waits for its answer */
    unsigned silent;           /* canaries of this calibration without an answer */
    bool asked;                /* the master wants a canary of a board that is busy */
    enum tier tier;     /* of the last job */
    char why[HEALTH_TEXT_MAX]; /* it is in this state; "" nothing to say */
};

/* A board that was just started. Options are borrowed; news is called with every event to be journaled. */
void health_driver_init(struct health_driver *d, const struct health_options *options, health_news_fn *news, void *user);
/* Takes over what was saved (times already on our clock): quarantine, maintenance and retirement go on, a board in any other state proves itself
 * again. */
void health_driver_restore(struct health_driver *d, const struct board_health *saved);
/* The board is there, under this fingerprint: calibrates it unless it is known and unchanged. */
void health_driver_announce(struct health_driver *d, const uint8_t fingerprint[CANARY_FINGERPRINT], int64_t now_ns);

/* What is to be done with an idle board now; false: nothing. tier: of the job that would be next. A true answer has to be answered by one of the two
 * below. */
bool health_driver_next(struct health_driver *d, enum tier tier, int64_t now_ns, struct health_order *ret_order);
/* A canary's (or check's) end: its latency, or a positive number where none is measured; <= 0: it failed, text says how. */
void health_driver_canary(struct health_driver *d, double latency_us, const char *text, int64_t now_ns);
/* A rung's end: whether its command succeeded. */
void health_driver_rung(struct health_driver *d, bool ok, const char *text, int64_t now_ns);

/* Whether an idle board may be given a job now (after health_driver_next() had nothing). */
bool health_driver_may_work(struct health_driver *d, int64_t now_ns);
/* Whether jobs that wait for the board should go on waiting: it is about to be ready, or ready. */
bool health_driver_keeps_jobs(const struct health_driver *d);
/* The board got a job of that tier. */
void health_driver_job_started(struct health_driver *d, uint64_t job, enum tier tier, int64_t now_ns);
/* end: one of HEALTH_JOB_…. */
void health_driver_job_ended(struct health_driver *d, enum health_event end, uint64_t job, int64_t now_ns);
/* What a BoardCommand orders. */
enum person_order {
    PERSON_DRAIN,
    PERSON_QUARANTINE,
    PERSON_RECALIBRATE,
    PERSON_POWER_CYCLE,
    PERSON_RELEASE,
    PERSON_RETIRE,
    PERSON_CANARY, /* the board is asked to prove itself */
    PERSON_LOST,   /* nothing: from a master that counted interruptions against boards */
    PERSON_ORDER_COUNT
};
/* By the wire's word: drain, quarantine, recalibrate, power-cycle, release, retire, canary, lost; PERSON_ORDER_COUNT: there is none. */
enum person_order person_order_named(const char *word);
/* Carries it out, order < PERSON_ORDER_COUNT. One that makes no sense now is news too. */
void health_driver_command(struct health_driver *d, enum person_order order, int64_t now_ns);
/* Time passes: the end of a back-off. */
void health_driver_tick(struct health_driver *d, int64_t now_ns);

#endif
