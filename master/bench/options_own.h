/* Readers of the bench's options that have a form of their own, for the table in options.c (OPTION_OWN): text into a struct bench_options. -EINVAL
 * with what is expected. */
#ifndef SONATA_BENCH_OPTIONS_OWN_H
#define SONATA_BENCH_OPTIONS_OWN_H

#include "bench/options.h"

/* COLUMN:min or COLUMN:max: one more objective. */
int own_objective(void *settings, const char *text, struct sonata_error *err);
/* COLUMN<=V or COLUMN>=V: one more constraint. */
int own_where(void *settings, const char *text, struct sonata_error *err);
/* COLUMN[,alpha[,gamma]]: values of the column come from a model fitted to the table. */
int own_fit(void *settings, const char *text, struct sonata_error *err);
/* lognormal:SIGMA or column:COLUMN: how long an evaluation takes in simulated time. */
int own_delay(void *settings, const char *text, struct sonata_error *err);
/* Budgets at which the summary looks. */
int own_at(void *settings, const char *text, struct sonata_error *err);
/* COLUMN=V: the judge's ideal in that objective. */
int own_ideal(void *settings, const char *text, struct sonata_error *err);
/* COLUMN=V: the judge's reference in that objective. */
int own_reference(void *settings, const char *text, struct sonata_error *err);
/* COLUMN=S: what the searches see of it is noisy with that relative spread. */
int own_noise(void *settings, const char *text, struct sonata_error *err);
/* COLUMN=OTHER: the searches see OTHER and are judged on COLUMN. */
int own_proxy(void *settings, const char *text, struct sonata_error *err);
/* COLUMN=SHARE: to see that column alone costs so much of a whole evaluation; all together below 1. */
int own_pool(void *settings, const char *text, struct sonata_error *err);
int own_cost(void *settings, const char *text, struct sonata_error *err);
/* COLUMN=OTHER: a first search with OTHER in place of COLUMN hands over to the one that is judged. */
int own_warm_start(void *settings, const char *text, struct sonata_error *err);
/* Share of evaluations that take ten times as long. */
int own_straggler(void *settings, const char *text, struct sonata_error *err);
/* Share of evaluations that fail. */
int own_fail(void *settings, const char *text, struct sonata_error *err);

/* The algorithms, "A,B[key=value],…", when the options that are their defaults are known. */
int own_algorithms(struct bench_options *o, const char *text, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
