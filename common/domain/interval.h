/* The 95 % interval of a time that was measured in several processes.
 *
 * A network's time differs from process to process (placement in memory, clock) by more than from window to window inside one, and windows of one
 * process are correlated; so the process is the unit, and the windows only make its value better: Kalibera and Jones, "Rigorous benchmarking in
 * reasonable time" (ISMM 2013), section 9, take the variance of the mean from the sample variance S^2 of the highest level that was repeated. On the
 * log scale, since the effects multiply:
 *
 *     log x_p = mu + a + b_p + mean over windows of e_pw,   a ~ (0, moment), b_p ~ (0, process variance), e_pw ~ (0, window variance)
 *
 * S^2 of two or three processes is too poor an estimate to stand alone (Student's t with one degree of freedom is 12.7), so it is shrunk to what the
 * board showed over all networks (measure/spread.h): v = (f0 v0 + (P - 1) S^2) / (f0 + P - 1), and
 *
 *     mean of log x_p  +-  sqrt(t(0.975; f0 + P - 1)^2 v / P + 1.96^2 moment)
 *
 * The first term is the moderated t of Smyth, "Linear models and empirical Bayes methods" (2004), equation for s~^2 and section 4; the second is what
 * all processes of one measurement share, since they run within a minute of each other: no S^2 shows it. */
#ifndef SONATA_DOMAIN_INTERVAL_H
#define SONATA_DOMAIN_INTERVAL_H

/* What is known of the variance v of log x_p before this network is measured: v0 / v is chi-square with f0 degrees of freedom, divided by f0. */
struct process_prior {
    double variance; /* v0 >= 0 */
    double freedom;  /* f0 >= 0; 0: nothing is known */
    double moment;   /* >= 0: variance from one measurement to the next beyond that of their processes */
};

struct process_interval {
    double value;     /* geometric mean over the processes, in their unit */
    double low, high; /* 95 %; infinitely wide (0, INFINITY) for one process and no prior */
    double deviation; /* sqrt(v): standard deviation of one process, relative */
    double freedom;   /* degrees of freedom behind it */
};

/* 97.5 % quantile of Student's t with freedom > 0 degrees of freedom, which need not be whole. To 9 digits. */
double student_quantile(double freedom);
/* n >= 1 values, each positive and finite. prior NULL: nothing is known. */
void process_interval(const double *value, unsigned n, const struct process_prior *prior, struct process_interval *ret_interval);

#endif
