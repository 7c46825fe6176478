/* Sub-networks of narrow supernets of the four published structures, imported from what PyTorch saved: statistics measured by the recipe, logits
 * equal to PyTorch's. Both executors. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "elastic/calibrate.h"
#include "elastic/elastic_graph.h"
#include "golden.h"
#include "graph/executor.h"

enum { PICTURES = 20, BATCH = 8, SHOWN = 2, SHOWN_FIRST = 1000, CLASSES = 10 };

/* make.py's pictures(). */
static int make_pictures(void *context, size_t first, size_t count, float *out, struct sonata_error *err)
{
    size_t values = *(const size_t *)context;
    (void)err;
    for (uint64_t i = first * values; i < (first + count) * values; i++) {
        uint32_t h = (uint32_t)(i * 2654435761u + 12345u);
        h = (h ^ h >> 15) * 2246822519u;
        *out++ = (float)((double)(h >> 8) / 16777216.0 * 4 - 2);
    }
    return 0;
}

static float *logits_of(const struct golden *g, const struct elastic_plan *p, const float *statistics, bool oracle)
{
    struct graph graph;
    struct executor *e = NULL;
    struct sonata_error err = {{0}};
    size_t values = 3u * p->input_size * p->input_size;
    if (elastic_graph(&g->supernet, p, SHOWN, statistics, &graph, &err))
        fail_msg("%s", err.text);
    if (oracle ? executor_ref_create(&graph, &e, &err) : executor_engine_create(&graph, 1, &e, &err))
        fail_msg("%s", err.text);
    make_pictures(&values, SHOWN_FIRST, SHOWN, e->input[0].data, &err);
    assert_int_equal(executor_run(e, &err), 0);
    float *logits = xmemdup(e->output[0].data, SHOWN * CLASSES * sizeof(float));
    executor_free(e);
    return logits;
}

static void compare(const float *got, char *want, const char *genotype)
{
    double largest = 0, worst = 0;
    for (int i = 0; i < SHOWN * CLASSES; i++) {
        double w = strtod(want, &want);
        largest = fmax(largest, fabs(w));
        worst = fmax(worst, fabs(w - got[i]));
    }
    if (!(worst <= 1e-4 * largest))
        fail_msg("%s: logits differ by %g of %g", genotype, worst, largest);
}

static void one_network(const struct golden *g, char *line, bool oracle)
{
    struct genotype genotype;
    struct elastic_plan plan;
    struct sonata_error err = {{0}};
    char *rest, *text = strtok_r(line, ";", &rest), *recipe = strtok_r(NULL, ";", &rest);
    if (genotype_parse(&g->space, text, &genotype, &err) || elastic_plan(&g->space, &genotype, &plan, &err))
        fail_msg("%s: %s", text, err.text);
    struct calibration how = {.pictures = PICTURES, .batch = BATCH, .unbiased = !strcmp(recipe, "attentivenas"), .threads = 1, .fill = make_pictures};
    float *statistics = xcalloc(elastic_statistics_size(&plan) + 1, sizeof *statistics);
    size_t values = 3u * plan.input_size * plan.input_size;
    how.context = &values;
    if (elastic_calibrate(&g->supernet, &plan, &how, statistics, &err))
        fail_msg("%s: %s", text, err.text);
    float *logits = logits_of(g, &plan, statistics, oracle);
    compare(logits, rest, text);
    free(logits);
    free(statistics);
}

static void agrees(const char *name)
{
    struct golden *g = golden_open(name);
    struct sonata_error err = {{0}};
    char path[1024], line[4096];
    if (import_supernet(&g->file, &g->supernet, NULL, NULL, &err))
        fail_msg("%s: %s", name, err.text);
    golden_path(name, "txt", path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    int n = 0;
    for (; fgets(line, sizeof line, f); n++)
        one_network(g, line, n < 3);
    assert_int_equal(n, 20);
    fclose(f);
    golden_close(g);
}

static void mobilenet_v3(void **state)
{
    (void)state;
    agrees("mbv3");
}

static void proxyless(void **state)
{
    (void)state;
    agrees("proxyless");
}

static void resnet50(void **state)
{
    (void)state;
    agrees("resnet");
}

static void attentivenas(void **state)
{
    (void)state;
    agrees("attentive");
}

static void too_little_memory_is_said_before_it_is_used(void **state)
{
    (void)state;
    struct golden *g = golden_open("resnet");
    struct elastic_plan plan;
    struct sonata_error err = {{0}};
    float statistic;
    assert_int_equal(elastic_plan(&g->space, NULL, &plan, &err), 0);
    struct calibration how = {.pictures = 2000, .batch = 200, .bytes_max = 1 << 20, .fill = make_pictures};
    assert_int_equal(elastic_calibrate(&g->supernet, &plan, &how, &statistic, &err), -ENOMEM);
    assert_non_null(strstr(err.text, "MiB"));
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mobilenet_v3),
        cmocka_unit_test(proxyless),
        cmocka_unit_test(resnet50),
        cmocka_unit_test(attentivenas),
        cmocka_unit_test(too_little_memory_is_said_before_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
