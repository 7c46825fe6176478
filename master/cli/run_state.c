/* See run_state.h. Files: `request` (16 bytes) and `spec.bin` (codec bytes), both written once, atomically, spec.bin first: a folder with a
 * request file is complete. */
#include "cli/run_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "codec/codec.h"

enum { SPEC_BYTES_MAX = 1 << 20, RUN_PATH_MAX = 1200 };

struct differences {
    struct text_builder text;
    unsigned n;
};

static void differ(struct differences *d, const char *format, ...) SONATA_PRINTF(2, 3);
static void differ(struct differences *d, const char *format, ...)
{
    char item[256];
    va_list args;
    va_start(args, format);
    vsnprintf(item, sizeof item, format, args);
    va_end(args);
    text_join(&d->text, "; ", "%s", item);
    d->n++;
}

static void differ_text(struct differences *d, const char *what, const char *old, const char *now)
{
    if (strcmp(old, now))
        differ(d, "%s '%.60s' → '%.60s'", what, old, now);
}

static bool same_objectives(const struct search_spec *a, const struct search_spec *b)
{
    if (a->n_objectives != b->n_objectives)
        return false;
    for (uint32_t i = 0; i < a->n_objectives; i++) {
        const struct objective *x = &a->objective[i], *y = &b->objective[i];
        if (strcmp(x->metric, y->metric) || strcmp(x->board, y->board) || x->goal != y->goal)
            return false;
    }
    return true;
}

static bool same_constraints(const struct search_spec *a, const struct search_spec *b)
{
    if (a->n_constraints != b->n_constraints)
        return false;
    for (uint32_t i = 0; i < a->n_constraints; i++) {
        const struct constraint *x = &a->constraint[i], *y = &b->constraint[i];
        if (strcmp(x->metric, y->metric) || strcmp(x->board, y->board) || x->min != y->min || x->max != y->max)
            return false;
    }
    return true;
}

static bool same_options(const struct search_spec *a, const struct search_spec *b)
{
    if (a->n_options != b->n_options)
        return false;
    for (uint32_t i = 0; i < a->n_options; i++) {
        if (strcmp(a->option[i].name, b->option[i].name) || strcmp(a->option[i].value, b->option[i].value))
            return false;
    }
    return true;
}

static bool same_space(const struct space *a, const struct space *b)
{
    cleanup_bytes struct bytes x = {0}, y = {0};
    space_encode(a, &x);
    space_encode(b, &y);
    return x.size == y.size && !memcmp(x.data, y.data, x.size);
}

unsigned spec_differences(const struct search_spec *old, const struct search_spec *now, char *text, size_t size)
{
    struct differences d = {.text = text_begin(text, size)};
    differ_text(&d, "name", old->name, now->name);
    if (strcmp(old->space.name, now->space.name))
        differ_text(&d, "space", old->space.name, now->space.name);
    else if (!same_space(&old->space, &now->space))
        differ(&d, "the genes or the network of space '%s'", now->space.name);
    if (!same_objectives(old, now))
        differ(&d, "the objectives");
    if (!same_constraints(old, now))
        differ(&d, "the constraints");
    differ_text(&d, "algorithm", old->algorithm, now->algorithm);
    if (old->population != now->population)
        differ(&d, "population %u → %u", old->population, now->population);
    if (old->generational != now->generational || !same_options(old, now))
        differ(&d, "the algorithm's options");
    if (old->policy_size != now->policy_size || memcmp(old->policy, now->policy, now->policy_size))
        differ(&d, "the policy that the agent starts with");
    if (old->budget_wall_ns != now->budget_wall_ns) {
        char a[16], b[16];
        format_duration(old->budget_wall_ns, a);
        format_duration(now->budget_wall_ns, b);
        differ(&d, "wall budget %s → %s", a, b);
    }
    differ_text(&d, "tier", old->tier, now->tier);
    if (old->replicates != now->replicates || old->replicate_budget != now->replicate_budget)
        differ(&d, "how often the front is measured");
    differ_text(&d, "data set", old->dataset, now->dataset);
    if (strcmp(old->supernet, now->supernet))
        differ_text(&d, "supernet", old->supernet, now->supernet);
    else if (memcmp(old->supernet_hash, now->supernet_hash, sizeof old->supernet_hash))
        differ(&d, "the content of supernet '%s'", now->supernet);
    if (old->seed != now->seed)
        differ(&d, "seed %" PRIu64 " → %" PRIu64, old->seed, now->seed);
    return d.n;
}

static int load(const char *request_path, const char *spec_path, struct run_state *s, struct sonata_error *err)
{
    cleanup_bytes struct bytes request = {0}, spec = {0};
    int r = file_read(request_path, RUN_REQUEST_SIZE, &request, err);
    if (!r)
        r = file_read(spec_path, SPEC_BYTES_MAX, &spec, err);
    if (!r && request.size != RUN_REQUEST_SIZE)
        r = sonata_error_set(err, -EBADMSG, "%s is damaged; start over with --fresh", request_path);
    if (!r)
        r = spec_decode(spec.data, spec.size, &s->spec, err);
    if (!r)
        memcpy(s->request, request.data, RUN_REQUEST_SIZE);
    return r;
}

static int create(const char *request_path, const char *spec_path, const struct search_spec *spec, struct run_state *s, struct sonata_error *err)
{
    cleanup_bytes struct bytes data = {0};
    spec_encode(spec, &data);
    int r = file_write_atomic(spec_path, data.data, data.size, err);
    if (!r && getrandom(s->request, RUN_REQUEST_SIZE, 0) != RUN_REQUEST_SIZE)
        r = sonata_error_set(err, -EIO, "no random numbers from the kernel");
    if (!r)
        r = file_write_atomic(request_path, s->request, RUN_REQUEST_SIZE, err);
    s->spec = *spec;
    return r;
}

int run_state_open(const char *folder, const struct search_spec *spec, struct run_state *ret_state, struct sonata_error *err)
{
    char request_path[RUN_PATH_MAX], spec_path[RUN_PATH_MAX], differences[300];
    snprintf(request_path, sizeof request_path, "%s/request", folder);
    snprintf(spec_path, sizeof spec_path, "%s/spec.bin", folder);
    cleanup_free struct run_state *s = xcalloc(1, sizeof *s);
    int r = file_make_dirs(folder, false, err);
    if (r)
        return r;
    s->existed = file_exists(request_path);
    r = s->existed ? load(request_path, spec_path, s, err) : create(request_path, spec_path, spec, s, err);
    if (r)
        return r;
    if (spec_differences(&s->spec, spec, differences, sizeof differences))
        return sonata_error_set(err, -EEXIST, "%s holds a search that was started with other settings: %s", folder, differences);
    *ret_state = *s;
    return 0;
}

int run_state_set_aside(const char *folder, char *ret_moved, size_t size, struct sonata_error *err)
{
    ret_moved[0] = 0;
    if (!file_exists(folder))
        return 0;
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    for (unsigned i = 1; i < 10000; i++) {
        int k = snprintf(ret_moved, size, "%.*s.%u", (int)n, folder, i);
        if (k < 0 || (size_t)k >= size)
            return sonata_error_set(err, -ENAMETOOLONG, "%s: the path is too long", folder);
        if (file_exists(ret_moved))
            continue;
        if (rename(folder, ret_moved))
            return sonata_error_set(err, -errno, "%s: cannot be moved to %s: %s", folder, ret_moved, strerror(errno));
        return 0;
    }
    return sonata_error_set(err, -EEXIST, "%s: too many old folders beside it; remove some", folder);
}
