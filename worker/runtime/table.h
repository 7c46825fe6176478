/* A board made of published measurements: a CSV file whose gene columns are named like the genes of a space and whose metric columns are
 * chosen by the configuration. Optional noise, delay and failures make it a farm in a box, deterministic for a job's noise seed.
 *
 * A cell of a gene column is a choice's label or, where the labels are words, its index. Cells of inactive genes are not looked at. Rows outside
 * the space are left out. Rows that are the same network are one: the first in the file answers, a row already in canonical form before it. */
#ifndef SONATA_RUNTIME_TABLE_H
#define SONATA_RUNTIME_TABLE_H

#include "base/error.h"
#include "domain/evaluation.h"
#include "domain/metric.h"
#include "domain/space.h"

enum { TABLE_COLUMN_MAX = 64, TABLE_PATH_MAX = 1024 };

struct table_options {
    char path[TABLE_PATH_MAX];          /* .csv or .csv.gz */
    uint32_t n_metrics;                 /* 1 .. METRICS_MAX */
    struct table_metric {
        char name[METRIC_NAME_MAX];
        char column[TABLE_COLUMN_MAX];
        double noise;                   /* sigma of a lognormal factor; 0: none */
    } metric[METRICS_MAX];
    int64_t delay_ns;                   /* board time of one evaluation … */
    double delay_noise;                 /* … times a lognormal factor of this sigma */
    double fail, crash, hang;           /* probabilities: infra failure, candidate dies by a signal, candidate never ends */
};

/* What a simulated board does with a job before it answers. */
enum table_fate { TABLE_ANSWERS, TABLE_FAILS, TABLE_CRASHES, TABLE_HANGS };

struct table;

/* Range checks of the options alone. */
int table_options_check(const struct table_options *o, struct sonata_error *err) SONATA_MUST_CHECK;
/* Reads the file and finds the metric columns. -EINVAL names a column that is missing and those that exist. */
int table_open(const struct table_options *o, struct table **ret_table, struct sonata_error *err) SONATA_MUST_CHECK;
/* Frees it; NULL is allowed. */
void table_close(struct table *t);
/* Indexes the rows by the genes of a space (kept; doing it again for an equal space is free). -EINVAL names a gene without a column, or when
 * no row lies in the space. */
int table_use_space(struct table *t, const struct space *s, struct sonata_error *err) SONATA_MUST_CHECK;
/* Names of the metrics it can supply, ret_names[METRICS_MAX]. */
void table_metrics(const struct table *t, uint32_t *ret_n, char ret_names[][METRIC_NAME_MAX]);
/* Rows of the space in use, and distinct networks among them. */
void table_counts(const struct table *t, size_t *ret_rows, size_t *ret_networks);

/* The job's fate and how long the board takes, drawn from its noise seed. */
enum table_fate table_fate(const struct table *t, const struct evaluation_job *job, int64_t *ret_delay_ns);
/* Fills outcome, reason and the job's metrics (table_use_space() was called). A network that is not in the table, or a metric not measured for it,
 * is infeasible; a metric without a column is a config error. */
void table_answer(const struct table *t, const struct evaluation_job *job, struct measurement *m);

#endif
