/* See accuracy.h. Batches of BATCH pictures keep the activations of a typical network in the level-2 cache; the rest is run one by one. */
#include "runtime/accuracy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BATCH = 20 };

static unsigned best_class(const float *logits, unsigned classes)
{
    unsigned best = 0;
    for (unsigned c = 1; c < classes; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

/* Pictures first .. last-1 in batches of `batch`; last - first is a multiple of it. */
static int count_range(const struct runtime_ops *ops, const struct network *net, const struct dataset *d, const struct dataset_part *part,
                       const uint32_t *index, uint32_t first, uint32_t last, uint32_t batch, uint32_t *right, struct sonata_error *err)
{
    if (first == last)
        return 0;
    struct runtime *run = NULL;
    int r = ops->create(net, batch, NULL, &run, err);
    if (r)
        return r;
    size_t pixels = (size_t)d->size * d->size * d->channels;
    float *x = xcalloc(batch * pixels, sizeof *x), *logits = xcalloc((size_t)batch * net->classes, sizeof *logits);
    for (uint32_t i = first; i < last && !r; i += batch) {
        for (uint32_t b = 0; b < batch; b++)
            dataset_picture(d, part, index ? index[i + b] : i + b, x + b * pixels);
        r = ops->run(run, x, logits);
        if (r)
            sonata_error_set(err, r, "executor '%s' failed at picture %u", ops->name, i);
        for (uint32_t b = 0; b < batch; b++)
            *right += best_class(logits + (size_t)b * net->classes, net->classes) == part->labels[index ? index[i + b] : i + b];
    }
    ops->destroy(run);
    free(x);
    free(logits);
    return r;
}

int accuracy_count(const struct runtime_ops *ops, const struct network *net, const struct dataset *d, const struct dataset_part *part,
                   const uint32_t *index, uint32_t n, uint32_t *ret_right, struct sonata_error *err)
{
    uint32_t right = 0, whole = n - n % BATCH;
    int r = count_range(ops, net, d, part, index, 0, whole, BATCH, &right, err);
    r = r ? r : count_range(ops, net, d, part, index, whole, n, 1, &right, err);
    if (!r)
        *ret_right = right;
    return r;
}

struct metric_value accuracy_metric(uint32_t right, uint32_t n)
{
    const double z = 1.959963984540054;
    double p = (double)right / n, zz = z * z / n;
    double middle = (p + zz / 2) / (1 + zz), half = z * sqrt(p * (1 - p) / n + zz / (4 * n)) / (1 + zz);
    struct metric_value v = {.value = 100 * p, .low = 100 * (middle - half), .high = 100 * (middle + half), .n = n};
    copy_string(v.name, sizeof v.name, "accuracy");
    return v;
}
