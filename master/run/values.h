/* From measured values to what the search core minimises. */
#ifndef SONATA_RUN_VALUES_H
#define SONATA_RUN_VALUES_H

#include "run/engine_internal.h"

/* Metric i of the objectives, then of the constraints; false past the last. Borrowed from the specification. */
bool plan_metric(const struct search_spec *spec, uint32_t i, const char **ret_metric, const char **ret_board);
/* Counted from the genotype: only without a board, and when the space describes a network. */
bool plan_is_analytic(const struct search_spec *spec, const char *metric, const char *board);
/* Analytic metrics into the individual; returns the violation of analytic constraints (0: none). */
double plan_analytic(const struct search *rs, struct individual_record *ind);
/* The values of the measurement of one group into the individual, with its flags and its board. */
void plan_fill(const struct search *rs, struct individual_record *ind, uint32_t group, const struct measurement *m);
/* Whether the group measures that objective. */
bool plan_group_has(const struct search *rs, uint32_t group, uint32_t objective);
/* Groups, as a mask, that an individual is measured in when it is only screened, and when it is measured whole. */
uint32_t screening_groups(const struct search *rs);
uint32_t all_groups(const struct search *rs);
/* Whether the individual is measured in its cheap groups alone. */
bool individual_is_screening(const struct search *rs, const struct individual_record *ind);
/* Whether it is measured in that group now. */
bool individual_is_asked(const struct individual_record *ind, uint32_t group);
/* The group that builds the model of an architecture for the others, if there is one: the first. */
bool plan_is_build(const struct search *rs, uint32_t group);
/* The group runs a model file: all but those of the boards that build, which know the architecture itself. */
bool plan_runs_model(const struct search *rs, uint32_t group);
/* Data set that boards of the group need: none when nothing but files are timed. */
const char *plan_dataset(const struct search_spec *spec, const struct need_group *g);
/* The model that was given with the search (struct search_spec), if any, into the individual. */
void plan_given_model(const struct search *rs, struct individual_record *ind);
/* When a group is asked for: what builds the model first, then what measured constraints are about, the others only of architectures that keep
 * them. From 0 without gaps. */
uint32_t plan_stage(const struct search *rs, uint32_t group);
/* Violation of the constraints whose values are there: the sum of the excesses, each as a share of its limit; 0: all are kept. */
double plan_violation(const struct search *rs, const struct individual_record *ind);
/* Objective i, minimised, when the individual has a value of that name. */
bool plan_objective(const struct search *rs, const struct individual_record *ind, uint32_t i, double *ret_value);
/* All objectives, minimised, and the violation. false: a value is missing or not finite. */
bool plan_objectives(const struct search *rs, const struct individual_record *ind, double ret_objective[OBJECTIVES_MAX], double *ret_violation);

#endif
