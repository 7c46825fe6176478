/* `sonata-bench`; `sonata bench` hands over to it. */
#include "bench/bench.h"

int main(int argc, char **argv) { return bench_main(argc, argv); }
