/* A sub-network of a described supernet as a graph: weights sliced, norms folded. It runs on the engine or its oracle (graph/executor.h). */
#ifndef SONATA_ELASTIC_ELASTIC_GRAPH_H
#define SONATA_ELASTIC_ELASTIC_GRAPH_H

#include <stddef.h>

#include "base/error.h"
#include "domain/elastic.h"
#include "graph/graph.h"
#include "supernet/supernet.h"

/* Batch-norm statistics of a plan: for every layer with a norm, in order, the means and then the variances of its output channels. How many floats:
 */
size_t elastic_statistics_size(const struct elastic_plan *p);
/* Those that stand in the supernet's file. */
void elastic_statistics_of_file(const struct supernet *n, const struct elastic_plan *p, float *ret_statistics);

/* The whole network on [batch, channels, size, size] floats, result [batch, classes]. statistics as above; the supernet is read, not kept. -EFBIG:
 * more than a graph holds. Release with graph_fini(). */
int elastic_graph(const struct supernet *n, const struct elastic_plan *p, size_t batch, const float *statistics, struct graph *ret_graph,
                  struct sonata_error *err) SONATA_MUST_CHECK;

/* One convolution or linear layer alone, its norm and activation left out: what statistics are measured behind. */
int elastic_layer_graph(const struct supernet *n, const struct elastic_layer *l, size_t batch, struct graph *ret_graph,
                        struct sonata_error *err) SONATA_MUST_CHECK;

#endif
