/* See elastic_session.h. Flow: supernet bytes -> plan -> statistics (measured by the file's recipe, or the file's own) -> executor for one picture.
 */
#include "elastic/elastic_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/rng.h"
#include "elastic/calibrate.h"
#include "elastic/elastic_graph.h"
#include "graph/executor.h"
#include "runtime/accuracy.h"
#include "supernet/safetensors.h"

enum { ACCURACY_BATCH = 20, RECALIBRATION_SEED = 20240213, INPUT_SEED = 1 };

/* How published supernets have their statistics measured (docs/SUPERNET.md). */
struct recipe {
    const char *name;
    size_t pictures, batch;
    bool unbiased;
};
static const struct recipe recipes[] = {{"once-for-all", 2000, 200, false}, {"attentivenas", 16384, 256, true}};

struct elastic_session {
    struct elastic_request request;
    struct supernet supernet;
    struct elastic_plan plan;
    const struct recipe *recipe;
    size_t pictures; /* behind the statistics; 0: the file's */
    float *statistics;
    struct executor *one;
};

/* ---- pictures ---- */

struct training_pictures {
    const struct dataset *dataset;
    uint32_t *index; /* owned; a fixed shuffle */
};

static void shuffle(struct training_pictures *t)
{
    struct rng rng = rng_seeded(RECALIBRATION_SEED, 0);
    uint32_t n = t->dataset->train.n;
    t->index = xmalloc(n * sizeof *t->index);
    for (uint32_t i = 0; i < n; i++)
        t->index[i] = i;
    for (uint32_t i = 0; i + 1 < n; i++) {
        uint32_t j = i + rng_below(&rng, n - i), kept = t->index[i];
        t->index[i] = t->index[j];
        t->index[j] = kept;
    }
}

/* A picture comes with its channels last; the graph wants them first. */
static void take_picture(const struct dataset *d, const struct dataset_part *part, uint32_t index, float *out)
{
    size_t pixels = (size_t)d->size * d->size;
    if (d->channels == 1) {
        dataset_picture(d, part, index, out);
        return;
    }
    float *last = xcalloc(pixels * d->channels, sizeof *last);
    dataset_picture(d, part, index, last);
    for (size_t c = 0; c < d->channels; c++) {
        for (size_t i = 0; i < pixels; i++)
            out[c * pixels + i] = last[i * d->channels + c];
    }
    free(last);
}

static int fill(void *context, size_t first, size_t count, float *out, struct sonata_error *err)
{
    const struct training_pictures *t = context;
    const struct dataset *d = t->dataset;
    (void)err;
    for (size_t i = 0; i < count; i++)
        take_picture(d, &d->train, t->index[first + i], out + i * d->size * d->size * d->channels);
    return 0;
}

static int check_dataset(const struct elastic_session *s, struct sonata_error *err)
{
    const struct dataset *d = s->request.dataset;
    const struct space_network *n = &s->request.space->network;
    if (d->size == s->plan.input_size && d->channels == n->input_channels && d->classes == n->classes)
        return 0;
    return sonata_error_set(err, -EINVAL, "this network takes %ux%ux%u pictures of %u classes, data set '%s' has %ux%ux%u of %u", s->plan.input_size,
                            s->plan.input_size, n->input_channels, n->classes, d->name, d->size, d->size, d->channels, d->classes);
}

/* ---- opening ---- */

static const struct recipe *recipe_of(const struct elastic_request *q)
{
    struct safetensors f;
    const struct recipe *found = &recipes[0];
    if (safetensors_parse(q->supernet, q->supernet_size, "supernet", &f, NULL))
        return found;
    const char *name = safetensors_metadata(&f, "recipe");
    for (size_t i = 0; name && i < sizeof recipes / sizeof *recipes; i++) {
        if (!strcmp(recipes[i].name, name))
            found = &recipes[i];
    }
    safetensors_fini(&f);
    return found;
}

static int measure_statistics(struct elastic_session *s, struct sonata_error *err)
{
    struct training_pictures t = {.dataset = s->request.dataset};
    s->pictures = min_of(s->recipe->pictures, (size_t)t.dataset->train.n);
    struct calibration how = {.pictures = s->pictures,
                              .batch = s->recipe->batch,
                              .unbiased = s->recipe->unbiased,
                              .threads = s->request.threads,
                              .fill = fill,
                              .context = &t};
    shuffle(&t);
    int r = elastic_calibrate(&s->supernet, &s->plan, &how, s->statistics, err);
    free(t.index);
    return r;
}

static int create(const struct elastic_session *s, size_t batch, struct executor **ret, struct sonata_error *err)
{
    struct graph g;
    int r = elastic_graph(&s->supernet, &s->plan, batch, s->statistics, &g, err);
    if (r)
        return r;
    if (s->request.executor && !strcmp(s->request.executor, "ref"))
        return executor_ref_create(&g, ret, err);
    return executor_engine_create(&g, max_of(s->request.threads, 1u), ret, err);
}

