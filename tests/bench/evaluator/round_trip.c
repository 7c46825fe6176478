/* bench_evaluator COMMAND [N]: how long an evaluator that does nothing takes from the request to its answer, as a candidate sees it.
 *
 *     PYTHONPATH=deploy/python bench_evaluator "python3 -m sonata serve tests/bench/evaluator/nothing.py" */
#define _GNU_SOURCE /* MAP_ANON */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "backend/evaluator_process.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/parse.h"

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int one(const struct evaluator_process *p, struct evaluator_lines *lines, const char *line)
{
    cJSON *answer = NULL;
    int r = evaluator_say(p->in, cJSON_Parse(line));
    r = r ? r : evaluator_hear(p->out, lines, 60000, &answer);
    cJSON_Delete(answer);
    return r;
}

static int measure(const struct evaluator_process *p, unsigned n, double *us)
{
    static const char hello[] = "{\"sonata\":1,\"init\":{\"board\":\"bench\",\"threads\":1}}",
                      request[] = "{\"id\":7,\"genotype\":{\"a\":3,\"b\":1,\"c\":2},\"metrics\":[\"accuracy\"],\"tier\":\"search\"}";
    struct evaluator_lines lines = {{0}, 0};
    int r = one(p, &lines, hello);
    for (unsigned i = 0; !r && i < n; i++) {
        int64_t begin = clock_monotonic_ns();
        r = one(p, &lines, request);
        us[i] = (double)(clock_monotonic_ns() - begin) / 1e3;
    }
    bytes_fini(&lines.in);
    return r;
}

int main(int argc, char **argv)
{
    struct board_config config = {.id = "bench", .backend = BACKEND_EVALUATOR, .core = -1};
    struct evaluator_options options = {.slots = 1};
    struct evaluator_process process = {0};
    struct sonata_error err = {0};
    uint64_t n = 20000;
    if (argc < 2 || !copy_string(config.adapter.command, sizeof config.adapter.command, argv[1]) ||
        (argc > 2 && parse_u64(argv[2], 100, 10000000, &n))) {
        fprintf(stderr, "usage: bench_evaluator COMMAND [N]\n");
        return 2;
    }
    evaluator_options_complete(&options);
    struct evaluator_log *log = mmap(NULL, sizeof *log, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    double *us = xcalloc(n, sizeof *us);
    int r = log == MAP_FAILED ? -1 : evaluator_process_start(&process, &config, &options, log, &err);
    r = r ? r : measure(&process, (unsigned)n, us);
    evaluator_process_stop(&process, true);
    qsort(us, n, sizeof *us, by_size);
    if (!r)
        printf("%llu round trips: %.1f us median, %.1f p90, %.1f p99 (bar: 100)\n", (unsigned long long)n, us[n / 2], us[n * 9 / 10],
               us[n * 99 / 100]);
    else
        fprintf(stderr, "bench_evaluator: error %d %s\n", r, err.text);
    free(us);
    return r ? 1 : 0;
}
