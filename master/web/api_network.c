/* The network of one individual as an ONNX file, built from the installed supernet: seconds of work, so on a thread of its own, one at a time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/networks.h"
#include "web/api.h"

struct network_job {
    uv_work_t work;
    struct web *web;
    struct call *call; /* NULL: nobody waits any more */
    struct search_spec spec;
    struct genotype genotype;
    uint64_t individual;
    struct bytes model;
    struct sonata_error err;
    int code;
};

static void build(uv_work_t *w)
{
    struct network_job *j = w->data;
    j->code = networks_build(&j->spec, &j->genotype, j->individual, &j->model, &j->err);
}

static void answer(struct network_job *j)
{
    struct call *c = j->call;
    if (j->code) {
        call_fail(c, j->code, "%s", j->err.text);
        return;
    }
    struct http_answer a = {.status = 200, .type = "application/octet-stream", .data = j->model.data, .size = j->model.size};
    http_answer(c->request, &a);
    call_drop(c);
}

static void built(uv_work_t *w, int status)
{
    struct network_job *j = w->data;
    (void)status; /* cancelled: nobody waits */
    j->web->network = NULL;
    if (j->call)
        answer(j);
    bytes_fini(&j->model);
    free(j);
}

void network_stop(struct web *w)
{
    struct network_job *j = w->network;
    if (!j || !j->call)
        return;
    call_fail(j->call, -ECANCELED, "sonata-web is stopping");
    j->call = NULL;
    uv_cancel((uv_req_t *)&j->work);
}

static void start(struct call *c, const struct mirror *m, const struct mirror_row *row)
{
    struct network_job *j = xcalloc(1, sizeof *j);
    j->web = c->web;
    j->call = c;
    j->spec = m->spec;
    j->individual = c->individual;
    j->work.data = j;
    memcpy(j->genotype.allele, row->allele, m->spec.space.n_genes);
    c->web->network = j;
    uv_queue_work(&c->web->loop.uv, &j->work, build, built);
}

static void use_network(struct call *c, const struct mirror *m)
{
    const struct mirror_row *row = mirror_find(m, c->individual);
    if (!row)
        call_fail(c, -ENOENT, "there is no individual %llu", (unsigned long long)c->individual);
    else if (!m->spec.space.network.family[0] || !m->spec.supernet[0])
        call_fail(c, -ENOTSUP, "search '%s' has no supernet, so there are no networks to write", m->spec.name);
    else if (c->web->network)
        call_fail(c, -EBUSY, "another network is being built: ask again in some seconds");
    else
        start(c, m, row);
}

void api_network(struct call *c) { call_mirror(c, use_network); }
