/* Readers of the bench's options that have a form of their own, for the table in options.c (OPTION_OWN): text into a struct bench_options. -EINVAL
 * with what is expected. */
#ifndef SONATA_BENCH_OPTIONS_OWN_H
#define SONATA_BENCH_OPTIONS_OWN_H

#include "bench/options.h"

int own_objective(void *settings, const char *text, struct sonata_error *err);
int own_where(void *settings, const char *text, struct sonata_error *err);
int own_fit(void *settings, const char *text, struct sonata_error *err);
int own_delay(void *settings, const char *text, struct sonata_error *err);
int own_at(void *settings, const char *text, struct sonata_error *err);
int own_ideal(void *settings, const char *text, struct sonata_error *err);
int own_reference(void *settings, const char *text, struct sonata_error *err);
int own_noise(void *settings, const char *text, struct sonata_error *err);
int own_proxy(void *settings, const char *text, struct sonata_error *err);
int own_cost(void *settings, const char *text, struct sonata_error *err);
int own_warm_start(void *settings, const char *text, struct sonata_error *err);
int own_straggler(void *settings, const char *text, struct sonata_error *err);
int own_fail(void *settings, const char *text, struct sonata_error *err);

/* The algorithms, "A,B[key=value],…", when the options that are their defaults are known. */
int own_algorithms(struct bench_options *o, const char *text, struct sonata_error *err) SONATA_MUST_CHECK;

#endif
