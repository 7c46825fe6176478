/* `sonata bench`: the searches of the service against tables of measurements, in virtual time (docs/BENCHMARKS.md). */
#ifndef SONATA_BENCH_BENCH_H
#define SONATA_BENCH_BENCH_H

/* Returns the exit status: 0, 2 for wrong arguments or input, 1 when a run failed. Prints to stdout and stderr. */
int bench_main(int argc, char **argv);

#endif
