/* Writes FOLDER/netN.onnx and netN.json (pictures and the reference executor's logits) for random networks of the toy space: all kernel sizes,
 * strides, residuals, both batch-norm signs. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "runtime/onnx_writer.h"
#include "runtime/runtime.h"
#include "supernet/build.h"
#include "support/mbconv_space.h"

enum { NETWORKS = 12, PICTURES = 16, PIXELS = 64, CLASSES = 3 };

static void print(FILE *f, const char *name, const float *v, size_t n, const char *end)
{
    fprintf(f, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s%.9g", i ? "," : "", (double)v[i]);
    fprintf(f, "]%s", end);
}

static int write_sample(const char *folder, int index, const struct network *n, const float *pictures)
{
    char path[1024];
    struct bytes b = {0};
    struct sonata_error err = {{0}};
    struct runtime *r;
    float logits[PICTURES * CLASSES];
    snprintf(path, sizeof path, "%s/net%d.onnx", folder, index);
    onnx_write(n, "sample", &b);
    int e = file_write_atomic(path, b.data, b.size, &err);
    bytes_fini(&b);
    e = e ? e : runtime_ref.create(n, PICTURES, NULL, &r, &err);
    if (e) {
        fprintf(stderr, "%s\n", err.text);
        return e;
    }
    e = runtime_ref.run(r, pictures, logits);
    runtime_ref.destroy(r);
    snprintf(path, sizeof path, "%s/net%d.json", folder, index);
    FILE *f = fopen(path, "w");
    if (!f || e)
        return -1;
    fputs("{", f);
    print(f, "x", pictures, PICTURES * PIXELS, ",");
    print(f, "y", logits, PICTURES * CLASSES, "}\n");
    return fclose(f);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    struct space s = mbconv_space();
    struct supernet super;
    struct rng rng = rng_seeded(17, 0);
    float pictures[PICTURES * PIXELS];
    if (supernet_init(&super, &s, NULL))
        return 1;
    supernet_randomize(&super, &rng);
    for (size_t i = 0; i < PICTURES * PIXELS; i++)
        pictures[i] = (float)rng_uniform(&rng);
    int e = 0;
    for (int i = 0; i < NETWORKS && !e; i++) {
        struct genotype g = i == 0 ? space_first(&s) : i == 1 ? space_last(&s) : space_random(&s, &rng);
        struct network n;
        e = supernet_build(&super, &g, &(struct build_statistics){pictures, PICTURES, runtime_ref.convolve, NULL}, &n, NULL);
        e = e ? e : write_sample(argv[1], i, &n, pictures);
        network_free(&n);
    }
    supernet_fini(&super);
    return e ? 1 : 0;
}
