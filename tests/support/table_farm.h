/* A real master and a real worker with table boards in a folder of their own, for integration tests. Times are short: silence is noticed in
 * seconds, retries come at once. */
#ifndef SONATA_TESTS_SUPPORT_TABLE_FARM_H
#define SONATA_TESTS_SUPPORT_TABLE_FARM_H

#include "domain/spec.h"
#include "support/process.h"

enum { TABLE_FARM_WORKERS = 8 };

struct table_farm {
    const char *bin;              /* folder of the programs */
    char folder[64], client[96], worker[96];
    pid_t master_pid, worker_pid[TABLE_FARM_WORKERS]; /* 0: not running */
    unsigned n_boards, delay_ms;  /* per worker */
    const char *board_options;    /* ",fail=0.1" or "" */
    const char *link;             /* endpoint by which workers of odd number reach the master; NULL: straight, as the others */
    const char *security;         /* "curve": see farm_keys.h */
    const char *worker_key;       /* file of the workers' key; NULL: none */
    const char *master_options[8]; /* more of them, NULL at the end */
    const char *quarantine;       /* --quarantine of the master; "0s": what fails here is on purpose */
};

/* New folder with table.csv (all 4,096 architectures of six genes of four choices; metrics accuracy, latency). */
void table_farm_open(struct table_farm *f, const char *bin, unsigned n_boards, unsigned delay_ms);
void table_farm_start_master(struct table_farm *f);
/* Worker i (0 .. TABLE_FARM_WORKERS - 1), state folder worker-i, log worker-i.log. */
void table_farm_start_worker(struct table_farm *f, unsigned i);
/* All end by SIGTERM; returns false (and says so) when one does not end orderly within 5 s. */
_Bool table_farm_stop(struct table_farm *f);
/* `sonata-master --check`: exit status; its output goes to check.log. */
int table_farm_check(const struct table_farm *f);
/* Prints the end of a log, for a failed test. */
void table_farm_print_log(const struct table_farm *f, const char *name);
void table_farm_close(struct table_farm *f, _Bool keep);
/* The search that goes with the table; free() it. */
struct search_spec *table_farm_spec(const char *name, const char *algorithm, uint32_t budget, uint64_t seed);

#endif
