/* A search as the client holds it: spec, counters, individuals, boards, raw measurements of the front, what the models learned. Fetched page by page
 * from a master, checked, and then read by show, front, export and report without any message in sight. */
#ifndef SONATA_CLI_RESULTS_H
#define SONATA_CLI_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/session.h"
#include "domain/metric.h"
#include "domain/spec.h"

enum { RESULTS_ARMS_MAX = 16, RESULTS_BOARDS_MAX = 256 };

enum { WHY_SIZE = 480 };

/* The last attempt at which the program of the user failed. */
struct results_failure {
    char reason[REASON_MAX], output[OUTPUT_MAX], board[BOARD_NAME_MAX]; /* reason "": none did */
    int64_t wall_ns;
    uint32_t in_a_row;
};

struct results_status {
    uint64_t events_dropped; /* from the start of its log: it cannot be replayed */
    uint64_t id, number; /* number: within the team; what a team sees as the id, too */
    char name[SPEC_NAME_MAX], team[64], state[16], reason[WHY_SIZE];
    char hold[16]; /* what keeps it from going on; "": nothing */
    struct results_failure failure;
    uint32_t budget, told, pending, infeasible, failed, reused, front_size, retold, replicates, retry_left, retried, screened;
    double hypervolume;
    int64_t created_wall_ns, finished_wall_ns, board_ns, active_ns;
    int32_t priority;
};

struct results_individual {
    uint64_t id;
    struct genotype genotype;
    char arm[32], state[16], board[BOARD_NAME_MAX], reason[REASON_MAX];
    int64_t parent[2];                       /* -1: none */
    bool predicted, on_front, reused;
    bool unseparable; /* on the front by no more than the noise (separable.h): `rival` may beat it */
    uint64_t rival;
    double mean[OBJECTIVES_MAX], sd[OBJECTIVES_MAX];
    uint32_t n_metrics, flags, generation, told_order;
    uint32_t measured;                       /* measurements its values rest on */
    char format[ARTEFACT_FORMAT_MAX];        /* of its model file; "" none */
    struct metric_value metric[METRICS_MAX]; /* names may carry @type */
    double hypervolume;                      /* of the search when this was told */
    int64_t told_wall_ns;
};

struct results_board {
    char id[BOARD_NAME_MAX], type[BOARD_NAME_MAX], backend[32], state[32], phase[32], worker[64], detail[160], metrics[160], software[48],
        why[WHY_SIZE];
    int64_t silent_since_wall_ns; /* offline since; 0: not known, or it is online */
    bool online, anonymous; /* anonymous: done and failed are not for us to know */
    uint64_t done, failed;
    double busy_share;
    char held[64], held_why[260], warning[320];
    double canary_us, reference_us;
    int64_t canary_wall_ns; /* 0: never */
};

struct results_insight {
    bool present, trusted;
    uint32_t n_genes, n_objectives, n_arms, generation;
    double importance[OBJECTIVES_MAX][SPACE_GENES_MAX];
    double value[OBJECTIVES_MAX][SPACE_GENES_MAX][SPACE_CHOICES_MAX];
    double rank_correlation[OBJECTIVES_MAX], coverage[OBJECTIVES_MAX];
    char arm[RESULTS_ARMS_MAX][32];
    double arm_weight[RESULTS_ARMS_MAX];
    uint64_t arm_uses[RESULTS_ARMS_MAX];
};

/* The raw record of one attempt on a board. */
struct results_measurement {
    uint64_t individual;
    struct measurement m; /* owned */
};

struct results {
    struct results_status status;
    struct search_spec spec;
    size_t n_individuals, individuals_capacity;
    struct results_individual *individual;
    size_t n_front;
    uint32_t *front;                         /* indices into individual, best first objective first */
    size_t n_boards;
    struct results_board board[RESULTS_BOARDS_MAX];
    size_t n_measurements, measurements_capacity;
    struct results_measurement *measurement;
    struct results_insight insight;
};

/* Frees it with all it holds; NULL is allowed. */
void results_free(struct results *r);
#define cleanup_results __attribute__((cleanup(cleanup_results_pointer)))
/* For cleanup_results. */
void cleanup_results_pointer(struct results **r);

/* Status and spec only. */
int results_fetch_status(struct session *s, uint64_t search, struct results **ret_results, struct sonata_error *err) SONATA_MUST_CHECK;
/* What the commands that read a search begin with: connects, finds the search (session_find_search()) and fetches its status. Either result may be
 * set on failure too: both are the caller's to free. */
int results_open(const struct cli_common *common, const char *search, struct session **ret_session, struct results **ret_results,
                 struct sonata_error *err) SONATA_MUST_CHECK;
/* Adds every individual (or only the front), sorts the front and marks what is not separable there (separable.h). */
int results_fetch_individuals(struct session *s, struct results *r, bool front_only, struct sonata_error *err) SONATA_MUST_CHECK;
/* Adds the raw measurements of one individual. */
int results_fetch_measurements(struct session *s, struct results *r, uint64_t individual, struct sonata_error *err) SONATA_MUST_CHECK;
/* Adds what the models learned; r->insight.present stays false when there is nothing yet. */
int results_fetch_insight(struct session *s, struct results *r, struct sonata_error *err) SONATA_MUST_CHECK;
/* Boards that the master knows into board[max]. */
int results_fetch_boards(struct session *s, struct results_board *board, size_t max, size_t *ret_n, struct sonata_error *err) SONATA_MUST_CHECK;
/* All of them; *ret_board is for free(). */
int results_fetch_all_boards(struct session *s, struct results_board **ret_board, size_t *ret_n, struct sonata_error *err) SONATA_MUST_CHECK;
/* -EBADMSG: the master sent something that is no search. Text is copied. */
int results_from_status_message(const Sonata__SearchStatus *m, struct results_status *ret_status, struct sonata_error *err) SONATA_MUST_CHECK;
/* One individual, checked against the spec's space; predictions the right way round. -EBADMSG says what is wrong. */
int results_individual_from_message(const struct search_spec *spec, const Sonata__Individual *m, struct results_individual *ret_individual,
                                    struct sonata_error *err) SONATA_MUST_CHECK;
/* Text is copied, cut to the fields' length. */
void results_board_from_message(const Sonata__BoardStatus *m, struct results_board *ret_board);
/* Into a zeroed *x. */
void results_insight_from_message(const struct search_spec *spec, const Sonata__Insight *m, struct results_insight *x);

/* Sorts r->individual by id and fills r->front from on_front. For tests and after fetching. */
void results_index(struct results *r);
/* The individual of that id, or NULL; after results_index(). */
const struct results_individual *results_find(const struct results *r, uint64_t id);
/* The value behind an objective: "metric@board", else "metric", else "metric@" of any board when the objective names none. NULL: not measured. */
const struct metric_value *results_value(const struct results_individual *x, const char *metric, const char *board);
/* Sum of constraint_violation() over what was measured: 0 when every constraint is kept. */
double results_violation(const struct results *r, const struct results_individual *x);
/* "latency@host (min)" style heading without the goal: metric, or metric@board. */
void results_heading(const char *metric, const char *board, char text[METRIC_NAME_MAX + BOARD_NAME_MAX + 2]);
/* "ms" for latency and so on; "" when unknown. */
const char *metric_unit(const char *metric);
/* Name of a bit of enum measurement_flag; NULL: there are no more. */
const char *flag_name(unsigned bit);
/* "noisy, bimodal" of enum measurement_flag. */
void format_flags(uint32_t flags, char text[96]);

#endif
