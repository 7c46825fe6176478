/* PURE: who is to blame, the board or the candidate. A board that fails three different candidates is sick; a candidate that brings down
 * two boards which are well afterwards is poisonous. */
#ifndef SONATA_HEALTH_BLAME_H
#define SONATA_HEALTH_BLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLAME_LIMIT 3.0 /* sum of weights, on as many different jobs, within 20 jobs or one hour */

enum job_class { JOB_OK, JOB_INFEASIBLE, JOB_INVALID, JOB_INFRA, JOB_LOST, JOB_BUG, JOB_CONFIG, JOB_CANCELED, JOB_CLASS_COUNT };

/* How much a job of the class counts against its board: 1 infra, 0.5 invalid, 0 otherwise; an interruption (lost) is blamed on nobody. */
double blame_weight(enum job_class c);

enum { BLAME_RING = 64, BLAME_JOBS = 20 };
/* The last jobs of one board. Zeroed is empty. */
struct blame {
    unsigned n;              /* ever added */
    struct blame_entry {
        uint64_t job;
        int64_t t_ns;
        double weight;
    } entry[BLAME_RING];
};
/* Notes a job that failed with this weight (blame_weight()) at a monotonic time. */
void blame_add(struct blame *b, uint64_t job, double weight, int64_t now_ns);
/* Whether the weights of the last 20 jobs or the last hour reach BLAME_LIMIT on at least three different jobs. */
bool blame_exceeded(const struct blame *b, int64_t now_ns);
/* Whether any failure is among them. */
bool blame_counts(const struct blame *b, int64_t now_ns);
/* Takes a poisonous job's counts away again. false: it had none. */
bool blame_forgive(struct blame *b, uint64_t job);
/* Forgets all. */
void blame_clear(struct blame *b);

enum { POISON_MAX = 16, POISON_LOSSES = 5 };
/* Failures of one job. */
struct poison {
    unsigned losses; /* times it was the one running when worker, host or link went */
    unsigned n;
    struct {
        uint64_t board;
        bool well_after;     /* the board passed its canary afterwards, without recovery by hand */
    } failure[POISON_MAX];
};
/* Notes that the job failed on that board; more than POISON_MAX are not kept. */
void poison_add(struct poison *p, uint64_t board);
/* The job is `infeasible:kills_board`: two distinct boards failed and were well afterwards; with a single board of the type, three failures with good
 * canaries in between; or it was the one running
 * at POISON_LOSSES losses, whatever the boards. */
bool poison_proven(const struct poison *p, unsigned boards_of_type);

#endif
