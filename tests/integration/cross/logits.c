/* Prints the logits of random sub-networks of a supernet, by both executors: what two builds of the worker must agree on.
 *
 *   cross_logits SPACE SUPERNET DATASET
 *
 * One line per network and picture: executor, network, picture, logits. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "conf/space_file.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"
#include "runtime/runtime.h"
#include "supernet/build.h"

enum { NETWORKS = 6, PICTURES = 8, SUPERNET_BYTES_MAX = 64 << 20 };

static int print_logits(const struct runtime_ops *ops, const struct network *n, const struct dataset *d, unsigned index, struct sonata_error *err)
{
    struct runtime *r;
    int e = ops->create(n, PICTURES, NULL, &r, err);
    if (e)
        return e;
    float *pictures = xcalloc_line((size_t)PICTURES * d->size * d->size, sizeof(float)), *logits = xcalloc_line((size_t)PICTURES * d->classes, sizeof(float));
    dataset_pictures(d, &d->test, 0, PICTURES, pictures);
    e = ops->run(r, pictures, logits);
    ops->destroy(r);
    for (unsigned p = 0; p < PICTURES && !e; p++) {
        printf("%s %u %u", ops->name, index, p);
        for (unsigned c = 0; c < d->classes; c++)
            printf(" %.9g", (double)logits[p * d->classes + c]);
        printf("\n");
    }
    free(pictures);
    free(logits);
    return e;
}

static int run(const struct space *space, const struct bytes *supernet, const struct dataset *d, struct sonata_error *err)
{
    struct rng rng = rng_seeded(23, 0);
    int e = 0;
    for (unsigned i = 0; i < NETWORKS && !e; i++) {
        struct genotype g = i == 0 ? space_first(space) : i == 1 ? space_last(space) : space_random(space, &rng);
        const struct runtime_ops *both[] = {&runtime_ref, &runtime_xnnpack};
        for (unsigned k = 0; k < 2 && !e; k++) {
            struct engine_request request = {.space = space, .genotype = &g, .supernet = supernet->data, .supernet_size = supernet->size, .dataset = d,
                                             .executor = both[k]->name, .recalibration_pictures = 16};
            struct network n;
            e = engine_build_network(&request, &n, err);
            if (e)
                return e;
            e = print_logits(both[k], &n, d, i, err);
            network_free(&n);
        }
    }
    return e;
}

int main(int argc, char **argv)
{
    static struct space space;
    struct bytes supernet = {0};
    struct dataset d;
    struct sonata_error err = {0};
    if (argc != 4)
        return 2;
    int e = space_file_read(argv[1], &space, &err);
    e = e ? e : file_read(argv[2], SUPERNET_BYTES_MAX, &supernet, &err);
    e = e ? e : dataset_load(argv[3], &d, &err);
    if (!e) {
        e = run(&space, &supernet, &d, &err);
        dataset_fini(&d);
    }
    bytes_fini(&supernet);
    if (e)
        fprintf(stderr, "%s\n", err.text);
    return e ? 1 : 0;
}
