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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct graph g;
    struct executor *e = NULL;
    struct sonata_error err = {""};
    if (!onnx_read(data, size, "fuzz.onnx", NULL, &g, &err) && steps(&g) < STEPS_MAX && !executor_ref_create(&g, &e, &err)) {
        if (executor_run(e, &err))
            err.text[0] = 0; /* an index outside its tensor: the data's, not the file's */
        executor_free(e);
    }
    graph_fini(&g);
    return 0;
}
