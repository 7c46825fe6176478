/* See networks.h. A network is built here exactly as the worker built it for the measurement: same supernet bytes (checked by hash), same
 * recalibration pictures, same folding; so the file holds the weights behind the reported accuracy. */
#include "cli/networks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "cli/session_model.h"
#include "codec/codec.h"
#include "conf/share.h"
#include "runtime/dataset.h"
#include "runtime/engine.h"
#include "runtime/onnx_writer.h"
#include "supernet/build.h"

static int read_supernet(const struct search_spec *s, const char *given, struct bytes *ret, struct sonata_error *err)
{
    char path[SPEC_PATH_MAX];
    const char *use = given;
    uint8_t hash[HASH_SIZE];
    if (!given) {
        use = path;
        if (!share_find("supernets", s->supernet, ".safetensors", path, sizeof path))
            return sonata_error_set(err, -ENOENT, "supernet '%s' was not found (looked for %.300s); name its file with --supernet", s->supernet,
                                    path);
    }
    int r = file_read(use, WIRE_BLOB_MAX, ret, err);
    if (r)
        return r;
    hash_content(ret->data, ret->size, hash);
    if (memcmp(hash, s->supernet_hash, sizeof hash))
        return sonata_error_set(err, -EBADMSG, "%s is not the supernet this search used: its content differs; name the right file with --supernet",
                                use);
    return 0;
}

static int build_one(const struct engine_request *request, const char *search, uint64_t id, struct bytes *model, struct sonata_error *err)
{
    char name[SPEC_NAME_MAX + 32];
    struct network network;
    int code = engine_build_network(request, &network, err);
    if (code)
        return sonata_error_prefix(err, code, "network %" PRIu64, id);
    snprintf(name, sizeof name, "%s-%" PRIu64, search, id);
    onnx_write(&network, name, model);
    network_free(&network);
    return 0;
}

static int write_one(const struct engine_request *request, const struct results *r, const struct results_individual *x, const char *folder,
                     struct sonata_error *err)
{
    char path[1200];
    cleanup_bytes struct bytes model = {0};
    int code = build_one(request, r->spec.name, x->id, &model, err);
    if (code)
        return code;
    snprintf(path, sizeof path, "%s/%" PRIu64 ".onnx", folder, x->id);
    return file_write_atomic(path, model.data, model.size, err);
}

static int write_all(const struct results *r, bool all, struct engine_request *request, const char *folder, unsigned *ret_n, struct sonata_error *err)
{
    size_t n = all ? r->n_individuals : r->n_front;
    unsigned written = 0;
    int code = file_make_dirs(folder, false, err);
    for (size_t i = 0; !code && i < n; i++) {
        const struct results_individual *x = &r->individual[all ? i : r->front[i]];
        if (strcmp(x->state, "done"))
            continue;
        request->genotype = &x->genotype;
        code = write_one(request, r, x, folder, err);
        written += !code;
    }
    *ret_n = written;
    return code;
}

int networks_fetch(struct session *session, const struct results *r, bool all, const char *folder, unsigned *ret_n, struct sonata_error *err)
{
    size_t n = all ? r->n_individuals : r->n_front;
    int code = file_make_dirs(folder, false, err);
    *ret_n = 0;
    for (size_t i = 0; i < n && !code; i++) {
        const struct results_individual *x = &r->individual[all ? i : r->front[i]];
        char path[1200];
        if (strcmp(x->state, "done"))
            continue;
        snprintf(path, sizeof path, "%s/%" PRIu64 ".%s", folder, x->id, x->format[0] ? x->format : "onnx");
        code = session_get_model(session, r->status.id, x->id, path, err);
        *ret_n += !code;
        if (code == -ENOENT) {
            fprintf(stderr, "sonata: %s\n", err->text);
            code = 0;
        }
    }
    return code;
}

/* What all networks of a search are built from. */
struct material {
    struct bytes supernet;
    struct dataset dataset;
};

static int gather(const struct search_spec *s, const char *supernet_path, struct material *m, struct sonata_error *err)
{
    if (!s->space.network.family[0] || !s->supernet[0])
        return sonata_error_set(err, -ENOTSUP, "search '%s' has no supernet, so there are no networks to write", s->name);
    if (strcmp(s->space.network.family, "mbconv"))
        return sonata_error_set(err, -ENOTSUP, "search '%s': networks of family %s are not written as ONNX files", s->name, s->space.network.family);
    int code = read_supernet(s, supernet_path, &m->supernet, err);
    return code ? code : dataset_load(s->dataset, &m->dataset, err);
}

static struct engine_request request_of(const struct search_spec *s, const struct material *m)
{
    return (struct engine_request){.space = &s->space, .supernet = m->supernet.data, .supernet_size = m->supernet.size, .dataset = &m->dataset};
}

static void scatter(struct material *m)
{
    bytes_fini(&m->supernet);
    dataset_fini(&m->dataset);
}

int networks_write(const struct results *r, bool all, const char *supernet_path, const char *folder, unsigned *ret_n, struct sonata_error *err)
{
    struct material m = {.supernet = {0}};
    int code = gather(&r->spec, supernet_path, &m, err);
    struct engine_request request = request_of(&r->spec, &m);
    if (!code)
        code = write_all(r, all, &request, folder, ret_n, err);
    scatter(&m);
    return code;
}

int networks_build(const struct search_spec *s, const struct genotype *genotype, uint64_t id, struct bytes *ret_model, struct sonata_error *err)
{
    struct material m = {.supernet = {0}};
    int code = gather(s, NULL, &m, err);
    struct engine_request request = request_of(s, &m);
    request.genotype = genotype;
    if (!code)
        code = build_one(&request, s->name, id, ret_model, err);
    scatter(&m);
    return code;
}
