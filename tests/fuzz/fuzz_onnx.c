/* A model file brought in from elsewhere; what is read and small enough is run, too. */
#include <stdlib.h>

#include "graph/executor.h"
#include "onnx/onnx_reader.h"

enum { STEPS_MAX = 1 << 20 };

static double steps(const struct graph *g)
{
    double sum = 0;
    for (size_t i = 0; i < g->n_nodes; i++)
        sum += graph_node_steps(g, &g->node[i]);
    for (size_t i = 0; i < g->n_tensors; i++)
        sum += (double)graph_elements(&g->tensor[i].shape);
    return sum;
}

/* Runs it; an index outside its tensor is the data's fault, not the file's. */
static void run(struct executor *e)
{
    struct sonata_error err = {""};
    int r = executor_run(e, &err);
    (void)r;
    executor_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int engine = 0; engine < 2; engine++) {
        struct graph g;
        struct executor *e = NULL;
        struct sonata_error err = {""};
        bool small = !onnx_read(data, size, "fuzz.onnx", NULL, &g, &err) && steps(&g) < STEPS_MAX;
        if (small && !(engine ? executor_engine_create(&g, 1, &e, &err) : executor_ref_create(&g, &e, &err)))
            run(e);
        graph_fini(&g);
    }
    return 0;
}