static int fill_session(struct elastic_session *s, struct sonata_error *err)
{
    const struct elastic_request *q = &s->request;
    int r = supernet_init(&s->supernet, q->space, err);
    r = r ? r : safetensors_load_supernet(q->supernet, q->supernet_size, "supernet", &s->supernet, err);
    r = r ? r : elastic_plan(q->space, q->genotype, &s->plan, err);
    r = r || !q->dataset ? r : check_dataset(s, err);
    if (r)
        return r;
    s->recipe = recipe_of(q);
    s->statistics = xcalloc(elastic_statistics_size(&s->plan) + 1, sizeof *s->statistics);
    if (q->dataset)
        r = measure_statistics(s, err);
    else
        elastic_statistics_of_file(&s->supernet, &s->plan, s->statistics);
    r = r ? r : create(s, 1, &s->one, err);
    if (r)
        return r;
    struct rng rng = rng_seeded(INPUT_SEED, 0);
    float *x = s->one->input[0].data;
    for (int64_t i = 0; i < graph_elements(&s->one->input[0].shape); i++)
        x[i] = (float)rng_uniform(&rng);
    return 0;
}

int elastic_open(const struct elastic_request *request, struct elastic_session **ret_session, struct sonata_error *err)
{
    struct elastic_session *s = xcalloc(1, sizeof *s);
    s->request = *request;
    int r = fill_session(s, err);
    if (r) {
        elastic_close(s);
        return r;
    }
    *ret_session = s;
    return 0;
}

void elastic_close(struct elastic_session *s)
{
    if (!s)
        return;
    executor_free(s->one);
    supernet_fini(&s->supernet);
    free(s->statistics);
    free(s);
}

/* ---- using ---- */

int elastic_infer(struct elastic_session *s)
{
    struct sonata_error err = {{0}};
    return executor_run(s->one, &err);
}

static unsigned best_class(const float *logits, unsigned classes)
{
    unsigned best = 0;
    for (unsigned c = 1; c < classes; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

/* Pictures first .. first + batch - 1; counts those whose label has the largest logit. */
static int judge(struct elastic_session *s, struct executor *e, uint32_t first, uint32_t batch, uint32_t *right, struct sonata_error *err)
{
    const struct dataset *d = s->request.dataset;
    float *x = e->input[0].data;
    for (uint32_t i = 0; i < batch; i++)
        take_picture(d, &d->test, first + i, x + (size_t)i * d->size * d->size * d->channels);
    int r = executor_run(e, err);
    const float *logits = e->output[0].data;
    for (uint32_t i = 0; i < batch && !r; i++)
        *right += best_class(logits + (size_t)i * d->classes, d->classes) == d->test.labels[first + i];
    return r;
}

int elastic_accuracy(struct elastic_session *s, struct metric_value *ret_accuracy, struct sonata_error *err)
{
    const struct dataset *d = s->request.dataset;
    struct executor *many = NULL;
    uint32_t right = 0, at = 0;
    if (!d)
        return sonata_error_set(err, -EINVAL, "accuracy needs a data set");
    int r = create(s, ACCURACY_BATCH, &many, err);
    for (; at + ACCURACY_BATCH <= d->test.n && !r; at += ACCURACY_BATCH)
        r = judge(s, many, at, ACCURACY_BATCH, &right, err);
    for (; at < d->test.n && !r; at++)
        r = judge(s, s->one, at, 1, &right, err);
    executor_free(many);
    if (!r)
        *ret_accuracy = accuracy_metric(right, d->test.n);
    return r;
}

const struct elastic_plan *elastic_session_plan(const struct elastic_session *s) { return &s->plan; }

void elastic_memory(const struct elastic_session *s, size_t *ret_weights, size_t *ret_tensors)
{
    *ret_weights = (size_t)s->plan.params * sizeof(float);
    *ret_tensors = s->one->tensor_bytes;
}

void elastic_fingerprint(const struct elastic_session *s, char *text, size_t size)
{
    char hash[HASH_HEX] = "";
    const struct dataset *d = s->request.dataset;
    int n = snprintf(text, size, "executor=%s\nexecutor_version=%s\ninput_size=%u\n", s->one->ops->name, s->one->version, s->plan.input_size);
    if (!d || n < 0 || (size_t)n >= size)
        return;
    hash_to_hex(d->hash, sizeof d->hash, hash);
    snprintf(text + n, size - (size_t)n, "recipe=%s\nrecalibration_pictures=%zu\ndataset=%s\ndataset_hash=%s\n", s->recipe->name, s->pictures,
             d->name, hash);
}
