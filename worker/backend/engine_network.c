/* See engine_network.h: a table of calls for each family. */
#include "backend/engine_network.h"

#include <string.h>

#include "elastic/elastic_session.h"
#include "runtime/engine.h"

struct engine_family {
    int (*open)(const struct backend_job *job, const struct dataset *d, const char *executor, void **ret_session, struct sonata_error *err);
    void (*close)(void *session);
    int (*infer)(void *session);
    int (*accuracy)(void *session, struct metric_value *ret_accuracy, struct sonata_error *err);
    struct engine_counts (*counts)(const void *session);
    void (*fingerprint)(const void *session, char *text, size_t size);
};

/* ---- mbconv ---- */

static int open_mbconv(const struct backend_job *job, const struct dataset *d, const char *executor, void **ret_session, struct sonata_error *err)
{
    struct engine_session *s = NULL;
    const struct engine_request q = {.space = job->space,
                                     .genotype = &job->job->genotype,
                                     .supernet = job->supernet,
                                     .supernet_size = job->supernet_size,
                                     .dataset = d,
                                     .executor = executor,
                                     .seed = job->seed};
    int r = engine_open(&q, &s, err);
    *ret_session = s;
    return r;
}

static void close_mbconv(void *session) { engine_close(session); }
static int infer_mbconv(void *session) { return engine_infer(session); }

static int accuracy_mbconv(void *session, struct metric_value *ret_accuracy, struct sonata_error *err)
{
    return engine_accuracy(session, ret_accuracy, err);
}

static struct engine_counts counts_mbconv(const void *session)
{
    const struct network *net = engine_network(session);
    struct engine_counts c = {.params = net->params, .macs = net->macs};
    engine_memory(session, &c.weight_bytes, &c.tensor_bytes);
    return c;
}

static void fingerprint_mbconv(const void *session, char *text, size_t size) { engine_fingerprint(session, text, size); }

/* ---- elastic ---- */

static int open_elastic(const struct backend_job *job, const struct dataset *d, const char *executor, void **ret_session, struct sonata_error *err)
{
    struct elastic_session *s = NULL;
    const struct elastic_request q = {.space = job->space,
                                      .genotype = &job->job->genotype,
                                      .supernet = job->supernet,
                                      .supernet_size = job->supernet_size,
                                      .dataset = d,
                                      .executor = executor};
    int r = elastic_open(&q, &s, err);
    *ret_session = s;
    return r;
}

static void close_elastic(void *session) { elastic_close(session); }
static int infer_elastic(void *session) { return elastic_infer(session); }

static int accuracy_elastic(void *session, struct metric_value *ret_accuracy, struct sonata_error *err)
{
    return elastic_accuracy(session, ret_accuracy, err);
}

static struct engine_counts counts_elastic(const void *session)
{
    const struct elastic_plan *p = elastic_session_plan(session);
    struct engine_counts c = {.params = p->params, .macs = p->macs};
    elastic_memory(session, &c.weight_bytes, &c.tensor_bytes);
    return c;
}

static void fingerprint_elastic(const void *session, char *text, size_t size) { elastic_fingerprint(session, text, size); }

/* ---- either ---- */

static const struct engine_family mbconv = {open_mbconv, close_mbconv, infer_mbconv, accuracy_mbconv, counts_mbconv, fingerprint_mbconv};
static const struct engine_family elastic = {open_elastic, close_elastic, infer_elastic, accuracy_elastic, counts_elastic, fingerprint_elastic};

bool engine_network_without_pictures(const struct space *s) { return !strcmp(s->network.family, "elastic"); }

int engine_network_open(const struct backend_job *job, const struct dataset *dataset, const char *executor, struct engine_network *ret_network,
                        struct sonata_error *err)
{
    ret_network->family = engine_network_without_pictures(job->space) ? &elastic : &mbconv;
    return ret_network->family->open(job, dataset, executor, &ret_network->session, err);
}

void engine_network_close(struct engine_network *n)
{
    if (n->family)
        n->family->close(n->session);
    *n = (struct engine_network){.family = NULL};
}

int engine_network_infer(void *user)
{
    const struct engine_network *n = user;
    return n->family->infer(n->session);
}

int engine_network_accuracy(struct engine_network *n, struct metric_value *ret_accuracy, struct sonata_error *err)
{
    return n->family->accuracy(n->session, ret_accuracy, err);
}

struct engine_counts engine_network_counts(const struct engine_network *n) { return n->family->counts(n->session); }

void engine_network_fingerprint(const struct engine_network *n, char *text, size_t size) { n->family->fingerprint(n->session, text, size); }
